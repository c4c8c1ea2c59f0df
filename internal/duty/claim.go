package duty

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// Law is the sentence that follows every claim (42 USC 17941).
const Law = "HHS must consider recognized security practices (42 USC 17941); whether these are such is its decision."

// Claim is what a log shows, in words that may be read aloud to a lawyer. Law
// is always shown with Say.
type Claim struct{ Say, Law string }

// String is both sentences.
func (c Claim) String() string { return c.Say + " " + c.Law }

// Asked is what a claim speaks of: the answer of coverage, with causes, from
// the first Entries entries of the log (0 is all that the state has).
type Asked struct {
	State   *projection.State
	Report  coverage.Report
	Entries uint64
}

// claimant writes claims about one answer.
type claimant struct {
	Asked
	catalog *framework.Catalog
	zone    *time.Location
	cal     calendar
	window  interval.Span
	months  string
}

func newClaimant(a Asked) (*claimant, error) {
	if len(a.State.Book.Adoptions) == 0 {
		return nil, fmt.Errorf("claim: this log has adopted no catalog: run `breakwater fsck`")
	}
	if a.Entries == 0 {
		a.Entries = a.State.Size
	}
	zone := a.State.Client.Location()
	w := interval.Span{From: int64(a.Report.Window.From), To: int64(a.Report.Window.To)}
	return &claimant{
		Asked: a, catalog: a.State.Book.Adoptions[len(a.State.Book.Adoptions)-1].Catalog, zone: zone,
		cal: newCalendar(w.To-1, zone), window: w, months: monthsOf(w),
	}, nil
}

// monthsOf is how many months a window has, in words.
func monthsOf(w interval.Span) string {
	for n := 1; n <= 120; n++ {
		if interval.MonthsBefore(w.To, n) <= w.From {
			return monthsWord(n)
		}
	}
	return "months"
}

// on is the civil day that was asked about.
func (c *claimant) on() string { return full(c.window.To-1, c.zone) }

func (c *claimant) find(id string) (coverage.Practice, *framework.Practice, error) {
	i := slices.IndexFunc(c.Report.Practices, func(p coverage.Practice) bool { return p.ID == id })
	p, ok := c.catalog.Practice(id)
	if i < 0 || !ok {
		return coverage.Practice{}, nil, coverage.ErrUnknownPractice{ID: id}
	}
	return c.Report.Practices[i], p, nil
}

// PracticeClaim is the claim for one practice of an answer.
func PracticeClaim(a Asked, practice string) (Claim, error) {
	c, err := newClaimant(a)
	if err != nil {
		return Claim{}, err
	}
	answer, p, err := c.find(practice)
	if err != nil {
		return Claim{}, err
	}
	return Claim{c.practice(answer, p), Law}, nil
}

func (c *claimant) practice(a coverage.Practice, p *framework.Practice) string {
	name := inSentence(p.Title)
	switch a.Status {
	case coverage.StatusNotBound:
		return fmt.Sprintf("%s does not bind %s.", capital(name), c.State.Client.Name)
	case coverage.StatusNotApplicable:
		return fmt.Sprintf("For %s, %s on %s that there is nothing it applies to.", name, c.entries(p).show(), c.on())
	case coverage.StatusNever:
		return fmt.Sprintf("For %s, no entry shows it in place in the %s to %s.", name, c.months, c.on())
	}
	say := fmt.Sprintf("For %s, %s.", name, c.stands(a, p))
	if more := c.gaps(a, p); more != "" {
		say += " " + more
	}
	return say
}

// stands is how the practice stood on the day: "entries 41 to 18,877 show it
// in place for 40 of 41 devices on November 21, 2026".
func (c *claimant) stands(a coverage.Practice, p *framework.Practice) string {
	they := c.entries(p)
	if n, ok := counted(p); ok && a.Subjects.InScope > 0 {
		if a.Subjects.InScope == 1 && a.Subjects.Held == 0 {
			return fmt.Sprintf("%s it in place for the one %s on %s", they.doNotShow(), n.one, c.on())
		}
		return fmt.Sprintf("%s it in place%s for %s on %s%s", they.show(), c.alternative(a), ofAll(a.Subjects, n), c.on(), c.throughout(a))
	}
	last := len(a.Gaps) - 1
	switch {
	case a.AtOn:
		return fmt.Sprintf("%s it in place%s on %s%s", they.show(), c.alternative(a), c.on(), c.throughout(a))
	case last >= 0 && a.Gaps[last].Kind == coverage.Failed && int64(a.Gaps[last].To) == c.window.To:
		return they.show() + " it failed on " + c.on()
	}
	return they.doNotShow() + " it in place on " + c.on()
}

// ofAll is "40 of 41 devices", "all 41 devices", ""both devices", "the one
// device" or "none of 41 devices".
func ofAll(s coverage.Subjects, n noun) string {
	switch {
	case s.Held == 0:
		return "none of " + figure(uint64(s.InScope)) + " " + n.of(s.InScope)
	case s.Held == s.InScope && s.InScope == 1:
		return "the one " + n.one
	case s.Held == s.InScope && s.InScope == 2:
		return "both " + n.many
	case s.Held == s.InScope:
		return "all " + figure(uint64(s.InScope)) + " " + n.many
	}
	return figure(uint64(s.Held)) + " of " + figure(uint64(s.InScope)) + " " + n.of(s.InScope)
}

func (c *claimant) alternative(a coverage.Practice) string {
	if byAlternative(a) {
		return ", by alternative,"
	}
	return ""
}

func byAlternative(a coverage.Practice) bool {
	return a.AtOn && len(a.Covered) > 0 && a.Covered[len(a.Covered)-1].Alternative
}

func (c *claimant) throughout(a coverage.Practice) string {
	if whole(a) {
		return " and for the whole " + c.months + " before"
	}
	return ""
}

// whole reports whether a practice was in place at every instant.
func whole(a coverage.Practice) bool {
	return len(a.Gaps) == 0 && len(a.Exempt) == 0 && len(a.Covered) > 0
}

// gaps is "Unproven March 10 to 17 and since November 11; failed March 9 to
// 11; each time for one device."
func (c *claimant) gaps(a coverage.Practice, p *framework.Practice) string {
	var parts []string
	for _, kind := range [...]string{coverage.Unproven, coverage.Failed} {
		if list := c.spansOf(a, kind); len(list) > 0 {
			parts = append(parts, kind+" "+c.spans(list))
		}
	}
	if e := exemptOf(a, coverage.NotApplicable); len(e) > 0 {
		parts = append(parts, "nothing it applied to "+c.spans(e))
	}
	if e := exemptOf(a, coverage.NotStarted); len(e) > 0 {
		parts = append(parts, "not taken up "+c.spans(e))
	}
	if len(parts) == 0 {
		return ""
	}
	say := capital(strings.Join(parts, "; "))
	switch each := c.each(a, p); {
	case each == "":
	case len(a.Gaps) == 1:
		say += ", " + each
	default:
		say += "; " + each
	}
	return say + c.besides(a, p) + "."
}

// besides counts the subjects that are unproven on a day on which others fail,
// which the failed gap does not show.
func (c *claimant) besides(a coverage.Practice, p *framework.Practice) string {
	n, ok := counted(p)
	last := len(a.Gaps) - 1
	if !ok || last < 0 || a.Gaps[last].Kind != coverage.Failed || int64(a.Gaps[last].To) != c.window.To {
		return ""
	}
	more := a.Subjects.InScope - a.Subjects.Held - failing(a)
	if more <= 0 {
		return ""
	}
	return "; " + small(more) + " more " + n.of(more) + " unproven on that day"
}

func exemptOf(a coverage.Practice, why string) []interval.Span {
	var res []interval.Span
	for _, e := range a.Exempt {
		if e.Why == why {
			res = append(res, interval.Span{From: int64(e.From), To: int64(e.To)})
		}
	}
	return interval.Of(res...)
}

// spansOf is the spans of one kind of gap, joined where only causes differ.
func (c *claimant) spansOf(a coverage.Practice, kind string) []interval.Span {
	var res []interval.Span
	for _, g := range a.Gaps {
		if g.Kind == kind {
			res = append(res, interval.Span{From: int64(g.From), To: int64(g.To)})
		}
	}
	return interval.Of(res...)
}

func (c *claimant) spans(list []interval.Span) string {
	if len(list) > mostNamed {
		longest := slices.MaxFunc(list, func(a, b interval.Span) int { return compare(a.Length(), b.Length()) })
		days := wholeDays(interval.Set(list).Length())
		return fmt.Sprintf("%s times between %s and %s, for %s in all, the longest %s", small(len(list)),
			c.cal.day(list[0].From), c.cal.day(list[len(list)-1].To-1), dayNoun.count(days), c.span(longest))
	}
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = c.span(s)
	}
	return and(words)
}

func (c *claimant) span(s interval.Span) string {
	switch {
	case s == c.window:
		return "throughout"
	case s.To == c.window.To:
		return "since " + c.cal.day(s.From)
	case s.From == c.window.From:
		return "to " + c.cal.day(s.To-1)
	}
	return c.cal.span(s)
}

// each is for how many subjects the gaps were: "each time for one device".
func (c *claimant) each(a coverage.Practice, p *framework.Practice) string {
	n, ok := nouns[p.Scope]
	if !ok || len(a.Gaps) == 0 {
		return ""
	}
	least, most := 0, 0
	for i, g := range a.Gaps {
		in, throughout := affected(g)
		if in == 0 {
			return ""
		}
		if !throughout && len(g.Causes) > 1 {
			least = -1
		}
		most = max(most, in)
		if i == 0 && least == 0 || in < least {
			least = in
		}
	}
	switch {
	case len(a.Gaps) == 1 && least != most:
		return "for at most " + n.count(most)
	case len(a.Gaps) == 1:
		return "for " + n.count(most)
	case least == most:
		return "each time for " + n.count(most)
	}
	return "each time for at most " + n.count(most)
}

// affected is how many subjects a gap has, 0 where that is not known, and
// whether each of them has it throughout.
func affected(g coverage.Gap) (n int, throughout bool) {
	seen := map[string]bool{}
	throughout = true
	for _, c := range g.Causes {
		if c.Subject == "" {
			return 0, false
		}
		seen[c.Subject] = true
		throughout = throughout && c.From == g.From && c.To == g.To
	}
	if g.More > 0 {
		return 0, false
	}
	return len(seen), throughout
}

// cited is the entries that a claim rests on.
type cited struct {
	words string
	one   bool
}

func (x cited) show() string {
	if x.one {
		return x.words + " shows"
	}
	return x.words + " show"
}

func (x cited) doNotShow() string {
	if x.one {
		return x.words + " does not show"
	}
	return x.words + " do not show"
}

// entries is "entries 41 to 18,877": from the first that spoke to the
// practices to the last that could.
func (c *claimant) entries(practices ...*framework.Practice) cited {
	first, last := c.Entries, uint64(0)
	for _, p := range practices {
		a, b := reach(c.State.Book, p, c.Entries)
		first, last = min(first, a), max(last, b)
	}
	switch {
	case c.Entries == 0 || first >= c.Entries:
		return cited{"the entries", false}
	case first >= last:
		return cited{"entry " + figure(first), true}
	}
	return cited{"entries " + figure(first) + " to " + figure(last), false}
}

// reach is the first and the last entry, among the first size, that say
// something to a practice. A run that goes beyond reaches to the end.
func reach(b *evidence.Book, p *framework.Practice, size uint64) (first, last uint64) {
	first = size
	see := func(from, to uint64) {
		if from < size {
			first, last = min(first, from), max(last, min(to, size-1))
		}
	}
	if on := b.Practices[p.Number]; on != nil {
		for _, s := range on.Statements {
			see(s.Index, s.Index)
		}
		for _, t := range on.Triggers {
			see(t.Index, t.Index)
		}
		for _, x := range on.Answers {
			see(x.Index, x.Index)
		}
		for _, n := range on.Nils {
			see(n.Index, n.Index)
		}
		for _, r := range on.Reliefs {
			see(r.Index, r.Index)
		}
	}
	if r := b.Registers[p.Scope]; r != nil && len(p.Feeds) > 0 {
		for _, s := range r.Subjects {
			for _, x := range s.Series {
				if len(x.Runs) > 0 && slices.ContainsFunc(p.Feeds, func(f framework.Feed) bool { return f.Measure == x.Measure }) {
					see(x.Runs[0].First.Index, x.Runs[len(x.Runs)-1].Last.Index)
				}
			}
		}
	}
	return first, last
}
