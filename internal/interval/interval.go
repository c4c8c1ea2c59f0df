// Package interval knows half-open spans of time, sets of them, and civil
// days. It refuses to know clients, practices and the clock.
//
// Words: an instant is an int64 of milliseconds since 1970 in UTC. A span
// [From, To) holds From and not To. A set is spans in order that neither
// overlap nor touch. A window is a span that one asks about. A civil day is a
// day of the calendar in a time zone.
package interval

import (
	"fmt"
	"slices"
	"time"
)

// Day is 24 hours in milliseconds, the unit of every maximum age.
const Day = int64(24 * time.Hour / time.Millisecond)

// Forever is later than every instant that is spoken of; Ever is earlier.
const (
	Forever = int64(1) << 61
	Ever    = -Forever
)

// Span is the half-open span of instants [From, To).
type Span struct{ From, To int64 }

// Empty reports whether the span holds no instant.
func (s Span) Empty() bool { return s.To <= s.From }

// Length is the number of milliseconds in the span.
func (s Span) Length() int64 { return max(0, s.To-s.From) }

// Contains reports whether t lies in the span.
func (s Span) Contains(t int64) bool { return s.From <= t && t < s.To }

// Clip is the part of s inside w.
func (s Span) Clip(w Span) Span { return Span{max(s.From, w.From), min(s.To, w.To)} }

// Set is spans in order that neither overlap nor touch.
type Set []Span

// Of makes a set of spans in any order, which may overlap, touch or be empty.
func Of(spans ...Span) Set {
	s := slices.DeleteFunc(slices.Clone(spans), Span.Empty)
	slices.SortFunc(s, func(a, b Span) int {
		switch {
		case a.From < b.From:
			return -1
		case a.From > b.From:
			return 1
		}
		return 0
	})
	out := s[:0]
	for _, sp := range s {
		if n := len(out); n > 0 && sp.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, sp.To)
		} else {
			out = append(out, sp)
		}
	}
	return Set(out)
}

// Union is every instant of s or o.
func (s Set) Union(o Set) Set { return Of(append(slices.Clone(s), o...)...) }

// Intersect is every instant of both s and o.
func (s Set) Intersect(o Set) Set {
	var out Set
	for i, j := 0, 0; i < len(s) && j < len(o); {
		if sp := s[i].Clip(o[j]); !sp.Empty() {
			out = append(out, sp)
		}
		if s[i].To < o[j].To {
			i++
		} else {
			j++
		}
	}
	return out
}

// Gaps is every instant of w that is not in s.
func (s Set) Gaps(w Span) Set {
	var out Set
	at := w.From
	for _, sp := range s {
		if sp.To <= w.From {
			continue
		}
		if sp.From >= w.To {
			break
		}
		if at < sp.From {
			out = append(out, Span{at, sp.From})
		}
		at = max(at, sp.To)
	}
	if at < w.To {
		out = append(out, Span{at, w.To})
	}
	return out
}

// Subtract is every instant of s that is not in o.
func (s Set) Subtract(o Set) Set {
	var out Set
	for _, sp := range s {
		out = append(out, o.Gaps(sp)...)
	}
	return out
}

// Contains reports whether t lies in the set.
func (s Set) Contains(t int64) bool {
	i, _ := slices.BinarySearchFunc(s, t, func(sp Span, t int64) int {
		if sp.To <= t {
			return -1
		}
		return 1
	})
	return i < len(s) && s[i].Contains(t)
}

// Length is the number of milliseconds in the set.
func (s Set) Length() int64 {
	var n int64
	for _, sp := range s {
		n += sp.Length()
	}
	return n
}

// MonthsBefore is the instant n calendar months before t, in UTC at the same
// time of day; where that month has no such day, its last day: twelve months
// before 29 February is 28 February.
func MonthsBefore(t int64, n int) int64 {
	at := time.UnixMilli(t).UTC()
	y, m, d := at.Date()
	first := time.Date(y, m-time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	clock := at.Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
	return first.AddDate(0, 0, min(d, last)-1).Add(clock).UnixMilli()
}

// DayEnd is the first instant after the civil day of a date in a zone.
func DayEnd(year int, month time.Month, day int, zone *time.Location) int64 {
	return time.Date(year, month, day+1, 0, 0, 0, 0, zone).UnixMilli()
}

// Civil is the civil day of t in a zone, as YYYY-MM-DD.
func Civil(t int64, zone *time.Location) string {
	return time.UnixMilli(t).In(zone).Format(time.DateOnly)
}

// Parse reads an RFC 3339 instant, or a bare date as midnight UTC. Instants
// finer than a millisecond are cut.
func Parse(s string) (int64, error) {
	for _, layout := range [...]string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() < 1970 || t.Year() > 9000 {
				return 0, fmt.Errorf("time %q is out of range: give a year from 1970 to 9000", s)
			}
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("time %q is not understood: write 2026-08-14 or 2026-08-14T09:30:00Z", s)
}

// Format writes an instant as RFC 3339 in UTC, with milliseconds only where
// there are some.
func Format(t int64) string {
	return time.UnixMilli(t).UTC().Format("2006-01-02T15:04:05.999Z07:00")
}
