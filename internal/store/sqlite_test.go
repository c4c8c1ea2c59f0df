package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/store"
)

// TestPragmas asserts on every connection what durability and erasure rest on.
func TestPragmas(t *testing.T) {
	e := newEnv(t, "sqlite")
	s, l := e.start(t)
	commitOK(t, s, one(l, "a"))
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "busy_timeout": "10000",
		"foreign_keys": "1", "trusted_schema": "0", "cell_size_check": "1",
	}
	conns := store.PragmasOfEveryConnection(t, s, want)
	if len(conns) < 3 {
		t.Errorf("looked at %d connections, want writer, readers and watcher", len(conns))
	}
	for name, got := range conns {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if mode := must(os.Stat(e.target + suffix)).Mode().Perm(); mode != 0o600 {
			t.Errorf("mode of %s: %04o, want 0600", "breakwater.db"+suffix, mode)
		}
	}
}

// TestSchema compares the list of tables with what the migrations make.
func TestSchema(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		s := e.open(t, e.options())
		if diff := cmp.Diff(store.SchemaInList(), store.SchemaInDatabase(t, s)); diff != "" {
			t.Error(diff)
		}
	})
	var all []string
	for _, sort := range []store.Sort{store.LogTable, store.OperationalTable, store.DerivedTable} {
		all = append(all, store.Tables(sort)...)
	}
	if len(all) != len(store.SchemaInList()) {
		t.Errorf("%d tables have a sort, %d are listed", len(all), len(store.SchemaInList()))
	}
}

// TestErasedBytesAreGone looks for a sealed body in the files after its erasure.
func TestErasedBytesAreGone(t *testing.T) {
	e := newEnv(t, "sqlite")
	s, l := e.start(t)
	fill(t, s, l, 20)
	var body string
	for r, err := range s.RawEntries(context.Background(), l.ID, 7, 8) {
		body = string(must(r, err).Body[:64])
	}
	if !inFiles(t, e.target, body) {
		t.Fatal("the body is not found before its erasure")
	}
	commitOK(t, s, erasure(l, "erase", 7))
	if inFiles(t, e.target, body) {
		t.Error("the body is still in a file after its erasure")
	}
}

func inFiles(t *testing.T, path, part string) bool {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		if strings.Contains(string(must(os.ReadFile(path+suffix))), part) {
			return true
		}
	}
	return false
}

func TestLockedByAnother(t *testing.T) {
	e := newEnv(t, "sqlite")
	o := e.options()
	o.BusyTimeout = 100 * time.Millisecond
	s := e.open(t, o)
	l := newLog(t, s, "lakeside")
	release := store.HoldWriteLock(t, e.open(t, o))
	res, err := s.Commit(context.Background(), []store.Submission{one(l, "a")})
	if !errors.Is(err, store.ErrBusy) || !errors.Is(res[0].Err, store.ErrBusy) || strings.Contains(err.Error(), "\n") {
		t.Errorf("locked: got %v, want ErrBusy in one line", err)
	}
	if n := len(envelopes(t, s, l)); n != 0 {
		t.Errorf("got %d entries", n)
	}
	release()
	commitOK(t, s, one(l, "a"))
}

// TestOpenBesideAWriter opens and reads a database that another process holds
// for writing: nothing is to be written, so nothing is waited for.
func TestOpenBesideAWriter(t *testing.T) {
	e := newEnv(t, "sqlite")
	s, l := e.start(t)
	fill(t, s, l, 3)
	defer store.HoldWriteLock(t, e.open(t, e.options()))()
	o := e.options()
	o.BusyTimeout = 50 * time.Millisecond
	beside := e.open(t, o)
	if got := must(beside.LogByName(context.Background(), "lakeside")); got.ID != l.ID {
		t.Errorf("got log %d, want %d", got.ID, l.ID)
	}
	if n := len(envelopes(t, beside, l)); n != 3 {
		t.Errorf("got %d entries, want 3", n)
	}
	if res, err := beside.Commit(context.Background(), []store.Submission{one(l, "a")}); !errors.Is(err, store.ErrBusy) {
		t.Errorf("append: got %v, %v, want ErrBusy", res, err)
	}
}

// TestSQLiteSays holds what the codes of SQLite mean to people.
func TestSQLiteSays(t *testing.T) {
	room, right := "free some space", "give this user the right to write"
	for code, want := range map[int]struct {
		is  error
		say string
	}{
		13:   {store.ErrFull, room},      // FULL
		778:  {store.ErrFull, room},      // IOERR_WRITE
		1034: {store.ErrFull, room},      // IOERR_FSYNC
		1546: {store.ErrFull, room},      // IOERR_TRUNCATE
		4874: {store.ErrFull, room},      // IOERR_SHMSIZE
		5386: {store.ErrFull, room},      // IOERR_SHMMAP
		4618: {store.ErrReadOnly, right}, // IOERR_SHMOPEN
		14:   {store.ErrReadOnly, right}, // CANTOPEN
		8:    {store.ErrReadOnly, right}, // READONLY
		1544: {store.ErrReadOnly, right}, // READONLY_DIRECTORY
		5:    {store.ErrBusy, "try again"},
		266:  {nil, "copy the folder"}, // IOERR_READ
		3850: {nil, "network share"},   // IOERR_LOCK
	} {
		err := store.CodeError(code)
		if want.is != nil && !errors.Is(err, want.is) || !strings.Contains(fmt.Sprint(err), want.say) {
			t.Errorf("code %d: got %v, want %v and %q", code, err, want.is, want.say)
		}
	}
}

// TestNewestLeafByIndex keeps the search for a log's last leaf off the table.
func TestNewestLeafByIndex(t *testing.T) {
	e := newEnv(t, "sqlite")
	s := e.open(t, e.options())
	plan := store.Plan(t, s, "SELECT size FROM instance_leaf WHERE log = 0 AND pseudonym = x'00' ORDER BY idx DESC LIMIT 1")
	if !strings.Contains(plan, "USING INDEX instance_leaf_pseudonym (log=? AND pseudonym=?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("plan: %s", plan)
	}
}

func TestDiskFull(t *testing.T) {
	e := newEnv(t, "sqlite")
	o := e.options()
	o.MaxBytes = 1 << 20
	s := e.open(t, o)
	l := newLog(t, s, "lakeside")
	kept := 0
	var err error
	for ; err == nil && kept < 100_000; kept++ {
		_, err = s.Commit(context.Background(), []store.Submission{{Log: l.ID, Items: []store.Item{item(l.Name, fmt.Sprint(kept), 5000)}}})
	}
	if !errors.Is(err, store.ErrFull) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("full disk: got %v, want ErrFull in one line", err)
	}
	if s.Stopped() != nil {
		t.Errorf("a full disk stopped the store for good: %v", s.Stopped())
	}
	if n := len(envelopes(t, s, l)); n != kept-1 {
		t.Errorf("got %d entries, %d were acknowledged", n, kept-1)
	}
	checkClean(t, s)
}

func TestCannotOpen(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	o := store.Options{Sealer: testRing(1)}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "no", "such", "x.db"): "make it first",
		text:                                     "not a database",
	} {
		_, err := store.OpenSQLite(ctx, path, o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q in one line", filepath.Base(path), err, want)
		}
	}
}
