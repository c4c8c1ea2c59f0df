package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	defaultConnections = 8
	// txTimeout ends a transaction whose connection went silent.
	txTimeout = 2 * time.Minute
	// spareAfter is how long a transaction waits for a connection before it
	// opens one past the limit: one that waits inside another must not wait for
	// itself.
	spareAfter = 2 * time.Second
)

// postgresEngine keeps a few connections. Serialization of a log's writers is
// the row lock on its head; nothing else is locked.
type postgresEngine struct {
	dialect
	config *pgx.ConnConfig
	idle   chan *pgx.Conn // nil stands for a connection not opened yet
	closed atomic.Bool
}

func openPostgres(ctx context.Context, url string, o Options) (*postgresEngine, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database URL cannot be read: write postgres://user@host/name") // its text may hold a password
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "breakwater"
	}
	e := &postgresEngine{dialect: dialect{numbered: true, lockRow: " FOR UPDATE"}, config: config}
	n := o.Connections
	if n == 0 {
		n = defaultConnections
	}
	e.idle = make(chan *pgx.Conn, n)
	first, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	e.idle <- first
	for range n - 1 {
		e.idle <- nil
	}
	return e, nil
}

func (e *postgresEngine) name() string { return "postgres" }
func (e *postgresEngine) perLog() bool { return true }

// connect opens a connection that answers a commit only when it is on the disk.
func (e *postgresEngine) connect(ctx context.Context) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return nil, fmt.Errorf("the database server cannot be reached: check that it runs and the URL is right: %w", err)
	}
	var level string
	if err := c.QueryRow(ctx, "SHOW synchronous_commit").Scan(&level); err == nil && level == "off" {
		_, err = c.Exec(ctx, "SET synchronous_commit = on")
		if err != nil {
			c.Close(ctx)
			return nil, fmt.Errorf("turn synchronous_commit on: %w", err)
		}
	}
	return c, nil
}

func (e *postgresEngine) close() error {
	if e.closed.Swap(true) {
		return nil
	}
	var errs []error
	for range cap(e.idle) {
		if c := <-e.idle; c != nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			errs = append(errs, c.Close(ctx))
			cancel()
		}
	}
	return errors.Join(errs...)
}

// take returns a connection and how to give it back.
func (e *postgresEngine) take(ctx context.Context) (*pgx.Conn, func(), error) {
	if e.closed.Load() {
		return nil, nil, errClosed
	}
	timer := time.NewTimer(spareAfter)
	defer timer.Stop()
	var c *pgx.Conn
	spare := false
	select {
	case c = <-e.idle:
	case <-timer.C:
		spare = true
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if c == nil || c.IsClosed() {
		var err error
		if c, err = e.connect(ctx); err != nil {
			if !spare {
				e.idle <- nil
			}
			return nil, nil, err
		}
	}
	if spare {
		return c, func() { c.Close(context.Background()) }, nil
	}
	return c, func() { e.idle <- c }, nil
}

func (e *postgresEngine) begin(ctx context.Context, mode txMode) (tx, error) {
	c, give, err := e.take(ctx)
	if err != nil {
		return nil, err
	}
	x := &pgTx{c: c, d: &e.dialect, give: give}
	x.ctx, x.cancel = context.WithoutCancel(ctx), func() {}
	if mode != snapshotTx {
		x.ctx, x.cancel = context.WithTimeout(x.ctx, txTimeout)
	}
	x.opening = "BEGIN ISOLATION LEVEL READ COMMITTED"
	if mode != writeTx {
		x.opening = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	return x, nil
}

// version cannot be told cheaply: whoever wants to know polls the heads.
func (e *postgresEngine) version(context.Context) (int64, error) { return 0, nil }

func (e *postgresEngine) sound(context.Context) ([]string, error) { return nil, nil }

// scrub does nothing: dead rows go with the server's vacuum.
func (e *postgresEngine) scrub(context.Context) error { return nil }

func (e *postgresEngine) made(ctx context.Context) (made bool, err error) {
	c, give, err := e.take(ctx)
	if err != nil {
		return false, err
	}
	defer give()
	err = c.QueryRow(ctx, "SELECT to_regclass('meta') IS NOT NULL").Scan(&made)
	return made, err
}

// pgError turns what people can do something about into one line.
func pgError(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: the server did not answer in time", errRetry)
		}
		return err
	}
	switch e.Code {
	case "23505":
		return errDuplicate
	case "40001", "40P01":
		return fmt.Errorf("%w: %s", errRetry, e.Message)
	case "53100":
		return fmt.Errorf("%w on the database server: make room and try again, nothing was lost", ErrFull)
	case "25006":
		return fmt.Errorf("%w: the server is a standby or read-only: connect to the primary", ErrReadOnly)
	}
	return err
}
