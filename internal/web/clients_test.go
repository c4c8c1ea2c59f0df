package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/web"

	"github.com/google/go-cmp/cmp"
)

// Sixty clients in one step: pasted, looked over, added; pasted again, nothing
// happens.
func TestSixtyClients(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	var list strings.Builder
	for n := range 58 {
		fmt.Fprintf(&list, "Practice Number %d, P.C.\r\n\r\n", n+1)
	}
	list.WriteString("Lakeside\nPractice Number 1, P.C.\n")

	tried := b.post("/start/clients", "list", list.String())
	b.wantStatus(tried, http.StatusOK)
	if got := text(one(t, tried.Body, "h1")); got != "58 clients to add" {
		t.Errorf("the heading says %q", got)
	}
	if rows := selected(t, tried.Body, "tbody tr"); len(rows) != 60 {
		t.Errorf("%d rows, want 60", len(rows))
	}
	b.wantSays(tried, "Exists already, left as it is", "The same as line 1, left out")
	if n := x.clients(); n != 3 {
		t.Fatalf("looking it over made %d logs", n)
	}
	kept := attr(one(t, tried.Body, "form[action=/start/clients] input[name=list]"), "value")

	done := b.post("/start/clients", "list", kept, "do", "add")
	b.wantSays(done, "58 clients added")
	if n := x.clients(); n != 61 {
		t.Errorf("%d logs, want 61", n)
	}
	b.wantSays(b.post("/start/clients", "list", kept, "do", "add"), "0 clients added")
	x.read("practice-number-58-p-c", func(s *projection.State) {
		if s.Client.Name != "Practice Number 58, P.C." || s.Client.Kind != framework.CoveredEntity {
			t.Errorf("got %+v", s.Client.Added)
		}
	})
	b.wantSays(b.get("/start"), "60 clients added")
	b.wantTo(b.get("/"), "/clients")
}

// clients counts the logs of clients, the MSP's own among them.
func (x *instance) clients() int {
	list, err := x.Door.Clients(x.Context())
	x.must(err)
	return len(list)
}

// A file with columns says more of each, and what is wrong with a line.
func TestClientFile(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	a := b.upload("/start/clients", "file", "clients.csv", "\ufeffName,State,Kind,Line\n\"Quince, Therapy\",or,Part2,Therapy\nBad,TX,bakery,\n")
	if diff := cmp.Diff([]string{
		"Quince, Therapy Will be added quince-therapy Part 2 program America/Los_Angeles 2",
		`Bad Legal kind "bakery" is not known: use covered_entity, business_associate, hybrid, part2 or none. bad bakery America/Chicago 3`,
	}, texts(t, a.Body, "tbody tr")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "   \n", "name,shoe size\nA,3\n", "name,name\nA,B\n", "name\nA,B\n", "name,id\n\"A,1\n", "\xff\xfe", strings.Repeat("A\n", 1001)} {
		b.wantStatus(b.post("/start/clients", "list", bad), http.StatusUnprocessableEntity)
	}
}

// What is read from a list stays within its limits whatever is pasted.
func FuzzParseClients(f *testing.F) {
	for _, seed := range []string{"Lakeside\n", "name,id\nA,b\n", "name\tzone\nA\tUTC\n", "\ufeffname;line\n\"A;B\";C\n", "\"", "name,\n,\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := web.ParseClients(text)
		if err == nil && (len(list) > 1000) {
			t.Errorf("%d clients", len(list))
		}
		for n, p := range list {
			if p.Line < 1 || n > 0 && p.Line <= list[n-1].Line {
				t.Errorf("line %d after %v", p.Line, n)
			}
		}
	})
}

// What is said of a client is an entry with a date.
func TestEditClient(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	program := ""
	for _, f := range framework.Frameworks() {
		if f.Route == framework.Route405d {
			program = f.ID
		}
	}
	b.wantStatus(b.get("/clients/lakeside/edit"), http.StatusOK)
	for _, form := range [][]string{
		{"what", "describe", "name", "Lakeside Family Dental", "line", "Dental", "state", "il", "zone", "America/Chicago"},
		{"what", "kind", "kind", "hybrid", "from", "2026-10-01"},
		{"what", "program", "program", program},
		{"what", "profile", "profile", "core"},
	} {
		b.wantTo(b.post("/clients/lakeside/edit", form...), "/clients/lakeside/edit")
	}
	for _, form := range [][]string{
		{"what", "describe", "name", "", "zone", "America/Chicago"},
		{"what", "describe", "name", "X", "zone", "Mars/Olympus"},
		{"what", "describe", "name", "X", "zone", "UTC", "state", "Illinois"},
		{"what", "kind", "kind", "bakery", "from", "2026-10-01"},
		{"what", "kind", "kind", "hybrid", "from", "yesterday"},
		{"what", "program", "program", ""},
		{"what", "profile", "profile", "huge"},
	} {
		b.wantStatus(b.post("/clients/lakeside/edit", form...), http.StatusUnprocessableEntity)
	}
	x.read("lakeside", func(s *projection.State) {
		c := s.Client
		if c.Name != "Lakeside Family Dental" || c.Region != "IL" || c.Kind != framework.Hybrid || c.Program != program || c.Profile != framework.ProfileCore {
			t.Errorf("got %+v, %s, %s, %s", c.Added, c.Kind, c.Program, c.Profile)
		}
	})
}

// The client's officer signs the scope statement, having read it; what was
// agreed to stands in the entry, word for word.
func TestSignScope(t *testing.T) {
	x := newInstance(t)
	x.join("omar", permit.ClientOfficer, "lakeside")
	b := x.as("omar")
	page := b.get("/clients/lakeside/scope")
	b.wantSays(page, "Not signed yet", "the client has not signed a scope statement")
	said := text(one(t, page.Body, "p.say"))
	form := []string{"holds", "Imaging server\n\nLaptops", "feeds", "Laptops", "not_fed", "Imaging server", "signer", "Omar Reyes", "title", "Security officer"}
	b.wantStatus(b.post("/clients/lakeside/scope", form...), http.StatusUnprocessableEntity) // not confirmed
	b.wantTo(b.post("/clients/lakeside/scope", append(form, "agreed", "yes")...), "/clients/lakeside/scope")
	b.wantSays(b.get("/clients/lakeside/scope"), "signed by Omar Reyes, Security officer", "Imaging server")
	x.read("lakeside", func(s *projection.State) {
		if sc := s.Client.Scope; sc == nil || sc.Statute != said || sc.Paper || len(sc.Holds) != 2 {
			t.Errorf("got %+v, want the statement %q", sc, said)
		}
	})
	// The MSP may keep one that was signed on paper, and cannot sign.
	d := x.as("dana")
	d.wantStatus(d.post("/clients/harborview/scope", append(form, "agreed", "yes")...), http.StatusForbidden)
	d.wantTo(d.post("/clients/harborview/scope/paper", append(form, "agreed", "yes", "on", "2026-11-02")...), "/clients/harborview/scope")
	x.read("harborview", func(s *projection.State) {
		if sc := s.Client.Scope; sc == nil || !sc.Paper {
			t.Errorf("got %+v", sc)
		}
	})
}

// Registers: one, many, changed, taken out.
func TestRegisters(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	at := "/clients/lakeside/registers/"
	for _, kind := range []string{"site", "person", "account", "domain", "vendor"} {
		b.wantSays(b.get(at+kind), "Nothing is in this register yet")
	}
	b.wantStatus(b.get(at+"device"), http.StatusNotFound)
	b.wantTo(b.post(at+"site/add", "id", "main", "name", "Main Street"), at+"site")
	b.wantTo(b.post(at+"account/add", "id", "desk@lakeside.example", "use", "email", "phi", "yes", "person", "Front desk", "site", "main"), at+"account")
	b.wantStatus(b.post(at+"account/add", "id", "desk@lakeside.example"), http.StatusUnprocessableEntity)
	b.wantTo(b.post(at+"account/paste", "list", "a@lakeside.example, remote\n\nb@lakeside.example\tprivileged\ndesk@lakeside.example\n"), at+"account")
	a := b.post(at+"account/paste", "list", "c@lakeside.example, juggling\nd@lakeside.example")
	b.wantStatus(a, http.StatusUnprocessableEntity)
	b.wantSays(a, "1 added", "line 1:", "juggling")
	a = b.get(at + "account?edit=desk@lakeside.example")
	b.wantSays(a, "Change desk@lakeside.example", "Main Street")
	one(t, a.Body, "#edit")
	b.wantTo(b.post(at+"account/change", "id", "desk@lakeside.example", "name", "Front desk", "use", "email", "use", "remote", "phi", "no"), at+"account")
	b.wantTo(b.post(at+"account/retire", "id", "a@lakeside.example", "why", "closed"), at+"account")
	b.wantStatus(b.post(at+"account/retire", "id", "a@lakeside.example"), http.StatusUnprocessableEntity)
	b.wantTo(b.post(at+"vendor/paste", "list", "Alder Billing, phi"), at+"vendor")
	x.read("lakeside", func(s *projection.State) {
		m := s.Client.Registers[framework.ScopeAccount]["desk@lakeside.example"]
		if m == nil || m.Name != "Front desk" || len(m.Uses) != 2 || m.PHI == nil || *m.PHI || m.Site != "main" || !m.In {
			t.Errorf("got %+v", m)
		}
		if n := s.Client.Count(framework.ScopeAccount); n != 3 {
			t.Errorf("%d accounts, want 3", n)
		}
	})
	b.wantSays(b.get(at+"account"), "3 in the register, 1 taken out before")
}

// An enrollment secret is shown once with the command to run, listed by its
// name, and revoked.
func TestEnrollmentSecret(t *testing.T) {
	x := newInstance(t, func(c *web.Config) { c.Address = "https://proof.example.com" })
	b := x.as("dana")
	a := b.post("/clients/lakeside/enroll", "lasts", "30")
	command := text(one(t, a.Body, "#command"))
	secret := text(one(t, a.Body, "#secret"))
	if !strings.Contains(command, "--server https://proof.example.com") || !strings.HasSuffix(command, secret) || len(secret) < 40 {
		t.Errorf("the command is %q", command)
	}
	page := b.get("/clients/lakeside/enroll")
	if strings.Contains(page.Body, secret) {
		t.Error("the secret is shown twice")
	}
	b.wantSays(page, "until Dec 21, 2026", "no device yet", "Dana")
	revoke := attr(one(t, page.Body, "tbody form"), "action")
	b.wantTo(b.post(revoke), "/clients/lakeside/enroll")
	b.wantSays(b.get("/clients/lakeside/enroll"), "revoked")
	b.wantStatus(b.post("/clients/lakeside/enroll", "lasts", "7000"), http.StatusUnprocessableEntity)
	b.wantStatus(b.post("/clients/lakeside/enroll", "lasts", "1", "site", "nowhere"), http.StatusNotFound)
	if x.count("lakeside", event.SecretMade) != 1 || x.count("lakeside", event.SecretRevoked) != 1 {
		t.Error("making and revoking are not one entry each")
	}
	b.wantSays(b.get("/start/devices"), "Lakeside", "none yet")
}

// A hold stops an erasure; two people erase.
func TestHoldsAndErasures(t *testing.T) {
	x := newInstance(t)
	x.join("omar", permit.ClientOfficer, "lakeside")
	b, o := x.as("dana"), x.as("omar")
	at := "/clients/lakeside/holds"
	b.wantTo(b.post(at, "on", "device", "subject", "LT-0042"), at)
	for _, form := range [][]string{{"on", "device"}, {"on", "moon"}, {"on", "period", "from", "2026-02-02", "to", "2026-01-01"}} {
		b.wantStatus(b.post(at, form...), http.StatusUnprocessableEntity)
	}
	page := b.get("/settings")
	b.wantSays(page, "device LT-0042")
	release := attr(one(t, page.Body, "table form"), "action")
	o.wantStatus(o.post(release), http.StatusForbidden)
	b.wantTo(b.post(release), at)

	x.must(x.Door.ProposeErasure(t.Context(), callerOf("dana"), "lakeside", 2, "a person's name in it"))
	b.wantSays(b.get(at), "someone else approves")
	b.wantStatus(b.post("/clients/lakeside/erasures/2/approve"), http.StatusUnprocessableEntity)
	b.wantStatus(b.post("/clients/lakeside/erasures/99/approve"), http.StatusUnprocessableEntity)
	b.wantStatus(b.post("/clients/lakeside/erasures/x/approve"), http.StatusNotFound)
	page = o.get(at)
	one(t, page.Body, "form[action=/clients/lakeside/erasures/2/approve]")
	o.wantTo(o.post("/clients/lakeside/erasures/2/approve"), at)
	o.wantSays(o.get(at), "The content of entry 2 is erased")
}

// An overlay is shown before it is adopted, tightens every log, and never
// loosens one.
func TestOverlay(t *testing.T) {
	x := newInstance(t)
	b := x.as("dana")
	p := framework.Embedded().Practices[0]
	a := b.upload("/settings/overlay", "file", "o.json", overlayText)
	b.wantStatus(a, http.StatusOK)
	b.wantSays(a, "Insurer 2027", p.Title, "Adopt it in 3 logs")
	before := x.count("lakeside", event.CatalogAdopted)
	raw := attr(one(t, a.Body, "input[name=overlay]"), "value")
	b.wantTo(b.post("/settings/overlay/adopt", "overlay", raw), "/settings")
	b.wantSays(b.get("/settings"), "An overlay of yours tightens it")
	x.read("lakeside", func(s *projection.State) {
		q, _ := s.Catalog().Practice(p.ID)
		if q.Freshness.MaxAgeDays != p.Freshness.MaxAgeDays-1 || q.Freshness.Limit != framework.LimitAgreement {
			t.Errorf("got %+v", q.Freshness)
		}
	})
	if n := x.count("lakeside", event.CatalogAdopted); n != before+1 {
		t.Errorf("%d adoptions, want %d", n, before+1)
	}
	again := b.upload("/settings/overlay", "file", "o.json", overlayText)
	b.wantSays(again, "Nothing would change")
	loose := fmt.Sprintf(`{"name":"Loose","why":"x","practices":{%q:{"max_age_days":%d}}}`, p.ID, p.Freshness.MaxAgeDays+1)
	b.wantStatus(b.upload("/settings/overlay", "file", "o.json", loose), http.StatusUnprocessableEntity)
	b.wantStatus(b.upload("/settings/overlay", "file", "o.json", "{"), http.StatusUnprocessableEntity)
	// A client that comes later is judged by the same.
	b.post("/start/clients", "list", "Later Clinic", "do", "add")
	x.read("later-clinic", func(s *projection.State) {
		if q, _ := s.Catalog().Practice(p.ID); q.Freshness.Limit != framework.LimitAgreement {
			t.Error("the new client is not judged by the overlay")
		}
	})
}
