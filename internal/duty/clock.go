package duty

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// clock is the twelve-month clock of the program, the worst of its practices;
// wide counts a practice as held where 95 % of its subjects hold.
func (m *summing) clock(wide bool) Clock {
	c := Clock{Stops: interval.Forever}
	for _, l := range m.program {
		s := l.stretches
		if wide {
			s = widened(s, l.wide)
		}
		i := at(s, m.now)
		if i < 0 {
			continue
		}
		if s[i].open() {
			c.Stopped = max(c.Stopped, s[i].standing)
			continue
		}
		if from := heldSince(s, i); from < interval.Forever {
			c.Since = max(c.Since, from)
		}
		if n := nextOpen(s, i); n >= 0 {
			c.Stops = min(c.Stops, s[n].From)
		}
	}
	if c.Stopped != NotAsked {
		c.Since, c.Stops = 0, 0
	}
	return c
}

// widened takes the parts of gaps that lie in wide as held.
func widened(l []stretch, wide interval.Set) []stretch {
	var res []stretch
	for _, s := range l {
		if !s.open() {
			res = append(res, s)
			continue
		}
		for _, sp := range wide.Intersect(interval.Set{s.Span}) {
			res = append(res, stretch{Span: sp, standing: IsInPlace})
		}
		for _, sp := range wide.Gaps(s.Span) {
			open := s
			open.Span = sp
			res = append(res, open)
		}
	}
	slices.SortFunc(res, func(a, b stretch) int { return compare(a.From, b.From) })
	return res
}

// reports reports whether machines report on a practice by themselves, so
// that nobody has to be told when the next report is due.
func reports(b *evidence.Book, p *framework.Practice) bool {
	if p.Mode != framework.State || len(p.Feeds) == 0 || b.Registers[p.Scope] == nil {
		return false
	}
	return slices.ContainsFunc(b.Registers[p.Scope].Subjects, func(s *evidence.Subject) bool { return measuredBy(s, p) > 0 })
}

// measuredBy is when a subject was last measured for a practice, 0 if never.
func measuredBy(s *evidence.Subject, p *framework.Practice) int64 {
	last := int64(0)
	for _, x := range s.Series {
		if len(x.Runs) > 0 && slices.ContainsFunc(p.Feeds, func(f framework.Feed) bool { return f.Measure == x.Measure }) {
			last = max(last, x.Runs[len(x.Runs)-1].Last.At)
		}
	}
	return last
}

// saidUntil is when the first statement by a person, on a subject that no
// machine reports on, grows too old; false if there is none.
func saidUntil(b *evidence.Book, p *framework.Practice, now int64) (int64, bool) {
	on := b.Practices[p.Number]
	if on == nil {
		return 0, false
	}
	until := map[string]int64{}
	for _, s := range on.Statements {
		subject := b.Registers[p.Scope].Subject(s.Subject)
		if s.State == evidence.Holds && subject != nil && measuredBy(subject, p) == 0 {
			until[s.Subject] = max(until[s.Subject], s.At+int64(p.Freshness.MaxAgeDays)*interval.Day)
		}
	}
	first := interval.Forever
	for _, t := range until {
		if t > now {
			first = min(first, t)
		}
	}
	return first, first < interval.Forever
}
