package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/record"

	"github.com/chromedp/chromedp"
)

// filled says which address stands for a route with parts. A new part has to be
// added here, so that no page escapes.
var filled = map[string]string{
	"{$}": "", "{client}": "lakeside", "{member}": "tess", "{register}": "account", "{practice}": "", "{device}": "LT-0042",
	"{index}": "1", "{framework}": "", "{file}": "", "{secret}": "", "{entry}": "",
}

// notPages are routes that answer with something else than a page.
var notPages = map[string]bool{
	"/healthz": true, "/favicon.ico": true, "/static/{file}": true, "/{$}": true, "/sign-in/code": true,
	"/clients/{client}/documents/{entry}": true, "/clients/{client}/log/{index}/proof": true,
}

// seen is one page to look at: an address, or what a form was answered with.
type seen struct{ name, path, body string }

// Every page is opened in a real browser, wide and light, on a phone and dark,
// and axe-core finds nothing to say about it. BREAKWATER_AXE names axe.min.js;
// BREAKWATER_SHOTS, a folder, keeps a picture of each.
func TestPagesInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time: run without -short")
	}
	axe := axeSource(t)
	x := furnished(t)
	anonymous, signedIn, secret := x.everyPage()
	srv := x.serve(append(anonymous, signedIn...))
	ctx := x.chromium()
	for _, list := range []struct {
		pages  []seen
		secret string
	}{{anonymous, ""}, {signedIn, secret}} {
		x.must(chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/captured/as/"+list.secret)))
		for _, p := range list.pages {
			x.look(ctx, srv.URL, p, axe)
		}
	}
}

// theme is the one in which pages are served just now.
var theme atomic.Value

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("BREAKWATER_NOSKIP") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func axeSource(t *testing.T) string {
	t.Helper()
	name := os.Getenv("BREAKWATER_AXE")
	if name == "" {
		name = filepath.Join("..", "..", ".tools", "node_modules", "axe-core", "axe.min.js")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		skip(t, "axe-core is not there: run `make setup`, or name axe.min.js in BREAKWATER_AXE")
	}
	return string(text)
}

// chromium starts a browser, or skips.
func (x *instance) chromium() context.Context {
	x.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		skip(x.T, "no Chromium on this machine: install the package chromium")
	}
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true)))
	x.Cleanup(cancel)
	ctx, cancel2 := context.WithTimeout(ctx, 10*time.Minute)
	x.Cleanup(cancel2)
	return ctx
}

// serve answers like the program, gives captured answers again, and signs a
// browser in.
func (x *instance) serve(pages []seen) *httptest.Server {
	captured := map[string]string{}
	for _, p := range pages {
		if p.body != "" {
			captured[p.path] = p.body
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret, ok := strings.CutPrefix(r.URL.Path, "/captured/as/"); ok {
			http.SetCookie(w, &http.Cookie{Name: "breakwater", Value: secret, Path: "/", HttpOnly: true})
		}
		now, _ := theme.Load().(string)
		body, ok := captured[r.URL.Path]
		if !ok {
			r.AddCookie(&http.Cookie{Name: "breakwater-theme", Value: now})
			x.Web.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, strings.Replace(body, "<html ", `<html data-theme="`+now+`" `, 1))
	}))
	x.Cleanup(srv.Close)
	return srv
}

type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// look opens a page wide and light, and on a phone and dark, and asks axe.
func (x *instance) look(ctx context.Context, base string, p seen, axe string) {
	x.Helper()
	for _, l := range looks {
		if l.picture && os.Getenv("BREAKWATER_SHOTS") == "" {
			continue
		}
		name := fmt.Sprintf("%s-%d-%s", p.name, l.width, l.theme)
		theme.Store(l.theme)
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(l.width, 900), chromedp.Navigate(base+p.path)); err != nil {
			x.Fatalf("%s: %v", name, err)
		}
		x.picture(ctx, name)
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
		x.must(err)
		if wide > l.width {
			x.Errorf("%s is %d px wide: it scrolls sideways", name, wide)
		}
		if !l.picture {
			x.ask(ctx, name, axe)
		}
	}
}

// looks are the ways in which a page is looked at; some only for a picture.
var looks = []struct {
	width   int64
	theme   string
	picture bool
}{{1280, "light", false}, {390, "dark", false}, {390, "light", true}, {1280, "dark", true}}

// ask asks axe about the page that is open. The script comes by the debugger,
// so the page's own policy stays as strict as it is.
func (x *instance) ask(ctx context.Context, name, axe string) {
	x.Helper()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axe+";true"))
	x.must(err)
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]violation](
		`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		x.Fatalf("%s: axe: %v", name, err)
	}
	for _, v := range found {
		x.Errorf("%s: %s (%s), %d times, first %s\n%s", name, v.Help, v.ID, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].Summary)
	}
}

func (x *instance) picture(ctx context.Context, name string) {
	dir := os.Getenv("BREAKWATER_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	x.must(err)
	x.must(os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// furnished is an instance with something on every page.
func furnished(t *testing.T) *instance {
	x := newInstance(t)
	ctx := context.Background()
	x.join("tess", permit.Technician, "lakeside")
	x.join("omar", permit.ClientOfficer, "lakeside")
	x.join("ada", permit.Auditor, "lakeside")
	by := intake.Caller{Actor: "member:dana", Source: "form"}
	for _, s := range []intake.Subject{
		{Kind: framework.ScopeSite, ID: "main-street"},
		{Kind: framework.ScopeDevice, ID: "LT-0042", Class: "laptop", Device: device.Listing{Platform: "linux", Site: "main-street"}},
		{Kind: framework.ScopeAccount, ID: "frontdesk@lakeside.example", Class: "email"},
		{Kind: framework.ScopeAccount, ID: "admin@lakeside.example", Class: "privileged"},
		{Kind: framework.ScopeVendor, ID: "Alder Billing", Class: "phi"},
	} {
		_, err := x.Door.AddSubject(ctx, by, "lakeside", s, "")
		x.must(err)
	}
	_, _, err := x.Door.MakeSecret(ctx, by, "lakeside", "main-street", 0)
	x.must(err)
	_, err = x.Door.PlaceHold(ctx, by, "lakeside", record.Hold{On: "client"})
	x.must(err)
	x.must(x.Door.ProposeErasure(ctx, intake.Caller{Actor: "member:omar", Source: "form"}, "harborview", 2, "It names a person who should not be in it."))
	return x
}

// everyPage lists each page of the table and each answer of a form that is a
// page of its own; the secret is of a session that may open them.
func (x *instance) everyPage() (anonymous, signedIn []seen, secret string) {
	x.Helper()
	out := x.browser()
	empty := newEmpty(x.T)
	first, err := empty.Web.FirstLink(context.Background())
	x.must(err)
	eb := empty.browser()
	invite, err := x.Accounts.Invite(context.Background(), "tess", "tess@example.com", "Tess", "dana")
	x.must(err)
	anonymous = []seen{
		{name: "sign-in", path: "/sign-in"},
		{name: "sign-in-help", path: "/sign-in/help"},
		{name: "sign-in-refused", body: out.post("/sign-in", "mail", "nobody@example.com", "password", "wrong").Body},
		{name: "sign-in-nobody", body: eb.get("/sign-in").Body},
		{name: "set-up", body: eb.get(first).Body},
		{name: "set-up-refused", body: eb.post(first, "msp", "Northgate IT", "zone", "America/Chicago", "name", "Dana", "mail", "dana@example.com", "password", "password1234", "again", "password1234").Body},
		{name: "welcome", path: "/link/" + invite},
		{name: "link-gone", path: "/link/" + strings.Repeat("A", 43)},
	}
	anonymous = append(anonymous, empty.firstPages(eb, first)...)
	b := x.as("dana")
	signedIn = x.tablePages(b)
	signedIn = append(signedIn, x.formPages(b)...)
	for _, list := range [][]seen{anonymous, signedIn} {
		for n := range list {
			if list[n].path == "" {
				list[n].path = "/captured/" + list[n].name
			}
		}
	}
	return anonymous, signedIn, b.cookies["breakwater"]
}

// firstPages walks through a first start and keeps its pages.
func (x *instance) firstPages(b *browser, first string) []seen {
	b.post(first, "msp", "Northgate IT", "zone", "America/Chicago", "name", "Dana Whitlock", "mail", "dana@example.com", "password", password, "again", password)
	factor := b.get("/own/factor").Body
	x.keys["dana"] = strings.ReplaceAll(x.between(factor, `<pre id="key">`, `</pre>`), " ", "")
	wrong := b.post("/own/factor", "code", "000000").Body
	codes := b.post("/own/factor", "code", x.totp("dana")).Body
	return []seen{
		{name: "factor", body: factor},
		{name: "factor-refused", body: wrong},
		{name: "codes", body: codes},
		{name: "start-empty", body: b.get("/start").Body},
		{name: "settings-empty", body: b.get("/settings").Body},
		{name: "people-empty", body: b.get("/people").Body},
		{name: "clients-empty", body: b.get("/clients").Body},
		{name: "start-paste", body: b.get("/start/clients").Body},
	}
}

// tablePages are the pages that a GET of the table opens.
func (x *instance) tablePages(b *browser) []seen {
	x.Helper()
	cat := x.Door.Catalog()
	filled["{practice}"], filled["{framework}"] = cat.Practices[0].ID, framework.Frameworks()[0].ID
	var list []seen
	for _, r := range x.Web.Routes() {
		if r.Method != http.MethodGet || notPages[r.Path] || r.Path == "/link/{secret}" || strings.HasPrefix(r.Path, "/sign-in") {
			continue
		}
		path := placeholder.ReplaceAllStringFunc(r.Path, func(part string) string {
			to, ok := filled[part]
			if !ok {
				x.Errorf("route %s: say in filled what stands for %s, so that its page is looked at", r.Path, part)
			}
			return to
		})
		a := b.get(path)
		if a.Status != http.StatusOK {
			x.Errorf("%s: got %d", path, a.Status)
			continue
		}
		list = append(list, seen{name: strings.Trim(strings.NewReplacer("/", "_", "{", "", "}", "").Replace(r.Path), "_"), path: path})
	}
	return list
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// formPages are the answers of forms that are pages of their own.
func (x *instance) formPages(b *browser) []seen {
	return []seen{
		{name: "paste-tried", body: b.post("/start/clients", "list", "name,state,kind\nBramblewood Dental,IL,covered_entity\nLakeside,IL,\nQuince Therapy,OR,part2\nNo Such Kind,TX,bakery\n").Body},
		{name: "paste-done", body: b.post("/start/clients", "do", "add", "list", "Fennimore Eye Care\nPalisade Physical Therapy\n").Body},
		{name: "enroll-made", body: b.post("/clients/lakeside/enroll", "lasts", "30", "site", "main-street").Body},
		{name: "person-invited", body: b.post("/people", "name", "Ines Marlow", "mail", "ines@example.com", "role", "technician", "client", "harborview").Body},
		{name: "person-refused", body: b.post("/people", "name", "Ines Marlow", "mail", "ines@example.com", "role", "auditor", "client", "harborview").Body},
		{name: "token-made", body: b.post("/own/tokens", "name", "Backup reports", "role", "administrator", "until", "2027-01-31").Body},
		{name: "register-edit", path: "/clients/lakeside/registers/account?edit=frontdesk%40lakeside.example"},
		{name: "register-empty", path: "/clients/harborview/registers/vendor"},
		{name: "overlay", body: b.upload("/settings/overlay", "file", "overlay.json", overlayText).Body},
		{name: "not-there", path: "/no-such-page"},
	}
}
