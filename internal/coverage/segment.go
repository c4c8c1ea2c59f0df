package coverage

import (
	"breakwater/internal/evidence"
	"breakwater/internal/interval"
)

// status is what one subject is at an instant.
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
	whyFails                 // an entry says so
	whyClosed                // the failing entry was closed without a pass
	whyEnded                 // a term ran out
	whyOverdue               // a trigger without an answer
	whySilent                // no sign of life of an event practice
)

// segment is a span in which one subject's status does not change. Where it
// is unproven or failed, by is the evidence that was last and since the
// instant that the reason speaks of.
type segment struct {
	from, to int64
	since    int64
	by       *evidence.Point // nil where nothing decided
	text     *string         // what the failing entry says
	source   uint16          // 0 for a person, else one more than the place of the series
	status   status
	grade    evidence.Grade
	alt      bool
	why      reason
}

func (s *segment) span() interval.Span { return interval.Span{From: s.from, To: s.to} }

// same reports whether two neighbors are one. A failure that its source says
// again is the same failure, shown by its first entry.
func (s *segment) same(o *segment) bool {
	if s.status != o.status || s.grade != o.grade || s.alt != o.alt || s.why != o.why || s.source != o.source {
		return false
	}
	if s.by == o.by {
		return s.since == o.since
	}
	return s.status == failed && s.why == whyFails && *s.text == *o.text
}

// add appends a segment, joining it with its neighbor where they are one.
func add(list []segment, s segment) []segment {
	if s.to <= s.from {
		return list
	}
	if n := len(list); n > 0 && list[n-1].to == s.from && list[n-1].same(&s) {
		list[n-1].to = s.to
		return list
	}
	return append(list, s)
}

// plain is a segment that needs no reason.
func plain(from, to int64, st status, g evidence.Grade) segment {
	return segment{from: from, to: to, status: st, grade: g}
}

// arena hands out memory for lists of segments that live as long as one
// practice is judged. One list is open at a time.
type arena struct{ buf []segment }

// open begins a list of about n segments.
func (a *arena) open(n int) []segment {
	if cap(a.buf)-len(a.buf) < n {
		a.buf = make([]segment, 0, max(1024, 2*cap(a.buf), n))
	}
	at := len(a.buf)
	return a.buf[at : at : at+n]
}

// done ends the list that was opened last.
func (a *arena) done(list []segment) []segment {
	if at := len(a.buf); len(list) > 0 && at < cap(a.buf) && &list[0] == &a.buf[: at+1 : at+1][at] {
		a.buf = a.buf[:at+len(list)]
	}
	return list[:len(list):len(list)]
}

func (a *arena) reset() { a.buf = a.buf[:0] }

// zip walks two lists that cover the same window and joins what f makes of
// each common span.
func (e *evaluator) zip(a, b []segment, f func(x, y *segment) *segment) []segment {
	res := e.segs.open(len(a) + len(b))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x, y := &a[i], &b[j]
		s := *f(x, y)
		s.from, s.to = max(x.from, y.from), min(x.to, y.to)
		res = add(res, s)
		if s.to == x.to {
			i++
		}
		if s.to == y.to {
			j++
		}
	}
	return e.segs.done(res)
}

// overlay makes f of every segment where it lies in a set.
func (e *evaluator) overlay(list []segment, set interval.Set, f func(segment) segment) []segment {
	if len(set) == 0 {
		return list
	}
	res := e.segs.open(len(list) + 2*len(set))
	i := 0
	for _, s := range list {
		for i < len(set) && set[i].To <= s.from {
			i++
		}
		for j := i; j < len(set) && set[j].From < s.to; j++ {
			before, mid := s, s
			before.to, mid.from = set[j].From, max(s.from, set[j].From)
			mid.to = min(s.to, set[j].To)
			span := mid.span()
			mid = f(mid)
			mid.from, mid.to = span.From, span.To
			res = add(add(res, before), mid)
			s.from = span.To
		}
		res = add(res, s)
	}
	return e.segs.done(res)
}

// layer lays sets of held spans over a list, the strongest grade on top.
func (e *evaluator) layer(list []segment, grades *[4][]interval.Span) []segment {
	for g, spans := range grades {
		if len(spans) == 0 {
			continue
		}
		list = e.overlay(list, interval.Of(spans...), func(segment) segment {
			return segment{status: held, grade: evidence.Grade(g)}
		})
	}
	return list
}
