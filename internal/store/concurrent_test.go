package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"breakwater/internal/store"
)

// TestCommitterConcurrent lets many goroutines append to a few logs, each key
// twice, through two stores on one database where that is possible.
func TestCommitterConcurrent(t *testing.T) {
	const writers, each = 16, 30
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		logs := []store.Log{l, newLog(t, s, "hillside"), newLog(t, s, "brook")}
		second := e.open(t, e.options()) // a process beside serve
		committers := []*store.Committer{store.NewCommitter(s), store.NewCommitter(second)}
		var mu sync.Mutex
		first := map[string]uint64{}
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					log := logs[(w+n)%len(logs)]
					key := fmt.Sprintf("%d-%d", w/2, n) // two writers share a key
					log = logs[(w/2+n)%len(logs)]
					res, err := committers[w%2].Append(context.Background(), one(log, key))
					if err != nil {
						t.Errorf("append: %v", err)
						return
					}
					mu.Lock()
					id := log.Name + key
					if was, ok := first[id]; ok && was != res.First {
						t.Errorf("%s: entries %d and %d", id, was, res.First)
					}
					first[id] = res.First
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, c := range committers {
			c.Close()
		}
		total := uint64(0)
		for _, h := range must(s.Heads(context.Background())) {
			total += h.Size
		}
		if total != writers/2*each {
			t.Errorf("got %d entries, want %d", total, writers/2*each)
		}
		checkClean(t, s)
	})
}

// TestExpectRace: of many that read the same size only one appends.
func TestExpectRace(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		second := e.open(t, e.options())
		var wg sync.WaitGroup
		var mu sync.Mutex
		won, stale := 0, 0
		zero := uint64(0)
		for n := range 12 {
			wg.Go(func() {
				sub := one(l, fmt.Sprint(n))
				sub.Expect = &zero
				res, _ := []*store.Store{s, second}[n%2].Commit(context.Background(), []store.Submission{sub})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case res[0].Err == nil:
					won++
				case errors.Is(res[0].Err, store.ErrStale):
					stale++
				}
			})
		}
		wg.Wait()
		if won != 1 || stale != 11 {
			t.Errorf("got %d appended and %d stale, want 1 and 11", won, stale)
		}
		checkClean(t, s)
	})
}

func TestCommitterEnds(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		c := store.NewCommitter(s)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.Append(ended, one(l, "a")); !errors.Is(err, context.Canceled) {
			t.Errorf("ended context: got %v", err)
		}
		if _, err := c.Append(context.Background(), one(l, "b")); err != nil {
			t.Error(err)
		}
		bad := one(l, "b")
		bad.Items = append(bad.Items, item(l.Name, "b", 9))
		if res, err := c.Append(context.Background(), bad); !errors.Is(err, store.ErrConflict) || res.Err == nil {
			t.Errorf("conflict: got %v", err)
		}
		c.Close()
		if _, err := c.Append(context.Background(), one(l, "c")); !errors.Is(err, store.ErrClosed) {
			t.Errorf("closed: got %v, want ErrClosed", err)
		}
		if h := must(s.Head(context.Background(), l.ID)); h.Size != 1 {
			t.Errorf("size: got %d, want 1", h.Size)
		}
	})
}

// TestWatch: what a process appends is noticed by another.
func TestWatch(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		other := newLog(t, s, "hillside")
		second := e.open(t, e.options())
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		step := 0
		err := s.Watch(ctx, time.Millisecond, func(heads []store.Head) error {
			step++
			switch step {
			case 1:
				if len(heads) != 2 {
					t.Errorf("first: got %+v, want both heads", heads)
				}
				commitOK(t, second, one(l, "a"))
			case 2:
				if len(heads) != 1 || heads[0].Log != l.ID || heads[0].Size != 1 {
					t.Errorf("then: got %+v, want log %d at 1", heads, l.ID)
				}
				commitOK(t, second, one(l, "b"), one(other, "b"))
			default:
				cancel()
			}
			return nil
		})
		if err != nil || step < 3 {
			t.Errorf("after %d calls: %v", step, err)
		}
	})
}

// TestHeadsOfOthers has two processes append in turns, so that what one knows of
// a head is never good for long, and alters a head behind their backs.
func TestHeadsOfOthers(t *testing.T) {
	e := newEnv(t, "sqlite")
	a, l := e.start(t)
	b := e.open(t, e.options())
	for n := range 300 {
		s := []*store.Store{a, b}[n/(1+n%3)%2]
		if res := commitOK(t, s, one(l, fmt.Sprint("turn ", n))); res[0].First != uint64(n) {
			t.Fatalf("turn %d got index %d", n, res[0].First)
		}
	}
	version := must(a.RotateDataKey(context.Background(), l.ID))
	for n, s := range []*store.Store{b, a} {
		commitOK(t, s, one(l, fmt.Sprint("rotated ", n)))
	}
	for r, err := range b.RawEntries(context.Background(), l.ID, 300, 302) {
		if got := binary.BigEndian.Uint32(must(r, err).Body); got != version {
			t.Errorf("entry %d is sealed under key %d, want %d", r.Index, got, version)
		}
	}
	checkClean(t, b)
	e.exec(t, "UPDATE head SET root = zeroblob(32)")
	if _, err := b.Commit(context.Background(), []store.Submission{one(l, "after")}); err == nil || b.Stopped() == nil {
		t.Errorf("a head that was altered by another process: %v, %v", err, b.Stopped())
	}
}
