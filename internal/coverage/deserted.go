package coverage

import (
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Proven may hold by subjects of which best knows that they had left the
// scope by then. Where best then asks about nobody, what was covered is not,
// and the entries that took them out dispute it.

// outs is the entries, logged late, by which a subject is not in scope: it
// left its register, changed its attributes, or was declared out of use.
func (e *evaluator) outs(p *framework.Practice, s *evidence.Subject) []dispute {
	late := false
	for i := range s.Lives {
		l := &s.Lives[i]
		late = late || l.Recorded > l.At && (!l.In || !applies(p, l.Attrs))
	}
	var res []dispute
	if late {
		e.best.ruling(len(s.Lives), func(i int) *evidence.Point { return &s.Lives[i].Point }, func(i int, sp interval.Span) {
			if l := &s.Lives[i]; !l.In || !applies(p, l.Attrs) {
				res = e.late(res, &l.Point, sp)
			}
		})
	}
	for i := range s.Unused {
		if a := &s.Unused[i]; a.Recorded > a.From {
			res = e.late(res, &a.Point, e.best.away(a))
		}
	}
	return res
}

// lifeless is where a practice does not ask about a subject with these lives.
func (e *evaluator) lifeless(p *framework.Practice, lives []life) interval.Set {
	spans := make([]interval.Span, 0, len(lives))
	for _, l := range lives {
		if applies(p, l.attrs) {
			spans = append(spans, l.span)
		}
	}
	return interval.Of(spans...).Gaps(e.window)
}

func spansOut(segs []segment) interval.Set {
	var spans []interval.Span
	for i := range segs {
		if segs[i].status == out {
			spans = append(spans, segs[i].span())
		}
	}
	return interval.Of(spans...)
}

// left is where a subject holds in proven and is gone in best, by the entries
// that took it out; where there are none, by what was taken back.
func (a *against) left(proven []segment, gone interval.Set, outs []dispute) []dispute {
	var res []dispute
	b := against{says: outs, taken: a.taken}
	for i := range proven {
		if proven[i].status == held {
			for _, sp := range gone.Intersect(interval.Set{proven[i].span()}) {
				res = append(res, b.in(sp, false)...)
			}
		}
	}
	return res
}

// deserted keeps of disputes what lies where best asks about nobody.
func (e *evaluator) deserted(p *framework.Practice, left []dispute) []dispute {
	var res []dispute
	spans := make([]interval.Span, 0, len(left))
	for _, d := range left {
		spans = append(spans, d.Span)
	}
	for _, sp := range interval.Of(spans...) {
		for _, empty := range e.emptyInBest(p, sp) {
			res = append(res, clip(left, empty)...)
		}
	}
	return res
}

// emptyInBest is where in a span best asks about nobody. Mostly the first
// subject shows that it does not.
func (e *evaluator) emptyInBest(p *framework.Practice, sp interval.Span) interval.Set {
	e.best.window = sp
	defer func() { e.best.window = e.window }()
	empty := interval.Set{sp}
	less := func(t track) {
		for i := range t.segs {
			if s := &t.segs[i]; s.status == held || minds(s) {
				empty = empty.Subtract(interval.Set{s.span()})
			}
		}
	}
	register := e.book.Registers[p.Scope]
	roll := e.best.roll(register)
	if len(roll.had.Gaps(sp)) > 0 {
		less(e.best.asAWhole(p, roll.had))
	}
	for k := range roll.of {
		if len(empty) == 0 {
			break
		}
		if t, in := e.best.track(p, register.Subjects[k], &roll.of[k]); in {
			less(t)
		}
	}
	return empty
}
