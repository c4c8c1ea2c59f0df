package penalty

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// shared is what shares one yearly cap: an identical provision in one calendar year.
type shared struct {
	provision string
	year      int
}

// row is one line of the answer while it is being computed.
type row struct {
	Year
	shared shared
	terms  Terms
	// untiered rows lie before the HITECH Act.
	untiered bool
	// barred rows are shown, and cost nothing.
	barred bool
}

// segment is a run of days in one calendar year under one schedule.
type segment struct {
	from, to Day
	schedule Schedule
}

// segments cuts the days from..to, both inclusive, at each New Year and
// wherever the schedule changes.
func segments(from, to, assessed Day) []segment {
	s := law().schedules
	var out []segment
	for start := from; start <= to; {
		end := min(to, DayOf(start.Year(), 12, 31))
		for _, change := range []Day{s.HITECHFrom, s.AdjustedFrom} {
			if start < change && change <= end && ScheduleFor(change-1, assessed).ID != ScheduleFor(change, assessed).ID {
				end = change - 1
			}
		}
		out = append(out, segment{start, end, ScheduleFor(start, assessed)})
		start = end + 1
	}
	return out
}

// counted is a violation's rows before any cap, with what was left out.
type counted struct {
	rows  []*row
	notes []string
}

func (c *counted) add(seg segment, n int64, v Violation, mode CapMode) {
	terms := seg.schedule.Terms(v.Tier, mode)
	r := &row{Year: Year{
		Year: seg.from.Year(), From: seg.from, To: seg.to, Schedule: seg.schedule.ID,
		Count: n, Cap: terms.YearCap, Raw: Range{Min: n * terms.MinEach, Max: n * terms.MaxEach},
	}, shared: shared{sameProvision(v.Provision), seg.from.Year()}, terms: terms, untiered: seg.schedule.untiered}
	if v.Rate != nil {
		rate := min(max(*v.Rate, terms.MinEach), terms.MaxEach)
		imposed := n * rate
		r.Rate, r.Raw.Imposed = &rate, &imposed
		if rate != *v.Rate {
			c.notes = append(c.notes, fmt.Sprintf("rate %s held to %s from %s to %s: %s allows %s to %s",
				dollars(*v.Rate), dollars(rate), r.From, r.To, r.Schedule, dollars(terms.MinEach), dollars(terms.MaxEach)))
		}
	}
	c.rows = append(c.rows, r)
}

// count turns a violation into rows, without the days before limit.
func count(v Violation, assessed, limit Day, mode CapMode) (counted, error) {
	var c counted
	if v.Unit == PerIndividual {
		c.individuals(v, assessed, limit, mode)
	} else {
		c.days(v, assessed, limit, mode)
	}
	return c, c.checkRate(v)
}

func (c *counted) days(v Violation, assessed, limit Day, mode CapMode) {
	from := max(v.From, limit)
	if from > v.From {
		c.notes = append(c.notes, fmt.Sprintf("days before %s left out (%d): %s", limit, min(from, v.To+1)-v.From, sixYears()))
	}
	each := max(v.Individuals, 1)
	for _, seg := range segments(from, v.To, assessed) {
		c.add(seg, int64(seg.to-seg.from+1)*each, v, mode)
	}
}

// individuals makes one row a year: a count has no dates, so it stays whole,
// and where its year is cut by a change of schedule the earlier one applies.
func (c *counted) individuals(v Violation, assessed, limit Day, mode CapMode) {
	for _, key := range countYears(v.Counts) {
		year, _ := strconv.Atoi(key)
		from, to := DayOf(year, 1, 1), min(DayOf(year, 12, 31), assessed)
		if v.From != 0 {
			from, to = max(from, v.From), min(to, v.To)
		}
		if to < limit {
			c.notes = append(c.notes, fmt.Sprintf("individuals of %d left out (%d), all before %s: %s", year, v.Counts[key], limit, sixYears()))
			continue
		}
		schedule := ScheduleFor(max(from, limit), assessed)
		if later := ScheduleFor(to, assessed); later.ID != schedule.ID {
			c.notes = append(c.notes, fmt.Sprintf("individuals of %d are counted under %s, not %s: give from and to if the acts fell later (our reading)", year, schedule.ID, later.ID))
		}
		c.add(segment{from, to, schedule}, v.Counts[key], v, mode)
	}
}

// checkRate refuses a rate that no schedule of the violation allows. The
// amounts before the HITECH Act only hold it down, as OCR did in 2014.
func (c *counted) checkRate(v Violation) error {
	if v.Rate == nil {
		return nil
	}
	var first *row
	for _, r := range c.rows {
		switch {
		case r.untiered:
		case *v.Rate >= r.terms.MinEach && *v.Rate <= r.terms.MaxEach:
			return nil
		case first == nil:
			first = r
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("rate %s is outside tier %d, which %s sets at %s to %s: correct the rate or the tier, or give null for the range",
		dollars(*v.Rate), v.Tier, first.Schedule, dollars(first.terms.MinEach), dollars(first.terms.MaxEach))
}

func countYears(counts map[string]int64) []string {
	return slices.Sorted(maps.Keys(counts))
}

func sixYears() string {
	l := law().remedies.Limitation
	return fmt.Sprintf("outside the %d years before the notice (%s)", l.Years, l.Cite)
}
