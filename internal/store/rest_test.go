package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

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

func TestSettings(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		st := store.Setting{Log: l.ID, Area: "account", Name: "dana@example.com", Value: []byte("v1")}
		if rev := must(s.PutSetting(ctx, st)); rev != 1 {
			t.Errorf("revision: got %d, want 1", rev)
		}
		if _, err := s.PutSetting(ctx, st); !errors.Is(err, store.ErrConflict) {
			t.Errorf("made twice: got %v, want ErrConflict", err)
		}
		st.Revision, st.Value, st.Expires = 1, []byte("v2"), e.clock.now().Add(time.Hour).UnixMilli()
		st.Revision = must(s.PutSetting(ctx, st))
		if diff := cmp.Diff(st, must(s.GetSetting(ctx, l.ID, "account", st.Name))); diff != "" {
			t.Error(diff)
		}
		must(s.PutSetting(ctx, store.Setting{Log: l.ID, Area: "account", Name: "lee"}))
		if list := must(s.Settings(ctx, l.ID, "account")); len(list) != 2 {
			t.Errorf("list: got %+v", list)
		}
		if _, err := s.GetSetting(ctx, store.InstanceLog, "account", st.Name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of another log: got %v", err)
		}
		e.clock.advance(2 * time.Hour)
		if _, err := s.GetSetting(ctx, l.ID, "account", st.Name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("expired: got %v", err)
		}
		st.Revision, st.Expires = 0, 0
		if rev := must(s.PutSetting(ctx, st)); rev != 3 {
			t.Errorf("after expiry: revision %d, want 3", rev)
		}
		st.Revision, st.Expires = 3, 1
		must(s.PutSetting(ctx, st))
		if n := must(s.DeleteExpired(ctx)); n != 1 {
			t.Errorf("deleted %d expired, want 1", n)
		}
		if err := s.DeleteSetting(ctx, l.ID, "account", "lee", 9); !errors.Is(err, store.ErrConflict) {
			t.Errorf("delete another revision: got %v", err)
		}
		if err := s.DeleteSetting(ctx, l.ID, "account", "lee", 1); err != nil {
			t.Error(err)
		}
		if err := s.DeleteSetting(ctx, l.ID, "account", "lee", store.AnyRevision); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete again: got %v", err)
		}
	})
}

func TestJobs(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		job := store.Job{Log: l.ID, Kind: "mail", Key: "k", Body: []byte("to dana")}
		sub := one(l, "a")
		sub.Jobs = []store.Job{job, {Log: l.ID, Kind: "later", Run: e.clock.now().Add(time.Hour).UnixMilli()}}
		commitOK(t, s, sub)
		commitOK(t, s, sub) // repeated: enqueues nothing
		if err := s.Enqueue(ctx, job); err != nil {
			t.Fatal(err)
		}
		if got := must(s.JobCounts(ctx)); got["mail"] != 1 || got["later"] != 1 {
			t.Errorf("counts: got %v", got)
		}
		kinds := []string{"mail", "later"}
		claimed := must(s.Claim(ctx, kinds, time.Minute, 5))
		if len(claimed) != 1 || string(claimed[0].Body) != "to dana" || claimed[0].Key != "k" || claimed[0].Attempt != 1 {
			t.Fatalf("claimed: got %+v", claimed)
		}
		if again := must(s.Claim(ctx, kinds, time.Minute, 5)); len(again) != 0 {
			t.Errorf("claimed twice: %+v", again)
		}
		if err := s.Retry(ctx, claimed[0], "server said no", 10*time.Second); err != nil {
			t.Fatal(err)
		}
		e.clock.advance(11 * time.Second)
		second := must(s.Claim(ctx, kinds, time.Minute, 5))
		if len(second) != 1 || second[0].Attempt != 2 || second[0].LastError != "server said no" {
			t.Fatalf("second attempt: got %+v", second)
		}
		e.clock.advance(2 * time.Minute) // that worker died
		third := must(s.Claim(ctx, kinds, time.Minute, 5))
		if len(third) != 1 || third[0].Attempt != 3 {
			t.Fatalf("after the lease: got %+v", third)
		}
		if err := s.Done(ctx, second[0]); !errors.Is(err, store.ErrStale) {
			t.Errorf("done too late: got %v, want ErrStale", err)
		}
		if err := s.Enqueue(ctx, job); err != nil { // while it is being worked on
			t.Fatal(err)
		}
		if err := s.Extend(ctx, &third[0], 2*time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.Done(ctx, third[0]); err != nil {
			t.Fatal(err)
		}
		fourth := must(s.Claim(ctx, kinds, time.Minute, 5))
		if len(fourth) != 1 || fourth[0].Attempt != 1 {
			t.Fatalf("enqueued while running: got %+v", fourth)
		}
		if err := s.Done(ctx, fourth[0]); err != nil {
			t.Fatal(err)
		}
		if got := must(s.JobCounts(ctx)); got["mail"] != 0 || got["later"] != 1 {
			t.Errorf("counts at the end: got %v", got)
		}
	})
}

// TestClaimOnce: many workers, each job goes to one.
func TestClaimOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		second := e.open(t, e.options())
		for n := range 20 {
			if err := s.Enqueue(ctx, store.Job{Log: l.ID, Kind: "mail", Key: fmt.Sprint(n)}); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				for _, c := range must([]*store.Store{s, second}[w%2].Claim(ctx, []string{"mail"}, time.Minute, 20)) {
					mu.Lock()
					seen[c.Key]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(seen) != 20 {
			t.Errorf("claimed %d of 20", len(seen))
		}
		for k, n := range seen {
			if n != 1 {
				t.Errorf("job %s went to %d workers", k, n)
			}
		}
	})
}

func TestLeases(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s := e.open(t, e.options())
		mine := must(s.Acquire(ctx, "sign", "serve", time.Minute))
		if _, err := s.Acquire(ctx, "sign", "command", time.Minute); !errors.Is(err, store.ErrHeld) || !strings.Contains(err.Error(), "serve") {
			t.Errorf("held: got %v, want ErrHeld naming serve", err)
		}
		if again := must(s.Acquire(ctx, "sign", "serve", time.Minute)); again.Token != mine.Token {
			t.Errorf("taken again by its holder: token %d, want %d", again.Token, mine.Token)
		}
		mine = must(s.Renew(ctx, mine, 2*time.Minute))
		e.clock.advance(3 * time.Minute)
		theirs := must(s.Acquire(ctx, "sign", "command", time.Minute))
		if theirs.Token <= mine.Token {
			t.Errorf("token of the next holder: %d after %d", theirs.Token, mine.Token)
		}
		if _, err := s.Renew(ctx, mine, time.Minute); !errors.Is(err, store.ErrHeld) {
			t.Errorf("renew what passed to another: got %v", err)
		}
		if err := s.Release(ctx, mine); err != nil { // changes nothing
			t.Error(err)
		}
		if _, err := s.Acquire(ctx, "sign", "serve", time.Minute); !errors.Is(err, store.ErrHeld) {
			t.Errorf("still held: got %v", err)
		}
		if err := s.Release(ctx, theirs); err != nil {
			t.Error(err)
		}
		must(s.Acquire(ctx, "sign", "serve", time.Minute))
	})
}

func TestLogs(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		msp := must(s.CreateLog(ctx, store.Log{Name: "msp", MSP: true}))
		sample := must(s.CreateLog(ctx, store.Log{Name: "sample", Sample: true}))
		if !ledger.SampleOrigin(sample.Origin) || ledger.SampleOrigin(l.Origin) {
			t.Errorf("origins: got %s and %s", sample.Origin, l.Origin)
		}
		if _, err := s.CreateLog(ctx, store.Log{Name: "msp"}); !errors.Is(err, store.ErrExists) {
			t.Errorf("the same name: got %v, want ErrExists", err)
		}
		next := store.Log{Name: "lakeside", Epoch: 2, Origin: must(ledger.NextEpoch(l.Origin))}
		second := must(s.CreateLog(ctx, next))
		if diff := cmp.Diff([]store.Log{msp, l, sample, second}, must(s.Logs(ctx))); diff != "" {
			t.Error(diff)
		}
		if got := must(s.LogByName(ctx, "lakeside")); got.ID != second.ID {
			t.Errorf("by name: got epoch %d, want the newest", got.Epoch)
		}
		if _, err := s.LogByName(ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("unknown: got %v", err)
		}
		if heads := must(s.Heads(ctx)); len(heads) != 4 {
			t.Errorf("heads: got %d, want 4", len(heads))
		}
		checkClean(t, s)
	})
}

func TestBlobNames(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		other := newLog(t, s, "hillside")
		var sum [32]byte
		rand.Read(sum[:])
		name := must(s.BlobName(l.ID, sum))
		if name == must(s.BlobName(other.ID, sum)) || name != must(s.BlobName(l.ID, sum)) {
			t.Error("names are not per log and constant")
		}
		sealed := must(s.SealBlob(l.ID, name, []byte("content")))
		if got, err := s.OpenBlob(l.ID, name, sealed); err != nil || string(got) != "content" {
			t.Errorf("got %q, %v", got, err)
		}
		name[0]++
		if _, err := s.OpenBlob(l.ID, name, sealed); err == nil {
			t.Error("a file opened under another name")
		}
		name[0]--
		sub := one(l, "a")
		sub.Items[0].Blobs = []store.BlobRef{{Name: name, Size: 7}}
		commitOK(t, s, sub)
		if keep := must(s.KeepsFile(ctx, l.ID, name)); !keep {
			t.Error("a cited file is not kept")
		}
		gone := one(l, "disposed")
		gone.Dispose = [][32]byte{name}
		commitOK(t, s, gone)
		if f := must(s.CitedFile(ctx, l.ID, name)); f.Disposed == 0 || f.Size != 7 || f.Index != 0 {
			t.Errorf("disposed file: got %+v", f)
		}
		if keep := must(s.KeepsFile(ctx, l.ID, name)); keep {
			t.Error("a disposed file is kept")
		}
		anew := one(l, "b")
		anew.Items[0].Blobs = []store.BlobRef{{Name: name, Size: 7}}
		commitOK(t, s, anew)
		if list := must(s.CitedFiles(ctx, l.ID)); len(list) != 1 || list[0].Disposed != 0 || list[0].Index != 2 {
			t.Errorf("cited again: got %+v", list)
		}
		checkClean(t, s)
	})
}
