package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"breakwater/internal/event"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv("BREAKWATER_TEST_CHILD"); spec != "" {
		child(spec)
		return
	}
	code := m.Run()
	cluster.stop()
	os.Exit(code)
}

// env is an engine with a database of its own for one test.
type env struct {
	name   string
	clock  *clock
	open   func(t testing.TB, o store.Options) *store.Store // every call opens the same database
	exec   func(t testing.TB, sql string)                   // behind the store's back; nil for memory
	target string                                           // path or URL
}

type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func (e *env) options() store.Options { return store.Options{Sealer: testRing(1), Now: e.clock.now} }

// eachEngine runs f on every engine there is.
func eachEngine(t *testing.T, f func(t *testing.T, e *env)) {
	t.Helper()
	for _, name := range []string{"memory", "sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) { f(t, newEnv(t, name)) })
	}
}

// eachDatabase leaves memory out.
func eachDatabase(t *testing.T, f func(t *testing.T, e *env)) {
	t.Helper()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) { f(t, newEnv(t, name)) })
	}
}

func newEnv(t testing.TB, name string) *env {
	t.Helper()
	e := &env{name: name, clock: &clock{}}
	switch name {
	case "memory":
		var only *store.Store
		e.open = func(t testing.TB, o store.Options) *store.Store {
			if only == nil {
				only = must(store.OpenMemory(context.Background(), o))
			}
			return only
		}
	case "sqlite":
		e.target = filepath.Join(t.TempDir(), "breakwater.db")
		e.open = func(t testing.TB, o store.Options) *store.Store { return openTarget(t, e.target, o) }
		e.exec = func(t testing.TB, query string) {
			t.Helper()
			db := must(sql.Open("sqlite", e.target))
			defer db.Close()
			if _, err := db.Exec(query); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
	case "postgres":
		e.target = cluster.database(t)
		e.open = func(t testing.TB, o store.Options) *store.Store { return openTarget(t, e.target, o) }
		e.exec = func(t testing.TB, query string) {
			t.Helper()
			c := must(pgx.Connect(context.Background(), e.target))
			defer c.Close(context.Background())
			if _, err := c.Exec(context.Background(), query); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
	}
	return e
}

func openTarget(t testing.TB, target string, o store.Options) *store.Store {
	t.Helper()
	s, err := tryOpen(target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func tryOpen(target string, o store.Options) (*store.Store, error) {
	if strings.HasPrefix(target, "postgres://") {
		return store.OpenPostgres(context.Background(), target, o)
	}
	return store.OpenSQLite(context.Background(), target, o)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func testRing(fill byte) *seal.Keyring {
	key := make([]byte, seal.KeySize)
	key[0] = fill
	return seal.NewKeyring(must(seal.NewMaster(key)))
}

// start opens the store of an engine with one log.
func (e *env) start(t testing.TB) (*store.Store, store.Log) {
	t.Helper()
	s := e.open(t, e.options())
	return s, newLog(t, s, "lakeside")
}

func newLog(t testing.TB, s *store.Store, name string) store.Log {
	t.Helper()
	l, err := s.CreateLog(context.Background(), store.Log{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func item(client, key string, pad int) store.Item {
	return itemOf(client, key, event.DeviceReported, map[string]any{"pad": strings.Repeat("x", pad)})
}

func itemOf(client, key string, kind event.Kind, body any) store.Item {
	encoded := must(event.Marshal(body))
	e := event.Envelope{Actor: "system", At: 1_700_000_000_000, Body: encoded, Key: key, Kind: kind, Log: client, Source: "test"}
	return store.Item{Kind: uint16(kind), Envelope: must(e.Encode()), Source: "test", Key: key}
}

func one(l store.Log, key string) store.Submission {
	return store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, key, 40)}}
}

func erasure(l store.Log, key string, idx uint64) store.Submission {
	return store.Submission{
		Log: l.ID, Erase: &idx,
		Items: []store.Item{itemOf(l.Name, key, event.EntryErased, map[string]any{"index": idx})},
	}
}

// erases reads the test's own erasures, for Check.
func erases(kind uint16, envelope []byte) (uint64, bool) {
	if event.Kind(kind) != event.EntryErased {
		return 0, false
	}
	var body struct {
		Index uint64 `json:"index"`
	}
	e := must(event.Decode(envelope))
	err := json.Unmarshal(e.Body, &body)
	return body.Index, err == nil
}

func commit(t testing.TB, s *store.Store, subs ...store.Submission) []store.Result {
	t.Helper()
	res, err := s.Commit(context.Background(), subs)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func commitOK(t testing.TB, s *store.Store, subs ...store.Submission) []store.Result {
	t.Helper()
	res := commit(t, s, subs...)
	for n := range res {
		if res[n].Err != nil {
			t.Fatalf("submission %d: %v", n, res[n].Err)
		}
	}
	return res
}

// fill appends n entries in batches.
func fill(t testing.TB, s *store.Store, l store.Log, n int) {
	t.Helper()
	from := must(s.Head(context.Background(), l.ID)).Size
	for done := 0; done < n; {
		var subs []store.Submission
		for range min(100, n-done) {
			subs = append(subs, one(l, fmt.Sprintf("fill-%d", from+uint64(done))))
			done++
		}
		commitOK(t, s, subs...)
	}
}

// check runs Check and returns its failures.
func check(t testing.TB, s *store.Store, o store.CheckOptions) []store.Failure {
	t.Helper()
	var failures []store.Failure
	if o.Erasure == nil {
		o.Erasure = erases
	}
	if _, err := s.Check(context.Background(), o, func(f store.Failure) { failures = append(failures, f) }); err != nil {
		t.Fatal(err)
	}
	return failures
}

func checkClean(t testing.TB, s *store.Store) {
	t.Helper()
	for _, f := range check(t, s, store.CheckOptions{}) {
		t.Errorf("check: log %s, entry %d: %s", f.Log, f.Index, f.What)
	}
}

func envelopes(t testing.TB, s *store.Store, l store.Log) []store.Stored {
	t.Helper()
	var all []store.Stored
	for e, err := range s.Entries(context.Background(), l.ID, 0, 1<<40) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// cluster is a PostgreSQL server of our own on a unix socket, started when the
// first test asks for it.
var cluster pgCluster

type pgCluster struct {
	once sync.Once
	dir  string
	bin  string
	why  string // it does not run
	n    atomic.Int64
}

// database makes an empty database and returns its URL. Without a server the
// test is skipped, or fails where CI=true.
func (c *pgCluster) database(t testing.TB) string {
	t.Helper()
	c.once.Do(func() {
		if err := c.start(); err != nil {
			c.why = err.Error()
		}
	})
	if c.why != "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("PostgreSQL is needed: %s", c.why)
		}
		t.Skipf("PostgreSQL does not run here: %s", c.why)
	}
	return c.schema(t, "CREATE SCHEMA %s")
}

// schema makes a schema, which is a database of its own as far as a store sees.
func (c *pgCluster) schema(t testing.TB, statements ...string) string {
	t.Helper()
	name := "t" + strconv.FormatInt(c.n.Add(1), 10)
	conn := must(pgx.Connect(context.Background(), c.url("public")))
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(context.Background(), strings.ReplaceAll(sql, "%s", name)); err != nil {
			t.Fatal(err)
		}
	}
	return c.url(name)
}

// copyOf makes a copy of a database.
func (c *pgCluster) copyOf(t testing.TB, url string) string {
	t.Helper()
	_, from, _ := strings.Cut(url, "search_path=")
	statements := []string{"CREATE SCHEMA %s"}
	names := []string{"goose_db_version"}
	for name := range store.SchemaInList() {
		names = append(names, name)
	}
	for _, name := range names {
		statements = append(statements,
			fmt.Sprintf(`CREATE TABLE %%s."%s" (LIKE %s."%s" INCLUDING ALL)`, name, from, name),
			fmt.Sprintf(`INSERT INTO %%s."%s" SELECT * FROM %s."%s"`, name, from, name))
	}
	return c.schema(t, statements...)
}

func (c *pgCluster) url(schema string) string {
	return "postgres://postgres@/postgres?host=" + c.dir + "&port=5432&search_path=" + schema
}

func (c *pgCluster) start() error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return errors.New("no /usr/lib/postgresql/*/bin/initdb")
	}
	c.bin = filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return err
	}
	c.dir = dir
	if os.Getuid() == 0 {
		if _, err := user.Lookup("postgres"); err != nil {
			return err
		}
		if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	data := filepath.Join(dir, "data")
	if err := c.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"); err != nil {
		return err
	}
	durable := "off" // a test kills clients, not the machine
	if flag.Lookup("test.bench").Value.String() != "" {
		durable = "on"
	}
	options := "-c fsync=" + durable + " -c full_page_writes=" + durable + " -c listen_addresses='' -c unix_socket_directories='" + dir + "' -c port=5432 -c max_connections=200"
	if err := c.run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return err
	}
	// Should this process die without saying goodbye, the server goes too.
	script := `while kill -0 "$1" 2>/dev/null; do sleep 1; done; kill -QUIT "$(head -1 "$2/data/postmaster.pid")" 2>/dev/null; sleep 1; rm -rf "$2"`
	return exec.Command("/bin/sh", "-c", script, "sh", strconv.Itoa(os.Getpid()), dir).Start()
}

func (c *pgCluster) run(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	if os.Getuid() == 0 {
		cmd = exec.Command("runuser", append([]string{"-u", "postgres", "--", filepath.Join(c.bin, name)}, args...)...)
	}
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

func (c *pgCluster) stop() {
	if c.dir == "" {
		return
	}
	if c.why == "" {
		c.run("pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", "immediate", "stop")
	}
	os.RemoveAll(c.dir)
}
