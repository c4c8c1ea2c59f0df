package store

import (
	"context"
	"errors"
	"fmt"
)

// An engine is a database. There are three: SQLite, PostgreSQL and memory. All
// rules of the log stand above it and are the same for the three.
type engine interface {
	// begin starts a transaction. A writer of SQLite or memory excludes every
	// other writer; of PostgreSQL it excludes nobody until it locks rows. A
	// reader sees one state from its first statement on.
	begin(ctx context.Context, mode txMode) (tx, error)
	// perLog says that transactions on different logs can run at once.
	perLog() bool
	// version changes when another connection changed the database, or is 0
	// when the engine cannot tell.
	version(ctx context.Context) (int64, error)
	// sound runs the database's own check of its files; nil strings are good.
	sound(ctx context.Context) ([]string, error)
	// scrub makes sure that deleted bytes do not linger in a side file.
	scrub(ctx context.Context) error
	// made reports whether the tables exist.
	made(ctx context.Context) (bool, error)
	migrate(ctx context.Context) error
	name() string
	close() error
}

type txMode uint8

const (
	readTx txMode = iota
	writeTx
	snapshotTx // a reader that may stay open for long
)

// row holds the columns of a table in their order: int64, []byte, string or nil.
type row []any

func (r row) int(n int) int64 {
	v, _ := r[n].(int64)
	return v
}

func (r row) bytes(n int) []byte {
	v, _ := r[n].([]byte)
	return v
}

func (r row) text(n int) string {
	v, _ := r[n].(string)
	return v
}

// cond is a comparison of a column with a value.
type cond struct {
	col string
	op  string // =, <, <=, >, >=; "null" and "set" take no value
	val any
}

func eq(col string, val any) cond { return cond{col, "=", val} }

// query selects rows of one table in the order of its primary key, or of the
// column named in order.
type query struct {
	t     *table
	where []cond
	order string
	limit int
}

type assign struct {
	col string
	val any
}

// A tx is one transaction. After an error of any method but commit the only
// thing left to do is rollback, which may be called at any time.
type tx interface {
	// insert adds a row. A row with that primary key, or with those unique
	// columns, is errDuplicate, perhaps not before flush.
	insert(t *table, r row) error
	// insertEntries adds rows of the entry table for one log.
	insertEntries(log LogID, rows []entryRow) error
	// lock returns the row with a primary key, or nil, and keeps other writers
	// from changing it until the transaction ends.
	lock(t *table, key ...any) (row, error)
	// get returns the row with a primary key, or nil.
	get(t *table, key ...any) (row, error)
	// scan calls f for each row. The row is f's to keep.
	scan(q query, f func(row) error) error
	// scanEntries calls f for entries [from, to) in order. The bytes of the row
	// are valid until f returns.
	scanEntries(log LogID, from, to uint64, withBody bool, f func(*entryRow) error) error
	// findKeys returns the entries that have one of the keys.
	findKeys(log LogID, macs []keyMAC) ([]entryRow, error)
	// update changes the rows that fit and returns how many they were.
	update(t *table, set []assign, where ...cond) (int64, error)
	// updateOne changes one row. That it is not exactly one is errMissed,
	// perhaps not before flush.
	updateOne(t *table, set []assign, where ...cond) error
	// remove deletes the rows that fit and returns how many they were.
	remove(t *table, where ...cond) (int64, error)
	// flush sends what was not sent yet, and returns what went wrong with it.
	// It comes before commit.
	flush() error
	// commit makes the transaction durable. After an error other than errRetry
	// nobody knows whether it did.
	commit() error
	rollback()
}

var (
	// errDuplicate: a row with these unique columns exists.
	errDuplicate = errors.New("row exists")
	// errMissed: the row that was to be changed is not there or not as it was.
	errMissed = errors.New("the row is not as it was read")
	// errRetry: the database gave up on the transaction, nothing was kept, and
	// the same again may succeed.
	errRetry = errors.New("transaction must be tried again")
	// errStop ends a scan early and is not an error.
	errStop = errors.New("stop")
)

// keyMAC is the HMAC of an idempotency key, cut to 128 bits.
type keyMAC [16]byte

// entryRow is a row of the entry table. body is nil once it was erased.
type entryRow struct {
	idx      uint64
	recorded int64
	kind     uint16
	leaf     [32]byte
	mac      keyMAC
	body     []byte
}

// duplicate is errDuplicate with the table it was found in.
type duplicate struct{ t *table }

func (d *duplicate) Error() string { return errDuplicate.Error() + " in " + d.t.name }
func (d *duplicate) Unwrap() error { return errDuplicate }

// duplicateIn names the table of an errDuplicate and returns other errors as
// they are.
func duplicateIn(t *table, err error) error {
	if errors.Is(err, errDuplicate) {
		return &duplicate{t}
	}
	return err
}

// duplicateOf returns the table that an error says has the row already, or nil.
func duplicateOf(err error) *table {
	var d *duplicate
	if errors.As(err, &d) {
		return d.t
	}
	return nil
}

// missed turns the count of an update into errMissed unless it is one.
func missed(n int64, err error) error {
	if err == nil && n != 1 {
		return errMissed
	}
	return err
}

// damagedRow is a row of the entry table whose columns have the wrong type or
// length: the file may have been altered.
type damagedRow struct{ idx int64 }

func (d *damagedRow) Error() string {
	return fmt.Sprintf("entry row %d has columns of the wrong type or length: run fsck", d.idx)
}
