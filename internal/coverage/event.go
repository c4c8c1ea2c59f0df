package coverage

import (
	"maps"
	"slices"
	"strings"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// eventTracks judges an event practice. The client's heartbeat (any trigger,
// answer or nil) must not stop, and no trigger may stay unanswered past its
// deadline. The subjects are those of the triggers; while there are none the
// client itself is the one subject.
func (e *evaluator) eventTracks(p *framework.Practice) []track {
	on := e.book.Practices[p.Number]
	if on == nil {
		on = &evidence.On{}
	}
	beat := e.heartbeat(p, on)
	if said := e.denied(p, on, ""); said != nil {
		beat = e.zip(beat, said, failsOnly)
	}
	scope, named := e.triggered(on)
	late := e.overdue(p, on)
	alone := named.Gaps(e.window).Union(interval.Of(scope[""]...))
	delete(scope, "")
	res := make([]track, 0, len(scope)+1)
	if len(alone) > 0 {
		res = append(res, e.eventTrack(p, "", beat, alone, late[""]))
	}
	for _, name := range slices.Sorted(maps.Keys(scope)) {
		segs := beat
		if said := e.denied(p, on, name); said != nil {
			segs = e.zip(beat, said, failsOnly)
		}
		res = append(res, e.eventTrack(p, name, segs, interval.Of(scope[name]...), late[name]))
	}
	return res
}

func (e *evaluator) eventTrack(p *framework.Practice, name string, segs []segment, scope interval.Set, late []overdue) track {
	for _, l := range late {
		segs = e.overlay(segs, l.spans, func(s segment) segment {
			if s.status == failed && s.by.Index < l.trigger.Index {
				return s
			}
			return segment{status: failed, why: whyOverdue, by: &l.trigger.Point, since: l.trigger.At, text: &l.text}
		})
	}
	segs = e.relieved(p, name, segs)
	return track{subject: name, segs: e.overlay(segs, scope.Gaps(e.window), func(segment) segment { return segment{} })}
}

// triggered is since when each subject is one, and since when any named one
// is. A statement that the practice fails for someone names a subject too.
func (e *evaluator) triggered(on *evidence.On) (map[string][]interval.Span, interval.Set) {
	scope := map[string][]interval.Span{}
	var named []interval.Span
	name := func(subject string, p *evidence.Point) {
		v := e.visible(p, p.At).Clip(e.window)
		if v.Empty() {
			return
		}
		scope[subject] = append(scope[subject], v)
		if subject != "" {
			named = append(named, v)
		}
	}
	for i := range on.Triggers {
		name(on.Triggers[i].Subject, &on.Triggers[i].Point)
	}
	for i := range on.Statements {
		if s := &on.Statements[i]; s.State == evidence.Fails && s.Subject != "" {
			name(s.Subject, &s.Point)
		}
	}
	return scope, interval.Of(named...)
}

// denied is where a statement says that the practice is not in place; nil
// where none ever did.
func (e *evaluator) denied(p *framework.Practice, on *evidence.On, subject string) []segment {
	var all []segment
	for _, msp := range [...]bool{false, true} {
		items := e.statements(p, subject, msp)
		if !slices.ContainsFunc(items, func(it item) bool { return it.verdict == framework.Fails }) {
			continue
		}
		if one := e.timeline(items, interval.Forever); all == nil {
			all = one
		} else {
			all = e.zip(all, one, either)
		}
	}
	return all
}

// failsOnly lets a statement that the practice fails stand over heartbeats.
func failsOnly(beat, said *segment) *segment {
	if said.status == failed {
		return said
	}
	return beat
}

// heartbeat is where the client gave a sign of life, with the best grade of
// those that still last.
func (e *evaluator) heartbeat(p *framework.Practice, on *evidence.On) []segment {
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	var grades [4][]interval.Span
	e.signs(p, on, func(pt *evidence.Point, g evidence.Grade, until int64) {
		v := e.visible(pt, pt.At)
		v.To = min(v.To, pt.At+maxAge, until)
		if !v.Clip(e.window).Empty() {
			grades[g] = append(grades[g], v)
		}
	})
	for i := range on.Nils {
		n := &on.Nils[i]
		valid := interval.Of(e.visible(&n.Point, n.At)).Subtract(e.contradicted(on, n))
		if e.reading == Best && len(valid) > 0 {
			grades[n.Grade] = append(grades[n.Grade], interval.Span{From: n.From, To: n.To})
		}
		grades[n.Grade] = append(grades[n.Grade], valid.Intersect(interval.Set{{From: interval.Ever, To: n.At + maxAge}})...)
	}
	quiet := segment{from: e.window.From, to: e.window.To, status: unproven, why: whySilent}
	segs := e.layer(e.segs.done(append(e.segs.open(1), quiet)), &grades)
	return e.lastSigns(p, on, segs)
}

// signs yields every sign of life but the nils, and when it stops to count.
func (e *evaluator) signs(p *framework.Practice, on *evidence.On, yield func(pt *evidence.Point, g evidence.Grade, until int64)) {
	for i := range on.Triggers {
		yield(&on.Triggers[i].Point, on.Triggers[i].Grade, interval.Forever)
	}
	for i := range on.Answers {
		yield(&on.Answers[i].Point, on.Answers[i].Grade, interval.Forever)
	}
	for i := range on.Beats {
		yield(&on.Beats[i].Point, on.Beats[i].Grade, interval.Forever)
	}
	for i := range on.Statements {
		if s := &on.Statements[i]; s.State == evidence.Holds {
			until := s.Until
			if until == 0 {
				until = interval.Forever
			}
			yield(&s.Point, s.Grade, until)
		}
	}
}

// contradicted is when a trigger inside a nil's period is known. In best the
// nil then never counts.
func (e *evaluator) contradicted(on *evidence.On, n *evidence.Nil) interval.Set {
	var spans []interval.Span
	for i := range on.Triggers {
		t := &on.Triggers[i]
		if v := e.visible(&t.Point, t.At); n.From <= t.At && t.At < n.To && !v.Empty() {
			if e.reading == Best {
				v = interval.Span{From: interval.Ever, To: interval.Forever}
			}
			spans = append(spans, v)
		}
	}
	return interval.Of(spans...)
}

// lastSigns says of each silence what the last sign of life was.
func (e *evaluator) lastSigns(p *framework.Practice, on *evidence.On, segs []segment) []segment {
	var points []*evidence.Point
	e.signs(p, on, func(pt *evidence.Point, _ evidence.Grade, _ int64) { points = append(points, pt) })
	for i := range on.Nils {
		points = append(points, &on.Nils[i].Point)
	}
	slices.SortFunc(points, func(a, b *evidence.Point) int {
		if a.Before(false, *b, false) {
			return -1
		}
		return 1
	})
	for i := range segs {
		if segs[i].status != unproven {
			continue
		}
		for _, pt := range slices.Backward(points) {
			if e.visible(pt, pt.At).Contains(segs[i].from) {
				segs[i].by, segs[i].since = pt, pt.At
				break
			}
		}
	}
	return segs
}

// overdue is a trigger and when it stood unanswered past its deadline.
type overdue struct {
	trigger *evidence.Trigger
	spans   interval.Set
	text    string
}

// overdue lists them by subject. An answer belongs to the triggers of its
// ref; where neither has one, to those before it.
func (e *evaluator) overdue(p *framework.Practice, on *evidence.On) map[string][]overdue {
	deadline := int64(0)
	if p.Event != nil {
		deadline = int64(p.Event.DeadlineDays) * interval.Day
	}
	answers := map[string][]*evidence.Answer{}
	for i := range on.Answers {
		a := &on.Answers[i]
		answers[a.Ref] = append(answers[a.Ref], a)
	}
	res := map[string][]overdue{}
	for i := range on.Triggers {
		t := &on.Triggers[i]
		v := e.visible(&t.Point, t.At)
		v.From = max(v.From, t.At+deadline)
		open := interval.Of(v)
		for _, a := range answers[t.Ref] {
			if t.Ref != "" || a.At >= t.At {
				open = open.Subtract(interval.Of(e.visible(&a.Point, a.At)))
			}
		}
		open = open.Subtract(e.closed(t.Index))
		if len(open) > 0 {
			text := t.Ref
			if t.Note != "" {
				text = strings.TrimPrefix(text+": "+t.Note, ": ")
			}
			res[t.Subject] = append(res[t.Subject], overdue{t, open, text})
		}
	}
	return res
}
