package duty

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

var upToTwelve = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// small writes a number up to ten in words, a larger one in figures.
func small(n int) string {
	if n >= 0 && n <= 10 {
		return upToTwelve[n]
	}
	return figure(uint64(n))
}

// capital is s with its first letter in upper case.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// figure writes a number with thousands separators: 18,877.
func figure(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// noun is a thing that is counted.
type noun struct{ one, many string }

func (n noun) of(count int) string {
	if count == 1 {
		return n.one
	}
	return n.many
}

// count is "one device" or "12 devices".
func (n noun) count(count int) string { return small(count) + " " + n.of(count) }

var (
	dayNoun      = noun{"day", "days"}
	practiceNoun = noun{"practice", "practices"}
	clientNoun   = noun{"client", "clients"}
	deviceNoun   = noun{"device", "devices"}
)

var nouns = map[framework.Scope]noun{
	framework.ScopeDevice:  deviceNoun,
	framework.ScopeSite:    {"site", "sites"},
	framework.ScopeAccount: {"account", "accounts"},
	framework.ScopeDomain:  {"domain", "domains"},
	framework.ScopePerson:  {"person", "people"},
	framework.ScopeVendor:  {"vendor", "vendors"},
}

// counted is the noun for a practice's subjects. Subjects of an event
// practice are those of its triggers, so they are not counted.
func counted(p *framework.Practice) (noun, bool) {
	n, ok := nouns[p.Scope]
	return n, ok && p.Mode != framework.Event
}

// inSentence is a title as it stands inside a sentence: its first letter in
// lower case, unless its first word is an acronym.
func inSentence(title string) string {
	first, _, _ := strings.Cut(title, " ")
	for _, r := range first[min(1, len(first)):] {
		if unicode.IsUpper(r) {
			return title
		}
	}
	if title == "" {
		return title
	}
	return strings.ToLower(title[:1]) + title[1:]
}

// and joins words: "a", "a and b", "a, b and c".
func and(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// monthsWord is "month" or "twelve months".
func monthsWord(n int) string {
	switch {
	case n == 1:
		return "month"
	case n <= 12:
		return upToTwelve[n] + " months"
	}
	return strconv.Itoa(n) + " months"
}

// calendar writes civil days of a zone, with the year only where it is not
// the year of a day that the reader has in mind.
type calendar struct {
	zone *time.Location
	year int
}

func newCalendar(t int64, zone *time.Location) calendar {
	return calendar{zone, time.UnixMilli(t).In(zone).Year()}
}

func full(t int64, zone *time.Location) string {
	return time.UnixMilli(t).In(zone).Format("January 2, 2006")
}

// short is "Nov 30".
func short(t int64, zone *time.Location) string {
	return time.UnixMilli(t).In(zone).Format("Jan 2")
}

// shortYear is "Nov 30, 2027".
func shortYear(t int64, zone *time.Location) string {
	return time.UnixMilli(t).In(zone).Format("Jan 2, 2006")
}

// day is "March 9", with the year where it is another.
func (c calendar) day(t int64) string {
	d := time.UnixMilli(t).In(c.zone)
	if d.Year() != c.year {
		return d.Format("January 2, 2006")
	}
	return d.Format("January 2")
}

// span names the civil days that a half-open span touches: "on March 9",
// "March 9 to 11", "December 30, 2025 to January 4".
func (c calendar) span(s interval.Span) string {
	from, to := time.UnixMilli(s.From).In(c.zone), time.UnixMilli(max(s.From, s.To-1)).In(c.zone)
	switch {
	case from.Year() != to.Year():
		return c.day(s.From) + " to " + c.day(max(s.From, s.To-1))
	case from.YearDay() == to.YearDay():
		return "on " + c.day(s.From)
	}
	end := to.Format("January 2")
	if from.Month() == to.Month() {
		end = strconv.Itoa(to.Day())
	}
	if from.Year() != c.year {
		end += ", " + strconv.Itoa(from.Year())
	}
	return from.Format("January 2") + " to " + end
}

// civil numbers the civil days of a zone, so that their difference counts
// days whatever the length of each.
func civil(t int64, zone *time.Location) int {
	y, m, d := time.UnixMilli(t).In(zone).Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// civilDate is the day with a number of civil.
func civilDate(n int) time.Time { return time.Unix(int64(n)*24*60*60, 0).UTC() }

// wholeDays is a length in days, a part of a day counted as one.
func wholeDays(ms int64) int { return int((ms + interval.Day - 1) / interval.Day) }

// inDays is "today", "tomorrow" or "in 9 days", from now to an instant.
func inDays(now, t int64, zone *time.Location) string {
	switch n := civil(t, zone) - civil(now, zone); {
	case n <= 0:
		return "today"
	case n == 1:
		return "tomorrow"
	default:
		return "in " + strconv.Itoa(n) + " days"
	}
}
