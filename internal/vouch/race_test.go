package vouch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

func TestOneHolder(t *testing.T) {
	w := newWorld(t)
	l := w.newLog("Smile Dental")
	w.add(l, 5)
	first, second := w.open(), w.open()
	w.round(first)
	if err := second.Round(t.Context()); !errors.Is(err, store.ErrHeld) {
		t.Errorf("a second holder: %v, want ErrHeld", err)
	}
	if c, err := second.Checkpoint(t.Context(), l.ID); err != nil || c.Size != 5 {
		t.Errorf("a checkpoint that is there already: size %d, %v", c.Size, err)
	}
	w.advance(21 * time.Second) // the first died
	w.add(l, 1)
	if c, err := second.Checkpoint(t.Context(), l.ID); err != nil || c.Size != 6 {
		t.Errorf("after the lease ended: size %d, %v", c.Size, err)
	}
	w.round(second)
	if err := first.Round(t.Context()); !errors.Is(err, store.ErrHeld) {
		t.Errorf("the first, awake again: %v, want ErrHeld", err)
	}
	second.Close()
	w.round(first)
	if _, err := second.Checkpoint(t.Context(), w.newLog("Quiet Practice").ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("checkpoint of an empty log: %v, want ErrNotFound", err)
	}
}

// A command asks the holder; one that hangs is told of within 5 s.
func TestCommandAsksTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.base = time.Time{}
		l := w.newLog("Smile Dental")
		w.add(l, 5)
		serve, command := w.open(), w.open()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- serve.Run(ctx) }()
		time.Sleep(3 * time.Second)
		w.add(l, 1)
		start := time.Now()
		c, err := command.Checkpoint(t.Context(), l.ID)
		if took := time.Since(start); err != nil || c.Size != 6 || took > 2*time.Second {
			t.Errorf("size %d after %v, %v", c.Size, took, err)
		}
		if got := leaves(t, w.db); len(got) != 1 || got[0].Leaf.Size != 5 {
			t.Errorf("asking made the instance log grow: %+v", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		w.add(l, 1)
		if c, err := command.Checkpoint(t.Context(), l.ID); err != nil || c.Size != 7 {
			t.Errorf("after the holder gave the lease up: size %d, %v", c.Size, err)
		}
		w.round(w.open()) // it holds the lease from now on and does nothing
		w.add(l, 1)
		start = time.Now()
		_, err = command.Checkpoint(t.Context(), l.ID)
		if took := time.Since(start); !errors.Is(err, vouch.ErrNoAnswer) || took < 4*time.Second || took > 6*time.Second {
			t.Errorf("a holder that hangs: %v after %v, want ErrNoAnswer", err, took)
		}
	})
}

// Two processes serve one database for a day and are asked by a third all the
// while; one is killed and comes back. There is one history, no size has two
// checkpoints, and the witness never saw anything else.
func TestTwoProcessesADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.base = time.Time{}
		w.addWitnesses(1)
		a, b := w.newLog("Smile Dental"), w.newLog("Harbor Clinic")
		var wg sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		first, kill := context.WithCancel(ctx)
		defer kill()
		run := func(ctx context.Context) {
			v := w.open()
			wg.Go(func() {
				if err := v.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		run(first)
		run(ctx)
		command := w.open()
		for n := range 24 * 4 {
			time.Sleep(15 * time.Minute)
			w.add(a, 1)
			if n%3 == 0 {
				w.add(b, 2)
			}
			if n == 40 {
				kill()
				run(ctx)
			}
			if n%7 == 0 {
				if _, err := command.Checkpoint(t.Context(), a.ID); err != nil {
					t.Errorf("at turn %d: %v", n, err)
				}
			}
		}
		stop()
		wg.Wait()
		checkHistory(t, w)
		if n := len(leaves(t, w.db)); n < 40 || n > 2*25 {
			t.Errorf("%d leaves in a day, want two an hour", n)
		}
		f := w.fakes["w1"]
		if f.log422 != 0 || len(f.sizes) < 22 || len(f.sizes) > 26 {
			t.Errorf("the witness cosigned %v and saw %d forks", f.sizes, f.log422)
		}
		if text := w.reports.text(); text != "" {
			t.Errorf("reports: %s", text)
		}
		if got, want := w.line(command), "Vouched for by 1 of 1 outside witness, to within 60 minutes"; got > want || len(got) != len(want) {
			t.Errorf("%q, want at most %q", got, want)
		}
	})
}

// checkHistory checks every invariant that a crash could break.
func checkHistory(t testing.TB, w *world) {
	t.Helper()
	ctx := context.Background()
	signed, err := w.guard.Read()
	if err != nil {
		t.Fatal(err)
	}
	logs, err := w.db.Logs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append(logs, w.instance()) {
		points, err := w.db.Checkpoints(ctx, l.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range points {
			cp, _, err := ledger.Open(c.Note, w.open().Keys().Verifiers(l.Origin)...)
			if err != nil || cp.Size != c.Size || cp.Root != c.Root {
				t.Errorf("log %d, size %d: %+v, %v", l.ID, c.Size, cp, err)
			}
			if root, err := w.db.RootAt(ctx, l.ID, c.Size); err != nil || root != c.Root {
				t.Errorf("log %d, size %d: its root was signed as %s and is %s, %v", l.ID, c.Size, c.Root, root, err)
			}
			if g := signed[l.Origin]; g.Size < c.Size {
				t.Errorf("log %d: size %d is stored, and the guard knows %d", l.ID, c.Size, g.Size)
			}
		}
	}
	if err := w.db.CheckGuard(ctx, w.guard); err != nil {
		t.Error(err)
	}
}
