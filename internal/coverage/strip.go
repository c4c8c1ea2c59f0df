package coverage

import (
	"slices"
	"time"

	"breakwater/internal/interval"
)

// DayState is what a strip shows of one civil day: the worst of the day.
type DayState uint8

// The states, best first. None is before the client was added, or outside of
// the report.
const (
	DayNone DayState = iota
	DayExempt
	DayInPlace
	DayAlternative // in place, something by an alternative
	DayUnproven
	DayFailed
)

// String is the word of the legend.
func (s DayState) String() string {
	return [...]string{"none", "exempt", "in place", "by alternative", "unproven", "failed"}[s]
}

// Cell is one civil day of a strip.
type Cell struct {
	Day   string // YYYY-MM-DD
	State DayState
}

// Strip is one client's line of the portfolio: for each of the last civil
// days of a report, in the client's zone, failed where a practice is failed;
// unproven where for some practice fewer than 95 % of subjects hold; else in
// place, by alternative where any is.
func Strip(r Report, days int, zone *time.Location) []Cell {
	s := newStrip(r, days, zone)
	for i := range r.Practices {
		p := &r.Practices[i]
		for _, sp := range p.Wide.Gaps(interval.Span{From: int64(r.Window.From), To: int64(r.Window.To)}) {
			s.mark(sp, DayUnproven)
		}
		for _, g := range p.Gaps {
			if g.Kind == Failed {
				s.mark(span(g.From, g.To), DayFailed)
			} else {
				s.mark(span(g.From, g.To), DayInPlace) // if not enough are missing
			}
		}
		s.covered(p, DayInPlace)
	}
	return s.cells
}

// PracticeStrip is the line of one practice, strictly: every subject counts.
func PracticeStrip(r Report, p *Practice, days int, zone *time.Location) []Cell {
	s := newStrip(r, days, zone)
	for _, g := range p.Gaps {
		state := DayUnproven
		if g.Kind == Failed {
			state = DayFailed
		}
		s.mark(span(g.From, g.To), state)
	}
	s.covered(p, DayExempt)
	return s.cells
}

func span(from, to Time) interval.Span { return interval.Span{From: int64(from), To: int64(to)} }

// strip is cells with the instants at which their days begin, and where the
// last one ends.
type strip struct {
	cells   []Cell
	bounds  []int64
	started int64
}

func newStrip(r Report, days int, zone *time.Location) strip {
	s := strip{started: max(int64(r.Started), int64(r.Window.From))}
	y, m, d := time.UnixMilli(int64(r.On) - 1).In(zone).Date()
	for i := days - 1; i >= 0; i-- {
		s.bounds = append(s.bounds, interval.DayEnd(y, m, d-i-1, zone))
		s.cells = append(s.cells, Cell{Day: time.Date(y, m, d-i, 12, 0, 0, 0, zone).Format(time.DateOnly)})
	}
	s.bounds = append(s.bounds, interval.DayEnd(y, m, d, zone))
	return s
}

// mark makes the days of a span at least as bad as a state.
func (s *strip) mark(sp interval.Span, state DayState) {
	if sp.From = max(sp.From, s.started); sp.Empty() {
		return
	}
	i, exact := slices.BinarySearch(s.bounds, sp.From)
	if !exact {
		i--
	}
	for i = max(i, 0); i < len(s.cells) && s.bounds[i] < sp.To; i++ {
		if sp.To > s.bounds[i] && sp.From < s.bounds[i+1] {
			s.cells[i].State = max(s.cells[i].State, state)
		}
	}
}

func (s *strip) covered(p *Practice, exempt DayState) {
	for _, c := range p.Covered {
		state := DayInPlace
		if c.Alternative {
			state = DayAlternative
		}
		s.mark(span(c.From, c.To), state)
	}
	for _, x := range p.Exempt {
		s.mark(span(x.From, x.To), exempt)
	}
}
