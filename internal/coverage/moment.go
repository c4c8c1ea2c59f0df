package coverage

import (
	"slices"

	"breakwater/internal/framework"
)

// Moment is what a practice is at one instant. Exactly one of Held, Gap and
// Exempt says something. Gap is Unproven or Failed, and Exempt why nothing is
// asked.
type Moment struct {
	Held        bool
	Alternative bool
	Grade       string
	DisputedBy  []uint64
	Gap         string
	Limit       *framework.Limit
	Exempt      string
}

// At looks an instant up in an answer; ok is false outside of its window.
func (p *Practice) At(t int64) (m Moment, ok bool) {
	at := Time(t)
	if i, ok := slices.BinarySearchFunc(p.Covered, at, func(c Covered, t Time) int { return where(c.From, c.To, t) }); ok {
		c := &p.Covered[i]
		return Moment{Held: true, Alternative: c.Alternative, Grade: c.Grade, DisputedBy: c.DisputedBy}, true
	}
	if i, ok := slices.BinarySearchFunc(p.Gaps, at, func(g Gap, t Time) int { return where(g.From, g.To, t) }); ok {
		return Moment{Gap: p.Gaps[i].Kind, Limit: p.Gaps[i].Limit}, true
	}
	if i, ok := slices.BinarySearchFunc(p.Exempt, at, func(x Exempt, t Time) int { return where(x.From, x.To, t) }); ok {
		return Moment{Exempt: p.Exempt[i].Why, DisputedBy: p.Exempt[i].DisputedBy}, true
	}
	return Moment{}, false
}

// where compares a span with an instant: before, around or after it.
func where(from, to, t Time) int {
	switch {
	case to <= t:
		return -1
	case from > t:
		return 1
	}
	return 0
}

// Practice is the answer for one practice of a report.
func (r *Report) Practice(id string) (*Practice, bool) {
	i := slices.IndexFunc(r.Practices, func(p Practice) bool { return p.ID == id })
	if i < 0 {
		return nil, false
	}
	return &r.Practices[i], true
}
