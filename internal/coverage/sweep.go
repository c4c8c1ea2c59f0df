package coverage

import (
	"math"
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// tally sums milliseconds over subjects.
type tally struct{ held, unproven, failed int64 }

func (t *tally) add(o tally) {
	t.held += o.held
	t.unproven += o.unproven
	t.failed += o.failed
}

func (t tally) days() SubjectDays {
	d := func(ms int64) float64 { return math.Round(float64(ms)/float64(interval.Day)*1e6) / 1e6 }
	return SubjectDays{InScope: d(t.held + t.unproven + t.failed), Held: d(t.held), Unproven: d(t.unproven), Failed: d(t.failed)}
}

// class packs what the sweep counts of a segment: status in three bits, grade
// in two, alternative in one.
func (s *segment) class() uint8 {
	c := uint8(s.status) | uint8(s.grade)<<3
	if s.alt {
		c |= 1 << 5
	}
	return c
}

// A change is a step of one subject from one class to another, packed so that
// the order of numbers is the order of time: ms since the window began, the
// old class, the new class. Where both are equal it is a boundary of the
// practice itself.
func change(after int64, old, now uint8) uint64 {
	return uint64(after)<<16 | uint64(old)<<8 | uint64(now)
}

// counts is how many subjects are of each status, and how the held ones are
// held: by grade, and by grade through an alternative.
type counts struct {
	by   [8]int32
	held [8]int32
}

func (c *counts) step(class uint8, n int32) {
	c.by[class&7] += n
	if status(class&7) == held {
		c.held[class>>3] += n
	}
}

// weakest is the weakest grade among held subjects, and whether any of them
// is held by an alternative.
func (c *counts) weakest() (evidence.Grade, bool) {
	g, alt := evidence.Measured, false
	for i, n := range c.held {
		if n > 0 {
			g = min(g, evidence.Grade(i&3))
			alt = alt || i >= 4
		}
	}
	return g, alt
}

// swept is what a sweep over one piece of the window found.
type swept struct {
	list  []stretch
	wide  interval.Set
	empty interval.Set
	days  tally
	last  Subjects
}

// sweep walks all subjects through the window at once.
func (e *evaluator) sweep(p *framework.Practice, tracks []track) swept {
	var c counts
	var res swept
	bound, started, none := e.bound(p), e.started(p), e.noneExist(p)
	changes := e.boundaries(e.changes[:0], bound, started, none)
	for i := range tracks {
		segs := tracks[i].segs
		was := segs[0].class()
		c.step(was, 1)
		for k := 1; k < len(segs); k++ {
			if now := segs[k].class(); now != was {
				changes = append(changes, change(segs[k].from-e.window.From, was, now))
				was = now
			}
		}
	}
	slices.Sort(changes)
	e.changes = changes
	for at, i := e.window.From, 0; at < e.window.To; {
		for ; i < len(changes) && int64(changes[i]>>16)+e.window.From <= at; i++ {
			if old, now := uint8(changes[i]>>8), uint8(changes[i]); old != now {
				c.step(old, -1)
				c.step(now, 1)
			}
		}
		to := e.window.To
		if i < len(changes) {
			to = int64(changes[i]>>16) + e.window.From
		}
		s := stretch{Span: interval.Span{From: at, To: to}}
		if bound.Contains(at) {
			res.count(p, &c, &s, none.Contains(at), started.Contains(at))
		} else {
			s.verdict, s.why, res.last = isExempt, NotBound, Subjects{}
		}
		if in := res.last.InScope; s.verdict == isHeld || s.verdict == isExempt || in > 0 && 20*res.last.Held >= 19*in {
			res.wide = touch(res.wide, s.Span)
		}
		res.list = join(res.list, s)
		at = to
	}
	return res
}

// boundaries adds the ends of sets as changes of nobody.
func (e *evaluator) boundaries(changes []uint64, sets ...interval.Set) []uint64 {
	for _, set := range sets {
		for _, sp := range set {
			for _, t := range [...]int64{sp.From, sp.To} {
				if e.window.From < t && t < e.window.To {
					changes = append(changes, change(t-e.window.From, 0, 0))
				}
			}
		}
	}
	return changes
}

// count sets the verdict of a stretch that binds the client, and adds up
// subject-days where the practice is asked for.
func (w *swept) count(p *framework.Practice, c *counts, s *stretch, none, started bool) {
	var empty bool
	w.last, empty = c.judge(p, s, none)
	if s.verdict != isHeld && !started {
		s.verdict, s.why, s.limit = isExempt, NotStarted, ""
		return
	}
	if empty {
		w.empty = touch(w.empty, s.Span)
	}
	w.days.add(tally{
		held: int64(c.by[held]) * s.Length(), unproven: int64(c.by[unproven]) * s.Length(), failed: int64(c.by[failed]) * s.Length(),
	})
}

// judge sets the practice's verdict from the counts of its subjects. It
// reports whether nobody is in scope and nobody says that none exist.
func (c *counts) judge(p *framework.Practice, s *stretch, none bool) (sub Subjects, empty bool) {
	sub = Subjects{InScope: int(c.by[failed] + c.by[unproven] + c.by[held]), Held: int(c.by[held])}
	if sub.InScope > 0 {
		sub.Share = math.Round(float64(sub.Held)/float64(sub.InScope)*1e6) / 1e6
	}
	switch {
	case c.by[failed] > 0:
		s.verdict = isFailed
	case c.by[unproven] > 0:
		s.verdict, s.limit = isUnproven, p.Freshness.Limit
	case c.by[held] > 0:
		s.verdict = isHeld
		s.grade, s.alt = c.weakest()
	case c.by[exempt] > 0:
		s.verdict, s.why = isExempt, Onboarding
	case c.by[na] > 0 || none:
		s.verdict, s.why = isExempt, NotApplicable
	default:
		s.verdict, s.limit, empty = isUnproven, p.Freshness.Limit, true
	}
	return sub, empty
}

// noneExist is where someone attests that the scope is empty: until the
// attestation expires, at most 365 days, or the first subject comes.
func (e *evaluator) noneExist(p *framework.Practice) interval.Set {
	on := e.book.Practices[p.Number]
	if on == nil || ofClient(p) {
		return nil
	}
	var spans []interval.Span
	for i := range on.Statements {
		if s := &on.Statements[i]; s.State == evidence.NoneExist {
			spans = append(spans, e.attested(p, s))
		}
	}
	return interval.Of(spans...)
}

func (e *evaluator) attested(p *framework.Practice, s *evidence.Statement) interval.Span {
	v := e.visible(&s.Point, max(s.At, s.From))
	end := s.At + 365*interval.Day
	if s.To > 0 {
		end = min(end, s.To)
	}
	v.To = min(v.To, end, e.peopled(p, v.From))
	return v
}

// peopled is the first instant from t on at which the practice has a subject.
func (e *evaluator) peopled(p *framework.Practice, t int64) int64 {
	first := interval.Forever
	for _, m := range e.roll(e.book.Registers[p.Scope]).of {
		for _, l := range m.lives {
			if l.span.To > t && applies(p, l.attrs) {
				first = min(first, max(l.span.From, t))
			}
		}
	}
	return first
}
