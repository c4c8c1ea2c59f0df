package vouch_test

import (
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// TestInstanceGoesOnAfterALoss puts an old copy back, admits the loss, and goes
// on: the same key signs under the next origin, the witness that saw the lost
// leaves cosigns again, and the first new leaf says what was lost.
func TestInstanceGoesOnAfterALoss(t *testing.T) {
	w, l := rolledBack(t, false)
	before := w.instance()
	old := w.open().Keys().Verifiers(before.Origin)
	lost := admitLoss(t, w, l)
	after := w.instance()
	if next, err := ledger.NextEpoch(before.Origin); err != nil || after.Origin != next || after.Pseudonym != before.Pseudonym || after.Epoch != 2 {
		t.Fatalf("the instance log is %+v, %v, want the next epoch of %s", after, err, before.Origin)
	}
	v := w.open()
	f := w.fakes["w1"]
	f.log = append(f.log, v.Keys().Verifiers(after.Origin)...)
	for i, k := range v.Keys().Verifiers(after.Origin) {
		if k.Name() != after.Origin || !k.SameKey(old[i]) {
			t.Errorf("key %d is another one than before the loss", i)
		}
	}
	w.round(v)
	w.advance(time.Hour)
	head, err := w.db.Head(t.Context(), store.InstanceLog)
	if err != nil {
		t.Fatal(err)
	}
	checkVouched(t, w, v, head.Size)
	checkHistory(t, w)
	all := leaves(t, w.db)
	if got, want := all[1].Leaf, (ledger.InstanceLeaf{Pseudonym: before.Pseudonym, Size: lost.Size, Root: lost.Root}); got != want {
		t.Errorf("the first new leaf is %+v, want the loss %+v", got, want)
	}
	if f.log422 != 0 || v.Halted() != nil {
		t.Errorf("the witness saw %d forks; %v", f.log422, v.Halted())
	}
	if err := w.open().CheckGuard(t.Context()); err != nil {
		t.Errorf("the guard: %v", err)
	}
	_, err = w.db.Check(t.Context(), store.CheckOptions{}, func(f store.Failure) {
		if f.Log == after.Origin {
			t.Errorf("check: %+v", f)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// admitLoss is what a restore with new epochs does; done twice, it is done once.
func admitLoss(t *testing.T, w *world, l store.Log) store.Signed {
	t.Helper()
	ctx := t.Context()
	signed, err := w.guard.Read()
	if err != nil {
		t.Fatal(err)
	}
	instance := w.instance()
	next, err := ledger.NextEpoch(l.Origin)
	if err == nil {
		l, err = w.db.CreateLog(ctx, store.Log{Name: l.Name, Epoch: 2, Origin: next})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.add(l, 2)
	lost := signed[instance.Origin]
	for range 2 {
		if _, err := w.db.BeginInstanceEpoch(ctx, lost); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.guard.Forget(instance.Origin); err != nil {
		t.Fatal(err)
	}
	return lost
}
