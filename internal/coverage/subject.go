package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// track is one subject's segments over the window of a piece.
type track struct {
	subject string
	name    string
	segs    []segment
	source  *evidence.Subject
}

// whole is the life of the client itself, always in scope.
var always = []life{{span: interval.Span{From: interval.Ever, To: interval.Forever}}}

// tracks judges every subject of a practice that is not an event practice.
func (e *evaluator) tracks(p *framework.Practice) []track {
	if p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP {
		return []track{{segs: e.relieved(p, "", e.judge(p, e.client(), nil))}}
	}
	register := e.book.Registers[p.Scope]
	var res []track
	if register != nil {
		for _, s := range register.Subjects {
			if t, in := e.track(p, s); in {
				res = append(res, t)
			}
		}
	}
	if from := e.registered(register); from > e.window.From {
		res = append(res, e.asAWhole(p, from))
	}
	return res
}

func (e *evaluator) client() *evidence.Subject {
	if s := e.book.Registers[framework.ScopeClient].Subject(""); s != nil {
		return s
	}
	return &evidence.Subject{}
}

// track judges one subject in the spans in which the practice asks about it.
func (e *evaluator) track(p *framework.Practice, s *evidence.Subject) (track, bool) {
	t := track{subject: s.ID, source: s}
	var scope []life
	for _, l := range e.livesOf(s) {
		if l.span = l.span.Clip(e.window); !l.span.Empty() && applies(p, l.attrs) {
			scope = append(scope, l)
			if l.attrs != nil {
				t.name = l.attrs.Name
			}
		}
	}
	if len(scope) == 0 {
		return t, false
	}
	judged := e.relieved(p, s.ID, e.judge(p, s, scope))
	t.segs = e.scoped(p, s, scope, judged)
	return t, true
}

// scoped cuts judged segments to the subject's scope and excuses the absence
// of evidence during onboarding.
func (e *evaluator) scoped(p *framework.Practice, s *evidence.Subject, scope []life, judged []segment) []segment {
	onboarded := interval.Ever
	if p.OnboardDays > 0 {
		onboarded = e.joined(s) + int64(p.OnboardDays)*interval.Day
	}
	if len(scope) == 1 && scope[0].span == e.window && onboarded <= e.window.From {
		return judged
	}
	res := make([]segment, 0, len(judged)+2)
	at := e.window.From
	for _, l := range scope {
		res = add(res, segment{from: at, to: l.span.From, status: out})
		for _, sg := range judged {
			c := interval.Span{From: sg.from, To: sg.to}.Clip(l.span)
			if c.Empty() {
				continue
			}
			sg.from, sg.to = c.From, c.To
			if sg.status == unproven && c.From < onboarded {
				excused := sg
				excused.status, excused.to = exempt, min(c.To, onboarded)
				res = add(res, excused)
				sg.from = excused.to
			}
			res = add(res, sg)
		}
		at = l.span.To
	}
	return add(res, segment{from: at, to: e.window.To, status: out})
}

// judge is what all evidence about a subject says, scope aside.
func (e *evaluator) judge(p *framework.Practice, s *evidence.Subject, scope []life) []segment {
	if p.Mode == framework.InForce {
		return e.terms(p, s.ID)
	}
	said := e.said(p, s.ID)
	var all []segment
	for _, f := range p.Feeds {
		if !f.Required || !e.feeds(f, s, scope) {
			continue
		}
		one := zip(e.measured(p, f.Measure, s), said, fallBack)
		if all == nil {
			all = one
		} else {
			all = zip(all, one, both)
		}
	}
	if all == nil {
		return said
	}
	return all
}

// feeds reports whether a feed concerns a subject: its platform is listed, or
// unknown.
func (e *evaluator) feeds(f framework.Feed, s *evidence.Subject, scope []life) bool {
	if len(f.Platforms) == 0 {
		return true
	}
	platform := ""
	for _, l := range scope {
		if l.attrs != nil && l.attrs.Platform != "" {
			platform = l.attrs.Platform
		}
	}
	return platform == "" || slices.Contains(f.Platforms, platform)
}

// measured is what all sources of a measure say together: it fails where one
// fails, and holds where one holds and none fails.
func (e *evaluator) measured(p *framework.Practice, measure string, s *evidence.Subject) []segment {
	slot := e.cat.Slots[measure]
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	var all []segment
	for _, series := range s.Series {
		if series.Measure != measure {
			continue
		}
		one := e.timeline(e.runs(series, slot), maxAge)
		if all == nil {
			all = one
		} else {
			all = zip(all, one, either)
		}
	}
	if all == nil {
		return []segment{{from: e.window.From, to: e.window.To, status: unproven, why: whyNever}}
	}
	return all
}

func (e *evaluator) runs(series *evidence.Series, slot int) []item {
	items := e.items[:0]
	for i := range series.Runs {
		r := &series.Runs[i]
		items = append(items, item{
			first: r.First, last: r.Last, verdict: r.Verdicts.At(slot), grade: r.Grade,
			until: interval.Forever, text: r.Reason, source: series.Source,
		})
	}
	e.items = items
	return items
}

// said is what persons, and the MSP's own log, say of the practice.
func (e *evaluator) said(p *framework.Practice, subject string) []segment {
	on := e.book.Practices[p.Number]
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	if on == nil {
		return []segment{{from: e.window.From, to: e.window.To, status: unproven, why: whyNever}}
	}
	own := e.timeline(e.statements(on, subject, false), maxAge)
	if !slices.ContainsFunc(on.Statements, func(s evidence.Statement) bool { return s.FromMSP }) {
		return own
	}
	return zip(own, e.timeline(e.statements(on, subject, true), maxAge), either)
}

func (e *evaluator) statements(on *evidence.On, subject string, msp bool) []item {
	items := e.items[:0]
	for i := range on.Statements {
		s := &on.Statements[i]
		if s.Subject != subject || s.FromMSP != msp || s.State == evidence.NoneExist {
			continue
		}
		it := item{first: s.Point, last: s.Point, grade: s.Grade, until: interval.Forever, text: s.Note, source: "statement"}
		if s.Until > 0 {
			it.until = s.Until
		}
		switch s.State {
		case evidence.Holds:
			it.verdict = framework.Holds
		case evidence.Fails:
			it.verdict = framework.Fails
		}
		items = append(items, it)
	}
	e.items = items
	return items
}

// fallBack lets a statement count only while no unexpired measurement exists.
func fallBack(measured, said segment) segment {
	if measured.status != unproven {
		return measured
	}
	if said.status != unproven || !measured.decided {
		return said
	}
	return measured
}

// either joins sources of one fact: a failure wins, then a pass, then "no
// object", then silence.
func either(x, y segment) segment {
	switch {
	case x.status == failed || y.status == failed:
		if x.status == failed {
			return x
		}
		return y
	case x.status == held && y.status == held:
		if y.grade > x.grade {
			return y
		}
		return x
	case x.status == held || y.status == held:
		if x.status == held {
			return x
		}
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
func both(x, y segment) segment {
	switch {
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

// later is the silence that says more: the one with evidence behind it, the
// newer where both have.
func later(x, y segment) segment {
	if y.decided && (!x.decided || y.since > x.since) {
		return y
	}
	return x
}

// relieved marks what is met by an alternative. It counts as held.
func (e *evaluator) relieved(p *framework.Practice, subject string, segs []segment) []segment {
	on := e.book.Practices[p.Number]
	if on == nil || p.Relief != framework.ReliefAlternative {
		return segs
	}
	for _, r := range on.Reliefs {
		if r.Kind != evidence.Alternative || r.Subject != "" && r.Subject != subject {
			continue
		}
		v := e.visible(r.Point, r.From)
		v.To = min(v.To, r.To)
		segs = e.alternative(segs, v, r.Grade)
	}
	return segs
}

func (e *evaluator) alternative(segs []segment, v interval.Span, g evidence.Grade) []segment {
	res := make([]segment, 0, len(segs)+2)
	for _, s := range segs {
		c := interval.Span{From: s.from, To: s.to}.Clip(v)
		if c.Empty() || s.status != unproven && s.status != failed {
			res = add(res, s)
			continue
		}
		before, after := s, s
		before.to, after.from = c.From, c.To
		res = add(add(add(res, before), segment{from: c.From, to: c.To, status: held, grade: g, alt: true}), after)
	}
	return res
}

// asAWhole judges evidence without a subject, which counts only while the
// register never had an entry. Where it shows nothing the scope is empty.
func (e *evaluator) asAWhole(p *framework.Practice, until int64) track {
	said := e.relieved(p, "", e.judge(p, &evidence.Subject{}, nil))
	res := make([]segment, 0, len(said)+1)
	for _, s := range said {
		rest := s
		s.to, rest.from = min(s.to, until), max(s.from, until)
		if s.status == unproven {
			s.status = out
		}
		rest = segment{from: rest.from, to: rest.to, status: out}
		res = add(add(res, s), rest)
	}
	return track{segs: res}
}
