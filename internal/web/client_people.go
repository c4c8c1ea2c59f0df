package web

import (
	"slices"

	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// ClientPeople is the page of everyone who reaches one client.
type ClientPeople struct {
	Places  []Link
	Name    string
	Rows    []Reach
	May     bool
	Form    PersonForm
	Invited Invited
}

// Reach is one member's way to a client.
type Reach struct {
	Name, Mail, Role, About, Until string
	Revoke, RoleValue              string
}

func (s *Server) clientPeople(v *Visit) error { return s.showClientPeople(v, Invited{}) }

func (s *Server) showClientPeople(v *Visit, made Invited) error {
	p := ClientPeople{Places: v.places("Access"), Name: v.ClientName, May: v.May(permit.ManageClientPeople), Invited: made}
	err := s.door().Read(v.Context(), s.door().MSP(), func(st *projection.State) error {
		for _, m := range st.Member.List(false) {
			p.Rows = append(p.Rows, s.reachOf(v, m)...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Form = s.personForm(v, nil)
	p.Form.Action, p.Form.Clients = "/clients/"+v.Client+"/people", nil
	p.Form.Roles = slices.DeleteFunc(p.Form.Roles, func(c Choice) bool { return !mayGive(v, permit.Role(c.Value)) })
	return render(v, clientPeoplePage, v.Frame("People", inClients, v.clientCrumbs()...), p)
}

// mayGive reports whether who asks may give a role for the visit's client.
func mayGive(v *Visit, role permit.Role) bool {
	g := permit.Grant{Member: "new", Role: role, Client: v.Client, From: v.Now(), Until: v.Now() + hour}
	return role != permit.Administrator && permit.MayGrant(v.Who.Grants, g, v.Now()) == nil
}

func (s *Server) reachOf(v *Visit, m *member.Member) []Reach {
	var list []Reach
	for _, g := range grants(m) {
		if g.Ended(v.Now()) || g.Client != "" && g.Client != v.Client {
			continue
		}
		r := Reach{Name: m.Name, Mail: m.Mail, Role: g.Role.Title(), About: "all clients", Until: "no end", RoleValue: string(g.Role)}
		if g.Client != "" {
			r.About = "this client"
			if mayGive(v, g.Role) {
				r.Revoke = "/clients/" + v.Client + "/people/" + m.ID + "/revoke"
			}
		}
		if g.Until != 0 {
			r.Until = ShortDay(g.Until, v.Zone)
		}
		list = append(list, r)
	}
	return list
}

func (s *Server) clientPersonAdd(v *Visit) error {
	g, err := s.askedGrant(v, v.Client)
	if err != nil {
		return v.again(err, s.clientPeople)
	}
	made, err := s.invite(v, g)
	if err != nil {
		return v.again(err, s.clientPeople)
	}
	clear(v.PostForm)
	return s.showClientPeople(v, made)
}

func (s *Server) clientPersonRevoke(v *Visit) error {
	role := permit.Role(v.Field("role"))
	if !mayGive(v, role) {
		return v.again(wrong("this role is for an administrator of the MSP to take away: ask one"), s.clientPeople)
	}
	if err := s.revoke(v, v.PathValue("member"), role, v.Client); err != nil {
		return v.again(err, s.clientPeople)
	}
	return v.Go("/clients/"+v.Client+"/people", "The role is taken away, from this moment on.")
}
