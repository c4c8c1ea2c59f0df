package bundle

import (
	"bytes"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/ledger"
)

//go:embed data
var data embed.FS

var (
	reportPage        = template.Must(template.ParseFS(data, "data/report.html"))
	certificationPage = template.Must(template.ParseFS(data, "data/certification.html"))
	readmeText        = texttemplate.Must(texttemplate.ParseFS(data, "data/readme.txt"))
	sheet             = func() template.CSS {
		b, err := data.ReadFile("data/report.css")
		if err != nil {
			panic(err) // it is embedded
		}
		return template.CSS(b)
	}()
)

// reportView is the page report.html.
type reportView struct {
	Sheet     template.CSS
	Name      string
	Dates     string
	Heading   string
	Scope     string // entry of the scope statement
	Drawn     string
	For       string
	Sample    bool
	Lost      []string
	Say       string
	NotAll    string // what is not vouched for
	Columns   []period
	Joined    string
	Groups    []groupView
	Sections  []sectionView
	Axis      []axisLabel
	LeftOut   []string
	Documents []row
	Numbers   []numbersView
	Check     checkView
	Law       string
	LawOld    bool
	Zone      string
	Evaluator string
	Span      int // columns of the index
}

type groupView struct {
	Theme string
	Rows  []indexRow
}

type indexRow struct {
	Part   int
	Title  string
	Cells  []cell
	Remark string
}

// cell is a practice in a period.
type cell struct {
	Count string
	Class string // a, u, f, x, or none
	Word  string
	Link  string
}

// sectionView is one practice.
type sectionView struct {
	Part      int
	ID        string
	Title     string
	Statement string
	Word      string
	Class     string
	Claim     string
	NotVouch  bool
	Strip     strip
	Best      *strip
	BestSay   string
	Spans     []spanRow
	More      int
	Laws      []string
	Basis     string // Law, Our reading, Proposal
	BasisSay  string
	Months    []monthView
}

type spanRow struct {
	From, To string
	Class    string
	Word     string
	Grade    string
	Said     string
	Causes   []causeRow
	More     int
	Disputed []entryLink
}

type causeRow struct {
	Reason  string
	Entries []entryLink
	Remark  string
}

type entryLink struct {
	Number string
	Link   string
}

type monthView struct {
	ID    string
	Title string
	Rows  []row
	Heaps []heap
}

// numbersView is the numbers of one heap.
type numbersView struct {
	ID, Kind, Month, Numbers string
}

type checkView struct {
	Size, Root, Origin, Cosigned string
}

func hexOf(h [32]byte) string { return hex.EncodeToString(h[:]) }

// pages are the members that people read.
func (in *Input) pages(a About, d *disclosure, f *folded, docs []Blob) ([]member, error) {
	view, err := in.report(a, d, f, docs)
	if err != nil {
		return nil, err
	}
	var report, certification, readme bytes.Buffer
	if err := reportPage.Execute(&report, view); err != nil {
		return nil, fmt.Errorf("draw the report: %w", err)
	}
	if err := certificationPage.Execute(&certification, view); err != nil {
		return nil, fmt.Errorf("draw the certification: %w", err)
	}
	if err := readmeText.Execute(&readme, view); err != nil {
		return nil, fmt.Errorf("write the readme: %w", err)
	}
	return []member{
		{memberReadme, readme.Bytes()},
		{memberReport, report.Bytes()},
		{memberCertification, certification.Bytes()},
	}, nil
}

// drawing is what the parts of the report are drawn from.
type drawing struct {
	calendar
	in     *Input
	about  About
	d      *disclosure
	f      *folded
	g      *gathered
	window interval.Span
}

func (in *Input) report(a About, d *disclosure, f *folded, docs []Blob) (reportView, error) {
	w := interval.Span{From: int64(f.coverage.Proven.Window.From), To: int64(f.coverage.Proven.Window.To)}
	c := calendar{f.state.Client.Location()}
	ids := make([]string, 0, len(f.coverage.Proven.Practices))
	for _, p := range f.coverage.Proven.Practices {
		ids = append(ids, p.ID)
	}
	g, err := in.gather(d, ids, c, w)
	if err != nil {
		return reportView{}, err
	}
	dr := &drawing{calendar: c, in: in, about: a, d: d, f: f, g: g, window: w}
	v := reportView{
		Sheet: sheet, Dates: c.day(w.From) + " to " + c.last(w.To), Columns: g.periods, Joined: joined(g.periods),
		Sample: ledger.SampleOrigin(a.Origin), Axis: axis(w, c.zone), Zone: c.zone.String(), Evaluator: coverage.Version,
		LeftOut: dr.leftOut(docs), Documents: dr.documents(docs), Check: dr.check(), Span: len(g.periods) + 2,
	}
	dr.head(&v)
	dr.practices(&v)
	v.Numbers = dr.numbers()
	return v, nil
}

func (dr *drawing) head(v *reportView) {
	s := &dr.f.state.Client
	if v.Name = s.Name; v.Name == "" {
		v.Name = dr.about.Client
	}
	v.Heading = s.Heading(dr.in.MSP)
	if s.Scope != nil {
		v.Scope = fmt.Sprintf("entry %s of %s", grouped(int64(s.Scope.Index)), dr.day(s.Scope.At))
	}
	v.Drawn = fmt.Sprintf("Drawn from entries 0 to %s, the last of them logged on %s", grouped(int64(dr.about.Size-1)), dr.day(dr.d.last))
	v.For = dr.recipient()
	for _, e := range dr.f.state.Record.Epochs {
		v.Lost = append(v.Lost, fmt.Sprintf("Entries were lost before this log began. The log before it, %s, had %s and root %s. %s: %s", e.Origin, count(int(e.Size), "entry", "entries"), e.Root, e.By, e.Why))
	}
	newest := dr.d.catalogs[len(dr.d.catalogs)-1]
	v.Law = newest.Checked
	if t, err := time.Parse(time.DateOnly, newest.Checked); err == nil {
		v.Law = t.Format("January 2, 2006")
		v.LawOld = t.AddDate(1, 0, 0).UnixMilli() < dr.d.last
	}
	sum := summarize(dr.f.coverage.Proven.Practices, dr.title)
	v.Say = sum.say(dr.calendar, dr.about.Size, dr.window, dr.about.Months)
	if n := len(dr.f.notVouched); n > 0 {
		v.NotAll = fmt.Sprintf("Not vouched for, because entries that feed them are withheld: %s. What is said of %s rests on the disclosed entries alone.",
			count(n, "practice", "practices"), map[bool]string{true: "it", false: "them"}[n == 1])
	}
}

func (dr *drawing) recipient() string {
	var b strings.Builder
	if dr.about.Recipient == "" {
		b.WriteString("The client's own records")
	} else {
		fmt.Fprintf(&b, "Prepared for %s", dr.about.Recipient)
	}
	if dr.about.Purpose != "" {
		fmt.Fprintf(&b, "; purpose: %s", dr.about.Purpose)
	}
	b.WriteByte('.')
	if dr.about.Consent == nil || dr.about.Recipient == "" {
		return b.String()
	}
	for _, c := range dr.f.state.Record.Consents {
		if c.Index == *dr.about.Consent {
			fmt.Fprintf(&b, " %s, %s, consented on %s (entry %s).", c.By, c.Role, dr.day(c.At), grouped(int64(c.Index)))
			return b.String()
		}
	}
	fmt.Fprintf(&b, " Consent: entry %s.", grouped(int64(*dr.about.Consent)))
	return b.String()
}

func (dr *drawing) title(id string) string {
	if p := newest(dr.d.catalogs, id); p != nil {
		return p.Title
	}
	return id
}

func (dr *drawing) check() checkView {
	v := checkView{Size: grouped(int64(dr.about.Size)), Origin: dr.about.Origin}
	for h := dr.d.root.Hex(); h != ""; h = h[16:] {
		v.Root += " " + h[:16]
	}
	v.Root = strings.TrimSpace(v.Root)
	if in := dr.in.Instance; in != nil && len(dr.in.Policy) > 0 {
		v.Cosigned = dr.cosigners(in.Checkpoint)
	}
	return v
}

// cosigners names the witnesses of the newest checkpoint.
func (dr *drawing) cosigners(note []byte) string {
	n, err := ledger.ParseNote(note)
	if err != nil {
		return ""
	}
	p, err := ledger.ParsePolicy(dr.in.Policy)
	if err != nil {
		return ""
	}
	p.Logs = nil
	keys, err := named(dr.in.Keys, firstLine(n.Text))
	if err != nil {
		return ""
	}
	_, list, _ := p.Check(n, keys...) // fewer than the quorum are still named
	var names []string
	for _, c := range list {
		names = append(names, fmt.Sprintf("%s on %s", c.Name, dr.day(c.At)))
	}
	return and(names)
}

// leftOut says what the bundle does not show, line by line.
func (dr *drawing) leftOut(docs []Blob) []string {
	var list []string
	if n := total(dr.about.Withheld); n == 0 {
		list = append(list, "Withheld: nothing. Every entry up to this size is here.")
	} else {
		var parts []string
		for _, k := range dr.about.Withheld {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(int64(k.Count)), k.Kind))
		}
		list = append(list, fmt.Sprintf("Withheld as leaf hashes: %s (%s).", count(int(n), "entry", "entries"), strings.Join(parts, ", ")))
	}
	if !dr.in.Scope.Everything() {
		list = append(list, "Asked for: "+dr.scope()+".")
	}
	list = append(list, fmt.Sprintf("Erased: %s.", map[bool]string{true: "nothing", false: count(int(dr.d.erased), "entry", "entries")}[dr.d.erased == 0]))
	if n := len(dr.about.LeftOut); n > 0 {
		list = append(list, fmt.Sprintf("Documents cited and not in this file: %d.", n))
	}
	if n := len(dr.d.disposed); n > 0 {
		list = append(list, fmt.Sprintf("Documents whose retention was over and that were destroyed: %d.", n))
	}
	if never := summarize(dr.f.coverage.Proven.Practices, dr.title).never; len(never) > 0 {
		list = append(list, "Nothing is on record for: "+strings.Join(never, "; ")+".")
	}
	return list
}

func (dr *drawing) scope() string {
	s := dr.in.Scope
	var parts []string
	if len(s.Practices) > 0 {
		var titles []string
		for _, id := range s.Practices {
			titles = append(titles, dr.title(id))
		}
		parts = append(parts, strings.Join(titles, "; "))
	}
	if len(s.Subjects) > 0 {
		parts = append(parts, "entries that name "+strings.Join(s.Subjects, ", "))
	}
	if s.Dates != (interval.Span{}) {
		parts = append(parts, "entries of "+dr.span(s.Dates))
	}
	return strings.Join(parts, "; ")
}

func (dr *drawing) documents(docs []Blob) []row {
	var list []row
	for _, b := range docs {
		list = append(list, row{Index: b.Entry, Number: grouped(int64(b.Entry)), File: b.Name, Note: b.Type, What: kilobytes(b.Size), Link: folderBlobs + hexOf(b.Hash)})
	}
	slices.SortFunc(list, func(a, b row) int { return int(int64(a.Index) - int64(b.Index)) })
	return list
}

func kilobytes(n int64) string { return grouped((n+1023)/1024) + " kB" }

// basis says which of law, reading and proposal a number rests on.
func basis(p *framework.Practice) (mark, say string) {
	say = p.Freshness.Why
	if p.Mode == framework.State || p.Mode == framework.Periodic {
		say = fmt.Sprintf("One piece of evidence counts for %s. %s", count(p.Freshness.MaxAgeDays, "day", "days"), say)
	}
	switch p.Freshness.Basis {
	case framework.BasisRule:
		return "Law", say
	case framework.BasisProposed:
		return "Proposal", say
	}
	return "Our reading", say
}
