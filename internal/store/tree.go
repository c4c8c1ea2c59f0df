package store

import (
	"context"
	"fmt"

	"breakwater/internal/ledger"
)

// reader reads leaf hashes and tiles of one log within a transaction. It is a
// ledger.HashReader.
type reader struct {
	t   tx
	log LogID
}

func (r reader) LeafHashes(from, to uint64) ([]ledger.Hash, error) {
	hashes := make([]ledger.Hash, 0, to-from)
	err := scanLeaves(r.t, r.log, from, to, func(_ uint64, h ledger.Hash) { hashes = append(hashes, h) })
	return hashes, err
}

func scanLeaves(t tx, log LogID, from, to uint64, f func(uint64, ledger.Hash)) error {
	if log != InstanceLog {
		return t.scanEntries(log, from, to, false, func(e *entryRow) error {
			f(e.idx, e.leaf)
			return nil
		})
	}
	q := query{t: tableInstance, where: []cond{eq(colLog, log), {"idx", ">=", int64(from)}, {"idx", "<", int64(to)}}}
	return t.scan(q, func(r row) error {
		if len(r.bytes(6)) != ledger.HashSize {
			return fmt.Errorf("row %d of the instance log is damaged: run fsck", r.int(1))
		}
		f(uint64(r.int(1)), ledger.Hash(r.bytes(6)))
		return nil
	})
}

func (r reader) FullTile(level int, index uint64) ([]byte, error) {
	row, err := r.t.get(tableTile, r.log, int64(level), int64(index))
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, fmt.Errorf("tile %d of level %d of log %d: %w", index, level, r.log, ErrNotFound)
	}
	return row.bytes(3), nil
}

// Tree runs f with a reader of one log's leaf hashes and tiles, all of one
// state of the database, and with its head in that state. The reader ends with f.
func (s *Store) Tree(ctx context.Context, log LogID, f func(Head, ledger.HashReader) error) error {
	return s.read(ctx, func(t tx) error {
		h, err := t.get(tableHead, log)
		if err != nil {
			return fmt.Errorf("read head of log %d: %w", log, err)
		}
		if h == nil {
			return fmt.Errorf("read head of log %d: %w", log, ErrNotFound)
		}
		head, err := headOf(h)
		if err != nil {
			return fmt.Errorf("read head of log %d: %w", log, err)
		}
		return f(head, reader{t, log})
	})
}

// RootAt is the root of a log at a size up to its present one.
func (s *Store) RootAt(ctx context.Context, log LogID, size uint64) (ledger.Hash, error) {
	var root ledger.Hash
	err := s.Tree(ctx, log, func(h Head, r ledger.HashReader) (err error) {
		root, err = rootAt(h, size, r)
		return err
	})
	return root, err
}

func rootAt(h Head, size uint64, r ledger.HashReader) (ledger.Hash, error) {
	if size > h.Size {
		return ledger.Hash{}, fmt.Errorf("log %d ends at %d, before size %d: %w", h.Log, h.Size, size, ErrNotFound)
	}
	if size == h.Size {
		return h.Root, nil
	}
	return ledger.RootAt(size, r)
}

// LeafHashes returns the leaf hashes of entries [from, to).
func (s *Store) LeafHashes(ctx context.Context, log LogID, from, to uint64) ([]ledger.Hash, error) {
	if to < from {
		return nil, fmt.Errorf("leaf hashes of log %d: from %d to %d", log, from, to)
	}
	var hashes []ledger.Hash
	err := s.read(ctx, func(t tx) error {
		hashes = hashes[:0]
		return scanLeaves(t, log, from, to, func(_ uint64, h ledger.Hash) { hashes = append(hashes, h) })
	})
	if err != nil {
		return nil, fmt.Errorf("leaf hashes of log %d: %w", log, err)
	}
	if uint64(len(hashes)) != to-from {
		return nil, fmt.Errorf("leaf hashes %d to %d of log %d: %w", from, to, log, ErrNotFound)
	}
	return hashes, nil
}

// Tile returns the hashes of a tile, full or partial. A full one that is not
// there, or a partial one past the end of the log, is ErrNotFound.
func (s *Store) Tile(ctx context.Context, log LogID, t ledger.Tile) ([]byte, error) {
	var data []byte
	err := s.Tree(ctx, log, func(h Head, r ledger.HashReader) (err error) {
		if !inTree(t, h.Size) {
			return fmt.Errorf("%s of log %d: %w", t.Path(), log, ErrNotFound)
		}
		if t.Full() {
			data, err = r.FullTile(t.Level, t.Index)
		} else {
			data, err = ledger.MakeTile(t, r)
		}
		return err
	})
	return data, err
}

// inTree reports whether all hashes of a tile are those of subtrees of a tree.
func inTree(t ledger.Tile, size uint64) bool {
	if t.Level < 0 || t.Level > 7 || t.Width < 1 || t.Width > ledger.TileWidth || t.Index >= 1<<55 {
		return false
	}
	return t.Index*ledger.TileWidth+uint64(t.Width) <= size>>(t.Level*ledger.TileHeight)
}
