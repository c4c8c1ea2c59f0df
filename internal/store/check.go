package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/ledger"
)

// Failure is one thing that Check found wrong.
type Failure struct {
	What  string // in words
	Log   string // name of the client, or the origin where that is not known
	Index int64  // of the entry, or -1
}

// CheckOptions are what Check is told about entries, since the store does not
// read them. Everything may be absent; the report says what was not checked.
type CheckOptions struct {
	// Erasure reports which entry an envelope erases.
	Erasure func(kind uint16, envelope []byte) (index uint64, ok bool)
	// Cites lists the files that an envelope cites.
	Cites func(kind uint16, envelope []byte) [][32]byte
	// Disposal reports of which entry's file an envelope says that it was
	// disposed of.
	Disposal func(kind uint16, envelope []byte) (index uint64, ok bool)
	// Files is where files are kept.
	Files Files
	// Keys lists the public keys of a log: each of its checkpoints is signed by
	// all of them and by nobody else.
	Keys func(origin string) []*ledger.Verifier
	// Cosigned and Stamped verify what a witness and an authority said of a
	// checkpoint.
	Cosigned, Stamped func(p ledger.Checkpoint, said []byte) error
	// Visit is called with each entry that opened and is what its leaf says, so
	// that a caller checks more in the same pass.
	Visit func(Log, Stored) error
}

// CheckReport says what was looked at.
type CheckReport struct {
	Logs   []CheckedLog
	Opened bool     // bodies were opened; false without the master key
	Notes  []string // what was not checked, and why
}

// CheckedLog is one log as Check derived it from the entries.
type CheckedLog struct {
	Log
	Size uint64
	Root ledger.Hash
}

// maxFailures is how many failures of one log are listed.
const maxFailures = 100

// Check derives everything again from the entries and calls fail for whatever
// does not agree: bodies, leaves, tree, tiles, heads, checkpoints, clear columns,
// erasures, rows that belong to nothing, files, snapshots. Without a key it
// checks from the leaf hashes upward. It reads one state of the database and
// changes nothing. An error means that it could not finish.
func (s *Store) Check(ctx context.Context, o CheckOptions, fail func(Failure)) (CheckReport, error) {
	c := &check{s: s, ctx: ctx, o: o, fail: fail, report: CheckReport{Opened: s.seal() != nil}}
	if err := c.run(); err != nil {
		return c.report, fmt.Errorf("check: %w", err)
	}
	return c.report, nil
}

type check struct {
	s      *Store
	ctx    context.Context
	t      tx
	o      CheckOptions
	fail   func(Failure)
	report CheckReport

	logs    []Log
	claimed map[[32]byte][]claim // by pseudonym, what instance leaves say
}

// claim is a statement made elsewhere: at this size the log has this root.
type claim struct {
	size uint64
	root ledger.Hash
	what string
}

func (c *check) run() error {
	t, err := c.s.eng.begin(c.ctx, snapshotTx)
	if err != nil {
		return err
	}
	defer t.rollback()
	c.t = t
	c.note()
	bad, err := c.s.eng.sound(c.ctx)
	if err != nil {
		return err
	}
	for _, b := range bad {
		c.fail(Failure{What: "the database file is damaged: " + b, Index: -1})
	}
	if err := c.readLogs(); err != nil {
		return err
	}
	if err := c.readClaims(); err != nil {
		return err
	}
	for _, l := range c.logs {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := c.checkLog(l); err != nil {
			return fmt.Errorf("log %s: %w", l.Origin, err)
		}
	}
	return c.strays()
}

func (c *check) note() {
	add := func(missing bool, text string) {
		if missing {
			c.report.Notes = append(c.report.Notes, text)
		}
	}
	add(!c.report.Opened, "bodies were not opened: there is no master key")
	add(c.report.Opened && c.o.Erasure == nil, "erasures were not compared with missing bodies")
	add(c.report.Opened && c.o.Cites == nil, "citations were not compared with the list of files")
	add(c.report.Opened && c.o.Keys == nil, "signatures of checkpoints were not verified: there is no signing key")
	add(c.o.Files == nil, "files were not looked at")
}

// readClaims collects what the instance log says of each log.
func (c *check) readClaims() error {
	c.claimed = map[[32]byte][]claim{}
	return c.t.scan(query{t: tableInstance}, func(r row) error {
		e, err := instanceEntryOf(r)
		if err != nil {
			return nil // reported when the instance log itself is checked
		}
		c.claimed[e.Leaf.Pseudonym] = append(c.claimed[e.Leaf.Pseudonym],
			claim{e.Leaf.Size, e.Leaf.Root, fmt.Sprintf("leaf %d of the instance log", e.Index)})
		return nil
	})
}

// strays looks for rows of logs that do not exist and pseudonyms of none.
func (c *check) strays() error {
	known := map[LogID]bool{}
	pseudonyms := map[[32]byte]bool{}
	ids := make([]LogID, 0, len(c.logs))
	for _, l := range c.logs {
		known[l.ID] = true
		pseudonyms[l.Pseudonym] = true
		ids = append(ids, l.ID)
	}
	for p := range c.claimed {
		if !pseudonyms[p] {
			c.fail(Failure{What: "the instance log names a log that does not exist", Index: -1})
		}
	}
	slices.Sort(ids)
	for _, tbl := range tables {
		if tbl.cols[0].name != colLog {
			continue
		}
		if err := c.strayRows(tbl, ids); err != nil {
			return err
		}
	}
	return nil
}

// strayRows looks into the gaps between the numbers of logs.
func (c *check) strayRows(tbl *table, ids []LogID) error {
	look := func(where ...cond) error {
		return c.t.scan(query{t: tbl, where: where, limit: 1}, func(r row) error {
			c.fail(Failure{What: fmt.Sprintf("table %s has rows of log %d, which does not exist", tbl.name, r.int(0)), Index: -1})
			return nil
		})
	}
	last := LogID(-1)
	for _, id := range ids {
		if id > last+1 {
			if err := look(cond{colLog, ">", last}, cond{colLog, "<", id}); err != nil {
				return err
			}
		}
		last = id
	}
	if err := look(cond{colLog, "<", LogID(0)}); err != nil {
		return err
	}
	return look(cond{colLog, ">", last})
}

// checkLog checks one log in one pass over its entries.
func (c *check) checkLog(l Log) error {
	lc := &logCheck{check: c, l: l, name: cmp.Or(l.Name, l.Origin), absent: map[uint64]bool{}, erasures: map[uint64]int{}, cited: map[[32]byte][]uint64{}, disposals: indexes{}, points: map[int64]*ledger.Checkpoint{}}
	err := lc.run()
	if errors.Is(err, errTooMany) {
		c.fail(Failure{What: fmt.Sprintf("more than %d failures: the rest of this log is not listed", maxFailures), Log: lc.name, Index: -1})
		err = nil
	}
	root := lc.frontier.Root()
	c.report.Logs = append(c.report.Logs, CheckedLog{Log: l, Size: lc.frontier.Size(), Root: root})
	return err
}
