// Package store keeps the logs of all clients in SQLite, PostgreSQL or memory:
// it appends, seals, reads, checks, backs up and restores them. It knows
// transactions, keys by label, and the tree that package ledger defines. It
// refuses to know what an entry says, beyond which envelope erases which index
// when a caller of Check tells it.
//
// Words:
//
//   - log: what is kept for one client, or for the MSP. Log 0 is the instance
//     log over the checkpoints of the others.
//   - head: size, root and frontier of a log, and the last recorded instant.
//   - item: an envelope on its way in. Entry: an item that has an index.
//   - body: salt, hash of what was submitted, and envelope, sealed.
//   - submission: items appended together or not at all.
//   - repeated: an item whose (log, source, key) is in the log already; it is
//     answered with the first index and not appended again.
//   - guard: a file outside the database that remembers what was signed.
//
// Instants are milliseconds since 1970-01-01 UTC. See DESIGN.md for the rules
// of a commit and for what a crash leaves behind.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"breakwater/internal/ledger"
)

// LogID numbers the logs of one database from 1. InstanceLog is the log over
// their checkpoints.
type LogID = int64

// InstanceLog is the log of checkpoints; see package ledger, InstanceLeaf.
const InstanceLog LogID = 0

var (
	// ErrNotFound: no such log, entry, tile or row.
	ErrNotFound = errors.New("not found")
	// ErrExists: a log with that name and epoch exists.
	ErrExists = errors.New("exists already")
	// ErrStale: the log has grown past the size the rule was checked at. Catch
	// up, check again, submit again.
	ErrStale = errors.New("the log has grown since")
	// ErrConflict: the key was used before with other content, or a size has
	// another root already.
	ErrConflict = errors.New("conflicts with what is stored")
	// ErrErased: the entry's body was erased before.
	ErrErased = errors.New("erased already")
	// ErrClock: the clock stands more than five minutes before the last entry.
	ErrClock = errors.New("the clock went backward")
	// ErrWrongKey: the database was made under another master key.
	ErrWrongKey = errors.New("wrong master key")
	// ErrNoKey: the store was opened without a key, or the key was destroyed.
	ErrNoKey = errors.New("no key")
	// ErrBusy: another process holds the database for too long.
	ErrBusy = errors.New("the database is locked by another process")
	// ErrFull: the disk is full.
	ErrFull = errors.New("the disk is full")
	// ErrReadOnly: the folder or file cannot be written.
	ErrReadOnly = errors.New("the database is read-only")
	// ErrUnknown: the connection failed while committing and what became of it
	// could not be found out. The same submission again is answered correctly.
	ErrUnknown = errors.New("unknown whether it was kept")
	// ErrStopped: something about a log is in doubt, and nothing is written any
	// more by this process.
	ErrStopped = errors.New("writing has stopped")
)

// A Sealer seals, opens and names under keys that it knows by label. Wrapped
// keys are stored here and handed back with Load.
type Sealer interface {
	NewKey(label string) (wrapped []byte, err error)
	Load(label string, wrapped []byte) error
	Forget(label string)
	Seal(label string, dst, plaintext, ad []byte) ([]byte, error)
	Open(label string, dst, sealed, ad []byte) ([]byte, error)
	Name(label string, data []byte) ([32]byte, error)
	CheckValue() []byte
}

// Options say how a store is opened. The zero value of each field is good but
// for Sealer.
type Options struct {
	// Sealer holds the keys. Without one the store can be checked, and nothing
	// else.
	Sealer Sealer
	// Now is the clock for recorded instants, leases and jobs; time.Now if nil.
	Now func() time.Time
	// BusyTimeout is how long SQLite waits for another process; 10 s if 0.
	BusyTimeout time.Duration
	// Connections is the number of connections to PostgreSQL, or of readers of
	// SQLite; 8 and 4 if 0.
	Connections int
	// Fault is called before each operation on the database, in tests.
	Fault func(op string) Fault
	// MaxBytes bounds a SQLite file, in tests of a full disk; none if 0.
	MaxBytes int64
}

func (o *Options) withDefaults() Options {
	c := *o
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.BusyTimeout == 0 {
		c.BusyTimeout = 10 * time.Second
	}
	return c
}

// Store is an open database. It is safe for use by several goroutines, and any
// number of processes may have the same database open.
type Store struct {
	eng engine
	now func() time.Time

	sealMu sync.RWMutex
	sealer Sealer // nil without a key

	logs logCache
	keys keyCache

	stopped atomic.Pointer[error] // set once; why writing stopped
}

// OpenSQLite opens, and makes if need be, the database in a file.
func OpenSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	o = o.withDefaults()
	eng, err := openSQLite(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return open(ctx, eng, o)
}

// OpenPostgres opens, and fills with tables if need be, the database of a URL
// or connection string.
func OpenPostgres(ctx context.Context, url string, o Options) (*Store, error) {
	o = o.withDefaults()
	eng, err := openPostgres(ctx, url, o)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return open(ctx, eng, o)
}

// OpenMemory makes an empty database in memory.
func OpenMemory(ctx context.Context, o Options) (*Store, error) {
	return open(ctx, newMemory(), o.withDefaults())
}

// open checks the key before anything is written: with the wrong one nothing
// changes, not even the tables.
func open(ctx context.Context, eng engine, o Options) (*Store, error) {
	if o.Fault != nil {
		eng = &faulty{engine: eng, fault: o.Fault}
	}
	s := &Store{eng: eng, now: o.Now, sealer: o.Sealer}
	if err := s.begin(ctx); err != nil {
		eng.close()
		return nil, err
	}
	return s, nil
}

func (s *Store) begin(ctx context.Context) error {
	fresh, err := s.checkKey(ctx)
	if err != nil {
		return err
	}
	if s.sealer == nil {
		if fresh {
			return fmt.Errorf("open database: %w: it is empty, and making it needs the master key", ErrNoKey)
		}
		return nil
	}
	if err := s.eng.migrate(ctx); err != nil {
		return fmt.Errorf("bring the tables up to date: %w", err)
	}
	if fresh { // else nothing is written, so that no lock is waited for
		if err := s.writeRetry(ctx, s.initialize); err != nil {
			return fmt.Errorf("open database: %w", err)
		}
	}
	if err := s.loadKeys(ctx, InstanceLog); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	return nil
}

// Close ends all connections. Nothing that was acknowledged depends on it.
func (s *Store) Close() error {
	if err := s.eng.close(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Engine is "sqlite", "postgres" or "memory".
func (s *Store) Engine() string { return s.eng.name() }

// nowMS is the clock in ms UTC.
func (s *Store) nowMS() int64 { return s.now().UnixMilli() }

// stop ends all writing by this process, on any doubt about a log.
func (s *Store) stop(why error) error {
	err := fmt.Errorf("%w: %w: run fsck before anything else", ErrStopped, why)
	s.stopped.CompareAndSwap(nil, &err)
	return *s.stopped.Load()
}

// Stopped says why this process has stopped writing, or nil.
func (s *Store) Stopped() error {
	if p := s.stopped.Load(); p != nil {
		return *p
	}
	return nil
}

const maxTries = 8

// write runs f in one transaction and commits. The caller deals with retries.
func (s *Store) write(ctx context.Context, f func(tx) error) error {
	if err := s.Stopped(); err != nil {
		return err
	}
	t, err := s.eng.begin(ctx, writeTx)
	if err != nil {
		return err
	}
	defer t.rollback()
	if err := f(t); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := t.commit(); err != nil {
		if errors.Is(err, errRetry) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return nil
}

// writeRetry is write for transactions that may be run again whole, whether or
// not an earlier try was kept.
func (s *Store) writeRetry(ctx context.Context, f func(tx) error) error {
	var err error
	for try := range maxTries {
		err = s.write(ctx, f)
		if !errors.Is(err, errRetry) && !errors.Is(err, ErrUnknown) && !errors.Is(err, errDuplicate) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
	return err
}

// writeOnce is write for transactions that must not be kept twice: it runs f
// again only when it is certain that nothing was kept.
func (s *Store) writeOnce(ctx context.Context, f func(tx) error) error {
	var err error
	for try := range maxTries {
		if err = s.write(ctx, f); !errors.Is(err, errRetry) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
	return err
}

// read runs f on one state of the database.
func (s *Store) read(ctx context.Context, f func(tx) error) error {
	var err error
	for try := range maxTries {
		if err = s.readOnce(ctx, f); !errors.Is(err, errRetry) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
	return err
}

func (s *Store) readOnce(ctx context.Context, f func(tx) error) error {
	t, err := s.eng.begin(ctx, readTx)
	if err != nil {
		return err
	}
	defer t.rollback()
	if err := f(t); err != nil && !errors.Is(err, errStop) {
		return err
	}
	return nil
}

// pause waits a little longer after each try.
func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(time.Duration(1<<min(try, 7)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Head is the state of one log as it was committed last.
type Head struct {
	Log      LogID
	Size     uint64
	Root     ledger.Hash
	Recorded int64 // of the last entry, ms UTC; 0 in an empty log
}
