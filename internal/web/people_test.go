package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func callerOf(id string) intake.Caller { return intake.Caller{Actor: "member:" + id, Source: "form"} }

// linkOn is the path of the link that a page shows once.
func linkOn(t *testing.T, page string) string {
	t.Helper()
	link := text(one(t, page, "#link"))
	return link[strings.Index(link, "/link/"):]
}

// Someone new: a link, a password, a second factor, and the work for one
// client; then the role goes, and with it the way in.
func TestInvite(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	form := []string{"name", "Ines Marlow", "mail", "Ines@Example.com", "role", "technician", "client", "lakeside", "key", "0123456789abcdef0123"}
	a := b.post("/people", form...)
	b.wantStatus(a, http.StatusOK)
	link := linkOn(t, a.Body)
	ines := x.browser()
	ines.wantSays(ines.get(link), "Welcome, Ines Marlow", "ines@example.com")
	ines.wantStatus(ines.post(link, "password", "short", "again", "short"), http.StatusUnprocessableEntity)
	ines.wantTo(ines.post(link, "password", password, "again", password), "/own/factor")
	page := ines.get("/own/factor").Body
	x.keys["ines"] = strings.ReplaceAll(x.between(page, `<pre id="key">`, `</pre>`), " ", "")
	ines.wantStatus(ines.post("/own/factor", "code", x.totp("ines")), http.StatusOK)
	ines.wantStatus(ines.get("/clients/lakeside/people"), http.StatusOK)
	ines.wantStatus(ines.get("/clients/harborview/people"), http.StatusNotFound)
	ines.wantStatus(ines.get("/people"), http.StatusForbidden)
	x.browser().wantStatus(x.browser().get(link), http.StatusGone)

	// The same person gets a second role, and no second account.
	b.wantSays(b.post("/people", "name", "Ines", "mail", "ines@example.com", "role", "technician", "client", "harborview"), "has an account already")
	ines.wantStatus(ines.get("/clients/harborview/people"), http.StatusOK)

	b.wantTo(b.post("/people/ines-marlow/revoke", "role", "technician", "client", "lakeside"), "/people/ines-marlow")
	ines.wantStatus(ines.get("/clients/lakeside/people"), http.StatusNotFound)
	b.wantStatus(b.post("/people/ines-marlow/revoke", "role", "technician", "client", "lakeside"), http.StatusUnprocessableEntity)

	b.wantTo(b.post("/people/ines-marlow/leave"), "/people")
	ines.wantTo(ines.get("/own"), "/sign-in?back=%2Fown")
	a = x.browser().post("/sign-in", "mail", "ines@example.com", "password", password)
	if a.Status != http.StatusForbidden {
		t.Errorf("someone who left signs in: %d", a.Status)
	}
	b.wantStatus(b.get("/people/ines-marlow"), http.StatusOK)
	for kind, want := range map[event.Kind]int{event.MemberLeft: 1, event.GrantRevoked: 1} {
		if n := x.count("northgate-it", kind); n != want {
			t.Errorf("%d entries of %s, want %d", n, kind, want)
		}
	}
}

// What a role may not be is refused with what to do.
func TestGrantsThatAreRefused(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	for _, c := range []struct{ role, client, until, says string }{
		{"technician", "", "", "name the client"},
		{"administrator", "lakeside", "", "an administrator is one of the whole MSP"},
		{"auditor", "lakeside", "", "give an end"},
		{"auditor", "lakeside", "2029-01-01", "give an end"},
		{"auditor", "lakeside", "soon", "give the date"},
		{"technician", "no-such-client", "", "choose a client"},
		{"king", "lakeside", "", "unknown role"},
		{"technician", "lakeside", "2020-01-01", "ends before it begins"},
	} {
		a := b.post("/people", "name", "Pat", "mail", "pat@example.com", "role", c.role, "client", c.client, "until", c.until)
		b.wantStatus(a, http.StatusUnprocessableEntity)
		if !strings.Contains(strings.ToLower(words(a.Body)), strings.ToLower(c.says)) {
			t.Errorf("%+v: the page says\n%s", c, words(a.Body))
		}
	}
	if n := x.count("northgate-it", event.MemberAdded); n != 1 {
		t.Errorf("%d members, want dana alone", n)
	}
}

// The last administrator without an end cannot be taken away, in any of the
// ways there are.
func TestLastAdministrator(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	for _, c := range [][]string{
		{"/people/dana/revoke", "role", "administrator"},
		{"/people/dana/leave"},
		{"/people/dana/grant", "role", "administrator", "until", "2026-12-31"},
	} {
		a := b.post(c[0], c[1:]...)
		b.wantStatus(a, http.StatusUnprocessableEntity)
		b.wantSays(a, "This is the last administrator")
	}
	b.post("/people", "name", "Second", "mail", "second@example.com", "role", "administrator")
	b.wantTo(b.post("/people/dana/revoke", "role", "administrator"), "/people/dana")
	x.read("northgate-it", func(s *projection.State) {
		if n := s.Member.Administrators(x.now.Load()); n != 1 {
			t.Errorf("%d administrators", n)
		}
	})
}

// An administrator gives a way back in: a link for a password, a new second
// factor, an end to all sessions.
func TestWaysBackIn(t *testing.T) {
	x := newInstance(t)
	x.join("tess", permit.Technician, "lakeside")
	b, tess := x.as("dana"), x.as("tess")
	a := b.post("/people/tess/link")
	link := linkOn(t, a.Body)
	lost := x.browser()
	lost.wantSays(lost.get(link), "Choose a new password")
	next := "seven green bicycles by night"
	lost.wantTo(lost.post(link, "password", next, "again", next), "/sign-in/code?back=%2F")
	lost.wantTo(lost.post("/sign-in/code", "code", x.totp("tess")), "/")
	tess.wantTo(tess.get("/own"), "/sign-in?back=%2Fown") // the sessions before have ended
	b.wantTo(b.post("/people/tess/factor"), "/people/tess")
	lost.wantTo(lost.get("/own"), "/sign-in?back=%2Fown")
	lost.wantTo(lost.post("/sign-in", "mail", "tess@example.com", "password", next), "/own/factor")
	b.wantTo(b.post("/people/tess/sign-out"), "/people/tess")
	lost.wantTo(lost.get("/own"), "/sign-in?back=%2Fown")
	b.wantTo(b.post("/people/tess/describe", "name", "Tess Ordway", "mail", "t.ordway@example.com"), "/people/tess")
	b.wantSays(b.get("/people"), "Tess Ordway", "t.ordway@example.com")
	b.wantStatus(b.post("/people/tess/describe", "name", "Tess", "mail", "dana@example.com"), http.StatusUnprocessableEntity)
	b.wantStatus(b.get("/people/nobody"), http.StatusNotFound)
	b.wantStatus(b.post("/people/nobody/link"), http.StatusNotFound)
}

// A client's officer gives access to their own client, below their own role.
func TestOfficerGivesAccess(t *testing.T) {
	x := newInstance(t)
	x.join("omar", permit.ClientOfficer, "lakeside")
	x.join("tess", permit.Technician, "lakeside")
	o := x.as("omar")
	at := "/clients/lakeside/people"
	roles := texts(t, o.get(at).Body, "select[name=role] option")
	if strings.Join(roles, ",") != "Client staff,Auditor,Counsel" {
		t.Errorf("the form offers %v", roles)
	}
	a := o.post(at, "name", "Sue Lin", "mail", "sue@example.com", "role", "client_staff")
	link := linkOn(t, a.Body)
	sue := x.browser()
	sue.wantTo(sue.post(link, "password", password, "again", password), "/") // staff need no second factor
	sue.wantTo(sue.get("/"), "/own")
	sue.wantStatus(sue.get(at), http.StatusForbidden)
	for _, role := range []string{"technician", "client_officer", "administrator"} {
		o.wantStatus(o.post(at, "name", "X", "mail", "x@example.com", "role", role), http.StatusUnprocessableEntity)
	}
	o.wantStatus(o.post(at+"/tess/revoke", "role", "technician"), http.StatusUnprocessableEntity)
	o.wantTo(o.post(at+"/sue-lin/revoke", "role", "client_staff"), at)
	sue.wantTo(sue.get("/own"), "/sign-in?back=%2Fown")
	x.read("northgate-it", func(s *projection.State) {
		if m := s.Member.Members["sue-lin"]; m == nil || len(m.Grants) != 0 {
			t.Errorf("got %+v", m)
		}
	})
}

// One's own page: password, codes, tokens, sessions.
func TestOwnPage(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	other := x.as("dana")
	b.wantSays(b.get("/own"), "Administrator of all clients", "10 recovery codes left", "Sign out everywhere")
	next := "a heron waits in the reeds"
	b.wantStatus(b.post("/own/password", "old", "wrong one entirely", "password", next, "again", next), http.StatusUnprocessableEntity)
	b.wantStatus(b.post("/own/password", "old", password, "password", next, "again", "x"), http.StatusUnprocessableEntity)
	b.wantTo(b.post("/own/password", "old", password, "password", next, "again", next), "/own")
	other.wantTo(other.get("/own"), "/sign-in?back=%2Fown")

	a := b.post("/own/codes")
	if n := len(selected(t, a.Body, "ul.codes li")); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	b.wantTo(b.post("/own/codes/kept"), "/own")

	until := time.UnixMilli(x.now.Load()).AddDate(0, 2, 0).Format(time.DateOnly)
	a = b.post("/own/tokens", "name", "Reports", "role", "administrator", "until", until)
	token := text(one(t, a.Body, "#token"))
	if p, err := x.Accounts.AuthenticateToken(t.Context(), token, ""); err != nil || p.Member != "dana" {
		t.Errorf("the token says %+v, %v", p, err)
	}
	b.wantStatus(b.post("/own/tokens", "name", "", "role", "administrator", "until", until), http.StatusUnprocessableEntity)
	b.wantStatus(b.post("/own/tokens", "name", "X", "role", "administrator", "until", "2031-01-01"), http.StatusUnprocessableEntity)
	revoke := attr(one(t, b.get("/own").Body, "td.end form"), "action")
	b.wantTo(b.post(revoke), "/own")
	if _, err := x.Accounts.AuthenticateToken(t.Context(), token, ""); err == nil {
		t.Error("a revoked token works")
	}

	// Later the password is asked for again.
	x.pass(20 * time.Minute)
	b.wantTo(b.post("/own/codes"), "/own/again?back=%2Fown")
	b.wantTo(b.get("/own/factor"), "/own/again?back=%2Fown%2Ffactor")
	b.wantStatus(b.post("/own/again", "password", "not it, not it", "back", "/own/factor"), http.StatusForbidden)
	b.wantTo(b.post("/own/again", "password", next, "back", "/own/factor"), "/own/factor")
	b.wantStatus(b.get("/own/factor"), http.StatusOK)

	b.wantTo(b.post("/own/sign-out-everywhere"), "/sign-in")
	b.wantTo(b.get("/own"), "/sign-in?back=%2Fown")
	var said []string
	for _, e := range x.entries("northgate-it") {
		if e.Kind == event.AccountSet {
			v, err := event.Body[member.AccountSet](e.Envelope)
			x.must(err)
			said = append(said, v.What)
		}
	}
	for _, want := range []string{"password_set: changed", "recovery_codes_made", "signed_out_everywhere"} {
		if !strings.Contains(strings.Join(said, ";"), want) {
			t.Errorf("the MSP's log does not say %q: %v", want, said)
		}
	}
}

// The navigation shows what one may open, and nothing else.
func TestNavigation(t *testing.T) {
	x := newInstance(t)
	x.join("omar", permit.ClientOfficer, "lakeside")
	x.join("tess", permit.Technician, "lakeside")
	for id, want := range map[string]string{
		"dana": "Clients,Today,Frameworks,People,Verify,Settings", "tess": "Clients,Today,Frameworks,Verify", "omar": "Lakeside",
	} {
		if got := strings.Join(texts(t, x.as(id).get("/own").Body, "header nav a"), ","); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}
