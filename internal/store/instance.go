package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"breakwater/internal/ledger"
)

// InstanceEntry is one leaf of the instance log.
type InstanceEntry struct {
	Index    uint64
	Recorded int64 // ms UTC
	Leaf     ledger.InstanceLeaf
}

// AppendInstance appends leaves to the instance log and returns its head. A leaf
// that says what the last one of the same pseudonym says is left out.
func (s *Store) AppendInstance(ctx context.Context, leaves []ledger.InstanceLeaf) (Head, error) {
	var head Head
	err := s.writeRetry(ctx, func(t tx) (err error) {
		head, err = s.appendInstance(t, leaves)
		return err
	})
	if there := duplicateOf(err); there == tableInstance || there == tableTile || errors.Is(err, errMissed) {
		err = s.stop(fmt.Errorf("head and rows of the instance log disagree: %w", err))
	}
	if err != nil {
		return Head{}, fmt.Errorf("append to the instance log: %w", err)
	}
	return head, nil
}

func (s *Store) appendInstance(t tx, leaves []ledger.InstanceLeaf) (Head, error) {
	h, err := t.lock(tableHead, InstanceLog)
	if err != nil {
		return Head{}, err
	}
	if h == nil {
		return Head{}, ErrNotFound
	}
	f, err := headFrontier(h)
	if err != nil {
		return Head{}, s.stop(fmt.Errorf("instance log: %w", err))
	}
	old, last, now := f.Size(), h.int(4), s.nowMS()
	if now < last-clockSlack {
		return Head{}, fmt.Errorf("%w: set this machine's clock and try again", ErrClock)
	}
	now = max(now, last)
	var hashes []ledger.Hash
	for _, l := range leaves {
		if known, err := saidBefore(t, l); err != nil {
			return Head{}, err
		} else if known {
			continue
		}
		hash := l.Hash()
		r := row{InstanceLog, int64(f.Size()), now, l.Pseudonym[:], int64(l.Size), l.Root[:], hash[:]}
		if err := t.insert(tableInstance, r); err != nil {
			return Head{}, err
		}
		f.Append(hash)
		hashes = append(hashes, hash)
	}
	if f.Size() == old {
		return headOf(h)
	}
	if err := writeTiles(t, InstanceLog, old, f.Size(), hashes); err != nil {
		return Head{}, err
	}
	root := f.Root()
	if err := writeHead(t, InstanceLog, old, &f, root, now); err != nil {
		return Head{}, err
	}
	return Head{Log: InstanceLog, Size: f.Size(), Root: root, Recorded: now}, nil
}

func saidBefore(t tx, l ledger.InstanceLeaf) (bool, error) {
	same := false
	q := query{t: tableInstance, where: []cond{eq(colLog, InstanceLog), eq("pseudonym", l.Pseudonym[:])}, order: "idx DESC", limit: 1}
	err := t.scan(q, func(r row) error {
		same = uint64(r.int(4)) == l.Size && string(r.bytes(5)) == string(l.Root[:])
		return nil
	})
	return same, err
}

// InstanceLeaves yields leaves [from, to) of the instance log in order; to is
// cut to its size.
func (s *Store) InstanceLeaves(ctx context.Context, from, to uint64) iter.Seq2[InstanceEntry, error] {
	return func(yield func(InstanceEntry, error) bool) {
		for from < to {
			until := min(to, from+chunkRows, ledger.MaxSize)
			list, err := s.instanceLeaves(ctx, eq(colLog, InstanceLog), cond{"idx", ">=", int64(from)}, cond{"idx", "<", int64(until)})
			if err != nil {
				yield(InstanceEntry{}, err)
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
			if len(list) == 0 {
				return
			}
			from += uint64(len(list))
		}
	}
}

// InstanceLeavesOf returns every leaf of one log's pseudonym, in order.
func (s *Store) InstanceLeavesOf(ctx context.Context, pseudonym [32]byte) ([]InstanceEntry, error) {
	return s.instanceLeaves(ctx, eq(colLog, InstanceLog), eq("pseudonym", pseudonym[:]))
}

func (s *Store) instanceLeaves(ctx context.Context, where ...cond) ([]InstanceEntry, error) {
	var list []InstanceEntry
	err := s.read(ctx, func(t tx) error {
		list = list[:0]
		return t.scan(query{t: tableInstance, where: where}, func(r row) error {
			e, err := instanceEntryOf(r)
			list = append(list, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the instance log: %w", err)
	}
	return list, nil
}

func instanceEntryOf(r row) (InstanceEntry, error) {
	if len(r.bytes(3)) != 32 || len(r.bytes(5)) != ledger.HashSize || r.int(1) < 0 || r.int(4) < 0 {
		return InstanceEntry{}, fmt.Errorf("leaf %d is damaged: run fsck", r.int(1))
	}
	leaf := ledger.InstanceLeaf{Pseudonym: [32]byte(r.bytes(3)), Size: uint64(r.int(4)), Root: ledger.Hash(r.bytes(5))}
	return InstanceEntry{Index: uint64(r.int(1)), Recorded: r.int(2), Leaf: leaf}, nil
}
