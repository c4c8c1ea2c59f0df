package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// terms judges an in-force practice: a term holds from the later of its
// effective date and its signature until its end or termination. Age does not
// end it. After a termination the practice is failed until a new term.
func (e *evaluator) terms(p *framework.Practice, subject string) []segment {
	on := e.book.Practices[p.Number]
	if on == nil {
		return []segment{{from: e.window.From, to: e.window.To, status: unproven, why: whyNever}}
	}
	items := e.statements(on, subject, false)
	if p.Scope == framework.ScopeMSP && slices.ContainsFunc(on.Statements, func(s evidence.Statement) bool { return s.FromMSP }) {
		items = e.statements(on, subject, true)
	}
	base := e.timeline(items, interval.Forever)
	for i := range base {
		if base[i].status == held || base[i].status == unproven && base[i].decided {
			base[i] = e.ended(on, subject, base[i])
		}
	}
	for _, s := range on.Statements {
		if s.State == evidence.Holds && s.Subject == subject {
			base = e.inForce(base, on, s)
		}
	}
	return base
}

// ended is what stands where a term was the last word but is not in force:
// before it took effect, or after it ran out.
func (e *evaluator) ended(on *evidence.On, subject string, s segment) segment {
	s.status, s.why, s.grade = unproven, whyEnded, evidence.NoGrade
	for _, st := range on.Statements {
		if st.State == evidence.Holds && st.Subject == subject && (!s.decided || st.To > s.since) && st.To > 0 && st.To <= s.to {
			s.since, s.entry, s.decided = st.To, st.Index, true
		}
	}
	if !s.decided {
		s.why = whyNever
	}
	return s
}

// inForce lays one term over the segments.
func (e *evaluator) inForce(base []segment, on *evidence.On, s evidence.Statement) []segment {
	v := e.visible(s.Point, max(s.At, s.From))
	if s.To > 0 {
		v.To = min(v.To, s.To)
	}
	if s.Until > 0 {
		v.To = min(v.To, s.Until)
	}
	open := interval.Set{v.Clip(e.window)}
	for _, f := range on.Statements {
		if f.State != evidence.Fails || f.Subject != s.Subject || f.Ref != "" && f.Ref != s.Ref || !s.Before(false, f.Point, true) {
			continue
		}
		over := e.visible(f.Point, f.At)
		if c, closed := e.book.Closures[f.Index]; closed {
			over.To = min(over.To, e.visible(c.Point, c.At).From)
		}
		open = open.Subtract(interval.Set{over})
	}
	for _, sp := range open {
		if sp.Empty() {
			continue
		}
		base = lay(base, segment{from: sp.From, to: sp.To, status: held, grade: s.Grade})
	}
	return base
}

// lay puts a held segment over others; where both hold the better grade stays.
func lay(base []segment, h segment) []segment {
	res := make([]segment, 0, len(base)+2)
	for _, s := range base {
		c := interval.Span{From: s.from, To: s.to}.Clip(interval.Span{From: h.from, To: h.to})
		if c.Empty() {
			res = add(res, s)
			continue
		}
		before, mid, after := s, h, s
		before.to, after.from = c.From, c.To
		mid.from, mid.to = c.From, c.To
		if s.status == held && s.grade > h.grade {
			mid.grade = s.grade
		}
		res = add(add(add(res, before), mid), after)
	}
	return res
}
