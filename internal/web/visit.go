package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// Visit is one request: who asks, about which client, and its number.
type Visit struct {
	*http.Request
	Writer http.ResponseWriter
	ID     string // stands on an error page and in the program's log

	Who      account.Principal
	SignedIn bool // someone is signed in, though perhaps not to the end
	Guest    bool // nobody is: the guest of a sample looks around

	// Client, its name and its zone, on routes about one client. Elsewhere Zone
	// is the MSP's.
	Client     string
	ClientName string
	Zone       *time.Location

	Status  int    // of the answer; 200 if 0
	Problem string // shown above the page: what to mend

	server *Server
	secret string // of the session
	msp    string // name
}

// handler makes an http.Handler of a route.
func (s *Server) handler(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, within := int64(maxBody), time.Minute
		if route.File {
			limit = maxFileBody
		}
		if route.Slow {
			within = 5 * time.Minute
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		v := &Visit{Request: r.WithContext(ctx), Writer: w, ID: requestID(r.Context()), Zone: time.UTC, server: s}
		if err := s.visit(v, route); err != nil {
			s.fail(v, err)
		}
	})
}

func (s *Server) visit(v *Visit, route Route) error {
	if !route.Bare {
		if err := s.who(v); err != nil {
			return err
		}
	}
	if err := s.mayPass(v, route); err != nil {
		return err
	}
	if err := s.parse(v, route); err != nil {
		return err
	}
	return route.Handle(v)
}

// parse reads the form before a handler does, so that an oversized one is
// answered as such.
func (s *Server) parse(v *Visit, route Route) error {
	if v.Method != http.MethodPost {
		return nil
	}
	var err error
	if route.File {
		err = v.ParseMultipartForm(4 << 20)
		if errors.Is(err, http.ErrNotMultipart) {
			err = v.ParseForm()
		}
	} else {
		err = v.ParseForm()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return nil
}

// who finds out who asks.
func (s *Server) who(v *Visit) error {
	s.msps(v)
	c, err := v.Cookie(s.cookieName())
	if err == nil {
		p, err := s.cfg.Accounts.Authenticate(v.Context(), c.Value)
		switch {
		case err == nil:
			v.Who, v.SignedIn, v.secret = p, true, c.Value
			return nil
		case !errors.Is(err, account.ErrSignedOut):
			return fmt.Errorf("read session: %w", err)
		}
	}
	if s.cfg.Guest != nil {
		v.Who, v.Guest = s.cfg.Guest(v.Context()), true
	}
	return nil
}

// msps sets the MSP's name and zone.
func (s *Server) msps(v *Visit) {
	id := s.door().MSP()
	if id == "" {
		return
	}
	err := s.door().Read(v.Context(), id, func(st *projection.State) error {
		v.msp, v.Zone = st.Client.Name, st.Client.Location()
		return nil
	})
	if err != nil {
		s.cfg.Log.ErrorContext(v.Context(), "read the MSP's log", "request", v.ID, "error", err)
	}
}

// mayPass asks whether the visit may go on, and logs what has to be logged.
func (s *Server) mayPass(v *Visit, route Route) error {
	if route.Permission == permit.Public {
		return nil
	}
	if v.Who.Member == "" {
		return errSignIn
	}
	client := ""
	if route.Client() {
		client = v.PathValue("client")
	}
	ok, why := v.Who.Allowed(route.Permission, client, s.now())
	if !ok {
		return s.refuse(v, route, client, why)
	}
	if client == "" {
		return nil
	}
	if err := s.open(v, client); err != nil {
		return err
	}
	return s.noteOpened(v)
}

// open reads the client that the visit is about.
func (s *Server) open(v *Visit, client string) error {
	err := s.door().Read(v.Context(), client, func(st *projection.State) error {
		v.Client, v.ClientName, v.Zone = client, st.Client.Name, st.Client.Location()
		return nil
	})
	if errors.Is(err, intake.ErrNotFound) {
		return errNotThere
	}
	return err
}

// refuse logs a refusal and says how it is answered. What lies outside of
// someone's roles is answered like what does not exist.
func (s *Server) refuse(v *Visit, route Route, client string, why permit.Reason) error {
	switch v.Who.Stage {
	case account.StageCode:
		return errCode
	case account.StageEnroll:
		return errEnroll
	}
	if err := s.noteRefused(v, route.Permission, client); err != nil {
		return err
	}
	if client != "" && why.Hides() {
		return errNotThere
	}
	return forbidden{why}
}

// Caller is on whose behalf the visit says something.
func (v *Visit) Caller() intake.Caller {
	return intake.Caller{Actor: "member:" + v.Who.Member, Source: "form"}
}

// May reports whether who asks may do p: about the visit's client where p is
// about one, else about the MSP or themselves.
func (v *Visit) May(p permit.Permission) bool {
	client := ""
	if p.Reach() == permit.OfClient {
		client = v.Client
	}
	return v.MayFor(p, client)
}

// MayFor is May about a named client.
func (v *Visit) MayFor(p permit.Permission, client string) bool {
	if v.Who.Member == "" {
		return false
	}
	ok, _ := v.Who.Allowed(p, client, v.server.now())
	return ok
}

// Now is the instant of the visit.
func (v *Visit) Now() int64 { return v.server.now() }

// Field is a form field without the space around it.
func (v *Visit) Field(name string) string { return strings.TrimSpace(v.FormValue(name)) }

// Key is the random key that the form carries, so that sending it twice says
// it once.
func (v *Visit) Key() string {
	key := v.Field("key")
	if len(key) < 16 || len(key) > 64 {
		return ""
	}
	return "form:" + key
}

// Go answers a form: the browser opens path, where said is shown once.
func (v *Visit) Go(path, said string) error {
	v.say(said)
	http.Redirect(v.Writer, v.Request, path, http.StatusSeeOther)
	return nil
}

func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
