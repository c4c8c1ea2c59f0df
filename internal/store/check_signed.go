package store

import (
	"bytes"
	"errors"
	"fmt"

	"breakwater/internal/ledger"
)

// checkpoints reads what was signed: that each note says what its row says, who
// signed it, and, as a claim, its root.
func (c *logCheck) checkpoints() error {
	return c.t.scan(query{t: tableCheckpoint, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
		c.points[r.int(1)] = nil
		p, err := checkpointOf(r)
		point := ledger.Checkpoint{Origin: earlierOrigin(c.l, p), Size: p.Size, Root: p.Root}
		if err == nil {
			err = sameNote(point.Origin, p)
		}
		if err == nil {
			err = c.signed(point.Origin, p.Note)
		}
		if err != nil {
			return c.bad(-1, "checkpoint of size %d: %v", r.int(1), err)
		}
		c.points[r.int(1)] = &point
		c.claims = append(c.claims, claim{p.Size, p.Root, fmt.Sprintf("checkpoint of size %d", p.Size)})
		return nil
	})
}

// signed reports whether a checkpoint has a signature of each key of its log
// and no other line.
func (c *logCheck) signed(origin string, raw []byte) error {
	note, err := ledger.ParseNote(raw)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(note.Encode(), raw):
		return errors.New("its note is not in its one form")
	case c.o.Keys == nil:
		return nil
	}
	known := c.o.Keys(origin)
	good, err := note.Verify(known...)
	switch {
	case err != nil:
		return err
	case len(good) < len(note.Signatures):
		return errors.New("it has a line of a key that is not this log's")
	case len(good) < len(known):
		return errors.New("a signature is missing")
	}
	return nil
}

// besideCheckpoints reads what outsiders said of checkpoints.
func (c *logCheck) besideCheckpoints() error {
	for _, said := range []struct {
		by     *table
		verify func(p ledger.Checkpoint, said []byte) error
	}{{tableCosignature, c.o.Cosigned}, {tableTimestamp, c.o.Stamped}} {
		err := c.t.scan(query{t: said.by, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
			p, ok := c.points[r.int(1)]
			if !ok {
				return c.bad(-1, "a %s of %s is for size %d, which has no checkpoint", said.by.name, r.text(2), r.int(1))
			}
			if p == nil || said.verify == nil {
				return nil // a damaged checkpoint is reported already
			}
			if err := said.verify(*p, r.bytes(3)); err != nil {
				return c.bad(-1, "a %s of %s for size %d: %v", said.by.name, r.text(2), r.int(1), err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
