package cli_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakwater/internal/cli"
	"breakwater/internal/ledger"
	"breakwater/internal/seal"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// TestRestoreAdmitsLostInstanceLeaves restores Sunday's backup after Monday was
// signed, instance log and all, and signs on: the instance log has its next
// epoch, whose first new leaf is the loss.
func TestRestoreAdmitsLostInstanceLeaves(t *testing.T) {
	dir := t.TempDir()
	data, lost, backup := filepath.Join(dir, "data"), filepath.Join(dir, "lost"), filepath.Join(dir, "sunday.bwb")
	key := filepath.Join(data, "master.key")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	run := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := cli.Run(t.Context(), cli.Env{Args: args, Now: func() time.Time { return now }, Out: &out, Err: &out}); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, &out)
		}
		return out.String()
	}
	guard := filepath.Join(data, "guard")
	round := func(folder string) store.Signed {
		t.Helper()
		now = now.Add(2 * time.Hour)
		return signRound(t, filepath.Join(folder, "breakwater.db"), key, guard, now)
	}
	run("client", "add", "Lakeside Dental", "--id", "lakeside", "--data", data)
	round(data)
	run("backup", backup, "--data", data)
	run("evidence", "record", "--client", "lakeside", "--practice", "risk-analysis", "--at", "2026-02-01", "--data", data)
	monday := round(data)

	text := run("restore", backup, "--new-epoch", "--why", "the disk failed", "--data", lost, "--key-file", key, "--guard", guard)
	if !strings.Contains(text, "instance log begins a new epoch") {
		t.Errorf("restore says %q", text)
	}
	if again := run("restore", "--new-epoch", "--why", "again", "--data", lost, "--key-file", key, "--guard", guard); strings.Contains(again, "epoch") || strings.Contains(again, "Lost") {
		t.Errorf("again: %q", again)
	}
	round(lost)
	found := false
	s := openAt(t, filepath.Join(lost, "breakwater.db"), key, now)
	for e, err := range s.InstanceLeaves(t.Context(), 0, 100) {
		if err != nil {
			t.Fatal(err)
		}
		found = found || e.Leaf.Size == monday.Size && e.Leaf.Root == monday.Root
	}
	l, err := s.LogByID(t.Context(), store.InstanceLog)
	if _, epoch, split := ledger.SplitOrigin(l.Origin); err != nil || split != nil || epoch != 2 || !found {
		t.Errorf("the instance log is %+v, %v; its loss is a leaf: %v", l, err, found)
	}
	run("fsck", "--data", lost, "--key-file", key, "--guard", guard)
}

func openAt(t *testing.T, path, key string, now time.Time) *store.Store {
	t.Helper()
	m, err := seal.FromFile(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenSQLite(t.Context(), path, store.Options{Sealer: seal.NewKeyring(m), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// signRound is what serve does every hour. It returns what was signed last of
// the instance log.
func signRound(t *testing.T, path, key, guard string, now time.Time) store.Signed {
	t.Helper()
	s := openAt(t, path, key, now)
	defer s.Close()
	v, err := vouch.Open(t.Context(), s, store.OpenGuard(guard), vouch.Config{Now: func() time.Time { return now }})
	if err == nil {
		err = v.Round(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	c, err := s.LastCheckpoint(t.Context(), store.InstanceLog)
	if err != nil {
		t.Fatal(err)
	}
	return store.Signed{Size: c.Size, Root: c.Root}
}
