package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/seal"
	"breakwater/internal/store"
	"breakwater/internal/web"

	"github.com/pquerna/otp/totp"
)

const (
	password = "quiet lantern over wet slate"
	day      = 24 * time.Hour
)

// instance is a whole program in memory: store, door, accounts and pages.
type instance struct {
	*testing.T
	Door     *intake.Door
	Accounts *account.Accounts
	Web      *web.Server
	now      atomic.Int64
	keys     map[string]string // TOTP keys by member
}

// clock starts at a fixed instant and moves only where a test moves it.
func (x *instance) clock() time.Time { return time.UnixMilli(x.now.Load()) }

func (x *instance) pass(d time.Duration) { x.now.Add(d.Milliseconds()) }

// newEmpty is an instance as it is at its first start.
func newEmpty(t *testing.T, change ...func(*web.Config)) *instance {
	t.Helper()
	x := &instance{T: t, keys: map[string]string{}}
	x.now.Store(time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC).UnixMilli())
	master, err := seal.NewMaster(bytes.Repeat([]byte{7}, 32))
	x.must(err)
	ctx := context.Background()
	st, err := store.OpenMemory(ctx, store.Options{Sealer: seal.NewKeyring(master), Now: x.clock})
	x.must(err)
	t.Cleanup(func() { st.Close() })
	x.Door, err = intake.Open(ctx, intake.Config{Store: st, Blobs: blob.Open(t.TempDir(), st, 0), Now: x.clock})
	x.must(err)
	t.Cleanup(x.Door.Close)
	x.Accounts, err = account.Open(account.Config{
		Store: st.Accounts(), Sealer: st.Accounts(), Grants: web.GrantsOf(x.Door), Happened: web.Happened(x.Door),
		Now: x.clock, Hash: account.Params{Memory: 64, Passes: 1, Threads: 1},
	})
	x.must(err)
	c := web.Config{Door: x.Door, Accounts: x.Accounts, Now: x.clock}
	for _, f := range change {
		f(&c)
	}
	x.Web = web.New(c)
	return x
}

func (x *instance) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

// newInstance is an instance with an MSP, an administrator "dana", and the
// clients "lakeside" and "harborview".
func newInstance(t *testing.T, change ...func(*web.Config)) *instance {
	t.Helper()
	x := newEmpty(t, change...)
	ctx := context.Background()
	system := intake.System
	_, err := x.Door.AddClient(ctx, system, intake.NewClient{Added: client.Added{Name: "Northgate IT", Zone: "America/Chicago", MSP: true}})
	x.must(err)
	for _, name := range []string{"Lakeside", "Harborview"} {
		_, err := x.Door.AddClient(ctx, system, intake.NewClient{Added: client.Added{Name: name, Zone: "America/Chicago"}})
		x.must(err)
	}
	x.join("dana", permit.Administrator, "")
	return x
}

// join makes a member with a role, an account and, where the role demands it,
// a second factor.
func (x *instance) join(id string, role permit.Role, client string) {
	x.Helper()
	ctx := context.Background()
	until := int64(0)
	if role == permit.Auditor {
		until = x.now.Load() + (30 * day).Milliseconds()
	}
	_, err := x.Door.Submit(ctx, intake.Submission{Client: x.Door.MSP(), Caller: intake.System, Events: func() ([]intake.New, error) {
		return []intake.New{
			{Kind: event.MemberAdded, At: x.now.Load(), Body: member.Added{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Mail: id + "@example.com"}},
			{Kind: event.GrantMade, At: x.now.Load(), Body: member.Granted{Member: id, Role: string(role), Client: client, Until: until, By: "dana"}},
		}, nil
	}})
	x.must(err)
	link, err := x.Accounts.Invite(ctx, id, id+"@example.com", id, "dana")
	x.must(err)
	o, err := x.Accounts.Accept(ctx, account.Acceptance{Link: link, Password: password})
	x.must(err)
	if o.Stage != account.StageEnroll {
		return
	}
	e, err := x.Accounts.BeginFactor(ctx, o.Secret)
	x.must(err)
	x.keys[id] = e.Key
	_, _, err = x.Accounts.ConfirmFactor(ctx, o.Secret, x.totp(id), "")
	x.must(err)
}

// totp is the code of a time step that was not used before.
func (x *instance) totp(id string) string {
	x.Helper()
	x.pass(30 * time.Second)
	code, err := totp.GenerateCode(x.keys[id], x.clock())
	x.must(err)
	return code
}

// kinds lists the kinds of the MSP's entries, the newest last.
func (x *instance) entries(log string) []event.Entry {
	x.Helper()
	var list []event.Entry
	ctx := context.Background()
	logs, err := x.Door.Store().Logs(ctx)
	x.must(err)
	for _, l := range logs {
		if l.Name != log {
			continue
		}
		head, err := x.Door.Store().Head(ctx, l.ID)
		x.must(err)
		for raw, err := range x.Door.Store().Entries(ctx, l.ID, 0, head.Size) {
			x.must(err)
			env, err := event.Decode(raw.Envelope)
			x.must(err)
			list = append(list, event.Entry{Envelope: env, Index: raw.Index, Recorded: raw.Recorded})
		}
	}
	return list
}

// count counts entries of a kind in a log.
func (x *instance) count(log string, k event.Kind) int {
	n := 0
	for _, e := range x.entries(log) {
		if e.Kind == k {
			n++
		}
	}
	return n
}

func (x *instance) read(client string, f func(*projection.State)) {
	x.Helper()
	x.must(x.Door.Read(context.Background(), client, func(s *projection.State) error { f(s); return nil }))
}

// browser is one person's browser: it keeps cookies and follows no redirect by
// itself.
type browser struct {
	*instance
	cookies map[string]string
	address string
}

func (x *instance) browser() *browser {
	return &browser{instance: x, cookies: map[string]string{}, address: "192.0.2.7:5000"}
}

// answer is what came back.
type answer struct {
	Status int
	To     string // where a redirect leads
	Header http.Header
	Body   string
}

func (b *browser) do(r *http.Request) answer {
	b.Helper()
	r.RemoteAddr = b.address
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.Web.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return answer{res.StatusCode, res.Header.Get("Location"), res.Header, string(body)}
}

func (b *browser) get(path string) answer {
	b.Helper()
	return b.do(httptest.NewRequest("GET", path, nil))
}

// post sends a form of pairs of name and value.
func (b *browser) post(path string, pairs ...string) answer {
	b.Helper()
	form := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Add(pairs[n], pairs[n+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// signIn signs a member in, second factor and all.
func (b *browser) signIn(id string) *browser {
	b.Helper()
	a := b.post("/sign-in", "mail", id+"@example.com", "password", password)
	if strings.HasPrefix(a.To, "/sign-in/code") {
		a = b.post("/sign-in/code", "code", b.totp(id))
	}
	b.wantTo(a, "/")
	return b
}

// as is a browser in which a member is signed in.
func (x *instance) as(id string) *browser {
	x.Helper()
	return x.browser().signIn(id)
}

func (b *browser) wantTo(a answer, path string) {
	b.Helper()
	if a.Status != http.StatusSeeOther || a.To != path {
		b.Fatalf("got %d to %q, want 303 to %q\n%s", a.Status, a.To, path, words(a.Body))
	}
}

func (b *browser) wantStatus(a answer, status int) {
	b.Helper()
	if a.Status != status {
		b.Fatalf("got %d (to %q), want %d\n%s", a.Status, a.To, status, words(a.Body))
	}
}

// wantSays looks for words on a page, whatever its markup.
func (b *browser) wantSays(a answer, text ...string) {
	b.Helper()
	for _, s := range text {
		if !strings.Contains(words(a.Body), s) {
			b.Errorf("the page does not say %q:\n%s", s, words(a.Body))
		}
	}
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style|svg)\b.*?</(script|style|svg)>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// words are the words of a page.
func words(page string) string {
	if i := strings.Index(page, "<body"); i >= 0 {
		page = page[i:]
	}
	page = spaces.ReplaceAllString(tags.ReplaceAllString(page, " "), " ")
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(page)
}

// between cuts out what stands between two pieces of a page.
func (x *instance) between(page, before, after string) string {
	x.Helper()
	_, rest, ok := strings.Cut(page, before)
	got, _, ok2 := strings.Cut(rest, after)
	if !ok || !ok2 {
		x.Fatalf("the page has nothing between %q and %q", before, after)
	}
	return got
}

// upload sends one file.
func (b *browser) upload(path, field, name, content string) answer {
	b.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	w, err := m.CreateFormFile(field, name)
	b.must(err)
	_, err = io.WriteString(w, content)
	b.must(err)
	b.must(m.Close())
	r := httptest.NewRequest("POST", path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return b.do(r)
}

// overlayText asks for a shorter age of one practice.
var overlayText = func() string {
	p := framework.Embedded().Practices[0]
	return fmt.Sprintf(`{"name":"Insurer 2027","why":"The policy of our insurer asks for it.","practices":{%q:{"max_age_days":%d,"limit":"agreement"}}}`, p.ID, max(3, p.Freshness.MaxAgeDays-1))
}()
