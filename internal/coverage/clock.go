package coverage

import (
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Clock is the 12-month clock of a practice, or of a program, at an instant
// of an answer that may reach further: since when it is held without a gap,
// and when it will not be if nothing is added.
type Clock struct {
	Asked   bool   // false where nothing was asked since the last gap; the rest is then of no use but Stops
	Since   int64  // ms UTC; 0 while stopped
	Stopped string // what stops it: Failed, Unproven, or StatusNever; "" while it runs
	Stops   int64  // when it will, as far as the answer reaches; Forever if not, 0 while stopped
}

// Clock is the clock of a practice at an instant of its window. Spans that are
// exempt break nothing, and do not count at the beginning. Wide counts the
// practice as held where 95 % of its subjects hold (basis: ours).
func (p *Practice) Clock(now int64, wide bool) Clock {
	c := Clock{Stops: interval.Forever}
	begin := interval.Ever
	var held interval.Set
	for i := range p.Gaps {
		whole := span(p.Gaps[i].From, p.Gaps[i].To)
		open := interval.Set{whole}
		if wide {
			held, open = append(held, p.Wide.Intersect(open)...), p.Wide.Gaps(whole)
		}
		for _, sp := range open {
			switch {
			case sp.To <= now:
				begin = sp.To
			case sp.From <= now:
				return Clock{Asked: true, Stopped: p.stopped(i)}
			default:
				c.Stops = min(c.Stops, sp.From)
			}
		}
	}
	for _, x := range p.Covered {
		held = append(held, span(x.From, x.To))
	}
	since := interval.Forever
	for _, sp := range held {
		if sp.To > begin && sp.From <= now {
			since = min(since, sp.From)
		}
	}
	if since < interval.Forever {
		c.Asked, c.Since = true, since
	}
	return c
}

// stopped is what a gap stops a clock by: never, where the practice was
// neither held nor failed before.
func (p *Practice) stopped(gap int) string {
	g := &p.Gaps[gap]
	if g.Kind == Failed || len(p.Covered) > 0 && p.Covered[0].From < g.From {
		return g.Kind
	}
	for i := range gap {
		if p.Gaps[i].Kind == Failed {
			return g.Kind
		}
	}
	return StatusNever
}

// ProgramClock is the clock of a program: the worst of its practices'.
func ProgramClock(list []Clock) Clock {
	worst := Clock{Stops: interval.Forever}
	rank := map[string]int{StatusNever: 1, Unproven: 2, Failed: 3}
	for _, c := range list {
		worst.Asked = worst.Asked || c.Asked
		worst.Since, worst.Stops = max(worst.Since, c.Since), min(worst.Stops, c.Stops)
		if rank[c.Stopped] > rank[worst.Stopped] {
			worst.Stopped = c.Stopped
		}
	}
	if worst.Stopped != "" {
		worst.Since, worst.Stops = 0, 0
	}
	return worst
}

// YearAfter is the first instant whose twelve months before begin at t or
// later.
func YearAfter(t int64) int64 {
	return time.UnixMilli(t).UTC().AddDate(1, 0, 0).UnixMilli()
}

// Elected is the framework elected at an instant, "" for none, and the
// practices of its program: the core practices in the client's profile that
// have a link to it; while none is elected, all core practices in the profile.
func Elected(b *evidence.Book, c *framework.Catalog, at int64) (string, []*framework.Practice) {
	e := newReading(b, Query{}, Proven, interval.Span{From: at, To: at + 1})
	// Unlike a legal kind, an election says nothing of the time before it.
	program := valueAt(dated(e, b.Programs, "", func(evidence.Point) bool { return false }), at)
	return program, c.Elected(program, valueAt(e.profiles, at))
}

func valueAt[T any](list []datedSpan[T], t int64) T {
	var res T
	for _, d := range list {
		if d.span.Contains(t) {
			res = d.value
		}
	}
	return res
}
