package coverage_test

import (
	"slices"
	"testing"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var readings = []coverage.Reading{coverage.Proven, coverage.Best}

// drawSteady makes a log of one source that reports daily, more or less, with
// late and repeated reports and corrections: what runs are for.
func drawSteady(t *rapid.T, c *framework.Catalog) []entry {
	log := []entry{
		{evidence.Point{At: start, Recorded: start}, adopted{c, slotted(c, 0)}},
		{evidence.Point{At: start, Recorded: start, Index: 1}, lived{framework.ScopeDevice, "A", true, nil}},
	}
	at, recorded := start, start
	for range rapid.IntRange(2, 25).Draw(t, "reports") {
		at += rapid.SampledFrom([]int64{0, 1, 24, 24, 24, 36, 37, 60, 90}).Draw(t, "step") * hour
		lag := rapid.SampledFrom([]int64{0, 0, 1, 24, 25, 50, 80}).Draw(t, "lag") * hour
		recorded = max(recorded, at+lag)
		p := evidence.Point{At: at - rapid.SampledFrom([]int64{0, 0, 0, 0, 24, 30, 60}).Draw(t, "back")*hour, Recorded: recorded, Index: uint64(len(log))}
		if rapid.IntRange(0, 5).Draw(t, "correct") == 0 {
			log = append(log, entry{p, drawCorrection(t, log, func() any { return quiet{} })})
			continue
		}
		v := rapid.SampledFrom([]framework.Verdict{framework.Holds, framework.Holds, framework.Holds, framework.Holds, framework.Fails, framework.Fails, framework.NotApplicable, framework.Unknown}).Draw(t, "verdict")
		w := v
		if rapid.IntRange(0, 4).Draw(t, "differs") == 0 {
			w = framework.Fails
		}
		o := observed{scope: framework.ScopeDevice, subject: "A", measure: "m1", source: "agent", grade: evidence.Measured}
		o.verdicts = o.verdicts.With(0, v).With(1, w)
		if v == framework.Fails {
			o.reason = rapid.SampledFrom([]string{"off", "suspended"}).Draw(t, "reason")
		}
		log = append(log, entry{p, o})
	}
	return log
}

// apart folds a log with every observation a run of its own.
func apart(log []entry) *evidence.Book {
	b := fold(log)
	for scope, r := range b.Registers {
		for _, s := range r.Subjects {
			for _, series := range s.Series {
				series.Runs = nil
				for _, e := range log {
					if o, ok := e.body.(observed); ok && o.scope == scope && o.subject == s.ID && o.measure == series.Measure && o.source == series.Source {
						series.Runs = append(series.Runs, evidence.Run{First: e.Point, Last: e.Point, Verdicts: o.verdicts, Reason: o.reason, Grade: o.grade})
					}
				}
				slices.SortStableFunc(series.Runs, func(a, b evidence.Run) int {
					af := a.Verdicts.At(0) == framework.Fails || a.Verdicts.At(1) == framework.Fails
					bf := b.Verdicts.At(0) == framework.Fails || b.Verdicts.At(1) == framework.Fails
					if a.First.Before(af, b.First, bf) {
						return -1
					}
					return 1
				})
			}
		}
	}
	return b
}

func TestRunsSayWhatObservationsSay(t *testing.T) {
	first, second := catalog(t, mixed(0)...), catalog(t, mixed(0)...)
	rapid.Check(t, func(t *rapid.T) {
		log := drawSteady(t, first)
		if rapid.Bool().Draw(t, "second rule") {
			log[0].body = adopted{second, slotted(second, 1)}
		}
		runs, single := fold(log), apart(log)
		for _, r := range readings {
			got, want := evaluate(t, runs, r, window), evaluate(t, single, r, window)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s (-observations +runs):\n%s\n%s", r, d, drawLog(log))
			}
		}
	})
}

func TestRunsAreFew(t *testing.T) {
	c := catalog(t, mixed(0)...)
	log := []entry{{evidence.Point{At: start, Recorded: start}, adopted{c, slotted(c, 0)}}}
	for d := range int64(100) {
		p := evidence.Point{At: start + d*interval.Day, Recorded: start + d*interval.Day + 4*hour, Index: uint64(len(log))}
		log = append(log, entry{p, observed{
			framework.ScopeDevice, "A", "m1", "agent", evidence.Verdicts(0).With(0, framework.Holds), "", evidence.Measured,
		}})
	}
	b := fold(log)
	if got := len(b.Registers[framework.ScopeDevice].Subject("A").Series[0].Runs); got != 1 {
		t.Errorf("100 equal reports are %d runs, want 1", got)
	}
}

func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	c1, c2 := catalogs(t)
	rapid.Check(t, func(t *rapid.T) {
		log := draw(t, c1, c2)
		var rest, first []entry
		for _, e := range log {
			if _, ok := e.body.(adopted); ok {
				first = append(first, e) // catalogs stand in the order of the log
			} else {
				rest = append(rest, e)
			}
		}
		shuffled := append(first, rapid.Permutation(rest).Draw(t, "shuffled")...)
		for _, r := range readings {
			want, got := evaluate(t, fold(log), r, window), evaluate(t, fold(shuffled), r, window)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s (-in order +shuffled):\n%s\n%s", r, d, drawLog(log))
			}
		}
	})
}

func TestFoldMayStopAnywhere(t *testing.T) {
	c1, c2 := catalogs(t)
	rapid.Check(t, func(t *rapid.T) {
		log := draw(t, c1, c2)
		cut := rapid.IntRange(1, len(log)).Draw(t, "cut")
		plan := evidence.NewPlan()
		b := evidence.NewBook(plan)
		for i, e := range log {
			if i == cut {
				for _, r := range readings {
					evaluate(t, b, r, window) // reading must not change the book
				}
			}
			e.tell(b)
			if plan.Again { // as a projection does: fold the log so far again
				for plan.Again {
					b = evidence.NewBook(plan)
					for _, e := range log[:i+1] {
						e.tell(b)
					}
				}
			}
		}
		for _, r := range readings {
			if d := cmp.Diff(evaluate(t, fold(log), r, window), evaluate(t, b, r, window), cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s (-at once +step by step):\n%s\n%s", r, d, drawLog(log))
			}
		}
	})
}

// said is an answer without what depends on where a window ends.
func said(p coverage.Practice) [3]any {
	gaps := slices.Clone(p.Gaps)
	for i := range gaps {
		gaps[i].Causes, gaps[i].More = nil, 0
	}
	return [3]any{p.Covered, p.Exempt, gaps}
}

func TestWindowsJoin(t *testing.T) {
	c1, c2 := catalogs(t)
	rapid.Check(t, func(t *rapid.T) {
		b := fold(draw(t, c1, c2))
		cut := rapid.Int64Range(window.From+1, window.To-1).Draw(t, "cut")
		if rapid.Bool().Draw(t, "round") {
			cut -= cut % (6 * hour)
		}
		ids := []string{"dev-one", "dev-two", "dev-said", "whole", "vendor-terms", "terms", "leavers", "incidents", "ours"}
		for _, r := range readings {
			ask := func(from, to int64) coverage.Report {
				rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: r, Practices: ids}, interval.Span{From: from, To: to})
				if err != nil {
					t.Fatal(err)
				}
				return rep
			}
			whole, left, right := ask(window.From, window.To), ask(window.From, cut), ask(cut, window.To)
			for i, p := range whole.Practices {
				l, q := left.Practices[i], right.Practices[i]
				if d := cmp.Diff(said(p), said(joined(l, q)), cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("%s of %s cut at %s (-whole +joined):\n%s", r, p.ID, interval.Format(cut), d)
				}
				if d := p.SubjectDays.InScope - l.SubjectDays.InScope - q.SubjectDays.InScope; d > 3e-6 || d < -3e-6 {
					t.Errorf("%s of %s: subject-days %v are not %v and %v", r, p.ID, p.SubjectDays, l.SubjectDays, q.SubjectDays)
				}
			}
		}
	})
}

// joined is the answers of two windows that touch as one.
func joined(l, r coverage.Practice) coverage.Practice {
	if n := len(l.Covered); n > 0 && len(r.Covered) > 0 {
		a, b := &l.Covered[n-1], r.Covered[0]
		if a.To == b.From && a.Grade == b.Grade && a.Alternative == b.Alternative && slices.Equal(a.DisputedBy, b.DisputedBy) {
			a.To, r.Covered = b.To, r.Covered[1:]
		}
	}
	if n := len(l.Exempt); n > 0 && len(r.Exempt) > 0 {
		a, b := &l.Exempt[n-1], r.Exempt[0]
		if a.To == b.From && a.Why == b.Why && slices.Equal(a.DisputedBy, b.DisputedBy) {
			a.To, r.Exempt = b.To, r.Exempt[1:]
		}
	}
	if n := len(l.Gaps); n > 0 && len(r.Gaps) > 0 {
		a, b := &l.Gaps[n-1], r.Gaps[0]
		if a.To == b.From && a.Kind == b.Kind && (a.Limit == nil) == (b.Limit == nil) && (a.Limit == nil || *a.Limit == *b.Limit) {
			a.To, r.Gaps = b.To, r.Gaps[1:]
		}
	}
	l.Covered, l.Exempt, l.Gaps = append(l.Covered, r.Covered...), append(l.Exempt, r.Exempt...), append(l.Gaps, r.Gaps...)
	return l
}

func TestPastOfProvenDoesNotChange(t *testing.T) {
	c1, c2 := catalogs(t)
	rapid.Check(t, func(t *rapid.T) {
		log := draw(t, c1, c2)
		cut := rapid.IntRange(1, len(log)).Draw(t, "cut")
		known := log[cut-1].Recorded
		// The first legal kind also holds for all time before, as does a profile
		// stated when the log began, and the first catalog of a practice judges
		// all time before.
		for _, e := range log[cut:] {
			switch e.body.(type) {
			case enters:
				if e.Recorded > log[0].Recorded {
					continue
				}
				t.Skip("the first profile also speaks of the past")
			case bound, adopted:
				t.Skip("a first statement also speaks of the past")
			}
		}
		past := interval.Span{From: window.From, To: known}
		if past.Empty() {
			t.Skip("nothing is past")
		}
		before, after := evaluate(t, fold(log[:cut]), coverage.Proven, past), evaluate(t, fold(log), coverage.Proven, past)
		for i, p := range before.Practices {
			if d := cmp.Diff(said(undisputed(p)), said(undisputed(after.Practices[i])), cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s (-before +after):\n%s\n%s", p.ID, d, drawLog(log))
			}
			if p.SubjectDays != after.Practices[i].SubjectDays {
				t.Errorf("%s: subject-days were %v and are %v", p.ID, p.SubjectDays, after.Practices[i].SubjectDays)
			}
		}
	})
}

// undisputed drops what later entries may add, and joins what it had split.
func undisputed(p coverage.Practice) coverage.Practice {
	res := coverage.Practice{}
	for _, c := range p.Covered {
		c.DisputedBy = nil
		res = joined(res, coverage.Practice{Covered: []coverage.Covered{c}})
	}
	for _, x := range p.Exempt {
		x.DisputedBy = nil
		res = joined(res, coverage.Practice{Exempt: []coverage.Exempt{x}})
	}
	res.Gaps = p.Gaps
	return res
}

func TestAnswersPartitionTheWindow(t *testing.T) {
	c1, c2 := catalogs(t)
	rapid.Check(t, func(t *rapid.T) {
		b := fold(draw(t, c1, c2))
		for _, r := range readings {
			for _, p := range evaluate(t, b, r, window).Practices {
				var all []interval.Span
				var covered int64
				for _, c := range p.Covered {
					all = append(all, interval.Span{From: int64(c.From), To: int64(c.To)})
					covered += int64(c.To - c.From)
				}
				for _, x := range p.Exempt {
					all = append(all, interval.Span{From: int64(x.From), To: int64(x.To)})
				}
				for _, g := range p.Gaps {
					all = append(all, interval.Span{From: int64(g.From), To: int64(g.To)})
				}
				length := int64(0)
				for _, sp := range all {
					length += sp.Length()
				}
				whole := interval.Set{window}
				if length != window.Length() || !slices.Equal(interval.Of(all...), whole) {
					t.Fatalf("%s of %s: %v does not partition the window", r, p.ID, all)
				}
				if covered != int64(p.CoveredSecs) || int64(p.WindowSecs) != window.Length() || p.AltSecs > p.CoveredSecs {
					t.Errorf("%s of %s: %d ms covered, said %d, alternative %d", r, p.ID, covered, p.CoveredSecs, p.AltSecs)
				}
				d := p.SubjectDays
				if rest := d.InScope - d.Held - d.Unproven - d.Failed; rest > 3e-6 || rest < -3e-6 {
					t.Errorf("%s of %s: subject-days %v do not add up", r, p.ID, d)
				}
			}
		}
	})
}
