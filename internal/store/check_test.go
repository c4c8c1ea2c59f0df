package store_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakwater/internal/blob"
	"breakwater/internal/event"
	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// TestCheckFinds changes one thing behind the store's back and wants Check to
// name it. Statements run on both databases; x'..' literals are rewritten.
func TestCheckFinds(t *testing.T) {
	const zero32 = "x'0000000000000000000000000000000000000000000000000000000000000000'"
	table := []struct {
		name, sql, want string
		index           int64 // of the first failure; -2 = any
		keyless         bool  // found without a key too
	}{
		{"leaf hash", "UPDATE entry SET leaf_hash = " + zero32 + " WHERE log = 1 AND idx = 9", "leaf hash", 9, true},
		{"recorded", "UPDATE entry SET recorded = recorded + 1 WHERE log = 1 AND idx = 600", "leaf hash", 600, true},
		{"recorded backward", "UPDATE entry SET recorded = 5 WHERE log = 1 AND idx = 9", "backward", 9, true},
		{"kind", "UPDATE entry SET kind = 81 WHERE log = 1 AND idx = 9", "leaf hash", 9, false},
		{"key", "UPDATE entry SET key_mac = x'00000000000000000000000000000000' WHERE log = 1 AND idx = 9", "key column", 9, false},
		{"body altered", "UPDATE entry SET body = x'0000000100000000' WHERE log = 1 AND idx = 9", "does not open", 9, false},
		{"body moved", "UPDATE entry SET body = (SELECT body FROM entry WHERE log = 1 AND idx = 8) WHERE log = 1 AND idx = 9", "does not open", 9, false},
		{"body gone", "UPDATE entry SET body = NULL WHERE log = 1 AND idx = 9", "no erasure names it", 9, false},
		{"body back", "UPDATE entry SET body = x'00' WHERE log = 1 AND idx = 5", "does not open", 5, false},
		{"entry gone", "DELETE FROM entry WHERE log = 1 AND idx = 9", "missing before entry 10", 9, true},
		{"last entry gone", "DELETE FROM entry WHERE log = 1 AND idx = 600", "ends at 600", -1, true},
		{"entry extra", "INSERT INTO entry (log, idx, recorded, kind, leaf_hash, key_mac, body) SELECT log, idx + 1, recorded, kind, leaf_hash, x'01', NULL FROM entry WHERE log = 1 AND idx = 600", "wrong type", 601, true},
		{"leaf hash cut", "UPDATE entry SET leaf_hash = x'00' WHERE log = 1 AND idx = 9", "wrong type", 9, true},
		{"kind too large", "UPDATE entry SET kind = 99999 WHERE log = 1 AND idx = 9", "wrong type", 9, true},
		{"entry before the first", "INSERT INTO entry (log, idx, recorded, kind, leaf_hash, key_mac, body) SELECT log, -1, recorded, kind, leaf_hash, x'01010101010101010101010101010101', NULL FROM entry WHERE log = 1 AND idx = 600", "no entry of that index", -1, true},
		{"far entry extra", "INSERT INTO entry (log, idx, recorded, kind, leaf_hash, key_mac, body) SELECT log, idx + 100000, recorded, kind, leaf_hash, x'01010101010101010101010101010101', NULL FROM entry WHERE log = 1 AND idx = 600", "missing", 601, true},
		{"head size", "UPDATE head SET size = size - 1 WHERE log = 1", "head says", -1, true},
		{"head root", "UPDATE head SET root = " + zero32 + " WHERE log = 1", "head's root", -1, true},
		{"head frontier", "UPDATE head SET frontier = x'00' WHERE log = 1", "frontier", -1, true},
		{"head recorded", "UPDATE head SET recorded = recorded + 1 WHERE log = 1", "head's recorded", -1, true},
		{"head erased", "UPDATE head SET erased = 0 WHERE log = 1", "last erasure", -1, false},
		{"head erased too far", "UPDATE head SET erased = 5000 WHERE log = 1", "erasure", -1, true},
		{"head of another key", "UPDATE head SET key_version = 9 WHERE log = 1", "names key 9", -1, false},
		{"log's epoch", "UPDATE log SET epoch = 2 WHERE id = 1", "epoch", -1, true},
		{"log's sample", "UPDATE log SET sample = 1 - sample WHERE id = 1", "sample", -1, true},
		{"log's msp", "UPDATE log SET msp = 1", "second log", -1, true},
		{"log's name", "UPDATE log SET name_mac = x'00' WHERE id = 1", "under its name", -1, false},
		{"head gone", "DELETE FROM head WHERE log = 1", "no head", -1, true},
		{"tile altered", "UPDATE tile SET data = x'00' WHERE log = 1 AND level = 0 AND n = 1", "tile 1 of level 0", -1, true},
		{"tile gone", "DELETE FROM tile WHERE log = 1 AND n = 1", "tiles are missing", -1, true},
		{"tile extra", "INSERT INTO tile SELECT log, level, n + 50, data FROM tile WHERE log = 1 AND n = 1", "not in the tree", -1, true},
		{"checkpoint root", "UPDATE checkpoint SET root = " + zero32 + " WHERE log = 1", "checkpoint", -1, true},
		{"checkpoint size", "UPDATE checkpoint SET size = 3 WHERE log = 1", "checkpoint", -1, true},
		{"cosignature of none", "UPDATE cosignature SET size = 3 WHERE log = 1", "no checkpoint", -1, true},
		{"timestamp of none", "UPDATE \"timestamp\" SET size = 3 WHERE log = 1", "no checkpoint", -1, true},
		{"instance leaf", "UPDATE instance_leaf SET root = " + zero32, "leaf hash", -2, true},
		{"instance pseudonym", "UPDATE log SET pseudonym = " + zero32 + " WHERE id = 1", "does not exist", -1, true},
		{"file not listed", "DELETE FROM blob WHERE log = 1", "not listed", 600, false},
		{"file listed for no entry", "UPDATE blob SET idx = 5000 WHERE log = 1", "does not exist", 5000, true},
		{"snapshot root", "UPDATE snapshot SET root = " + zero32, "snapshot", -1, true},
		{"rows of no log", "UPDATE snapshot SET log = 7", "table snapshot", -1, true},
		{"rows of no log before", "UPDATE tile SET log = -7 WHERE log = 2", "table tile", -2, true},
		{"name altered", "UPDATE log SET sealed = x'00' WHERE id = 1", "name of the log", -1, false},
		{"origin altered", "UPDATE log SET origin = 'breakwater/0000000000000000' WHERE id = 1", "name of the log", -1, true},
		{"keys gone", "DELETE FROM wrapped_key WHERE log = 1 AND purpose = 'name'", "keys do not load", -1, false},
	}
	eachDatabase(t, func(t *testing.T, e *env) {
		s, dir := checkable(t, e)
		s.Close()
		pristine := e.save(t)
		for n, c := range table {
			if testing.Short() && e.name == "postgres" && n%8 != 0 {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				e.restore(t, pristine)
				e.exec(t, e.literals(c.sql))
				s := must(tryOpen(e.target, e.options()))
				defer s.Close()
				files := blob.Open(dir, s, 0)
				wantFailure(t, check(t, s, store.CheckOptions{Files: files, Cites: cites}), c.want, c.index)
				o := e.options()
				o.Sealer = nil
				k := must(tryOpen(e.target, o))
				defer k.Close()
				if got := len(check(t, k, store.CheckOptions{})) > 0; got != c.keyless {
					t.Errorf("found without a key: %v, want %v", got, c.keyless)
				}
			})
		}
	})
}

func wantFailure(t *testing.T, got []store.Failure, want string, index int64) {
	t.Helper()
	for _, f := range got {
		if strings.Contains(f.What, want) && (index == -2 || f.Index == index) {
			return
		}
	}
	t.Errorf("got %+v, want %q at %d", got, want, index)
}

// cites reads the test's own citations: the body says the name in hexadecimal.
func cites(kind uint16, envelope []byte) [][32]byte {
	if event.Kind(kind) != event.BundleProduced {
		return nil
	}
	e := must(event.Decode(envelope))
	var body struct{ File string }
	if err := event.Unmarshal(e.Body, &body); err != nil {
		return nil
	}
	return [][32]byte{[32]byte(must(hex.DecodeString(body.File)))}
}

// checkable is a store that Check finds whole, with one of everything.
func checkable(t *testing.T, e *env) (*store.Store, string) {
	t.Helper()
	ctx := context.Background()
	s, l := e.start(t)
	other := newLog(t, s, "hillside")
	fill(t, s, other, 300)
	fill(t, s, l, 599)
	dir := t.TempDir()
	files := blob.Open(dir, s, 0)
	commitOK(t, s, erasure(l, "erase", 5))
	c := must(files.Put(l.ID, []byte("content")))
	cite := itemOf(l.Name, "cite", event.BundleProduced, map[string]any{"File": fmt.Sprintf("%x", c.Name)})
	cite.Blobs = []store.BlobRef{{Name: c.Name, Size: c.Size}}
	commitOK(t, s, store.Submission{Log: l.ID, Items: []store.Item{cite}})
	point := must(s.PutCheckpoint(ctx, signed(s, l)))
	beside(t, s, l, point.Size)
	must(s.AppendInstance(ctx, []ledger.InstanceLeaf{{Pseudonym: l.Pseudonym, Size: point.Size, Root: point.Root}}))
	snap := store.Snapshot{Log: l.ID, Name: "state", Fold: "1", Size: point.Size, Root: point.Root}
	if err := s.PutSnapshot(ctx, snap); err != nil {
		t.Fatal(err)
	}
	for _, f := range check(t, s, store.CheckOptions{Files: files, Cites: cites}) {
		t.Fatalf("before anything is changed: %+v", f)
	}
	return s, dir
}

func TestCheckFiles(t *testing.T) {
	for _, damage := range []string{"missing", "altered"} {
		t.Run(damage, func(t *testing.T) {
			e := newEnv(t, "sqlite")
			s, dir := checkable(t, e)
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				switch {
				case err != nil || d.IsDir():
					return err
				case damage == "missing":
					return os.Remove(path)
				default:
					return os.WriteFile(path, []byte("other bytes that are long enough to be opened, and are not what was sealed"), 0o600)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			wantFailure(t, check(t, s, store.CheckOptions{Files: blob.Open(dir, s, 0)}), "missing or altered", 600)
		})
	}
}

// TestCheckEveryEntry: what a caller does with an entry sees all of them.
func TestCheckEveryEntry(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s, l := e.start(t)
		fill(t, s, l, 1100)
		n := uint64(0)
		check(t, s, store.CheckOptions{Visit: func(log store.Log, st store.Stored) error {
			if log.ID == l.ID && st.Index == n && len(st.Envelope) > 0 {
				n++
			}
			return nil
		}})
		if n != 1100 {
			t.Errorf("visited %d in order, want 1100", n)
		}
	})
}

// save and restore keep a database aside between changes.
func (e *env) save(t *testing.T) []byte {
	t.Helper()
	if e.name == "sqlite" {
		return must(os.ReadFile(e.target))
	}
	return []byte(e.target)
}

func (e *env) restore(t *testing.T, saved []byte) {
	t.Helper()
	if e.name == "sqlite" {
		for _, suffix := range []string{"-wal", "-shm"} {
			os.Remove(e.target + suffix)
		}
		if err := os.WriteFile(e.target, saved, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	e.target = cluster.copyOf(t, string(saved))
}

// literals rewrites x'..' for PostgreSQL.
func (e *env) literals(sql string) string {
	if e.name == "sqlite" {
		return sql
	}
	return strings.ReplaceAll(sql, "x'", `'\x`)
}
