package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"
)

// runCode is "code N args...": breakwater ends with exit code N. A code of 2
// comes with exactly one line on standard error, which ends in what to do next.
func runCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: code N args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := run(ts, args[1:]); got != want {
		ts.Fatalf("exit code: got %d, want %d", got, want)
	}
	if want == 2 {
		checkAdvice(ts)
	}
}

// runRefused is "refused args...": exit code 2 with its one line, and nothing
// of what is kept in $DATA is changed.
func runRefused(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: refused args...")
	}
	before := kept(ts)
	if got := run(ts, args); got != 2 {
		ts.Fatalf("exit code: got %d, want 2", got)
	}
	checkAdvice(ts)
	if after := kept(ts); after != before {
		ts.Fatalf("it was refused, and yet something changed:\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// run runs the program of $PROGRAM, breakwater if that is empty.
func run(ts *testscript.TestScript, args []string) int {
	program := ts.Getenv("PROGRAM")
	if program == "" {
		program = "breakwater"
	}
	var exit *exec.ExitError
	switch err := ts.Exec(program, args...); {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		ts.Fatalf("run: %v", err)
	}
	return 0
}

// raceUsers is "race args...": two users run the same command at the same
// moment; both end, and files "one" and "two" have their exit codes and what
// they printed.
func raceUsers(ts *testscript.TestScript, neg bool, args []string) {
	var both [2]*exec.Cmd
	var out [2]bytes.Buffer
	for n, program := range []string{"breakwater-nobody", "breakwater-daemon"} {
		c := exec.Command(program, args...)
		c.Dir, c.Stdout, c.Stderr = ts.Getenv("WORK"), &out[n], &out[n]
		for _, name := range []string{"PATH", "HOME", "BREAKWATER_DATA", "BREAKWATER_KEY_ENV", "MASTER"} {
			c.Env = append(c.Env, name+"="+ts.Getenv(name))
		}
		ts.Check(c.Start())
		both[n] = c
	}
	for n, c := range both {
		_ = c.Wait() // its exit code is what is asked for
		text := fmt.Sprintf("%d\n%s", c.ProcessState.ExitCode(), out[n].Bytes())
		ts.Logf("%s", text)
		ts.Check(os.WriteFile(ts.MkAbs([]string{"one", "two"}[n]), []byte(text), 0o600))
	}
}

// advice is what the last part of a line begins with that ends in what to do
// next.
var advice = regexp.MustCompile(`[:;,] (?:or |and |then |to go on [^:;,]*, )?(?:ask|check|choose|correct|draw|end|find|free|give|leave|list|look|make|mend|name|only|place|propose|put|record|remove|report|restore|run|say|see|set|shorten|split|start|stop|take|try|use|wait|withdraw|write|someone|their)\b(?:[^:;]|:\S)*$`)

func checkAdvice(ts *testscript.TestScript) {
	line := ts.ReadFile("stderr")
	switch {
	case strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "breakwater: "):
		ts.Fatalf("exit code 2 without exactly one line on standard error:\n%s", line)
	case !advice.MatchString(strings.TrimSuffix(line, "\n")):
		ts.Fatalf("the line does not end in what to do next:\n%s", line)
	}
}

// keptTables are the tables of the log, and of what is operational and no lease.
var keptTables = []string{
	"log", "head", "entry", "tile", "checkpoint", "cosignature", "timestamp", "blob", "instance_leaf", "meta", "wrapped_key", "setting",
}

// kept describes everything in $DATA that a refused command must leave alone. A
// file that no entry cites may be left over: a sweep takes it after a day.
func kept(ts *testscript.TestScript) string {
	dir := ts.MkAbs(ts.Getenv("DATA"))
	var b strings.Builder
	for _, name := range []string{"master.key", "guard"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		fmt.Fprintf(&b, "%s %x %t\n", name, sha256.Sum256(raw), err == nil)
	}
	if _, err := os.Stat(filepath.Join(dir, "breakwater.db")); err != nil {
		return b.String() + "no database\n"
	}
	copied, err := os.MkdirTemp("", "kept")
	ts.Check(err)
	defer os.RemoveAll(copied)
	for _, name := range []string{"breakwater.db", "breakwater.db-wal"} { // where the disk is full even reading takes room
		if raw, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			ts.Check(os.WriteFile(filepath.Join(copied, name), raw, 0o600))
		}
	}
	db := openDatabase(ts, copied)
	defer db.Close()
	for _, table := range keptTables {
		sum, n := tableSum(ts, db, table)
		fmt.Fprintf(&b, "%s %d %x\n", table, n, sum)
	}
	return b.String()
}

// tableSum is a hash over all cells of a table, and how many rows it has.
func tableSum(ts *testscript.TestScript, db *sql.DB, table string) (sum []byte, n int) {
	rows, err := db.Query(`SELECT * FROM "` + table + `" ORDER BY rowid`)
	ts.Check(err)
	defer rows.Close()
	columns, err := rows.Columns()
	ts.Check(err)
	h := sha256.New()
	for ; rows.Next(); n++ {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		ts.Check(rows.Scan(into...))
		fmt.Fprintf(h, "%v\n", cells)
	}
	ts.Check(rows.Err())
	return h.Sum(nil), n
}

func openDatabase(ts *testscript.TestScript, folder string) *sql.DB {
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(folder), "breakwater.db"))
	ts.Check(err)
	return db
}

// checkJSON is "json path value": the value at a path of the last output, such
// as practices.0.status; "len" counts a list, and value is compared as JSON or
// as text.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json path value")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		ts.Fatalf("standard output is not JSON: %v", err)
	}
	got, err := walk(v, strings.Split(args[0], "."))
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	text, err := json.Marshal(got)
	ts.Check(err)
	if s, ok := got.(string); ok {
		text = []byte(s)
	}
	if (string(text) == args[1]) == neg {
		ts.Fatalf("%s: got %s, want %s (not: %v)", args[0], text, args[1], neg)
	}
}

func walk(v any, path []string) (any, error) {
	for _, p := range path {
		switch x := v.(type) {
		case map[string]any:
			w, ok := x[p]
			if !ok {
				return "absent", nil
			}
			v = w
		case []any:
			if p == "len" {
				return len(x), nil
			}
			n, err := strconv.Atoi(p)
			if err != nil || n >= len(x) {
				return nil, fmt.Errorf("no element %q in a list of %d", p, len(x))
			}
			v = x[n]
		default:
			return nil, fmt.Errorf("nothing under %q", p)
		}
	}
	return v, nil
}

// setClock is "now T": from here on the program is one whose clock stands at T;
// "now real" takes the program as it is.
func setClock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: now TIME|real")
	}
	if args[0] == "real" {
		ts.Setenv("PROGRAM", "breakwater")
		return
	}
	ts.Setenv("PROGRAM", "breakwater-at")
	ts.Setenv(clockVariable, args[0])
}

// awaitReady is "ready URL": it answers 200 within twenty seconds.
func awaitReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready URL")
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(args[0])
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("%s is not ready", args[0])
}

// sendBody is "send STATUS METHOD URL [FILE]": the request is answered with
// this status, with a token of the environment variable TOKEN if there is one,
// and its body becomes FILE "answer".
func sendBody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: send STATUS METHOD URL [FILE]")
	}
	body := ""
	if len(args) > 3 {
		body = ts.ReadFile(args[3])
	}
	req, err := http.NewRequest(args[1], args[2], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	if token := ts.Getenv("TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), raw, 0o600))
	if strconv.Itoa(res.StatusCode) != args[0] {
		ts.Fatalf("status: got %d, want %s\n%s", res.StatusCode, args[0], raw)
	}
}
