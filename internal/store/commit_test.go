package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/event"
	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

func TestAppendAndRead(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		other := newLog(t, s, "hillside")
		three := store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, "b", 1), item(l.Name, "c", 0), item(l.Name, "d", 5000)}}
		res := commitOK(t, s, one(l, "a"), one(other, "a"), three)
		if res[0].First != 0 || res[1].First != 0 || res[2].First != 1 || res[2].Count != 3 || res[2].Index(2) != 3 {
			t.Errorf("indexes: got %+v", res)
		}
		if res[0].Size != 4 || res[2].Size != 4 || res[1].Size != 1 {
			t.Errorf("sizes after the commit: got %d, %d, %d", res[0].Size, res[2].Size, res[1].Size)
		}
		got := envelopes(t, s, l)
		want := append([]store.Item{one(l, "a").Items[0]}, three.Items...)
		var f ledger.Frontier
		for n, g := range got {
			if g.Index != uint64(n) || !bytes.Equal(g.Envelope, want[n].Envelope) || g.Erased || g.Kind != want[n].Kind {
				t.Errorf("entry %d: got %+v", n, g)
			}
			commitment := must(ledger.Commit(g.Salt[:], g.Envelope))
			leaf := ledger.Leaf{Kind: g.Kind, Recorded: g.Recorded, Commitment: commitment}
			if leaf.Hash() != g.LeafHash {
				t.Errorf("entry %d: its leaf is not that of its salt and envelope", n)
			}
			f.Append(g.LeafHash)
		}
		head := must(s.Head(context.Background(), l.ID))
		if len(got) != 4 || head.Size != 4 || head.Root != f.Root() || head.Root != res[0].Root || head.Recorded != got[3].Recorded {
			t.Errorf("head: got %+v after %d entries", head, len(got))
		}
		checkClean(t, s)
	})
}

func TestRepeated(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		fill(t, s, l, 5)
		first := commitOK(t, s, one(l, "k"))[0]
		zero := uint64(0)
		again := one(l, "k")
		again.Expect = &zero // stale by now, and still the answer is the first index
		res := commitOK(t, s, one(l, "k"), one(l, "new"), one(l, "k"), again, one(l, "new"))
		for _, n := range []int{0, 2, 3} {
			if res[n].First != first.First || !res[n].Repeated || res[n].Recorded != first.Recorded {
				t.Errorf("repetition %d: got %+v, want entry %d", n, res[n], first.First)
			}
		}
		if res[1].First != 6 || res[1].Repeated || res[4].First != 6 || !res[4].Repeated || res[4].Size != 7 {
			t.Errorf("new one beside repetitions: got %+v and %+v", res[1], res[4])
		}
		mixed := store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, "x", 40), item(l.Name, "k", 40), item(l.Name, "y", 40)}}
		got := commitOK(t, s, mixed)[0]
		if diff := cmp.Diff([]uint64{7, 5, 8}, got.Indexes); diff != "" || got.Repeated || got.Size != 9 {
			t.Errorf("partly repeated: got %+v", got)
		}
		otherLog := newLog(t, s, "hillside")
		if r := commitOK(t, s, one(otherLog, "k"))[0]; r.Repeated {
			t.Error("a key of one log is taken in another")
		}
		checkClean(t, s)
	})
}

func TestConflict(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		resolved := one(l, "resolved")
		resolved.Items[0].Submitted = [32]byte{7}
		commitOK(t, s, one(l, "k"), resolved)
		clash := store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, "k", 41)}}
		twins := store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, "t", 1), item(l.Name, "t", 2)}}
		anew := store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, "resolved", 99)}}
		anew.Items[0].Submitted = [32]byte{7} // resolved to something else this time
		res := commit(t, s, clash, one(l, "fine"), twins, anew)
		for _, n := range []int{0, 2} {
			if !errors.Is(res[n].Err, store.ErrConflict) {
				t.Errorf("submission %d: got %v, want ErrConflict", n, res[n].Err)
			}
		}
		if res[1].Err != nil || res[1].First != 2 {
			t.Errorf("beside conflicts: got %+v", res[1])
		}
		if res[3].Err != nil || !res[3].Repeated || res[3].First != 1 {
			t.Errorf("same submission, resolved otherwise: got %+v", res[3])
		}
		checkClean(t, s)
	})
}

func TestExpect(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		fill(t, s, l, 3)
		at := func(key string, size uint64) store.Submission {
			sub := one(l, key)
			sub.Expect = &size
			return sub
		}
		res := commit(t, s, at("a", 3), at("b", 3), at("c", 4), at("d", 9), one(l, "e"))
		for n, want := range []bool{true, false, true, false, true} {
			if got := res[n].Err == nil; got != want || !want && !errors.Is(res[n].Err, store.ErrStale) {
				t.Errorf("submission %d: got %v, want appended %v", n, res[n].Err, want)
			}
		}
		if h := must(s.Head(context.Background(), l.ID)); h.Size != 6 {
			t.Errorf("size: got %d, want 6", h.Size)
		}
		checkClean(t, s)
	})
}

func TestErase(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		fill(t, s, l, 300)
		before := must(s.Head(ctx, l.ID))
		snap := store.Snapshot{Log: l.ID, Name: "state", Fold: "1", Size: before.Size, Root: before.Root, Data: []byte("folded")}
		if err := s.PutSnapshot(ctx, snap); err != nil {
			t.Fatal(err)
		}
		commitOK(t, s, erasure(l, "e1", 7))
		got := envelopes(t, s, l)
		if !got[7].Erased || got[7].Envelope != nil || got[7].LeafHash == (ledger.Hash{}) || got[8].Erased {
			t.Errorf("entry 7: got %+v", got[7])
		}
		if _, err := s.GetSnapshot(ctx, l.ID, "state", "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("snapshot after an erasure: got %v, want ErrNotFound", err)
		}
		if err := s.PutSnapshot(ctx, snap); !errors.Is(err, store.ErrStale) {
			t.Errorf("snapshot from before the erasure: got %v, want ErrStale", err)
		}
		res := commit(t, s, erasure(l, "e2", 7), erasure(l, "e3", 5000), one(l, "fill-7"), erasure(l, "e4", 300))
		if !errors.Is(res[0].Err, store.ErrErased) || !errors.Is(res[1].Err, store.ErrNotFound) {
			t.Errorf("erased twice: %v; erased past the end: %v", res[0].Err, res[1].Err)
		}
		if r := res[2]; r.Err != nil || !r.Repeated || !r.Erased || r.First != 7 {
			t.Errorf("key of an erased entry: got %+v", r)
		}
		if res[3].Err != nil || res[3].First != 301 {
			t.Errorf("erase the last entry: got %+v", res[3])
		}
		// An entry of the same batch can be erased too.
		commitOK(t, s, one(l, "short"), erasure(l, "e5", 302))
		if got := envelopes(t, s, l); !got[302].Erased || len(got) != 304 {
			t.Errorf("entry of the same batch: got erased %v of %d", got[302].Erased, len(got))
		}
		// The erased entry 300 was itself an erasure: entry 7 lost its witness.
		failures := check(t, s, store.CheckOptions{})
		if len(failures) != 1 || failures[0].Index != 7 {
			t.Errorf("check: got %+v, want one failure at entry 7", failures)
		}
	})
}

func TestClock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		first := commitOK(t, s, one(l, "a"))[0]
		e.clock.advance(-4 * time.Minute)
		if r := commitOK(t, s, one(l, "b"))[0]; r.Recorded != first.Recorded {
			t.Errorf("clock a little behind: recorded %d, want that of the entry before, %d", r.Recorded, first.Recorded)
		}
		e.clock.advance(-2 * time.Minute)
		if r := commit(t, s, one(l, "c"))[0]; !errors.Is(r.Err, store.ErrClock) {
			t.Errorf("clock far behind: got %v, want ErrClock", r.Err)
		}
		if r := commitOK(t, s, one(l, "a"))[0]; !r.Repeated {
			t.Error("a repetition needs no clock")
		}
		e.clock.advance(10 * time.Minute)
		commitOK(t, s, one(l, "c"))
		checkClean(t, s)
	})
}

func TestRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		long := one(l, "k")
		long.Items[0].Envelope = make([]byte, event.MaxEnvelope+1)
		noKey := one(l, "k")
		noKey.Items[0].Key = ""
		gone := one(l, "k")
		gone.Log = 77
		instance := one(l, "k")
		instance.Log = store.InstanceLog
		res, _ := s.Commit(context.Background(), []store.Submission{long, noKey, {Log: l.ID}, gone, instance, one(l, "fine")})
		for n := range 5 {
			if res[n].Err == nil {
				t.Errorf("submission %d was appended", n)
			}
		}
		if res[5].Err != nil || res[5].First != 0 {
			t.Errorf("beside refused ones: got %+v", res[5])
		}
	})
}

// TestTiles compares every tile and root with a tree kept in memory.
func TestTiles(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		rnd := rand.New(rand.NewPCG(1, 2))
		for n := 0; n < 1500; {
			var subs []store.Submission
			for range 1 + rnd.IntN(400) {
				subs = append(subs, one(l, fmt.Sprint(n)))
				n++
			}
			commitOK(t, s, subs...)
		}
		h := must(s.Head(ctx, l.ID))
		tree := ledger.NewTree(must(s.LeafHashes(ctx, l.ID, 0, h.Size)))
		for _, tile := range append(ledger.FilledTiles(0, h.Size), ledger.PartialTiles(h.Size)...) {
			data, err := s.Tile(ctx, l.ID, tile)
			if err != nil || len(data) != tile.Width*ledger.HashSize {
				t.Fatalf("%s: %d bytes, %v", tile.Path(), len(data), err)
			}
		}
		for size := uint64(0); size <= h.Size; size += 1 + size/9 {
			want := must(tree.Root(size))
			if got := must(s.RootAt(ctx, l.ID, size)); got != want {
				t.Errorf("root at %d: got %s, want %s", size, got, want)
			}
		}
		for _, tile := range []ledger.Tile{{Level: 0, Index: h.Size / 256, Width: 256}, {Level: 9, Index: 0, Width: 1}, {Level: 0, Index: 1 << 60, Width: 1}} {
			if _, err := s.Tile(ctx, l.ID, tile); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: got %v, want ErrNotFound", tile.Path(), err)
			}
		}
		checkClean(t, s)
	})
}

func TestReopen(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		fill(t, s, l, 700)
		want := must(s.Head(context.Background(), l.ID))
		s.Close()
		s = e.open(t, e.options())
		got := must(s.LogByName(context.Background(), l.Name))
		if diff := cmp.Diff(l, got); diff != "" {
			t.Errorf("log after reopening: %s", diff)
		}
		if h := must(s.Head(context.Background(), l.ID)); h != want {
			t.Errorf("head: got %+v, want %+v", h, want)
		}
		if r := commitOK(t, s, one(l, "fill-3"), one(l, "next")); !r[0].Repeated || r[1].First != 700 {
			t.Errorf("after reopening: got %+v", r)
		}
		checkClean(t, s)
	})
}

func TestRawEntriesNameNobody(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		fill(t, s, l, 3)
		n := 0
		for r, err := range s.RawEntries(context.Background(), l.ID, 0, 10) {
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(r.Body, []byte("lakeside")) || bytes.Contains(r.Body, []byte("fill")) {
				t.Errorf("entry %d stands in clear", r.Index)
			}
			n++
		}
		if n != 3 {
			t.Errorf("got %d entries, want 3", n)
		}
	})
}
