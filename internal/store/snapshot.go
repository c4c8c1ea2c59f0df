package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"breakwater/internal/ledger"
)

// Snapshot is a state folded from the first Size entries of a log by one version
// of the code. It may always be thrown away.
type Snapshot struct {
	Log  LogID
	Name string // what was folded
	Fold string // version of the folding code
	Size uint64
	Root ledger.Hash // of the log at Size
	Data []byte
}

func (s *Store) snapshotAD(ctx context.Context, n *Snapshot) ([]byte, error) {
	l, err := s.LogByID(ctx, n.Log)
	if err != nil {
		return nil, err
	}
	ad := appendBytes([]byte("breakwater snapshot\x00"), []byte(l.Origin))
	ad = appendBytes(appendBytes(ad, []byte(n.Name)), []byte(n.Fold))
	ad = binary.BigEndian.AppendUint64(ad, n.Size)
	return append(ad, n.Root[:]...), nil
}

// PutSnapshot replaces the snapshot of that log and name. One folded from a
// prefix that ends before the last erasure is ErrStale and is not kept: it may
// hold what was erased.
func (s *Store) PutSnapshot(ctx context.Context, n Snapshot) error {
	k, err := s.keysOf(ctx, n.Log)
	if err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	ad, err := s.snapshotAD(ctx, &n)
	if err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	sealed, err := s.sealData(k, n.Log, nil, n.Data, ad)
	if err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	err = s.writeRetry(ctx, func(t tx) error {
		head, err := t.lock(tableHead, n.Log)
		if err != nil {
			return err
		}
		if head == nil {
			return ErrNotFound
		}
		if int64(n.Size) < head.int(6) || int64(n.Size) > head.int(1) {
			return ErrStale
		}
		if _, err := t.remove(tableSnapshot, eq(colLog, n.Log), eq("name", n.Name)); err != nil {
			return err
		}
		return t.insert(tableSnapshot, row{n.Log, n.Name, int64(n.Size), n.Root[:], sealed})
	})
	if err != nil {
		return fmt.Errorf("store snapshot of log %d: %w", n.Log, err)
	}
	return nil
}

// GetSnapshot returns the snapshot of that log, name and fold version. It is
// ErrNotFound when there is none, when it does not open, and when the log does
// not have its root at its size: the caller then folds from the entries.
func (s *Store) GetSnapshot(ctx context.Context, log LogID, name, fold string) (Snapshot, error) {
	n := Snapshot{Log: log, Name: name, Fold: fold}
	var sealed []byte
	var root ledger.Hash
	err := s.Tree(ctx, log, func(h Head, r ledger.HashReader) error {
		have, err := r.(reader).t.get(tableSnapshot, log, name)
		if err != nil {
			return err
		}
		if have == nil || len(have.bytes(3)) != ledger.HashSize || have.int(2) < 0 {
			return ErrNotFound
		}
		n.Size, n.Root, sealed = uint64(have.int(2)), ledger.Hash(have.bytes(3)), have.bytes(4)
		root, err = rootAt(h, n.Size, r)
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("snapshot of log %d: %w", log, err)
	}
	ad, err := s.snapshotAD(ctx, &n)
	if err == nil {
		n.Data, err = s.openData(ctx, log, nil, sealed, ad)
	}
	if err != nil || root != n.Root {
		return Snapshot{}, fmt.Errorf("snapshot of log %d does not open: %w", log, ErrNotFound)
	}
	return n, nil
}

// DropDerived empties every derived table.
func (s *Store) DropDerived(ctx context.Context) error {
	err := s.writeRetry(ctx, func(t tx) error {
		for _, tbl := range tables {
			if tbl.sort != DerivedTable {
				continue
			}
			if _, err := t.remove(tbl); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop derived tables: %w", err)
	}
	return s.eng.scrub(ctx)
}
