package web

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func (s *Server) registerRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/clients/{client}/registers/{register}", Permission: permit.ViewClient, Handle: s.registerOf},
		{Method: "POST", Path: "/clients/{client}/registers/{register}/add", Permission: permit.EditSubjects, Handle: s.subjectAdd},
		{Method: "POST", Path: "/clients/{client}/registers/{register}/paste", Permission: permit.EditSubjects, Handle: s.subjectPaste, Slow: true},
		{Method: "POST", Path: "/clients/{client}/registers/{register}/change", Permission: permit.EditSubjects, Handle: s.subjectChange},
		{Method: "POST", Path: "/clients/{client}/registers/{register}/retire", Permission: permit.EditSubjects, Handle: s.subjectRetire},
	}
}

// Register is the page of one register of a client.
type Register struct {
	Places       []Link
	Client, Name string
	Kind         string // "site", "account", ...
	Title, What  string
	Rows         []RegisterRow
	Gone         int
	May          bool
	Uses         []Choice // what an account or domain is used for, or a person's roles
	UseWord      string
	PHI          bool // whether the register asks about PHI
	Sites        []Choice
	Owner        bool // accounts: whose
	Editing      *RegisterRow
	Pasted       string
	ID           string // what was typed
}

// RegisterRow is one member of a register.
type RegisterRow struct {
	ID, Name, Uses, PHI, Site, Person, Note string
	Since                                   string
	Chosen                                  []Choice
	PHIs                                    []Choice
	Sites                                   []Choice
	Edit                                    string
}

var registerPage = newPage[Register]("register.html")

// sort is what a register asks about its subjects.
type sort struct {
	scope       framework.Scope
	title, what string
	uses        []string
	useWord     string
	phi, owner  bool
}

// sorts are the registers in the order in which they are shown.
var sorts = []sort{
	{framework.ScopeSite, "Sites", "Offices and other places where the client works. What hangs on a building is judged for each.", nil, "", false, false},
	{framework.ScopePerson, "People", "Everyone who works at the client, with or without a computer. Training and access are judged for each.", client.PersonRoles, "Answers for", false, false},
	{framework.ScopeAccount, "Accounts", "Sign-ins to mail, remote access and systems. A second factor is judged for each that it applies to.", client.AccountUses, "Used for", true, true},
	{framework.ScopeDomain, "Domains", "Names on the internet that the client answers for: mail, website, directory, services.", client.DomainUses, "Used for", false, false},
	{framework.ScopeVendor, "Vendors", "Whoever does something for the client. Those who reach PHI need a business associate agreement, 45 CFR 164.308(b).", nil, "", true, false},
}

func (s *Server) registerOf(v *Visit) error {
	n := slices.IndexFunc(sorts, func(x sort) bool { return string(x.scope) == v.PathValue("register") })
	if n < 0 {
		return errNotThere
	}
	kind := sorts[n]
	p := Register{
		Places: v.places(kind.title),
		Client: v.Client, Name: v.ClientName, Kind: string(kind.scope), Title: kind.title, What: kind.what, May: v.May(permit.EditSubjects),
		UseWord: kind.useWord, PHI: kind.phi, Owner: kind.owner, Pasted: v.FormValue("list"), ID: v.PostFormValue("id"),
	}
	for _, u := range kind.uses {
		p.Uses = append(p.Uses, Choice{u, useTitle(u), false})
	}
	err := s.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.Sites = siteChoices(st, "")
		all := st.Client.Members(kind.scope, true)
		for _, m := range all {
			if !m.In {
				p.Gone++
				continue
			}
			row := subjectRow(v, st, m, kind.uses)
			if row.Edit = p.here(m.ID); v.URL.Query().Get("edit") == m.ID && p.May {
				p.Editing = &row
			}
			p.Rows = append(p.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return render(v, registerPage, v.Frame(kind.title, inClients, v.clientCrumbs()...), p)
}

func (p *Register) here(id string) string {
	return "?" + url.Values{"edit": {id}}.Encode() + "#edit"
}

func siteChoices(st *projection.State, chosen string) []Choice {
	sites := st.Client.Members(framework.ScopeSite, false)
	if len(sites) == 0 {
		return nil
	}
	list := []Choice{{"", "Not said", chosen == ""}}
	for _, m := range sites {
		list = append(list, Choice{m.ID, either(m.Name, m.ID), m.ID == chosen})
	}
	return list
}

func subjectRow(v *Visit, st *projection.State, m *client.Member, uses []string) RegisterRow {
	row := RegisterRow{ID: m.ID, Name: m.Name, Site: m.Site, Person: m.Person, Note: m.Note, Since: ShortDay(m.Since, v.Zone), PHI: "not known", Sites: siteChoices(st, m.Site)}
	if x := st.Client.Registers[framework.ScopeSite][m.Site]; x != nil {
		row.Site = either(x.Name, x.ID)
	}
	held := append(slices.Clone(m.Uses), m.Roles...)
	var titles []string
	for _, u := range uses {
		has := slices.Contains(held, u)
		row.Chosen = append(row.Chosen, Choice{u, useTitle(u), has})
		if has {
			titles = append(titles, useTitle(u))
		}
	}
	row.Uses = strings.Join(titles, ", ")
	value := ""
	if m.PHI != nil {
		value = map[bool]string{true: "yes", false: "no"}[*m.PHI]
		row.PHI = value
	}
	row.PHIs = choices(value, "", "Not known", "yes", "Yes", "no", "No")
	return row
}

// useTitle is a use or role for people.
func useTitle(u string) string {
	switch u {
	case "email":
		return "Email"
	case "privileged":
		return "Administration"
	case "remote":
		return "Remote access"
	case "directory":
		return "Directory"
	case "mail":
		return "Mail"
	case "service":
		return "Other services"
	case "website":
		return "Website"
	case "it":
		return "IT"
	case "privacy":
		return "Privacy"
	case "security":
		return "Security"
	}
	return u
}

// subject reads what a form says of one subject.
func (s *Server) subject(v *Visit) intake.Subject {
	kind := framework.Scope(v.PathValue("register"))
	x := intake.Subject{Kind: kind, ID: v.Field("id"), At: v.Now()}
	x.Other = client.Listing{Name: v.Field("name"), Site: v.Field("site"), Person: v.Field("person"), Note: v.Field("note")}
	words := v.Form["use"]
	if words == nil {
		words = []string{}
	}
	if kind == framework.ScopePerson {
		x.Other.Roles = words
	} else if kind == framework.ScopeAccount || kind == framework.ScopeDomain {
		x.Other.Uses = words
	}
	switch v.Field("phi") {
	case "yes":
		x.Other.PHI = new(true)
	case "no":
		x.Other.PHI = new(false)
	}
	return x
}

func (s *Server) subjectAdd(v *Visit) error {
	x := s.subject(v)
	if _, err := s.door().AddSubject(v.Context(), v.Caller(), v.Client, x, ""); err != nil {
		return v.again(err, s.registerOf)
	}
	return v.Go(registerPath(v), x.ID+" is in the register, from today on.")
}

func registerPath(v *Visit) string {
	return "/clients/" + v.Client + "/registers/" + v.PathValue("register")
}

func (s *Server) subjectChange(v *Visit) error {
	x := s.subject(v)
	if _, err := s.door().ChangeSubject(v.Context(), v.Caller(), v.Client, x, ""); err != nil {
		return v.again(err, s.registerOf)
	}
	return v.Go(registerPath(v), "What the register says of "+x.ID+" is changed, from now on.")
}

func (s *Server) subjectRetire(v *Visit) error {
	id := v.Field("id")
	kind := framework.Scope(v.PathValue("register"))
	if _, err := s.door().RetireSubject(v.Context(), v.Caller(), v.Client, kind, id, v.Field("why"), v.Now(), ""); err != nil {
		return v.again(err, s.registerOf)
	}
	return v.Go(registerPath(v), id+" is out of the register, from now on. The time before stays as it was.")
}

// maxPastedSubjects bounds a pasted list of subjects.
const maxPastedSubjects = 2000

// subjectPaste adds many at once: one a line, with what it is behind a comma
// where the register asks for that.
func (s *Server) subjectPaste(v *Visit) error {
	list := lines(v.FormValue("list"))
	switch {
	case len(list) == 0:
		return v.again(wrong("the list is empty: paste one a line"), s.registerOf)
	case len(list) > maxPastedSubjects:
		return v.again(wrong(fmt.Sprintf("the list has %d lines, at most %d are taken at once: send it in parts", len(list), maxPastedSubjects)), s.registerOf)
	}
	added, there, problems := 0, 0, []string{}
	for n, line := range list {
		_, err := s.door().AddSubject(v.Context(), v.Caller(), v.Client, pastedSubject(v, line), "")
		switch {
		case err == nil:
			added++
		case errors.Is(err, client.ErrExists):
			there++
		case errors.Is(err, intake.ErrInvalid):
			problems = append(problems, fmt.Sprintf("line %d: %s", n+1, err))
		default:
			return err
		}
	}
	if len(problems) > 0 {
		text := fmt.Sprintf("%s added, %d there already; these were not: %s", Comma(int64(added)), there, strings.Join(problems[:min(len(problems), 5)], "; "))
		return v.again(wrong(text), s.registerOf)
	}
	return v.Go(registerPath(v), fmt.Sprintf("%s added; %d there already.", Comma(int64(added)), there))
}

// pastedSubject reads "identifier, class": the class is what the short way of
// the door understands, such as remote, website or phi.
func pastedSubject(v *Visit, line string) intake.Subject {
	id, class, _ := strings.Cut(line, ",")
	if strings.Contains(line, "\t") {
		id, class, _ = strings.Cut(line, "\t")
	}
	return intake.Subject{
		Kind: framework.Scope(v.PathValue("register")), ID: strings.TrimSpace(id),
		Class: strings.ToLower(strings.TrimSpace(class)), At: v.Now(),
	}
}
