package web

import (
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
)

// Frameworks lists the frameworks, by the ways of 42 USC 17941(b)(1).
type Frameworks struct {
	Client  string // name, "" outside of a client
	Places  []Link
	Groups  []RouteGroup
	Clients []Choice
}

// RouteGroup is the frameworks of one way, and what the way is.
type RouteGroup struct {
	Title, About string
	Mark         Basis
	Rows         []FrameworkRow
}

// FrameworkRow is one framework in the list.
type FrameworkRow struct {
	Title, Edition, Href string
	Items, Answered      int
	Elected              bool
	Source, Checked      string
	Titles               string
}

// Framework is the items of one framework with the practices that answer them
// at one client.
type Framework struct {
	Title, Edition, Source string
	Mark                   Basis
	About                  string
	Elected                bool
	On                     string
	Axis                   Axis
	Items, Answered        int
	Only                   string
	OnlyAt                 string
	Rows                   []ItemRow
	Sources                []string // of the mappings
}

// ItemRow is one item of a framework.
type ItemRow struct {
	ID, Title, Note string
	OurTitle        bool
	Head            bool
	Practices       []PracticeRow
	Maps            []MapsTo
}

var (
	frameworksPage = newEvidencePage[Frameworks]("frameworks.html")
	frameworkPage  = newEvidencePage[Framework]("framework.html")
)

// routes are the ways by which a framework can be a recognized security
// practice, our reading.
var routeWords = []struct {
	route        framework.Route
	title, about string
	mark         Basis
}{
	{framework.RouteLaw, "The rule itself", "What binds the client. It is not a recognized security practice; the practices are read against it.", Law},
	{framework.RouteNIST, "NIST standards and guidelines", "Under section 2(c)(15) of the NIST Act, named in 42 USC 17941(b)(1). It can be elected.", Reading},
	{framework.Route405d, "Section 405(d) of the Cybersecurity Act of 2015", "Named in 42 USC 17941(b)(1). It can be elected.", Reading},
	{framework.RouteOther, "Other programs recognized by regulation", "Named in 42 USC 17941(b)(1) as programs that are developed, recognized or set out by regulation under another statute. It can be elected.", Reading},
	{framework.RouteMapping, "Mappings", "Shown beside an elected program. Not a way of the statute.", Reading},
}

func (d *desk) frameworks(v *Visit) error {
	p := Frameworks{Groups: routeGroups(d.door().Catalog(), "", "")}
	list, err := d.door().Clients(v.Context())
	if err != nil {
		return err
	}
	sees := v.sees()
	for _, c := range list {
		if sees(c.ID) {
			p.Clients = append(p.Clients, Choice{c.ID, c.Name, false})
		}
	}
	return render(v, frameworksPage, v.Frame(inFrameworks, inFrameworks), p)
}

func (d *desk) clientFrameworks(v *Visit) error {
	p := Frameworks{Client: v.ClientName, Places: v.places("Frameworks")}
	err := d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.Groups = routeGroups(st.Catalog(), st.Client.Program, v.base())
		return nil
	})
	if err != nil {
		return err
	}
	return render(v, frameworksPage, v.Frame("Frameworks, "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

// routeGroups lists the frameworks; base is where those of a client are shown.
func routeGroups(c *framework.Catalog, program, base string) []RouteGroup {
	var groups []RouteGroup
	for _, w := range routeWords {
		g := RouteGroup{Title: w.title, About: w.about, Mark: w.mark}
		for _, f := range framework.Frameworks() {
			if f.Route != w.route {
				continue
			}
			r := FrameworkRow{Title: f.Title, Edition: f.Edition, Elected: program != "" && f.ID == program, Source: f.Source, Checked: f.Checked, Titles: f.Titles}
			r.Items, r.Answered = itemCounts(c, f.ID)
			if base != "" {
				r.Href = base + "/frameworks/" + f.ID
			}
			g.Rows = append(g.Rows, r)
		}
		if len(g.Rows) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// mostItems is how many items are shown unless more are asked for.
const mostItems = 200

// itemCounts counts a framework's items and those that a practice answers.
func itemCounts(c *framework.Catalog, id string) (all, answered int) {
	for _, i := range framework.Controls(id) {
		if i.Note == "withdrawn" {
			continue
		}
		all++
		if len(c.PracticesFor(id, i.ID)) > 0 {
			answered++
		}
	}
	return all, answered
}

func (d *desk) framework(v *Visit) error {
	f, ok := framework.FrameworkNamed(v.PathValue("framework"))
	if !ok {
		return errNotThere
	}
	a := v.asks()
	p := Framework{Title: f.Title, Edition: f.Edition, Source: f.Source, On: a.on(v.Zone), Axis: axisOf(a.Window(), v.Zone, false)}
	for _, w := range routeWords {
		if w.route == f.Route {
			p.Mark, p.About = w.mark, w.about
		}
	}
	every := v.query("show") == "every" || v.query("show") == "" && len(framework.Controls(f.ID)) <= mostItems
	p.Only, p.OnlyAt = "Show only what a practice answers", v.with("show", "answered")
	if !every {
		p.Only, p.OnlyAt = "Show every item", v.with("show", "every")
	}
	err := d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.Elected = st.Client.Program == f.ID
		return p.fill(v, st, a, f, every)
	})
	if err != nil {
		return err
	}
	return render(v, frameworkPage, v.Frame(shortFramework(f)+", "+v.ClientName, inClients, v.clientCrumbs(Crumb{"Frameworks", v.base() + "/frameworks"})...), p)
}

func (p *Framework) fill(v *Visit, st *projection.State, a asked, f framework.Framework, every bool) error {
	if a.Profile == "" {
		a.Profile = framework.ProfileAll
	}
	r, err := a.evaluate(st, false)
	if err != nil {
		return err
	}
	c := says{v.Zone, a.On}
	rows := map[string]PracticeRow{}
	for n := range r.Practices {
		x := &r.Practices[n]
		if row, ok := st.Catalog().Practice(x.ID); ok {
			rows[x.ID] = frameworkPractice(v, st, c, a, x, row)
		}
	}
	for _, i := range framework.Controls(f.ID) {
		if i.Note == "withdrawn" {
			continue
		}
		y := ItemRow{ID: i.ID, Title: i.Title, Note: i.Note, OurTitle: i.OurTitle}
		for _, row := range st.Catalog().PracticesFor(f.ID, i.ID) {
			y.Practices = append(y.Practices, rows[row.ID])
		}
		y.Head = heading(i.Sort)
		p.Items++
		if len(y.Practices) > 0 {
			p.Answered++
			y.Head, y.Maps = false, mapsTo(f.ID, i.ID)
		} else if !every {
			continue
		}
		p.Rows = append(p.Rows, y)
	}
	if slices.ContainsFunc(p.Rows, func(y ItemRow) bool { return len(y.Maps) > 0 }) {
		p.Sources = crosswalkSources()
	}
	return nil
}

// heading reports whether items of a sort only head others.
func heading(sort string) bool {
	switch sort {
	case "function", "category", "family", "practice":
		return true
	}
	return false
}

// frameworkPractice is a practice under an item. What is outside of the
// client's profile says so.
func frameworkPractice(v *Visit, st *projection.State, c says, a asked, x *coverage.Practice, row *framework.Practice) PracticeRow {
	y := PracticeRow{Href: v.practiceHref(row.ID), Title: row.Title, Standing: c.standing(st, x, row)}
	if !row.In(st.Client.Profile) {
		y.Standing = Standing{"none", "Not taken up", "outside the client’s profile"}
		return y
	}
	y.Grade = gradeAt(x)
	y.Strip = Strip(duty.Draw(a.Window(), v.Zone, duty.PracticeRuns(*x, duty.Began(st.Book))))
	return y
}
