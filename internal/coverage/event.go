package coverage

import (
	"slices"
	"strings"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// eventTracks judges an event practice. The client's heartbeat (any trigger,
// answer or nil) must not stop, and no trigger may stay unanswered past its
// deadline. The subjects are those of the triggers; before the first trigger
// with a subject the client itself is the one subject.
func (e *evaluator) eventTracks(p *framework.Practice) []track {
	on := e.book.Practices[p.Number]
	if on == nil {
		on = &evidence.On{}
	}
	beat := e.heartbeat(p, on)
	client := track{segs: zip(beat, e.said(p, ""), failsOnly)}
	late := e.overdue(p, on)
	first := interval.Forever
	bySubject := map[string][]segment{}
	var names []string
	for _, t := range on.Triggers {
		v := e.visible(t.Point, t.At)
		if v.From >= v.To || t.Subject == "" {
			continue
		}
		if _, seen := bySubject[t.Subject]; !seen {
			names = append(names, t.Subject)
			bySubject[t.Subject] = nil
		}
		first = min(first, v.From)
	}
	for _, l := range late {
		bySubject[l.subject] = append(bySubject[l.subject], l.seg)
	}
	slices.Sort(names)
	res := make([]track, 0, len(names)+1)
	client.segs = fail(client.segs, bySubject[""])
	if len(bySubject[""]) == 0 {
		client.segs = before(client.segs, first)
	}
	res = append(res, client)
	for _, name := range names {
		segs := after(beat, e.triggered(on, name))
		res = append(res, track{subject: name, segs: fail(segs, bySubject[name])})
	}
	return res
}

// failsOnly lets a statement that the practice fails stand over heartbeats.
func failsOnly(beat, said segment) segment {
	if said.status == failed {
		return said
	}
	return beat
}

func (e *evaluator) triggered(on *evidence.On, subject string) int64 {
	first := interval.Forever
	for _, t := range on.Triggers {
		if v := e.visible(t.Point, t.At); t.Subject == subject && v.From < v.To {
			first = min(first, v.From)
		}
	}
	return first
}

// before keeps segments up to t and is out of scope from there on; after is
// the other half.
func before(segs []segment, t int64) []segment {
	res := make([]segment, 0, len(segs)+1)
	for _, s := range segs {
		rest := segment{from: max(s.from, t), to: s.to, status: out}
		s.to = min(s.to, t)
		res = add(add(res, s), rest)
	}
	return res
}

func after(segs []segment, t int64) []segment {
	res := make([]segment, 0, len(segs)+1)
	for _, s := range segs {
		head := segment{from: s.from, to: min(s.to, t), status: out}
		s.from = max(s.from, t)
		res = add(add(res, head), s)
	}
	return res
}

// fail lays failed segments over others.
func fail(segs, late []segment) []segment {
	for _, f := range late {
		res := make([]segment, 0, len(segs)+2)
		for _, s := range segs {
			c := interval.Span{From: s.from, To: s.to}.Clip(interval.Span{From: f.from, To: f.to})
			if c.Empty() || s.status == failed {
				res = add(res, s)
				continue
			}
			head, mid, tail := s, f, s
			head.to, tail.from = c.From, c.To
			mid.from, mid.to = c.From, c.To
			res = add(add(add(res, head), mid), tail)
		}
		segs = res
	}
	return segs
}

// heartbeat is where the client gave a sign of life, with the best grade of
// those that still last.
func (e *evaluator) heartbeat(p *framework.Practice, on *evidence.On) []segment {
	maxAge := int64(p.Freshness.MaxAgeDays) * interval.Day
	segs := []segment{{from: e.window.From, to: e.window.To, status: unproven, why: whySilent}}
	beat := func(pt evidence.Point, g evidence.Grade, end int64) {
		v := e.visible(pt, pt.At)
		v = interval.Span{From: v.From, To: min(v.To, pt.At+maxAge, end)}.Clip(e.window)
		if !v.Empty() {
			segs = lay(segs, segment{from: v.From, to: v.To, status: held, grade: g})
		}
	}
	for _, t := range on.Triggers {
		beat(t.Point, t.Grade, interval.Forever)
	}
	for _, a := range on.Answers {
		beat(a.Point, a.Grade, interval.Forever)
	}
	for _, b := range on.Beats {
		beat(b.Point, b.Grade, interval.Forever)
	}
	for _, n := range on.Nils {
		end, contradicted := e.contradiction(on, n)
		if e.reading == Best && contradicted {
			continue
		}
		beat(n.Point, n.Grade, end)
		if v := e.visible(n.Point, n.At); e.reading == Best && v.From < v.To {
			if sp := (interval.Span{From: n.From, To: n.To}).Clip(e.window); !sp.Empty() {
				segs = lay(segs, segment{from: sp.From, to: sp.To, status: held, grade: n.Grade})
			}
		}
	}
	return e.silence(on, segs)
}

// contradiction is when a trigger inside a nil's period takes effect.
func (e *evaluator) contradiction(on *evidence.On, n evidence.Nil) (int64, bool) {
	first := interval.Forever
	for _, t := range on.Triggers {
		if v := e.visible(t.Point, t.At); n.From <= t.At && t.At < n.To && v.From < v.To {
			first = min(first, v.From)
		}
	}
	return first, first < interval.Forever
}

// silence says of each unproven segment what the last sign of life was.
func (e *evaluator) silence(on *evidence.On, segs []segment) []segment {
	for i := range segs {
		if segs[i].status != unproven {
			continue
		}
		for _, p := range on.Signs() {
			v := e.visible(p, p.At)
			if v.From < v.To && v.From <= segs[i].from && (!segs[i].decided || p.At > segs[i].since) {
				segs[i].decided, segs[i].since, segs[i].entry = true, p.At, p.Index
			}
		}
	}
	return segs
}

type lateTrigger struct {
	subject string
	seg     segment
}

// overdue is where triggers stood unanswered past the deadline.
func (e *evaluator) overdue(p *framework.Practice, on *evidence.On) []lateTrigger {
	var res []lateTrigger
	deadline := int64(0)
	if p.Event != nil {
		deadline = int64(p.Event.DeadlineDays) * interval.Day
	}
	for _, t := range on.Triggers {
		v := e.visible(t.Point, t.At)
		v.From = max(v.From, t.At+deadline)
		open := interval.Set{v.Clip(e.window)}
		for _, a := range on.Answers {
			if a.Ref == t.Ref {
				open = open.Subtract(interval.Set{e.visible(a.Point, a.At)})
			}
		}
		if c, closed := e.book.Closures[t.Index]; closed {
			open = open.Subtract(interval.Set{e.visible(c.Point, c.At)})
		}
		for _, sp := range open {
			if sp.Empty() {
				continue
			}
			text := t.Ref
			if t.Note != "" {
				text = strings.TrimSpace(text + ": " + t.Note)
			}
			res = append(res, lateTrigger{t.Subject, segment{
				from: sp.From, to: sp.To, status: failed, why: whyOverdue,
				since: t.At, entry: t.Index, decided: true, text: text,
			}})
		}
	}
	return res
}
