package intake_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/coverage"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

// desk is a door on a store in memory with a clock that the test sets.
type desk struct {
	*intake.Door
	blobs *blob.Files
	t     *testing.T
	ctx   context.Context
	ms    atomic.Int64
}

var dana = intake.Caller{Actor: "member:dana", Source: "cli"}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, ctx: t.Context()}
	d.set("2026-06-01T12:00:00Z")
	now := func() time.Time { return time.UnixMilli(d.ms.Load()) }
	master, err := seal.CreateFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.OpenMemory(d.ctx, store.Options{Sealer: seal.NewKeyring(master), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	d.blobs = blob.Open(t.TempDir(), st, 1<<20)
	d.Door, err = intake.Open(d.ctx, intake.Config{Store: st, Blobs: d.blobs, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(); st.Close() })
	return d
}

func at(t *testing.T, s string) int64 {
	t.Helper()
	ms, err := interval.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func (d *desk) set(s string) { d.ms.Store(at(d.t, s)) }

func (d *desk) add(name string) string {
	d.t.Helper()
	r, err := d.AddClient(d.ctx, dana, intake.NewClient{Added: client.Added{Name: name, Zone: "America/Chicago"}})
	if err != nil {
		d.t.Fatal(err)
	}
	return r.Log
}

func (d *desk) say(client, practice, state, when string, more ...func(*intake.Evidence)) intake.Receipt {
	d.t.Helper()
	e := intake.Evidence{Statement: document.Statement{Practice: practice, State: state}, At: at(d.t, when)}
	for _, f := range more {
		f(&e)
	}
	r, err := d.Record(d.ctx, dana, client, e)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *desk) ask(client, practice, on string, reading coverage.Reading) coverage.Practice {
	d.t.Helper()
	a, err := d.Coverage(d.ctx, intake.Question{Client: client, On: at(d.t, on), Reading: reading, Practices: []string{practice}})
	if err != nil {
		d.t.Fatal(err)
	}
	return a.Practices[0]
}

func TestEvidenceOfLastMonthCountsFromWhenItWasRecorded(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	d.say(c, "risk-analysis", document.Holds, "2026-05-01")
	best := d.ask(c, "risk-analysis", "2026-06-02", coverage.Best)
	if len(best.Covered) != 1 || interval.Format(int64(best.Covered[0].From)) != "2026-05-01T00:00:00Z" {
		t.Errorf("best: got %+v, want it held from May 1", best.Covered)
	}
	proven := d.ask(c, "risk-analysis", "2026-06-02", coverage.Proven)
	if len(proven.Covered) != 1 || interval.Format(int64(proven.Covered[0].From)) != "2026-06-01T12:00:00Z" {
		t.Errorf("proven: got %+v, want it held from when it was recorded", proven.Covered)
	}
	if !proven.AtOn || proven.Status != coverage.StatusGap || proven.Covered[0].Grade != "attested" {
		t.Errorf("proven: got %+v", proven)
	}
}

func TestTheSameKeyTwiceIsAnsweredOnceAndOtherContentRefused(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	keyed := func(e *intake.Evidence) { e.Key = "k1"; e.Name = "plan.txt"; e.File = strings.NewReader("the plan") }
	first := d.say(c, "ir-plan", document.Holds, "2026-05-01", keyed)
	again := d.say(c, "ir-plan", document.Holds, "2026-05-01", keyed)
	if again.Index != first.Index || !again.Repeated {
		t.Errorf("again: got %+v, want entry %d repeated", again, first.Index)
	}
	_, err := d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-plan", State: document.Fails}, At: at(t, "2026-05-01"), Key: "k1"})
	if !errors.Is(err, intake.ErrInvalid) || !errors.Is(err, intake.ErrConflict) {
		t.Errorf("other content: got %v, want a conflict", err)
	}
}

func TestWhatAPersonCanMendIsSaidInOneLine(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	for _, bad := range []struct {
		name string
		do   func() error
	}{
		{"unknown client", func() error {
			_, err := d.Record(d.ctx, dana, "nobody", intake.Evidence{Statement: document.Statement{Practice: "ir-plan"}, At: 1})
			return err
		}},
		{"unknown practice", func() error {
			_, err := d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-plam"}, At: 1})
			return err
		}},
		{"future", func() error {
			_, err := d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-plan"}, At: at(t, "2027-01-01")})
			return err
		}},
		{"nil without a period", func() error {
			_, err := d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-incident-log", State: document.Nil}, At: 1})
			return err
		}},
		{"trigger without reference", func() error {
			_, err := d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-incident-log", State: document.Trigger}, At: 1})
			return err
		}},
		{"alternative where none is allowed", func() error {
			_, err := d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "risk-analysis", State: document.Alternative, Note: "x"}, At: 1})
			return err
		}},
		{"same client twice", func() error {
			_, err := d.AddClient(d.ctx, dana, intake.NewClient{Added: client.Added{Name: "Lakeside Dental", Zone: "UTC"}})
			return err
		}},
		{"bad zone", func() error {
			_, err := d.AddClient(d.ctx, dana, intake.NewClient{Added: client.Added{Name: "Other", Zone: "Mars/Base"}})
			return err
		}},
		{"unknown class", func() error {
			_, err := d.AddSubject(d.ctx, dana, c, intake.Subject{Kind: framework.ScopeDevice, ID: "LT-1", Class: "toaster"}, "")
			return err
		}},
		{"retire an unknown vendor", func() error {
			_, err := d.RetireSubject(d.ctx, dana, c, framework.ScopeVendor, "nobody", "", 0, "")
			return err
		}},
	} {
		err := bad.do()
		if !errors.Is(err, intake.ErrInvalid) {
			t.Errorf("%s: got error %v, want one that a person can mend", bad.name, err)
			continue
		}
		if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), ":") {
			t.Errorf("%s: %q is not one line that ends in what to do next", bad.name, err)
		}
	}
	if s, _ := d.Clients(d.ctx); len(s) != 1 || s[0].LogSize != 3 {
		t.Errorf("something was written: %+v", s)
	}
}

func TestARetractedStatementLeavesProvenAndIsDisputed(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	r := d.say(c, "ir-plan", document.Holds, "2026-06-01")
	d.set("2026-06-10T00:00:00Z")
	if _, err := d.Retract(d.ctx, dana, c, r.Index, "wrong client"); err != nil {
		t.Fatal(err)
	}
	best := d.ask(c, "ir-plan", "2026-06-20", coverage.Best)
	if len(best.Covered) != 0 {
		t.Errorf("best: got %+v, want nothing held", best.Covered)
	}
	proven := d.ask(c, "ir-plan", "2026-06-20", coverage.Proven)
	if len(proven.Covered) != 1 || interval.Format(int64(proven.Covered[0].To)) != "2026-06-10T00:00:00Z" || len(proven.Covered[0].DisputedBy) != 1 {
		t.Errorf("proven: got %+v, want it held until the retraction, and disputed", proven.Covered)
	}
}

func TestErasureNeedsTwoPeopleAndLeavesNothing(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	r := d.say(c, "ir-plan", document.Holds, "2026-06-01")
	if err := d.ProposeErasure(d.ctx, dana, c, r.Index, "names a patient"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ApproveErasure(d.ctx, dana, c, r.Index); !errors.Is(err, intake.ErrInvalid) {
		t.Errorf("the same person: got %v, want it refused", err)
	}
	if _, err := d.PlaceHold(d.ctx, dana, c, record.Hold{ID: "h1"}); err != nil {
		t.Fatal(err)
	}
	rowan := intake.Caller{Actor: "member:rowan", Source: "form"}
	if _, err := d.ApproveErasure(d.ctx, rowan, c, r.Index); !errors.Is(err, intake.ErrInvalid) {
		t.Errorf("under a hold: got %v, want it refused", err)
	}
	if _, err := d.ReleaseHold(d.ctx, dana, c, "h1"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ApproveErasure(d.ctx, rowan, c, r.Index); err != nil {
		t.Fatal(err)
	}
	for _, reading := range []coverage.Reading{coverage.Proven, coverage.Best} {
		p := d.ask(c, "ir-plan", "2026-06-02", reading)
		if len(p.Covered) != 0 {
			t.Errorf("%s: got %+v, want nothing held", reading, p.Covered)
		}
		if n := len(p.Gaps); n == 0 || !strings.Contains(p.Gaps[n-1].Causes[0].Reason, "erased") {
			t.Errorf("%s: the gap does not say that evidence was erased: %+v", reading, p.Gaps)
		}
	}
}

func TestAnErasedEntrysDocumentGoesWithItUnlessAnotherCitesIt(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	with := func(content string) func(*intake.Evidence) {
		return func(e *intake.Evidence) { e.Name, e.File = "a.txt", strings.NewReader(content) }
	}
	alone := d.say(c, "ir-plan", document.Holds, "2026-06-01", with("names a patient"))
	shared := d.say(c, "ir-plan", document.Holds, "2026-06-01", with("the plan"))
	d.say(c, "risk-analysis", document.Holds, "2026-06-01", with("the plan"))
	places := map[uint64]string{}
	if err := d.Read(d.ctx, c, func(s *projection.State) error {
		for _, e := range s.Document.Statements["ir-plan"] {
			places[e.Index] = e.File.Place
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for index, want := range map[uint64]bool{alone.Index: false, shared.Index: true} {
		if err := d.ProposeErasure(d.ctx, dana, c, index, "names a patient"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.ApproveErasure(d.ctx, intake.Caller{Actor: "member:rowan", Source: "form"}, c, index); err != nil {
			t.Fatal(err)
		}
		name, err := record.ParseHash(places[index])
		if err != nil {
			t.Fatal(err)
		}
		logs, err := d.Store().Logs(d.ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.blobs.Get(logs[len(logs)-1].ID, name)
		if got := err == nil; got != want {
			t.Errorf("entry %d: its document is still there: %v (%v), want %v", index, got, err, want)
		}
	}
}

// box is a device with a key of its own.
type box struct {
	key    ed25519.PrivateKey
	public string
	seq    uint64
}

func newBox(t *testing.T) *box {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &box{key: k, public: base64.StdEncoding.EncodeToString(der)}
}

func (b *box) sign(s string) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(b.key, []byte(s)))
}

func (b *box) report(t *testing.T, id string, at int64, facts map[string]any) device.Report {
	t.Helper()
	plain, err := device.Plain(facts)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := device.FactsHash(plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.seq++
	r := device.Report{Key: b.public, Device: id, Seq: b.seq, At: at, Platform: "windows", Facts: plain}
	r.Sig = b.sign(device.SignedLine(id, b.seq, at, hash))
	return r
}

func bitLocker(protection int) map[string]any {
	return map[string]any{"disk_encryption": map[string]any{"volumes": []any{map[string]any{"mount": "C:", "conversion_status": 1, "protection_status": protection}}}}
}

func (d *desk) enroll(c, id string) *box {
	d.t.Helper()
	b := newBox(d.t)
	secret, _, err := d.MakeSecret(d.ctx, dana, c, "", 0)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.Enroll(d.ctx, device.Enrollment{
		Secret: secret, Device: id, Class: "laptop", Platform: "windows", Key: b.public, Protection: "file", Proof: b.sign(device.EnrollLine(b.public, "")),
	}); err != nil {
		d.t.Fatal(err)
	}
	return b
}

func TestADeviceReportsAndASuspendedBitLockerFails(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	b := d.enroll(c, "LT-0009")
	send := func(when string, protection int) device.Ack {
		t.Helper()
		d.set(when)
		ack, err := d.Report(d.ctx, b.report(t, "LT-0009", at(t, when), bitLocker(protection)))
		if err != nil {
			t.Fatal(err)
		}
		return ack
	}
	if ack := send("2026-06-01T13:00:00Z", 1); !ack.Logged {
		t.Error("the first report was not logged")
	}
	if ack := send("2026-06-01T14:00:00Z", 1); ack.Logged {
		t.Error("an unchanged report was logged at once")
	}
	send("2026-06-02T13:00:00Z", 1)
	if ack := send("2026-06-03T13:00:00Z", 0); !ack.Logged {
		t.Error("a changed report was not logged")
	}
	send("2026-06-04T13:00:00Z", 1)
	p := d.ask(c, "dev-disk-encryption", "2026-06-05", coverage.Proven)
	if len(p.Gaps) < 1 || p.Gaps[len(p.Gaps)-1].Kind != coverage.Failed {
		t.Fatalf("got gaps %+v, want a failed one at the end", p.Gaps)
	}
	g := p.Gaps[len(p.Gaps)-1]
	if got, want := interval.Format(int64(g.From)), "2026-06-03T13:00:00Z"; got != want {
		t.Errorf("failed from %s, want %s", got, want)
	}
	if got, want := interval.Format(int64(g.To)), "2026-06-04T13:00:00Z"; got != want {
		t.Errorf("failed to %s, want %s", got, want)
	}
	if len(g.Causes) != 1 || g.Causes[0].Subject != "LT-0009" || len(g.Causes[0].Entries) != 1 {
		t.Errorf("got causes %+v", g.Causes)
	}
	if last := p.Covered[len(p.Covered)-1]; last.Grade != "measured" {
		t.Errorf("got grade %q, want measured", last.Grade)
	}
}

func TestReplaysForgeriesAndClocksAheadAreHandled(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	b := d.enroll(c, "LT-1")
	r := b.report(t, "LT-1", d.Now(), bitLocker(1))
	if _, err := d.Report(d.ctx, r); err != nil {
		t.Fatal(err)
	}
	if ack, err := d.Report(d.ctx, r); err != nil || ack.Logged || ack.Note == "" {
		t.Errorf("a replay: got %+v, %v; want it acknowledged as repeated", ack, err)
	}
	forged := b.report(t, "LT-1", d.Now(), bitLocker(1))
	forged.Facts = bitLocker(0)
	if _, err := d.Report(d.ctx, forged); !errors.Is(err, device.ErrSignature) {
		t.Errorf("changed facts: got %v, want ErrSignature", err)
	}
	other := newBox(t)
	if _, err := d.Report(d.ctx, other.report(t, "LT-1", d.Now(), bitLocker(1))); !errors.Is(err, intake.ErrInvalid) {
		t.Errorf("another key: got %v, want it refused", err)
	}
	ahead := b.report(t, "LT-1", d.Now()+interval.Day, bitLocker(1))
	ack, err := d.Report(d.ctx, ahead)
	if err != nil || !ack.Logged {
		t.Fatalf("a clock ahead: got %+v, %v; want it logged", ack, err)
	}
	if err := d.Read(d.ctx, c, func(s *projection.State) error {
		if got := s.Device.Devices["LT-1"].Last.At; got != d.Now() {
			t.Errorf("logged at %s, want the time of receipt", interval.Format(got))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestARevokedSecretEnrollsNothing(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	secret, id, err := d.MakeSecret(d.ctx, dana, c, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.RevokeSecret(d.ctx, dana, c, id); err != nil {
		t.Fatal(err)
	}
	b := newBox(t)
	for _, s := range []string{secret, "bwe_00000000000000000000", ""} {
		_, err := d.Enroll(d.ctx, device.Enrollment{Secret: s, Device: "X", Key: b.public, Proof: b.sign(device.EnrollLine(b.public, ""))})
		if !errors.Is(err, intake.ErrInvalid) {
			t.Errorf("secret %q: got %v, want it refused", s, err)
		}
	}
}

func TestWhatTheMSPStatesReachesItsClients(t *testing.T) {
	d := newDesk(t)
	msp, err := d.AddClient(d.ctx, dana, intake.NewClient{Added: client.Added{ID: "sandbar", Name: "Sandbar", Zone: "UTC", MSP: true}})
	if err != nil {
		t.Fatal(err)
	}
	c := d.add("Lakeside Dental")
	d.say(msp.Log, "train-msp-technicians", document.Holds, "2026-06-01")
	p := d.ask(c, "train-msp-technicians", "2026-06-02", coverage.Proven)
	if !p.AtOn {
		t.Errorf("the client does not see the MSP's statement: %+v", p)
	}
	later := d.add("Second Dental")
	if p := d.ask(later, "train-msp-technicians", "2026-06-02", coverage.Proven); !p.AtOn {
		t.Errorf("a new client does not see the MSP's statement: %+v", p)
	}
}

func TestAnotherProcessesEntriesAreSeen(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	other, err := intake.Open(context.Background(), intake.Config{Store: d.Store(), Blobs: blob.Open(t.TempDir(), d.Store(), 1<<20), Now: func() time.Time { return time.UnixMilli(d.Now()) }})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-plan"}, At: d.Now()}); err != nil {
		t.Fatal(err)
	}
	if p := d.ask(c, "ir-plan", "2026-06-02", coverage.Proven); !p.AtOn {
		t.Error("what another door recorded is not seen")
	}
}

func TestTheFirstSizeEntriesAreAskedAlone(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	first := d.say(c, "ir-plan", document.Holds, "2026-05-01")
	d.say(c, "ir-plan", document.Fails, "2026-05-10")
	size := first.Index + 1
	a, err := d.Coverage(d.ctx, intake.Question{Client: c, On: at(t, "2026-06-02"), Reading: coverage.Best, Practices: []string{"ir-plan"}, AsOfSize: &size})
	if err != nil {
		t.Fatal(err)
	}
	if !a.Practices[0].AtOn || a.LogSize != size {
		t.Errorf("as of size %d: got %+v", size, a)
	}
	if p := d.ask(c, "ir-plan", "2026-06-02", coverage.Best); p.AtOn {
		t.Error("the whole log: the later failure does not count")
	}
}

func TestTheMSPsStatementIsIssuedOnceADayUnlessItsStateChanges(t *testing.T) {
	d := newDesk(t)
	if _, err := d.AddClient(d.ctx, dana, intake.NewClient{Added: client.Added{ID: "sandbar", Name: "Sandbar", Zone: "UTC", MSP: true}}); err != nil {
		t.Fatal(err)
	}
	c := d.add("Lakeside Dental")
	size := func() uint64 {
		t.Helper()
		_, n, err := d.Lines(d.ctx, c, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	start := size()
	for n, step := range []struct {
		state string
		when  string
		want  uint64 // entries issued so far
	}{
		{document.Holds, "2026-06-01T13:00:00Z", 1},
		{document.Holds, "2026-06-01T14:00:00Z", 1},
		{document.Fails, "2026-06-01T15:00:00Z", 2},
		{document.Holds, "2026-06-02T16:00:00Z", 3},
	} {
		d.set(step.when)
		d.say("sandbar", "iam-msp-remote-tools", step.state, step.when)
		if got := size() - start; got != step.want {
			t.Errorf("step %d: %d issued, want %d", n, got, step.want)
		}
	}
	d.say("sandbar", "iam-msp-remote-tools", document.Holds, "2026-06-02T16:00:00Z")
	d.set("2026-06-03T17:00:00Z")
	if err := d.IssueStatements(d.ctx); err != nil {
		t.Fatal(err)
	}
	if got := size() - start; got != 4 {
		t.Errorf("the next day: %d issued, want 4", got)
	}
}

func TestTheSameSubmissionLaterIsARepetitionWhereNobodyGaveATime(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	lists := func() (intake.Receipt, error) {
		return d.AddSubject(d.ctx, dana, c, intake.Subject{Kind: framework.ScopeDevice, ID: "LT-1", Class: "laptop"}, "k1")
	}
	says := func() (intake.Receipt, error) {
		return d.Record(d.ctx, dana, c, intake.Evidence{Statement: document.Statement{Practice: "ir-plan"}, Key: "k2"})
	}
	for name, f := range map[string]func() (intake.Receipt, error){"subject": lists, "evidence": says} {
		first, err := f()
		if err != nil {
			t.Fatal(err)
		}
		d.ms.Add(5000)
		again, err := f()
		if err != nil || !again.Repeated || again.Index != first.Index {
			t.Errorf("%s: got %+v, %v; want entry %d repeated", name, again, err, first.Index)
		}
	}
}
