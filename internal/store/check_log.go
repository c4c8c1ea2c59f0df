package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/ledger"
)

var errTooMany = errors.New("too many failures")

// logCheck follows one log from its first entry to its last.
type logCheck struct {
	*check
	l        Log
	name     string
	failures int

	frontier ledger.Frontier
	next     uint64 // index of the next entry
	last     int64  // recorded of the entry before
	tiles    tileCheck
	claims   []claim // by size, not yet reached
	keys     *logKeys
	open     bool // bodies are opened

	absent   map[uint64]bool       // entries without a body
	erasures map[uint64]int        // how often entries are named as erased
	erasedTo int64                 // size after the last erasure
	cited    map[[32]byte][]uint64 // files that envelopes cite, and which do

	disposals indexes                      // entries whose file an entry says was disposed of
	points    map[int64]*ledger.Checkpoint // by size; nil where it is damaged

	committer ledger.Committer
	plain     []byte
}

// indexes is a set of entries.
type indexes map[uint64]bool

func (s indexes) has(index uint64) bool { return s[index] }

func (c *logCheck) bad(index int64, format string, args ...any) error {
	c.failures++
	if c.failures > maxFailures {
		return errTooMany
	}
	c.fail(Failure{What: fmt.Sprintf(format, args...), Log: c.name, Index: index})
	return nil
}

func (c *logCheck) run() error {
	steps := []func() error{
		c.prepare, c.entries, c.head, c.rest, c.storedTiles, c.besideCheckpoints, c.erased, c.files,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// prepare loads the keys and all claims about roots.
func (c *logCheck) prepare() error {
	if c.report.Opened && c.l.ID != InstanceLog {
		k, err := c.s.keysOf(c.ctx, c.l.ID)
		if err != nil {
			if err := c.bad(-1, "its keys do not load, bodies were not opened: %v", err); err != nil {
				return err
			}
		} else if c.open = k.current > 0; !c.open {
			c.report.Notes = append(c.report.Notes, "bodies of log "+c.l.Origin+" were not opened: its data keys were destroyed")
		}
		c.keys = k
	}
	if err := c.claimsOfLeaves(); err != nil {
		return err
	}
	err := c.checkpoints()
	if err != nil {
		return err
	}
	err = c.t.scan(query{t: tableSnapshot, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
		if len(r.bytes(3)) != ledger.HashSize || r.int(2) < 0 {
			return c.bad(-1, "snapshot %s is damaged: run rebuild", r.text(1))
		}
		c.claims = append(c.claims, claim{uint64(r.int(2)), ledger.Hash(r.bytes(3)), "snapshot " + r.text(1)})
		return nil
	})
	slices.SortStableFunc(c.claims, func(a, b claim) int { return cmp.Compare(a.size, b.size) })
	return errors.Join(err, c.compareClaims())
}

// compareClaims compares the root just reached with all that is said of its size.
func (c *logCheck) compareClaims() error {
	for len(c.claims) > 0 && c.claims[0].size == c.frontier.Size() {
		if c.claims[0].root != c.frontier.Root() {
			if err := c.bad(-1, "%s has another root than the %d entries before it", c.claims[0].what, c.claims[0].size); err != nil {
				return err
			}
		}
		c.claims = c.claims[1:]
	}
	return nil
}

func (c *logCheck) entries() error {
	if c.l.ID == InstanceLog {
		return c.instanceEntries()
	}
	if err := c.before(); err != nil {
		return err
	}
	for from := uint64(0); ; {
		// The rows are read before they are checked: checking may read too.
		piece, damaged, err := c.piece(from)
		if err != nil {
			return err
		}
		for n := range piece.rows {
			if err := c.entry(&piece.rows[n]); err != nil {
				return err
			}
			from = piece.rows[n].idx + 1
		}
		switch {
		case damaged != nil:
			if err := c.bad(damaged.idx, "its row has columns of the wrong type or length: the tree cannot be derived past it"); err != nil {
				return err
			}
			from = uint64(damaged.idx) + 1
			c.next = max(c.next, from)
		case len(piece.rows) == 0:
			return c.beyond(from)
		}
	}
}

// piece reads entries from an index on, up to a row that is damaged.
func (c *logCheck) piece(from uint64) (*chunk, *damagedRow, error) {
	piece := &chunk{}
	err := c.t.scanEntries(c.l.ID, from, min(from+chunkRows, ledger.MaxSize), true, func(e *entryRow) error {
		piece.add(e)
		if len(piece.bodies) >= chunkBytes {
			return errStop
		}
		return nil
	})
	var damaged *damagedRow
	if errors.As(err, &damaged) && damaged.idx >= int64(from) || errors.Is(err, errStop) {
		err = nil
	}
	return piece, damaged, err
}

// before reports rows before the first index there can be.
func (c *logCheck) before() error {
	q := query{t: tableEntry, where: []cond{eq(colLog, c.l.ID), {"idx", "<", int64(0)}}}
	return c.t.scan(q, func(r row) error { return c.bad(r.int(1), "there is no entry of that index") })
}

// beyond reports rows after a gap longer than a piece.
func (c *logCheck) beyond(from uint64) error {
	q := query{t: tableEntry, where: []cond{eq(colLog, c.l.ID), {"idx", ">=", int64(from)}}, limit: 1}
	return c.t.scan(q, func(r row) error {
		return c.bad(int64(from), "entries %d to %d are missing", from, r.int(1)-1)
	})
}

func (c *logCheck) entry(e *entryRow) error {
	if e.idx != c.next { // said once for each hole
		if err := c.bad(int64(c.next), "entries are missing before entry %d: the tree cannot be derived past them", e.idx); err != nil {
			return err
		}
	}
	c.next = e.idx + 1
	if e.recorded < c.last {
		if err := c.bad(int64(e.idx), "recorded goes backward"); err != nil {
			return err
		}
	}
	c.last = e.recorded
	switch {
	case e.body == nil:
		c.absent[e.idx] = true
	case c.open:
		if err := c.body(e); err != nil {
			return err
		}
	}
	return c.grow(e.leaf)
}

func (c *logCheck) grow(leaf ledger.Hash) error {
	c.frontier.Append(leaf)
	c.tiles.add(leaf)
	return c.compareClaims()
}

// body opens an entry and compares it with its leaf and its clear columns.
func (c *logCheck) body(e *entryRow) error {
	ad := appendEntryAD(nil, c.l.Origin, e.idx)
	plain, err := c.s.openData(c.ctx, c.l.ID, c.plain[:0], e.body, ad)
	if err != nil {
		return c.bad(int64(e.idx), "the body does not open: %v", err)
	}
	c.plain = plain
	st := Stored{Index: e.idx, Recorded: e.recorded, Kind: e.kind, LeafHash: e.leaf}
	if err := st.fill(plain); err != nil {
		return c.bad(int64(e.idx), "the body is cut off")
	}
	commitment, err := c.committer.Commit(st.Salt[:], st.Envelope)
	if err != nil {
		return err
	}
	if (ledger.Leaf{Kind: e.kind, Recorded: e.recorded, Commitment: commitment}).Hash() != e.leaf {
		return c.bad(int64(e.idx), "salt, envelope, kind and recorded do not lead to the leaf hash")
	}
	return errors.Join(c.envelope(e, &st), c.visit(st))
}

func (c *logCheck) visit(st Stored) error {
	if c.o.Visit == nil {
		return nil
	}
	st.Envelope = bytes.Clone(st.Envelope)
	return c.o.Visit(c.l, st)
}

// envelope compares the clear columns with the fields they repeat.
func (c *logCheck) envelope(e *entryRow, st *Stored) error {
	env, err := event.Decode(st.Envelope)
	if err != nil {
		return c.bad(int64(e.idx), "the envelope does not decode: %v", err)
	}
	mac, err := c.s.itemMAC(c.keys, env.Source, env.Key)
	if err != nil {
		return err
	}
	switch {
	case uint16(env.Kind) != e.kind:
		err = c.bad(int64(e.idx), "the kind column says %d, the envelope %d", e.kind, uint16(env.Kind))
	case mac != e.mac:
		err = c.bad(int64(e.idx), "the key column is not that of the envelope's source and key")
	case env.Log != c.l.Name:
		err = c.bad(int64(e.idx), "the envelope belongs to another client")
	}
	if c.o.Erasure != nil {
		if idx, ok := c.o.Erasure(e.kind, st.Envelope); ok {
			c.erasures[idx]++
			c.erasedTo = int64(e.idx) + 1
		}
	}
	if c.o.Disposal != nil {
		if idx, ok := c.o.Disposal(e.kind, st.Envelope); ok {
			c.disposals[idx] = true
		}
	}
	if c.o.Cites != nil {
		for _, name := range c.o.Cites(e.kind, st.Envelope) {
			c.cited[name] = append(c.cited[name], e.idx)
		}
	}
	return err
}

// claimsOfLeaves takes what the instance log says of this log. Under its own
// pseudonym it says what it lost, once for each epoch after the first.
func (c *logCheck) claimsOfLeaves() error {
	said := c.claimed[c.l.Pseudonym]
	if c.l.ID != InstanceLog {
		c.claims = append(c.claims, said...)
		return nil
	}
	if len(said) != c.l.Epoch-1 {
		return c.bad(-1, "its epoch is %d, and its leaves admit %d losses", c.l.Epoch, len(said))
	}
	return nil
}

func (c *logCheck) instanceEntries() error {
	return c.t.scan(query{t: tableInstance, where: []cond{eq(colLog, InstanceLog)}}, func(r row) error {
		e, err := instanceEntryOf(r)
		if err != nil || len(r.bytes(6)) != ledger.HashSize {
			return c.bad(r.int(1), "the leaf is damaged")
		}
		if e.Index != c.frontier.Size() {
			if err := c.bad(int64(e.Index), "leaves are missing before it"); err != nil {
				return err
			}
		}
		if e.Recorded < c.last {
			if err := c.bad(int64(e.Index), "recorded goes backward"); err != nil {
				return err
			}
		}
		c.last = e.Recorded
		hash := ledger.Hash(r.bytes(6))
		if e.Leaf.Hash() != hash {
			if err := c.bad(int64(e.Index), "pseudonym, size and root do not lead to the leaf hash"); err != nil {
				return err
			}
		}
		return c.grow(hash)
	})
}

// head compares the stored head with the derived one.
func (c *logCheck) head() error {
	h, err := c.t.get(tableHead, c.l.ID)
	if err != nil {
		return err
	}
	if h == nil {
		return c.bad(-1, "it has no head")
	}
	root := c.frontier.Root()
	switch {
	case uint64(h.int(1)) != c.frontier.Size():
		return c.bad(-1, "the head says %d entries, there are %d", h.int(1), c.frontier.Size())
	case !bytes.Equal(h.bytes(2), root[:]):
		return c.bad(-1, "the head's root is not that of the entries")
	case !bytes.Equal(h.bytes(3), c.frontier.Marshal()):
		return c.bad(-1, "the head's frontier is not that of the entries")
	case h.int(4) != c.last:
		return c.bad(-1, "the head's recorded is not that of the last entry")
	case c.open && c.keys.data[uint32(h.int(5))] == "":
		return c.bad(-1, "the head names key %d, which the log does not have", h.int(5))
	case h.int(6) < 0 || uint64(h.int(6)) > c.frontier.Size() || h.int(6) > 0 && c.erasedTo == 0 && c.open && c.o.Erasure != nil:
		return c.bad(-1, "the head knows of an erasure that no entry is")
	case h.int(6) < c.erasedTo:
		return c.bad(-1, "the head does not know of the last erasure")
	}
	return nil
}

// rest reports claims about sizes that the log does not have.
func (c *logCheck) rest() error {
	for _, cl := range c.claims {
		if err := c.bad(-1, "%s: the log ends at %d", cl.what, c.frontier.Size()); err != nil {
			return err
		}
	}
	return nil
}
