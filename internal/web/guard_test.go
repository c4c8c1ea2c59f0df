package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// Plain HTTP beyond this machine is refused before anything is served.
func TestPlainHTTPStaysHome(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		l  web.Listen
		ok bool
	}{
		{web.Listen{Addr: "127.0.0.1:8480"}, true},
		{web.Listen{Addr: "[::1]:8480"}, true},
		{web.Listen{Addr: "localhost:8480"}, true},
		{web.Listen{Addr: ":8480"}, false},
		{web.Listen{Addr: "0.0.0.0:8480"}, false},
		{web.Listen{Addr: "192.0.2.1:80"}, false},
		{web.Listen{Addr: "proof.example.com:80"}, false},
		{web.Listen{Addr: "8480"}, false},
		{web.Listen{Addr: ":443", CertFile: "a", KeyFile: "b"}, true},
		{web.Listen{Addr: ":443", CertFile: "a"}, false},
		{web.Listen{Addr: ":443", Hosts: []string{"proof.example.com"}, Cache: "c"}, true},
		{web.Listen{Addr: ":443", Hosts: []string{"proof.example.com"}}, false},
		{web.Listen{Addr: ":443", Hosts: []string{"proof.example.com"}, Cache: "c", CertFile: "a", KeyFile: "b"}, false},
		{web.Listen{Addr: ":8480", Proxies: proxy}, true},
	} {
		err := c.l.Check()
		if (err == nil) != c.ok {
			t.Errorf("%+v: got %v", c.l, err)
		}
		if err != nil && c.l.Serve(context.Background(), http.NotFoundHandler(), nil) == nil {
			t.Errorf("%+v is served all the same", c.l)
		}
	}
}

// Behind a proxy, who comes past it is turned away, and its word about the
// visitor's address is believed from it alone.
func TestProxy(t *testing.T) {
	l := web.Listen{Addr: ":8480", Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	h := l.BehindProxy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for _, c := range []struct {
		peer, proto, path string
		want              int
	}{
		{"10.1.2.3:99", "https", "/", http.StatusTeapot},
		{"10.1.2.3:99", "http", "/", http.StatusForbidden},
		{"10.1.2.3:99", "", "/", http.StatusForbidden},
		{"192.0.2.9:99", "https", "/", http.StatusForbidden},
		{"127.0.0.1:99", "", "/healthz", http.StatusTeapot},
		{"127.0.0.1:99", "", "/", http.StatusForbidden},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-Proto", c.proto)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: got %d", c, w.Code)
		}
	}
}

// Certificate files are served, and a renewed one without a restart.
func TestCertificateFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := writeCertificate(t, cert, key)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := web.Listen{Addr: "127.0.0.1:0", CertFile: cert, KeyFile: key}
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- l.Serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }), func(a string) { addr <- a })
	}()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	res, err := client.Get("https://" + <-addr)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); string(b) != "HTTP/2.0" {
		t.Errorf("got %q", b)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopping: %v", err)
	}
	missing := web.Listen{Addr: "127.0.0.1:0", CertFile: filepath.Join(dir, "none.pem"), KeyFile: key}
	if missing.Serve(context.Background(), http.NotFoundHandler(), nil) == nil {
		t.Error("a missing certificate is served")
	}
}

func writeCertificate(t *testing.T, cert, key string) *x509.CertPool {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &priv.PublicKey, priv)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return pool
}
