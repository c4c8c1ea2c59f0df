package store

import (
	"context"
	"fmt"
	"iter"

	"breakwater/internal/ledger"
)

// Stored is one entry as it is kept. Salt, Submitted and Envelope are empty once
// it was erased.
type Stored struct {
	Index     uint64
	Recorded  int64 // ms UTC
	Kind      uint16
	LeafHash  ledger.Hash
	Salt      [ledger.SaltSize]byte
	Submitted [32]byte
	Envelope  []byte
	Erased    bool
}

// Raw is one entry as it stands in the database, unopened.
type Raw struct {
	Index    uint64
	Recorded int64 // ms UTC
	Kind     uint16
	LeafHash ledger.Hash
	KeyMAC   [16]byte
	Body     []byte // sealed; nil once erased
}

// A scan reads the database in pieces of about this size, so that it holds a
// connection only as long as it takes to read one.
const (
	chunkRows  = 1024
	chunkBytes = 1 << 20
)

// Entries yields entries [from, to) in order, opened; to is cut to the size of
// the log. Envelopes of one piece share memory: clone one that is to be kept
// alone. The iteration ends with the first error.
func (s *Store) Entries(ctx context.Context, log LogID, from, to uint64) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		l, err := s.LogByID(ctx, log)
		if err != nil {
			yield(Stored{}, fmt.Errorf("read entries: %w", err))
			return
		}
		for {
			c, next, err := s.readChunk(ctx, log, from, to, true)
			if err != nil {
				yield(Stored{}, fmt.Errorf("read entries of log %d: %w", log, err))
				return
			}
			if !s.yieldChunk(ctx, l, c, yield) || len(c.rows) == 0 {
				return
			}
			from = next
		}
	}
}

func (s *Store) yieldChunk(ctx context.Context, l Log, c *chunk, yield func(Stored, error) bool) bool {
	plain := make([]byte, 0, len(c.bodies))
	var ad []byte
	for n := range c.rows {
		e := &c.rows[n]
		out := Stored{Index: e.idx, Recorded: e.recorded, Kind: e.kind, LeafHash: e.leaf, Erased: e.body == nil}
		if !out.Erased {
			start := len(plain)
			ad = appendEntryAD(ad[:0], l.Origin, e.idx)
			b, err := s.openData(ctx, l.ID, plain, e.body, ad)
			if err == nil {
				plain = b
				err = out.fill(b[start:len(b):len(b)])
			}
			if err != nil {
				yield(Stored{}, fmt.Errorf("open entry %d of log %s: %w", e.idx, l.Origin, err))
				return false
			}
		}
		if !yield(out, nil) {
			return false
		}
	}
	return true
}

const bodyHeader = ledger.SaltSize + 32

// fill takes the plaintext of a body apart.
func (e *Stored) fill(plain []byte) error {
	if len(plain) < bodyHeader {
		return fmt.Errorf("its body is cut off: run fsck")
	}
	copy(e.Salt[:], plain)
	copy(e.Submitted[:], plain[ledger.SaltSize:])
	e.Envelope = plain[bodyHeader:]
	return nil
}

type openedBody struct {
	salt, submitted [32]byte
	envelope        []byte
}

func (s *Store) openBody(ctx context.Context, log LogID, origin string, idx uint64, dst, body []byte) (openedBody, error) {
	plain, err := s.openData(ctx, log, dst, body, appendEntryAD(nil, origin, idx))
	var e Stored
	if err == nil {
		err = e.fill(plain)
	}
	if err != nil {
		return openedBody{}, fmt.Errorf("open entry %d of log %s: %w", idx, origin, err)
	}
	return openedBody{e.Salt, e.Submitted, e.Envelope}, nil
}

// RawEntries yields entries [from, to) in order without opening them, which
// needs no key. The body of each may be kept.
func (s *Store) RawEntries(ctx context.Context, log LogID, from, to uint64) iter.Seq2[Raw, error] {
	return func(yield func(Raw, error) bool) {
		for {
			c, next, err := s.readChunk(ctx, log, from, to, true)
			if err != nil {
				yield(Raw{}, fmt.Errorf("read entries of log %d: %w", log, err))
				return
			}
			for _, e := range c.rows {
				if !yield(Raw{e.idx, e.recorded, e.kind, e.leaf, e.mac, e.body}, nil) {
					return
				}
			}
			if len(c.rows) == 0 {
				return
			}
			from = next
		}
	}
}

type chunk struct {
	rows   []entryRow
	bodies []byte
}

// readChunk reads a piece of [from, to) and returns where the next one starts.
func (s *Store) readChunk(ctx context.Context, log LogID, from, to uint64, withBody bool) (*chunk, uint64, error) {
	c := &chunk{}
	if from >= to {
		return c, from, nil
	}
	to = min(to, from+chunkRows, ledger.MaxSize)
	err := s.read(ctx, func(t tx) error {
		c.rows, c.bodies = c.rows[:0], nil
		return t.scanEntries(log, from, to, withBody, func(e *entryRow) error {
			if e.idx != from+uint64(len(c.rows)) {
				return fmt.Errorf("entry %d is missing: run fsck", from+uint64(len(c.rows)))
			}
			c.add(e)
			if len(c.bodies) >= chunkBytes {
				return errStop
			}
			return nil
		})
	})
	return c, from + uint64(len(c.rows)), err
}

func (c *chunk) add(e *entryRow) {
	kept := *e
	if e.body != nil {
		start := len(c.bodies)
		c.bodies = append(c.bodies, e.body...)
		kept.body = c.bodies[start:len(c.bodies):len(c.bodies)]
	}
	c.rows = append(c.rows, kept)
}
