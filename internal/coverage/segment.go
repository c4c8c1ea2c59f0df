package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// status is what one subject, or the practice, is at an instant.
type status uint8

const (
	out      status = iota // not in scope
	na                     // its own report says that the measure has no object
	exempt                 // onboarding: absence is excused
	unproven               //
	failed                 //
	held                   //
)

// reason says why a segment is not held.
type reason uint8

const (
	whyNever   reason = iota // nothing was ever recorded
	whyStale                 // the last good evidence is too old
	whyFails                 // an entry says so; text
	whyClosed                // the failing entry was closed without a pass
	whyEnded                 // a term ended or was ended
	whyOverdue               // a trigger without an answer
	whySilent                // no sign of life of an event practice
	whyEmpty                 // nobody says that the register is empty
)

// segment is a span in which one subject's status does not change.
type segment struct {
	from, to int64
	status   status
	grade    evidence.Grade
	alt      bool
	why      reason
	source   string // measure source for a stale one
	since    int64  // at of the deciding evidence
	entry    uint64 // its index, where decided
	decided  bool
	text     string
}

func (s segment) same(o segment) bool {
	return s.status == o.status && s.grade == o.grade && s.alt == o.alt && s.why == o.why &&
		s.decided == o.decided && s.entry == o.entry && s.text == o.text
}

// add appends a segment, joining it with its neighbor where they are equal.
func add(list []segment, s segment) []segment {
	if s.to <= s.from {
		return list
	}
	if n := len(list); n > 0 && list[n-1].to == s.from && list[n-1].same(s) {
		list[n-1].to = s.to
		return list
	}
	return append(list, s)
}

// zip walks two lists that cover the same window and joins what f makes of
// each common span.
func zip(a, b []segment, f func(x, y segment) segment) []segment {
	res := make([]segment, 0, len(a)+len(b))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x, y := a[i], b[j]
		s := f(x, y)
		s.from, s.to = max(x.from, y.from), min(x.to, y.to)
		res = add(res, s)
		if x.to <= y.to {
			i++
		}
		if y.to <= x.to {
			j++
		}
	}
	return res
}

// item is one piece of evidence that decides, a run or a statement, in the
// order in which later ones override earlier ones.
type item struct {
	first, last evidence.Point
	verdict     framework.Verdict
	grade       evidence.Grade
	until       int64 // end of cover at the latest
	text        string
	source      string
}

// visible is the span in which a reading takes an item into account. A
// retraction drops it from best altogether and from proven when recorded.
func (e *evaluator) visible(p evidence.Point, from int64) interval.Span {
	v := interval.Span{From: from, To: interval.Forever}
	if e.reading == Proven {
		v.From = max(from, p.Recorded)
	}
	if len(e.book.Retractions) > 0 {
		if r, ok := e.book.Retractions[p.Index]; ok {
			if e.reading == Best {
				return interval.Span{}
			}
			v.To = r.Recorded
		}
	}
	return v
}

// timeline is the status of one series of items over the window. Items are in
// order; the last visible one that is not unknown decides.
func (e *evaluator) timeline(items []item, maxAge int64) []segment {
	w := e.window
	next := w.To
	rev := e.scratch[:0]
	for i := len(items) - 1; i >= 0 && next > w.From; i-- {
		it := &items[i]
		if it.verdict == framework.Unknown {
			continue
		}
		v := e.visible(it.first, it.first.At)
		if v.To != interval.Forever || v.From >= v.To {
			return e.timelineRetracted(items, maxAge)
		}
		if v.From < next {
			rev = e.decide(rev, it, interval.Span{From: max(v.From, w.From), To: next}, maxAge)
			next = max(v.From, w.From)
		}
	}
	if next > w.From {
		rev = append(rev, segment{from: w.From, to: next, status: unproven, why: whyNever})
	}
	e.scratch = rev
	res := make([]segment, 0, len(rev))
	for i := len(rev) - 1; i >= 0; i-- {
		res = add(res, rev[i])
	}
	return res
}

// decide appends, latest first, what an item says about a span in which it is
// the one that decides.
func (e *evaluator) decide(rev []segment, it *item, span interval.Span, maxAge int64) []segment {
	s := segment{grade: it.grade, since: it.last.At, entry: it.first.Index, decided: true, source: it.source}
	stale := segment{status: unproven, why: whyStale, since: it.last.At, entry: it.last.Index, decided: true, source: it.source}
	end := interval.Forever
	switch it.verdict {
	case framework.Fails:
		s.status, s.why, s.text, s.grade = failed, whyFails, it.text, evidence.NoGrade
		if c, ok := e.closure(it); ok {
			end = c.At
			if e.reading == Proven {
				end = max(c.At, c.Recorded)
			}
			stale = segment{status: unproven, why: whyClosed, since: c.At, entry: c.Index, decided: true, text: c.Why}
		}
	default:
		s.status, s.entry = held, 0
		if it.verdict == framework.NotApplicable {
			s.status, s.grade = na, evidence.NoGrade
		}
		s.decided = false
		if maxAge < interval.Forever {
			end = it.last.At + maxAge
		}
		end = min(end, it.until)
	}
	end = max(min(end, span.To), span.From)
	if end < span.To {
		stale.from, stale.to = end, span.To
		rev = append(rev, stale)
	}
	if span.From < end {
		s.from, s.to = span.From, end
		s.since = 0
		if s.status == failed {
			s.since = it.first.At
		}
		rev = append(rev, s)
	}
	return rev
}

func (e *evaluator) closure(it *item) (evidence.Closure, bool) {
	if len(e.book.Closures) == 0 {
		return evidence.Closure{}, false
	}
	c, ok := e.book.Closures[it.last.Index]
	return c, ok
}

// timelineRetracted is timeline where something was retracted: every item
// decides what no later visible one has decided.
func (e *evaluator) timelineRetracted(items []item, maxAge int64) []segment {
	open := interval.Set{e.window}
	var all []segment
	for i := len(items) - 1; i >= 0 && len(open) > 0; i-- {
		it := &items[i]
		v := e.visible(it.first, it.first.At)
		if it.verdict == framework.Unknown || v.From >= v.To {
			continue
		}
		mine := open.Intersect(interval.Set{v})
		for _, sp := range mine {
			all = e.decide(all, it, sp, maxAge)
		}
		open = open.Subtract(mine)
	}
	for _, sp := range open {
		all = append(all, segment{from: sp.From, to: sp.To, status: unproven, why: whyNever})
	}
	slices.SortFunc(all, func(a, b segment) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	res := make([]segment, 0, len(all))
	for _, s := range all {
		res = add(res, s)
	}
	return res
}
