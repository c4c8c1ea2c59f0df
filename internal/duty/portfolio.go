package duty

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"breakwater/internal/interval"
)

// Filter picks rows of the portfolio.
type Filter string

// The filters.
const (
	All          Filter = "all"
	OnlyFails    Filter = "failed"
	OnlyUnproven Filter = "unproven"
	DueSoon      Filter = "due"   // in 30 days
	Under12      Filter = "under" // twelve months are not complete
	OnlyNew      Filter = "new"
)

// Filters lists the filters with their names on the page, in its order.
var Filters = []struct {
	Filter Filter
	Name   string
}{{All, "All"}, {OnlyFails, "Failed"}, {OnlyUnproven, "Unproven"}, {DueSoon, "Due in 30 days"}, {Under12, "Under 12 months"}, {OnlyNew, "New"}}

const soon = 30 // days

// Picks reports whether a filter picks a row at now.
func (f Filter) Picks(r *Row, now int64) bool {
	switch f {
	case OnlyFails:
		return r.Tally.Failed > 0
	case OnlyUnproven:
		return r.Tally.Unproven > 0
	case DueSoon:
		return r.DueWithin(now, soon)
	case Under12:
		return !r.Clock.Complete
	case OnlyNew:
		return r.Word != "" && r.State == Outside
	}
	return true
}

// Rows is the rows that a filter picks at now.
func (f Filter) Rows(rows []Row, now int64) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !f.Picks(&r, now) })
}

// Lede is the portfolio's first line: what day it is, which clients need
// something, and until when the others need nothing. The MSP's own log is not
// among the clients.
func Lede(rows []Row, now int64, zone *time.Location) string {
	var failed, unproven, begun, other []Row
	for _, r := range rows {
		switch {
		case r.MSP:
		case r.Tally.Failed > 0:
			failed = append(failed, r)
		case r.Tally.Unproven > 0:
			unproven = append(unproven, r)
		case r.Tally.NeverShown > 0:
			begun = append(begun, r)
		default:
			other = append(other, r)
		}
	}
	say := []string{time.UnixMilli(now).In(zone).Format("Monday, January 2, 2006") + "."}
	if len(failed)+len(unproven)+len(begun)+len(other) == 0 {
		return say[0] + " No clients yet. Add the first one."
	}
	if len(failed) > 0 {
		say = append(say, ledeFailed(failed, now, zone))
	}
	if n := len(unproven); n > 0 {
		say = append(say, capital(others(n, len(failed) > 0))+" "+have(n)+" practices that nobody has shown lately.")
	}
	if n := len(begun); n > 0 {
		say = append(say, capital(others(n, len(failed)+len(unproven) > 0))+" "+have(n)+" practices that nobody has shown yet.")
	}
	if len(other) > 0 {
		say = append(say, ledeOther(other, len(failed)+len(unproven)+len(begun) > 0, now, zone))
	}
	return strings.Join(say, " ")
}

func have(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// others is "one client", "one other", "two others".
func others(n int, after bool) string {
	switch {
	case !after:
		return clientNoun.count(n)
	case n == 1:
		return "one other"
	}
	return small(n) + " others"
}

func ledeFailed(failed []Row, now int64, zone *time.Location) string {
	first := slices.MinFunc(failed, func(a, b Row) int { return compare(a.CureEnds, b.CureEnds) })
	n := len(failed)
	say := capital(clientNoun.count(n)) + " " + have(n) + " "
	if n == 1 && first.Tally.Failed == 1 {
		say += "a failed practice"
	} else {
		say += "failed practices"
	}
	switch {
	case first.CureEnds == interval.Forever:
		return say + "."
	case now >= first.CureEnds:
		return say + ", " + which(n, first) + "whose cure period ended on " + full(first.CureEnds-1, zone) + "."
	case first.Day == 1:
		return say + ", known since today."
	case n == 1 && first.Tally.Failed == 1:
		return say + " on day " + strconv.Itoa(first.Day) + " of its cure period."
	}
	return say + ", the first on day " + strconv.Itoa(first.Day) + " of its cure period."
}

func which(n int, first Row) string {
	if n == 1 && first.Tally.Failed == 1 {
		return ""
	}
	return "one of them "
}

func ledeOther(other []Row, after bool, now int64, zone *time.Location) string {
	first := interval.Forever
	for _, r := range other {
		first = min(first, r.NextDue)
	}
	until := "in the next 30 days."
	if first < interval.Forever && civil(first, zone) <= civil(now, zone) {
		return capital(rest(len(other), after)) + " " + have(len(other)) + " something due today."
	}
	if first < interval.Forever {
		until = "before " + newCalendar(now, zone).day(first) + "."
	}
	need := "need nothing "
	if len(other) == 1 {
		need = "needs nothing "
	}
	return capital(rest(len(other), after)) + " " + need + until
}

func rest(n int, after bool) string {
	switch {
	case after && n == 1:
		return "the other one"
	case after:
		return "the other " + small(n)
	case n == 1:
		return "the one client"
	}
	return all(n) + " clients"
}
