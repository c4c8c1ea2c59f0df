package store

import (
	"context"
	"errors"
)

// Fault is what a test makes of an operation.
type Fault uint8

// The faults: none; the operation is not carried out and fails; it is carried
// out and fails all the same, as when the answer is lost on its way.
const (
	NoFault Fault = iota
	NotKept
	Kept
)

var errFault = errors.New("fault injected by a test")

type faulty struct {
	engine
	fault func(op string) Fault
}

func (f *faulty) begin(ctx context.Context, mode txMode) (tx, error) {
	if mode != writeTx {
		return f.engine.begin(ctx, mode)
	}
	what := f.fault("begin")
	if what == NotKept {
		return nil, errFault
	}
	t, err := f.engine.begin(ctx, mode)
	if err != nil {
		return nil, err
	}
	if what == Kept {
		t.rollback()
		return nil, errFault
	}
	return &faultyTx{t, f.fault}, nil
}

type faultyTx struct {
	tx
	fault func(op string) Fault
}

func (f *faultyTx) do(op string, run func() error) error {
	what := f.fault(op)
	if what == NotKept {
		return errFault
	}
	if err := run(); err != nil {
		return err
	}
	if what == Kept {
		return errFault
	}
	return nil
}

func (f *faultyTx) insert(t *table, r row) error {
	return f.do("insert "+t.name, func() error { return f.tx.insert(t, r) })
}

func (f *faultyTx) insertEntries(log LogID, rows []entryRow) error {
	return f.do("insert entry", func() error { return f.tx.insertEntries(log, rows) })
}

func (f *faultyTx) lock(t *table, key ...any) (r row, err error) {
	err = f.do("lock "+t.name, func() error {
		r, err = f.tx.lock(t, key...)
		return err
	})
	return r, err
}

func (f *faultyTx) update(t *table, set []assign, where ...cond) (n int64, err error) {
	err = f.do("update "+t.name, func() error {
		n, err = f.tx.update(t, set, where...)
		return err
	})
	return n, err
}

func (f *faultyTx) updateOne(t *table, set []assign, where ...cond) error {
	return f.do("update "+t.name, func() error { return f.tx.updateOne(t, set, where...) })
}

func (f *faultyTx) remove(t *table, where ...cond) (n int64, err error) {
	err = f.do("remove "+t.name, func() error {
		n, err = f.tx.remove(t, where...)
		return err
	})
	return n, err
}

func (f *faultyTx) commit() error {
	what := f.fault("commit")
	if what == NotKept {
		f.tx.rollback()
		return errFault
	}
	if err := f.tx.commit(); err != nil {
		return err
	}
	if what == Kept {
		return errFault
	}
	return nil
}
