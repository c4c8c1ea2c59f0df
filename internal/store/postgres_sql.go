package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

func (e *postgresEngine) migrate(ctx context.Context) error {
	c, give, err := e.take(ctx)
	if err != nil {
		return err
	}
	defer give()
	current, err := pgSchemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if done, err := upToDate("postgres", current); done || err != nil {
		return err
	}
	db := sql.OpenDB(migrator{e})
	defer db.Close()
	db.SetMaxOpenConns(1)
	return up(ctx, goose.DialectPostgres, db, "postgres")
}

func pgSchemaVersion(ctx context.Context, c *pgx.Conn) (version int64, err error) {
	var made bool
	if err := c.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&made); err != nil || !made {
		return 0, err
	}
	err = c.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&version)
	return version, err
}

// migrator hands connections to database/sql, which the migrations ask for. It
// does what they need and no more; everything else speaks to pgx directly.
type migrator struct{ e *postgresEngine }

func (m migrator) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := m.e.connect(ctx)
	if err != nil {
		return nil, err
	}
	return migratorConn{c}, nil
}

func (m migrator) Driver() driver.Driver { return m }

func (m migrator) Open(string) (driver.Conn, error) { return m.Connect(context.Background()) }

type migratorConn struct{ c *pgx.Conn }

func (m migratorConn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("migrations prepare nothing")
}

func (m migratorConn) Close() error { return m.c.Close(context.Background()) }

func (m migratorConn) Begin() (driver.Tx, error) {
	return m.BeginTx(context.Background(), driver.TxOptions{})
}

func (m migratorConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	_, err := m.c.Exec(ctx, "BEGIN")
	return m, err
}

func (m migratorConn) Commit() error {
	_, err := m.c.Exec(context.Background(), "COMMIT")
	return err
}

func (m migratorConn) Rollback() error {
	_, err := m.c.Exec(context.Background(), "ROLLBACK")
	return err
}

func (m migratorConn) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := m.c.Exec(ctx, sql, append([]any{pgx.QueryExecModeSimpleProtocol}, plainArgs(args)...)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (m migratorConn) QueryContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := m.c.Query(ctx, sql, plainArgs(args)...)
	if err != nil {
		return nil, err
	}
	return migratorRows{rows}, nil
}

func plainArgs(args []driver.NamedValue) []any {
	plain := make([]any, len(args))
	for n, a := range args {
		plain[n] = a.Value
	}
	return plain
}

type migratorRows struct{ rows pgx.Rows }

func (r migratorRows) Columns() []string {
	var names []string
	for _, f := range r.rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	return names
}

func (r migratorRows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

func (r migratorRows) Next(dest []driver.Value) error {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	values, err := r.rows.Values()
	if err != nil {
		return err
	}
	for n := range values {
		dest[n] = values[n]
	}
	return nil
}
