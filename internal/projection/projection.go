// Package projection knows how the entries of one log become the state of one
// client: the fold through every subject. It refuses to know SQL, HTTP and
// the clock.
//
// Words: a fold is the state after an entry, computed from the state before
// and the entry. A replay is the fold of all entries. An entry that was
// erased or withheld is skipped: it counts, and contributes nothing.
package projection

import (
	"fmt"
	"iter"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/member"
	"breakwater/internal/record"
)

// Version is of the fold. It rises when the same entries may give another
// state, so that snapshots made before are not used.
const Version = 3

// maxFolds bounds how often one replay may start again because an entry
// changed how earlier ones have to be kept.
const maxFolds = 64

// State is one client after the first Size entries of its log.
type State struct {
	Size     uint64
	Recorded int64 // of the newest entry, ms UTC
	Book     *evidence.Book
	Client   client.State
	Member   member.State
	Device   device.State
	Document document.State
	Record   record.State

	plan     *evidence.Plan
	rules    *evidence.Rules
	catalogs record.Catalogs
}

// New is the state of an empty log. Catalogs finds the catalogs that the log
// adopts.
func New(catalogs record.Catalogs) *State {
	return newState(evidence.NewPlan(), &evidence.Rules{}, catalogs)
}

func newState(plan *evidence.Plan, rules *evidence.Rules, catalogs record.Catalogs) *State {
	return &State{
		Book: evidence.NewBook(plan), plan: plan, rules: rules, catalogs: catalogs,
		Client: client.New(), Member: member.New(), Device: device.New(), Document: document.New(), Record: record.New(),
	}
}

// Apply folds the next entry. Where Again reports true afterwards the log has
// to be replayed with Replay; until then the state must not be used.
func (s *State) Apply(e event.Entry) error {
	if err := s.begin(e.Index, e.Recorded); err != nil {
		return err
	}
	if s.Size == 1 {
		s.Book.Started = evidence.Point{At: e.At, Recorded: e.Recorded, Index: e.Index}
	}
	for _, fold := range [...]func() error{
		func() error { return s.Record.Apply(e, s.Book, s.rules, s.catalogs) },
		func() error { return s.Client.Apply(e, s.Book) },
		func() error { return s.Member.Apply(e) },
		func() error { return s.Device.Apply(e, s.Book, s.rules) },
		func() error { return s.Document.Apply(e, s.Book) },
	} {
		if err := fold(); err != nil {
			return fmt.Errorf("fold entry %d: %w", e.Index, err)
		}
	}
	return nil
}

// Skip counts an entry whose content is erased or withheld.
func (s *State) Skip(index uint64, recorded int64) error { return s.begin(index, recorded) }

func (s *State) begin(index uint64, recorded int64) error {
	if index != s.Size {
		return fmt.Errorf("fold entry %d: the state has %d entries", index, s.Size)
	}
	s.Size, s.Recorded, s.Book.Size = index+1, recorded, index+1
	return nil
}

// Again reports whether an entry changed how earlier ones have to be kept, so
// that the log has to be replayed.
func (s *State) Again() bool { return s.plan.Again }

// Stored is an entry as the log gives it; Erased entries have no envelope.
type Stored struct {
	event.Entry
	Erased bool
}

// Replay folds a log from its first entry. What an earlier state of the same
// log learned may be given to save folds; it may be nil.
func Replay(entries func() iter.Seq2[Stored, error], catalogs record.Catalogs, before *State) (*State, error) {
	if before == nil {
		before = New(catalogs)
	}
	for range maxFolds {
		s := newState(before.plan, before.rules, catalogs)
		if err := s.all(entries()); err != nil {
			return nil, err
		}
		if !s.Again() {
			return s, nil
		}
	}
	return nil, fmt.Errorf("replay: the log still asks for another fold after %d: run `breakwater fsck`", maxFolds)
}

func (s *State) all(entries iter.Seq2[Stored, error]) error {
	for e, err := range entries {
		if err != nil {
			return err
		}
		if e.Erased {
			err = s.Skip(e.Index, e.Recorded)
		} else {
			err = s.Apply(e.Entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Redo says that entries folded before have changed, so that the log has to
// be replayed: one was erased.
func (s *State) Redo() { s.Book.FoldAgain() }

// Bytes estimates the memory that the state takes.
func (s *State) Bytes() int64 {
	n := int64(64 << 10)
	for _, r := range s.Book.Registers {
		for _, sub := range r.Subjects {
			n += 400
			for _, x := range sub.Series {
				n += 120 + 130*int64(cap(x.Runs))
			}
		}
	}
	for _, list := range s.Document.Statements {
		n += 400 * int64(len(list))
	}
	return n + 12_000*int64(len(s.Device.Devices))
}

// Catalog is the catalog that judges now.
func (s *State) Catalog() *framework.Catalog {
	if n := len(s.Book.Adoptions); n > 0 {
		return s.Book.Adoptions[n-1].Catalog
	}
	return framework.Embedded()
}
