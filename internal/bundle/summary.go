package bundle

import (
	"fmt"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// summary counts what the practices of a report come to.
type summary struct {
	asked, held, whole, alternative int
	never                           []string
	still                           []string // failed or unproven at the end
	failed, unproven                []int64  // lengths, ms
	exempt                          int
}

func summarize(practices []coverage.Practice, title func(id string) string) summary {
	var s summary
	for _, p := range practices {
		switch p.Status {
		case coverage.StatusNotApplicable, coverage.StatusNotBound:
			s.exempt++
			continue
		case coverage.StatusNever:
			s.never = append(s.never, title(p.ID))
		}
		s.asked++
		_, unproven, failed := sets(p)
		if len(failed) > 0 {
			s.failed = append(s.failed, failed.Length())
		}
		if len(unproven) > 0 && p.Status != coverage.StatusNever {
			s.unproven = append(s.unproven, unproven.Length())
		}
		switch {
		case p.AtOn:
			s.held++
		case p.Status != coverage.StatusNever && len(p.Gaps) > 0 && len(p.Covered) > 0:
			s.still = append(s.still, fmt.Sprintf("%s (%s)", title(p.ID), p.Gaps[len(p.Gaps)-1].Kind))
		}
		if p.Status == coverage.StatusHeld && p.CoveredSecs == p.WindowSecs {
			s.whole++
			if p.AltSecs > 0 {
				s.alternative++
			}
		}
	}
	return s
}

// say is the sentence that a report opens with.
func (s summary) say(c calendar, size uint64, w interval.Span, months int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Of %s, entries 0 to %s show %s in place on %s", count(s.asked, "practice", "practices"), grouped(int64(size-1)), number(s.held), c.last(w.To))
	if s.whole > 0 {
		fmt.Fprintf(&b, ", %s of them for the whole %s before", number(s.whole), count(months, "month", "months"))
		if s.alternative > 0 {
			fmt.Fprintf(&b, ", %s of these by alternative", number(s.alternative))
		}
	}
	b.WriteString(".")
	if len(s.failed)+len(s.unproven) > 0 {
		b.WriteString(" In those months " + and(nonempty(lengths(s.failed, "failed"), lengths(s.unproven, "unproven"))) + ".")
	}
	if len(s.still) > 0 {
		fmt.Fprintf(&b, " Not in place at the end: %s.", and(s.still))
	}
	if n := len(s.never); n > 0 {
		fmt.Fprintf(&b, " For %s nothing is on record in these months.", number(n))
	}
	return b.String()
}

// lengths says how many practices were something, and for how long.
func lengths(list []int64, what string) string {
	if len(list) == 0 {
		return ""
	}
	lo, hi := list[0], list[0]
	for _, n := range list {
		lo, hi = min(lo, n), max(hi, n)
	}
	verb := what
	if what == "unproven" {
		verb = "were unproven"
		if len(list) == 1 {
			verb = "was unproven"
		}
	}
	if dayCount(lo) == dayCount(hi) {
		return fmt.Sprintf("%s %s, for %s in all", number(len(list)), verb, dayCount(hi))
	}
	from, _, _ := strings.Cut(dayCount(lo), " ")
	return fmt.Sprintf("%s %s, for %s to %s in all", number(len(list)), verb, from, dayCount(hi))
}

func nonempty(list ...string) []string {
	var res []string
	for _, s := range list {
		if s != "" {
			res = append(res, s)
		}
	}
	return res
}

// number is a count in words up to ten.
func number(n int) string {
	words := [...]string{"none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if n < len(words) {
		return words[n]
	}
	return grouped(int64(n))
}

// newest is the last of the catalogs that has a practice.
func newest(catalogs []*framework.Catalog, id string) *framework.Practice {
	for i := len(catalogs) - 1; i >= 0; i-- {
		if p, ok := catalogs[i].Practice(id); ok {
			return p
		}
	}
	return nil
}
