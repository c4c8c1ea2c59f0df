package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver named sqlite
)

// Migrations are an append-only list, one folder per dialect, with the same
// numbers in both.
//
//go:embed migrations
var migrations embed.FS

// migrateTries lets two processes that start at once lose the race and win.
const migrateTries = 6

func (e *sqliteEngine) migrate(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	current, err := e.writer.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if done, err := upToDate("sqlite", current); done || err != nil {
		return err
	}
	db, err := sql.Open("sqlite", e.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return up(ctx, goose.DialectSQLite3, db, "sqlite")
}

func (c *sqliteConn) schemaVersion(ctx context.Context) (int64, error) {
	r, err := c.rows(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'")
	if err != nil || r[0].int(0) == 0 {
		return 0, err
	}
	r, err = c.rows(ctx, "SELECT max(version_id) FROM goose_db_version")
	if err != nil {
		return 0, err
	}
	return r[0].int(0), nil
}

// upToDate refuses a database of a newer version, which this one would misread.
func upToDate(dialect string, current int64) (bool, error) {
	files, err := fs.ReadDir(migrations, path.Join("migrations", dialect))
	if err != nil {
		return false, err
	}
	latest := int64(len(files))
	if current > latest {
		return false, fmt.Errorf("the database has version %d and this program knows %d: use the newer program", current, latest)
	}
	return current == latest, nil
}

func up(ctx context.Context, dialect goose.Dialect, db *sql.DB, dir string) error {
	files, err := fs.Sub(migrations, path.Join("migrations", dir))
	if err != nil {
		return err
	}
	var last error
	for try := range migrateTries {
		p, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
		if err != nil {
			return err
		}
		if _, last = p.Up(ctx); last == nil {
			return nil
		}
		if err := pause(ctx, 3+try); err != nil {
			return errors.Join(last, err)
		}
	}
	return last
}
