package penalty_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"breakwater/internal/penalty"

	"github.com/google/go-cmp/cmp"
)

// TestTablesFollowTheirMultipliers: every table is the one before it times its
// factor, to the dollar. A mistyped number breaks it.
func TestTablesFollowTheirMultipliers(t *testing.T) {
	all := penalty.Schedules()[1:]
	for i := 1; i < len(all); i++ {
		before, now := all[i-1], all[i]
		if now.Effective <= before.Effective {
			t.Errorf("%s is not after %s", now.ID, before.ID)
		}
		for tier := 1; tier <= 4; tier++ {
			b, n := before.Terms(tier, penalty.Regulation), now.Terms(tier, penalty.Regulation)
			want := penalty.Terms{MinEach: times(b.MinEach, now), MaxEach: times(b.MaxEach, now), YearCap: times(b.YearCap, now)}
			if n != want {
				t.Errorf("%s tier %d: %+v, want %+v", now.ID, tier, n, want)
			}
		}
	}
}

func times(n int64, s penalty.Schedule) int64 { return int64(math.Round(float64(n) * s.Multiplier)) }

func TestAdjustedDiscretionCaps(t *testing.T) {
	want := map[string][4]int64{
		"reg-2009": {25000, 100000, 250000, 1500000},
		"adj-2016": {27505, 110020, 275050, 1650300},
		"adj-2017": {27955, 111820, 279550, 1677299},
		"adj-2018": {28526, 114102, 285256, 1711533},
		"adj-2019": {29245, 116980, 292450, 1754698},
		"adj-2020": {29761, 119044, 297609, 1785651},
		"adj-2021": {30113, 120451, 301127, 1806757},
		"adj-2022": {31987, 127945, 319863, 1919173},
		"adj-2023": {34464, 137854, 344636, 2067813},
		"adj-2024": {35581, 142322, 355806, 2134831},
		"adj-2026": {36505, 146020, 365050, 2190294},
	}
	got := map[string][4]int64{}
	for _, s := range penalty.Schedules()[1:] {
		var caps [4]int64
		for i := range caps {
			caps[i] = s.Terms(i+1, penalty.DiscretionAdjusted).YearCap
		}
		got[s.ID] = caps
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleFor(t *testing.T) {
	for _, c := range []struct{ violation, assessed, want string }{
		{"2009-02-17", "2026-11-21", "stat-pre-hitech"},
		{"2009-02-18", "2026-11-21", "reg-2009"},
		{"2015-11-01", "2026-11-21", "reg-2009"},
		{"2015-11-02", "2016-09-05", "reg-2009"},
		{"2015-11-02", "2016-09-06", "adj-2016"},
		{"2015-11-02", "2018-10-10", "adj-2017"},
		{"2015-11-02", "2018-10-11", "adj-2018"},
		{"2015-11-02", "2019-11-05", "adj-2019"},
		{"2015-11-02", "2020-01-16", "adj-2019"},
		{"2015-11-02", "2021-11-14", "adj-2020"},
		{"2015-11-02", "2022-03-16", "adj-2021"},
		{"2015-11-02", "2023-10-05", "adj-2022"},
		{"2015-11-02", "2024-08-07", "adj-2023"},
		{"2015-11-02", "2099-01-01", "adj-2026"},
	} {
		violation, _ := penalty.ParseDay(c.violation)
		assessed, _ := penalty.ParseDay(c.assessed)
		if got := penalty.ScheduleFor(violation, assessed).ID; got != c.want {
			t.Errorf("violation %s assessed %s: %s, want %s", c.violation, c.assessed, got, c.want)
		}
	}
}

func TestRemedies(t *testing.T) {
	var got []string
	for _, c := range penalty.Criminal() {
		got = append(got, fmt.Sprintf("%s %d %d", c.ID, c.MaxFine, c.MaxYears))
	}
	if diff := cmp.Diff([]string{"C1 50000 1", "C2 100000 5", "C3 250000 10"}, got); diff != "" {
		t.Error(diff)
	}
	if s := penalty.AttorneyGeneral(); s.MaxEach != 100 || s.YearCap != 25000 || s.From.String() != "2009-02-18" {
		t.Errorf("attorney general: %+v", s)
	}
	for i, tier := range penalty.Tiers() {
		if tier.Tier != i+1 || tier.Meaning == "" || tier.Cite == "" {
			t.Errorf("tier %d: %+v", i+1, tier)
		}
	}
}

// TestSharedTables compares our data with the facts folder, where present.
func TestSharedTables(t *testing.T) {
	type terms struct {
		Min int64  `json:"min_each"`
		Max *int64 `json:"max_each"`
		Cap int64  `json:"cap_year"`
	}
	var facts struct {
		Schedules []struct {
			ID        string           `json:"id"`
			Effective string           `json:"effective"`
			Tiers     map[string]terms `json:"tiers"`
		} `json:"schedules"`
	}
	readJSON(t, sharedFile(t, "facts/law/penalties.json"), &facts)
	ours := penalty.Schedules()
	if len(ours) != len(facts.Schedules) {
		t.Fatalf("%d schedules, the facts have %d", len(ours), len(facts.Schedules))
	}
	for i, f := range facts.Schedules {
		if f.ID != ours[i].ID || (f.Effective != "" && f.Effective != ours[i].Effective.String()) {
			t.Errorf("%s %s against %s %s", ours[i].ID, ours[i].Effective, f.ID, f.Effective)
		}
		for tier := 1; tier <= 4; tier++ {
			want, ok := f.Tiers[fmt.Sprint(tier)]
			if !ok {
				want = f.Tiers["single"]
			}
			if want.Max == nil {
				want.Max = &want.Cap
			}
			if got := ours[i].Terms(tier, penalty.Regulation); got != (penalty.Terms{MinEach: want.Min, MaxEach: *want.Max, YearCap: want.Cap}) {
				t.Errorf("%s tier %d: %+v", f.ID, tier, got)
			}
		}
	}
}

func TestDayText(t *testing.T) {
	d, err := penalty.ParseDay("2024-02-29")
	if err != nil || d.String() != "2024-02-29" || d.Year() != 2024 {
		t.Errorf("got %v, %v", d, err)
	}
	var back penalty.Day
	if err := json.Unmarshal([]byte(`"2023-02-29"`), &back); err == nil {
		t.Errorf("read February 29, 2023 as %v", back)
	}
	if penalty.Day(0).String() != "" {
		t.Error("the zero day prints as a day")
	}
}
