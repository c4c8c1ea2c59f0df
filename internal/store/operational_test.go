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
