package web

import (
	"strings"

	"breakwater/internal/client"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// maxScopeLines bounds each list of a scope statement.
const maxScopeLines = 200

// Scope is the page of a client's scope statement.
type Scope struct {
	Places                []Link
	Client, Name, MSP     string
	Signed                *SignedScope
	Heading               string
	MaySign, MayPaper     bool
	Holds, Feeds, NotFed  string // as typed
	Signer, Title, Agreed string
}

// SignedScope is the statement in force.
type SignedScope struct {
	Holds, Feeds, NotFed []string
	By, Title, On        string
	Paper                bool
	Entry                string
	Agreed               string
}

var scopePage = newPage[Scope]("scope.html")

// agreed is what the signer of a scope statement agrees to, kept verbatim in
// the entry.
func agreed(clientName, msp string) string {
	return "These are the places where " + clientName + " keeps electronic protected health information, as far as we know. " +
		"What " + msp + " records as evidence comes from those marked as watched; about the others its log is silent, and silence is not evidence. " +
		"We say so when this changes."
}

func (s *Server) scope(v *Visit) error {
	p := Scope{Places: v.places("About"), Client: v.Client, Name: v.ClientName, MSP: v.msp, MaySign: v.May(permit.SignScope), MayPaper: v.May(permit.EditClient), Agreed: agreed(v.ClientName, v.msp)}
	err := s.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.Heading = st.Client.Heading(v.msp)
		if x := st.Client.Scope; x != nil {
			p.Signed = &SignedScope{
				Holds: x.Holds, Feeds: x.Feeds, NotFed: x.NotFed, By: x.SignedBy, Title: x.Title, On: Day(x.At, v.Zone),
				Paper: x.Paper, Entry: Comma(int64(x.Index)), Agreed: x.Statute,
			}
			p.Holds, p.Feeds, p.NotFed = strings.Join(x.Holds, "\n"), strings.Join(x.Feeds, "\n"), strings.Join(x.NotFed, "\n")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if v.PostForm != nil {
		p.Holds, p.Feeds, p.NotFed = v.PostFormValue("holds"), v.PostFormValue("feeds"), v.PostFormValue("not_fed")
		p.Signer, p.Title = v.PostFormValue("signer"), v.PostFormValue("title")
	}
	if p.Signer == "" && p.MaySign {
		p.Signer = v.Who.Name
	}
	return render(v, scopePage, v.Frame("Scope statement", inClients, v.clientCrumbs()...), p)
}

func (s *Server) scopeSign(v *Visit) error { return s.stateScope(v, false) }

// scopePaper records a statement that the client signed on paper.
func (s *Server) scopePaper(v *Visit) error { return s.stateScope(v, true) }

func (s *Server) stateScope(v *Visit, paper bool) error {
	body := client.ScopeStatement{SignedBy: v.Field("signer"), Title: v.Field("title"), Paper: paper, Statute: agreed(v.ClientName, v.msp)}
	for _, f := range [...]struct {
		to   *[]string
		name string
	}{{&body.Holds, "holds"}, {&body.Feeds, "feeds"}, {&body.NotFed, "not_fed"}} {
		*f.to = lines(v.FormValue(f.name))
		if len(*f.to) > maxScopeLines {
			return v.again(wrong("the list is too long: name kinds of systems rather than each one"), s.scope)
		}
	}
	if v.Field("agreed") != "yes" {
		return v.again(wrong("read the statement, and confirm that it was agreed to"), s.scope)
	}
	at := v.Now()
	if day := v.Field("on"); paper && day != "" {
		first, err := civilDay(day, v.Zone)
		if err != nil {
			return v.again(err, s.scope)
		}
		at = min(first, at)
	}
	if _, err := s.door().Change(v.Context(), v.Caller(), v.Client, at, body, v.Key()); err != nil {
		return v.again(err, s.scope)
	}
	return v.Go("/clients/"+v.Client+"/scope", "The scope statement is recorded. Every report about "+v.ClientName+" is headed with it.")
}

// lines are the lines of a text that are not empty.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}
