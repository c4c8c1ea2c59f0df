package store

import (
	"context"
	"database/sql/driver"
	"slices"
)

type sqliteTx struct {
	conn  *sqliteConn
	d     *dialect
	done  func()
	ended bool
	args  []any
	head  []any
	heads *headRows // of a writer
}

func (x *sqliteTx) insert(t *table, r row) error {
	x.forget(t)
	return duplicateIn(t, x.conn.exec(waitFor, x.d.insert(t), r...))
}

// insertEntries runs one prepared statement per row, which is faster here than
// statements of many rows.
func (x *sqliteTx) insertEntries(log LogID, rows []entryRow) error {
	sql := x.d.insert(tableEntry)
	if x.args == nil {
		x.args = make([]any, len(tableEntry.cols))
	}
	x.args[0] = log
	for n := range rows {
		r := &rows[n]
		x.args[1], x.args[2], x.args[3] = int64(r.idx), r.recorded, int64(r.kind)
		x.args[4], x.args[5], x.args[6] = r.leaf[:], r.mac[:], r.body
		if err := x.conn.exec(waitFor, sql, x.args...); err != nil {
			return duplicateIn(tableEntry, err)
		}
	}
	return nil
}

// lock needs no lock: a writer is alone. Heads that this connection wrote last
// are not read again.
func (x *sqliteTx) lock(t *table, key ...any) (row, error) {
	if t != tableHead || x.heads == nil {
		return x.get(t, key...)
	}
	log := key[0].(LogID)
	if r := x.heads.get(log); r != nil {
		return r, nil
	}
	r, err := x.get(t, key...)
	if r != nil {
		x.heads.known[log] = r
	}
	return r, err
}

// forget drops the heads when they change in a way that is not followed.
func (x *sqliteTx) forget(t *table) {
	if t == tableHead && x.heads != nil {
		x.heads.drop()
	}
}

func (x *sqliteTx) get(t *table, key ...any) (row, error) {
	rows, err := x.conn.rows(waitFor, x.d.get(t, false), key...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

func (x *sqliteTx) scan(q query, f func(row) error) error {
	sql, args := x.d.query(q)
	return x.conn.each(waitFor, sql, args, func(v []driver.Value) error {
		r := make(row, len(v))
		for n := range v {
			r[n] = v[n]
		}
		return f(r)
	})
}

func (x *sqliteTx) scanEntries(log LogID, from, to uint64, withBody bool, f func(*entryRow) error) error {
	sql := sqlScanLeaves
	if withBody {
		sql = sqlScanBodies
	}
	var e entryRow
	return x.conn.each(waitFor, x.d.placeholders(sql), []any{log, int64(from), int64(to)}, func(v []driver.Value) error {
		if err := e.take(v); err != nil {
			return err
		}
		return f(&e)
	})
}

func (x *sqliteTx) findKeys(log LogID, macs []keyMAC) ([]entryRow, error) {
	sql := x.d.placeholders(sqlFindKey)
	var found []entryRow
	for n := range macs {
		err := x.conn.each(waitFor, sql, []any{log, macs[n][:]}, func(v []driver.Value) error {
			var e entryRow
			if err := e.take(v); err != nil {
				return err
			}
			found = append(found, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// take reads the columns of sqlScanBodies or sqlScanLeaves. A stored row of the
// wrong shape is an error, not a panic: the file may have been altered.
func (e *entryRow) take(v []driver.Value) error {
	idx, ok1 := v[0].(int64)
	recorded, ok2 := v[1].(int64)
	kind, ok3 := v[2].(int64)
	leaf, ok4 := v[3].([]byte)
	mac, ok5 := v[4].([]byte)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || idx < 0 || kind < 0 || kind > 0xffff ||
		len(leaf) != len(e.leaf) || len(mac) != len(e.mac) {
		return &damagedRow{idx: idx}
	}
	e.idx, e.recorded, e.kind = uint64(idx), recorded, uint16(kind)
	copy(e.leaf[:], leaf)
	copy(e.mac[:], mac)
	e.body = nil
	if len(v) > 5 && v[5] != nil {
		body, ok := v[5].([]byte)
		if !ok {
			return &damagedRow{idx: idx}
		}
		e.body = body
	}
	return nil
}

func (x *sqliteTx) update(t *table, set []assign, where ...cond) (int64, error) {
	x.forget(t)
	return x.change(t, set, where)
}

// advanceHead are the columns that sqlAdvanceHead sets.
var advanceHead = []string{"size", "root", "frontier", "recorded"}

// changeHead is change for the update that every append makes, without putting
// its statement together again.
func (x *sqliteTx) changeHead(set []assign, where []cond) (int64, error) {
	if !slices.EqualFunc(set, advanceHead, func(a assign, col string) bool { return a.col == col }) || len(where) != 2 ||
		where[0].col != colLog || where[0].op != "=" || where[1].col != "size" || where[1].op != "=" {
		return x.change(tableHead, set, where)
	}
	x.head = append(x.head[:0], set[0].val, set[1].val, set[2].val, set[3].val, where[0].val, where[1].val)
	return x.conn.change(waitFor, sqlAdvanceHead, x.head)
}

func (x *sqliteTx) change(t *table, set []assign, where []cond) (int64, error) {
	sql, args := x.d.update(t, set, where)
	return x.conn.change(waitFor, sql, args)
}

func (x *sqliteTx) updateOne(t *table, set []assign, where ...cond) error {
	if t != tableHead || x.heads == nil {
		return missed(x.update(t, set, where...))
	}
	err := missed(x.changeHead(set, where))
	if err == nil {
		x.heads.follow(set, where)
	}
	return err
}

func (x *sqliteTx) flush() error { return nil }

func (x *sqliteTx) remove(t *table, where ...cond) (int64, error) {
	x.forget(t)
	sql, args := x.d.remove(t, where)
	return x.conn.change(waitFor, sql, args)
}

// commit returns when the write-ahead log is on the disk. If the power goes
// before that, nothing of the transaction remains; after it, all of it.
func (x *sqliteTx) commit() error {
	if err := x.conn.exec(waitFor, "COMMIT"); err != nil {
		return err // rollback drops the heads
	}
	x.heads = nil
	x.end()
	return nil
}

func (x *sqliteTx) rollback() {
	if x.ended {
		return
	}
	if x.heads != nil {
		x.heads.drop()
	}
	x.conn.exec(context.Background(), "ROLLBACK") // fails when COMMIT rolled back by itself
	x.end()
}

func (x *sqliteTx) end() {
	x.ended = true
	x.done()
}
