package web

import (
	"slices"
	"time"

	"breakwater/internal/bundle"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// Bundle is the page on which a disclosure is prepared, agreed to and made.
type Bundle struct {
	Base, Client string
	Places       []Link
	Day          string
	From, To     string
	Recipient    string
	Purpose      string
	Documents    bool
	Themes       []ThemeChoices
	Chosen       int
	Preview      *BundlePreview
	MayConsent   bool
	MayPaper     bool
	Consents     []ConsentRow
	Made         []BundleRow
	Unsigned     bool
}

// ThemeChoices are the practices of one theme to choose from.
type ThemeChoices struct {
	Theme string
	List  []Choice
}

// BundlePreview is what a bundle would show.
type BundlePreview struct {
	Say        string
	Gaps       []PreviewGaps
	Persons    []FactLine
	Documents  []FactLine
	LeftOut    int
	Disclosed  []FactLine
	Withheld   []FactLine
	NotVouched []string
	Consent    string // that there is one, or that it is missing
	Ready      bool
}

// PreviewGaps is the gaps of one practice.
type PreviewGaps struct {
	Title string
	Rows  []PreviewGap
}

// PreviewGap is one gap that the bundle would show.
type PreviewGap struct{ Class, When, Why string }

// ConsentRow is one consent.
type ConsentRow struct {
	Entry                             Link
	Recipient, Purpose, On, By, Until string
}

// BundleRow is one bundle that was produced.
type BundleRow struct {
	Entry                        Link
	At, Recipient, Purpose, Hash string
	By                           string
}

var bundlePage = newEvidencePage[Bundle]("bundle.html")

func (d *desk) bundle(v *Visit) error { return d.showBundle(v, nil) }

func (d *desk) showBundle(v *Visit, preview *BundlePreview) error {
	p := Bundle{
		Base: v.base(), Client: v.ClientName, Places: v.places("Bundle"), Preview: preview, Unsigned: d.cfg.Voucher == nil,
		Day: either(v.Field("day"), interval.Civil(v.Now()-interval.Day, v.Zone)), From: v.Field("from"), To: v.Field("to"),
		Recipient: v.Field("recipient"), Purpose: v.Field("purpose"), Documents: v.Method == "GET" || v.Field("documents") != "",
		MayConsent: v.May(permit.ConsentBundle), MayPaper: v.May(permit.RecordConsent),
	}
	names, err := d.memberNames(v)
	if err != nil {
		return err
	}
	err = d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.themes(v, st)
		for n := len(st.Record.Consents) - 1; n >= 0; n-- {
			p.Consents = append(p.Consents, consentRow(v, &st.Record.Consents[n]))
		}
		for n := len(st.Record.Bundles) - 1; n >= 0 && len(p.Made) < 50; n-- {
			p.Made = append(p.Made, bundleRow(v, &st.Record.Bundles[n], names))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return render(v, bundlePage, v.Frame("Bundle, "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

func (p *Bundle) themes(v *Visit, st *projection.State) {
	for _, row := range st.Catalog().Practices {
		if !row.In(st.Client.Profile) && len(st.Document.Statements[row.ID]) == 0 {
			continue
		}
		at := slices.IndexFunc(p.Themes, func(t ThemeChoices) bool { return t.Theme == row.Theme })
		if at < 0 {
			at, p.Themes = len(p.Themes), append(p.Themes, ThemeChoices{Theme: row.Theme})
		}
		chosen := slices.Contains(v.Form["practice"], row.ID)
		if chosen {
			p.Chosen++
		}
		p.Themes[at].List = append(p.Themes[at].List, Choice{row.ID, row.Title, chosen})
	}
}

func consentRow(v *Visit, c *record.ConsentEntry) ConsentRow {
	r := ConsentRow{
		Entry: entryLink(v.base(), c.Index), Recipient: c.Recipient, Purpose: c.Purpose, On: Day(c.On-1, v.Zone), By: c.By + ", " + c.Role, Until: "no end given",
	}
	if c.Until > 0 {
		r.Until = "until " + Day(c.Until-1, v.Zone)
	}
	return r
}

func bundleRow(v *Visit, b *record.BundleEntry, names map[string]string) BundleRow {
	return BundleRow{
		Entry: entryLink(v.base(), b.Index), At: Moment(b.At, v.Zone), Recipient: either(b.Recipient, "own records"), Purpose: b.Purpose,
		Hash: b.SHA256, By: actorName(b.By, names),
	}
}

// ordered is the bundle that the form asks for.
func (d *desk) ordered(v *Visit) (bundle.Input, error) {
	in := bundle.Input{
		Client: v.Client, MSP: v.msp, Months: 12, Purpose: v.Field("purpose"), Recipient: v.Field("recipient"),
		Scope: bundle.Scope{Practices: slices.Sorted(slices.Values(v.Form["practice"]))},
	}
	var err error
	if in.On, err = dayEnd(v.Field("day"), v.Zone); err != nil {
		return in, err
	}
	if in.On > v.Now() {
		return in, wrong("that day is not over: choose yesterday or an earlier day")
	}
	if in.Recipient != "" && in.Purpose == "" {
		return in, wrong("say what the recipient needs it for: the consent is for one purpose")
	}
	if in.Scope.Dates, err = datesOf(v); err != nil {
		return in, err
	}
	return d.gather(v.Context(), in, v.Field("documents") != "")
}

// lastInstant ends a scope that has no end: the end of the last year that is
// taken, in ms UTC.
const lastInstant = 221_876_928_000_000 // 9001-01-01

func datesOf(v *Visit) (interval.Span, error) {
	from, to := v.Field("from"), v.Field("to")
	if from == "" && to == "" {
		return interval.Span{}, nil
	}
	s := interval.Span{To: lastInstant}
	var err error
	if from != "" {
		if s.From, err = civilDay(from, v.Zone); err != nil {
			return s, err
		}
	}
	if to != "" {
		if s.To, err = dayEnd(to, v.Zone); err != nil {
			return s, err
		}
	}
	if s.Empty() {
		return s, wrong("the dates end before they begin: correct them")
	}
	return s, nil
}

func (d *desk) bundlePreview(v *Visit) error {
	in, err := d.ordered(v)
	if err != nil {
		return v.again(err, d.bundle)
	}
	made, err := bundle.MakePreview(in)
	if err != nil {
		return err
	}
	var p BundlePreview
	err = d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p = previewOf(v, st.Catalog(), made)
		p.agreed(v, st, in)
		return nil
	})
	if err != nil {
		return err
	}
	return d.showBundle(v, &p)
}

// agreed says whether the bundle may be handed out.
func (p *BundlePreview) agreed(v *Visit, st *projection.State, in bundle.Input) {
	if in.Recipient == "" {
		p.Ready, p.Consent = true, "These are the client’s own records, so no consent is needed."
		return
	}
	c, ok := bundle.FindConsent(st.Record.Consents, in.Recipient, in.Purpose, in.On, in.Scope.Practices, v.Now())
	if p.Ready = ok; ok {
		p.Consent = c.By + " consented to this on " + Day(c.At, v.Zone) + ", entry " + Comma(int64(c.Index)) + "."
		return
	}
	p.Consent = "The client has not consented to this recipient, purpose, day and choice of practices. Without consent it cannot be made."
}

func previewOf(v *Visit, c *framework.Catalog, made bundle.Preview) BundlePreview {
	title := func(id string) string {
		if row, ok := c.Practice(id); ok {
			return row.Title
		}
		return id
	}
	p := BundlePreview{LeftOut: made.LeftOut, Disclosed: kindLines(c, made.Disclosed), Withheld: kindLines(c, made.Withheld)}
	for _, id := range made.NotVouched {
		p.NotVouched = append(p.NotVouched, title(id))
	}
	for _, g := range made.Gaps {
		at := slices.IndexFunc(p.Gaps, func(x PreviewGaps) bool { return x.Title == title(g.Practice) })
		if at < 0 {
			at, p.Gaps = len(p.Gaps), append(p.Gaps, PreviewGaps{Title: title(g.Practice)})
		}
		p.Gaps[at].Rows = append(p.Gaps[at].Rows, previewGap(v.Zone, g))
	}
	for _, x := range made.Persons {
		p.Persons = append(p.Persons, FactLine{x.Name, Count(int(x.Entries), "entry")})
	}
	for _, x := range made.Documents {
		p.Documents = append(p.Documents, FactLine{x.Name, bytesWord(x.Size)})
	}
	shown := 0
	for _, k := range made.Disclosed {
		shown += int(k.Count)
	}
	p.Say = "It would show " + Count(shown, "entry") + " with " + Count(len(made.Gaps), "gap") + ", " + Count(len(made.Persons), "name") + " and " + Count(len(made.Documents), "document") + "."
	return p
}

func previewGap(zone *time.Location, g bundle.PreviewGap) PreviewGap {
	x := PreviewGap{Class: "un", When: ShortDay(int64(g.From), zone) + " to " + ShortDay(int64(g.To)-1, zone)}
	if g.Kind == "failed" {
		x.Class = "fa"
	}
	for n, why := range g.Why {
		if n == 3 && len(g.Why) > 4 {
			x.Why += "; and " + Comma(int64(len(g.Why)-n)) + " more"
			break
		}
		if n > 0 {
			x.Why += "; "
		}
		x.Why += tidy(why)
	}
	return x
}

// kindLines are counts of entries by kind; a statement's kind is named by its
// practice.
func kindLines(c *framework.Catalog, counts []bundle.KindCount) []FactLine {
	var list []FactLine
	for _, k := range counts {
		name := k.Kind
		for _, row := range c.Practices {
			if name == "document."+itoa(uint64(row.Number)) {
				name = "statements: " + row.Title
			}
		}
		list = append(list, FactLine{name, Comma(int64(k.Count))})
	}
	return list
}
