package coverage_test

import (
	"slices"
	"sort"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// subjects lists everybody who may be a subject.
func (m model) subjects(p *framework.Practice) []string {
	names := []string{""}
	for _, e := range m.log {
		switch v := e.body.(type) {
		case lived:
			if v.scope == p.Scope {
				names = append(names, v.subject)
			}
		case triggered:
			if v.number == p.Number {
				names = append(names, v.Subject)
			}
		case stated:
			if v.number == p.Number && p.Mode == framework.Event {
				names = append(names, v.Subject)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// instants is every instant at which anything can change.
func (m model) instants() []int64 {
	var all []int64
	for _, e := range m.log {
		for _, t := range []int64{e.At, e.Recorded} {
			all = append(all, t)
			for _, a := range m.log {
				if c, ok := a.body.(adopted); ok {
					for _, p := range c.catalog.Practices {
						all = append(all, t+int64(p.Freshness.MaxAgeDays)*interval.Day, t+int64(p.OnboardDays)*interval.Day)
						if p.Event != nil {
							all = append(all, t+int64(p.Event.DeadlineDays)*interval.Day)
						}
					}
				}
			}
		}
		switch v := e.body.(type) {
		case stated:
			all = append(all, v.From, v.To, v.Until, e.At+365*interval.Day)
		case unused:
			all = append(all, v.from, v.to)
		case quiet:
			all = append(all, v.From, v.To)
		case relieved:
			all = append(all, v.From, v.To)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// noneExist reports whether someone's word that the scope is empty still
// counts (rule 10): at most 365 days, and it ends at the first subject.
func (m model) noneExist(id string, e entry) bool {
	p, _ := m.judge(id)
	s, ok := e.body.(stated)
	if !ok || s.number != p.Number || s.State != evidence.NoneExist || p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP {
		return false
	}
	from := max(e.At, s.From)
	if !m.stands(e, from) || m.t >= e.At+365*interval.Day || s.To > 0 && m.t >= s.To {
		return false
	}
	if m.proven {
		from = max(from, e.Recorded)
	}
	for _, u := range append(m.instants(), m.t) {
		if from <= u && u <= m.t {
			for _, subject := range m.subjects(p) {
				if _, _, in := m.at(u).place(p, subject); in {
					return false
				}
			}
		}
	}
	return true
}

// dated is what held by date (rules 12 and 17): the first stated also for all
// time before, of legal kinds; of profiles only one stated when the log began.
func (m model) dated(pick func(any) (string, bool), otherwise string, reachesBack func(entry) bool) string {
	var list []entry
	for _, e := range m.log {
		if _, ok := pick(e.body); ok {
			list = append(list, e)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].At < list[j].At })
	res := ""
	for _, e := range list {
		if m.stands(e, e.At) {
			res, _ = pick(e.body)
		}
	}
	if res != "" {
		return res
	}
	if m.proven { // the first logged: the past of proven does not change
		sort.SliceStable(list, func(i, j int) bool { return list[i].Index < list[j].Index })
	}
	for _, e := range list {
		r, gone := m.retraction(e.Index)
		if !reachesBack(e) {
			continue
		}
		if !gone || m.proven && m.t < r.Recorded {
			res, _ = pick(e.body)
			return res
		}
	}
	return otherwise
}

// practice is the whole answer at the instant.
func (m model) practice(id string) moment {
	p, _ := m.judge(id)
	kind := m.dated(func(b any) (string, bool) { v, ok := b.(bound); return string(v.kind), ok }, string(framework.CoveredEntity), func(entry) bool { return true })
	if !p.BindsKind(framework.LegalKind(kind)) {
		return moment{kind: "exempt", why: coverage.NotBound} // rule 12
	}
	profile := m.dated(func(b any) (string, bool) { v, ok := b.(enters); return string(v.profile), ok }, string(framework.ProfileSmall), func(e entry) bool { return e.Recorded == m.log[0].Recorded })
	res := moment{}
	exempts, nas := 0, 0
	grade := evidence.Measured
	for _, s := range m.subjects(p) {
		switch w := m.subject(id, s); w.status {
		case mFailed:
			res.bad++
		case mUnproven:
			res.unproven++
		case mHeld:
			res.held++
			res.alt = res.alt || w.alt
			grade = min(grade, w.grade)
		case mExempt:
			exempts++
		case mNA:
			nas++
		}
	}
	res.inScope = res.bad + res.unproven + res.held
	attested := slices.ContainsFunc(m.log, func(e entry) bool { return m.noneExist(id, e) })
	switch {
	case res.bad > 0: // rule 15: failed goes before unproven
		res.kind = coverage.Failed
	case res.unproven > 0:
		res.kind = coverage.Unproven
	case res.held > 0:
		res.kind, res.grade = "covered", grade.String()
	case exempts > 0:
		res.kind, res.why = "exempt", coverage.Onboarding
	case nas > 0 || attested:
		res.kind, res.why = "exempt", coverage.NotApplicable
	default:
		res.kind = coverage.Unproven // rule 10: an empty scope
	}
	if res.kind != "covered" {
		res.alt = false
		if !p.In(framework.Profile(profile)) { // rule 17
			res.kind, res.why = "exempt", coverage.NotStarted
		}
	}
	if res.kind == coverage.Unproven {
		res.limit = string(p.Freshness.Limit)
	}
	if m.proven && (res.kind == "covered" || res.why == coverage.Onboarding || res.why == coverage.NotApplicable) {
		res.disputed = m.disputedBy(id, p)
	}
	return res
}
