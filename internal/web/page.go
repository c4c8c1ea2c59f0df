package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"breakwater/internal/framework"
	"breakwater/internal/permit"
)

//go:embed templates/*.html
var templates embed.FS

// Page is a template with the struct that it shows.
type Page[T any] struct {
	name string
	tmpl *template.Template
}

// Shown is what a page's template sees: the frame's fields, and the page's own
// struct under .Page.
type Shown[T any] struct {
	Frame
	Page T
}

// checkable is a page as the test of all templates sees it.
type checkable struct {
	name string
	tmpl *template.Template
	zero any
}

// pages lists every page that there is.
var pages []checkable

var layout = template.Must(template.New("layout.html").Funcs(functions).ParseFS(templates, "templates/layout.html", "templates/*parts.html"))

// newPage reads a page's template, which defines "main" over Shown[T].
func newPage[T any](file string) *Page[T] {
	t := template.Must(template.Must(layout.Clone()).ParseFS(templates, "templates/"+file))
	pages = append(pages, checkable{file, t, Shown[T]{}})
	return &Page[T]{file, t}
}

// render writes a page. Nothing is sent before all of it is made.
func render[T any](v *Visit, p *Page[T], f Frame, data T) error {
	var b bytes.Buffer
	if err := p.tmpl.ExecuteTemplate(&b, "layout.html", Shown[T]{f, data}); err != nil {
		return fmt.Errorf("show %s: %w", p.name, err)
	}
	v.Writer.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	v.Writer.WriteHeader(v.Status)
	_, err := b.WriteTo(v.Writer)
	return err
}

// Frame is what stands around every page.
type Frame struct {
	Title   string
	Nav     []Link
	Crumbs  []Crumb
	Who     string // name of who is signed in
	MSP     string
	Guest   bool
	Said    string // what was just done
	Problem string // what to mend
	Theme   string
	Themes  []Choice
	Path    string // of the page, to come back to
	Sample  bool
	Law     string // "Law checked on ..."
	LawOld  bool   // longer than twelve months ago
	Sheet   string
	Script  string
	Key     string // random, for the page's forms
	Narrow  bool   // one column of reading width: a form before sign-in
}

// Link is one place to go. Current marks where one is.
type Link struct {
	Title, Href string
	Current     bool
}

// Crumb is a page above this one.
type Crumb struct{ Title, Href string }

// Choice is one value that may be chosen.
type Choice struct {
	Value, Title string
	Chosen       bool
}

// choices makes choices of pairs of value and title.
func choices(chosen string, pairs ...string) []Choice {
	var list []Choice
	for n := 0; n+1 < len(pairs); n += 2 {
		list = append(list, Choice{pairs[n], pairs[n+1], pairs[n] == chosen})
	}
	return list
}

// Sections of the navigation, for Frame.
const (
	inClients    = "Clients"
	inToday      = "Today"
	inFrameworks = "Frameworks"
	inPeople     = "People"
	inVerify     = "Verify"
	inSettings   = "Settings"
	inOwn        = "own"
)

// Frame makes the frame of a page in a section of the navigation.
func (v *Visit) Frame(title, section string, crumbs ...Crumb) Frame {
	s := v.server
	f := Frame{
		Title: title, Crumbs: crumbs, MSP: v.msp, Guest: v.Guest, Said: v.said(), Problem: v.Problem, Theme: v.theme(),
		Path: inside(v.URL.RequestURI(), "/"), Sample: s.cfg.Sample, Sheet: sheetPath, Script: scriptPath, Key: randomText(16),
	}
	f.Themes = choices(f.Theme, "light", "Light", "dark", "Dark", "", "As the system")
	f.Law, f.LawOld = lawChecked(s.cfg.Now())
	if v.Who.Member != "" {
		f.Who = v.Who.Name
		f.Nav = v.nav(section)
	}
	return f
}

// nav lists the sections that who asks may open. Who has no portfolio but one
// client's pages gets those.
func (v *Visit) nav(section string) []Link {
	var list []Link
	add := func(p permit.Permission, title, href string) {
		if v.MayFor(p, "") {
			list = append(list, Link{title, href, title == section})
		}
	}
	add(permit.ViewPortfolio, inClients, "/clients")
	add(permit.ViewPortfolio, inToday, "/today")
	if len(list) == 0 {
		own, _ := v.Who.Clients(permit.ViewClient, v.Now())
		for _, c := range own {
			list = append(list, Link{v.server.nameOf(v, c), "/clients/" + c, section == inClients && c == v.Client})
		}
	}
	add(permit.ViewPortfolio, inFrameworks, "/frameworks")
	add(permit.ViewPeople, inPeople, "/people")
	add(permit.ViewPortfolio, inVerify, "/verify")
	add(permit.ViewSettings, inSettings, "/settings")
	return list
}

// clientCrumbs are the crumbs of a page below a client's.
func (v *Visit) clientCrumbs(more ...Crumb) []Crumb {
	var list []Crumb
	if v.MayFor(permit.ViewPortfolio, "") {
		list = append(list, Crumb{inClients, "/clients"})
	}
	list = append(list, Crumb{v.ClientName, "/clients/" + v.Client})
	return append(list, more...)
}

// lawChecked is the date on which the law behind the catalog was checked, and
// whether that is longer than twelve months ago.
func lawChecked(now time.Time) (string, bool) {
	day, err := time.Parse(time.DateOnly, framework.Embedded().Checked)
	if err != nil {
		return "Law not checked", true
	}
	if now.After(day.AddDate(1, 0, 0)) {
		return "Law checked on " + day.Format("January 2, 2006") + ", longer than twelve months ago", true
	}
	return "Law checked on " + day.Format("January 2, 2006"), false
}

// functions are the few that templates call; all other words are made in Go.
var functions = template.FuncMap{
	"comma": func(n int) string { return Comma(int64(n)) },
	"count": Count,
	"inc":   func(n int) string { return strconv.Itoa(n + 1) },
}
