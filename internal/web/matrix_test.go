package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breakwater/internal/permit"
	"breakwater/internal/web"

	"github.com/google/go-cmp/cmp"
)

// visitors are everyone who walks through all routes: each role at its client,
// someone of another client, and nobody.
var visitors = []struct {
	id     string
	role   permit.Role
	client string
}{
	{"dana", permit.Administrator, ""},
	{"tess", permit.Technician, "lakeside"},
	{"omar", permit.ClientOfficer, "lakeside"},
	{"sue", permit.ClientStaff, "lakeside"},
	{"ada", permit.Auditor, "lakeside"},
	{"aida", permit.Auditor, ""},
	{"cole", permit.Counsel, "lakeside"},
	{"hank", permit.ClientOfficer, "harborview"},
	{"nobody", "", ""},
}

// Every route declares what it needs, and gets exactly that: the whole table,
// for every role, for someone of another client, and for a stranger. The golden
// file is read in review; UPDATE=1 writes it.
func TestEveryRouteForEveryone(t *testing.T) {
	var config web.Config
	x := newInstance(t, func(c *web.Config) { config = *c })
	for _, v := range visitors[1 : len(visitors)-1] {
		x.join(v.id, v.role, v.client)
	}
	browsers := make([]*browser, len(visitors))
	for n, v := range visitors {
		if browsers[n] = x.browser(); v.role != "" {
			browsers[n].signIn(v.id)
		}
	}
	x.Web = web.NewProbe(config)
	var table strings.Builder
	fmt.Fprintf(&table, "# What every route answers to whom: yes; no = refused; - = as if it did not exist; in = sign in first.\n# Clients: lakeside for all but the officer of harborview. Made by TestEveryRouteForEveryone.\n%-6s %-58s %-22s", "", "", "")
	for _, v := range visitors {
		fmt.Fprintf(&table, " %-4s", v.id)
	}
	table.WriteString("\n")
	routes := x.Web.Routes()
	slices.SortStableFunc(routes, func(a, b web.Route) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	for _, r := range routes {
		fmt.Fprintf(&table, "%-6s %-58s %-22s", r.Method, r.Path, r.Permission)
		for n, v := range visitors {
			got := answered(browsers[n], r)
			fmt.Fprintf(&table, " %-4s", got)
			if want := expected(r, v.role, v.client); got != want {
				t.Errorf("%s %s as %s: got %q, the roles say %q", r.Method, r.Path, v.id, got, want)
			}
		}
		table.WriteString("\n")
	}
	golden(t, "routes.txt", strings.ReplaceAll(table.String(), " \n", "\n"))
}

// answered walks one route as one person.
func answered(b *browser, r web.Route) string {
	path := placeholder.ReplaceAllStringFunc(r.Path, func(part string) string {
		switch part {
		case "{client}":
			return "lakeside"
		case "{$}":
			return ""
		}
		return "1"
	})
	a := b.post(path)
	if r.Method == http.MethodGet {
		a = b.get(path)
	}
	switch {
	case a.Status == http.StatusOK && a.Body == "reached":
		return "yes"
	case a.Status == http.StatusSeeOther && strings.HasPrefix(a.To, "/sign-in"):
		return "in"
	case a.Status == http.StatusForbidden:
		return "no"
	case a.Status == http.StatusNotFound:
		return "-"
	}
	return fmt.Sprint(a.Status)
}

// expected is what the table of roles says, asked without the pages.
func expected(r web.Route, role permit.Role, of string) string {
	switch {
	case r.Permission == permit.Public:
		return "yes"
	case role == "":
		return "in"
	case r.Client() && of != "" && of != "lakeside":
		return "-"
	case role.Carries(r.Permission) && (r.Permission.Reach() != permit.OfMSP || of == ""):
		return "yes"
	}
	return "no"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run with UPDATE=1 and read what it wrote", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s\nrun with UPDATE=1 if this is meant", file, diff)
	}
}

// A route that does not say what it needs keeps the program from starting.
func TestUndeclaredRoute(t *testing.T) {
	handle := func(*web.Visit) error { return nil }
	for _, r := range []web.Route{
		{Method: "GET", Path: "/x", Handle: handle},
		{Method: "GET", Path: "/x", Permission: "made.up", Handle: handle},
		{Method: "GET", Path: "/x", Permission: permit.ByDevice, Handle: handle},
		{Method: "GET", Path: "/clients/{client}/x", Permission: permit.ViewPeople, Handle: handle},
		{Method: "GET", Path: "/x", Permission: permit.ViewClient, Handle: handle},
		{Method: "GET", Path: "/x", Permission: permit.Public},
		{Path: "/x", Permission: permit.Public, Handle: handle},
		{Method: "GET", Path: "/x", Permission: permit.ViewOwn, Bare: true, Handle: handle},
	} {
		if r.Check() == nil {
			t.Errorf("%s %q with %q is taken", r.Method, r.Path, r.Permission)
		}
	}
}

// Before the second factor was given a session opens nothing but what is
// public, and the page on which one is set up where that is what is missing.
func TestHalfOpenSessions(t *testing.T) {
	var config web.Config
	x := newInstance(t, func(c *web.Config) { config = *c })
	code := x.browser()
	code.post("/sign-in", "mail", "dana@example.com", "password", password)
	x.must(x.Accounts.RemoveFactor(t.Context(), "dana", "dana"))
	enroll := x.browser()
	enroll.post("/sign-in", "mail", "dana@example.com", "password", password)
	x.Web = web.NewProbe(config)
	for _, r := range x.Web.Routes() {
		if r.Permission == permit.Public || r.Method != http.MethodGet {
			continue
		}
		path := placeholder.ReplaceAllString(r.Path, "lakeside")
		if a := code.get(path); a.Status != http.StatusSeeOther {
			t.Errorf("%s with a password alone: got %d", path, a.Status)
		}
		a := enroll.get(path)
		switch {
		case r.Permission == permit.EnrollFactor && a.Body != "reached":
			t.Errorf("%s while a factor is missing: got %d", path, a.Status)
		case r.Permission != permit.EnrollFactor && a.To != "/own/factor":
			t.Errorf("%s while a factor is missing: got %d to %q", path, a.Status, a.To)
		}
	}
}
