package penalty

import (
	"fmt"
	"slices"
	"sort"
)

// limitDay is the first violation day that still counts under the six-year
// limitation (45 CFR 160.414): the date six years before the notice, moved
// back by the tolled days that lie between it and the notice. Zero means that
// nothing is barred.
func limitDay(notice Day, tolled []Span) Day {
	if notice == 0 {
		return 0
	}
	base := notice.yearsBefore(law().remedies.Limitation.Years)
	merged := mergeSpans(tolled)
	total := tolledAfter(firstDay, notice, merged)
	// A day counts when the untolled time from it to the notice is at most six
	// years; that never turns false again as days get later.
	back := sort.Search(total, func(i int) bool {
		day := base - Day(total-i)
		return day+Day(tolledAfter(day, notice, merged)) >= base
	})
	return base - Day(total-back)
}

const firstDay Day = -1 << 30

// tolledAfter counts the tolled days in [day, notice).
func tolledAfter(day, notice Day, merged []Span) int {
	n := 0
	for _, s := range merged {
		if from, to := max(s.From, day), min(s.To, notice); from < to {
			n += int(to - from)
		}
	}
	return n
}

// mergeSpans joins overlapping spans so that no tolled day counts twice.
func mergeSpans(spans []Span) []Span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return int(a.From - b.From) })
	var merged []Span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.From <= merged[n-1].To {
			merged[n-1].To = max(merged[n-1].To, s.To)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// cureEnds is the last day of the cure period: day 30 counted from the day it
// was known, that day being day 1, or the longer period that was allowed.
func (v Violation) cureEnds() Day {
	return max(v.Known+Day(law().remedies.Cure.Days)-1, v.CureUntil)
}

// bar returns why no penalty may be imposed for a violation, or nothing.
func (v Violation) bar(counted map[string]bool) string {
	r := law().remedies
	switch {
	case v.CriminalPenalty:
		return fmt.Sprintf("no penalty: the act was already punished as a crime (%s)", r.CriminalBar.Cite)
	case v.cured():
		return fmt.Sprintf("no penalty: corrected %s, within the cure period that ended %s (%s)", v.Corrected, v.cureEnds(), r.Cure.Cite)
	case v.GeneralOf != "" && counted[sameProvision(v.GeneralOf)]:
		return fmt.Sprintf("no penalty: the same requirement is counted under %s (%s)", v.GeneralOf, r.DoubleCount.Cite)
	}
	return ""
}

func (v Violation) cured() bool {
	return v.Tier <= 2 && v.Corrected != 0 && v.Corrected <= v.cureEnds()
}
