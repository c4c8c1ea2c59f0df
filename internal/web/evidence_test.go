package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/blob"
	"breakwater/internal/bundle"
	"breakwater/internal/client"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/seal"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
	"breakwater/internal/web"
)

// newProven is newInstance with a voucher that signs and a place for
// documents.
func newProven(t *testing.T) *instance {
	t.Helper()
	x := &instance{T: t, keys: map[string]string{}}
	x.now.Store(time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC).UnixMilli())
	master, err := seal.NewMaster(bytes.Repeat([]byte{9}, 32))
	x.must(err)
	ctx := context.Background()
	st, err := store.OpenMemory(ctx, store.Options{Sealer: seal.NewKeyring(master), Now: x.clock})
	x.must(err)
	t.Cleanup(func() { st.Close() })
	files := blob.Open(t.TempDir(), st, 0)
	x.Door, err = intake.Open(ctx, intake.Config{Store: st, Blobs: files, Now: x.clock})
	x.must(err)
	t.Cleanup(x.Door.Close)
	x.Accounts, err = account.Open(account.Config{
		Store: st.Accounts(), Sealer: st.Accounts(), Grants: web.GrantsOf(x.Door), Happened: web.Happened(x.Door),
		Now: x.clock, Hash: account.Params{Memory: 64, Passes: 1, Threads: 1},
	})
	x.must(err)
	v, err := vouch.Open(ctx, st, store.OpenGuard(filepath.Join(t.TempDir(), "guard")), vouch.Config{Now: x.clock})
	x.must(err)
	x.Web = web.New(web.Config{Door: x.Door, Accounts: x.Accounts, Now: x.clock, Blobs: files, Voucher: v})
	_, err = x.Door.AddClient(ctx, intake.System, intake.NewClient{Added: client.Added{Name: "Northgate IT", Zone: "America/Chicago", MSP: true}})
	x.must(err)
	for _, name := range []string{"Lakeside", "Harborview"} {
		_, err := x.Door.AddClient(ctx, intake.System, intake.NewClient{Added: client.Added{Name: name, Zone: "America/Chicago"}, Program: "hicp"})
		x.must(err)
	}
	x.join("dana", permit.Administrator, "")
	return x
}

// says records a statement.
func (x *instance) says(practice, state string, ago time.Duration) {
	x.Helper()
	_, err := x.Door.Record(context.Background(), intake.Caller{Actor: "member:dana", Source: "form"}, "lakeside", intake.Evidence{
		Statement: document.Statement{Practice: practice, State: state, Note: "seen"}, At: x.now.Load() - ago.Milliseconds(),
	})
	x.must(err)
}

// send sends a form with a document.
func (b *browser) send(path, file, content string, pairs ...string) answer {
	b.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for n := 0; n+1 < len(pairs); n += 2 {
		b.must(m.WriteField(pairs[n], pairs[n+1]))
	}
	if file != "" {
		w, err := m.CreateFormFile("file", file)
		b.must(err)
		_, err = io.WriteString(w, content)
		b.must(err)
	}
	b.must(m.Close())
	r := httptest.NewRequest("POST", path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return b.do(r)
}

func (x *instance) wantCount(page, selector string, want int) {
	x.Helper()
	if got := len(selected(x.T, page, selector)); got != want {
		x.Errorf("%d of %q, want %d", got, selector, want)
	}
}

// The page of a client asks a question and answers it in a sentence with the
// law behind it, and lists each practice with a strip that says what it draws.
func TestClientPage(t *testing.T) {
	x := newProven(t)
	x.says("risk-analysis", document.Holds, time.Hour)
	x.says("bc-restore-test", document.Fails, time.Hour)
	b := x.as("dana")
	a := b.get("/clients/lakeside")
	b.wantStatus(a, http.StatusOK)
	b.wantSays(a, "What was in place on", "HHS must consider recognized security practices (42 USC 17941); whether these are such is its decision.",
		"Nobody outside vouches yet.", "A day ends at midnight, Chicago time.", "Enroll the first device")
	x.wantCount(a.Body, "form.ask input[name=on]", 1)
	x.wantCount(a.Body, "p.say", 1)
	strips := selected(t, a.Body, "table.prac svg.strip")
	rows := selected(t, a.Body, "table.prac tbody tr")
	groups := selected(t, a.Body, "table.prac tbody tr.group")
	if len(strips) < 20 || len(strips) != len(rows)-len(groups) {
		t.Errorf("%d strips in %d rows, %d of them heads", len(strips), len(rows), len(groups))
	}
	for _, s := range strips {
		if attr(s, "role") != "img" || attr(s, "aria-label") == "" {
			t.Error("a strip does not say what it draws")
		}
	}
	x.wantCount(a.Body, "table.prac .is-fa", 1)
	x.wantCount(b.get("/clients/lakeside?show=failed").Body, "table.prac svg.strip", 1)
	x.wantCount(b.get("/clients/lakeside?grade=measured").Body, "table.prac svg.strip", 0)
	b.wantSays(b.get("/clients/lakeside?on=2027-03-01"), "Projected from November 21, 2026")
	b.wantSays(b.get("/clients/lakeside?reading=best"), "As known today.")
	b.wantSays(b.get("/clients/lakeside?on=soon"), "Give the date as a year, a month and a day.")
}

// A civil day that is asked about ends at midnight of the client's zone.
func TestCivilDay(t *testing.T) {
	x := newProven(t)
	late := time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC) // November 21, 11:30 PM in Chicago
	x.now.Store(late.UnixMilli())
	x.says("risk-analysis", document.Holds, 0)
	x.now.Store(late.Add(48 * time.Hour).UnixMilli())
	b := x.as("dana")
	for day, want := range map[string]string{"2026-11-20": "no entry shows it in place", "2026-11-21": "shows it in place on November 21, 2026"} {
		b.wantSays(b.get("/clients/lakeside/practices/risk-analysis?on="+day), want)
	}
}

// Evidence is recorded from the page of its practice, with its document, once
// for each form; what cannot be recorded keeps what was typed.
func TestRecordEvidence(t *testing.T) {
	x := newProven(t)
	b := x.as("dana")
	page := b.get("/clients/lakeside/practices/risk-analysis")
	b.wantSays(page, "Risk analysis within 12 months", "Record evidence by hand", "Our target", "Law", "45 CFR 164.308(a)(1)(ii)(A), required")
	key := x.between(page.Body, `name="key" value="`, `"`)
	form := []string{"key", key, "form", "record", "state", "holds", "note", "Approved by Dr. Ames", "at", "2026-11-20T10:00"}
	send := func() answer {
		return b.send("/clients/lakeside/practices/risk-analysis/record", "analysis <1>.html", "<script>alert(1)</script>", form...)
	}
	before := len(x.entries("lakeside"))
	b.wantTo(send(), "/clients/lakeside/practices/risk-analysis")
	b.wantTo(send(), "/clients/lakeside/practices/risk-analysis")
	if n := len(x.entries("lakeside")); n != before+1 {
		t.Errorf("sent twice it is %d entries", n-before)
	}
	a := b.get("/clients/lakeside/practices/risk-analysis")
	b.wantSays(a, "Approved by Dr. Ames", "In place", "recorded")
	link := attr(selected(t, a.Body, "a[download]")[0], "href")
	d := b.get(link)
	b.wantStatus(d, http.StatusOK)
	if got := d.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") {
		t.Errorf("the document is handed out as %q", got)
	}
	if d.Header.Get("Content-Type") != "application/octet-stream" || d.Header.Get("X-Content-Type-Options") != "nosniff" || d.Body != "<script>alert(1)</script>" {
		t.Errorf("document: %v %q", d.Header, d.Body)
	}
	form[5], form[9] = "", "2027-11-20T10:00"
	wrong := b.send("/clients/lakeside/practices/risk-analysis/record", "", "", form...)
	b.wantStatus(wrong, http.StatusUnprocessableEntity)
	b.wantSays(wrong, "Say what is to be recorded", "Approved by Dr. Ames")
	form[5] = "holds"
	b.wantSays(b.send("/clients/lakeside/practices/risk-analysis/record", "", "", form...), "That lies in the future")
	x.join("ida", permit.Auditor, "lakeside")
	x.wantCount(x.as("ida").get("/clients/lakeside/practices/risk-analysis").Body, "form[method=post] textarea", 0)
}

// A risk is accepted, or an alternative approved, by the client's officer only.
func TestRelief(t *testing.T) {
	x := newProven(t)
	x.join("olga", permit.ClientOfficer, "lakeside")
	path := "/clients/lakeside/practices/risk-analysis/relief"
	form := []string{"form", "relief", "state", "accepted_risk", "by", "Dr. Olga", "note", "Until the new server is there"}
	dana := x.as("dana")
	dana.wantStatus(dana.send(path, "", "", form...), http.StatusForbidden)
	olga := x.as("olga")
	olga.wantTo(olga.send(path, "", "", form...), "/clients/lakeside/practices/risk-analysis")
	x.pass(5 * time.Minute)
	olga.wantSays(olga.get("/clients/lakeside/practices/risk-analysis"), "Risk accepted", "Until the new server is there", "Risk accepted in entry")
	x.wantCount(olga.get("/clients/lakeside/practices/dev-screen-lock").Body, "#relief option[value=alternative]", 1)
	x.wantCount(olga.get("/clients/lakeside/practices/risk-analysis").Body, "#relief option[value=alternative]", 0)
}

// The first time that a failure is shown to each side is an entry, and only
// the first time.
func TestGapShown(t *testing.T) {
	x := newProven(t)
	x.join("olga", permit.ClientOfficer, "lakeside")
	x.join("ida", permit.Auditor, "lakeside")
	x.says("bc-restore-test", document.Fails, time.Hour)
	x.as("ida").get("/clients/lakeside/practices/bc-restore-test")
	if n := x.count("lakeside", event.GapShown); n != 0 {
		t.Fatalf("an auditor is neither side: %d entries", n)
	}
	for _, who := range []string{"dana", "olga"} {
		b := x.as(who)
		b.get("/clients")
		for _, path := range []string{"", "/practices/bc-restore-test", "/practices/bc-restore-test", ""} {
			b.wantStatus(b.get("/clients/lakeside"+path), http.StatusOK)
		}
	}
	sides := ""
	x.read("lakeside", func(s *projection.State) {
		for _, e := range s.Record.Shown {
			sides += e.Side + " " + e.To + " " + e.Practice + "; "
		}
	})
	if want := "msp dana bc-restore-test; client olga bc-restore-test; "; sides != want {
		t.Errorf("shown: %q, want %q", sides, want)
	}
	x.pass(30 * time.Hour)
	b := x.as("dana")
	b.wantSays(b.get("/clients/lakeside/practices/bc-restore-test"), "to olga", "day 2 of 30")
}

// Who has one client sees that one in the portfolio and among what is to be
// done, and no other.
func TestPortfolioShowsOwnClients(t *testing.T) {
	x := newProven(t)
	x.join("tess", permit.Technician, "lakeside")
	for _, path := range []string{"/clients", "/today", "/frameworks"} {
		a := x.as("tess").get(path)
		x.as("tess").wantStatus(a, http.StatusOK)
		if !strings.Contains(a.Body, "Lakeside") || strings.Contains(a.Body, "Harborview") || strings.Contains(a.Body, "Northgate IT</a>") {
			t.Errorf("%s shows other clients:\n%s", path, words(a.Body))
		}
	}
	b := x.as("dana")
	a := b.get("/clients")
	b.wantSays(a, "Started today", "November 21, 2027"[9:], "our own log", "basis: ours")
	x.wantCount(a.Body, "table.list tbody svg.strip", 2)
	x.wantCount(a.Body, "table.list tfoot svg.strip", 1)
	x.wantCount(b.get("/clients?find=harbor").Body, "table.list tbody svg.strip", 1)
	x.wantCount(b.get("/clients?show=failed").Body, "table.list tbody svg.strip", 0)
	if got := selected(t, b.get("/clients?sort=name").Body, "th[aria-sort=ascending]"); len(got) != 1 {
		t.Errorf("%d columns are sorted", len(got))
	}
}

// A device is listed, given to someone, put out of use, retired and brought
// back, each by its form.
func TestDevicePages(t *testing.T) {
	x := newProven(t)
	b := x.as("dana")
	b.wantSays(b.get("/clients/lakeside/devices"), "Enroll the first device", "breakwater-agent enroll")
	b.wantTo(b.post("/clients/lakeside/devices", "id", "PR-0001", "class", "printer", "ephi", "no"), "/clients/lakeside/devices/PR-0001")
	here := "/clients/lakeside/devices/PR-0001"
	b.wantSays(b.get(here), "listed by hand", "Printer", "not enrolled")
	b.wantTo(b.post(here+"/change", "class", "medical", "name", "X-ray console"), here)
	b.wantTo(b.post(here+"/custody", "note", "in room 4"), here)
	b.wantTo(b.post(here+"/unused", "from", "2026-11-20", "to", "2026-12-01", "why", "repair"), here)
	b.wantSays(b.get(here), "X-ray console", "in room 4", "repair")
	b.wantSays(b.get("/clients/lakeside/devices"), "Out of use", "until Dec 1")
	b.wantTo(b.post(here+"/retire", "why", "sold"), here)
	b.wantSays(b.get(here), "no longer in scope", "Bring PR-0001 back")
	b.wantTo(b.post(here+"/return"), here)
	wrong := b.post("/clients/lakeside/devices", "id", "", "name", "kept")
	b.wantStatus(wrong, http.StatusUnprocessableEntity)
	if !strings.Contains(wrong.Body, `value="kept"`) {
		t.Error("what was typed is gone")
	}
	b.wantStatus(b.get("/clients/lakeside/devices/LT-9999"), http.StatusNotFound)
}

// The log is listed newest first; an entry shows its envelope and proof, and a
// mistake is taken back by another entry.
func TestLogPages(t *testing.T) {
	x := newProven(t)
	for n := range 60 {
		x.pass(time.Minute)
		x.says("risk-analysis", document.Holds, time.Duration(n)*time.Second)
	}
	b := x.as("dana")
	a := b.get("/clients/lakeside/log")
	x.wantCount(a.Body, "table.entries tbody tr", 50)
	older := selected(t, a.Body, "p.acts a")
	if len(older) != 1 {
		t.Fatalf("%d ways on", len(older))
	}
	b.wantSays(b.get(attr(older[0], "href")), "Lakeside added", "Catalog version")
	x.wantCount(b.get("/clients/lakeside/log?kind=shown").Body, "table.entries tbody tr", 0)
	b.wantSays(b.get("/clients/lakeside/log?day=2026-11-20"), "No entry of this sort up to here.")
	entries := x.entries("lakeside")
	here := fmt.Sprintf("/clients/lakeside/log/%d", len(entries)-1)
	a = b.get(here)
	b.wantSays(a, "Risk analysis within 12 months: in place. Seen.", "Download the proof (.tlog-proof)", "HMAC-SHA256", `"note":"seen"`)
	proof := b.get(here + "/proof")
	b.wantStatus(proof, http.StatusOK)
	if !strings.HasPrefix(proof.Body, "c2sp.org/tlog-proof@v1\n") {
		t.Errorf("the proof begins %.40q", proof.Body)
	}
	b.wantStatus(b.post(here+"/retract"), http.StatusUnprocessableEntity)
	b.wantTo(b.post(here+"/retract", "why", "wrong client"), here)
	a = b.get(here)
	b.wantSays(a, "Taken back as a mistake by entry")
	b.wantStatus(b.get("/clients/lakeside/log/100000"), http.StatusNotFound)
	b.wantSays(b.get("/clients/lakeside/verify"), "breakwater-verify bundle.zip --key", "Newest checkpoint")
}

// Every kind of entry is told in words, not by its name.
func TestEveryKindIsTold(t *testing.T) {
	for k := event.Kind(1); k < 200; k++ {
		if k.Known() && !web.Tells(k) {
			t.Errorf("kind %s is told by its name", k)
		}
	}
}

// A bundle is looked at before it is made; for a recipient it needs the
// client's consent; what comes out verifies.
func TestBundlePage(t *testing.T) {
	x := newProven(t)
	x.says("risk-analysis", document.Holds, time.Hour)
	x.pass(48 * time.Hour)
	b := x.as("dana")
	b.wantSays(b.get("/clients/lakeside/bundle"), "What should it show?", "None yet.")
	form := []string{"day", "2026-11-22", "documents", "yes"}
	b.wantSays(b.post("/clients/lakeside/bundle", form...), "It would show", "no consent is needed", "Every person named", "dana")
	b.wantStatus(b.post("/clients/lakeside/bundle", "day", "2026-11-30"), http.StatusUnprocessableEntity)
	made := b.post("/clients/lakeside/bundle/produce", form...)
	b.wantStatus(made, http.StatusOK)
	if !strings.Contains(made.Header.Get("Content-Disposition"), `filename="lakeside-2026-11-22.zip"`) {
		t.Errorf("named %q", made.Header.Get("Content-Disposition"))
	}
	res, err := bundle.Verify(strings.NewReader(made.Body), int64(len(made.Body)), bundle.Options{})
	x.must(err)
	if !res.OK || res.Client != "lakeside" {
		t.Errorf("it does not verify: %v", res.Failures)
	}
	b.wantSays(b.send("/verify", "lakeside.zip", made.Body, "own", "yes"), "It agrees", "known beforehand")
	b.wantSays(b.send("/verify", "x.zip", "no bundle"), "That is not a bundle")

	form = append(form, "recipient", "OCR", "purpose", "data request 26-114")
	b.wantSays(b.post("/clients/lakeside/bundle", form...), "The client has not consented")
	b.wantStatus(b.post("/clients/lakeside/bundle/produce", form...), http.StatusUnprocessableEntity)
	b.wantTo(b.post("/clients/lakeside/bundle/consent-on-paper", append(form, "by", "Dr. Ames", "role", "officer")...), "/clients/lakeside/bundle")
	b.wantStatus(b.post("/clients/lakeside/bundle/produce", form...), http.StatusOK)
	b.wantSays(b.get("/clients/lakeside/bundle"), "OCR", "Dr. Ames, officer", "own records")
	if n := x.count("lakeside", event.BundleProduced); n != 2 {
		t.Errorf("%d bundles are on record", n)
	}
}

// Many subjects that lack the same on the same days are one row.
func TestGapsOfManySubjects(t *testing.T) {
	x := newProven(t)
	b := x.as("dana")
	for n := range 5 {
		x.pass(time.Minute)
		b.post("/clients/lakeside/devices", "id", fmt.Sprintf("LT-%04d", n+1), "class", "laptop")
	}
	x.pass(20 * time.Minute)
	a := b.get("/clients/lakeside/practices/dev-disk-encryption")
	b.wantSays(a, "5 devices:", "LT-0001, LT-0002, LT-0003, LT-0004 and LT-0005")
	x.wantCount(a.Body, "table.devs tbody tr", 6)
}

// Nothing is a score, and an item without a practice is not assessed.
func TestFrameworkPages(t *testing.T) {
	x := newProven(t)
	b := x.as("dana")
	b.wantSays(b.get("/frameworks"), "Our reading", "Law", "not assessed")
	for _, f := range framework.Frameworks() {
		a := b.get("/clients/lakeside/frameworks/" + f.ID + "?show=every")
		b.wantStatus(a, http.StatusOK)
		if strings.Contains(words(a.Body), "%") {
			t.Errorf("%s shows a percentage", f.ID)
		}
	}
	b.wantSays(b.get("/clients/lakeside/frameworks/sp800-53r5?show=every"), "Not assessed")
	b.wantSays(b.get("/clients/lakeside/frameworks/csf2.0"), "NIST SP 800-53: AC-2", "(published mapping)", "NIST OLIR 109")
	b.wantStatus(b.get("/clients/lakeside/frameworks/none"), http.StatusNotFound)
}
