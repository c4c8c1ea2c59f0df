package vouch_test

import (
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

func TestForBundle(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(1)
	w.addAuthority()
	l, other, late := w.newLog("Smile Dental"), w.newLog("Harbor Clinic"), w.newLog("Quiet Practice")
	v := w.open()
	if in, stamps, err := v.ForBundle(t.Context(), l.ID); in != nil || stamps != nil || err != nil {
		t.Errorf("before anything was signed: %+v, %v, %v", in, stamps, err)
	}
	for n := range 6 {
		w.add(other, 1)
		if n%2 == 0 { // three leaves of this log among six of the other
			w.add(l, 2)
		}
		w.round(v)
		w.advance(time.Hour)
	}
	in, stamps, err := v.ForBundle(t.Context(), l.ID)
	if err != nil || len(in.Leaves) != 3 || len(in.Seen) != 3 || len(stamps) != 4 {
		t.Fatalf("%d leaves, %d earlier checkpoints, %d stamps, %v; want 3, 3, 4", len(in.Leaves), len(in.Seen), len(stamps), err)
	}
	keys := v.Keys().Verifiers(w.instance().Origin)
	cp, note, err := ledger.Open(in.Checkpoint, keys...)
	if err != nil || cp.Size != 9 {
		t.Fatalf("%+v, %v", cp, err)
	}
	if _, says, err := w.policy().Check(note, keys...); err != nil || len(says) != 2 {
		t.Errorf("%d cosignatures, %v", len(says), err)
	}
	for i, leaf := range in.Leaves {
		root, err := w.db.RootAt(t.Context(), l.ID, leaf.Leaf.Size)
		if err != nil || root != leaf.Leaf.Root || leaf.Leaf.Size != uint64(2*i+2) || leaf.Leaf.Pseudonym != l.Pseudonym {
			t.Errorf("leaf %d: %+v, %v", i, leaf, err)
		}
		if err := ledger.VerifyInclusion(leaf.Proof, leaf.Index, cp.Size, leaf.Leaf.Hash(), cp.Root); err != nil {
			t.Errorf("leaf %d: %v", i, err)
		}
	}
	for i, seen := range in.Seen {
		note, err := ledger.ParseNote(seen.Note)
		if err != nil {
			t.Fatal(err)
		}
		p := ledger.Proof{Index: seen.Index, Hashes: seen.Proof, Checkpoint: note}
		if _, _, err := p.Verify(seen.Leaf.Hash(), w.policy(), keys...); err != nil || seen.Leaf != in.Leaves[i].Leaf {
			t.Errorf("earlier checkpoint %d: %v", i, err)
		}
	}
	for _, s := range stamps {
		c, err := w.db.Checkpoints(t.Context(), store.InstanceLog, s.Size)
		if err != nil || c[0].Size != s.Size || !s.Instance {
			t.Fatalf("stamp of size %d: %v", s.Size, err)
		}
		note, err := ledger.ParseNote(c[0].Note)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.VerifyTimestamp(s.DER, []byte(note.Text), w.config.Authorities[0].Trust); err != nil {
			t.Errorf("stamp of size %d: %v", s.Size, err)
		}
	}
	if in, _, err := v.ForBundle(t.Context(), late.ID); in != nil || err != nil {
		t.Errorf("a log that is not in the instance log: %+v, %v", in, err)
	}
}
