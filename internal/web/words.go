package web

import (
	"strconv"
	"strings"
	"time"
)

// Day is the civil day of an instant in a zone: "November 21, 2026".
func Day(at int64, zone *time.Location) string {
	return time.UnixMilli(at).In(zone).Format("January 2, 2006")
}

// ShortDay is Day for rows: "Nov 21, 2026".
func ShortDay(at int64, zone *time.Location) string {
	return time.UnixMilli(at).In(zone).Format("Jan 2, 2006")
}

// Moment is a civil day and time in a zone: "November 21, 2026, 2:45 PM CST".
func Moment(at int64, zone *time.Location) string {
	return time.UnixMilli(at).In(zone).Format("January 2, 2006, 3:04 PM MST")
}

// When is an instant as one says it near by: "today 2:45 PM", "yesterday 9:04
// AM", "Nov 4", "Nov 4, 2025".
func When(at, now int64, zone *time.Location) string {
	t, n := time.UnixMilli(at).In(zone), time.UnixMilli(now).In(zone)
	switch {
	case t.Format(time.DateOnly) == n.Format(time.DateOnly):
		return "today " + t.Format("3:04 PM")
	case t.Format(time.DateOnly) == n.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday " + t.Format("3:04 PM")
	case t.Year() == n.Year():
		return t.Format("Jan 2")
	}
	return t.Format("Jan 2, 2006")
}

// Comma groups a number's digits: "18,412".
func Comma(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Count is a number with its noun: "1 device", "2 devices", "3 people".
func Count(n int, one string) string {
	word := one
	if n != 1 {
		word = plural(one)
	}
	return Comma(int64(n)) + " " + word
}

func plural(one string) string {
	switch {
	case one == "person":
		return "people"
	case strings.HasSuffix(one, "y") && !strings.HasSuffix(one, "ay") && !strings.HasSuffix(one, "ey"):
		return one[:len(one)-1] + "ies"
	case strings.HasSuffix(one, "s"), strings.HasSuffix(one, "ch"):
		return one + "es"
	}
	return one + "s"
}

// And joins words: "a, b and c".
func And(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// civilDay reads a date field, "2026-11-21", as the first instant of that day
// in a zone.
func civilDay(text string, zone *time.Location) (int64, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return 0, wrong("give the date as a year, a month and a day")
	}
	return t.UnixMilli(), nil
}

// civilWord is a civil date of a file, "2026-11-21", for people.
func civilWord(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("January 2, 2006")
}
