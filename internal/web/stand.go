package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// stretch is a span of one practice's answer in which it stands the same way,
// joined where only causes, limits or grades differ.
type stretch struct {
	interval.Span
	class string // in, alt, un, fa or none
	why   string // of an exempt span
	gaps  []*coverage.Gap
	grade string
}

// words are the states as they are written.
var words = map[string]string{"in": "In place", "alt": "By alternative", "un": "Unproven", "fa": "Failed"}

// exempts are why a practice is not asked for.
var exempts = map[string]string{
	coverage.NotApplicable: "Not applicable", coverage.NotBound: "Not its duty", coverage.NotStarted: "Not taken up", coverage.Onboarding: "New",
}

// stretches is an answer as one row of stretches, in order. Silence before
// the log began is none.
func stretches(p *coverage.Practice) []stretch {
	var list []stretch
	for _, c := range p.Covered {
		s := stretch{Span: interval.Span{From: int64(c.From), To: int64(c.To)}, class: "in", grade: c.Grade}
		if c.Alternative {
			s.class = "alt"
		}
		list = append(list, s)
	}
	for n := range p.Gaps {
		g := &p.Gaps[n]
		s := stretch{Span: interval.Span{From: int64(g.From), To: int64(g.To)}, class: "un", gaps: []*coverage.Gap{g}}
		if g.Kind == coverage.Failed {
			s.class = "fa"
		}
		list = append(list, s)
	}
	for _, e := range p.Exempt {
		list = append(list, stretch{Span: interval.Span{From: int64(e.From), To: int64(e.To)}, class: "none", why: e.Why})
	}
	slices.SortFunc(list, func(a, b stretch) int { return cmp.Compare(a.From, b.From) })
	return joined(list)
}

// since takes away the silence before a log began: it says nothing.
func since(list []stretch, began int64) []stretch {
	var res []stretch
	for _, s := range list {
		if s.class != "un" || s.From >= began {
			res = append(res, s)
			continue
		}
		before := stretch{Span: interval.Span{From: s.From, To: min(s.To, began)}, class: "none"}
		res = append(res, before)
		if s.From = began; !s.Empty() {
			res = append(res, s)
		}
	}
	return joined(res)
}

func joined(list []stretch) []stretch {
	var res []stretch
	for _, s := range list {
		if n := len(res) - 1; n >= 0 && res[n].class == s.class && res[n].why == s.why && res[n].To == s.From {
			res[n].To, res[n].grade = s.To, s.grade
			res[n].gaps = append(res[n].gaps, s.gaps...)
			continue
		}
		res = append(res, s)
	}
	return res
}

// says is dates in sentences about one window: the year stands only where it
// is not that of the day asked about.
type says struct {
	zone *time.Location
	on   int64
}

func (c says) day(t int64) string {
	d := time.UnixMilli(t).In(c.zone)
	if d.Year() != time.UnixMilli(c.on-1).In(c.zone).Year() {
		return d.Format("January 2, 2006")
	}
	return d.Format("January 2")
}

// short is day for narrow columns.
func (c says) short(t int64) string {
	d := time.UnixMilli(t).In(c.zone)
	if d.Year() != time.UnixMilli(c.on-1).In(c.zone).Year() {
		return d.Format("Jan 2, 2006")
	}
	return d.Format("Jan 2")
}

// long is a length in days: a part of a day is one.
func long(s interval.Span) string {
	return Count(int((s.Length()+interval.Day-1)/interval.Day), "day")
}

// standing is how a practice stood at the end of the window, and the first
// thing to know of its gaps.
func (c says) standing(st *projection.State, p *coverage.Practice, row *framework.Practice) Standing {
	list := since(stretches(p), duty.Began(st.Book))
	if p.Status == coverage.StatusNever && !spokenOf(st, row) {
		return Standing{"none", "Nothing yet", row.Action}
	}
	if len(list) == 0 {
		return Standing{"none", "Not asked", ""}
	}
	last := list[len(list)-1]
	s := Standing{last.class, words[last.class], ""}
	if last.class == "none" {
		s.Word = either(exempts[last.why], "Not begun")
	}
	s.Small = c.history(list)
	return s
}

// history is the gap that is open, or the first one that was, or since when
// there was none.
func (c says) history(list []stretch) string {
	last := list[len(list)-1]
	var was []stretch
	for _, s := range list[:len(list)-1] {
		if len(s.gaps) > 0 {
			was = append(was, s)
		}
	}
	switch {
	case len(last.gaps) > 0:
		return "Since " + c.day(last.From) + colon(reason(last.gaps)) + andMore(len(was), "earlier gap")
	case last.class == "none":
		return c.exempt(last, was)
	case len(was) > 0:
		worst := slices.MinFunc(was, func(a, b stretch) int {
			return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(b.Length(), a.Length()))
		})
		return words[worst.class] + " " + long(worst.Span) + ", " + c.day(worst.From) + colon(reason(worst.gaps)) + andMore(len(was)-1, "more gap")
	case list[0].class == "none":
		first := slices.IndexFunc(list, func(s stretch) bool { return s.class != "none" })
		return "Since " + c.day(list[first].From)
	}
	return "The whole twelve months"
}

func (c says) exempt(last stretch, was []stretch) string {
	say := map[string]string{
		coverage.NotApplicable: "there is nothing it applies to", coverage.NotBound: "the rule does not bind this organization",
		coverage.NotStarted: "outside the profile", coverage.Onboarding: "in its first days",
	}[last.why]
	return upper(either(say, "the log had not begun")) + andMore(len(was), "earlier gap")
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

func andMore(n int, one string) string {
	if n <= 0 {
		return ""
	}
	return "; " + Count(n, one)
}

// reason is the first cause in plain words, and how many more subjects there
// are.
func reason(gaps []*coverage.Gap) string {
	first, more := "", 0
	seen := map[string]bool{}
	for _, g := range gaps {
		more += g.More
		for _, cause := range g.Causes {
			if first == "" {
				first = tidy(cause.Reason)
			}
			seen[cause.Subject] = true
		}
	}
	if n := len(seen) - 1 + more; n > 0 && first != "" {
		return first + ", and " + strconv.Itoa(n) + " more"
	}
	return first
}

// tidy takes the second colon away that follows the name of a Windows volume.
func tidy(reason string) string { return strings.ReplaceAll(reason, ":: ", ": ") }

// marks is what else stands beside an answer: entries that dispute it, and
// gaps that someone answers for.
func marks(p *coverage.Practice, base string) []MarkAt {
	var list []MarkAt
	add := func(word string, entry uint64) {
		if m := (MarkAt{word, entryLink(base, entry)}); !slices.Contains(list, m) && len(list) < 6 {
			list = append(list, m)
		}
	}
	for _, c := range p.Covered {
		for _, e := range c.DisputedBy {
			add("Disputed by", e)
		}
	}
	for _, e := range p.Exempt {
		for _, d := range e.DisputedBy {
			add("Disputed by", d)
		}
	}
	for _, g := range p.Gaps {
		for _, c := range g.Causes {
			if c.Accepted != nil {
				add("Risk accepted in", *c.Accepted)
			}
			if c.Declined != nil {
				add("Declined by the client in", *c.Declined)
			}
		}
	}
	return list
}

// MarkAt is a remark with the entry that makes it.
type MarkAt struct {
	Word  string
	Entry Link
}

// entryLink leads to an entry of the client whose pages are at base.
func entryLink(base string, index uint64) Link {
	return Link{Title: Comma(int64(index)), Href: base + "/log/" + strconv.FormatUint(index, 10)}
}

// gradeAt is how a practice is known at the end of the window, or was last.
func gradeAt(p *coverage.Practice) Grade {
	if n := len(p.Covered); n > 0 {
		return GradeOf(p.Covered[n-1].Grade)
	}
	return Grade{}
}

// nounOf is what a practice's subjects are called.
var nounOf = map[framework.Scope]string{
	framework.ScopeDevice: "device", framework.ScopeSite: "site", framework.ScopeAccount: "account",
	framework.ScopeDomain: "domain", framework.ScopePerson: "person", framework.ScopeVendor: "vendor",
}

// share is "40 of 41", "" where subjects are not counted.
func share(p *coverage.Practice, row *framework.Practice) string {
	if nounOf[row.Scope] == "" || row.Mode == framework.Event || p.Subjects.InScope == 0 {
		return ""
	}
	return Comma(int64(p.Subjects.Held)) + " of " + Comma(int64(p.Subjects.InScope))
}
