package store

import (
	"bytes"
	"context"
	"fmt"

	"breakwater/internal/ledger"
)

// Checkpoint is a signed statement of a log's root at a size.
type Checkpoint struct {
	Log  LogID
	Size uint64
	Root ledger.Hash
	Note []byte // as signed
	Made int64  // ms UTC
}

// Cosignature is a witness's signature line under a checkpoint. Timestamp is an
// authority's RFC 3161 token over one.
type (
	Cosignature struct {
		Witness string
		Line    []byte
		Made    int64 // when it was stored, ms UTC
	}
	Timestamp struct {
		Authority string
		Token     []byte
		Made      int64 // when it was stored, ms UTC
	}
)

// PutCheckpoint stores a signed checkpoint, which must agree with the log, and
// returns the one to hand out: where one of that size is stored already, that
// one. Another root for a size stops all writing.
func (s *Store) PutCheckpoint(ctx context.Context, c Checkpoint) (Checkpoint, error) {
	if c.Made == 0 {
		c.Made = s.nowMS()
	}
	l, err := s.LogByID(ctx, c.Log)
	if err == nil {
		err = sameNote(l.Origin, c)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("store checkpoint: %w", err)
	}
	kept := c
	err = s.writeRetry(ctx, func(t tx) error {
		kept = c
		if err := s.checkRoot(t, c); err != nil {
			return err
		}
		have, err := t.get(tableCheckpoint, c.Log, int64(c.Size))
		if err != nil {
			return err
		}
		if have == nil {
			return t.insert(tableCheckpoint, row{c.Log, int64(c.Size), c.Root[:], c.Note, c.Made})
		}
		if kept, err = checkpointOf(have); err != nil {
			return err
		}
		if kept.Root != c.Root {
			return s.stop(fmt.Errorf("size %d of log %d was signed with another root: %w", c.Size, c.Log, ErrConflict))
		}
		return nil
	})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("store checkpoint: %w", err)
	}
	return kept, nil
}

// sameNote makes sure that what was signed says what the row says.
func sameNote(origin string, c Checkpoint) error {
	n, err := ledger.ParseNote(c.Note)
	if err != nil {
		return err
	}
	if want := (ledger.Checkpoint{Origin: origin, Size: c.Size, Root: c.Root}).Body(); n.Text != want {
		return fmt.Errorf("the note says something else than size %d of %s with that root: %w", c.Size, origin, ErrConflict)
	}
	return nil
}

// checkRoot compares a checkpoint with the tree.
func (s *Store) checkRoot(t tx, c Checkpoint) error {
	h, err := t.lock(tableHead, c.Log)
	if err != nil {
		return err
	}
	if h == nil {
		return fmt.Errorf("log %d: %w", c.Log, ErrNotFound)
	}
	head, err := headOf(h)
	if err != nil {
		return err
	}
	root, err := rootAt(head, c.Size, reader{t, c.Log})
	if err != nil {
		return err
	}
	if root != c.Root {
		return fmt.Errorf("size %d of log %d has root %s, not %s: %w", c.Size, c.Log, root, c.Root, ErrConflict)
	}
	return nil
}

func checkpointOf(r row) (Checkpoint, error) {
	if len(r.bytes(2)) != ledger.HashSize || r.int(1) < 0 {
		return Checkpoint{}, fmt.Errorf("the checkpoint's row is damaged: run fsck")
	}
	return Checkpoint{Log: r.int(0), Size: uint64(r.int(1)), Root: ledger.Hash(r.bytes(2)), Note: r.bytes(3), Made: r.int(4)}, nil
}

// Checkpoints lists a log's checkpoints from a size on, smallest first; of the
// instance log, those of its present epoch.
func (s *Store) Checkpoints(ctx context.Context, log LogID, from uint64) ([]Checkpoint, error) {
	return s.checkpoints(ctx, query{t: tableCheckpoint, where: []cond{eq(colLog, log), {"size", ">=", int64(from)}}})
}

// LastCheckpoint returns a log's largest checkpoint, or ErrNotFound.
func (s *Store) LastCheckpoint(ctx context.Context, log LogID) (Checkpoint, error) {
	list, err := s.checkpoints(ctx, query{t: tableCheckpoint, where: []cond{eq(colLog, log)}, order: "size DESC", limit: 1})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("last checkpoint of log %d: %w", log, ErrNotFound)
	}
	if err != nil {
		return Checkpoint{}, err
	}
	return list[0], nil
}

func (s *Store) checkpoints(ctx context.Context, q query) ([]Checkpoint, error) {
	var list []Checkpoint
	err := s.read(ctx, func(t tx) error {
		list = list[:0]
		origin, err := s.presentOrigin(t, q)
		if err != nil {
			return err
		}
		return t.scan(q, func(r row) error {
			c, err := checkpointOf(r)
			if origin == "" || ofOrigin(c.Note, origin) {
				list = append(list, c)
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	return list, nil
}

// presentOrigin is the origin that the checkpoints of a query must have: only the
// instance log keeps checkpoints of several epochs in one table.
func (s *Store) presentOrigin(t tx, q query) (string, error) {
	if q.where[0] != eq(colLog, InstanceLog) {
		return "", nil
	}
	r, err := t.get(tableLog, InstanceLog)
	if err != nil || r == nil || r.int(4) == 1 {
		return "", err
	}
	return r.text(1), nil
}

// PutCosignature stores a witness's line under a stored checkpoint. A second one
// of the same witness for the same size is not kept: the first says more.
func (s *Store) PutCosignature(ctx context.Context, log LogID, size uint64, c Cosignature) error {
	return s.putBeside(ctx, tableCosignature, log, size, c.Witness, c.Line)
}

// PutTimestamp stores an authority's token for a stored checkpoint. The first one
// of an authority for a size is kept.
func (s *Store) PutTimestamp(ctx context.Context, log LogID, size uint64, ts Timestamp) error {
	return s.putBeside(ctx, tableTimestamp, log, size, ts.Authority, ts.Token)
}

func (s *Store) putBeside(ctx context.Context, tbl *table, log LogID, size uint64, who string, what []byte) error {
	err := s.writeRetry(ctx, func(t tx) error {
		point, err := t.get(tableCheckpoint, log, int64(size))
		if err != nil {
			return err
		}
		if point == nil {
			return fmt.Errorf("checkpoint of size %d of log %d: %w", size, log, ErrNotFound)
		}
		have, err := t.get(tbl, log, int64(size), who)
		if err != nil || have != nil {
			return err
		}
		return t.insert(tbl, row{log, int64(size), who, bytes.Clone(what), s.nowMS()})
	})
	if err != nil {
		return fmt.Errorf("store %s of %s: %w", tbl.name, who, err)
	}
	return nil
}

// Cosignatures lists the lines stored under one checkpoint, by witness.
func (s *Store) Cosignatures(ctx context.Context, log LogID, size uint64) ([]Cosignature, error) {
	var list []Cosignature
	err := s.beside(ctx, tableCosignature, log, size, func() { list = list[:0] }, func(r row) {
		list = append(list, Cosignature{Witness: r.text(2), Line: r.bytes(3), Made: r.int(4)})
	})
	return list, err
}

// Timestamps lists the tokens stored for one checkpoint, by authority.
func (s *Store) Timestamps(ctx context.Context, log LogID, size uint64) ([]Timestamp, error) {
	var list []Timestamp
	err := s.beside(ctx, tableTimestamp, log, size, func() { list = list[:0] }, func(r row) {
		list = append(list, Timestamp{Authority: r.text(2), Token: r.bytes(3), Made: r.int(4)})
	})
	return list, err
}

func (s *Store) beside(ctx context.Context, tbl *table, log LogID, size uint64, reset func(), add func(row)) error {
	err := s.read(ctx, func(t tx) error {
		reset()
		return t.scan(query{t: tbl, where: []cond{eq(colLog, log), eq("size", int64(size))}}, func(r row) error {
			add(r)
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", tbl.name, err)
	}
	return nil
}
