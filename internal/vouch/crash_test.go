package vouch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// TestCrashAnywhere lets each write of a round fail, once kept and once not, as
// if the process had died there. The next process finds one history, finishes the
// round, and the witness sees nothing odd.
func TestCrashAnywhere(t *testing.T) {
	for _, what := range []store.Fault{store.NotKept, store.Kept} {
		for at := 1; ; at++ {
			done := false
			t.Run(fmt.Sprintf("kept=%v/%d", what == store.Kept, at), func(t *testing.T) { done = crashAt(t, what, at) })
			if done {
				break
			}
			if at > 200 {
				t.Fatal("a round does not end")
			}
		}
	}
}

// crashAt reports whether the round ended before its at-th write.
func crashAt(t *testing.T, what store.Fault, at int) bool {
	w := newWorld(t)
	w.addWitnesses(1)
	w.addAuthority()
	a, b := w.newLog("Smile Dental"), w.newLog("Harbor Clinic")
	w.add(a, 254)
	w.add(b, 1)
	w.round(w.open())
	w.advance(time.Hour)
	w.add(a, 3)
	w.add(b, 1)
	v, count, failed := w.open(), 0, ""
	w.fault = func(op string) store.Fault {
		count++
		if count < at || failed != "" && count > at+20 {
			return store.NoFault
		}
		failed = op // and everything after it: the process is gone
		return what
	}
	err := v.Round(context.Background())
	w.fault = nil
	if failed == "" {
		return err == nil
	}
	checkHistory(t, w)
	w.advance(30 * time.Second)
	w.add(b, 1)
	w.round(w.open())
	checkHistory(t, w)
	if n := len(leaves(t, w.db)); n != 4 {
		t.Errorf("after %s failed: %d leaves, want 4: none twice, none missing", failed, n)
	}
	checkVouched(t, w, v, 4)
	if f := w.fakes["w1"]; f.log422 != 0 || f.size != 4 {
		t.Errorf("after %s failed: the witness has size %d and saw %d forks", failed, f.size, f.log422)
	}
	return false
}

// Where the guard cannot be written nothing is stored, so nothing leaves.
func TestGuardComesFirst(t *testing.T) {
	w := newWorld(t)
	l := w.newLog("Smile Dental")
	w.add(l, 3)
	w.guard = store.OpenGuard(filepath.Join(t.TempDir(), "no such folder", "guard"))
	v := w.open()
	if err := v.Round(t.Context()); err == nil {
		t.Error("a round without a guard succeeded")
	}
	if _, err := w.db.LastCheckpoint(t.Context(), l.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a checkpoint was stored: %v", err)
	}
}

// sqliteWorld is a world whose database is a file that can be copied.
func sqliteWorld(t testing.TB) (*world, string) {
	t.Helper()
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "breakwater.db")
	w.db = openFile(t, w, path)
	return w, path
}

func openFile(t testing.TB, w *world, path string) *store.Store {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), path, store.Options{Sealer: ring(t), Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// rolledBack is a world whose database was replaced by an old copy, with the
// voucher of a process that starts on it.
func rolledBack(t *testing.T, forgetGuard bool) (*world, store.Log) {
	w, path := sqliteWorld(t)
	w.addWitnesses(1)
	l := w.newLog("Smile Dental")
	w.add(l, 5)
	w.round(w.open())
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	copyFile(t, path, path+".old")
	w.advance(time.Hour)
	w.db = openFile(t, w, path)
	for range 2 {
		w.add(l, 5)
		w.round(w.open())
		w.advance(time.Hour)
	}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, side := range []string{"-wal", "-shm"} {
		os.Remove(path + side)
	}
	copyFile(t, path+".old", path)
	w.advance(2 * time.Hour)
	w.db = openFile(t, w, path)
	if forgetGuard {
		w.guard = store.OpenGuard(filepath.Join(t.TempDir(), "guard"))
	}
	return w, l
}

func TestOldBackupIsRefused(t *testing.T) {
	w, l := rolledBack(t, false)
	v := w.open()
	if err := v.CheckGuard(t.Context(), l); !errors.Is(err, store.ErrRolledBack) {
		t.Errorf("the check of a command: %v, want ErrRolledBack", err)
	}
	v = w.open()
	if err := v.Run(t.Context()); !errors.Is(err, store.ErrRolledBack) || !errors.Is(err, vouch.ErrHalted) {
		t.Errorf("serve: %v, want ErrRolledBack", err)
	}
	for _, grown := range []int{1, 9, 5} { // shorter than signed, as long, and longer with another history
		w.add(l, grown)
		v := w.open()
		if err := v.Round(t.Context()); !errors.Is(err, store.ErrRolledBack) {
			t.Errorf("grown by %d: %v, want ErrRolledBack", grown, err)
		}
		if _, err := v.Checkpoint(t.Context(), l.ID); !errors.Is(err, store.ErrRolledBack) {
			t.Errorf("grown by %d, a command: %v, want ErrRolledBack", grown, err)
		}
		if !strings.HasPrefix(w.line(v), "Signing has stopped: ") {
			t.Errorf("the line: %q", w.line(v))
		}
		v.Close()
	}
	if c, err := w.db.LastCheckpoint(t.Context(), l.ID); err != nil || c.Size != 5 {
		t.Errorf("size %d was signed, %v", c.Size, err)
	}
	if f := w.fakes["w1"]; len(f.sizes) != 3 {
		t.Errorf("the witness cosigned %v", f.sizes)
	}
}

// Where the guard was lost with the database, a witness notices.
func TestWitnessNoticesAnOldBackup(t *testing.T) {
	w, l := rolledBack(t, true)
	w.add(l, 1)
	v := w.open()
	if err := v.Round(t.Context()); !errors.Is(err, vouch.ErrHalted) || !strings.Contains(err.Error(), "larger log") {
		t.Errorf("an older log: %v, want ErrHalted", err)
	}
	if v.Halted() == nil {
		t.Error("signing goes on")
	}
	w.advance(2 * time.Hour)
	w.add(l, 9)
	v = w.open()
	if err := v.Round(t.Context()); !errors.Is(err, vouch.ErrHalted) || !strings.Contains(err.Error(), "another history") {
		t.Errorf("a forked log: %v, want ErrHalted", err)
	}
	if err := v.Round(t.Context()); !errors.Is(err, vouch.ErrHalted) {
		t.Errorf("the next round: %v, want ErrHalted", err)
	}
}
