// Package bundle knows the disclosure of one log: what it shows and what it
// leaves out, how it is written to a file, and how anybody verifies that file
// without the program that wrote it. It refuses to know the network, the
// clock, storage, and whether somebody may disclose. The format is in
// docs/spec/bundle.md.
//
// Words: a bundle is a zip with every leaf of a log up to a size, and with the
// envelopes that it discloses. An entry is disclosed (envelope and salt are
// there), withheld (left out by the scope) or erased (destroyed before). A
// scope narrows a bundle to practices, subjects or dates. A kind of entry
// feeds a practice if such an entry can change what coverage says of it; a
// practice is vouched for if nothing that feeds it is withheld. A member is a
// file in the zip. The manifest is the signed list of all other members.
package bundle

import (
	"errors"
	"iter"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/ledger"
	"breakwater/internal/projection"
)

// Format names the layout and meaning of the members.
const Format = "breakwater-bundle/1"

// Limits of what is written and read.
const (
	maxEntries    = 1 << 24  // entries of one log
	maxMembers    = 1 << 17  // members of the zip
	maxManifest   = 32 << 20 // bytes
	maxSmall      = 64 << 20 // bytes of a member that is read whole
	maxReport     = 1 << 30  // bytes of report.html, which is only hashed
	maxBlob       = 1 << 30  // bytes of one document
	maxTotal      = 1 << 37  // bytes of all members, unpacked
	maxSubjects   = 10_000   // of a scope
	maxFailures   = 200      // listed by a verification
	packedEntries = 200_000  // up to so many entries the member is compressed
)

// ErrNotHeld is returned by Input.Blob for a document that is no longer kept.
var ErrNotHeld = errors.New("the document is no longer kept")

// Entry is one entry of the prefix as the log gives it. Envelope is its
// canonical encoding and is only used until the next entry. An erased entry
// has neither salt nor envelope, and only then is LeafHash used.
type Entry struct {
	Index    uint64
	Recorded int64 // ms UTC
	Kind     uint16
	LeafHash ledger.Hash
	Salt     [ledger.SaltSize]byte
	Envelope []byte
	Erased   bool
}

// Entries yields entries from index 0 in order. It is called several times.
type Entries func() iter.Seq2[Entry, error]

// Scope narrows what is disclosed; fields that are given must all be met. The
// zero value discloses everything. Entries that decide how all others are read
// (catalogs, erasures, retractions, the client itself) are always disclosed.
type Scope struct {
	Practices []string      // entries of the kinds that feed these
	Subjects  []string      // entries that name one of these
	Dates     interval.Span // entries with At in this span; empty is no limit
}

// Everything reports whether the scope withholds nothing.
func (s Scope) Everything() bool {
	return len(s.Practices) == 0 && len(s.Subjects) == 0 && s.Dates == interval.Span{}
}

// Blob is a document cited by an entry: Salt and Hash as the entry has them,
// Place its name in the store of documents.
type Blob struct {
	Entry uint64
	Name  string
	Type  string
	Size  int64
	Salt  [32]byte
	Hash  [32]byte
	Place string
}

// InstanceLeaf is a leaf of the log's pseudonym in the instance log, with its
// inclusion proof in the newest instance checkpoint.
type InstanceLeaf struct {
	Index uint64
	Leaf  ledger.InstanceLeaf
	Proof []ledger.Hash
}

// Seen is an earlier instance checkpoint that somebody outside cosigned or
// stamped, with the inclusion proof of the newest leaf of the pseudonym in it.
type Seen struct {
	Note  []byte
	Index uint64
	Leaf  ledger.InstanceLeaf
	Proof []ledger.Hash
}

// Instance is what the instance log says of this log.
type Instance struct {
	Checkpoint []byte // newest note, with its cosignatures
	Leaves     []InstanceLeaf
	Seen       []Seen
}

// Stamp is an RFC 3161 time stamp of the text of a checkpoint: the log's own,
// or the instance checkpoint of that size.
type Stamp struct {
	Instance bool
	Size     uint64
	DER      []byte
}

// Input is everything that a bundle is made of. Fields that are not marked
// optional must be given.
type Input struct {
	Client  string            // identifier, as in the envelopes
	MSP     string            // name of the MSP, for the heading
	On      int64             // ms UTC; the window ends here
	Months  int               // length of the window
	Profile framework.Profile // optional: ask for this one instead of the client's
	Origin  string
	Size    uint64 // entries of the prefix
	Entries Entries

	Scope     Scope
	Purpose   string  // optional
	Recipient string  // optional: without one these are the client's own records
	Consent   *uint64 // index of the consent, needed with a recipient

	Blob        func(Blob) ([]byte, error)                      // nil leaves all documents out
	Catalogs    func(hash [32]byte) (*framework.Catalog, error) // those that the log adopted
	Checkpoint  []byte                                          // signed note of the log at Size
	Keys        []*ledger.Verifier                              // of the log, under its origin
	Pseudonym   [32]byte                                        // of the log, in the instance log
	Instance    *Instance                                       // optional
	Stamps      []Stamp                                         // optional
	Authorities []byte                                          // optional: PEM certificates for the stamps
	Policy      []byte                                          // optional: tlog-policy
	Signer      *ledger.Signer                                  // of the manifest, Ed25519
}

// KindCount is how many entries of a kind are withheld.
type KindCount struct {
	Kind  string `json:"kind"`
	Count uint64 `json:"count"`
}

// Summary says what was written.
type Summary struct {
	SHA256     [32]byte // of the file
	Bytes      int64
	Root       ledger.Hash
	Disclosed  uint64
	Erased     uint64
	Withheld   []KindCount
	NotVouched []string
}

func (in *Input) stored(d *disclosure) func() iter.Seq2[projection.Stored, error] {
	return func() iter.Seq2[projection.Stored, error] {
		return func(yield func(projection.Stored, error) bool) {
			for e, err := range in.Entries() {
				if err != nil {
					yield(projection.Stored{}, err)
					return
				}
				s := projection.Stored{Entry: event.Entry{Index: e.Index, Recorded: e.Recorded}, Erased: true}
				if d.shows(e.Index) {
					if s.Envelope, err = event.Decode(e.Envelope); err != nil {
						yield(projection.Stored{}, err)
						return
					}
					s.Erased = false
				}
				if !yield(s, nil) {
					return
				}
			}
		}
	}
}
