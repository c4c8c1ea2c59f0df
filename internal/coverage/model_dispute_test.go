package coverage_test

import (
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
)

// disputedBy is the rest of rule 2: the entries recorded after t by which
// some subject that proven does not mind at t is a gap in best. They are the
// failures on which best rests, each by the entry that began it, and the
// entry that puts the subject in scope; where there are none, the retractions
// of what proven counted.
func (m model) disputedBy(id string, p *framework.Practice) []uint64 {
	var all []uint64
	for _, s := range m.subjects(p) {
		mine := m.subject(id, s)
		if mine.minds() || !m.best().subject(id, s).minds() {
			continue
		}
		late := m.lateFailures(id, p, s)
		if mine.status == mOut && p.Mode != framework.Event && s != "" {
			if e, _, in := m.best().place(p, s); in && e.Recorded > m.t {
				late = append(late, e.Index)
			}
		}
		if len(late) == 0 {
			late = m.lateRetractions(p, s)
		}
		all = append(all, late...)
	}
	all = append(all, m.deserted(id, p)...)
	best := m.best().practice(id)
	if best.kind == coverage.Unproven && best.inScope == 0 {
		for _, e := range m.log {
			if r, gone := m.retraction(e.Index); gone && m.noneExist(id, e) {
				all = append(all, r.Index)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// deserted is the rest of it: where best asks about nobody, the entries that
// took the subjects out by which proven holds; where there are none, the
// retractions of what proven counted.
func (m model) deserted(id string, p *framework.Practice) []uint64 {
	var all []uint64
	for _, s := range m.subjects(p) {
		switch w := m.best().subject(id, s); {
		case w.minds() || w.status == mHeld:
			return nil
		case w.status != mOut || m.subject(id, s).status != mHeld:
			continue
		}
		late := m.lateLeaving(p, s)
		if len(late) == 0 {
			late = m.lateRetractions(p, s)
		}
		all = append(all, late...)
	}
	return all
}

// lateLeaving is the entries recorded after t by which a subject is out of
// scope in best: the one that decides on its place, and its absences. What is
// said of a register as a whole ends with the register's first entry.
func (m model) lateLeaving(p *framework.Practice, subject string) []uint64 {
	var all []uint64
	b := m.best()
	var last entry
	var now lived
	for _, e := range m.log {
		switch v := e.body.(type) {
		case lived:
			if v.scope != p.Scope || !b.stands(e, e.At) {
				continue
			}
			if subject == "" && e.Recorded > m.t {
				all = append(all, e.Index)
			}
			if v.subject == subject && (now.scope == "" || e.At > last.At || e.At == last.At && e.Index > last.Index) {
				last, now = e, v
			}
		case unused:
			if v.scope == p.Scope && v.subject == subject && e.Recorded > m.t && b.stands(e, v.from) && (v.to == 0 || m.t < v.to) {
				all = append(all, e.Index)
			}
		}
	}
	if now.scope != "" && (!now.in || !wanted(p, now.attrs)) && last.Recorded > m.t {
		all = append(all, last.Index)
	}
	return all
}

// lateFailures is the failures about a subject that best counts at t and that
// began with an entry recorded after t.
func (m model) lateFailures(id string, p *framework.Practice, subject string) []uint64 {
	_, slots := m.judge(id)
	var all []uint64
	sources := [][]say{}
	for _, f := range p.Feeds {
		if f.Required && p.Mode != framework.Event && p.Mode != framework.InForce {
			for _, list := range m.series(scopeOf(p), subject, f.Measure, slots[f.Measure]) {
				sources = append(sources, list)
			}
		}
	}
	who := []string{subject}
	if p.Mode == framework.Event {
		who = []string{subject, ""}
	}
	for _, w := range who {
		for _, list := range m.statements(p, w) {
			sources = append(sources, list)
		}
	}
	for _, list := range sources {
		if e, ok := m.best().began(list); ok && e.Recorded > m.t {
			all = append(all, e.Index)
		}
	}
	if p.Mode == framework.Event {
		all = append(all, m.lateTriggers(p, subject)...)
	}
	return all
}

// began is the entry with which the failure began that decides at t.
func (m model) began(list []say) (entry, bool) {
	sortSays(list)
	list = slices.DeleteFunc(list, func(s say) bool { return s.verdict == framework.Unknown || !m.stands(s.entry, s.At) })
	i := len(list) - 1
	if i < 0 || list[i].verdict != framework.Fails || m.shut(list[i].Index) {
		return entry{}, false
	}
	for i > 0 && list[i-1].verdict == framework.Fails && !m.everShut(list[i-1].Index) {
		i--
	}
	return list[i].entry, true
}

func (m model) everShut(index uint64) bool {
	return slices.ContainsFunc(m.log, func(e entry) bool {
		c, ok := e.body.(closed)
		return ok && c.target == index && m.counted(e)
	})
}

// lateTriggers is the triggers recorded after t that stand unanswered, and
// those that contradict a nil which proven counts.
func (m model) lateTriggers(p *framework.Practice, subject string) []uint64 {
	var all []uint64
	for _, e := range m.log {
		tr, ok := e.body.(triggered)
		if !ok || tr.number != p.Number || e.Recorded <= m.t || !m.best().counted(e) {
			continue
		}
		if tr.Subject == subject && m.best().overdue(p, e) {
			all = append(all, e.Index)
		}
		for _, o := range m.log {
			if n, ok := o.body.(quiet); ok && n.number == p.Number && n.From <= e.At && e.At < n.To && m.stands(o, o.At) {
				all = append(all, e.Index)
			}
		}
	}
	return all
}

// lateRetractions is the retractions recorded after t of what speaks of a
// subject and counts in proven at t.
func (m model) lateRetractions(p *framework.Practice, subject string) []uint64 {
	var all []uint64
	for _, e := range m.log {
		r, gone := m.retraction(e.Index)
		from, relevant := m.speaksOf(p, subject, e)
		if gone && relevant && m.stands(e, from) && r.Recorded > m.t {
			all = append(all, r.Index)
		}
	}
	return all
}

// speaksOf reports whether an entry says anything about a subject of a
// practice, and from when.
func (m model) speaksOf(p *framework.Practice, subject string, e entry) (int64, bool) {
	event := p.Mode == framework.Event
	register := !event && p.Scope != framework.ScopeClient && p.Scope != framework.ScopeMSP
	switch v := e.body.(type) {
	case observed:
		return e.At, !event && v.scope == scopeOf(p) && v.subject == subject && slices.ContainsFunc(p.Feeds, func(f framework.Feed) bool {
			return f.Required && f.Measure == v.measure
		})
	case stated:
		return max(e.At, v.From), v.number == p.Number && (v.Subject == subject || event && (v.Subject == "" || v.State == evidence.Holds))
	case relieved:
		return max(e.At, v.From), v.number == p.Number && (v.Subject == "" || v.Subject == subject)
	case lived:
		return e.At, register && v.scope == p.Scope && v.subject == subject
	case unused:
		return v.from, register && v.scope == p.Scope && v.subject == subject
	case triggered:
		return e.At, event && v.number == p.Number
	case answered:
		return e.At, event && v.number == p.Number
	case quiet:
		return e.At, event && v.number == p.Number
	case closed:
		for _, o := range m.log {
			if o.Index == v.target {
				_, relevant := m.speaksOf(p, subject, o)
				return e.At, relevant
			}
		}
	}
	return 0, false
}
