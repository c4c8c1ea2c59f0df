package coverage_test

import (
	"strings"
	"testing"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Skip("no zone data on this machine")
	}
	return zone
}

// clocks asks for the strict and the wide clock of the first practice at day
// now, in an answer that reaches to day to.
func (s *story) clocks(now, to float64) (strict, wide coverage.Clock) {
	s.t.Helper()
	rep, err := coverage.EvaluateWindow(fold(s.log), coverage.Query{Reading: coverage.Proven, Practices: []string{"it"}}, interval.Span{From: day(-10), To: day(to)})
	if err != nil {
		s.t.Fatal(err)
	}
	return rep.Practices[0].Clock(day(now), false), rep.Practices[0].Clock(day(now), true)
}

func TestRule16TheClockRunsFromTheLastGap(t *testing.T) {
	s := tell(t, framework.Practice{Freshness: age(400)}).on(1, says(evidence.Holds)).on(5, says(evidence.Fails)).on(8.125, says(evidence.Holds))
	want := coverage.Clock{Asked: true, Since: day(8.125), Stops: day(408.125)}
	if strict, wide := s.clocks(100, 500); strict != want || wide != want {
		t.Errorf("clocks %+v and %+v, want %+v", strict, wide, want)
	}
	want.Stops = interval.Forever
	if strict, _ := s.clocks(100, 101); strict != want {
		t.Errorf("clock %+v of an answer that does not reach to the end, want %+v", strict, want)
	}
	if strict, _ := s.clocks(0.5, 9); strict != (coverage.Clock{Asked: true, Stopped: coverage.StatusNever}) {
		t.Errorf("before it was ever shown: %+v", strict)
	}
	if strict, _ := s.clocks(6, 9); strict != (coverage.Clock{Asked: true, Stopped: coverage.Failed}) {
		t.Errorf("with a failed gap now: %+v", strict)
	}
	if strict, _ := s.clocks(450, 500); strict != (coverage.Clock{Asked: true, Stopped: coverage.Unproven}) {
		t.Errorf("with an unproven gap now: %+v", strict)
	}
}

func TestRule16OneDeviceOfFortyStopsOnlyTheStrictClock(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice, Freshness: age(300)})
	for i := range 40 {
		s.on(0, device(string(rune('A'+i)))).on(0, about(string(rune('A'+i)), evidence.Holds))
	}
	s.on(50, about("B", evidence.Fails))
	strict, wide := s.clocks(60, 61)
	if strict.Stopped != coverage.Failed || wide.Stopped != "" || wide.Since != day(0) {
		t.Errorf("clocks %+v and %+v", strict, wide)
	}
}

func TestRule16WhatIsExemptBreaksNothingAndBeginsNothing(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice, OnboardDays: 3, Freshness: age(300)}).
		on(2, says(evidence.NoneExist)).on(10, device("A")).on(11, about("A", evidence.Holds)).
		on(20, lived{framework.ScopeDevice, "A", false, nil}).on(20, says(evidence.NoneExist))
	if c, _ := s.clocks(30, 31); !c.Asked || c.Since != day(11) {
		t.Errorf("clock %+v: want since day 11", c)
	}
	if c, _ := s.clocks(9, 10); c.Asked || c.Since != 0 {
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

func TestRule16AProgramIsItsSlowestPractice(t *testing.T) {
	runs := func(since, stops float64) coverage.Clock {
		return coverage.Clock{Asked: true, Since: day(since), Stops: day(stops)}
	}
	nothing := coverage.Clock{Stops: interval.Forever}
	stopped := func(by string) coverage.Clock { return coverage.Clock{Asked: true, Stopped: by} }
	for _, c := range []struct {
		list []coverage.Clock
		want coverage.Clock
	}{
		{nil, nothing},
		{[]coverage.Clock{runs(3, 90), nothing, runs(5, 100)}, runs(5, 90)},
		{[]coverage.Clock{runs(3, 90), stopped(coverage.Unproven), stopped(coverage.Failed), stopped(coverage.StatusNever)}, stopped(coverage.Failed)},
		{[]coverage.Clock{stopped(coverage.StatusNever), stopped(coverage.Unproven)}, stopped(coverage.Unproven)},
	} {
		if got := coverage.ProgramClock(c.list); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.list, got, c.want)
		}
	}
}

func TestRule17TheProgramIsTheLinkedCorePracticesOfTheProfile(t *testing.T) {
	links := map[string][]string{"csf2.0": {"GV.RR-02"}}
	s := tell(t, framework.Practice{ID: "one", Links: links}, framework.Practice{ID: "two", Links: links},
		framework.Practice{ID: "unlinked"}, framework.Practice{ID: "extended", Links: links, Set: "extended"},
		framework.Practice{ID: "not-small", Links: links, Profile: framework.ProfileCore})
	s.on(10, elected{"csf2.0"}).on(20, enters{framework.ProfileCore})
	c := s.log[0].body.(adopted).catalog
	for at, want := range map[float64]string{9: ": one two unlinked", 10: "csf2.0: one two", 20: "csf2.0: one two not-small"} {
		program, list := coverage.Elected(fold(s.log), c, day(at))
		got := program + ":"
		for _, p := range list {
			got += " " + p.ID
		}
		if got != want {
			t.Errorf("on day %v %q, want %q", at, got, want)
		}
	}
}

// days writes a strip as one letter a day, the worst of it.
func days(list []coverage.StripRun, from, to int) string {
	var b strings.Builder
	for d := from; d < to; d++ {
		worst := coverage.StripOutside
		for _, r := range list {
			if !r.Clip(interval.Span{From: day(float64(d)), To: day(float64(d + 1))}).Empty() {
				worst = max(worst, r.State)
			}
		}
		b.WriteByte(" =a.x"[worst])
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
	for _, c := range []struct {
		name string
		list []coverage.StripRun
		want string
	}{
		{"client", rep.Strip(), "   ==....===x===....."},
		{"one", rep.Practices[0].Strip(day(2)), "     ....===x======aa"},
		{"many", rep.Practices[1].Strip(day(2)), "   =======..........."},
	} {
		if got := days(c.list, -3, 18); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestRule19AGapIsKnownByTheEntryThatShowsIt(t *testing.T) {
	s := tell(t, framework.Practice{Freshness: age(10)}).
		on(0, says(evidence.Holds)).late(2, 4.125, says(evidence.Fails)).on(20, says(evidence.Holds))
	for _, r := range readings {
		gaps := s.ask(r, 40).Gaps
		if len(gaps) != 2 || int64(gaps[0].Causes[0].Known) != day(4.125) || int64(gaps[1].Causes[0].Known) != day(30) {
			t.Errorf("%s: %+v: want the failure known on day 4.125 and the silence on day 30", r, gaps)
		}
	}
}

func TestRule19DayThirtyIsTheDayOfKnowledgeAndTwentyNine(t *testing.T) {
	chicago := zoneOf(t, "America/Chicago")
	at := func(date string) int64 {
		d, err := time.ParseInLocation("2006-01-02 15:04", date, chicago)
		if err != nil {
			t.Fatal(err)
		}
		return d.UnixMilli()
	}
	for _, known := range []string{"2026-03-01 00:00", "2026-03-01 12:00", "2026-03-01 23:59"} { // clocks change on March 8
		ends := coverage.CureEnds(at(known), chicago)
		if want := at("2026-03-31 00:00"); ends != want {
			t.Errorf("known %s: ends %s, want the end of March 30", known, interval.Format(ends))
		}
		for now, want := range map[int64]int{at(known): 1, at("2026-03-02 00:00"): 2, ends - 1: coverage.CureDays, ends: coverage.CureDays + 1} {
			if got := coverage.CureDay(at(known), now, chicago); got != want {
				t.Errorf("known %s, now %s: day %d, want %d", known, interval.Format(now), got, want)
			}
		}
	}
}
