package coverage

import (
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// terms judges an in-force practice: a term holds from the later of its
// effective date and its signature until its end, its termination, or the
// next version of it. Age does not end it. After a termination the practice
// is failed until a new term; after a term that ran out it is unproven.
func (e *evaluator) terms(p *framework.Practice, subject string) []segment {
	var all []segment
	for _, msp := range [...]bool{false, true} {
		items := e.statements(p, subject, msp)
		if len(items) == 0 {
			continue
		}
		one := e.lapsed(e.timeline(items, interval.Forever))
		var grades [4][]interval.Span
		list := ofSource(e.spoken(p)[subject], msp)
		for i, s := range list {
			if s.State == evidence.Holds {
				grades[s.Grade] = append(grades[s.Grade], e.inForce(s, list[i+1:])...)
			}
		}
		one = e.ended(e.layer(one, &grades), list)
		if all == nil {
			all = one
		} else {
			all = e.zip(all, one, either)
		}
	}
	if all == nil {
		return e.silent()
	}
	return all
}

func ofSource(list []*evidence.Statement, msp bool) []*evidence.Statement {
	var res []*evidence.Statement
	for _, s := range list {
		if s.FromMSP == msp {
			res = append(res, s)
		}
	}
	return res
}

// lapsed leaves of a timeline what stands where no term is in force: a
// failure as it is, everything else unproven.
func (e *evaluator) lapsed(segs []segment) []segment {
	return e.overlay(segs, interval.Set{e.window}, func(s segment) segment {
		if s.status == failed || s.why == whyClosed {
			return s
		}
		return segment{status: unproven, why: whyNever}
	})
}

// inForce is when a term is in force, given what its source said after it.
func (e *evaluator) inForce(s *evidence.Statement, after []*evidence.Statement) interval.Set {
	open := interval.Of(e.term(s))
	for _, o := range after {
		switch {
		case len(open) == 0:
			return nil
		case o.State == evidence.Fails && (o.Ref == "" || o.Ref == s.Ref):
			over := interval.Of(e.visible(&o.Point, o.At))
			open = open.Subtract(over.Subtract(e.closed(o.Index)))
		case o.State == evidence.Holds && o.Ref == s.Ref:
			open = open.Subtract(interval.Of(e.visible(&o.Point, max(o.At, o.From))))
		}
	}
	return open
}

// term is the span of a term as it was written.
func (e *evaluator) term(s *evidence.Statement) interval.Span {
	v := e.visible(&s.Point, max(s.At, s.From))
	if s.To > 0 {
		v.To = min(v.To, s.To)
	}
	if s.Until > 0 {
		v.To = min(v.To, s.Until)
	}
	return v
}

// ended says of each unproven segment which term ran out last.
func (e *evaluator) ended(segs []segment, list []*evidence.Statement) []segment {
	var cuts []interval.Span
	for _, s := range list {
		if t := e.term(s); s.State == evidence.Holds && t.From < t.To && t.To < interval.Forever {
			cuts = append(cuts, interval.Span{From: t.To, To: interval.Forever})
		}
	}
	if len(cuts) == 0 {
		return segs
	}
	return e.overlay(segs, interval.Of(cuts...), func(s segment) segment {
		if s.status != unproven || s.why == whyClosed {
			return s
		}
		for _, o := range list {
			t := e.term(o)
			if o.State == evidence.Holds && t.From < t.To && t.To <= s.from && (s.by == nil || t.To >= s.since) {
				s.why, s.since, s.by = whyEnded, t.To, &o.Point
			}
		}
		return s
	})
}
