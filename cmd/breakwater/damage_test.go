package main

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// runSQL is "sql FOLDER STATEMENT": somebody with the database in their hands
// changes rows; at least one must be.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FOLDER STATEMENT")
	}
	db := openDatabase(ts, args[0])
	defer db.Close()
	res, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("%s: %d rows, %v", args[1], n, err)
	}
}

// alterCell is "alter FOLDER TABLE COLUMN WHERE": one bit in the middle of a
// cell is changed.
func alterCell(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: alter FOLDER TABLE COLUMN WHERE")
	}
	db := openDatabase(ts, args[0])
	defer db.Close()
	var cell []byte
	ts.Check(db.QueryRow(fmt.Sprintf(`SELECT CAST("%s" AS BLOB) FROM "%s" WHERE %s`, args[2], args[1], args[3])).Scan(&cell))
	if len(cell) == 0 {
		ts.Fatalf("%s.%s is empty", args[1], args[2])
	}
	cell[len(cell)/2] ^= 1
	res, err := db.Exec(fmt.Sprintf(`UPDATE "%s" SET "%s" = ? WHERE %s`, args[1], args[2], args[3]), cell)
	ts.Check(err)
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		ts.Fatalf("%d rows changed, %v", n, err)
	}
}

// lockDatabase is "lock FOLDER": until "lock end" another process, this one,
// holds the database for itself.
func lockDatabase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lock FOLDER|end")
	}
	held := ts.Value(heldConn{}).(**sql.Conn)
	if args[0] == "end" {
		_, err := (*held).ExecContext(context.Background(), "ROLLBACK")
		ts.Check(errors.Join(err, (*held).Close()))
		return
	}
	db := openDatabase(ts, args[0])
	conn, err := db.Conn(context.Background())
	ts.Check(err)
	_, err = conn.ExecContext(context.Background(), "BEGIN EXCLUSIVE")
	ts.Check(err)
	*held = conn
	ts.Defer(func() { db.Close() })
}

// heldConn is the key of the connection with which a script holds a database.
type heldConn struct{}

// flipFile is "flip PATTERN": one bit is changed in the middle of the one file
// that the pattern names.
func flipFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip PATTERN")
	}
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) != 1 {
		ts.Fatalf("%s names %d files, not one: %v", args[0], len(names), names)
	}
	raw, err := os.ReadFile(names[0])
	ts.Check(err)
	raw[len(raw)/2] ^= 1
	ts.Check(os.WriteFile(names[0], raw, 0o600))
}

// changeMember is "member FROM.zip TO.zip drop|flip|add|double NAME": a copy of
// a bundle in which one member is missing, altered, new, or there twice.
func changeMember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: member FROM TO drop|flip|add|double NAME")
	}
	raw := ts.ReadFile(args[0])
	from, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	ts.Check(err)
	var b bytes.Buffer
	to := zip.NewWriter(&b)
	found := false
	for _, f := range from.File {
		r, err := f.Open()
		ts.Check(err)
		content, err := io.ReadAll(r)
		ts.Check(err)
		for range copies(f.Name, args[3], args[2], &found, content) {
			w, err := to.Create(f.Name)
			ts.Check(err)
			_, err = w.Write(content)
			ts.Check(err)
		}
	}
	if args[2] == "add" {
		_, err := to.Create(args[3])
		ts.Check(err)
	} else if !found {
		ts.Fatalf("there is no %s in %s", args[3], args[0])
	}
	ts.Check(to.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}

// copies says how often a member is written, and alters the one that is meant.
func copies(name, meant, how string, found *bool, content []byte) int {
	if name != meant {
		return 1
	}
	*found = true
	switch how {
	case "drop":
		return 0
	case "double":
		return 2
	case "flip":
		content[len(content)/2] ^= 1
	}
	return 1
}

// copyFolder is "copydir FROM TO": rights are kept.
func copyFolder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copydir FROM TO")
	}
	ts.Check(exec.Command("cp", "-a", ts.MkAbs(args[0]), ts.MkAbs(args[1])).Run())
}

// makeFifo is "fifo NAME".
func makeFifo(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o600))
}

// makeSparse is "sparse NAME MIB": a file of that size which takes no room.
func makeSparse(ts *testscript.TestScript, neg bool, args []string) {
	var mib int64
	_, err := fmt.Sscan(args[1], &mib)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), nil, 0o600))
	ts.Check(os.Truncate(ts.MkAbs(args[0]), mib<<20+1))
}

// giveToNobody is "nobody [FOLDER]": the script goes on as a user who owns
// nothing, in folders that anybody may pass through. With a folder, everything
// in it may be written by anybody.
func giveToNobody(ts *testscript.TestScript, neg bool, args []string) {
	for dir := ts.Getenv("WORK"); dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		ts.Check(os.Chmod(dir, 0o755))
	}
	if len(args) == 1 {
		ts.Check(exec.Command("chmod", "-R", "a+rwX", ts.MkAbs(args[0])).Run())
	}
	ts.Setenv("PROGRAM", "breakwater-nobody")
}

// mountSmall is "small FOLDER KIB": a file system in memory of that size.
func mountSmall(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(mount(dir, args[1]))
	ts.Defer(func() { ts.Check(exec.Command("umount", "-l", dir).Run()) })
}

func mount(dir, kib string) error {
	return exec.Command("mount", "-t", "tmpfs", "-o", "size="+kib+"k", "tmpfs", dir).Run()
}

// mayMount reports whether a file system in memory can be mounted here.
func mayMount() bool {
	dir, err := os.MkdirTemp("", "small")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return mount(dir, "64") == nil && exec.Command("umount", dir).Run() == nil
}

// fillDisk is "fill FOLDER": a file takes all room that is left.
func fillDisk(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.Create(filepath.Join(ts.MkAbs(args[0]), "ballast"))
	ts.Check(err)
	defer f.Close()
	piece := make([]byte, 4096)
	for {
		if _, err := f.Write(piece); err != nil {
			return
		}
	}
}
