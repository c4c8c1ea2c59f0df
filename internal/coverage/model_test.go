package coverage_test

import (
	"slices"
	"sort"

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
