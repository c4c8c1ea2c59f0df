package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// TestInstanceEpoch goes on with the instance log after a loss: the leaves that
// are left stay, the loss is a leaf, and old checkpoints are kept, checked and
// not listed.
func TestInstanceEpoch(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		fill(t, s, l, 3)
		h := must(s.Head(ctx, l.ID))
		instance := must(s.LogByID(ctx, store.InstanceLog))
		head := must(s.AppendInstance(ctx, []ledger.InstanceLeaf{{Pseudonym: l.Pseudonym, Size: h.Size, Root: h.Root}}))
		must(s.PutCheckpoint(ctx, signedAs(instance, head.Size, head.Root)))

		lost := store.Signed{Size: 9, Root: ledger.Hash{9}}
		next := must(s.BeginInstanceEpoch(ctx, lost))
		if again := must(s.BeginInstanceEpoch(ctx, lost)); again != next || next.Origin != instance.Origin+"/e2" || next.Epoch != 2 {
			t.Errorf("got %+v, then %+v", next, again)
		}
		want := []ledger.InstanceLeaf{
			{Pseudonym: l.Pseudonym, Size: h.Size, Root: h.Root},
			{Pseudonym: instance.Pseudonym, Size: lost.Size, Root: lost.Root},
		}
		var got []ledger.InstanceLeaf
		for e, err := range s.InstanceLeaves(ctx, 0, 10) {
			got = append(got, must(e, err).Leaf)
		}
		if !slices.Equal(got, want) {
			t.Errorf("leaves %+v, want %+v", got, want)
		}
		if _, err := s.LastCheckpoint(ctx, store.InstanceLog); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the last checkpoint of the new epoch: %v, want ErrNotFound", err)
		}
		must(s.PutCheckpoint(ctx, signed(s, next)))
		if points := must(s.Checkpoints(ctx, store.InstanceLog, 0)); len(points) != 1 || points[0].Size != 2 {
			t.Errorf("%d checkpoints of the new epoch, want one of size 2", len(points))
		}
		checkClean(t, s)
	})
}
