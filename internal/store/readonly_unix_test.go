//go:build unix

package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"breakwater/internal/store"
)

// TestReadOnlyFolder runs as a user who may not write, since root may.
func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() != 0 {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		_, err := store.OpenSQLite(context.Background(), filepath.Join(dir, "x.db"), store.Options{Sealer: testRing(1)})
		wantReadOnly(t, fmt.Sprint(err))
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no user nobody")
	}
	dir, err := os.MkdirTemp("/tmp", "ro")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s := must(store.OpenSQLite(context.Background(), filepath.Join(dir, "x.db"), store.Options{Sealer: testRing(1)}))
	s.Close()
	binary := filepath.Join(dir, "test")
	if out, err := exec.Command("cp", os.Args[0], binary).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, p := range []string{dir, binary, filepath.Join(dir, "x.db")} {
		if err := os.Chmod(p, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"x.db", "new.db"} {
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), "BREAKWATER_TEST_CHILD=open "+filepath.Join(dir, file))
		cmd.Dir = dir
		uid, gid := must(strconv.Atoi(nobody.Uid)), must(strconv.Atoi(nobody.Gid))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		out, _ := cmd.CombinedOutput()
		wantReadOnly(t, string(out))
	}
}

func wantReadOnly(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(text, "read-only") || !strings.Contains(text, "give this user the right") || strings.Count(strings.TrimSpace(text), "\n") > 0 {
		t.Errorf("read-only folder: got %q, want one line that says what to do", text)
	}
}
