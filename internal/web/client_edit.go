package web

import (
	"strings"
	"time"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func (s *Server) clientEditRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/clients/{client}/edit", Permission: permit.EditClient, Handle: s.clientEdit},
		{Method: "POST", Path: "/clients/{client}/edit", Permission: permit.EditClient, Handle: s.clientEditSend},
		{Method: "GET", Path: "/clients/{client}/scope", Permission: permit.ViewClient, Handle: s.scope},
		{Method: "POST", Path: "/clients/{client}/scope", Permission: permit.SignScope, Handle: s.scopeSign},
		{Method: "POST", Path: "/clients/{client}/scope/paper", Permission: permit.EditClient, Handle: s.scopePaper},
	}
}

// ClientEdit is the page of what a client is.
type ClientEdit struct {
	Places                     []Link
	Client, Name, Region, Line string
	MSP                        bool
	Zones                      []Choice
	Kinds                      []Choice
	Kind                       string
	Programs                   []Choice
	Profiles                   []Choice
	Today                      string
	Links                      []Link
}

var clientEditPage = newPage[ClientEdit]("client_edit.html")

func (s *Server) clientEdit(v *Visit) error {
	p := ClientEdit{Places: v.places("About"), Client: v.Client, Name: v.ClientName, Today: time.UnixMilli(v.Now()).In(v.Zone).Format(time.DateOnly)}
	err := s.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		c := &st.Client
		p.Region, p.Line, p.MSP, p.Kind = c.Region, c.Line, c.MSP, kindWord(c.Kind)
		p.Zones = zoneChoices(c.Zone)
		for _, k := range client.LegalKinds {
			p.Kinds = append(p.Kinds, Choice{string(k), kindWord(k), k == c.Kind})
		}
		p.Programs = programChoices(c.Program)
		p.Profiles = choices(string(c.Profile),
			string(framework.ProfileSmall), "Small: what nearly every office can show",
			string(framework.ProfileCore), "Core: all that an elected program counts",
			string(framework.ProfileAll), "All")
		return nil
	})
	if err != nil {
		return err
	}
	at := "/clients/" + v.Client
	p.Links = []Link{
		{Title: "Scope statement, signed by the client", Href: at + "/scope"},
		{Title: "Enroll devices", Href: at + "/enroll"},
		{Title: "Holds and erasures", Href: at + "/holds"},
	}
	return render(v, clientEditPage, v.Frame("About "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

// programChoices are the frameworks that the statute lets a client elect.
func programChoices(chosen string) []Choice {
	list := []Choice{{"", "None elected yet", chosen == ""}}
	for _, f := range framework.Frameworks() {
		if f.Route == framework.RouteMapping || f.Route == framework.RouteLaw {
			continue
		}
		list = append(list, Choice{f.ID, strings.TrimSpace(f.Title + " " + f.Edition), f.ID == chosen})
	}
	return list
}

// clientEditSend says one thing of the client: which one is in the field what.
func (s *Server) clientEditSend(v *Visit) error {
	at, body, err := said(v)
	if err != nil {
		return v.again(err, s.clientEdit)
	}
	if _, err := s.door().Change(v.Context(), v.Caller(), v.Client, at, body, ""); err != nil {
		return v.again(err, s.clientEdit)
	}
	return v.Go("/clients/"+v.Client+"/edit", "Recorded. What was said before stays in the log, and held until now.")
}

func said(v *Visit) (at int64, body any, err error) {
	switch v.Field("what") {
	case "describe":
		d := client.Described{Name: v.Field("name"), Zone: v.Field("zone"), Region: strings.ToUpper(v.Field("state")), Line: v.Field("line")}
		if d.Name == "" {
			return 0, nil, wrong("give the client a name")
		}
		if len(d.Region) != 2 && d.Region != "" {
			return 0, nil, wrong("give the state in two letters, such as TX")
		}
		return v.Now(), d, nil
	case "kind":
		at, err := civilDay(v.Field("from"), v.Zone)
		if err != nil {
			return 0, nil, err
		}
		return min(at, v.Now()), client.KindStated{Kind: framework.LegalKind(v.Field("kind"))}, nil
	case "program":
		if v.Field("program") == "" {
			return 0, nil, wrong("choose a program; one that was elected can be changed for another, not taken back")
		}
		return v.Now(), client.Elected{Framework: v.Field("program")}, nil
	case "profile":
		return v.Now(), client.Profiled{Profile: framework.Profile(v.Field("profile"))}, nil
	}
	return 0, nil, errForm
}
