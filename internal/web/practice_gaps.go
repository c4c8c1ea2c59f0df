package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/document"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// mostGaps is how many gaps a page lists.
const mostGaps = 60

// GapRow is one subject's part in a gap, and the entries behind it.
type GapRow struct {
	Class, What string
	Names       string // of the subjects, where there are several
	From, To    string
	Limit       string
	Entries     []Link
	Known       string
	Shown       string
	Cure        string
	Marks       []MarkAt
}

// cause is a cause with what is told of its gap.
type cause struct {
	coverage.Cause
	kind  string
	limit *framework.Limit
	names []string // of the subjects, where it stands for several
}

// gapRows lists every cause, those still open first, then the newest. What one
// subject lacks for one reason is one row.
func (c says) gapRows(v *Visit, st *projection.State, x *coverage.Practice, row *framework.Practice) ([]GapRow, int) {
	list, more := causesOf(x)
	slices.SortStableFunc(list, func(p, q cause) int {
		if a, b := int64(p.To) >= c.on, int64(q.To) >= c.on; a != b {
			if a {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(p.kind, q.kind), cmp.Compare(q.From, p.From))
	})
	list = c.grouped(list, row)
	if n := len(list) - mostGaps; n > 0 {
		list, more = list[:mostGaps], more+n
	}
	rows := make([]GapRow, len(list))
	for n := range list {
		rows[n] = c.gapRow(v, st, &list[n], row)
	}
	return rows, more
}

// fewSubjects is up to how many subjects with the same gap are listed one by
// one.
const fewSubjects = 3

// grouped makes one cause of many subjects that lack the same for the same
// reason on the same days, such as devices of an office that was closed.
func (c says) grouped(list []cause, row *framework.Practice) []cause {
	type key struct{ from, to, kind, why string }
	groups := map[key][]cause{}
	of := func(x cause) key {
		return key{interval.Civil(int64(x.From), c.zone), interval.Civil(int64(x.To), c.zone), x.kind, strings.TrimPrefix(x.Reason, x.Subject+": ")}
	}
	for _, x := range list {
		groups[of(x)] = append(groups[of(x)], x)
	}
	var res []cause
	done := map[key]bool{}
	for _, x := range list {
		k := of(x)
		switch g := groups[k]; {
		case len(g) <= fewSubjects || x.Subject == "" || x.Accepted != nil || x.Declined != nil:
			res = append(res, x)
		case !done[k]:
			done[k] = true
			res = append(res, together(g, k.why, row))
		}
	}
	return res
}

// together is one cause for the subjects of several.
func together(g []cause, why string, row *framework.Practice) cause {
	one := g[0]
	one.Reason = Count(len(g), either(nounOf[row.Scope], "subject")) + ": " + why
	one.Entries = nil
	for _, c := range g {
		one.Subject = ""
		one.Known, one.From, one.To = min(one.Known, c.Known), min(one.From, c.From), max(one.To, c.To)
		one.names = append(one.names, c.Subject)
		for _, e := range c.Entries {
			if !slices.Contains(one.Entries, e) {
				one.Entries = append(one.Entries, e)
			}
		}
	}
	slices.Sort(one.names)
	return one
}

func causesOf(x *coverage.Practice) (list []cause, more int) {
	for _, g := range x.Gaps {
		more += g.More
		for _, one := range g.Causes {
			at := slices.IndexFunc(list, func(y cause) bool {
				return y.Subject == one.Subject && y.Reason == one.Reason && y.kind == g.Kind && y.To == one.From
			})
			if at < 0 {
				list = append(list, cause{Cause: one, kind: g.Kind, limit: g.Limit})
				continue
			}
			list[at].To = one.To
			for _, e := range one.Entries {
				if !slices.Contains(list[at].Entries, e) {
					list[at].Entries = append(slices.Clone(list[at].Entries), e)
				}
			}
		}
	}
	return list, more
}

func (c says) gapRow(v *Visit, st *projection.State, x *cause, row *framework.Practice) GapRow {
	r := GapRow{Names: And(x.names), Class: "un", What: tidy(x.Reason), From: c.short(int64(x.From)), To: "open", Limit: limitWords(x.limit, row)}
	if r.What == "" {
		r.What = "No entry shows it"
	}
	if int64(x.To) < c.on {
		r.To = c.short(int64(x.To))
	}
	if x.kind == coverage.Failed {
		r.Class, r.Limit = "fa", "an entry says that it failed"
	}
	for n, e := range x.Entries {
		if n == 4 {
			break
		}
		r.Entries = append(r.Entries, entryLink(v.base(), e))
	}
	if x.Accepted != nil {
		r.Marks = append(r.Marks, MarkAt{"Risk accepted in", entryLink(v.base(), *x.Accepted)})
	}
	if x.Declined != nil {
		r.Marks = append(r.Marks, MarkAt{"Declined by the client in", entryLink(v.base(), *x.Declined)})
	}
	c.knew(&r, v, st, x, row)
	return r
}

// knew is when the gap was first known here and shown to the client; of a
// failure, and of a gap past a limit that the rule itself sets, the cure
// period too (45 CFR 160.410(c)).
func (c says) knew(r *GapRow, v *Visit, st *projection.State, x *cause, row *framework.Practice) {
	known := max(int64(x.Known), int64(x.From))
	r.Known = c.short(known)
	cures := x.kind == coverage.Failed || x.limit != nil && *x.limit == framework.LimitRule
	at, to, side := int64(0), "", "client"
	if st.Client.MSP {
		side = "msp" // its own client
	}
	for _, s := range st.Record.Shown {
		if s.Practice == row.ID && s.Side == side && s.Kind == x.kind && s.At >= int64(x.From) && (at == 0 || s.At < at) {
			at, to = s.At, s.To
		}
	}
	if at > 0 && (int64(x.To) >= c.on || at <= int64(x.To)) {
		r.Shown = c.short(at) + ", to " + to
	} else if cures {
		r.Shown = "not yet"
	}
	if !cures {
		return
	}
	cure := duty.Cure{Known: known, Ends: coverage.CureEnds(known, v.Zone)}
	if int64(x.To) < c.on {
		r.Cure = "closed on " + cure.Word(int64(x.To), v.Zone)
		return
	}
	r.Cure = cure.Word(c.on, v.Zone)
}

// limitWords is the limit that silence passed.
func limitWords(l *framework.Limit, row *framework.Practice) string {
	if l == nil {
		return ""
	}
	age := Count(row.Freshness.MaxAgeDays, "day")
	switch *l {
	case framework.LimitRule:
		return "the rule, " + age
	case framework.LimitAgreement:
		return "the agreement, " + age
	case framework.LimitClientPolicy:
		return "the client’s own limit, " + age
	}
	return "older than our target, " + age
}

// StatementRow is one statement that somebody recorded on the practice.
type StatementRow struct {
	Entry    Link
	At       string
	What     string
	Class    string
	Subject  string
	Note     string
	By       string
	File     string
	FileHref string
	FileSize string
	Gone     string // "taken back", "erased"
}

// A page lists few statements at first, and most when it is asked for more.
const (
	fewStatements  = 12
	mostStatements = 500
)

// stateWords say what a statement says.
var stateWords = map[string]string{
	document.Holds: "In place", document.Fails: "Failed", document.Unknown: "Could not be found out", document.Nil: "None",
	document.Trigger: "It happened", document.Answer: "Answered", document.Alternative: "Met another way",
	document.AcceptedRisk: "Risk accepted", document.Declined: "Declined by the client",
}

var stateClasses = map[string]string{document.Holds: "in", document.Fails: "fa", document.Unknown: "un", document.Alternative: "alt"}

func statementRows(v *Visit, st *projection.State, row *framework.Practice, names map[string]string) []StatementRow {
	all := st.Document.Statements[row.ID]
	most := fewStatements
	if v.query("statements") != "" {
		most = mostStatements
	}
	var rows []StatementRow
	for n := len(all) - 1; n >= 0 && len(rows) < most; n-- {
		rows = append(rows, statementRow(v, st, &all[n], row, names))
	}
	return rows
}

func statementRow(v *Visit, st *projection.State, e *document.Entry, row *framework.Practice, names map[string]string) StatementRow {
	r := StatementRow{
		Entry: entryLink(v.base(), e.Index), At: ShortDay(e.At, v.Zone), What: stateWords[e.State], Class: stateClasses[e.State],
		Subject: subjectName(st, row.Scope, e.Subject), Note: e.Note, By: e.By,
	}
	if e.State == document.Nil {
		r.What = "Nothing happened"
		if row.Mode != framework.Event {
			r.What = "There is none"
		}
	}
	if e.From > 0 || e.To > 0 {
		r.What += ", " + period(e.From, e.To, v.Zone)
	}
	if e.Ref != "" {
		r.What += " (" + e.Ref + ")"
	}
	if r.By == "" {
		r.By = actorName(e.Actor, names)
	}
	if e.File != nil {
		r.File, r.FileSize = e.File.Name, bytesWord(e.File.Size)
		r.FileHref = v.base() + "/documents/" + itoa(e.Index)
	}
	if _, back := st.Book.Retractions[e.Index]; back {
		r.Gone = "taken back as a mistake"
	}
	return r
}

// period is a term in words.
func period(from, to int64, zone *time.Location) string {
	switch {
	case from > 0 && to > 0:
		return ShortDay(from, zone) + " to " + ShortDay(to-1, zone)
	case from > 0:
		return "from " + ShortDay(from, zone)
	}
	return "until " + ShortDay(to-1, zone)
}

// subjectName is what people call a subject.
func subjectName(st *projection.State, scope framework.Scope, id string) string {
	if m := st.Client.Registers[scope][id]; m != nil && m.Name != "" {
		return m.Name
	}
	return id
}
