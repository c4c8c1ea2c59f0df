package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// pragmas are set on every connection when it opens, and asserted by a test.
// journal_mode and page_size belong to the file; the others to the connection.
func pragmas(o Options) []string {
	list := []string{
		"page_size(8192)",
		"busy_timeout(" + strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10) + ")",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"secure_delete(ON)",
		"foreign_keys(ON)",
		"trusted_schema(OFF)",
		"cell_size_check(ON)",
		"journal_size_limit(67108864)",
		"temp_store(MEMORY)",
		"cache_size(-16000)",
	}
	if o.MaxBytes > 0 {
		list = append(list, "max_page_count("+strconv.FormatInt(o.MaxBytes/8192, 10)+")")
	}
	return list
}

func sqliteDSN(path string, o Options) string {
	q := url.Values{"_pragma": pragmas(o), "_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// sqliteEngine has one connection that writes, under mu, and a few that read.
// It goes around database/sql, which costs a fifth of the speed.
type sqliteEngine struct {
	dialect
	dsn  string
	busy time.Duration

	mu     sync.Mutex // held for the length of a write transaction
	writer *sqliteConn
	heads  headRows // as the writer committed them
	closed bool

	readers chan *sqliteConn // nil stands for a connection not opened yet
	watchMu sync.Mutex
	watcher *sqliteConn // polls data_version and does nothing else
}

const defaultReaders = 4

var errClosed = errors.New("the database is closed")

func openSQLite(ctx context.Context, path string, o Options) (*sqliteEngine, error) {
	// The file is made here so that only its owner can read it; SQLite gives
	// its side files the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fileError(err)
	}
	f.Close()
	e := &sqliteEngine{dsn: sqliteDSN(path, o), busy: o.BusyTimeout}
	if e.writer, err = e.connect(ctx); err != nil {
		return nil, err
	}
	n := o.Connections
	if n == 0 {
		n = defaultReaders
	}
	e.readers = make(chan *sqliteConn, n)
	for range n {
		e.readers <- nil
	}
	return e, nil
}

func (e *sqliteEngine) name() string { return "sqlite" }
func (e *sqliteEngine) perLog() bool { return false }

func (e *sqliteEngine) connect(ctx context.Context) (*sqliteConn, error) {
	c, err := (&sqlite.Driver{}).Open(e.dsn)
	if err != nil {
		return nil, sqliteError(err)
	}
	conn := &sqliteConn{c: c, stmts: map[string]driver.Stmt{}}
	if _, err := conn.rows(ctx, "SELECT count(*) FROM sqlite_master"); err != nil {
		c.Close()
		return nil, err
	}
	return conn, nil
}

func (e *sqliteEngine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watchMu.Lock()
	defer e.watchMu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	var errs []error
	for range cap(e.readers) {
		if c := <-e.readers; c != nil {
			errs = append(errs, c.close())
		}
	}
	close(e.readers)
	if e.watcher != nil {
		errs = append(errs, e.watcher.close())
	}
	return errors.Join(append(errs, e.writer.close())...)
}

func (e *sqliteEngine) begin(ctx context.Context, mode txMode) (tx, error) {
	switch mode {
	case writeTx:
		e.mu.Lock()
		if e.closed {
			e.mu.Unlock()
			return nil, errClosed
		}
		if err := e.writer.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
			e.mu.Unlock()
			return nil, err
		}
		x := &sqliteTx{conn: e.writer, d: &e.dialect, done: e.mu.Unlock, heads: &e.heads}
		if err := e.heads.begin(ctx, e.writer); err != nil {
			x.rollback()
			return nil, err
		}
		return x, nil
	case snapshotTx:
		c, err := e.connect(ctx)
		if err != nil {
			return nil, err
		}
		return e.reading(ctx, c, func() { c.close() })
	}
	timer := time.NewTimer(spareAfter)
	defer timer.Stop()
	var c *sqliteConn
	select {
	case got, ok := <-e.readers:
		if !ok {
			return nil, errClosed
		}
		c = got
	case <-timer.C: // perhaps the one that has it waits for this very read
		return e.begin(ctx, snapshotTx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c == nil {
		var err error
		if c, err = e.connect(ctx); err != nil {
			e.readers <- nil
			return nil, err
		}
	}
	return e.reading(ctx, c, func() { e.readers <- c })
}

func (e *sqliteEngine) reading(ctx context.Context, c *sqliteConn, done func()) (tx, error) {
	if err := c.exec(ctx, "BEGIN"); err != nil {
		done()
		return nil, err
	}
	return &sqliteTx{conn: c, d: &e.dialect, done: done}, nil
}

func (e *sqliteEngine) version(ctx context.Context) (int64, error) {
	e.watchMu.Lock()
	defer e.watchMu.Unlock()
	if e.closed {
		return 0, errClosed
	}
	if e.watcher == nil {
		c, err := e.connect(ctx)
		if err != nil {
			return 0, err
		}
		e.watcher = c
	}
	r, err := e.watcher.rows(ctx, "PRAGMA data_version")
	if err != nil || len(r) == 0 {
		return 0, err
	}
	return r[0].int(0), nil
}

func (e *sqliteEngine) sound(ctx context.Context) ([]string, error) {
	t, err := e.begin(ctx, readTx)
	if err != nil {
		return nil, err
	}
	defer t.rollback()
	rows, err := t.(*sqliteTx).conn.rows(ctx, "PRAGMA integrity_check(20)")
	if err != nil {
		return nil, err
	}
	var bad []string
	for _, r := range rows {
		if s := r.text(0); s != "ok" {
			bad = append(bad, s)
		}
	}
	return bad, nil
}

// scrub moves the write-ahead log into the file and empties it, since pages
// from before an erasure stand in it. A reader in the way makes it incomplete;
// the next checkpoint finishes it.
func (e *sqliteEngine) scrub(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	// Do not hold up writers for as long as a reader may take.
	if _, err := e.writer.rows(ctx, "PRAGMA busy_timeout(250)"); err != nil {
		return err
	}
	_, err := e.writer.rows(waitFor, "PRAGMA wal_checkpoint(TRUNCATE)")
	if errors.Is(err, ErrBusy) {
		err = nil
	}
	_, back := e.writer.rows(waitFor, "PRAGMA busy_timeout("+strconv.FormatInt(e.busy.Milliseconds(), 10)+")")
	return errors.Join(err, back)
}

func (e *sqliteEngine) made(ctx context.Context) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, err := e.writer.rows(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'meta'")
	if err != nil {
		return false, err
	}
	return r[0].int(0) > 0, nil
}

// sqliteConn is a connection with its prepared statements. One goroutine uses
// it at a time.
type sqliteConn struct {
	c     driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue
}

func (c *sqliteConn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	return c.c.Close()
}

func (c *sqliteConn) prepare(sql string) (driver.Stmt, error) {
	if s := c.stmts[sql]; s != nil {
		return s, nil
	}
	s, err := c.c.Prepare(sql)
	if err != nil {
		return nil, sqliteError(err)
	}
	c.stmts[sql] = s
	return s, nil
}

func (c *sqliteConn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for n, a := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: n + 1, Value: a})
	}
	return c.args
}

func (c *sqliteConn) exec(ctx context.Context, sql string, args ...any) error {
	_, err := c.change(ctx, sql, args)
	return err
}

// change runs a statement and returns how many rows it changed.
func (c *sqliteConn) change(ctx context.Context, sql string, args []any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	res, err := s.(driver.StmtExecContext).ExecContext(ctx, c.bind(args))
	if err != nil {
		return 0, sqliteError(err)
	}
	return res.RowsAffected()
}

// each calls f for each row; the slice is reused, what is in it is not.
func (c *sqliteConn) each(ctx context.Context, sql string, args []any, f func([]driver.Value) error) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(ctx, c.bind(args))
	if err != nil {
		return sqliteError(err)
	}
	defer rows.Close()
	dest := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(dest); err == io.EOF {
			return nil
		} else if err != nil {
			return sqliteError(err)
		}
		if err := f(dest); err != nil {
			return err
		}
	}
}

func (c *sqliteConn) rows(ctx context.Context, sql string, args ...any) ([]row, error) {
	var all []row
	err := c.each(ctx, sql, args, func(v []driver.Value) error {
		r := make(row, len(v))
		for n := range v {
			r[n] = v[n]
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// waitFor is a context without an end for statements inside a transaction: to
// interrupt one leaves more in doubt than to let it finish.
var waitFor = context.Background()
