package evidence_test

import (
	"testing"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"

	"github.com/google/go-cmp/cmp"
)

const hour = interval.Day / 24

func report(index uint64, at, recorded int64, v framework.Verdict) evidence.Observation {
	return evidence.Observation{
		Point:    evidence.Point{At: at * hour, Recorded: recorded * hour, Index: index},
		Verdicts: evidence.Verdicts(0).With(0, v), Grade: evidence.Measured,
	}
}

// fold tells reports of one source, and corrections, to a book, again for as
// long as the plan asks. It returns the runs as first and last index, and how
// many folds it took.
func fold(reports []evidence.Observation, correct func(*evidence.Book)) (runs [][2]uint64, folds int) {
	plan := evidence.NewPlan()
	for {
		folds++
		b := evidence.NewBook(plan)
		for _, o := range reports {
			b.Observe(framework.ScopeDevice, "A", "m", "agent", o)
		}
		correct(b)
		if plan.Again {
			continue
		}
		for _, r := range b.Registers[framework.ScopeDevice].Subject("A").Series[0].Runs {
			runs = append(runs, [2]uint64{r.First.Index, r.Last.Index})
		}
		return runs, folds
	}
}

func TestRuns(t *testing.T) {
	const holds, fails = framework.Holds, framework.Fails
	nothing := func(*evidence.Book) {}
	for _, c := range []struct {
		name    string
		reports []evidence.Observation
		correct func(*evidence.Book)
		runs    [][2]uint64
		folds   int
	}{
		{"daily reports are one", []evidence.Observation{report(0, 0, 1, holds), report(1, 24, 25, holds), report(2, 60, 61, holds)}, nothing, [][2]uint64{{0, 2}}, 1},
		{"more than 36 hours apart", []evidence.Observation{report(0, 0, 1, holds), report(1, 37, 37, holds)}, nothing, [][2]uint64{{0, 0}, {1, 1}}, 1},
		{"logged more than 24 hours late", []evidence.Observation{report(0, 0, 1, holds), report(1, 24, 49, holds), report(2, 48, 49, holds)}, nothing, [][2]uint64{{0, 0}, {1, 1}, {2, 2}}, 1},
		{"another verdict", []evidence.Observation{report(0, 0, 0, holds), report(1, 24, 24, fails), report(2, 48, 48, holds)}, nothing, [][2]uint64{{0, 0}, {1, 1}, {2, 2}}, 1},
		{"late, and says what the run says", []evidence.Observation{report(0, 0, 0, holds), report(1, 24, 24, holds), report(2, 12, 30, holds)}, nothing, [][2]uint64{{0, 1}}, 1},
		{"late, and says something else", []evidence.Observation{report(0, 0, 0, holds), report(1, 24, 24, holds), report(2, 12, 30, fails), report(3, 48, 48, holds)}, nothing, [][2]uint64{{0, 0}, {2, 2}, {1, 1}, {3, 3}}, 2},
		{"late, before all runs", []evidence.Observation{report(0, 24, 24, holds), report(1, 48, 48, holds), report(2, 0, 50, fails)}, nothing, [][2]uint64{{2, 2}, {0, 1}}, 1},
		{"of one instant the failure is last", []evidence.Observation{report(0, 24, 24, fails), report(1, 24, 24, holds)}, nothing, [][2]uint64{{1, 1}, {0, 0}}, 1},
		{"of one instant with a run, and says something else", []evidence.Observation{report(0, 0, 0, holds), report(1, 24, 24, holds), report(2, 24, 24, fails)}, nothing, [][2]uint64{{0, 0}, {1, 1}, {2, 2}}, 2},
		{"what shares its instant begins no run", []evidence.Observation{report(0, 24, 24, fails), report(1, 24, 24, holds), report(2, 48, 48, fails)}, nothing, [][2]uint64{{1, 1}, {0, 0}, {2, 2}}, 1},
		{"a retracted member stands alone", []evidence.Observation{report(0, 0, 0, holds), report(1, 24, 24, holds), report(2, 48, 48, holds)}, func(b *evidence.Book) {
			b.Retract(1, evidence.Point{Index: 3}, true)
		}, [][2]uint64{{0, 0}, {1, 1}, {2, 2}}, 2},
	} {
		runs, folds := fold(c.reports, c.correct)
		if d := cmp.Diff(c.runs, runs); d != "" || folds != c.folds {
			t.Errorf("%s: %d folds, want %d; runs (-want +got):\n%s", c.name, folds, c.folds, d)
		}
	}
}

func TestFirstRetractionCounts(t *testing.T) {
	b := evidence.NewBook(evidence.NewPlan())
	b.Retract(1, evidence.Point{Recorded: 9, Index: 9}, false)
	b.Retract(1, evidence.Point{Recorded: 5, Index: 5}, false)
	b.Retract(1, evidence.Point{Recorded: 7, Index: 7}, false)
	if got := b.Retractions[1].Index; got != 5 {
		t.Errorf("retracted by entry %d, want 5", got)
	}
}

func TestRegistersAreInOrder(t *testing.T) {
	b := evidence.NewBook(evidence.NewPlan())
	for i, id := range []string{"C", "A", "B", "A"} {
		b.Live(framework.ScopeSite, id, evidence.Life{Point: evidence.Point{At: int64(10 - i), Index: uint64(i)}, In: i < 3})
	}
	var got []string
	for _, s := range b.Registers[framework.ScopeSite].Subjects {
		got = append(got, s.ID)
	}
	if d := cmp.Diff([]string{"A", "B", "C"}, got); d != "" {
		t.Error(d)
	}
	if lives := b.Registers[framework.ScopeSite].Subject("A").Lives; lives[0].At != 7 || lives[1].At != 9 {
		t.Errorf("lives %+v are not in the order of time", lives)
	}
	if (*evidence.Register)(nil).Subject("A") != nil {
		t.Error("a register that is not there has a subject")
	}
}

func TestVerdictsKeepEverySlot(t *testing.T) {
	var v evidence.Verdicts
	for slot := range evidence.Slots {
		v = v.With(slot, framework.Verdict(slot%4))
	}
	for slot := range evidence.Slots {
		if got, want := v.At(slot), framework.Verdict(slot%4); got != want {
			t.Errorf("slot %d: got %v, want %v", slot, got, want)
		}
	}
}

func TestRulesShareASlotWhereNothingChanged(t *testing.T) {
	c := framework.Embedded()
	var r evidence.Rules
	first, grew, err := r.Adopt(c)
	if err != nil || !grew {
		t.Fatalf("first adoption: grew %v, %v", grew, err)
	}
	again, grew, err := r.Adopt(c)
	if err != nil || grew {
		t.Errorf("the same catalog again: grew %v, %v", grew, err)
	}
	if d := cmp.Diff(first, again); d != "" {
		t.Error(d)
	}
}

func TestRulesJudgeByEveryRule(t *testing.T) {
	c := framework.Embedded()
	var r evidence.Rules
	if _, _, err := r.Adopt(c); err != nil {
		t.Fatal(err)
	}
	list := r.Judge("device.reported", "windows", map[string]any{}, 0)
	if len(list) == 0 {
		t.Fatal("no measure reads device.reported")
	}
	for _, j := range list {
		if v := j.Verdicts.At(0); v == framework.Holds {
			t.Errorf("measure %s holds of a report without facts", j.Measure)
		}
	}
	if got := r.Judge("no.such", "windows", nil, 0); len(got) != 0 {
		t.Errorf("a kind that feeds nothing: %v", got)
	}
}
