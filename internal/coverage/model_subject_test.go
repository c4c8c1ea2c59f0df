package coverage_test

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// place is the deciding entry of a subject in its register, if it is in it,
// in use, and the practice asks about it (rules 3 and 8).
func (m model) place(p *framework.Practice, subject string) (entry, *evidence.Attrs, bool) {
	var last entry
	var now lived
	for _, e := range m.log {
		if l, ok := e.body.(lived); ok && l.scope == p.Scope && l.subject == subject && m.stands(e, e.At) &&
			(now.scope == "" || e.At > last.At || e.At == last.At && e.Index > last.Index) {
			last, now = e, l
		}
	}
	if !now.in || !wanted(p, now.attrs) {
		return entry{}, nil, false
	}
	for _, e := range m.log {
		if u, ok := e.body.(unused); ok && u.scope == p.Scope && u.subject == subject && m.stands(e, u.from) && (u.to == 0 || m.t < u.to) {
			return entry{}, nil, false
		}
	}
	return last, now.attrs, true
}

// wanted reports whether a practice applies to attributes (rule 8): an
// unknown attribute is in scope.
func wanted(p *framework.Practice, a *evidence.Attrs) bool {
	if p.Applies == nil || a == nil {
		return true
	}
	if p.Applies.EPHI && a.HoldsEPHI != nil && !*a.HoldsEPHI {
		return false
	}
	if len(p.Applies.Vendor) > 0 && a.PHI != nil && !*a.PHI {
		return false
	}
	if c := p.Applies.Class; len(c) > 0 && a.Class != "" && !slices.Contains(c, a.Class) {
		return false
	}
	return true
}

// isNew reports whether a subject is being onboarded (rule 8).
func (m model) isNew(p *framework.Practice, subject string) bool {
	for _, e := range m.log {
		if l, ok := e.body.(lived); ok && l.scope == p.Scope && l.subject == subject && l.in && m.stands(e, e.At) {
			from := e.At
			if m.proven {
				from = max(from, e.Recorded)
			}
			if from+int64(p.OnboardDays)*interval.Day <= m.t {
				return false
			}
		}
	}
	return true
}

// registered reports whether a register ever had an entry (rule 10).
func (m model) registered(scope framework.Scope) bool {
	return slices.ContainsFunc(m.log, func(e entry) bool {
		l, ok := e.body.(lived)
		return ok && l.scope == scope && m.stands(e, e.At)
	})
}

// subject is what one member of a register is.
func (m model) subject(id, subject string) word {
	p, slots := m.judge(id)
	switch {
	case p.Mode == framework.Event:
		return m.eventSubject(p, subject)
	case p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP:
		if subject != "" {
			return word{status: mOut}
		}
		return m.evidenceOf(p, slots, "", "")
	case subject == "": // rule 10: attested as a whole
		w := m.evidenceOf(p, slots, "", "")
		if m.registered(p.Scope) || w.status == mUnproven {
			return word{status: mOut}
		}
		return w
	}
	_, attrs, in := m.place(p, subject)
	if !in {
		return word{status: mOut}
	}
	platform := ""
	if attrs != nil {
		platform = attrs.Platform
	}
	w := m.evidenceOf(p, slots, subject, platform)
	if w.status == mUnproven && m.isNew(p, subject) {
		return word{status: mExempt} // evidence counts and its absence is exempt
	}
	return w
}

// eventSubject is rule 7.
func (m model) eventSubject(p *framework.Practice, subject string) word {
	anyNamed, mine := false, false
	for _, e := range m.log {
		name, ok := m.names(p, e)
		if ok && name != "" {
			anyNamed = true
		}
		if ok && name == subject {
			mine = true
		}
	}
	if !mine && (subject != "" || anyNamed) {
		return word{status: mOut}
	}
	w := m.heartbeat(p)
	for _, who := range []string{"", subject} {
		for _, list := range m.statements(p, who) {
			if m.decide(list, 0).status == mFailed {
				w = word{status: mFailed}
			}
		}
	}
	for _, e := range m.log {
		if tr, ok := e.body.(triggered); ok && tr.number == p.Number && tr.Subject == subject && m.overdue(p, e) {
			w = word{status: mFailed}
		}
	}
	return m.relief(p, subject, w)
}

// names reports whom an entry makes a subject of an event practice.
func (m model) names(p *framework.Practice, e entry) (string, bool) {
	switch v := e.body.(type) {
	case triggered:
		return v.Subject, v.number == p.Number && m.stands(e, e.At)
	case stated:
		return v.Subject, v.number == p.Number && v.Subject != "" && v.State == evidence.Fails && m.stands(e, e.At)
	}
	return "", false
}

// overdue reports whether a trigger stands unanswered past its deadline.
func (m model) overdue(p *framework.Practice, e entry) bool {
	tr := e.body.(triggered)
	if !m.stands(e, e.At+int64(p.Event.DeadlineDays)*interval.Day) || m.shut(e.Index) {
		return false
	}
	return !slices.ContainsFunc(m.log, func(o entry) bool {
		a, ok := o.body.(answered)
		return ok && a.number == p.Number && a.Ref == tr.Ref && m.stands(o, o.At) && (tr.Ref != "" || o.At >= e.At)
	})
}

// heartbeat is the sign of life of the client.
func (m model) heartbeat(p *framework.Practice) word {
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	res := word{status: mUnproven}
	beat := func(g evidence.Grade) {
		if res.status != mHeld || g > res.grade {
			res = word{status: mHeld, grade: g}
		}
	}
	for _, e := range m.log {
		fresh := m.stands(e, e.At) && m.t < e.At+maxAge
		switch v := e.body.(type) {
		case triggered:
			if v.number == p.Number && fresh {
				beat(v.Grade)
			}
		case answered:
			if v.number == p.Number && fresh {
				beat(v.Grade)
			}
		case stated:
			if v.number == p.Number && v.State == evidence.Holds && fresh && (v.Until == 0 || m.t < v.Until) {
				beat(v.Grade)
			}
		case quiet:
			if v.number != p.Number || m.contradicted(e) {
				continue
			}
			if fresh || !m.proven && m.counted(e) && v.From <= m.t && m.t < v.To {
				beat(v.Grade)
			}
		}
	}
	return res
}

// contradicted reports whether a trigger inside a nil's period is known.
func (m model) contradicted(e entry) bool {
	n := e.body.(quiet)
	return slices.ContainsFunc(m.log, func(o entry) bool {
		tr, ok := o.body.(triggered)
		if !ok || tr.number != n.number || o.At < n.From || o.At >= n.To {
			return false
		}
		if m.proven {
			return m.stands(o, o.At)
		}
		return m.counted(o)
	})
}
