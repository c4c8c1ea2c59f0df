package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"breakwater/internal/store"
)

// breaker breaks one operation, the n-th from when it is armed.
type breaker struct {
	mu    sync.Mutex
	op    string
	what  store.Fault
	count int
	hit   bool
}

func (b *breaker) fault(op string) store.Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	if op != b.op {
		return store.NoFault
	}
	if b.count--; b.count != 0 {
		return store.NoFault
	}
	b.hit = true
	return b.what
}

func (b *breaker) arm(op string, what store.Fault, nth int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.op, b.what, b.count, b.hit = op, what, nth, false
}

// TestFaults breaks each operation of an append, once so that it is not kept and
// once so that it is kept and the answer lost. Whatever the answer was, the log
// is whole, the same submission again is answered with one entry, and what was
// acknowledged is there.
func TestFaults(t *testing.T) {
	operations := []struct {
		op    string
		nth   int
		fatal bool // a failure is answered, not retried
	}{
		{"begin", 1, true},
		{"lock head", 1, true},
		{"lock head", 2, true},
		{"insert entry", 1, true},
		{"insert tile", 1, true},
		{"update head", 1, true},
		{"update head", 2, true},
		{"insert blob", 1, true},
		{"update entry", 1, true},
		{"remove snapshot", 1, true},
		{"insert job", 1, true},
		{"commit", 1, false},
	}
	for _, what := range []store.Fault{store.NotKept, store.Kept} {
		for _, o := range operations {
			t.Run(fmt.Sprintf("%s %d, kept=%v", o.op, o.nth, what == store.Kept), func(t *testing.T) {
				eachEngine(t, func(t *testing.T, e *env) {
					if testing.Short() && e.name == "postgres" && o.op != "commit" && o.op != "insert entry" {
						t.Skip("short")
					}
					faultOnce(t, e, o.op, what, o.nth, o.fatal)
				})
			})
		}
	}
}

func faultOnce(t *testing.T, e *env, op string, what store.Fault, nth int, fatal bool) {
	ctx := context.Background()
	b := &breaker{}
	o := e.options()
	o.Fault = b.fault
	s := e.open(t, o)
	l, other := newLog(t, s, "lakeside"), newLog(t, s, "hillside")
	fill(t, s, l, 255)
	h := must(s.Head(ctx, l.ID))
	snap := store.Snapshot{Log: l.ID, Name: "state", Fold: "1", Size: h.Size, Root: h.Root, Data: []byte("x")}
	if err := s.PutSnapshot(ctx, snap); err != nil {
		t.Fatal(err)
	}
	sub := erasure(l, "erase", 3)
	sub.Items[0].Blobs = []store.BlobRef{{Name: [32]byte{1}, Size: 5}}
	sub.Jobs = []store.Job{{Log: l.ID, Kind: "refold", Key: "3"}}
	batch := []store.Submission{one(l, "fault"), sub, one(other, "fault")}

	b.arm(op, what, nth)
	res, err := s.Commit(ctx, batch)
	if !b.hit && !(e.name == "postgres" && nth == 2) { // there each log has its own transaction
		t.Fatalf("%s was never called", op)
	}
	if fatal && err == nil && e.name != "postgres" {
		t.Errorf("%s failed and the commit did not", op)
	}
	for n, r := range res {
		if (r.Err == nil) != (err == nil) && e.name != "postgres" {
			t.Errorf("submission %d: %v, commit: %v", n, r.Err, err)
		}
		if r.Err == nil && r.Repeated {
			t.Errorf("submission %d is new and was called repeated", n)
		}
		if errors.Is(r.Err, store.ErrStopped) {
			t.Errorf("submission %d: a passing fault stopped the store: %v", n, r.Err)
		}
	}
	b.arm("", 0, 0)
	again := commitOK(t, s, batch...)
	for n, r := range again {
		if acknowledged := res[n].Err == nil; acknowledged != r.Repeated {
			t.Errorf("submission %d again: repeated %v after error %v", n, r.Repeated, res[n].Err)
		} else if acknowledged && r.First != res[n].First {
			t.Errorf("submission %d again: entry %d, was %d", n, r.First, res[n].First)
		}
	}
	if h := must(s.Head(ctx, l.ID)); h.Size != 257 {
		t.Errorf("size: got %d, want 257", h.Size)
	}
	if counts := must(s.JobCounts(ctx)); counts["refold"] != 1 {
		t.Errorf("jobs: got %v, want one refold", counts)
	}
	if e.name != "memory" {
		s.Close()
		s = e.open(t, e.options())
	}
	checkClean(t, s)
}

// TestFaultsOfOtherWrites breaks the commit of everything else that is written
// and repeated by itself.
func TestFaultsOfOtherWrites(t *testing.T) {
	writes := map[string]func(s *store.Store, l store.Log) error{
		"create log": func(s *store.Store, _ store.Log) error {
			_, err := s.CreateLog(context.Background(), store.Log{Name: "new"})
			return err
		},
		"setting": func(s *store.Store, _ store.Log) error {
			_, err := s.PutSetting(context.Background(), store.Setting{Area: "cursor", Name: "rmm", Revision: store.AnyRevision})
			return err
		},
		"lease": func(s *store.Store, _ store.Log) error {
			_, err := s.Acquire(context.Background(), "sign", "me", 1e9)
			return err
		},
		"snapshot": func(s *store.Store, l store.Log) error {
			h := must(s.Head(context.Background(), l.ID))
			return s.PutSnapshot(context.Background(), store.Snapshot{Log: l.ID, Name: "state", Size: h.Size, Root: h.Root})
		},
		"checkpoint": func(s *store.Store, l store.Log) error {
			_, err := s.PutCheckpoint(context.Background(), signed(s, l))
			return err
		},
	}
	for name, write := range writes {
		for _, what := range []store.Fault{store.NotKept, store.Kept} {
			t.Run(fmt.Sprintf("%s, kept=%v", name, what == store.Kept), func(t *testing.T) {
				eachEngine(t, func(t *testing.T, e *env) {
					b := &breaker{}
					o := e.options()
					o.Fault = b.fault
					s := e.open(t, o)
					l := newLog(t, s, "lakeside")
					fill(t, s, l, 3)
					b.arm("commit", what, 1)
					if err := write(s, l); err != nil {
						t.Errorf("got %v, want it settled", err)
					}
					if !b.hit {
						t.Error("nothing was committed")
					}
					checkClean(t, s)
				})
			})
		}
	}
}
