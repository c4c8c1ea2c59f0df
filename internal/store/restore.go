package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// metaRestoring stands in the database while a restore is not finished. A
// database that has it does not open.
const metaRestoring = "restoring"

// restoreRows is how many rows a restore writes in one transaction.
const restoreRows = 2000

// RestoreSQLite fills a new file from a backup. A file that is there is refused.
func RestoreSQLite(ctx context.Context, path string, o Options, r io.ReadSeeker, files Files) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("restore: %s is there already: restore into an empty folder", path)
	}
	err := restore(ctx, o.withDefaults(), r, files, func(o Options) (engine, error) { return openSQLite(ctx, path, o) })
	if err != nil {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(path + suffix)
		}
	}
	return err
}

// RestorePostgres fills an empty database from a backup. One that has our tables
// is refused.
func RestorePostgres(ctx context.Context, url string, o Options, r io.ReadSeeker, files Files) error {
	return restore(ctx, o.withDefaults(), r, files, func(o Options) (engine, error) { return openPostgres(ctx, url, o) })
}

// restore reads the backup twice: first to its end, so that nothing is written
// from one that is damaged or needs another key.
func restore(ctx context.Context, o Options, r io.ReadSeeker, files Files, open func(Options) (engine, error)) error {
	head, err := verifyBackup(r)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if o.Sealer != nil && hex.EncodeToString(o.Sealer.CheckValue()) != head.KeyCheck {
		return fmt.Errorf("restore: %w: the backup was made under another one; nothing was written", ErrWrongKey)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	eng, err := open(o)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer eng.close()
	if err := fill(ctx, eng, r, files); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func fill(ctx context.Context, eng engine, r io.Reader, files Files) error {
	made, err := eng.made(ctx)
	if err != nil {
		return err
	}
	if made {
		return errors.New("the database is not empty: restore into an empty one")
	}
	if err := eng.migrate(ctx); err != nil {
		return err
	}
	l := &loader{ctx: ctx, eng: eng, files: files}
	defer l.rollback()
	if err := l.insert(tableMeta, row{metaRestoring, []byte{1}}); err != nil {
		return err
	}
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.load(r); err != nil {
		return err
	}
	if err := l.begin(); err != nil {
		return err
	}
	if _, err := l.t.remove(tableMeta, eq("name", metaRestoring)); err != nil {
		return err
	}
	return l.flush()
}

// loader writes the rows of a backup in transactions of restoreRows.
type loader struct {
	ctx   context.Context
	eng   engine
	files Files
	t     tx
	n     int
	table *table
}

func (l *loader) begin() (err error) {
	if l.t == nil {
		l.t, err = l.eng.begin(l.ctx, writeTx)
	}
	return err
}

func (l *loader) rollback() {
	if l.t != nil {
		l.t.rollback()
	}
}

func (l *loader) insert(t *table, r row) error {
	if err := l.begin(); err != nil {
		return err
	}
	if err := l.t.insert(t, r); err != nil {
		return fmt.Errorf("table %s: %w", t.name, err)
	}
	if l.n++; l.n >= restoreRows {
		return l.flush()
	}
	return nil
}

func (l *loader) flush() error {
	if l.t == nil {
		return nil
	}
	err := l.t.flush()
	if err == nil {
		err = l.t.commit()
	}
	if err == nil {
		l.t, l.n = nil, 0
	}
	return err
}

func (l *loader) load(r io.Reader) error {
	frames, err := newFrameReader(r)
	if err != nil {
		return err
	}
	for {
		typ, payload, err := frames.next()
		if errors.Is(err, io.EOF) {
			return l.flush()
		}
		if err != nil {
			return err
		}
		if err := l.frame(typ, payload); err != nil {
			return err
		}
	}
}

func (l *loader) frame(typ byte, payload []byte) error {
	switch typ {
	case frameHeader:
		return nil
	case frameTable:
		l.table = nil
		for _, t := range tables {
			if t.name == string(payload) && t.sort != DerivedTable && !t.leased {
				l.table = t
			}
		}
		if l.table == nil {
			return fmt.Errorf("it has a table %q that this program does not know", payload)
		}
		return nil
	case frameRow:
		if l.table == nil {
			return errBackup
		}
		r, err := parseRow(l.table, payload)
		if err != nil {
			return err
		}
		return l.insert(l.table, r)
	case frameFile:
		if len(payload) < 40 {
			return errBackup
		}
		if l.files == nil {
			return errors.New("it holds files: say where they go")
		}
		return l.files.PutRaw(int64(binary.BigEndian.Uint64(payload)), [32]byte(payload[8:40]), payload[40:])
	}
	return errBackup
}
