package web

import (
	"errors"
	"fmt"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// Practice is one practice of one client: the claim, how it is judged, its
// subjects, its gaps, and what was recorded.
type Practice struct {
	Base, Here string
	Title      string
	Statement  string
	Day        string
	On         string // "today", "August 14, 2026"
	Claim      duty.Claim
	Projected  string
	Best       bool
	Proven     string
	Known      string
	Wide       string
	Vouch      string
	Facts      []Fact
	Window     string
	Axis       Axis
	Strip      Strip
	Standing   Standing
	Marks      []MarkAt
	Subjects   *Subjects
	Gaps       []GapRow
	MoreGaps   int
	Statements []StatementRow
	MoreSaid   string // how many more statements there are
	MoreSaidAt string
	Record     *RecordForm
	Relief     *RecordForm
}

// Fact is a line about how a practice is judged, with its mark.
type Fact struct {
	Title string
	Parts []FactPart
}

// FactPart is a piece of a fact: a mark or a grade, and text.
type FactPart struct {
	Mark  *Basis
	Grade Grade
	Text  string
	Href  string
}

var practicePage = newEvidencePage[Practice]("practice.html")

func (d *desk) practice(v *Visit) error {
	a := v.asks()
	if a.Problem != "" {
		v.Problem = a.Problem
	}
	p := Practice{
		Base: v.base(), Here: v.base() + "/practices/" + v.PathValue("practice"), Day: a.Day, On: a.on(v.Zone), Best: a.Best,
		Vouch: d.vouching(v.Context(), v.Client).Line,
	}
	size, err := d.sizeAt(v.Context(), v.Client, a.On)
	if err != nil {
		return err
	}
	names, err := d.memberNames(v)
	if err != nil {
		return err
	}
	var failed []shown
	err = d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		row, ok := st.Catalog().Practice(v.PathValue("practice"))
		if !ok {
			return errNotThere
		}
		r, err := a.evaluate(st, false, row.ID)
		if errors.As(err, new(coverage.ErrUnknownPractice)) {
			return errNotThere
		}
		if err != nil {
			return err
		}
		if p.Claim, err = duty.PracticeClaim(duty.Asked{State: st, Report: r, Entries: size}, row.ID); err != nil {
			return err
		}
		failed = failures(r, a)
		return p.fill(v, st, a, &r.Practices[0], row, names)
	})
	if err != nil {
		return err
	}
	if a.Today && !a.Best {
		d.noteShown(v, v.Client, failed)
	}
	return render(v, practicePage, v.Frame(p.Title+", "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

func (p *Practice) fill(v *Visit, st *projection.State, a asked, x *coverage.Practice, row *framework.Practice, names map[string]string) error {
	c := says{v.Zone, a.On}
	p.Title, p.Statement = row.Title, row.Statement
	p.Projected, p.Window = a.projected(v.Now(), v.Zone), a.days(v.Zone)
	p.Proven, p.Known = v.with("reading", ""), v.with("reading", "best")
	p.Axis = axisOf(a.Window(), v.Zone, false)
	p.Strip = Strip(duty.Draw(a.Window(), v.Zone, duty.PracticeRuns(*x, duty.Began(st.Book))))
	p.Standing, p.Marks = c.standing(st, x, row), marks(x, p.Base)
	p.Wide = c.wide(x, row, a.Window())
	var err error
	if p.Subjects, err = subjectsOf(v, st, a, row); err != nil {
		return err
	}
	p.Facts = c.facts(v, st, x, row, p.Subjects)
	p.Gaps, p.MoreGaps = c.gapRows(v, st, x, row)
	p.Statements = statementRows(v, st, row, names)
	if n := len(st.Document.Statements[row.ID]) - len(p.Statements); n > 0 && v.query("statements") == "" {
		p.MoreSaid, p.MoreSaidAt = Count(n, "earlier statement"), v.with("statements", "all")+"#statements"
	}
	if v.May(permit.RecordEvidence) {
		p.Record = recordForm(v, st, row, false)
	}
	if v.May(permit.AcceptRisk) {
		p.Relief = recordForm(v, st, row, true)
	}
	return nil
}

// wide says since when 95 % of the subjects or more had it at every instant.
func (c says) wide(x *coverage.Practice, row *framework.Practice, w interval.Span) string {
	noun := nounOf[row.Scope]
	if noun == "" || row.Mode == framework.Event || len(x.Gaps) == 0 || len(x.Wide) == 0 {
		return ""
	}
	last := x.Wide[len(x.Wide)-1]
	if last.To < w.To {
		return ""
	}
	since := "since " + c.day(last.From)
	if last.From <= w.From {
		since = "for the whole twelve months"
	}
	return fmt.Sprintf("At 95%% of %s or more, it has been in place at every instant %s (basis: ours).", plural(noun), since)
}

// limitMarks say who set a number.
var limitMarks = map[framework.Limit]Basis{
	framework.LimitRule: Law, framework.LimitAgreement: {"", "The agreement"}, framework.LimitClientPolicy: {"", "Client policy"}, framework.LimitTarget: {"", "Our target"},
}

// facts are how the practice is judged.
func (c says) facts(v *Visit, st *projection.State, x *coverage.Practice, row *framework.Practice, subjects *Subjects) []Fact {
	list := []Fact{freshness(row)}
	if row.Event != nil {
		mark := limitMarks[row.Event.DeadlineLimit]
		list = append(list, Fact{"Asked when", []FactPart{{Text: row.Event.Trigger + ", to be answered " + within(row.Event.DeadlineDays) + "."}, {Mark: &mark, Text: row.Event.Note}}})
	}
	list = append(list, lawFacts(row)...)
	if f, ok := knownBy(x, subjects); ok {
		list = append(list, f)
	}
	if days := x.SubjectDays; nounOf[row.Scope] != "" && days.InScope > 0 && row.Mode != framework.Event {
		list = append(list, Fact{"Subject-days", []FactPart{{Text: fmt.Sprintf("%s in place, %s unproven, %s failed", whole(days.Held), whole(days.Unproven), whole(days.Failed))}}})
	}
	if links := v.frameworkLinks(st, row); len(links) > 0 {
		list = append(list, Fact{"Answers", links})
	}
	return list
}

func whole(days float64) string { return Comma(int64(days + 0.5)) }

func within(days int) string {
	if days == 0 {
		return "at once"
	}
	return "within " + Count(days, "day")
}

func freshness(row *framework.Practice) Fact {
	mark := limitMarks[row.Freshness.Limit]
	text := Count(row.Freshness.MaxAgeDays, "day") + ": evidence older than that proves nothing more."
	if row.Mode == framework.InForce {
		text = "From when it takes effect until it ends; reviewed every " + Count(row.Freshness.MaxAgeDays, "day") + "."
	}
	f := Fact{"Freshness", []FactPart{{Text: text}, {Mark: &mark, Text: row.Freshness.Why}}}
	if row.Freshness.Basis == framework.BasisProposed {
		proposal := Proposal
		f.Parts = append(f.Parts, FactPart{Mark: &proposal, Text: "The number is from a proposal (90 FR 898), which is not in force."})
	}
	return f
}

// lawFacts are the sections of the rule that the practice answers.
func lawFacts(row *framework.Practice) []Fact {
	ids := row.Links["hipaa"]
	if len(ids) == 0 {
		return []Fact{{"Rule", []FactPart{{Text: "No section of 45 CFR part 164 asks for it by name."}}}}
	}
	law := Law
	f := Fact{Title: "Rule"}
	for n, id := range ids {
		item, _ := framework.Control("hipaa", id)
		part := FactPart{Text: "45 CFR " + id}
		if item.Note == "required" || item.Note == "addressable" {
			part.Text += ", " + item.Note
		}
		if n == 0 {
			part.Mark = &law
		}
		f.Parts = append(f.Parts, part)
	}
	separated(f.Parts)
	return []Fact{f}
}

// knownBy counts how the subjects are known, or says how the practice is.
func knownBy(x *coverage.Practice, s *Subjects) (Fact, bool) {
	if s == nil {
		g := gradeAt(x)
		return Fact{"Known by", []FactPart{{Grade: g, Text: map[string]string{
			"m": "by a machine, signed", "r": "by a dated act with its document", "a": "by someone who said so",
		}[g.Class]}}}, g.Word != ""
	}
	f := Fact{Title: "Known by"}
	for _, k := range []string{"measured", "recorded", "attested"} {
		on := "on none"
		if n := s.known[k]; n > 0 {
			on = "on " + Comma(int64(n))
		}
		f.Parts = append(f.Parts, FactPart{Grade: GradeOf(k), Text: on})
	}
	f.Parts = separated(f.Parts)
	return f, s.known["measured"]+s.known["recorded"]+s.known["attested"] > 0
}

// frameworkLinks are the controls that the practice answers, by framework.
func (v *Visit) frameworkLinks(st *projection.State, row *framework.Practice) []FactPart {
	var list []FactPart
	for _, f := range framework.Frameworks() {
		items := st.Catalog().ControlsOf(row.ID, f.ID)
		if len(items) == 0 || f.Route == framework.RouteLaw {
			continue
		}
		ids := make([]string, len(items))
		for n, i := range items {
			ids[n] = i.ID
		}
		list = append(list, FactPart{Text: shortFramework(f) + " " + strings.Join(ids, ", "), Href: v.base() + "/frameworks/" + f.ID})
	}
	return separated(list)
}

// separated ends every part but the last with a semicolon.
func separated(list []FactPart) []FactPart {
	for n := range list[:max(0, len(list)-1)] {
		list[n].Text += ";"
	}
	return list
}
