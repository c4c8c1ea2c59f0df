package web

import "html/template"

// PageUnderTest is a page as the test of templates sees it.
type PageUnderTest struct {
	Name   string
	Layout *template.Template
	Zero   any
}

// Pages lists every page.
func Pages() []PageUnderTest {
	var list []PageUnderTest
	for _, p := range pages {
		list = append(list, PageUnderTest{p.name, p.tmpl.Lookup("layout.html"), p.zero})
	}
	return list
}

// Check is a route's own check.
func (r Route) Check() error { return r.check() }

// NewProbe is New with every handler replaced by one that says "reached", so
// that a walk over all routes changes nothing.
func NewProbe(c Config) *Server {
	s := New(c)
	for n := range s.routes {
		s.routes[n].Handle = func(v *Visit) error {
			_, err := v.Writer.Write([]byte("reached"))
			return err
		}
	}
	s.mux = s.around(s.register(s.routes))
	return s
}

// WithPanic is a server with one more public page, which panics.
func WithPanic(c Config, path string) *Server {
	s := New(c)
	s.routes = append(s.routes, Route{Method: "GET", Path: path, Permission: "public", Handle: func(*Visit) error { panic("with a secret in it") }})
	s.mux = s.around(s.register(s.routes))
	return s
}
