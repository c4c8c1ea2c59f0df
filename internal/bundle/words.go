package bundle

import (
	"fmt"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// calendar writes instants as days of the client's zone.
type calendar struct{ zone *time.Location }

func (c calendar) day(t int64) string { return time.UnixMilli(t).In(c.zone).Format("January 2, 2006") }

func (c calendar) short(t int64) string { return time.UnixMilli(t).In(c.zone).Format("Jan 2, 2006") }

// last is the day of the last instant before t: spans are half-open, and
// people name the day on which something ended.
func (c calendar) last(t int64) string { return c.day(t - 1) }

func (c calendar) span(s interval.Span) string {
	from, to := c.day(s.From), c.last(s.To)
	if from == to {
		return "on " + from
	}
	return from + " to " + to
}

// spans lists spans in a sentence, or sums them up where they are many.
func (c calendar) spans(list interval.Set) string {
	const most = 3
	if len(list) > most {
		w := interval.Span{From: list[0].From, To: list[len(list)-1].To}
		return fmt.Sprintf("for %s in %d spans between %s and %s", dayCount(list.Length()), len(list), c.day(w.From), c.last(w.To))
	}
	parts := make([]string, len(list))
	for i, s := range list {
		if parts[i] = c.span(s); !strings.HasPrefix(parts[i], "on ") {
			parts[i] = "from " + parts[i]
		}
	}
	return and(parts)
}

// dayCount is a length in days, never rounded to none.
func dayCount(ms int64) string {
	n := (ms + interval.Day - 1) / interval.Day
	return count(int(n), "day", "days")
}

func and(parts []string) string {
	switch n := len(parts); n {
	case 0:
		return ""
	case 1:
		return parts[0]
	default:
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
}

// nouns of subjects, one and many.
var nouns = map[framework.Scope][2]string{
	framework.ScopeDevice: {"device", "devices"}, framework.ScopeSite: {"site", "sites"}, framework.ScopeAccount: {"account", "accounts"},
	framework.ScopeDomain: {"domain", "domains"}, framework.ScopePerson: {"person", "people"}, framework.ScopeVendor: {"vendor", "vendors"},
}

// limits say what silence passed. Our own target is never called more.
var limits = map[framework.Limit]string{
	framework.LimitTarget:       "older than our target",
	framework.LimitRule:         "past a limit that the rule sets",
	framework.LimitAgreement:    "past a limit that an agreement sets",
	framework.LimitClientPolicy: "past a limit of the client's own policy",
}

// exemptWords say why a span is not judged.
var exemptWords = map[string]string{
	coverage.NotApplicable: "Not applicable", coverage.NotBound: "Does not bind this organization",
	coverage.NotStarted: "Not in the program then", coverage.Onboarding: "Being set up",
}

// stateWords are the words of a statement's state.
var stateWords = map[string]string{
	"holds": "In place", "fails": "Failed", "unknown": "Unknown", "nil": "Says that there was none", "trigger": "Began a duty",
	"answer": "Done", "alternative": "Met by alternative", "accepted_risk": "Risk accepted", "declined": "Declined by the client",
}

// claim is the one claim that is made of a practice: which entries show it in
// place, for whom and when, and when they do not.
func (c calendar) claim(p *framework.Practice, a coverage.Practice, proof tally) string {
	held, unproven, failed := sets(a)
	var b strings.Builder
	fmt.Fprintf(&b, "For “%s”, ", p.Title)
	switch {
	case len(held) > 0:
		fmt.Fprintf(&b, "%s in place%s %s", proof.shows(), everyone(p, a), c.spans(held))
		if alt := alternatives(a); len(alt) > 0 {
			fmt.Fprintf(&b, ", by alternative %s", c.spans(alt))
		}
	case a.Status == coverage.StatusNotApplicable || a.Status == coverage.StatusNotBound:
		return fmt.Sprintf("“%s” was not asked of this organization in these months: %s.", p.Title, strings.ToLower(exemptWords[lastWhy(a)]))
	default:
		b.WriteString("no entry shows it in place")
	}
	if len(unproven) > 0 {
		fmt.Fprintf(&b, "; unproven%s %s", unprovenLimit(a), c.spans(unproven))
	}
	if len(failed) > 0 {
		fmt.Fprintf(&b, "; failed %s", c.spans(failed))
	}
	b.WriteByte('.')
	if n, ok := nouns[p.Scope]; ok && !a.AtOn && a.Subjects.InScope > 0 {
		fmt.Fprintf(&b, " At the end of these months: in place for %d of %s.", a.Subjects.Held, count(a.Subjects.InScope, n[0], n[1]))
	}
	return b.String()
}

// everyone says for how many subjects a practice holds where it holds.
func everyone(p *framework.Practice, a coverage.Practice) string {
	n, ok := nouns[p.Scope]
	switch {
	case !ok || a.Subjects.InScope == 0:
		return ""
	case a.AtOn:
		return fmt.Sprintf(" for %d of %s", a.Subjects.Held, count(a.Subjects.InScope, n[0], n[1]))
	}
	return " for every " + n[0] + " in scope"
}

func unprovenLimit(a coverage.Practice) string {
	for _, g := range a.Gaps {
		if g.Limit != nil && limits[*g.Limit] != "" {
			return " (" + limits[*g.Limit] + ")"
		}
	}
	return ""
}

func lastWhy(a coverage.Practice) string {
	if n := len(a.Exempt); n > 0 {
		return a.Exempt[n-1].Why
	}
	return ""
}

// sets is where a practice held, was unproven and failed.
func sets(a coverage.Practice) (held, unproven, failed interval.Set) {
	var h, u, f []interval.Span
	for _, c := range a.Covered {
		h = append(h, interval.Span{From: int64(c.From), To: int64(c.To)})
	}
	for _, g := range a.Gaps {
		s := interval.Span{From: int64(g.From), To: int64(g.To)}
		if g.Kind == coverage.Failed {
			f = append(f, s)
		} else {
			u = append(u, s)
		}
	}
	return interval.Of(h...), interval.Of(u...), interval.Of(f...)
}

// alternatives is where a practice was met by an alternative.
func alternatives(a coverage.Practice) interval.Set {
	var alt []interval.Span
	for _, c := range a.Covered {
		if c.Alternative {
			alt = append(alt, interval.Span{From: int64(c.From), To: int64(c.To)})
		}
	}
	return interval.Of(alt...)
}

// tally counts the entries that speak to a practice.
type tally struct {
	n           int
	first, last uint64
}

func (t *tally) add(index uint64) {
	if t.n == 0 {
		t.first = index
	}
	t.n, t.last = t.n+1, index
}

func (t tally) shows() string {
	switch t.n {
	case 0:
		return "entries show it"
	case 1:
		return fmt.Sprintf("entry %s shows it", grouped(int64(t.first)))
	}
	return fmt.Sprintf("%s from %s to %s show it", count(t.n, "entry", "entries"), grouped(int64(t.first)), grouped(int64(t.last)))
}
