package coverage

import (
	"cmp"
	"slices"

	"breakwater/internal/interval"
)

// StripState is what a practice, a subject or a client is over a span of a
// strip, ordered by which of two shows where both fall on one day.
type StripState uint8

// The states of a strip. Outside is out of scope, not asked, or before the
// log began.
const (
	StripOutside StripState = iota
	StripInPlace
	StripAlternative
	StripUnproven
	StripFailed
)

// String is the state's word in the legend.
func (s StripState) String() string {
	return [...]string{"Not in scope", "In place", "By alternative", "Unproven", "Failed"}[s]
}

// StripRun is a span of one state.
type StripRun struct {
	interval.Span
	State StripState
}

func span(from, to Time) interval.Span { return interval.Span{From: int64(from), To: int64(to)} }

// Strip is the states of one practice over the window of its answer, strictly:
// every subject counts. Silence before the log began is outside.
func (p *Practice) Strip(began int64) []StripRun {
	res := make([]StripRun, 0, len(p.Covered)+len(p.Gaps))
	for _, c := range p.Covered {
		r := StripRun{span(c.From, c.To), StripInPlace}
		if c.Alternative {
			r.State = StripAlternative
		}
		res = append(res, r)
	}
	for _, g := range p.Gaps {
		r := StripRun{span(g.From, g.To), StripFailed}
		if g.Kind == Unproven {
			r.State, r.From = StripUnproven, max(r.From, began)
		}
		res = append(res, r)
	}
	return inOrder(res)
}

func inOrder(runs []StripRun) []StripRun {
	runs = slices.DeleteFunc(runs, func(r StripRun) bool { return r.Empty() })
	slices.SortFunc(runs, func(a, b StripRun) int { return cmp.Compare(a.From, b.From) })
	return runs
}

// Strip is one client's line of the portfolio: failed wherever a practice of
// the answer is failed; unproven where for some practice fewer than 95 % of
// subjects hold; else in place, by alternative where any is.
func (r *Report) Strip() []StripRun {
	var by [StripFailed + 1][]interval.Span
	for i := range r.Practices {
		p := &r.Practices[i]
		for _, run := range p.Strip(int64(r.Started)) {
			if run.State == StripUnproven {
				by[StripInPlace] = append(by[StripInPlace], run.Span)
				by[StripUnproven] = append(by[StripUnproven], p.Wide.Gaps(run.Span)...)
				continue
			}
			by[run.State] = append(by[run.State], run.Span)
		}
	}
	return layers(by)
}

// layers joins spans of each state, the worse over the better.
func layers(by [StripFailed + 1][]interval.Span) []StripRun {
	var res []StripRun
	var taken interval.Set
	for s := StripFailed; s >= StripInPlace; s-- {
		set := interval.Of(by[s]...)
		for _, sp := range set.Subtract(taken) {
			res = append(res, StripRun{sp, s})
		}
		taken = taken.Union(set)
	}
	return inOrder(res)
}
