// Package record knows the kinds that every log has: which catalog judges,
// what was taken back, destroyed or held, what was disclosed, and what the
// MSP's own log states to its clients. It refuses to know the subjects.
//
// Words: an adoption makes a catalog judge from here on. A retraction is for
// mistakes; an erasure destroys an entry's content and needs two people; a
// disposal deletes a blob whose time is over. A hold stops disposal, erasure
// and the destruction of keys. A bundle is a disclosure.
package record

import (
	"encoding/hex"
	"fmt"
	"strings"

	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
)

// Adopted is the body of catalog.adopted. SHA256 is of the catalog's
// canonical encoding, which is kept as a blob.
type Adopted struct {
	SHA256  string `json:"sha256"`
	Version int    `json:"version"`
	By      string `json:"by"`
	Overlay string `json:"overlay,omitempty"`
}

// Stated is the body of msp.stated: what the MSP's own log says of a practice
// of scope msp, issued to a client. Index and Leaf name the entry there.
type Stated struct {
	Practice  string `json:"practice"`
	Statement string `json:"statement"` // holds, fails, unknown, retracted
	Until     int64  `json:"until,omitempty"`
	Index     uint64 `json:"index"`
	Leaf      string `json:"leaf"`
	Grade     string `json:"grade"`
	Note      string `json:"note,omitempty"`
}

// Erased is the body of entry.erased.
type Erased struct {
	Index      uint64 `json:"index"`
	Kind       uint16 `json:"kind"`
	By         string `json:"by"`
	ApprovedBy string `json:"approved_by"`
	Why        string `json:"why"`
}

// Retracted is the body of entry.retracted.
type Retracted struct {
	Index uint64 `json:"index"`
	Kind  uint16 `json:"kind"`
	By    string `json:"by"`
	Why   string `json:"why"`
}

// Closed is the body of failure.closed: a failing entry is closed without a
// pass of its source.
type Closed struct {
	Index uint64 `json:"index"`
	Kind  uint16 `json:"kind"`
	By    string `json:"by"`
	Why   string `json:"why"`
}

// Hold is the body of hold.placed. On names what is held: client, person,
// device, incident or period; the reason is never written.
type Hold struct {
	ID      string `json:"id"`
	On      string `json:"on"`
	Subject string `json:"subject,omitempty"`
	From    int64  `json:"from,omitempty"`
	To      int64  `json:"to,omitempty"`
	By      string `json:"by"`
}

// Released is the body of hold.released.
type Released struct {
	ID string `json:"id"`
	By string `json:"by"`
}

// Disposed is the body of blob.disposed: the content cited by entry Index was
// deleted because its retention is over.
type Disposed struct {
	Index uint64 `json:"index"`
	Hash  string `json:"hash"`
	Rule  string `json:"rule"`
}

// Consented is the body of bundle.consented, given by the client's officer or
// counsel for one recipient and purpose.
type Consented struct {
	Recipient string   `json:"recipient"`
	Purpose   string   `json:"purpose"`
	On        int64    `json:"on"`
	Practices []string `json:"practices,omitempty"`
	By        string   `json:"by"`
	Role      string   `json:"role"`
	Until     int64    `json:"until,omitempty"`
}

// Produced is the body of bundle.produced.
type Produced struct {
	SHA256    string   `json:"sha256"`
	Size      uint64   `json:"size"`
	On        int64    `json:"on"`
	Recipient string   `json:"recipient,omitempty"`
	Purpose   string   `json:"purpose,omitempty"`
	Practices []string `json:"practices,omitempty"`
	Consent   *uint64  `json:"consent,omitempty"`
	By        string   `json:"by"`
}

// Epoch is the body of epoch.begun, the first entry after entries were lost.
type Epoch struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"`
	By     string `json:"by"`
	Why    string `json:"why"`
}

// Shown is the body of gap.shown: to whom a gap was shown, and how.
type Shown struct {
	Practice string `json:"practice"`
	Since    int64  `json:"since"` // when the gap began
	Kind     string `json:"kind"`  // unproven or failed
	To       string `json:"to"`
	Side     string `json:"side"` // msp or client
	Via      string `json:"via"`  // page, mail, report
}

// State is what the record kinds of one log say up to now.
type State struct {
	Holds    map[string]Hold
	Erased   map[uint64]Erased
	Disposed map[string]uint64 // by hash of the content: entry of the disposal
	Consents []ConsentEntry
	Bundles  []BundleEntry
	Shown    []ShownEntry
	Epochs   []Epoch
	Issued   map[string]Issued // by practice: what the MSP's own log last stated
}

// Issued is which entry of the MSP's own log was issued last for a practice,
// what it says, and when that was logged here, ms UTC.
type Issued struct {
	Index     uint64 `json:"index"`
	Statement string `json:"statement"`
	Recorded  int64  `json:"recorded"`
}

// IssuedBy is what an entry issues.
func IssuedBy(v Stated, e event.Entry) Issued { return Issued{v.Index, v.Statement, e.Recorded} }

// ConsentEntry is a consent with its place in the log.
type ConsentEntry struct {
	evidence.Point
	Consented
}

// BundleEntry is a bundle produced, with its place in the log.
type BundleEntry struct {
	evidence.Point
	Produced
}

// ShownEntry is one showing of a gap, with its place in the log.
type ShownEntry struct {
	evidence.Point
	Shown
}

// New is the state of an empty log.
func New() State {
	return State{Holds: map[string]Hold{}, Erased: map[uint64]Erased{}, Disposed: map[string]uint64{}, Issued: map[string]Issued{}}
}

// Catalogs finds a catalog by the hash of its canonical encoding.
type Catalogs func(hash [32]byte) (*framework.Catalog, error)

// Apply folds one entry. Entries of other packages are left alone.
func (s *State) Apply(e event.Entry, b *evidence.Book, rules *evidence.Rules, catalogs Catalogs) error {
	at := evidence.Point{At: e.At, Recorded: e.Recorded, Index: e.Index}
	switch e.Kind {
	case event.CatalogAdopted:
		return adopt(e, at, b, rules, catalogs)
	case event.MSPStated:
		return s.stated(e, at, b)
	case event.EntryErased:
		v, err := event.Body[Erased](e.Envelope)
		if err != nil {
			return err
		}
		v.Index += e.Base
		s.Erased[v.Index] = v
		k := event.Kind(v.Kind)
		b.Erasures = append(b.Erasures, evidence.Erasure{Point: at, Erased: v.Index, Kind: v.Kind, KindName: k.String()})
	case event.EntryRetracted:
		v, err := event.Body[Retracted](e.Envelope)
		if err != nil {
			return err
		}
		b.Retract(v.Index+e.Base, at, observes(v.Kind))
	case event.FailureClosed:
		v, err := event.Body[Closed](e.Envelope)
		if err != nil {
			return err
		}
		b.Close(v.Index+e.Base, evidence.Closure{Point: at, By: v.By, Why: v.Why}, observes(v.Kind))
	case event.GapShown:
		v, err := event.Body[Shown](e.Envelope)
		if err != nil {
			return err
		}
		s.Shown = append(s.Shown, ShownEntry{at, v})
	default:
		return s.keep(e, at)
	}
	return nil
}

// observes reports whether entries of a kind number may be part of a run.
func observes(kind uint16) bool { return !event.Kind(kind).IsStatement() }

// keep folds the kinds that say nothing to coverage.
func (s *State) keep(e event.Entry, at evidence.Point) error {
	switch e.Kind {
	case event.HoldPlaced:
		v, err := event.Body[Hold](e.Envelope)
		if err != nil {
			return err
		}
		s.Holds[v.ID] = v
	case event.HoldReleased:
		v, err := event.Body[Released](e.Envelope)
		if err != nil {
			return err
		}
		delete(s.Holds, v.ID)
	case event.BlobDisposed:
		v, err := event.Body[Disposed](e.Envelope)
		if err != nil {
			return err
		}
		s.Disposed[v.Hash] = e.Index
	case event.BundleConsented:
		v, err := event.Body[Consented](e.Envelope)
		if err != nil {
			return err
		}
		s.Consents = append(s.Consents, ConsentEntry{at, v})
	case event.BundleProduced:
		v, err := event.Body[Produced](e.Envelope)
		if err != nil {
			return err
		}
		s.Bundles = append(s.Bundles, BundleEntry{at, v})
	case event.EpochBegun:
		v, err := event.Body[Epoch](e.Envelope)
		if err != nil {
			return err
		}
		s.Epochs = append(s.Epochs, v)
	}
	return nil
}

func adopt(e event.Entry, at evidence.Point, b *evidence.Book, rules *evidence.Rules, catalogs Catalogs) error {
	v, err := event.Body[Adopted](e.Envelope)
	if err != nil {
		return err
	}
	hash, err := ParseHash(v.SHA256)
	if err != nil {
		return fmt.Errorf("catalog adopted by entry %d: %w", e.Index, err)
	}
	c, err := catalogs(hash)
	if err != nil {
		return fmt.Errorf("catalog adopted by entry %d: %w", e.Index, err)
	}
	slots, grew, err := rules.Adopt(c)
	if err != nil {
		return err
	}
	if grew && len(b.Adoptions) > 0 {
		b.FoldAgain()
	}
	b.Adoptions = append(b.Adoptions, evidence.Adoption{Point: at, Catalog: c, Hash: hash, Slots: slots})
	return nil
}

// ParseHash reads 32 bytes in lower-case hex.
func ParseHash(s string) ([32]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 || s != strings.ToLower(s) {
		return [32]byte{}, fmt.Errorf("hash %q is not 64 lower-case hex digits", s)
	}
	return [32]byte(b), nil
}

func (s *State) stated(e event.Entry, at evidence.Point, b *evidence.Book) error {
	v, err := event.Body[Stated](e.Envelope)
	if err != nil {
		return err
	}
	s.Issued[v.Practice] = IssuedBy(v, e)
	if len(b.Adoptions) == 0 {
		return nil
	}
	p, ok := b.Adoptions[len(b.Adoptions)-1].Catalog.Practice(v.Practice)
	if !ok || p.Scope != framework.ScopeMSP {
		return nil
	}
	st := evidence.Statement{Point: at, Until: v.Until, Note: v.Note, FromMSP: true, Grade: evidence.GradeNamed(v.Grade)}
	switch v.Statement {
	case "holds":
		st.State = evidence.Holds
	case "fails":
		st.State = evidence.Fails
	}
	b.State(p.Number, st)
	return nil
}
