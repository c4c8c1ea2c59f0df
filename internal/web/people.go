package web

import (
	"errors"
	"slices"
	"strings"

	"breakwater/internal/account"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func (s *Server) peopleRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/people", Permission: permit.ViewPeople, Handle: s.people},
		{Method: "POST", Path: "/people", Permission: permit.ManagePeople, Handle: s.personAdd},
		{Method: "GET", Path: "/people/{member}", Permission: permit.ViewPeople, Handle: s.person},
		{Method: "POST", Path: "/people/{member}/describe", Permission: permit.ManagePeople, Handle: s.personDescribe},
		{Method: "POST", Path: "/people/{member}/grant", Permission: permit.ManagePeople, Handle: s.personGrant},
		{Method: "POST", Path: "/people/{member}/revoke", Permission: permit.ManagePeople, Handle: s.personRevoke},
		{Method: "POST", Path: "/people/{member}/link", Permission: permit.ManagePeople, Handle: s.personLink},
		{Method: "POST", Path: "/people/{member}/factor", Permission: permit.ManagePeople, Handle: s.personFactor},
		{Method: "POST", Path: "/people/{member}/sign-out", Permission: permit.ManagePeople, Handle: s.personSignOut},
		{Method: "POST", Path: "/people/{member}/leave", Permission: permit.ManagePeople, Handle: s.personLeave},
		{Method: "GET", Path: "/clients/{client}/people", Permission: permit.ViewClientPeople, Handle: s.clientPeople},
		{Method: "POST", Path: "/clients/{client}/people", Permission: permit.ManageClientPeople, Handle: s.clientPersonAdd},
		{Method: "POST", Path: "/clients/{client}/people/{member}/revoke", Permission: permit.ManageClientPeople, Handle: s.clientPersonRevoke},
	}
}

// People is the page of everyone with access.
type People struct {
	Members []PersonRow
	Left    []PersonRow
	May     bool
	Form    PersonForm
	Invited Invited
}

// PersonRow is one member in a list.
type PersonRow struct {
	ID, Name, Mail string
	Roles          []HeldRole
	SignIn, Factor string
}

// PersonForm is the form that adds someone. Action is where it goes.
type PersonForm struct {
	Action     string
	Name, Mail string
	Roles      []Choice
	Clients    []Choice // empty where the client is given
	Until      string
}

// Invited is a link that was just made, shown once.
type Invited struct{ Name, Link, What, Until string }

// Person is the page of one member.
type Person struct {
	PersonRow
	Since    string
	Left     bool
	Account  bool
	Disabled bool
	Own      bool // one's own page
	Grants   []GrantRow
	May      bool
	Form     PersonForm
	Invited  Invited
}

// GrantRow is one role of a member with what takes it away.
type GrantRow struct {
	Role, About, From, Until string
	RoleValue, Client        string
	Ended                    bool
	Revoke                   string // where to send the form, "" if not theirs to take
}

var (
	peoplePage       = newPage[People]("people.html")
	personPage       = newPage[Person]("person.html")
	clientPeoplePage = newPage[ClientPeople]("client_people.html")
)

// memberNames maps identifiers to names.
func (s *Server) memberNames(v *Visit) (map[string]string, error) {
	names := map[string]string{}
	if s.door().MSP() == "" {
		return names, nil
	}
	err := s.door().Read(v.Context(), s.door().MSP(), func(st *projection.State) error {
		for id, m := range st.Member.Members {
			names[id] = m.Name
		}
		return nil
	})
	return names, err
}

// actorName is a name for the actor of an entry: "member:dana" gives "Dana".
func actorName(actor string, names map[string]string) string {
	id := strings.TrimPrefix(actor, "member:")
	if name := names[id]; name != "" {
		return name
	}
	if actor == "system" {
		return "Breakwater"
	}
	return id
}

func (s *Server) people(v *Visit) error { return s.showPeople(v, Invited{}) }

func (s *Server) showPeople(v *Visit, made Invited) error {
	accounts, err := s.accounts(v)
	if err != nil {
		return err
	}
	clients, err := s.clientNames(v)
	if err != nil {
		return err
	}
	p := People{May: v.May(permit.ManagePeople), Invited: made}
	err = s.door().Read(v.Context(), s.door().MSP(), func(st *projection.State) error {
		for _, m := range st.Member.List(true) {
			row := personRow(v, m, accounts[m.ID], clients)
			if m.Left {
				p.Left = append(p.Left, row)
			} else {
				p.Members = append(p.Members, row)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Form = s.personForm(v, clients)
	p.Form.Action = "/people"
	return render(v, peoplePage, v.Frame("People", inPeople), p)
}

// accounts maps members to their accounts.
func (s *Server) accounts(v *Visit) (map[string]account.Account, error) {
	list, err := s.cfg.Accounts.List(v.Context())
	if err != nil {
		return nil, err
	}
	m := make(map[string]account.Account, len(list))
	for _, a := range list {
		m[a.Member] = a
	}
	return m, nil
}

func (s *Server) clientNames(v *Visit) (map[string]string, error) {
	list, err := s.door().Clients(v.Context())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, c := range list {
		names[c.ID] = c.Name
	}
	return names, nil
}

func personRow(v *Visit, m *member.Member, acc account.Account, clients map[string]string) PersonRow {
	row := PersonRow{ID: m.ID, Name: m.Name, Mail: m.Mail, SignIn: "not yet", Factor: "none"}
	for _, g := range grants(m) {
		if !g.Ended(v.Now()) {
			row.Roles = append(row.Roles, heldRole(v, g, clients))
		}
	}
	switch {
	case acc.Member == "":
		row.SignIn, row.Factor = "invited, no account yet", ""
	case acc.Disabled:
		row.SignIn = "kept out"
	case acc.SignedIn != 0:
		row.SignIn = When(acc.SignedIn, v.Now(), v.Zone)
	}
	if acc.HasSecondFactor() {
		row.Factor = "authenticator app"
	}
	return row
}

func heldRole(v *Visit, g permit.Grant, clients map[string]string) HeldRole {
	h := HeldRole{Role: g.Role.Title(), About: "all clients"}
	if g.Client != "" {
		h.About = either(clients[g.Client], g.Client)
	}
	if g.Until != 0 {
		h.Until = Day(g.Until, v.Zone)
	}
	return h
}

// personForm is the form of a new member, filled with what was sent.
func (s *Server) personForm(v *Visit, clients map[string]string) PersonForm {
	f := PersonForm{
		Name: v.PostFormValue("name"), Mail: v.PostFormValue("mail"), Until: v.PostFormValue("until"),
		Clients: clientChoices(clients, v.PostFormValue("client")),
	}
	chosen := either(v.PostFormValue("role"), string(permit.Technician))
	for _, r := range permit.Roles() {
		f.Roles = append(f.Roles, Choice{string(r), r.Title(), string(r) == chosen})
	}
	return f
}

// clientChoices are the clients by name, and all of them at the end: most roles
// are for one.
func clientChoices(clients map[string]string, chosen string) []Choice {
	var list []Choice
	for id, name := range clients {
		list = append(list, Choice{id, name, id == chosen})
	}
	slices.SortFunc(list, func(a, b Choice) int { return strings.Compare(a.Title+a.Value, b.Title+b.Value) })
	return append(list, Choice{"", "All clients", false})
}

func (s *Server) personAdd(v *Visit) error {
	g, err := s.askedGrant(v, v.Field("client"))
	if err != nil {
		return v.again(err, s.people)
	}
	made, err := s.invite(v, g)
	if err != nil {
		return v.again(err, s.people)
	}
	clear(v.PostForm)
	return s.showPeople(v, made)
}

func (s *Server) person(v *Visit) error { return s.showPerson(v, Invited{}) }

func (s *Server) showPerson(v *Visit, made Invited) error {
	id := v.PathValue("member")
	clients, err := s.clientNames(v)
	if err != nil {
		return err
	}
	acc, err := s.cfg.Accounts.Account(v.Context(), id)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return err
	}
	p := Person{May: v.May(permit.ManagePeople), Invited: made, Own: id == v.Who.Member, Account: acc.Member != "", Disabled: acc.Disabled}
	err = s.door().Read(v.Context(), s.door().MSP(), func(st *projection.State) error {
		m := st.Member.Members[id]
		if m == nil {
			return errNotThere
		}
		p.PersonRow, p.Since, p.Left = personRow(v, m, acc, clients), Day(m.Since, v.Zone), m.Left
		p.Grants = grantRows(v, m, clients, p.May, "/people/"+id+"/revoke")
		return nil
	})
	if err != nil {
		return err
	}
	p.Form = s.personForm(v, clients)
	p.Form.Action = "/people/" + id + "/grant"
	return render(v, personPage, v.Frame(p.Name, inPeople, Crumb{inPeople, "/people"}), p)
}

func grantRows(v *Visit, m *member.Member, clients map[string]string, may bool, to string) []GrantRow {
	var list []GrantRow
	for _, g := range grants(m) {
		h := heldRole(v, g, clients)
		row := GrantRow{
			Role: h.Role, About: h.About, From: ShortDay(g.From, v.Zone), Until: "no end",
			RoleValue: string(g.Role), Client: g.Client, Ended: g.Ended(v.Now()),
		}
		if g.Until != 0 {
			row.Until = ShortDay(g.Until, v.Zone)
		}
		if may {
			row.Revoke = to
		}
		list = append(list, row)
	}
	return list
}

// event is one event at the visit's instant, told from a repetition by its body.
func (v *Visit) event(kind event.Kind, body any) intake.New {
	return intake.New{Kind: kind, At: v.Now(), Body: body, Submitted: body}
}

// mspSubmit says something of members in the MSP's log.
func (s *Server) mspSubmit(v *Visit, check func(*projection.State) error, events func() ([]intake.New, error)) error {
	_, err := s.door().Submit(v.Context(), intake.Submission{
		Client: s.door().MSP(), Caller: v.Caller(), Key: v.Key(), Check: check, Events: events,
	})
	return err
}
