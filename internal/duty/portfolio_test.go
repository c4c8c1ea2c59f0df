package duty_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/duty"
	"breakwater/internal/interval"
)

type shape struct {
	failed, unproven, never int
	cure, deadline          string
	day                     int
	msp, complete           bool
}

func rowsOf(shapes ...shape) []duty.Row {
	var rows []duty.Row
	for _, s := range shapes {
		r := duty.Row{CureEnds: interval.Forever, Deadline: interval.Forever, NextDue: interval.Forever, MSP: s.msp, Day: s.day}
		r.Tally.Failed, r.Tally.Unproven, r.Tally.NeverShown = s.failed, s.unproven, s.never
		r.Clock.Complete, r.Word, r.State = s.complete, "x", duty.InPlace
		if s.cure != "" {
			r.CureEnds = end(s.cure)
		}
		if s.deadline != "" {
			if r.Deadline = on(s.deadline); s.unproven == 0 {
				r.NextDue = r.Deadline
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func TestLede(t *testing.T) {
	now := on("2026-11-21")
	const day = "Saturday, November 21, 2026. "
	quiet := shape{deadline: "2026-11-30"}
	one := shape{failed: 1, cure: "2026-12-02", day: 19}
	for _, c := range []struct {
		name string
		rows []shape
		want string
	}{
		{"none", nil, day + "No clients yet. Add the first one."},
		{
			"the usual",
			[]shape{one, {unproven: 2}, {unproven: 1}, quiet, quiet, {}, quiet, quiet, quiet, quiet, quiet, quiet, {msp: true, failed: 1}},
			day + "One client has a failed practice on day 19 of its cure period. Two others have practices that nobody has shown lately. The other nine need nothing before November 30.",
		},
		{"all quiet", []shape{quiet, quiet}, day + "Both clients need nothing before November 30."},
		{"one quiet", []shape{quiet}, day + "The one client needs nothing before November 30."},
		{"nothing in sight", []shape{{}, {}, {}}, day + "All three clients need nothing in the next 30 days."},
		{"next year", []shape{{deadline: "2027-01-06"}, {}, {}}, day + "All three clients need nothing before January 6, 2027."},
		{"today", []shape{one, {deadline: "2026-11-21"}}, day + "One client has a failed practice on day 19 of its cure period. The other one has something due today."},
		{
			"two failed",
			[]shape{one, {failed: 2, cure: "2026-12-10", day: 11}, {unproven: 1}},
			day + "Two clients have failed practices, the first on day 19 of its cure period. One other has practices that nobody has shown lately.",
		},
		{"several in one", []shape{{failed: 2, cure: "2026-12-02", day: 19}}, day + "One client has failed practices, the first on day 19 of its cure period."},
		{"the first day", []shape{{failed: 1, cure: "2026-12-20", day: 1}}, day + "One client has a failed practice, known since today."},
		{"over", []shape{{failed: 1, cure: "2026-11-02", day: 49}}, day + "One client has a failed practice, whose cure period ended on November 2, 2026."},
		{
			"only begun",
			[]shape{one, {never: 20}, {never: 3}, quiet},
			day + "One client has a failed practice on day 19 of its cure period. Two others have practices that nobody has shown yet. The other one needs nothing before November 30.",
		},
		{"only unproven", []shape{{unproven: 1}, quiet}, day + "One client has practices that nobody has shown lately. The other one needs nothing before November 30."},
	} {
		if diff := cmp.Diff(c.want, duty.Lede(rowsOf(c.rows...), now, chicago)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestSortAndFilter(t *testing.T) {
	now := on("2026-11-21")
	rows := rowsOf(
		shape{msp: true, failed: 1, cure: "2026-11-22"}, shape{}, shape{deadline: "2026-12-09", complete: true},
		shape{deadline: "2026-11-12", unproven: 1}, shape{failed: 1, cure: "2026-12-02"}, shape{failed: 1, cure: "2026-12-01", deadline: "2027-06-01"},
	)
	for i := range rows {
		rows[i].ID = string(rune('a' + i))
	}
	rows[1].State = duty.Outside
	duty.Sort(rows)
	ids := func(rows []duty.Row) string {
		s := ""
		for _, r := range rows {
			s += r.ID
		}
		return s
	}
	if got := ids(rows); got != "fedcba" {
		t.Errorf("sorted %s", got)
	}
	for f, want := range map[duty.Filter]string{
		duty.All: "fedcba", duty.OnlyFails: "fea", duty.OnlyUnproven: "d", duty.DueSoon: "c", duty.Under12: "fedba", duty.OnlyNew: "b",
	} {
		if got := ids(f.Rows(rows, now)); got != want {
			t.Errorf("%s picks %s, want %s", f, got, want)
		}
	}
}

// A page of 500 clients is drawn in time.
func BenchmarkPortfolio500(b *testing.B) {
	state, now := busy(b)
	s, err := duty.Summarize(state, now)
	if err != nil {
		b.Fatal(err)
	}
	bytes := 0
	for b.Loop() {
		rows := make([]duty.Row, 500)
		for i := range rows {
			rows[i] = s.Row(now)
		}
		duty.Sort(rows)
		duty.Lede(rows, now, chicago)
		x := rows[0].Strip
		bytes = len(x.In) + len(x.Alt) + len(x.Un) + len(x.Fa) + len(x.Base) + len(x.Label)
	}
	b.ReportMetric(float64(bytes), "strip-bytes")
}
