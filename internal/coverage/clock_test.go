package coverage_test

import (
	"strings"
	"testing"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"

	"github.com/google/go-cmp/cmp"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Skip("no zone data on this machine")
	}
	return zone
}

func TestRule16TheClockRunsFromTheLastGap(t *testing.T) {
	s := tell(t, framework.Practice{Freshness: age(400)}).on(1, says(evidence.Holds)).on(5, says(evidence.Fails)).on(8.125, says(evidence.Holds))
	c, err := coverage.Clock(fold(s.log), "it", day(100), zoneOf(t, "America/Chicago"))
	if err != nil {
		t.Fatal(err)
	}
	u := coverage.Unbroken{Held: true, Since: coverage.Time(day(8.125)), Complete: coverage.Time(day(373.125)), Date: "2027-01-08"}
	if d := cmp.Diff(coverage.PracticeClock{Practice: "it", Asked: true, Strict: u, Wide: u}, c); d != "" {
		t.Error(d)
	}
	s.on(99, says(evidence.Fails))
	if c, err = coverage.Clock(fold(s.log), "it", day(100), time.UTC); err != nil || c.Strict.Held || !c.Asked {
		t.Errorf("with a gap now: %+v, %v", c, err)
	}
}

func TestRule16OneDeviceOfFortyStopsOnlyTheStrictClock(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice, Freshness: age(300)})
	for i := range 40 {
		s.on(0, device(string(rune('A'+i)))).on(0, about(string(rune('A'+i)), evidence.Holds))
	}
	s.on(50, about("B", evidence.Fails))
	c, err := coverage.Clock(fold(s.log), "it", day(60), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if c.Strict.Held || !c.Wide.Held || int64(c.Wide.Since) != day(0) {
		t.Errorf("clock %+v", c)
	}
}

func TestRule16WhatIsExemptBreaksNothingAndBeginsNothing(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice, OnboardDays: 3, Freshness: age(300)}).
		on(2, says(evidence.NoneExist)).on(10, device("A")).on(11, about("A", evidence.Holds)).
		on(20, lived{framework.ScopeDevice, "A", false, nil}).on(20, says(evidence.NoneExist))
	b := fold(s.log)
	c, err := coverage.Clock(b, "it", day(30), time.UTC)
	if err != nil || !c.Strict.Held || int64(c.Strict.Since) != day(11) {
		t.Errorf("clock %+v, %v: want since day 11", c, err)
	}
	if c, _ = coverage.Clock(b, "it", day(9), time.UTC); c.Asked || c.Strict.Held {
		t.Errorf("with nothing asked: %+v", c)
	}
}

func TestRule16TwelveMonthsAreCompleteWhenTheyAre(t *testing.T) {
	for _, since := range []string{"2026-01-01", "2024-02-29", "2024-02-29T10:00:00Z", "2024-02-28"} {
		at, err := interval.Parse(since)
		if err != nil {
			t.Fatal(err)
		}
		if c := coverage.YearAfter(at); interval.MonthsBefore(c, 12) < at {
			t.Errorf("since %s: complete at %s is too early", since, interval.Format(c))
		}
	}
}

func TestRule17TheProgramIsItsSlowestCorePractice(t *testing.T) {
	links := map[string][]string{"csf2.0": {"GV.RR-02"}}
	long := age(400)
	s := tell(t, framework.Practice{ID: "one", Links: links, Freshness: long}, framework.Practice{ID: "two", Links: links, Freshness: long},
		framework.Practice{ID: "unlinked"}, framework.Practice{ID: "extended", Links: links, Set: "extended"},
		framework.Practice{ID: "not-small", Links: links, Profile: framework.ProfileCore})
	two := says(evidence.Holds)
	two.number = 10002
	s.on(3, says(evidence.Holds)).on(5, two)
	c := s.log[0].body.(adopted).catalog
	b := fold(s.log)
	if p, err := coverage.ProgramClock(b, c, day(20), time.UTC); err != nil || p.Framework != "" || len(p.Practices) != 0 {
		t.Errorf("nothing elected: %+v, %v", p, err)
	}
	s.on(10, elected{"csf2.0"})
	b = fold(s.log)
	if name, list := coverage.Elected(b, c, day(9)); name != "" || list != nil {
		t.Errorf("before the election: %q %v", name, list)
	}
	p, err := coverage.ProgramClock(b, c, day(20), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Practices) != 2 || p.Slowest != "two" || int64(p.Strict.Since) != day(5) {
		t.Errorf("program %+v", p)
	}
}

// cells writes a strip as one letter a day.
func cells(list []coverage.Cell) string {
	var b strings.Builder
	for _, c := range list {
		b.WriteByte(" -=a.x"[c.State])
	}
	return b.String()
}

func TestRule18StripsShowTheWorstOfADay(t *testing.T) {
	many := framework.Practice{ID: "many", Scope: framework.ScopeDevice}
	s := tell(t, framework.Practice{ID: "one", Relief: framework.ReliefAlternative}, many)
	for i := range 20 {
		s.on(0, device(string(rune('A'+i))))
	}
	for i := range 20 {
		v := about(string(rune('A'+i)), evidence.Holds)
		v.number = 10002
		s.on(0, v)
	}
	for i := 1; i < 20; i++ {
		v := about(string(rune('A'+i)), evidence.Holds)
		v.number = 10002
		s.on(6, v)
	}
	s.on(6, says(evidence.Holds))
	s.on(9, says(evidence.Fails)).on(9.5, says(evidence.Holds))
	s.on(14, relieved{10001, evidence.Relief{Kind: evidence.Alternative}})
	b := fold(s.log)
	b.Started = evidence.Point{At: day(2), Recorded: day(2)}
	rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: coverage.Proven}, interval.Span{From: day(-3), To: day(18)})
	if err != nil {
		t.Fatal(err)
	}
	// Device A is missing from day 7 on: one of twenty. All are from day 13 on.
	// The alternative shows from where it is needed.
	for _, c := range []struct{ name, got, want string }{
		{"client", cells(coverage.Strip(rep, 20, time.UTC)), "    ....===x===....."},
		{"one", cells(coverage.PracticeStrip(rep, &rep.Practices[0], 20, time.UTC)), "    ....===x======aa"},
		{"many", cells(coverage.PracticeStrip(rep, &rep.Practices[1], 20, time.UTC)), "    =====..........."},
	} {
		if c.got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, c.got, c.want)
		}
	}
	if got := coverage.Strip(rep, 2, time.UTC)[0].Day; got != "2026-01-17" {
		t.Errorf("the first of the last two days is %s", got)
	}
}

func TestRule18StripsFollowTheZone(t *testing.T) {
	s := tell(t, framework.Practice{}).on(0, says(evidence.Holds)).on(2.125, says(evidence.Fails)).on(2.25, says(evidence.Holds))
	rep, err := coverage.EvaluateWindow(fold(s.log), coverage.Query{Reading: coverage.Proven}, interval.Span{From: day(0), To: day(4)})
	if err != nil {
		t.Fatal(err)
	}
	if got := cells(coverage.Strip(rep, 4, time.UTC)); got != "==x=" {
		t.Errorf("in UTC %q", got)
	}
	if got := cells(coverage.Strip(rep, 4, zoneOf(t, "America/Chicago"))); got != "=x==" {
		t.Errorf("in Chicago %q", got)
	}
}

func TestRule19CureClocks(t *testing.T) {
	chicago := zoneOf(t, "America/Chicago")
	s := tell(t, framework.Practice{Freshness: framework.Freshness{MaxAgeDays: 10, Limit: framework.LimitRule}}).
		on(0, says(evidence.Holds)).late(2, 4.125, says(evidence.Fails)).
		on(5, shown{practice: "it", to: "officer"}).on(6, shown{practice: "it", to: "owner"}).
		on(20, says(evidence.Holds)).on(33, shown{practice: "other"}).on(34, shown{practice: "it", to: "officer"})
	b := fold(s.log)
	rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: coverage.Best}, interval.Span{From: day(0), To: day(40)})
	if err != nil {
		t.Fatal(err)
	}
	got := coverage.Cures(rep, b, day(40), chicago)
	rule := framework.LimitRule
	ends := func(date string) coverage.Time {
		at, err := time.ParseInLocation(time.DateOnly, date, chicago)
		if err != nil {
			t.Fatal(err)
		}
		return coverage.Time(at.UnixMilli())
	}
	want := []coverage.Cure{
		{ // known at 3:00 UTC on January 5, which is January 4 in Chicago
			Practice: "it", From: coverage.Time(day(2)), To: coverage.Time(day(20)), Kind: coverage.Failed, Known: coverage.Time(day(4.125)),
			Shown: &coverage.Showing{At: coverage.Time(day(5)), To: "officer", Index: 3}, Day: 17, Corrected: true, Ends: ends("2026-02-03"),
		},
		{
			Practice: "it", From: coverage.Time(day(30)), To: coverage.Time(day(40)), Kind: coverage.Unproven, Limit: &rule, Known: coverage.Time(day(30)),
			Shown: &coverage.Showing{At: coverage.Time(day(34)), To: "officer", Index: 7}, Day: 11, Ends: ends("2026-03-01"),
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRule19OnlyLimitsOfTheRuleHaveACureClock(t *testing.T) {
	s := tell(t, framework.Practice{})
	b := fold(s.log)
	rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: coverage.Proven}, interval.Span{From: day(0), To: day(9)})
	if err != nil {
		t.Fatal(err)
	}
	if got := coverage.Cures(rep, b, day(9), time.UTC); len(got) != 0 {
		t.Errorf("a gap past our own target has a cure clock: %+v", got)
	}
}
