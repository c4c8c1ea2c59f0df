package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/event"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/web"
)

// A form that another site sends does nothing, whoever is signed in.
func TestFormOfAnotherSite(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	for _, head := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
		r := httptest.NewRequest("POST", "/people/dana/leave", nil)
		r.Header.Set(head[0], head[1])
		a := b.do(r)
		b.wantStatus(a, http.StatusForbidden)
		b.wantSays(a, "This form came from another site")
	}
	r := httptest.NewRequest("POST", "/theme", strings.NewReader("theme=dark&back=//elsewhere.example/"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	b.wantTo(b.do(r), "/") // and no way out of this host
	if b.cookies["breakwater-theme"] != "dark" {
		t.Error("the theme was not kept")
	}
	if !strings.Contains(b.get("/own").Body, `data-theme="dark"`) {
		t.Error("the page is not dark")
	}
}

// Every answer says what a browser may do with it.
func TestHeaders(t *testing.T) {
	x := newInstance(t, func(c *web.Config) { c.Secure = true })
	b := x.browser()
	for _, path := range []string{"/sign-in", "/no-such-page", "/healthz", "/favicon.ico"} {
		h := b.get(path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Strict-Transport-Security": "max-age=31536000", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.HasPrefix(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if h.Get("Permissions-Policy") == "" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: got %v", path, h)
		}
	}
}

// What is under /static has its hash in its name and may be kept.
func TestStaticIsKept(t *testing.T) {
	x := newEmpty(t)
	b := x.browser()
	page := b.get("/sign-in").Body
	sheet := "/static/" + x.between(page, `href="/static/`, `"`)
	r := httptest.NewRequest("GET", sheet, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	a := b.do(r)
	if a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || a.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("got %d, %v", a.Status, a.Header)
	}
	z, err := gzip.NewReader(strings.NewReader(a.Body))
	x.must(err)
	css, err := io.ReadAll(z)
	x.must(err)
	want, err := os.ReadFile("static/site.css")
	x.must(err)
	if !bytes.Equal(css, want) {
		t.Error("the sheet is not what it was")
	}
	b.wantStatus(b.get("/static/site.000000000000.css"), http.StatusNotFound)
}

// The session's cookie stays in the browser, on this host, over TLS.
func TestSessionCookie(t *testing.T) {
	x := newInstance(t, func(c *web.Config) { c.Secure = true })
	r := httptest.NewRequest("POST", "/sign-in", strings.NewReader("mail=dana@example.com&password="+strings.ReplaceAll(password, " ", "+")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	x.Web.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == "__Host-breakwater" {
			if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("got %v", c)
			}
			return
		}
	}
	t.Fatalf("no session cookie: %d %v", w.Code, w.Result().Cookies())
}

// After a few wrong passwords the right one has to wait as well, the answer is
// the same as for an account that does not exist, and the MSP's log says it.
func TestSignInLocks(t *testing.T) {
	x := newInstance(t)
	b := x.browser()
	var last string
	for range 7 {
		a := b.post("/sign-in", "mail", "dana@example.com", "password", "not this one at all")
		b.wantStatus(a, http.StatusForbidden)
		last = words(a.Body)
	}
	a := b.post("/sign-in", "mail", "dana@example.com", "password", password)
	b.wantStatus(a, http.StatusForbidden)
	stranger := b.post("/sign-in", "mail", "nobody@example.com", "password", password)
	b.wantStatus(stranger, http.StatusForbidden)
	if got := words(stranger.Body); got != last || got != words(a.Body) {
		t.Errorf("a stranger is told something else:\n%s\n%s", last, got)
	}
	refused := 0
	for _, e := range x.entries("northgate-it") {
		if e.Kind == event.SignedIn {
			v, err := event.Body[member.SignedIn](e.Envelope)
			x.must(err)
			if !v.OK {
				refused++
			}
		}
	}
	if refused < 5 {
		t.Errorf("%d refused sign-ins in the MSP's log, want 5 or more", refused)
	}
	x.pass(time.Hour)
	x.as("dana")
}

// Someone of another client learns nothing: what they may not open answers like
// what is not there, and the refusal is an entry, once an hour.
func TestAnotherClientIsHidden(t *testing.T) {
	x := newInstance(t)
	x.join("hank", permit.ClientOfficer, "harborview")
	b := x.as("hank")
	for range 3 {
		foreign, missing := b.get("/clients/lakeside/people"), b.get("/clients/no-such-client/people")
		b.wantStatus(foreign, http.StatusNotFound)
		b.wantStatus(missing, http.StatusNotFound)
		if words(foreign.Body) != words(missing.Body) {
			t.Errorf("the two answers differ:\n%s\n%s", words(foreign.Body), words(missing.Body))
		}
	}
	b.wantStatus(b.get("/clients/harborview/people"), http.StatusOK)
	var refused []member.Refused
	for _, e := range x.entries("northgate-it") {
		if e.Kind == event.Refused {
			v, err := event.Body[member.Refused](e.Envelope)
			x.must(err)
			refused = append(refused, v)
		}
	}
	if len(refused) != 2 || refused[0].Client != "lakeside" || refused[1].Client != "" {
		t.Errorf("got %+v, want one refusal about lakeside and one about nothing", refused)
	}
}

// Opening a client is an entry of the MSP's log, once an hour.
func TestOpeningIsNoted(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	for range 3 {
		b.wantStatus(b.get("/clients/lakeside/people"), http.StatusOK)
		b.wantStatus(b.get("/clients/lakeside/scope"), http.StatusOK)
	}
	if n := x.count("northgate-it", event.ClientOpened); n != 1 {
		t.Errorf("%d entries of one opening", n)
	}
	x.pass(20 * time.Minute)
	b.get("/clients/harborview/people")
	x.pass(25 * time.Minute)
	b = x.as("dana")
	x.pass(20 * time.Minute)
	b.get("/clients/lakeside/people")
	if n := x.count("northgate-it", event.ClientOpened); n != 3 {
		t.Errorf("%d entries, want 3: two clients, and one again an hour later", n)
	}
}

// A panic becomes a page with a number, and the number stands in the program's
// log with the stack; what the panic said reaches nobody.
func TestPanic(t *testing.T) {
	var out bytes.Buffer
	var config web.Config
	x := newInstance(t, func(c *web.Config) { c.Log = slog.New(slog.NewTextHandler(&out, nil)); config = *c })
	x.Web = web.WithPanic(config, "/breaks")
	b := x.browser()
	a := b.get("/breaks")
	b.wantStatus(a, http.StatusInternalServerError)
	id := a.Header.Get("X-Request-Id")
	if !strings.Contains(a.Body, id) || strings.Contains(a.Body, "secret in it") {
		t.Errorf("got %s", words(a.Body))
	}
	if !strings.Contains(out.String(), id) || !strings.Contains(out.String(), "guard_test.go") && !strings.Contains(out.String(), "export_test.go") {
		t.Errorf("the log says %s", out.String())
	}
}

// An oversized form is answered as such.
func TestOversizedForm(t *testing.T) {
	x := newInstance(t)
	a := x.browser().post("/sign-in", "mail", strings.Repeat("a", 2<<20))
	if a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", a.Status)
	}
}

// Behind a proxy, who comes past it in plain text is turned away.
func TestPastTheProxy(t *testing.T) {
	x := newInstance(t, func(c *web.Config) {
		c.Secure, c.TrustedProxies = true, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	for _, c := range []struct {
		peer, proto, path string
		tls               bool
		want              int
	}{
		{"10.1.2.3:99", "https", "/sign-in", false, http.StatusOK},
		{"10.1.2.3:99", "http", "/sign-in", false, http.StatusForbidden},
		{"10.1.2.3:99", "", "/sign-in", false, http.StatusForbidden},
		{"192.0.2.9:99", "https", "/sign-in", false, http.StatusForbidden},
		{"192.0.2.9:99", "", "/sign-in", true, http.StatusOK},
		{"127.0.0.1:99", "", "/healthz", false, http.StatusOK},
		{"127.0.0.1:99", "", "/sign-in", false, http.StatusForbidden},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-Proto", c.proto)
		if r.TLS = nil; c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		x.Web.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: got %d", c, w.Code)
		}
	}
}

// Who is behind a trusted proxy is counted by their own address.
func TestAddressBehindProxy(t *testing.T) {
	x := newInstance(t, func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	b := x.browser()
	b.address = "10.0.0.1:443"
	r := httptest.NewRequest("POST", "/sign-in", strings.NewReader("mail=dana@example.com&password="+strings.ReplaceAll(password, " ", "+")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-For", "203.0.113.99, 198.51.100.4, 10.0.0.9")
	b.do(r)
	list, err := x.Accounts.Sessions(t.Context(), "dana")
	x.must(err)
	if !slices.ContainsFunc(list, func(x account.Session) bool { return x.Address == "198.51.100.4" }) {
		t.Errorf("got %+v, want the nearest address that is no proxy", list)
	}
}

// A sample is open to whoever runs it: nobody signs in, and every page says
// what it is. Nothing but a sample may be open like that.
func TestGuestOfSample(t *testing.T) {
	var config web.Config
	x := newInstance(t, func(c *web.Config) { config = *c })
	config.Guest = guest("Dana", permit.Auditor)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("an instance that is no sample lets a guest in")
			}
		}()
		web.New(config)
	}()
	config.Sample = true
	x.Web = web.New(config)
	b := x.browser()
	b.wantTo(b.get("/"), "/clients")
	a := b.get("/own")
	b.wantSays(a, "Sample, seen as Dana", "Nobody signs in here", "Sample data. No real organization or person.")
	if len(selected(t, a.Body, "form[action=/own/password]")) != 0 {
		t.Error("a guest is offered a password")
	}
	config.Guest = guest("Dana", permit.ClientStaff)
	x.Web = web.New(config)
	b.wantStatus(b.get("/clients"), http.StatusForbidden)
}

func guest(name string, role permit.Role) func(context.Context) account.Principal {
	return func(context.Context) account.Principal {
		now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixMilli()
		g := permit.Grant{Member: "guest", Role: role, From: now, Until: now + 30*day.Milliseconds()}
		return account.Principal{Member: "guest", Name: name, Stage: account.StageFull, Until: g.Until, Grants: []permit.Grant{g}}
	}
}
