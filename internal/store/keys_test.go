package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakwater/internal/store"
)

// TestWrongKey: with another key, or none, nothing opens and nothing changes.
func TestWrongKey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		fill(t, s, l, 3)
		s.Close()
		before := e.bytes(t)
		o := e.options()
		o.Sealer = testRing(2)
		if _, err := tryOpen(e.target, o); !errors.Is(err, store.ErrWrongKey) {
			t.Errorf("another key: got %v, want ErrWrongKey", err)
		}
		if after := e.bytes(t); !bytes.Equal(before, after) {
			t.Error("opening with another key changed the database")
		}
		o.Sealer = nil
		keyless, err := tryOpen(e.target, o)
		if err != nil {
			t.Fatal(err)
		}
		defer keyless.Close()
		ctx := context.Background()
		if _, err := keyless.Commit(ctx, []store.Submission{one(l, "x")}); err != nil {
			t.Error(err) // the result holds it
		}
		if res := commit(t, keyless, one(l, "x")); !errors.Is(res[0].Err, store.ErrNoKey) {
			t.Errorf("append without a key: got %v, want ErrNoKey", res[0].Err)
		}
		report, err := keyless.Check(ctx, store.CheckOptions{}, func(f store.Failure) { t.Errorf("check: %+v", f) })
		if err != nil || report.Opened || len(report.Notes) == 0 || !strings.Contains(report.Notes[0], "bodies were not opened") {
			t.Errorf("check without a key: got %+v, %v", report, err)
		}
		if len(report.Logs) != 2 || report.Logs[1].Size != 3 || report.Logs[1].Name != "" {
			t.Errorf("logs without a key: got %+v", report.Logs)
		}
	})
}

// bytes is the file, or nothing for a server.
func (e *env) bytes(t *testing.T) []byte {
	if e.name != "sqlite" {
		return nil
	}
	return must(os.ReadFile(e.target))
}

func TestEmptyWithoutKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if _, err := store.OpenSQLite(context.Background(), path, store.Options{}); !errors.Is(err, store.ErrNoKey) {
		t.Errorf("got %v, want ErrNoKey", err)
	}
}

func TestRotateDataKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		second := e.open(t, e.options()) // does not hear of it
		commitOK(t, second, one(l, "before"))
		if v := must(s.RotateDataKey(ctx, l.ID)); v != 2 {
			t.Errorf("version: got %d, want 2", v)
		}
		commitOK(t, second, one(l, "elsewhere"))
		res := commitOK(t, s, one(l, "after"), one(l, "before"))
		if !res[1].Repeated {
			t.Error("rotation changed the name of a key")
		}
		versions := []byte{}
		for r, err := range s.RawEntries(ctx, l.ID, 0, 10) {
			if err != nil {
				t.Fatal(err)
			}
			versions = append(versions, r.Body[3])
		}
		if !bytes.Equal(versions, []byte{1, 2, 2}) {
			t.Errorf("versions of bodies: got %v, want 1, 2, 2", versions)
		}
		if got := envelopes(t, second, l); len(got) != 3 {
			t.Errorf("got %d entries", len(got))
		}
		checkClean(t, s)
	})
}

func TestRotateMaster(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		old, next := testRing(1), testRing(2)
		o := e.options()
		o.Sealer = old
		s := e.open(t, o)
		l := newLog(t, s, "lakeside")
		commitOK(t, s, one(l, "before"))
		rewrap := func(label string, wrapped []byte) ([]byte, error) { return old.RewrapFor(next, label, wrapped) }
		failing := func(string, []byte) ([]byte, error) { return nil, errors.New("no") }
		if err := s.RotateMaster(ctx, testRing(3), failing); err == nil {
			t.Error("a rotation that fails was called done")
		}
		commitOK(t, s, one(l, "between"))
		if err := s.RotateMaster(ctx, next, rewrap); err != nil {
			t.Fatal(err)
		}
		commitOK(t, s, one(l, "after"))
		newLog(t, s, "hillside")
		s.Close()
		if _, err := tryOpen(e.target, o); !errors.Is(err, store.ErrWrongKey) {
			t.Errorf("old key: got %v, want ErrWrongKey", err)
		}
		o.Sealer = testRing(2)
		s = e.open(t, o)
		if res := commitOK(t, s, one(l, "before")); !res[0].Repeated {
			t.Error("rotation changed a name")
		}
		if got := envelopes(t, s, l); len(got) != 3 {
			t.Errorf("got %d entries, want 3", len(got))
		}
		checkClean(t, s)
	})
}

func TestDestroyKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		other := newLog(t, s, "hillside")
		fill(t, s, l, 3)
		held := errors.New("a hold stands")
		if err := s.DestroyKeys(ctx, l.ID, func() error { return held }); !errors.Is(err, held) {
			t.Errorf("under a hold: got %v", err)
		}
		envelopes(t, s, l)
		if err := s.DestroyKeys(ctx, l.ID, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		for _, err := range s.Entries(ctx, l.ID, 0, 10) {
			if !errors.Is(err, store.ErrNoKey) {
				t.Errorf("an entry opened: %v", err)
			}
		}
		if res := commit(t, s, one(other, "x")); res[0].Err != nil {
			t.Errorf("another log: %v", res[0].Err)
		}
		if res, _ := s.Commit(ctx, []store.Submission{one(l, "x")}); !errors.Is(res[0].Err, store.ErrNoKey) {
			t.Errorf("append: got %v, want ErrNoKey", res[0].Err)
		}
		if _, err := s.RotateDataKey(ctx, l.ID); !errors.Is(err, store.ErrNoKey) {
			t.Errorf("rotate: got %v, want ErrNoKey", err)
		}
		checkClean(t, s)
	})
}

func TestGuard(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		g := store.OpenGuard(filepath.Join(t.TempDir(), "guard"))
		s, l := e.start(t)
		if err := s.CheckGuard(ctx, g); err != nil {
			t.Errorf("nothing signed yet: %v", err)
		}
		fill(t, s, l, 5)
		early := signed(s, l)
		fill(t, s, l, 300)
		must(s.Publish(ctx, g, early, signed(s, l)))
		fill(t, s, l, 5)
		if err := s.CheckGuard(ctx, g); err != nil {
			t.Errorf("grown since: %v", err)
		}
		if err := g.Advance(map[string]store.Signed{l.Origin: {Size: 5, Root: early.Root}}); err != nil {
			t.Errorf("a smaller checkpoint: %v", err)
		}
		signedNow := must(g.Read())
		if got := signedNow[l.Origin]; got.Size != 305 {
			t.Errorf("guard: got size %d, want 305", got.Size)
		}
		if err := g.Advance(map[string]store.Signed{l.Origin: {Size: 305, Root: early.Root}}); !errors.Is(err, store.ErrRolledBack) {
			t.Errorf("another root: got %v", err)
		}
		// An old copy is put back: the log is shorter than what was signed.
		if err := g.Advance(map[string]store.Signed{l.Origin: {Size: 999, Root: early.Root}}); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckGuard(ctx, g, l); !errors.Is(err, store.ErrRolledBack) {
			t.Errorf("shorter than signed: got %v", err)
		}
		must(s.CreateLog(ctx, store.Log{Name: l.Name, Epoch: 2, Origin: l.Origin + "/e2"}))
		if err := s.CheckGuard(ctx, g); err != nil {
			t.Errorf("after a new epoch admits the loss: %v", err)
		}
		gone := "breakwater/00112233aabbccdd"
		if err := g.Advance(map[string]store.Signed{gone: {Size: 1}}); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckGuard(ctx, g); !errors.Is(err, store.ErrRolledBack) {
			t.Errorf("a log that is missing: got %v", err)
		}
		if err := g.Forget(gone); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckGuard(ctx, g); err != nil {
			t.Error(err)
		}
	})
}

func TestGuardOtherHistory(t *testing.T) {
	e := newEnv(t, "sqlite")
	ctx := context.Background()
	s, l := e.start(t)
	fill(t, s, l, 10)
	path := filepath.Join(t.TempDir(), "guard")
	root := must(s.RootAt(ctx, l.ID, 4))
	body := fmt.Sprintf("breakwater guard 1\n%s 7 %s\n", l.Origin, root)
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckGuard(ctx, store.OpenGuard(path)); !errors.Is(err, store.ErrRolledBack) {
		t.Errorf("another history: got %v, want ErrRolledBack", err)
	}
}

func FuzzGuard(f *testing.F) {
	f.Add([]byte("breakwater guard 1\nbreakwater/0123456789abcdef 12 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
	f.Add([]byte("breakwater guard 1\n"))
	f.Add([]byte("breakwater guard 2\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "guard")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		g := store.OpenGuard(path)
		signed, err := g.Read()
		if err != nil {
			return
		}
		again := store.OpenGuard(filepath.Join(dir, "again"))
		os.Remove(filepath.Join(dir, "again"))
		if err := again.Advance(signed); err != nil {
			t.Fatalf("what was read does not write: %v", err)
		}
		if back := must(again.Read()); len(back) != len(signed) {
			t.Errorf("got %d logs back, want %d", len(back), len(signed))
		}
	})
}
