package store

import (
	"context"
	"errors"
	"slices"
	"sort"
	"sync"
)

// memory is a database of sorted slices. A transaction works on a copy of the
// tables it changes; appending at the end copies nothing, since readers of the
// older slice never look past its length.
type memory struct {
	mu     sync.Mutex // held by the writer for the length of its transaction
	stateM sync.Mutex // guards state and count
	state  memState
	count  int64
}

type memTable struct {
	keys []string // in order
	rows []row
	uniq []map[string]struct{}
}

type memState []memTable

func newMemory() *memory {
	m := &memory{state: make(memState, len(tables))}
	for n, t := range tables {
		m.state[n].uniq = make([]map[string]struct{}, len(t.unique))
		for u := range t.unique {
			m.state[n].uniq[u] = map[string]struct{}{}
		}
	}
	return m
}

func (m *memory) name() string                            { return "memory" }
func (m *memory) perLog() bool                            { return false }
func (m *memory) close() error                            { return nil }
func (m *memory) migrate(context.Context) error           { return nil }
func (m *memory) scrub(context.Context) error             { return nil }
func (m *memory) sound(context.Context) ([]string, error) { return nil, nil }
func (m *memory) made(context.Context) (bool, error)      { return true, nil }
func (m *memory) version(context.Context) (int64, error)  { return m.committed(), nil }
func (m *memory) committed() int64 {
	m.stateM.Lock()
	defer m.stateM.Unlock()
	return m.count
}

func (m *memory) begin(ctx context.Context, mode txMode) (tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if mode == writeTx {
		m.mu.Lock()
	}
	m.stateM.Lock()
	defer m.stateM.Unlock()
	return &memTx{m: m, state: slices.Clone(m.state), write: mode == writeTx, owned: make([]bool, len(tables))}, nil
}

type memTx struct {
	m     *memory
	state memState
	write bool
	ended bool
	owned []bool   // tables whose slices this transaction has copied
	undo  []func() // for the unique maps, which are shared
}

func (x *memTx) own(t *table) *memTable {
	mt := &x.state[t.index]
	if !x.owned[t.index] {
		mt.keys, mt.rows = slices.Clone(mt.keys), slices.Clone(mt.rows)
		x.owned[t.index] = true
	}
	return mt
}

func (x *memTx) insert(t *table, r row) error {
	r = slices.Clone(r)
	for n, v := range r {
		if b, ok := v.([]byte); ok && b != nil {
			r[n] = slices.Clone(b)
		} else if ok {
			r[n] = nil
		}
		if r[n] == nil && !t.cols[n].null {
			return errors.New("column " + t.cols[n].name + " of " + t.name + " must not be null")
		}
	}
	mt := &x.state[t.index]
	key := memKey(r[:t.key])
	at, found := slices.BinarySearch(mt.keys, key)
	if found {
		return &duplicate{t}
	}
	if err := x.claim(t, mt, r); err != nil {
		return err
	}
	if at < len(mt.keys) {
		mt = x.own(t)
		mt.keys, mt.rows = slices.Insert(mt.keys, at, key), slices.Insert(mt.rows, at, r)
		return nil
	}
	mt.keys, mt.rows = append(mt.keys, key), append(mt.rows, r)
	return nil
}

func (x *memTx) claim(t *table, mt *memTable, r row) error {
	keys := make([]string, len(t.unique))
	for u, cols := range t.unique {
		keys[u] = uniqueKey(cols, r)
		if _, taken := mt.uniq[u][keys[u]]; taken {
			return &duplicate{t}
		}
	}
	for u := range keys {
		set, key := mt.uniq[u], keys[u]
		set[key] = struct{}{}
		x.undo = append(x.undo, func() { delete(set, key) })
	}
	return nil
}

func (x *memTx) release(t *table, mt *memTable, r row) {
	for u, cols := range t.unique {
		set, key := mt.uniq[u], uniqueKey(cols, r)
		delete(set, key)
		x.undo = append(x.undo, func() { set[key] = struct{}{} })
	}
}

func uniqueKey(cols []int, r row) string {
	vals := make(row, len(cols))
	for n, c := range cols {
		vals[n] = r[c]
	}
	return memKey(vals)
}

func (x *memTx) insertEntries(log LogID, rows []entryRow) error {
	for n := range rows {
		e := &rows[n]
		r := row{log, int64(e.idx), e.recorded, int64(e.kind), e.leaf[:], e.mac[:], e.body}
		if err := x.insert(tableEntry, r); err != nil {
			return err
		}
	}
	return nil
}

func (x *memTx) lock(t *table, key ...any) (row, error) { return x.get(t, key...) }

func (x *memTx) get(t *table, key ...any) (row, error) {
	mt := &x.state[t.index]
	at, found := slices.BinarySearch(mt.keys, memKey(key))
	if !found {
		return nil, nil
	}
	return mt.rows[at], nil
}

func (x *memTx) scan(q query, f func(row) error) error {
	places := x.fitting(q.t, q.where)
	rows := make([]row, len(places))
	for n, p := range places {
		rows[n] = x.state[q.t.index].rows[p]
	}
	if q.order != "" {
		sortRows(q.t, rows, q.order)
	}
	for n, r := range rows {
		if q.limit > 0 && n == q.limit {
			break
		}
		if err := f(slices.Clone(r)); err != nil {
			return err
		}
	}
	return nil
}

func (x *memTx) scanEntries(log LogID, from, to uint64, withBody bool, f func(*entryRow) error) error {
	mt := &x.state[tableEntry.index]
	at := sort.SearchStrings(mt.keys, memKey(row{log, int64(from)}))
	for ; at < len(mt.rows); at++ {
		r := mt.rows[at]
		if r.int(0) != log || uint64(r.int(1)) >= to {
			return nil
		}
		if err := f(memEntry(r, withBody)); err != nil {
			return err
		}
	}
	return nil
}

func memEntry(r row, withBody bool) *entryRow {
	e := &entryRow{idx: uint64(r.int(1)), recorded: r.int(2), kind: uint16(r.int(3))}
	copy(e.leaf[:], r.bytes(4))
	copy(e.mac[:], r.bytes(5))
	if withBody {
		e.body = r.bytes(6)
	}
	return e
}

func (x *memTx) findKeys(log LogID, macs []keyMAC) ([]entryRow, error) {
	mt := &x.state[tableEntry.index]
	want := map[keyMAC]bool{}
	for _, m := range macs {
		if !x.write { // the unique maps are the writer's
			want[m] = true
		} else if _, ok := mt.uniq[0][memKey(row{log, m[:]})]; ok {
			want[m] = true
		}
	}
	var found []entryRow
	if len(want) == 0 {
		return nil, nil
	}
	for _, p := range x.fitting(tableEntry, []cond{eq(colLog, log)}) {
		if want[keyMAC(mt.rows[p].bytes(5))] {
			found = append(found, *memEntry(mt.rows[p], true))
		}
	}
	return found, nil
}

func (x *memTx) update(t *table, set []assign, where ...cond) (int64, error) {
	places := x.fitting(t, where)
	if len(places) == 0 {
		return 0, nil
	}
	mt := x.own(t)
	for _, p := range places {
		old := mt.rows[p]
		r := slices.Clone(old)
		for _, a := range set {
			v := a.val
			if b, ok := v.([]byte); ok {
				v = slices.Clone(b)
			}
			r[t.column(a.col)] = v
		}
		if memKey(r[:t.key]) != mt.keys[p] {
			return 0, errors.New("primary keys do not change")
		}
		x.release(t, mt, old)
		if err := x.claim(t, mt, r); err != nil {
			return 0, err
		}
		mt.rows[p] = r
	}
	return int64(len(places)), nil
}

func (x *memTx) updateOne(t *table, set []assign, where ...cond) error {
	return missed(x.update(t, set, where...))
}

func (x *memTx) flush() error { return nil }

func (x *memTx) remove(t *table, where ...cond) (int64, error) {
	places := x.fitting(t, where)
	if len(places) == 0 {
		return 0, nil
	}
	mt := x.own(t)
	keep := 0
	for n := range mt.rows {
		if len(places) > 0 && places[0] == n {
			x.release(t, mt, mt.rows[n])
			places = places[1:]
			continue
		}
		mt.keys[keep], mt.rows[keep] = mt.keys[n], mt.rows[n]
		keep++
	}
	gone := int64(len(mt.rows) - keep)
	mt.keys, mt.rows = mt.keys[:keep:keep], mt.rows[:keep:keep]
	return gone, nil
}

func (x *memTx) commit() error {
	if x.ended {
		return errors.New("transaction has ended")
	}
	if x.write {
		x.m.stateM.Lock()
		x.m.state = x.state
		x.m.count++
		x.m.stateM.Unlock()
		x.m.mu.Unlock()
	}
	x.ended = true
	return nil
}

func (x *memTx) rollback() {
	if x.ended {
		return
	}
	x.ended = true
	if x.write {
		for _, undo := range slices.Backward(x.undo) {
			undo()
		}
		x.m.mu.Unlock()
	}
}
