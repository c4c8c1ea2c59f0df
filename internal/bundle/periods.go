package bundle

import (
	"strings"
	"time"

	"breakwater/internal/interval"
)

// period is a column of the index: a month, or a quarter or a year where the
// window is long. A window of twelve months that begins within a month ends
// within the same month a year later; the two parts are one column.
type period struct {
	Label string
	Title string
	spans interval.Set
}

func periods(w interval.Span, zone *time.Location) []period {
	start := time.UnixMilli(w.From).In(zone)
	first := time.Date(start.Year(), start.Month(), 1, 0, 0, 0, 0, zone)
	months := 0
	for first.AddDate(0, months, 0).UnixMilli() < w.To {
		months++
	}
	step := 1
	switch {
	case months > 37:
		step = 12
	case months > 13:
		step = 3
	}
	var list []period
	for m := 0; m < months; m += step {
		a, b := first.AddDate(0, m, 0), first.AddDate(0, min(m+step, months), 0)
		s := interval.Span{From: a.UnixMilli(), To: b.UnixMilli()}.Clip(w)
		p := period{Label: a.Format("Jan"), Title: a.Format("January 2006"), spans: interval.Set{s}}
		if last := b.AddDate(0, -1, 0); step > 1 {
			p.Label, p.Title = a.Format("Jan 06"), a.Format("January 2006")+" to "+last.Format("January 2006")
		}
		list = append(list, p)
	}
	if n := len(list); step == 1 && n == 13 {
		list[n-1].Title = "Parts of " + list[0].Title + " and " + list[n-1].Title
		list[n-1].spans = list[0].spans.Union(list[n-1].spans)
		list = list[1:]
	}
	return list
}

// joined says in words that a column is two parts, "" if none is.
func joined(list []period) string {
	if n := len(list); n > 0 && len(list[n-1].spans) == 2 {
		return "parts" + strings.TrimPrefix(list[n-1].Title, "Parts")
	}
	return ""
}

// of finds the period of an instant, -1 if it is in none.
func of(list []period, t int64) int {
	for i, p := range list {
		if p.spans.Contains(t) {
			return i
		}
	}
	return -1
}
