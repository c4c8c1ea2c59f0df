package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"breakwater/internal/permit"
)

// Limits of a request.
const (
	maxBody     = 1 << 20  // of an ordinary form
	maxFileBody = 72 << 20 // of a form with a document
)

// Route is a method and a path with the permission that it needs. Where the
// permission is about one client the path has a part {client}, and nowhere
// else.
type Route struct {
	Method     string
	Path       string
	Permission permit.Permission
	Handle     func(*Visit) error
	// Bare routes are for everyone and show nothing of anyone, so that nobody is
	// asked who they are.
	Bare bool
	// File lets a document be uploaded.
	File bool
	// Slow gives the handler five minutes instead of one.
	Slow bool
}

// Client reports whether the route is about one client.
func (r Route) Client() bool { return strings.Contains(r.Path, "{client}") }

// check refuses a route that does not say what it needs.
func (r Route) check() error {
	switch {
	case r.Method == "" || !strings.HasPrefix(r.Path, "/") || r.Handle == nil:
		return fmt.Errorf("route %q %q: give a method, a path and a handler", r.Method, r.Path)
	case r.Permission == "":
		return fmt.Errorf("route %s %s declares no permission: say which one it needs, or permit.Public", r.Method, r.Path)
	case !r.Permission.Known() || r.Permission == permit.ByDevice:
		return fmt.Errorf("route %s %s declares %q, which no person can have", r.Method, r.Path, r.Permission)
	case r.Bare && r.Permission != permit.Public:
		return fmt.Errorf("route %s %s is bare and declares %q: a bare route is public", r.Method, r.Path, r.Permission)
	case (r.Permission.Reach() == permit.OfClient) != r.Client():
		return fmt.Errorf("route %s %s: %q is about %s, and the path says otherwise", r.Method, r.Path, r.Permission, r.Permission.Reach())
	}
	return nil
}

// table is every route that there is.
func (s *Server) table() []Route {
	return slices.Concat(
		s.plainRoutes(),
		s.signinRoutes(),
		s.setupRoutes(),
		s.ownRoutes(),
		s.startRoutes(),
		s.peopleRoutes(),
		s.settingsRoutes(),
		s.clientEditRoutes(),
		s.registerRoutes(),
		s.enrollRoutes(),
		s.evidenceRoutes(),
	)
}

// Routes lists every route that there is, for tests and for documents.
func (s *Server) Routes() []Route { return slices.Clone(s.routes) }

// register puts the routes on a mux, or panics.
func (s *Server) register(routes []Route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		if err := r.check(); err != nil {
			panic(err)
		}
		mux.Handle(r.Method+" "+r.Path, s.handler(r))
	}
	mux.Handle("/", s.handler(Route{Method: http.MethodGet, Path: "/", Permission: permit.Public, Handle: notThere}))
	return mux
}

func notThere(*Visit) error { return errNotThere }
