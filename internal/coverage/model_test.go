package coverage_test

import (
	"slices"
	"sort"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// This is the slow model: it answers for one practice at one instant by
// looking at every entry, in the words of docs/spec/coverage.md, whose rules
// the comments number. It knows no runs, no spans and no windows.

// The statuses of one subject at an instant.
const (
	mOut      = "out"
	mNA       = "not applicable"
	mExempt   = "exempt"
	mUnproven = "unproven"
	mFailed   = "failed"
	mHeld     = "held"
)

// word is what one subject is at an instant.
type word struct {
	status string
	grade  evidence.Grade
	alt    bool
}

func (w word) minds() bool { return w.status == mUnproven || w.status == mFailed }

// model looks at a log from one reading at instant t.
type model struct {
	log    []entry
	proven bool
	t      int64
}

// moment is the model's answer.
type moment struct {
	kind, why, grade, limit      string
	alt                          bool
	disputed                     []uint64
	inScope, held, unproven, bad int
}

// retraction is the first entry that takes an entry back (log rule 13).
func (m model) retraction(index uint64) (entry, bool) {
	for _, e := range m.log {
		if r, ok := e.body.(retracted); ok && r.target == index {
			return e, true
		}
	}
	return entry{}, false
}

// counted reports whether the reading takes an entry into account: proven
// those with recorded <= t, best all; a retraction drops an entry from best,
// and from proven when it is recorded (rule 2).
func (m model) counted(e entry) bool {
	r, gone := m.retraction(e.Index)
	if m.proven {
		return e.Recorded <= m.t && (!gone || m.t < r.Recorded)
	}
	return !gone
}

// stands reports whether an entry is counted and has taken effect at from
// (rules 2 and 3).
func (m model) stands(e entry, from int64) bool { return m.counted(e) && from <= m.t }

// in is the model at another instant or in another reading.
func (m model) at(t int64) model { m.t = t; return m }
func (m model) best() model      { m.proven = false; return m }

// say is one thing that a source says: rule 2's order is by at, failures over
// others, then index.
type say struct {
	entry
	verdict framework.Verdict
	grade   evidence.Grade
	until   int64
}

func sortSays(list []say) {
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if a.At != b.At {
			return a.At < b.At
		}
		if fa, fb := a.verdict == framework.Fails, b.verdict == framework.Fails; fa != fb {
			return fb
		}
		return a.Index < b.Index
	})
}

// shut reports whether an entry names a failure and closes it (rule 5).
func (m model) shut(index uint64) bool {
	for _, e := range m.log {
		if c, ok := e.body.(closed); ok && c.target == index && m.stands(e, e.At) {
			return true
		}
	}
	return false
}

// decide is what a source's entries say (rule 2): the latest that is not
// unknown decides, and a pass ages.
func (m model) decide(list []say, maxAge int64) word {
	var last *say
	sortSays(list)
	for i := range list {
		if s := &list[i]; s.verdict != framework.Unknown && m.stands(s.entry, s.At) {
			last = s
		}
	}
	switch {
	case last == nil:
		return word{status: mUnproven}
	case last.verdict == framework.Fails && m.shut(last.Index):
		return word{status: mUnproven}
	case last.verdict == framework.Fails:
		return word{status: mFailed}
	case last.until > 0 && m.t >= last.until, maxAge > 0 && m.t >= last.At+maxAge:
		return word{status: mUnproven}
	case last.verdict == framework.NotApplicable:
		return word{status: mNA}
	}
	return word{status: mHeld, grade: last.grade}
}

// anySource joins the sources of one fact (rule 5): it fails where one fails
// and holds where one holds.
func anySource(words []word) word {
	res := word{status: mUnproven}
	rank := map[string]int{mUnproven: 0, mNA: 1, mHeld: 2, mFailed: 3}
	for _, w := range words {
		if rank[w.status] > rank[res.status] || w.status == res.status && w.grade > res.grade {
			res = w
		}
	}
	return res
}

// allFacts joins the facts that a practice needs (rule 5): failed if one
// fails, else unproven if one is unproven, else it holds; a fact without an
// object asks nothing.
func allFacts(words []word) word {
	res := word{status: mNA}
	rank := map[string]int{mNA: 0, mHeld: 1, mUnproven: 2, mFailed: 3}
	for _, w := range words {
		if rank[w.status] > rank[res.status] || w.status == mHeld && res.status == mHeld && w.grade < res.grade {
			res = w
		}
	}
	return res
}

// slots of the catalog that judges t (rule 14): the one adopted last by
// recorded that has the practice, else the first one that has it.
func (m model) judge(id string) (*framework.Practice, map[string]int) {
	var p *framework.Practice
	var slots map[string]int
	for _, e := range m.log {
		if a, ok := e.body.(adopted); ok {
			if q, has := a.catalog.Practice(id); has && (p == nil || e.Recorded <= m.t) {
				p, slots = q, a.slots
			}
		}
	}
	return p, slots
}

// series is what each source says of a measure of a subject.
func (m model) series(scope framework.Scope, subject, measure string, slot int) map[string][]say {
	res := map[string][]say{}
	for _, e := range m.log {
		if o, ok := e.body.(observed); ok && o.scope == scope && o.subject == subject && o.measure == measure {
			res[o.source] = append(res[o.source], say{e, o.verdicts.At(slot), o.grade, 0})
		}
	}
	return res
}

// statements is what persons (false) and the MSP's log (true) say.
func (m model) statements(p *framework.Practice, subject string) map[bool][]say {
	res := map[bool][]say{}
	for _, e := range m.log {
		s, ok := e.body.(stated)
		if !ok || s.number != p.Number || s.Subject != subject {
			continue
		}
		v := framework.Unknown
		switch s.State {
		case evidence.Holds:
			v = framework.Holds
		case evidence.Fails:
			v = framework.Fails
		}
		res[s.FromMSP] = append(res[s.FromMSP], say{e, v, s.Grade, s.Until})
	}
	return res
}

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

// evidenceOf is what all evidence about a subject says, scope aside.
func (m model) evidenceOf(p *framework.Practice, slots map[string]int, subject, platform string) word {
	if p.Mode == framework.InForce {
		return m.relief(p, subject, m.inForce(p, subject))
	}
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	var persons []word
	for _, list := range m.statements(p, subject) {
		persons = append(persons, m.decide(list, maxAge))
	}
	said := anySource(persons)
	var facts []word
	for _, f := range p.Feeds {
		if !f.Required || len(f.Platforms) > 0 && platform != "" && !slices.Contains(f.Platforms, platform) {
			continue
		}
		var sources []word
		for _, list := range m.series(scopeOf(p), subject, f.Measure, slots[f.Measure]) {
			sources = append(sources, m.decide(list, maxAge))
		}
		fact := anySource(sources)
		if fact.status == mUnproven { // rule 5: only while no unexpired measurement exists
			fact = said
		}
		facts = append(facts, fact)
	}
	res := said // a statement on the practice stands for all its facts
	if len(facts) > 0 {
		res = allFacts(facts)
	}
	return m.relief(p, subject, res)
}

func scopeOf(p *framework.Practice) framework.Scope {
	if p.Scope == framework.ScopeMSP {
		return framework.ScopeClient
	}
	return p.Scope
}

// relief is rule 13: an alternative counts as held, only where the
// specification is addressable; from when it was said, or begins if later.
func (m model) relief(p *framework.Practice, subject string, w word) word {
	if p.Relief != framework.ReliefAlternative || !w.minds() {
		return w
	}
	for _, e := range m.log {
		r, ok := e.body.(relieved)
		if !ok || r.number != p.Number || r.Kind != evidence.Alternative || r.Subject != "" && r.Subject != subject {
			continue
		}
		if m.stands(e, max(e.At, r.From)) && (r.To == 0 || m.t < r.To) && (!w.alt || r.Grade > w.grade) {
			w = word{mHeld, r.Grade, true}
		}
	}
	return w
}

// inForce is rule 6, for each source.
func (m model) inForce(p *framework.Practice, subject string) word {
	var words []word
	for _, list := range m.statements(p, subject) {
		sortSays(list)
		res := m.decide(list, 0)
		if res.status != mFailed {
			res = word{status: mUnproven}
		}
		for i, s := range list {
			if m.termHolds(s, list[i+1:]) && (res.status != mHeld || s.grade > res.grade) {
				res = word{status: mHeld, grade: s.grade}
			}
		}
		words = append(words, res)
	}
	return anySource(words)
}

// termHolds reports whether one term is in force: from the later of effective
// date and signature until its end, its termination, or its next version.
func (m model) termHolds(s say, after []say) bool {
	term := s.body.(stated)
	if term.State != evidence.Holds || !m.stands(s.entry, max(s.At, term.From)) ||
		term.To > 0 && m.t >= term.To || term.Until > 0 && m.t >= term.Until {
		return false
	}
	return !slices.ContainsFunc(after, func(o say) bool {
		next := o.body.(stated)
		switch next.State {
		case evidence.Fails:
			return (next.Ref == "" || next.Ref == term.Ref) && m.stands(o.entry, o.At) && !m.shut(o.Index)
		case evidence.Holds:
			return next.Ref == term.Ref && m.stands(o.entry, max(o.At, next.From))
		}
		return false
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

// names lists everybody who may be a subject.
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
				if _, _, in := m.at(u).placeUnder(p, subject); in {
					return false
				}
			}
		}
	}
	return true
}

func (m model) placeUnder(p *framework.Practice, subject string) (entry, *evidence.Attrs, bool) {
	return m.place(p, subject)
}

// dated is what held by date (rules 12 and 17): the first stated also for all
// time before.
func (m model) dated(pick func(any) (string, bool), otherwise string) string {
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
	kind := m.dated(func(b any) (string, bool) { v, ok := b.(bound); return string(v.kind), ok }, string(framework.CoveredEntity))
	if !p.BindsKind(framework.LegalKind(kind)) {
		return moment{kind: "exempt", why: coverage.NotBound} // rule 12
	}
	profile := m.dated(func(b any) (string, bool) { v, ok := b.(enters); return string(v.profile), ok }, string(framework.ProfileSmall))
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
