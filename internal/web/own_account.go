package web

import (
	"errors"
	"html/template"
	"net/url"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

func (s *Server) ownRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/own", Permission: permit.ViewOwn, Handle: s.own},
		{Method: "POST", Path: "/own/password", Permission: permit.ChangeOwn, Handle: s.ownPassword},
		{Method: "POST", Path: "/own/sign-out-everywhere", Permission: permit.ChangeOwn, Handle: s.ownSignOut},
		{Method: "GET", Path: "/own/again", Permission: permit.ChangeOwn, Handle: s.ownAgain},
		{Method: "POST", Path: "/own/again", Permission: permit.ChangeOwn, Handle: s.ownAgainSend},
		{Method: "GET", Path: "/own/factor", Permission: permit.EnrollFactor, Handle: s.ownFactor},
		{Method: "POST", Path: "/own/factor", Permission: permit.EnrollFactor, Handle: s.ownFactorSend},
		{Method: "POST", Path: "/own/codes", Permission: permit.ChangeOwn, Handle: s.ownCodes},
		{Method: "POST", Path: "/own/codes/kept", Permission: permit.EnrollFactor, Handle: s.ownCodesKept},
		{Method: "POST", Path: "/own/tokens", Permission: permit.IssueToken, Handle: s.ownToken},
		{Method: "POST", Path: "/own/tokens/{token}/revoke", Permission: permit.ChangeOwn, Handle: s.ownTokenRevoke},
	}
}

// Own is a member's own page.
type Own struct {
	Mail       string
	Roles      []HeldRole
	Factor     bool
	CodesLeft  int
	Sessions   []OwnSession
	MayToken   bool
	Tokens     []OwnToken
	TokenRoles []Choice
	NewToken   string // shown once
}

// HeldRole is a role that is in force.
type HeldRole struct{ Role, About, Until string }

// OwnSession is one signed-in browser.
type OwnSession struct {
	Browser, Address, Seen string
	This                   bool
}

// OwnToken is one API token.
type OwnToken struct{ ID, Name, Role, About, Made, Until, Used string }

// Factor is the page on which an authenticator app is set up. SVG is drawn by
// package account from random bytes and the member's own address.
type Factor struct {
	SVG   template.HTML
	Key   string
	First bool
}

// Codes is the page that shows recovery codes once.
type Codes struct {
	List  []string
	First bool
}

// Again is the page that asks for the password once more.
type Again struct{ Back string }

var (
	ownPage    = newPage[Own]("own.html")
	factorPage = newPage[Factor]("factor.html")
	codesPage  = newPage[Codes]("codes.html")
	againPage  = newPage[Again]("again.html")
)

func (s *Server) own(v *Visit) error { return s.showOwn(v, "") }

func (s *Server) showOwn(v *Visit, token string) error {
	p := Own{Roles: s.heldRoles(v), MayToken: v.May(permit.IssueToken), NewToken: token}
	if v.Guest {
		return render(v, ownPage, v.Frame("Your account", inOwn), p)
	}
	acc, err := s.cfg.Accounts.Account(v.Context(), v.Who.Member)
	if err != nil {
		return err
	}
	p.Mail, p.Factor, p.CodesLeft = acc.Mail, acc.HasSecondFactor(), acc.CodesLeft()
	if p.Sessions, err = s.ownSessions(v); err != nil {
		return err
	}
	if p.Tokens, err = s.ownTokens(v); err != nil {
		return err
	}
	p.TokenRoles = tokenRoles(v.Who.Grants)
	return render(v, ownPage, v.Frame("Your account", inOwn), p)
}

func (s *Server) heldRoles(v *Visit) []HeldRole {
	var list []HeldRole
	for _, g := range v.Who.Grants {
		h := HeldRole{Role: g.Role.Title(), About: "all clients"}
		if g.Client != "" {
			h.About = s.nameOf(v, g.Client)
		}
		if g.Until != 0 {
			h.Until = Day(g.Until, v.Zone)
		}
		list = append(list, h)
	}
	return list
}

func (s *Server) ownSessions(v *Visit) ([]OwnSession, error) {
	sessions, err := s.cfg.Accounts.Sessions(v.Context(), v.Who.Member)
	if err != nil {
		return nil, err
	}
	var list []OwnSession
	for _, x := range sessions {
		list = append(list, OwnSession{browser(x.Agent), x.Address, When(x.Seen, v.Now(), v.Zone), x.Handle == v.Who.Handle})
	}
	return list, nil
}

func (s *Server) ownPassword(v *Visit) error {
	if v.FormValue("password") != v.FormValue("again") {
		return v.again(wrong("the two new passwords differ: type the same one twice"), s.own)
	}
	o, err := s.cfg.Accounts.ChangePassword(v.Context(), v.secret, v.FormValue("old"), v.FormValue("password"), s.address(v.Request))
	if errors.Is(err, account.ErrRefused) {
		return v.again(wrong("the old password is wrong: type it again"), s.own)
	}
	if err != nil {
		return v.again(err, s.own)
	}
	v.remember(o.Secret)
	return v.Go("/own", "Your password is changed. Your other sessions have ended.")
}

func (s *Server) ownSignOut(v *Visit) error {
	if err := s.cfg.Accounts.SignOutEverywhere(v.Context(), v.Who.Member, v.Who.Member); err != nil {
		return err
	}
	v.forget()
	return v.Go("/sign-in", "All your sessions have ended.")
}

func (s *Server) ownAgain(v *Visit) error {
	f := v.Frame("Your password again", inOwn)
	f.Narrow = true
	return render(v, againPage, f, Again{Back: inside(v.FormValue("back"), "/own")})
}

func (s *Server) ownAgainSend(v *Visit) error {
	o, err := s.cfg.Accounts.Reauthenticate(v.Context(), v.secret, v.FormValue("password"), s.address(v.Request))
	if err != nil {
		return v.again(err, s.ownAgain)
	}
	return s.enter(v, o)
}

// toAgain asks for the password; what was to be done is done again after it.
func (v *Visit) toAgain(back string) error {
	return v.Go("/own/again?"+url.Values{"back": {back}}.Encode(), "")
}

func (s *Server) ownFactor(v *Visit) error {
	e, err := s.cfg.Accounts.BeginFactor(v.Context(), v.secret)
	switch {
	case errors.Is(err, account.ErrAgain):
		return v.toAgain("/own/factor")
	case errors.Is(err, account.ErrSignedOut):
		return errSignIn
	case err != nil:
		return err
	}
	return s.showFactor(v, Factor{SVG: template.HTML(e.SVG), Key: inFours(e.Key), First: v.Who.Stage == account.StageEnroll})
}

func (s *Server) showFactor(v *Visit, p Factor) error {
	f := v.Frame("Second factor", inOwn)
	f.Narrow = true
	if p.First {
		f.Nav = nil
	}
	return render(v, factorPage, f, p)
}

// inFours sets a key in groups of four, for typing.
func inFours(key string) string {
	out := ""
	for n, r := range key {
		if n > 0 && n%4 == 0 {
			out += " "
		}
		out += string(r)
	}
	return out
}

func (s *Server) ownFactorSend(v *Visit) error {
	first := v.Who.Stage == account.StageEnroll
	o, codes, err := s.cfg.Accounts.ConfirmFactor(v.Context(), v.secret, v.Field("code"), s.address(v.Request))
	switch {
	case errors.Is(err, account.ErrRefused):
		return v.again(wrong("that code does not fit: wait for the next one in the app, and check that the phone's clock is right"), func(v *Visit) error {
			return s.showFactor(v, Factor{First: first})
		})
	case errors.Is(err, account.ErrSignedOut):
		return errSignIn
	case err != nil:
		return err
	}
	v.remember(o.Secret)
	return s.showCodes(v, codes, first)
}

func (s *Server) showCodes(v *Visit, codes []string, first bool) error {
	f := v.Frame("Recovery codes", inOwn)
	f.Narrow = true
	if first {
		f.Nav = nil
	}
	return render(v, codesPage, f, Codes{List: codes, First: first})
}

func (s *Server) ownCodes(v *Visit) error {
	codes, err := s.cfg.Accounts.RenewCodes(v.Context(), v.secret)
	if errors.Is(err, account.ErrAgain) {
		return v.toAgain("/own")
	}
	if err != nil {
		return err
	}
	return s.showCodes(v, codes, false)
}

// ownCodesKept goes on once the person said that the codes are kept.
func (s *Server) ownCodesKept(v *Visit) error {
	if v.Field("kept") != "yes" {
		return v.Go("/own", "Your recovery codes cannot be shown again. If you did not keep them, make new ones here.")
	}
	return v.Go("/", "")
}

func (s *Server) ownTokens(v *Visit) ([]OwnToken, error) {
	tokens, err := s.cfg.Accounts.Tokens(v.Context(), v.Who.Member)
	if err != nil {
		return nil, err
	}
	var list []OwnToken
	for _, t := range tokens {
		o := OwnToken{
			ID: t.ID, Name: t.Name, Role: t.Role.Title(), About: "all that you reach",
			Made: ShortDay(t.Made, v.Zone), Until: ShortDay(t.Until, v.Zone), Used: "never",
		}
		var names []string
		for _, c := range t.Clients {
			names = append(names, s.nameOf(v, c))
		}
		if len(names) > 0 {
			o.About = And(names)
		}
		if t.Used != 0 {
			o.Used = When(t.Used, v.Now(), v.Zone)
		}
		list = append(list, o)
	}
	return list, nil
}

// tokenRoles are the roles that a token of someone with these grants may have.
func tokenRoles(held []permit.Grant) []Choice {
	var list []Choice
	seen := map[permit.Role]bool{}
	for _, g := range held {
		if !seen[g.Role] && g.Role.Carries(permit.ViewClient) {
			list = append(list, Choice{string(g.Role), g.Role.Title(), len(list) == 0})
		}
		seen[g.Role] = true
	}
	return list
}

func (s *Server) ownToken(v *Visit) error {
	until, err := civilDay(v.Field("until"), v.Zone)
	if err != nil {
		return v.again(err, s.own)
	}
	role := permit.Role(v.Field("role"))
	t := account.Token{Name: v.Field("name"), Role: role, Until: until}
	if role == permit.Technician || role == permit.ClientOfficer {
		t.Clients, _ = v.Who.Clients(permit.ViewClient, v.Now())
	}
	text, _, err := s.cfg.Accounts.IssueToken(v.Context(), v.Who, t)
	switch {
	case errors.Is(err, account.ErrAgain):
		return v.toAgain("/own")
	case err != nil && errors.Unwrap(err) != nil && !errors.Is(err, account.ErrSignedOut):
		return v.again(wrong(errors.Unwrap(err).Error()), s.own)
	case err != nil:
		return err
	}
	return s.showOwn(v, text)
}

func (s *Server) ownTokenRevoke(v *Visit) error {
	if err := s.cfg.Accounts.RevokeToken(v.Context(), v.Who.Member, v.PathValue("token"), v.Who.Member); err != nil {
		return err
	}
	return v.Go("/own", "The token is revoked.")
}
