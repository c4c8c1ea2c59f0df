package coverage

import (
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// track is one subject's segments over the window of a piece.
type track struct {
	subject   string
	name      string
	segs      []segment
	contested bool // a failure about it was logged late
}

// ofClient reports whether the client itself is the one subject of a practice.
func ofClient(p *framework.Practice) bool {
	return p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP
}

// tracks judges every subject of a practice.
func (e *evaluator) tracks(p *framework.Practice) []track {
	switch {
	case p.Mode == framework.Event:
		return e.eventTracks(p)
	case ofClient(p):
		return []track{{segs: e.relieved(p, "", e.judge(p, e.unnamed(framework.ScopeClient), ""))}}
	}
	register := e.book.Registers[p.Scope]
	roll := e.roll(register)
	res := make([]track, 0, len(roll.of)+1)
	if register != nil {
		for i, s := range register.Subjects {
			if t, in := e.track(p, s, &roll.of[i]); in {
				res = append(res, t)
			}
		}
	}
	if len(roll.had.Gaps(e.window)) > 0 {
		res = append(res, e.asAWhole(p, roll.had))
	}
	return res
}

// unnamed is what was measured without naming a subject.
func (e *evaluator) unnamed(scope framework.Scope) *evidence.Subject {
	if s := e.book.Registers[scope].Subject(""); s != nil {
		return s
	}
	return &evidence.Subject{}
}

// track judges one subject in the spans in which the practice asks about it.
func (e *evaluator) track(p *framework.Practice, s *evidence.Subject, of *membership) (track, bool) {
	t := track{subject: s.ID}
	scope := e.scope[:0]
	for _, l := range of.lives {
		if l.span = l.span.Clip(e.window); !l.span.Empty() && applies(p, l.attrs) {
			scope = append(scope, l)
			if l.attrs != nil {
				t.name = l.attrs.Name
			}
		}
	}
	e.scope = scope
	if len(scope) == 0 {
		return t, false
	}
	e.contested = false
	t.segs = e.relieved(p, s.ID, e.byPlatform(p, s, scope))
	t.contested = e.contested
	onboarded := interval.Ever
	switch {
	case p.OnboardDays > 0 && of.taken:
		t.segs = e.excused(p, s, t.segs)
	case p.OnboardDays > 0:
		onboarded = of.joined + int64(p.OnboardDays)*interval.Day
	}
	if len(scope) > 1 || scope[0].span != e.window || onboarded > e.window.From {
		t.segs = e.fit(t.segs, scope, onboarded)
	}
	return t, true
}

// fit cuts segments to a subject's scope, and takes the absence of evidence
// out until the subject is onboarded.
func (e *evaluator) fit(segs []segment, scope []life, onboarded int64) []segment {
	res := e.segs.open(len(segs) + 2*len(scope) + 2)
	at := e.window.From
	for _, l := range scope {
		res = add(res, segment{from: at, to: l.span.From})
		for i := range segs {
			s := segs[i]
			s.from, s.to = max(s.from, l.span.From), min(s.to, l.span.To)
			if s.from >= s.to {
				continue
			}
			if s.status == unproven && s.from < onboarded {
				end := min(s.to, onboarded)
				res = add(res, plain(s.from, end, exempt, evidence.NoGrade))
				s.from = end
			}
			res = add(res, s)
		}
		at = l.span.To
	}
	return e.segs.done(add(res, segment{from: at, to: e.window.To}))
}

// byPlatform judges each life of a subject by the measures of its platform.
func (e *evaluator) byPlatform(p *framework.Practice, s *evidence.Subject, scope []life) []segment {
	if !mixed(p, scope) {
		return e.judge(p, s, scope[0].platform())
	}
	var res []segment
	at := e.window.From
	for i, l := range scope {
		to := e.window.To
		if i+1 < len(scope) {
			to = l.span.To
		}
		for _, sg := range e.judge(p, s, l.platform()) {
			sg.from, sg.to = max(sg.from, at), min(sg.to, to)
			res = add(res, sg)
		}
		at = to
	}
	return res
}

// excused takes the absence of evidence out while a subject is new, where the
// entries that made it new may have been taken back.
func (e *evaluator) excused(p *framework.Practice, s *evidence.Subject, segs []segment) []segment {
	fresh := e.settled(s, p.OnboardDays).Gaps(e.window)
	return e.overlay(segs, fresh, func(s segment) segment {
		if s.status == unproven {
			return segment{status: exempt}
		}
		return s
	})
}

// judge is what all evidence about a subject says, scope aside.
func (e *evaluator) judge(p *framework.Practice, s *evidence.Subject, platform string) []segment {
	if p.Mode == framework.InForce {
		return e.terms(p, s.ID)
	}
	said := e.said(p, s.ID)
	var all []segment
	for i := range p.Feeds {
		f := &p.Feeds[i]
		if !f.Required || !f.For(platform) {
			continue
		}
		one := e.measured(p, s, f.Measure, e.slots[i])
		if len(said) > 0 {
			one = e.zip(one, said, fallBack)
		}
		if all == nil {
			all = one
		} else {
			all = e.zip(all, one, both)
		}
	}
	switch {
	case all != nil:
		return all
	case len(said) > 0:
		return said
	}
	return e.silent()
}

// silent is a window in which nothing was ever recorded.
func (e *evaluator) silent() []segment {
	return e.segs.done(append(e.segs.open(1), segment{from: e.window.From, to: e.window.To, status: unproven, why: whyNever}))
}

// measured is what all sources of a measure say together: it fails where one
// fails, and holds where one holds and none fails.
func (e *evaluator) measured(p *framework.Practice, s *evidence.Subject, measure string, slot int) []segment {
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	var all []segment
	for i, series := range s.Series {
		if series.Measure != measure {
			continue
		}
		one, ok := e.steady(series, slot, uint16(i+1), maxAge)
		if !ok {
			one = e.timeline(e.runs(series, slot, uint16(i+1), false), maxAge)
		}
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

// said is what persons, and the MSP's own log, say of the practice; nothing
// where they say nothing.
func (e *evaluator) said(p *framework.Practice, subject string) []segment {
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	var all []segment
	for _, msp := range [...]bool{false, true} {
		items := e.statements(p, subject, msp)
		if len(items) == 0 {
			continue
		}
		one := e.timeline(items, maxAge)
		if all == nil {
			all = one
		} else {
			all = e.zip(all, one, either)
		}
	}
	return all
}

// statements lists what one source, the client's own log or the MSP's, says
// of a practice and a subject, latest first and without the unknown.
func (e *evaluator) statements(p *framework.Practice, subject string, msp bool) []item {
	items := e.items[:0]
	spoken := e.spoken(p)
	if spoken == nil {
		return nil
	}
	list := spoken[subject]
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		if s.FromMSP != msp {
			continue
		}
		it := item{first: &s.Point, last: &s.Point, text: &s.Note, grade: s.Grade, until: interval.Forever}
		if s.Until > 0 {
			it.until = s.Until
		}
		switch s.State {
		case evidence.Holds:
			it.verdict = framework.Holds
		case evidence.Fails:
			it.verdict = framework.Fails
		default:
			continue
		}
		items = append(items, it)
	}
	e.items = items
	return items
}

// spoken is the statements on a practice by subject, in order.
func (e *evaluator) spoken(p *framework.Practice) map[string][]*evidence.Statement {
	if e.number == p.Number {
		return e.bySubject
	}
	e.number, e.bySubject = p.Number, nil
	if on := e.book.Practices[p.Number]; on != nil && len(on.Statements) > 0 {
		e.bySubject = make(map[string][]*evidence.Statement, 4)
		for i := range on.Statements {
			s := &on.Statements[i]
			e.bySubject[s.Subject] = append(e.bySubject[s.Subject], s)
		}
	}
	return e.bySubject
}

// fallBack lets a statement count only while no unexpired measurement exists.
func fallBack(measured, said *segment) *segment {
	if measured.status != unproven || said.status == unproven && measured.by != nil {
		return measured
	}
	return said
}

// either joins sources of one fact: a failure wins, then a pass, then "no
// object", then silence.
func either(x, y *segment) *segment {
	switch {
	case x.status == failed && y.status == failed:
		return earlier(x, y)
	case x.status == failed:
		return x
	case y.status == failed:
		return y
	case x.status == held && (y.status != held || y.grade <= x.grade):
		return x
	case y.status == held:
		return y
	case x.status == na:
		return x
	case y.status == na:
		return y
	}
	return later(x, y)
}

// both joins facts that a practice needs all of: a failure wins, then
// silence; the grade is the weaker one; "no object" asks nothing.
func both(x, y *segment) *segment {
	switch {
	case x.status == failed && y.status == failed:
		return earlier(x, y)
	case x.status == failed:
		return x
	case y.status == failed:
		return y
	case x.status == unproven && y.status == unproven:
		return later(x, y)
	case x.status == unproven:
		return x
	case y.status == unproven:
		return y
	case x.status == na:
		return y
	case y.status == na || x.grade <= y.grade:
		return x
	}
	return y
}

// earlier is the failure that was logged first.
func earlier(x, y *segment) *segment {
	if y.by.Index < x.by.Index {
		return y
	}
	return x
}

// later is the silence that says more: the one with evidence behind it, the
// newer where both have.
func later(x, y *segment) *segment {
	if y.by != nil && (x.by == nil || y.since > x.since || y.since == x.since && y.by.Index < x.by.Index) {
		return y
	}
	return x
}

// relieved marks what is met by an alternative. It counts as held.
func (e *evaluator) relieved(p *framework.Practice, subject string, segs []segment) []segment {
	on := e.book.Practices[p.Number]
	if on == nil || len(on.Reliefs) == 0 || p.Relief != framework.ReliefAlternative {
		return segs
	}
	var grades [4][]interval.Span
	for i := range on.Reliefs {
		if r := &on.Reliefs[i]; r.Kind == evidence.Alternative && (r.Subject == "" || r.Subject == subject) {
			grades[r.Grade] = append(grades[r.Grade], e.relief(r))
		}
	}
	for g := len(grades) - 1; g >= 0; g-- {
		segs = e.overlay(segs, interval.Of(grades[g]...), func(s segment) segment {
			if s.status == unproven || s.status == failed {
				return segment{status: held, grade: evidence.Grade(g), alt: true}
			}
			return s
		})
	}
	return segs
}

// relief is when a relief counts: from when it was said, or begins if later.
func (e *evaluator) relief(r *evidence.Relief) interval.Span {
	v := e.visible(&r.Point, max(r.At, r.From))
	if r.To > 0 {
		v.To = min(v.To, r.To)
	}
	return v
}

// asAWhole judges evidence without a subject, which counts only while the
// register never had an entry. Where it shows nothing the scope is empty.
func (e *evaluator) asAWhole(p *framework.Practice, had interval.Set) track {
	segs := e.relieved(p, "", e.judge(p, e.unnamed(p.Scope), ""))
	segs = e.overlay(segs, interval.Set{e.window}, func(s segment) segment {
		if s.status == unproven {
			return segment{}
		}
		return s
	})
	return track{segs: e.overlay(segs, had, func(segment) segment { return segment{} })}
}
