package web

import (
	"strconv"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// Client is one client on one day: the question, the answer as a sentence,
// what to do, and the practices.
type Client struct {
	Name, About string
	Base        string // address of the client's pages
	Places      []Link
	BundleHref  string // "" for who may not prepare one
	Day         string
	Quick       []Link
	Midnight    string
	Claim       duty.Claim
	Heading     string // whose systems this speaks of
	Projected   string
	Best        bool
	Proven      string // address of the other reading
	Known       string
	Vouch       string
	TodoTitle   string
	Todo, Later []Todo
	Nothing     string
	Window      string
	Head        string
	Axis        Axis
	Filters     []Pick
	Against     []Choice
	Profiles    []Choice
	Grades      []Choice
	Keep        [][2]string // hidden fields of the form
	Groups      []PracticeGroup
	NoneFits    string
}

// Todo is one thing to do, with its one button.
type Todo struct {
	Client, ClientHref string // where several clients are listed
	Action             string
	State              Standing
	Why                string
	Who                string
	Also               string
	Button, Href       string
	First              bool
}

// PracticeGroup is the practices of one theme.
type PracticeGroup struct {
	Theme string
	Rows  []PracticeRow
}

// PracticeRow is one practice over the twelve months.
type PracticeRow struct {
	Href, Title string
	Grade       Grade
	Share       string
	Strip       Strip
	Standing    Standing
	Marks       []MarkAt
	theme       string
	gap         bool
}

var clientPage = newEvidencePage[Client]("client.html")

func (d *desk) client(v *Visit) error {
	a := v.asks()
	v.Problem = a.Problem
	p := Client{Base: v.base(), Places: v.places("Practices"), Day: a.Day, Best: a.Best, Vouch: d.vouching(v.Context(), v.Client).Line}
	if v.May(permit.ProduceBundle) {
		p.BundleHref = v.base() + "/bundle"
	}
	size, err := d.sizeAt(v.Context(), v.Client, a.On)
	if err != nil {
		return err
	}
	var failed []shown
	err = d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		r, err := a.evaluate(st, false)
		if err != nil {
			return err
		}
		if p.Claim, err = duty.ClientClaim(duty.Asked{State: st, Report: r, Entries: size}); err != nil {
			return err
		}
		p.about(st)
		p.question(v, st, a, r)
		p.practices(v, st, a, r)
		failed = failures(r, a)
		return p.todo(v, st)
	})
	if err != nil {
		return err
	}
	if a.Today && !a.Best {
		d.noteShown(v, v.Client, failed)
	}
	title := v.ClientName
	if !a.Today {
		title += " on " + a.on(v.Zone)
	}
	return render(v, clientPage, v.Frame(title, inClients, v.portfolioCrumb()...), p)
}

// base is the address of the client that the visit is about.
func (v *Visit) base() string { return "/clients/" + v.Client }

func (v *Visit) portfolioCrumb() []Crumb {
	if !v.MayFor(permit.ViewPortfolio, "") {
		return nil
	}
	return []Crumb{{inClients, "/clients"}}
}

// places are the pages of one client that who asks may open.
func (v *Visit) places(current string) []Link {
	base := v.base()
	var list []Link
	for _, x := range []struct {
		p           permit.Permission
		title, path string
	}{
		{permit.ViewClient, "Practices", ""},
		{permit.ViewClient, "Devices", "/devices"},
		{permit.ViewClient, "People", "/registers/person"},
		{permit.ViewClient, "Accounts", "/registers/account"},
		{permit.ViewClient, "Sites", "/registers/site"},
		{permit.ViewClient, "Domains", "/registers/domain"},
		{permit.ViewClient, "Vendors", "/registers/vendor"},
		{permit.ViewClient, "Frameworks", "/frameworks"},
		{permit.ViewLog, "Log", "/log"},
		{permit.ProduceBundle, "Bundle", "/bundle"},
		{permit.ViewClientPeople, "Access", "/people"},
		{permit.EditClient, "About", "/edit"},
	} {
		if v.May(x.p) {
			list = append(list, Link{x.title, base + x.path, x.title == current})
		}
	}
	return list
}

// kinds are the legal kinds as they stand in a line about a client.
var legalKinds = map[framework.LegalKind]string{
	framework.CoveredEntity: "covered entity", framework.BusinessAssociate: "business associate",
	framework.Hybrid: "hybrid entity", framework.Part2: "Part 2 program", framework.NoKind: "not bound by HIPAA",
}

func (p *Client) about(st *projection.State) {
	c := &st.Client
	p.Name = c.Name
	var parts []string
	for _, s := range []string{c.Line, c.Region, legalKinds[c.Kind]} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	for _, x := range []struct {
		n    int
		noun string
	}{{c.Count(framework.ScopeSite), "site"}, {c.Count(framework.ScopePerson), "person"}, {st.Device.Count(), "device"}} {
		if x.n > 0 {
			parts = append(parts, Count(x.n, x.noun))
		}
	}
	p.About = strings.Join(parts, ", ")
}

// question is what was asked, and what else may be.
func (p *Client) question(v *Visit, st *projection.State, a asked, r coverage.Report) {
	p.Projected = a.projected(v.Now(), v.Zone)
	p.Midnight = "A day ends at midnight, " + zoneWords(v.Zone) + "."
	p.Proven, p.Known = v.with("reading", ""), v.with("reading", "best")
	p.Heading = sentence(st.Client.Heading(v.msp))
	p.Window = a.days(v.Zone)
	p.Head = "Today, and the first gap"
	if !a.Today {
		p.Head = "On " + says{v.Zone, v.Now()}.day(a.On-1) + ", and the first gap"
	}
	p.Axis = axisOf(a.Window(), v.Zone, false)
	p.quick(v, st, a, r)
}

// zoneWords is "Chicago" of America/Chicago.
func zoneWords(zone *time.Location) string {
	name := zone.String()
	if name == "UTC" {
		return "UTC"
	}
	return strings.ReplaceAll(name[strings.LastIndex(name, "/")+1:], "_", " ") + " time"
}

// quick are days worth asking about.
func (p *Client) quick(v *Visit, st *projection.State, a asked, r coverage.Report) {
	add := func(title string, t int64) {
		day := interval.Civil(t, v.Zone)
		if len(p.Quick) < 5 && day != a.Day && t <= v.Now() {
			p.Quick = append(p.Quick, Link{title, "/clients/" + v.Client + "?on=" + day, false})
		}
	}
	if !a.Today {
		p.Quick = append(p.Quick, Link{"today", "/clients/" + v.Client, false})
	}
	began := duty.Began(st.Book)
	year := time.UnixMilli(v.Now()).In(v.Zone).Year()
	if end := interval.DayEnd(year-1, time.December, 31, v.Zone) - 1; end > began {
		add("the end of "+strconv.Itoa(year-1), end)
	}
	if at, title := lastFailure(st, r); at > 0 {
		add("the day "+title+" failed", at)
	}
	if e, ok := st.Document.Last("risk-analysis"); ok {
		add("the day of the risk analysis", e.At)
	}
	if n := len(st.Record.Bundles); n > 0 {
		add("the day of the last bundle", st.Record.Bundles[n-1].At)
	}
	add("the first day", began)
}

// lastFailure is the newest failure of an answer: when it began, and of what.
func lastFailure(st *projection.State, r coverage.Report) (at int64, title string) {
	for _, p := range r.Practices {
		for _, g := range p.Gaps {
			if row, ok := st.Catalog().Practice(p.ID); ok && g.Kind == coverage.Failed && int64(g.From) > at {
				at, title = int64(g.From), inside1(row.Title)
			}
		}
	}
	return at, title
}

// inside1 is a title as it stands inside a sentence: its first letter small,
// unless its first word is an acronym.
func inside1(title string) string {
	first, _, _ := strings.Cut(title, " ")
	if len(first) > 1 && first[1:] != strings.ToLower(first[1:]) || title == "" {
		return title
	}
	return strings.ToLower(title[:1]) + title[1:]
}

const mostTodo = 5

func (p *Client) todo(v *Visit, st *projection.State) error {
	list, err := duty.Duties(duty.Input{State: st, Now: v.Now()})
	if err != nil {
		return err
	}
	p.TodoTitle = "To do today, " + time.UnixMilli(v.Now()).In(v.Zone).Format("January 2")
	for n := range list {
		t := v.todoOf(v.Client, &list[n])
		t.First = n == 0 && list[n].Kind == duty.KindFailed
		if n < mostTodo {
			p.Todo = append(p.Todo, t)
		} else {
			p.Later = append(p.Later, t)
		}
	}
	if len(list) == 0 {
		p.Nothing = "Nothing is failed, unproven or due in the next 60 days."
	}
	return nil
}

// todoOf is a duty as it is listed.
func (v *Visit) todoOf(client string, t *duty.Duty) Todo {
	base := "/clients/" + client
	x := Todo{Action: t.Action, State: Standing{Class: map[duty.Kind]string{duty.KindFailed: "fa", duty.KindUnproven: "un"}[t.Kind], Word: t.Word}, Who: t.Who}
	x.Why = strings.TrimPrefix(t.Why, t.Word)
	x.Button, x.Href = "Record evidence", base+"/practices/"+t.Practice+"#record"
	if t.Kind == duty.KindFailed {
		x.Button, x.Href = "Close this gap", base+"/practices/"+t.Practice
	}
	if len(t.Also) > 0 {
		x.Also = "Also: " + And(t.Also)
		if len(t.Also) > 4 {
			x.Also = "Also " + Count(len(t.Also), "other practice")
		}
	}
	switch t.Link.Do {
	case "enroll":
		x.Button, x.Href = "Enroll a device", base+"/enroll"
	case "scope":
		x.Button, x.Href = "Open the statement", base+"/scope"
	case "elect":
		x.Button, x.Href = "Elect", base+"/edit"
	case "people":
		x.Button, x.Href = "List people", base+"/registers/person"
	}
	if t.Link.Scope == string(framework.ScopeDevice) && strings.HasPrefix(t.Action, "Find ") {
		x.Button, x.Href = "Open the device", base+"/devices/"+t.Link.Subject
	}
	return x
}
