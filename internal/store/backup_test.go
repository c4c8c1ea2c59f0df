package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/blob"
	"breakwater/internal/store"
)

// furnished is a store with something in every table.
func furnished(t *testing.T, e *env, files *blob.Files, s *store.Store) store.Log {
	t.Helper()
	ctx := context.Background()
	l := newLog(t, s, "lakeside")
	fill(t, s, l, 600)
	for n := range 3 {
		c := must(files.Put(l.ID, fmt.Appendf(nil, "content %d", n)))
		sub := one(l, fmt.Sprint("cites ", n))
		sub.Items[0].Blobs = []store.BlobRef{{Name: c.Name, Size: c.Size}}
		commitOK(t, s, sub)
	}
	commitOK(t, s, erasure(l, "erase", 5))
	must(s.PutCheckpoint(ctx, signed(s, l)))
	beside(t, s, l, must(s.Head(ctx, l.ID)).Size)
	must(s.PutSetting(ctx, store.Setting{Area: "account", Name: "dana", Value: []byte("x")}))
	if err := s.Enqueue(ctx, store.Job{Log: l.ID, Kind: "mail"}); err != nil {
		t.Fatal(err)
	}
	must(s.Acquire(ctx, "sign", "serve", 1e12))
	must(s.RotateDataKey(ctx, l.ID))
	fill(t, s, l, 2)
	return l
}

// TestBackupAcrossEngines restores a backup of each engine into each database.
func TestBackupAcrossEngines(t *testing.T) {
	eachEngine(t, func(t *testing.T, from *env) {
		eachDatabase(t, func(t *testing.T, to *env) {
			ctx := context.Background()
			from := newEnv(t, from.name)
			s := from.open(t, from.options())
			files := blob.Open(t.TempDir(), s, 0)
			l := furnished(t, from, files, s)
			path := filepath.Join(t.TempDir(), "backup")
			report, err := s.BackupFile(ctx, path, files, nil)
			if err != nil || report.Files != 3 || report.Missing != 0 {
				t.Fatalf("backup: %+v, %v", report, err)
			}
			info := must(os.Stat(path))
			if info.Mode().Perm() != 0o600 || info.Size() != report.Bytes {
				t.Errorf("backup file: mode %o, %d bytes of %d", info.Mode().Perm(), info.Size(), report.Bytes)
			}
			dir := t.TempDir()
			newFiles := blob.Open(dir, nil, 0) // restoring opens nothing
			restoreInto(t, to, path, to.options(), newFiles)
			r := to.open(t, to.options())
			if diff := cmp.Diff(envelopes(t, s, l), envelopes(t, r, must(r.LogByName(ctx, l.Name)))); diff != "" {
				t.Error(diff)
			}
			if got := must(r.GetSetting(ctx, store.InstanceLog, "account", "dana")); string(got.Value) != "x" {
				t.Errorf("setting: got %+v", got)
			}
			must(r.Acquire(ctx, "sign", "another", 1e9)) // leases do not come along
			for _, f := range check(t, r, store.CheckOptions{Files: blob.Open(dir, r, 0)}) {
				t.Errorf("check: %+v", f)
			}
			commitOK(t, r, one(l, "on"))
			if err := restoreTo(to, path, to.options(), newFiles); err == nil {
				t.Error("restored over a database that is not empty")
			}
		})
	})
}

func restoreTo(e *env, path string, o store.Options, files store.Files) error {
	f := must(os.Open(path))
	defer f.Close()
	if e.name == "postgres" {
		return store.RestorePostgres(context.Background(), e.target, o, f, files)
	}
	return store.RestoreSQLite(context.Background(), e.target, o, f, files)
}

func restoreInto(t *testing.T, e *env, path string, o store.Options, files store.Files) {
	t.Helper()
	if err := restoreTo(e, path, o, files); err != nil {
		t.Fatal(err)
	}
}

func TestBackupWhileWriting(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		ctx := context.Background()
		s, l := e.start(t)
		fill(t, s, l, 2000)
		stop := make(chan struct{})
		done := make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-stop:
					done <- n
					return
				default:
					s.Commit(ctx, []store.Submission{one(l, fmt.Sprint("during ", n))})
				}
			}
		}()
		path := filepath.Join(t.TempDir(), "backup")
		_, err := s.BackupFile(ctx, path, nil, func(store.BackupReport) {})
		close(stop)
		if n := <-done; err != nil || n == 0 {
			t.Fatalf("backup beside %d appends: %v", n, err)
		}
		to := newEnv(t, "sqlite")
		restoreInto(t, to, path, to.options(), nil)
		checkClean(t, to.open(t, to.options()))
	})
}

// TestDamagedBackup: every flipped byte and every cut is noticed before
// anything is written.
func TestDamagedBackup(t *testing.T) {
	e := newEnv(t, "memory")
	s, l := e.start(t)
	fill(t, s, l, 2)
	var b bytes.Buffer
	must(s.Backup(context.Background(), &b, nil, nil))
	whole := b.Bytes()
	if made := must(store.VerifyBackup(bytes.NewReader(whole))); made == 0 {
		t.Error("it does not say when it was made")
	}
	for n := 0; n < len(whole); n += 7 {
		bad := bytes.Clone(whole)
		bad[n] ^= 1
		if _, err := store.VerifyBackup(bytes.NewReader(bad)); err == nil {
			t.Fatalf("byte %d altered: not noticed", n)
		}
		if _, err := store.VerifyBackup(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("cut at %d: not noticed", n)
		}
	}
	if _, err := store.VerifyBackup(bytes.NewReader(append(whole, 0))); err == nil {
		t.Error("a byte after the end: not noticed")
	}
	path := filepath.Join(t.TempDir(), "x.db")
	o := e.options()
	if err := store.RestoreSQLite(context.Background(), path, o, bytes.NewReader(whole[:len(whole)-1]), nil); err == nil {
		t.Error("restored a cut backup")
	}
	o.Sealer = testRing(9)
	if err := store.RestoreSQLite(context.Background(), path, o, bytes.NewReader(whole), nil); !errors.Is(err, store.ErrWrongKey) {
		t.Errorf("restore under another key: got %v, want ErrWrongKey", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused restore left a file: %v", err)
	}
}

// FuzzBackup: what is taken for whole has the sum of what comes before it, and
// no input makes the reader fail in another way.
func FuzzBackup(f *testing.F) {
	s := must(store.OpenMemory(context.Background(), store.Options{Sealer: testRing(1)}))
	var b bytes.Buffer
	must(s.Backup(context.Background(), &b, nil, nil))
	f.Add(b.Bytes())
	f.Add([]byte("breakwater backup 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := store.VerifyBackup(bytes.NewReader(data)); err != nil {
			return
		}
		if len(data) < 37 {
			t.Fatal("a backup without an end was taken for whole")
		}
		sum := sha256.Sum256(data[:len(data)-32])
		if !bytes.Equal(sum[:], data[len(data)-32:]) {
			t.Fatal("a backup with another sum was taken for whole")
		}
	})
}
