package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// maxQueued bounds what waits to be sent.
const maxQueued = 200

// pgTx sends as little as it can: BEGIN travels with the first statement, and
// what answers nothing waits for the next statement that does, or for flush.
type pgTx struct {
	ctx     context.Context
	cancel  func()
	c       *pgx.Conn
	d       *dialect
	give    func()
	opening string // BEGIN, until it was sent
	queue   []queued
	ended   bool
}

// queued is a statement on its way. expect is how many rows it must change, or
// -1.
type queued struct {
	sql    string
	args   []any
	table  *table
	expect int64
}

// failure is errRetry also for a connection that broke before the commit, since
// then nothing was kept.
func (x *pgTx) failure(err error) error {
	err = pgError(err)
	if x.c.IsClosed() && !errors.Is(err, errRetry) {
		return fmt.Errorf("%w: the connection to the database broke: %w", errRetry, err)
	}
	return err
}

// send runs what is queued and then last, if it is not nil, in one round trip.
func (x *pgTx) send(sql string, args []any, last func(pgx.BatchResults) error) (err error) {
	batch := &pgx.Batch{}
	opening := x.opening != ""
	if opening {
		batch.Queue(x.opening)
		x.opening = ""
	}
	for n := range x.queue {
		batch.Queue(x.queue[n].sql, x.queue[n].args...)
	}
	if last != nil {
		batch.Queue(sql, args...)
	}
	if batch.Len() == 0 {
		return nil
	}
	waiting := x.queue
	x.queue = nil
	results := x.c.SendBatch(x.ctx, batch)
	defer func() {
		if closing := results.Close(); closing != nil && err == nil {
			err = x.failure(closing)
		}
	}()
	if opening {
		if _, err := results.Exec(); err != nil {
			return x.failure(err)
		}
	}
	for _, q := range waiting {
		tag, err := results.Exec()
		if err != nil {
			return duplicateIn(q.table, x.failure(err))
		}
		if q.expect >= 0 && tag.RowsAffected() != q.expect {
			return errMissed
		}
	}
	if last == nil {
		return nil
	}
	return last(results)
}

func (x *pgTx) flush() error { return x.send("", nil, nil) }

func (x *pgTx) change(sql string, args ...any) (n int64, err error) {
	err = x.send(sql, args, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		if err != nil {
			return x.failure(err)
		}
		n = tag.RowsAffected()
		return nil
	})
	return n, err
}

func (x *pgTx) insert(t *table, r row) error {
	x.queue = append(x.queue, queued{x.d.insert(t), r, t, 1})
	if len(x.queue) >= maxQueued {
		return x.flush()
	}
	return nil
}

const pgInsertEntries = `INSERT INTO entry (log, idx, recorded, kind, leaf_hash, key_mac, body)
SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[]) AS u`

// insertEntries sends all rows in one statement and one round trip.
func (x *pgTx) insertEntries(log LogID, rows []entryRow) error {
	ints := make([]int64, 3*len(rows))
	idx, recorded, kind := ints[:len(rows)], ints[len(rows):2*len(rows)], ints[2*len(rows):]
	blobs := make([][]byte, 3*len(rows))
	leaf, mac, body := blobs[:len(rows)], blobs[len(rows):2*len(rows)], blobs[2*len(rows):]
	for n := range rows {
		r := &rows[n]
		idx[n], recorded[n], kind[n] = int64(r.idx), r.recorded, int64(r.kind)
		leaf[n], mac[n], body[n] = r.leaf[:], r.mac[:], r.body
	}
	args := []any{log, idx, recorded, kind, leaf, mac, body}
	x.queue = append(x.queue, queued{pgInsertEntries, args, tableEntry, int64(len(rows))})
	return x.flush() // the rows share memory that is used again
}

func (x *pgTx) lock(t *table, key ...any) (row, error) { return x.one(x.d.get(t, true), key) }

func (x *pgTx) get(t *table, key ...any) (row, error) { return x.one(x.d.get(t, false), key) }

func (x *pgTx) one(sql string, args []any) (found row, err error) {
	err = x.each(sql, args, func(rows pgx.Rows) error {
		found, err = rows.Values()
		return err
	})
	return found, err
}

// each calls f for each row. f must not use the transaction.
func (x *pgTx) each(sql string, args []any, f func(pgx.Rows) error) error {
	return x.send(sql, args, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return x.failure(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := f(rows); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return x.failure(err)
		}
		return nil
	})
}

func (x *pgTx) scan(q query, f func(row) error) error {
	sql, args := x.d.query(q)
	return x.each(sql, args, func(rows pgx.Rows) error {
		v, err := rows.Values()
		if err != nil {
			return err
		}
		return f(v)
	})
}

func (x *pgTx) scanEntries(log LogID, from, to uint64, withBody bool, f func(*entryRow) error) error {
	sql := sqlScanLeaves
	if withBody {
		sql = sqlScanBodies
	}
	var e entryRow
	return x.each(x.d.placeholders(sql), []any{log, int64(from), int64(to)}, func(rows pgx.Rows) error {
		if err := e.takeRaw(rows.RawValues()); err != nil {
			return err
		}
		return f(&e)
	})
}

const pgFindKeys = `SELECT idx, recorded, kind, leaf_hash, key_mac, body FROM entry WHERE log = $1 AND key_mac = ANY($2::bytea[])`

func (x *pgTx) findKeys(log LogID, macs []keyMAC) ([]entryRow, error) {
	list := make([][]byte, len(macs))
	for n := range macs {
		list[n] = macs[n][:]
	}
	var found []entryRow
	err := x.each(pgFindKeys, []any{log, list}, func(rows pgx.Rows) error {
		var e entryRow
		if err := e.takeRaw(rows.RawValues()); err != nil {
			return err
		}
		e.body = append([]byte(nil), e.body...)
		if rows.RawValues()[5] == nil {
			e.body = nil
		}
		found = append(found, e)
		return nil
	})
	return found, err
}

// takeRaw reads the columns of sqlScanBodies or sqlScanLeaves in the binary
// format of the protocol. The body is valid until the next row.
func (e *entryRow) takeRaw(v [][]byte) error {
	if len(v[0]) != 8 || len(v[1]) != 8 || len(v[2]) != 8 {
		return errors.New("an entry row has columns of the wrong length: run fsck")
	}
	e.idx = binary.BigEndian.Uint64(v[0])
	if len(v[3]) != len(e.leaf) || len(v[4]) != len(e.mac) {
		return &damagedRow{idx: int64(e.idx)}
	}
	e.recorded = int64(binary.BigEndian.Uint64(v[1]))
	kind := binary.BigEndian.Uint64(v[2])
	if kind > 0xffff {
		return &damagedRow{idx: int64(e.idx)}
	}
	e.kind = uint16(kind)
	copy(e.leaf[:], v[3])
	copy(e.mac[:], v[4])
	e.body = nil
	if len(v) > 5 {
		e.body = v[5]
	}
	return nil
}

func (x *pgTx) update(t *table, set []assign, where ...cond) (int64, error) {
	sql, args := x.d.update(t, set, where)
	return x.change(sql, args...)
}

func (x *pgTx) remove(t *table, where ...cond) (int64, error) {
	sql, args := x.d.remove(t, where)
	return x.change(sql, args...)
}

func (x *pgTx) updateOne(t *table, set []assign, where ...cond) error {
	sql, args := x.d.update(t, set, where)
	x.queue = append(x.queue, queued{sql, args, t, 1})
	return nil
}

// commit returns when the server has the transaction on its disk.
func (x *pgTx) commit() error {
	if x.opening != "" {
		x.end()
		return nil
	}
	tag, err := x.c.Exec(x.ctx, "COMMIT")
	if err != nil {
		return pgError(err)
	}
	x.end()
	if tag.String() != "COMMIT" {
		return fmt.Errorf("%w: the server rolled the transaction back", errRetry)
	}
	return nil
}

func (x *pgTx) rollback() {
	if x.ended {
		return
	}
	if !x.c.IsClosed() && x.opening == "" {
		if _, err := x.c.Exec(x.ctx, "ROLLBACK"); err != nil {
			x.c.Close(x.ctx)
		}
	}
	x.end()
}

func (x *pgTx) end() {
	x.ended = true
	x.cancel()
	x.give()
}
