package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/projection"
)

// The first start, as it is lived: a link on the terminal, a name, a password,
// a phone, codes on paper, and then what to do next.
func TestFirstStart(t *testing.T) {
	x := newEmpty(t)
	b := x.browser()
	b.wantTo(b.get("/"), "/sign-in")
	b.wantSays(b.get("/sign-in"), "Nobody has an account here yet")

	link, err := x.Web.FirstLink(context.Background())
	x.must(err)
	b.wantSays(b.get(link), "Set up Breakwater", "Step 1 of 3")

	form := []string{"msp", "Northgate IT", "zone", "America/Denver", "name", "Dana Whitlock", "mail", "dana@northgate.example"}
	a := b.post(link, append(form, "password", "password1234", "again", "password1234")...)
	b.wantStatus(a, http.StatusUnprocessableEntity)
	b.wantSays(a, "Choose another password")
	if !strings.Contains(a.Body, `value="Northgate IT"`) {
		t.Error("what was typed is lost when the password is refused")
	}
	b.wantStatus(b.post(link, append(form, "password", password, "again", "something else entirely")...), http.StatusUnprocessableEntity)
	if x.Door.MSP() != "" {
		t.Fatal("a refused set-up made a log")
	}

	b.wantTo(b.post(link, append(form, "password", password, "again", password)...), "/own/factor")
	if x.Door.MSP() != "northgate-it" {
		t.Fatalf("the MSP's log is %q", x.Door.MSP())
	}
	b.wantTo(b.get("/people"), "/own/factor") // nothing else before the second factor

	a = b.get("/own/factor")
	x.keys["dana"] = strings.ReplaceAll(b.between(a.Body, `<pre id="key">`, `</pre>`), " ", "")
	if !strings.Contains(a.Body, "<svg") {
		t.Error("no picture to scan")
	}
	wrong := b.post("/own/factor", "code", "000000")
	b.wantStatus(wrong, http.StatusUnprocessableEntity)
	a = b.post("/own/factor", "code", x.totp("dana"))
	b.wantStatus(a, http.StatusOK)
	b.wantSays(a, "Keep these recovery codes", "Step 3 of 3")
	codes := strings.Fields(tags.ReplaceAllString(b.between(a.Body, `id="codes">`, `</ul>`), " "))
	if len(codes) != 10 {
		t.Fatalf("got %d recovery codes, want 10", len(codes))
	}
	b.wantTo(b.post("/own/codes/kept", "kept", "yes"), "/")
	b.wantTo(b.get("/"), "/start")
	b.wantSays(b.get("/start"), "Northgate IT", "Dana Whitlock")

	x.read("northgate-it", func(s *projection.State) {
		if s.Client.Zone != "America/Denver" || !s.Client.MSP {
			t.Errorf("got %+v", s.Client.Added)
		}
		m := s.Member.ByMail("dana@northgate.example")
		if m == nil || m.ID != "dana-whitlock" || len(m.Grants) != 1 || m.Grants[0].Role != "administrator" {
			t.Errorf("got %+v", m)
		}
	})
	if n := x.count("northgate-it", event.SignedIn); n == 0 {
		t.Error("the sign-in is not in the MSP's log")
	}

	// Once used, the link is worth nothing, and no other is made.
	stranger := x.browser()
	stranger.wantStatus(stranger.get(link), http.StatusGone)
	stranger.wantStatus(stranger.post(link, append(form, "password", password, "again", password)...), http.StatusGone)
	if again, err := x.Web.FirstLink(context.Background()); err != nil || again != "" {
		t.Errorf("a second first link: %q, %v", again, err)
	}

	// A recovery code signs in once.
	other := x.browser()
	for n, want := range []string{"/", ""} {
		a := other.post("/sign-in", "mail", "dana@northgate.example", "password", password)
		other.wantTo(a, "/sign-in/code?back=%2F")
		a = other.post("/sign-in/code", "code", strings.ToLower(codes[0]))
		if a.To != want {
			t.Errorf("try %d of one recovery code: got %d to %q, want %q", n+1, a.Status, a.To, want)
		}
		other.post("/sign-out")
	}
}

// The link of a first start ends after a day, and a new start makes a new one.
func TestFirstLinkEnds(t *testing.T) {
	x := newEmpty(t)
	old, err := x.Web.FirstLink(context.Background())
	x.must(err)
	x.pass(25 * time.Hour)
	b := x.browser()
	b.wantStatus(b.get(old), http.StatusGone)
	fresh, err := x.Web.FirstLink(context.Background())
	x.must(err)
	b.wantStatus(b.get(fresh), http.StatusOK)
}

// A log that the program made before anyone named the MSP gets its name, and
// another try goes on where the one before stopped.
func TestFirstStartWithALog(t *testing.T) {
	x := newEmpty(t)
	_, err := x.Door.AddClient(t.Context(), intake.System, intake.NewClient{Added: client.Added{ID: "msp", Name: "Our own organization", MSP: true}})
	x.must(err)
	link, err := x.Web.FirstLink(t.Context())
	x.must(err)
	b := x.browser()
	if got := attr(one(t, b.get(link).Body, "input[name=msp]"), "value"); got != "" {
		t.Errorf("the form says %q", got)
	}
	form := []string{"zone", "America/Denver", "name", "Dana Whitlock", "mail", "dana@northgate.example", "password", password, "again", password}
	b.wantStatus(b.post(link, form...), http.StatusUnprocessableEntity) // no name
	b.wantTo(b.post(link, append(form, "msp", "Northgate IT")...), "/own/factor")
	x.read("msp", func(s *projection.State) {
		if s.Client.Name != "Northgate IT" || s.Client.Zone != "America/Denver" || len(s.Member.Members) != 1 {
			t.Errorf("got %+v with %d members", s.Client.Added, len(s.Member.Members))
		}
	})
}
