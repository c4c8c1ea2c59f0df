package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// signed is a checkpoint of a log's present head, with some signature line.
func signed(s *store.Store, l store.Log) store.Checkpoint {
	h := must(s.Head(context.Background(), l.ID))
	return signedAs(l, h.Size, h.Root)
}

func signedAs(l store.Log, size uint64, root ledger.Hash) store.Checkpoint {
	body := ledger.Checkpoint{Origin: l.Origin, Size: size, Root: root}.Body()
	note := body + "\n\u2014 " + l.Origin + " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	return store.Checkpoint{Log: l.ID, Size: size, Root: root, Note: []byte(note)}
}

func TestCheckpoints(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		if _, err := s.LastCheckpoint(ctx, l.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("none yet: got %v", err)
		}
		fill(t, s, l, 300)
		first := must(s.PutCheckpoint(ctx, signed(s, l)))
		fill(t, s, l, 10)
		second := must(s.PutCheckpoint(ctx, signed(s, l)))
		again := signed(s, l)
		again.Made = 5
		if kept := must(s.PutCheckpoint(ctx, again)); cmp.Diff(second, kept) != "" {
			t.Errorf("the same size again: got %+v, want the stored one", kept)
		}
		if diff := cmp.Diff([]store.Checkpoint{first, second}, must(s.Checkpoints(ctx, l.ID, 0))); diff != "" {
			t.Error(diff)
		}
		if last := must(s.LastCheckpoint(ctx, l.ID)); last.Size != 310 {
			t.Errorf("last: got %d", last.Size)
		}
		if _, err := s.PutCheckpoint(ctx, signedAs(l, 305, first.Root)); !errors.Is(err, store.ErrConflict) {
			t.Errorf("another root: got %v, want ErrConflict", err)
		}
		if _, err := s.PutCheckpoint(ctx, signedAs(l, 999, first.Root)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("past the end: got %v, want ErrNotFound", err)
		}
		lying := first
		lying.Note = second.Note
		if _, err := s.PutCheckpoint(ctx, lying); !errors.Is(err, store.ErrConflict) {
			t.Errorf("note of another size: got %v, want ErrConflict", err)
		}
		beside(t, s, l, first.Size)
		checkClean(t, s)
	})
}

func beside(t *testing.T, s *store.Store, l store.Log, size uint64) {
	t.Helper()
	ctx := context.Background()
	for n, who := range []string{"w1", "w2", "w1"} {
		c := store.Cosignature{Witness: who, Line: fmt.Append(nil, "line ", n)}
		if err := s.PutCosignature(ctx, l.ID, size, c); err != nil {
			t.Fatal(err)
		}
		if err := s.PutTimestamp(ctx, l.ID, size, store.Timestamp{Authority: who, Token: []byte{byte(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	got := must(s.Cosignatures(ctx, l.ID, size))
	if len(got) != 2 || got[0].Witness != "w1" || string(got[0].Line) != "line 0" {
		t.Errorf("cosignatures: got %+v", got)
	}
	if stamps := must(s.Timestamps(ctx, l.ID, size)); len(stamps) != 2 || stamps[1].Token[0] != 1 {
		t.Errorf("timestamps: got %+v", stamps)
	}
	if err := s.PutCosignature(ctx, l.ID, size+1, store.Cosignature{Witness: "w"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("cosignature of no checkpoint: got %v", err)
	}
}

func TestInstanceLog(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		other := newLog(t, s, "hillside")
		var want []ledger.InstanceLeaf
		for n := range 40 {
			commitOK(t, s, one(l, fmt.Sprint(n)), one(other, fmt.Sprint(n)))
			var leaves []ledger.InstanceLeaf
			for _, log := range []store.Log{l, other} {
				h := must(s.Head(ctx, log.ID))
				leaves = append(leaves, ledger.InstanceLeaf{Pseudonym: log.Pseudonym, Size: h.Size, Root: h.Root})
			}
			want = append(want, leaves...)
			head := must(s.AppendInstance(ctx, leaves))
			if again := must(s.AppendInstance(ctx, leaves)); again != head || head.Size != uint64(len(want)) {
				t.Fatalf("said again: got %+v, want %+v", again, head)
			}
		}
		n := 0
		for got, err := range s.InstanceLeaves(ctx, 0, 1<<40) {
			if err != nil || got.Leaf != want[n] || got.Index != uint64(n) {
				t.Fatalf("leaf %d: got %+v, %v", n, got, err)
			}
			n++
		}
		mine := must(s.InstanceLeavesOf(ctx, l.Pseudonym))
		if n != 80 || len(mine) != 40 || mine[39].Leaf.Size != 40 {
			t.Errorf("got %d leaves, %d of one log", n, len(mine))
		}
		instance := must(s.LogByID(ctx, store.InstanceLog))
		must(s.PutCheckpoint(ctx, signed(s, instance)))
		checkClean(t, s)
	})
}

func TestSnapshots(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		fill(t, s, l, 10)
		h := must(s.Head(ctx, l.ID))
		snap := store.Snapshot{Log: l.ID, Name: "state", Fold: "v1", Size: h.Size, Root: h.Root, Data: []byte("folded")}
		if err := s.PutSnapshot(ctx, snap); err != nil {
			t.Fatal(err)
		}
		fill(t, s, l, 1)
		if diff := cmp.Diff(snap, must(s.GetSnapshot(ctx, l.ID, "state", "v1"))); diff != "" {
			t.Error(diff)
		}
		if _, err := s.GetSnapshot(ctx, l.ID, "state", "v2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of another version of the code: got %v", err)
		}
		snap.Root[0]++
		if err := s.PutSnapshot(ctx, snap); err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetSnapshot(ctx, l.ID, "state", "v1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of another history: got %v", err)
		}
		if f := check(t, s, store.CheckOptions{}); len(f) != 1 || !strings.Contains(f[0].What, "snapshot") {
			t.Errorf("check: got %+v", f)
		}
		if err := s.DropDerived(ctx); err != nil {
			t.Fatal(err)
		}
		checkClean(t, s)
	})
}
