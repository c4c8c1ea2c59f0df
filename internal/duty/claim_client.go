package duty

import (
	"fmt"
	"slices"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// ClientClaim is the claim for all practices that the client elected, those
// of its profile where it has elected no program.
func ClientClaim(a Asked) (Claim, error) {
	c, err := newClaimant(a)
	if err != nil {
		return Claim{}, err
	}
	return Claim{c.client(), Law}, nil
}

// stood is one practice of the claim.
type stood struct {
	coverage.Practice
	row *framework.Practice
}

// bound lists the practices of the answer that the claim is about, and what
// they are called together.
func (c *claimant) bound() (list []stood, which string) {
	program := c.program()
	which = "that " + c.State.Client.Name + " elected"
	if program == "" {
		which = "in the profile of " + c.State.Client.Name
	}
	for _, a := range c.Report.Practices {
		p, ok := c.catalog.Practice(a.ID)
		if !ok || a.Status == coverage.StatusNotBound || a.Status == coverage.StatusNotApplicable {
			continue
		}
		if program == "" || p.Core() && len(p.Links[program]) > 0 {
			list = append(list, stood{a, p})
		}
	}
	return list, which
}

// program is what the client had elected on the day asked about.
func (c *claimant) program() string {
	last, at := "", interval.Ever
	for _, p := range c.State.Book.Programs {
		if p.Effective() < c.window.To && p.At >= at {
			last, at = p.Value, p.At
		}
	}
	return last
}

func (c *claimant) client() string {
	list, which := c.bound()
	switch len(list) {
	case 0:
		return fmt.Sprintf("No practice %s is judged on %s.", which, c.on())
	case 1:
		return fmt.Sprintf("One practice %s is judged. %s", which, c.practice(list[0].Practice, list[0].row))
	}
	rows := make([]*framework.Practice, len(list))
	for i, s := range list {
		rows[i] = s.row
	}
	say := fmt.Sprintf("Of the %s practices %s, %s %s.", small(len(list)), which, c.entries(rows...).show(), c.inPlace(list))
	return say + " " + c.history(list)
}

// inPlace is "13 in place on August 14, 2026, six of them for the whole
// twelve months before, one of these by alternative".
func (c *claimant) inPlace(list []stood) string {
	var in, throughout, alt, altThroughout int
	for _, s := range list {
		if !s.AtOn {
			continue
		}
		in++
		if whole(s.Practice) {
			throughout++
		}
		if byAlternative(s.Practice) {
			alt++
			if whole(s.Practice) {
				altThroughout++
			}
		}
	}
	say := howMany(in, len(list)) + " in place on " + c.on()
	if in == 0 {
		return say
	}
	if alt > altThroughout {
		say += fmt.Sprintf(", %s by alternative", ofThem(alt, in))
	}
	say += "," + strings.TrimRight(" "+ofThem(throughout, in), " ") + " for the whole " + c.months + " before"
	if alt > 0 && alt == altThroughout {
		say += fmt.Sprintf(", %s of these by alternative", oneOf(alt, throughout))
	}
	return say
}

func howMany(n, of int) string {
	switch n {
	case 0:
		return "none"
	case of:
		return all(n)
	}
	return small(n)
}

// all is "both" or "all 14".
func all(n int) string {
	if n == 2 {
		return "both"
	}
	return "all " + small(n)
}

// ofThem is "six of them", "all of them", "none of them"; where there is one
// it is only said whether it is so.
func ofThem(n, of int) string {
	switch {
	case of == 1 && n == 0:
		return "though not"
	case of == 1:
		return ""
	case n == 0:
		return "none of them"
	}
	return oneOf(n, of) + " of them"
}

func oneOf(n, of int) string {
	switch {
	case n == of && n == 2:
		return "both"
	case n == of && n > 1:
		return "all"
	}
	return small(n)
}

// group is the practices that had one kind of gap.
type group struct {
	kind  string
	verb  [2]string // had it: one, many
	still [2]string // has it: one, many
	of    []stood
	days  []int
	open  []stood
}

// history is what happened in the months before.
func (c *claimant) history(list []stood) string {
	failed := group{kind: coverage.Failed, verb: [2]string{"failed", "failed"}, still: [2]string{"still does", "still do"}}
	silent := group{kind: coverage.Unproven, verb: [2]string{"was unproven", "were unproven"}, still: [2]string{"still is", "still are"}}
	var never []stood
	for _, s := range list {
		if s.Status == coverage.StatusNever {
			never = append(never, s)
			continue
		}
		failed.take(c, s)
		silent.take(c, s)
	}
	if len(never) == len(list) {
		return "No entry shows any of them in place in those months."
	}
	first, still := failed.say(), c.still(failed)
	say := "In those months " + first
	if still != "" {
		say += "; " + still + "; "
	} else {
		say += ", and "
		if len(failed.of) == 0 {
			say = strings.TrimSuffix(say, ", and ") + " and "
		}
	}
	say += silent.say()
	if still := c.still(silent); still != "" {
		say += "; " + still
	}
	if len(never) > 0 {
		say += "; no entry shows the other " + small(len(never)) + " in place"
	}
	return say + "."
}

func (g *group) take(c *claimant, s stood) {
	spans := c.spansOf(s.Practice, g.kind)
	if len(spans) == 0 {
		return
	}
	g.of = append(g.of, s)
	ms := interval.Set(spans).Length()
	days := 0
	if ms >= interval.Day {
		days = wholeDays(ms)
	}
	g.days = append(g.days, days)
	if spans[len(spans)-1].To == c.window.To {
		g.open = append(g.open, s)
	}
}

// say is "three failed, for two days each".
func (g *group) say() string {
	n := len(g.of)
	switch n {
	case 0:
		return "none " + g.verb[0]
	case 1:
		return "one " + g.verb[0] + ", for " + length(g.days[0])
	}
	return small(n) + " " + g.verb[1] + ", for " + g.lengths()
}

// length is "two days"; 0 is less than one.
func length(days int) string {
	if days == 0 {
		return "less than a day"
	}
	return dayNoun.count(days)
}

func (g *group) lengths() string {
	low, high := slices.Min(g.days), slices.Max(g.days)
	switch {
	case low == high:
		return length(low) + " each"
	case low == 0:
		return "up to " + dayNoun.count(high)
	}
	return figure(uint64(low)) + " to " + figure(uint64(high)) + " days"
}

// still is "one of the five, yearly training, still is, for 3 of 34 people".
func (c *claimant) still(g group) string {
	n := len(g.open)
	if n == 0 {
		return ""
	}
	who := small(n) + " of the " + small(len(g.of))
	switch {
	case len(g.of) == 1:
		who = "it"
	case n == len(g.of):
		who = all(n)
	}
	if n > 3 {
		return who + " " + g.still[1]
	}
	names := make([]string, n)
	for i, s := range g.open {
		names[i] = inSentence(s.row.Title)
	}
	if n > 1 {
		return who + ", " + and(names) + ", " + g.still[1]
	}
	say := who + ", " + names[0] + ", " + g.still[0]
	s := g.open[0]
	if unit, ok := counted(s.row); ok && s.Subjects.InScope > 0 {
		say += fmt.Sprintf(", for %d of %d %s", failing(s.Practice), s.Subjects.InScope, unit.of(s.Subjects.InScope))
	}
	return say
}
