package framework

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

const (
	dayMillis  = 24 * 60 * 60 * 1000
	hourMillis = 60 * 60 * 1000
	oldestYear = 1990 // an earlier date is a clock's or a program's zero
)

// at walks a dotted path. Anything that is not there, null included, is
// absent.
func at(v any, path []string) (any, bool) {
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[key]; !ok {
			return nil, false
		}
	}
	return v, v != nil
}

// whole returns the value as a whole number.
func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		if n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			return 0, false
		}
		return int64(n), true
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return i, true
		}
		f, err := n.Float64()
		if err != nil {
			return 0, false
		}
		return whole(f)
	}
	return 0, false
}

// same compares two scalars. The verdict is unknown when they are of
// different types or not scalars.
func same(got, want any) Verdict {
	switch w := want.(type) {
	case bool:
		if g, ok := got.(bool); ok {
			return verdict(g == w)
		}
	case string:
		if g, ok := got.(string); ok {
			return verdict(g == w)
		}
	default:
		g, ok := whole(got)
		n, ok2 := whole(want)
		if ok && ok2 {
			return verdict(g == n)
		}
	}
	return Unknown
}

func verdict(b bool) Verdict {
	if b {
		return Holds
	}
	return Fails
}

// oneOf holds if got equals one of list; unknown if no element has its type.
func oneOf(got any, list []any) Verdict {
	v := Unknown
	for _, want := range list {
		switch same(got, want) {
		case Holds:
			return Holds
		case Fails:
			v = Fails
		}
	}
	return v
}

// instant reads a civil date or an RFC 3339 instant as milliseconds UTC; day
// reports that it was a civil date, whose first instant is given.
func instant(v any) (ms int64, day, ok bool) {
	s, isText := v.(string)
	if !isText || len(s) < 10 || len(s) > 40 {
		return 0, false, false
	}
	layout := time.RFC3339Nano
	if len(s) == 10 {
		layout, day = time.DateOnly, true
	}
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < oldestYear {
		return 0, false, false
	}
	return t.UnixMilli(), day, true
}

// agedDays judges an age in days. Civil dates are compared as days, so that a
// report of any hour of a day judges alike.
func (e *env) agedDays(v any, limit int64) Verdict {
	then, day, ok := instant(v)
	if !ok || e.before(then-dayMillis) {
		return Unknown
	}
	if day {
		return verdict(e.before((floorDiv(then, dayMillis) + limit + 1) * dayMillis))
	}
	return verdict(e.before(then + limit*dayMillis + 1))
}

func (e *env) agedHours(v any, limit int64) Verdict {
	then, day, ok := instant(v)
	if !ok || e.before(then-dayMillis) {
		return Unknown
	}
	if day {
		then += dayMillis
	}
	return verdict(e.before(then + limit*hourMillis + 1))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func split(path string) []string {
	if path == "." || path == "" {
		return nil
	}
	return strings.Split(path, ".")
}
