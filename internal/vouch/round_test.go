package vouch_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

func TestRoundWithOutsiders(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(2)
	w.addAuthority()
	a, b, empty := w.newLog("Smile Dental"), w.newLog("Harbor Clinic"), w.newLog("Quiet Practice")
	w.add(a, 300)
	w.add(b, 7)
	v := w.open()
	if got, want := w.line(v), "Nobody outside vouches for the recorded times yet: none of 2 outside witnesses and 1 time stamp authority has answered"; got != want {
		t.Errorf("before the first round: %q, want %q", got, want)
	}
	w.round(v)
	for _, l := range []store.Log{a, b} {
		c, err := w.db.LastCheckpoint(t.Context(), l.ID)
		if err != nil {
			t.Fatal(err)
		}
		cp, _, err := ledger.Open(c.Note, v.Keys().Verifiers(l.Origin)...)
		if err != nil || cp.Origin != l.Origin || cp.Size != c.Size || cp.Root != c.Root {
			t.Errorf("checkpoint of %s: %+v, %v", l.Name, cp, err)
		}
	}
	if _, err := w.db.LastCheckpoint(t.Context(), empty.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an empty log was signed: %v", err)
	}
	if got := leaves(t, w.db); len(got) != 2 || got[0].Leaf.Size != 300 || got[0].Leaf.Pseudonym != a.Pseudonym || got[1].Leaf.Size != 7 {
		t.Errorf("instance log: %+v", got)
	}
	checkVouched(t, w, v, 2)
	if got, want := w.line(v, a.ID), "Vouched for by 2 of 2 outside witnesses and 1 of 1 time stamp authority, to within 1 minute"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func leaves(t testing.TB, db *store.Store) []store.InstanceEntry {
	t.Helper()
	var list []store.InstanceEntry
	for e, err := range db.InstanceLeaves(context.Background(), 0, 1<<40) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// checkVouched verifies the last instance checkpoint as an outsider would.
func checkVouched(t testing.TB, w *world, v *vouch.Voucher, size uint64) {
	t.Helper()
	c, err := w.db.LastCheckpoint(t.Context(), store.InstanceLog)
	if err != nil || c.Size != size {
		t.Fatalf("instance checkpoint of size %d, %v; want %d", c.Size, err, size)
	}
	note, err := ledger.ParseNote(c.Note)
	if err != nil || len(note.Signatures) != 2 {
		t.Fatalf("%d signatures of the log, %v", len(note.Signatures), err)
	}
	cosigs, err := w.db.Cosignatures(t.Context(), store.InstanceLog, c.Size)
	if err != nil {
		t.Fatal(err)
	}
	for _, cs := range cosigs {
		lines, err := ledger.ParseSignatureLines(cs.Line)
		if err != nil {
			t.Fatal(err)
		}
		note = note.With(lines...)
	}
	if _, says, err := w.policy().Check(note, v.Keys().Verifiers(w.instance().Origin)...); err != nil || len(says) != 2*len(w.fakes) {
		t.Errorf("%d cosignatures, %v", len(says), err)
	}
	tokens, err := w.db.Timestamps(t.Context(), store.InstanceLog, c.Size)
	if err != nil || len(tokens) != len(w.config.Authorities) {
		t.Fatalf("%d stamps, %v", len(tokens), err)
	}
	for i, ts := range tokens {
		if _, err := ledger.VerifyTimestamp(ts.Token, []byte(note.Text), w.config.Authorities[i].Trust); err != nil {
			t.Error(err)
		}
	}
}

// The instance log grows at most once an interval, whoever starts and stops; the
// logs' own checkpoints follow each round.
func TestInterval(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(2)
	l := w.newLog("Smile Dental")
	w.add(l, 1)
	w.round(w.open())
	for n := range 5 {
		w.advance(10 * time.Minute)
		w.add(l, 1)
		v := w.open()
		w.round(v)
		if c, err := w.db.LastCheckpoint(t.Context(), l.ID); err != nil || c.Size != uint64(n+2) {
			t.Fatalf("checkpoint of size %d, %v", c.Size, err)
		}
		if got := len(leaves(t, w.db)); got != 1 {
			t.Fatalf("%d leaves after %d minutes", got, 10*(n+1))
		}
	}
	w.advance(9 * time.Minute)
	v := w.open()
	w.round(v)
	if got := leaves(t, w.db); len(got) != 2 || got[1].Leaf.Size != 6 {
		t.Fatalf("after an interval: %+v", got)
	}
	checkVouched(t, w, v, 2)
	for name, f := range w.fakes {
		if len(f.sizes) != 2 || f.log422 != 0 {
			t.Errorf("%s cosigned %v", name, f.sizes)
		}
	}
	// Entry 1 came 10 minutes after the first statement, the second one 49 minutes later.
	if got, want := w.line(v, l.ID), "Vouched for by 2 of 2 outside witnesses, to within 49 minutes"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if want := recordedDirectly(t, w, l); w.line(w.open()) != "Vouched for by 2 of 2 outside witnesses, to within 49 minutes" || want != 49 {
		t.Errorf("M over all entries is %d; %s", want, w.line(w.open()))
	}
}

// recordedDirectly computes M from every entry and every statement.
func recordedDirectly(t *testing.T, w *world, l store.Log) int64 {
	t.Helper()
	var recorded []int64
	for e, err := range w.db.RawEntries(t.Context(), l.ID, 0, 1<<40) {
		if err != nil {
			t.Fatal(err)
		}
		recorded = append(recorded, e.Recorded)
	}
	points, err := w.db.Checkpoints(t.Context(), store.InstanceLog, 0)
	if err != nil {
		t.Fatal(err)
	}
	said := leaves(t, w.db)
	var stamps []ledger.SizeAt
	for _, c := range points {
		cosigs, err := w.db.Cosignatures(t.Context(), store.InstanceLog, c.Size)
		if err != nil {
			t.Fatal(err)
		}
		for _, leaf := range said[:c.Size] {
			stamps = append(stamps, ledger.SizeAt{Size: leaf.Leaf.Size, At: cosigs[0].Made})
		}
	}
	v := ledger.VouchedWithin(recorded, stamps)
	if v.Entries != uint64(len(recorded)) {
		t.Errorf("%d of %d entries are vouched for", v.Entries, len(recorded))
	}
	return v.Minutes()
}

func TestNobodyOutside(t *testing.T) {
	w := newWorld(t)
	l := w.newLog("Smile Dental")
	w.add(l, 3)
	v := w.open()
	w.round(v)
	if got, want := w.line(v), "Nobody outside vouches for the recorded times yet"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := w.db.LastCheckpoint(t.Context(), store.InstanceLog); err != nil {
		t.Errorf("the instance log is signed all the same: %v", err)
	}
}

// A witness that is down is asked again, not too often, and the line says so.
func TestWitnessDown(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(2)
	l := w.newLog("Smile Dental")
	w.add(l, 3)
	w.fakes["w2"].refuse = http.StatusServiceUnavailable
	v := w.open()
	w.round(v)
	if got := w.line(v); !strings.HasPrefix(got, "Nobody outside vouches") { // the quorum needs both
		t.Errorf("with one of two: %q", got)
	}
	w.fakes["w2"].refuse = 0
	w.round(v) // too soon
	if n := len(w.fakes["w2"].sizes); n != 0 {
		t.Errorf("w2 was asked again at once: %d", n)
	}
	w.advance(2 * time.Minute)
	w.add(l, 1)
	w.round(v)
	if got, want := w.line(v, l.ID), "Vouched for by 2 of 2 outside witnesses, to within 2 minutes"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(w.fakes["w1"].sizes); n != 1 {
		t.Errorf("w1 cosigned %d times", n)
	}
	if !strings.Contains(w.reports.text(), "witness w2: it answers 503") {
		t.Errorf("reports: %s", w.reports.text())
	}
	for _, f := range w.fakes {
		f.refuse = http.StatusServiceUnavailable
	}
	since := w.now().UTC().Format("2006-01-02 15:04")
	for range 3 {
		w.advance(time.Hour)
		w.add(l, 1)
		w.round(v)
	}
	if got, want := w.line(v), "; not yet since "+since; !strings.Contains(got, want) {
		t.Errorf("after three hours: %q, want %q in it", got, want)
	}
}

// With a quorum of one, each answer that comes later still counts.
func TestLateAnswerCounts(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(2)
	w.config.Policy = []byte(strings.Replace(string(w.config.Policy), "group all all", "group all 1", 1))
	l := w.newLog("Smile Dental")
	w.add(l, 3)
	w.fakes["w2"].refuse = http.StatusServiceUnavailable
	v := w.open()
	w.round(v)
	if got, want := w.line(v), "Vouched for by 1 of 2 outside witnesses, to within 1 minute"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	w.fakes["w2"].refuse = 0
	w.advance(2 * time.Minute)
	w.round(v)
	if got, want := w.line(v), "Vouched for by 2 of 2 outside witnesses, to within 1 minute"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A recorded time after the outside time that covers it is told.
func TestWrongClockIsTold(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(1)
	l := w.newLog("Smile Dental")
	w.add(l, 3)
	w.fakes["w1"].now = func() time.Time { return w.now().Add(-time.Hour) }
	v := w.open()
	w.round(v)
	if got := w.line(v); !strings.Contains(got, "later than outside time allows") {
		t.Errorf("%q", got)
	}
	if !strings.Contains(w.reports.text(), "clocks of witness w1") {
		t.Errorf("reports: %s", w.reports.text())
	}
}

func TestConfigIsChecked(t *testing.T) {
	w := newWorld(t)
	w.addAuthority()
	good := w.config
	for name, c := range map[string]vouch.Config{
		"policy":      {Policy: []byte("quorum")},
		"url":         {Policy: []byte("quorum none\n"), WitnessURLs: map[string]string{"w": "https://w.example"}},
		"interval":    {Interval: time.Second},
		"authorities": {Authorities: append(good.Authorities, good.Authorities...)},
	} {
		if _, err := vouch.Open(t.Context(), w.db, w.guard, c); err == nil {
			t.Errorf("a wrong %s was taken", name)
		}
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	l := w.newLog("Smile Dental")
	w.add(l, 1)
	v := w.open()
	first, again := v.Keys().Verifiers(l.Origin), w.open().Keys().Verifiers(l.Origin)
	if len(first) != 1 || first[0].String() != again[0].String() || first[0].Name() != l.Origin {
		t.Errorf("keys %v and %v", first, again)
	}
	own := v.Keys().Verifiers(w.instance().Origin)
	if len(own) != 2 || own[0].Type() != ledger.Ed25519 || own[1].Type() != ledger.MLDSA44 || !own[0].SameKey(first[0]) {
		t.Errorf("keys of the instance log: %v", own)
	}
	w.round(v)
	if err := w.db.DeleteSetting(t.Context(), store.InstanceLog, "signing", "checkpoint key", store.AnyRevision); err != nil {
		t.Fatal(err)
	}
	if _, err := vouch.Open(t.Context(), w.db, w.guard, w.config); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a second key was drawn: %v", err)
	}
}
