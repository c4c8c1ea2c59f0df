package web

import (
	"errors"
	"net/http"
	"net/url"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

func (s *Server) signinRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/{$}", Permission: permit.Public, Handle: s.home},
		{Method: "GET", Path: "/sign-in", Permission: permit.Public, Handle: s.signIn},
		{Method: "POST", Path: "/sign-in", Permission: permit.Public, Handle: s.signInSend},
		{Method: "GET", Path: "/sign-in/code", Permission: permit.Public, Handle: s.code},
		{Method: "POST", Path: "/sign-in/code", Permission: permit.Public, Handle: s.codeSend},
		{Method: "GET", Path: "/sign-in/help", Permission: permit.Public, Handle: s.signInHelp},
		{Method: "POST", Path: "/sign-out", Permission: permit.Public, Handle: s.signOut},
	}
}

// SignIn is the page that asks for mail address and password.
type SignIn struct {
	Back, Mail string
	Nobody     bool // no account exists yet
}

// Code is the page that asks for the second factor.
type Code struct{ Back string }

// SignInHelp says what to do about a lost password, phone or account.
type SignInHelp struct{}

var (
	signInPage     = newPage[SignIn]("sign_in.html")
	codePage       = newPage[Code]("code.html")
	signInHelpPage = newPage[SignInHelp]("sign_in_help.html")
)

// home sends everyone to where their work begins.
func (s *Server) home(v *Visit) error {
	switch {
	case v.Who.Member == "":
		return errSignIn
	case v.Who.Stage == account.StageCode:
		return errCode
	case v.Who.Stage == account.StageEnroll:
		return errEnroll
	}
	http.Redirect(v.Writer, v.Request, s.begin(v), http.StatusSeeOther)
	return nil
}

// begin is where who asks begins: with the next steps while there is no client,
// with the list of clients, with their one client, or with their own page.
func (s *Server) begin(v *Visit) string {
	if v.MayFor(permit.AddClient, "") && !s.anyClient(v) {
		return "/start"
	}
	if v.MayFor(permit.ViewPortfolio, "") {
		return "/clients"
	}
	if own, _ := v.Who.Clients(permit.ViewClient, v.Now()); len(own) > 0 {
		return "/clients/" + own[0]
	}
	return "/own"
}

// anyClient reports whether there is a client beside the MSP itself, or
// whether that could not be found out.
func (s *Server) anyClient(v *Visit) bool {
	list, err := s.door().Clients(v.Context())
	if err != nil {
		s.cfg.Log.ErrorContext(v.Context(), "list clients", "request", v.ID, "error", err)
		return true
	}
	return len(list) > 1
}

func (s *Server) toSignIn(v *Visit) {
	to := "/sign-in"
	if v.Method == http.MethodGet && v.URL.Path != "/" {
		to += "?" + url.Values{"back": {v.URL.RequestURI()}}.Encode()
	}
	http.Redirect(v.Writer, v.Request, to, http.StatusSeeOther)
}

func (s *Server) signIn(v *Visit) error {
	if v.SignedIn {
		return s.home(v)
	}
	any, err := s.cfg.Accounts.Any(v.Context())
	if err != nil {
		return err
	}
	f := v.Frame("Sign in", "")
	f.Narrow = true
	return render(v, signInPage, f, SignIn{Back: inside(v.FormValue("back"), ""), Mail: v.Field("mail"), Nobody: !any})
}

func (s *Server) signInSend(v *Visit) error {
	o, err := s.cfg.Accounts.SignIn(v.Context(), account.Attempt{
		Mail: v.Field("mail"), Password: v.FormValue("password"), Address: s.address(v.Request), Agent: v.UserAgent(),
	})
	if err != nil {
		return v.again(err, s.signIn)
	}
	return s.enter(v, o)
}

// enter goes on from an opened session to what it still needs, or to where the
// person wanted to go.
func (s *Server) enter(v *Visit, o account.Opened) error {
	v.remember(o.Secret)
	back := inside(v.FormValue("back"), "/")
	switch o.Stage {
	case account.StageCode:
		back = "/sign-in/code?" + url.Values{"back": {back}}.Encode()
	case account.StageEnroll:
		back = "/own/factor"
	}
	http.Redirect(v.Writer, v.Request, back, http.StatusSeeOther)
	return nil
}

func (s *Server) code(v *Visit) error {
	if v.Who.Stage != account.StageCode {
		return s.home(v)
	}
	f := v.Frame("Second factor", "")
	f.Narrow, f.Nav = true, nil
	return render(v, codePage, f, Code{Back: inside(v.FormValue("back"), "/")})
}

func (s *Server) codeSend(v *Visit) error {
	o, err := s.cfg.Accounts.GiveCode(v.Context(), v.secret, v.Field("code"), s.address(v.Request))
	switch {
	case errors.Is(err, account.ErrSignedOut), errors.Is(err, account.ErrAgain):
		return errSignIn
	case err != nil:
		return v.again(err, s.code)
	}
	return s.enter(v, o)
}

func (s *Server) signInHelp(v *Visit) error {
	f := v.Frame("Help with signing in", "")
	f.Narrow = true
	return render(v, signInHelpPage, f, SignInHelp{})
}

// signOut ends the session of this browser, whatever stage it is at.
func (s *Server) signOut(v *Visit) error {
	if v.secret != "" {
		if err := s.cfg.Accounts.SignOut(v.Context(), v.secret); err != nil {
			return err
		}
	}
	v.forget()
	return v.Go("/sign-in", "You are signed out.")
}
