// Package evidence is the words between subjects and coverage: what a subject
// says, in a handful of types, so that coverage can judge without knowing who
// spoke. It refuses to know where evidence comes from and how it is judged.
//
// Words: a statement is what a person says of a practice. An observation is
// what a source measured about a subject; unchanging observations are kept as
// runs, not rows. A series is the runs of one measure from one source about
// one subject. Scope is in which registers a subject is, with what
// attributes, since when. A trigger starts a duty, an answer ends it, a nil
// says that there was none. An alternative is an addressable specification
// met in another way (45 CFR 164.306(d)(3)); an accepted risk is a gap that
// someone answers for. A retraction takes an entry back; an erasure destroys
// it. The book of a client is all of it.
package evidence

import "breakwater/internal/framework"

// Point is where evidence stands in time: At when it held in the world,
// Recorded when it was logged, both ms UTC; Index is its entry.
type Point struct {
	At       int64
	Recorded int64
	Index    uint64
}

// Effective is when the evidence takes effect in the reading "proven": never
// before it was recorded.
func (p Point) Effective() int64 { return max(p.At, p.Recorded) }

// Before orders evidence of one source: by At, then fails over holds, then
// index. The last of the order decides.
func (p Point) Before(pFails bool, q Point, qFails bool) bool {
	if p.At != q.At {
		return p.At < q.At
	}
	if pFails != qFails {
		return qFails
	}
	return p.Index < q.Index
}

// Grade says how a thing is known.
type Grade uint8

// The grades, weakest first.
const (
	NoGrade  Grade = iota
	Attested       // someone said so
	Recorded       // a dated act with its document
	Measured       // by a machine, signed
)

// String is the grade's word, "" for none.
func (g Grade) String() string { return [...]string{"", "attested", "recorded", "measured"}[g] }

// State is what a statement says.
type State uint8

// The states of a statement on a state, periodic or in-force practice.
const (
	Unknown State = iota
	Holds
	Fails
	NoneExist // attests that the practice's register is empty
)

// Statement is what a person, or the MSP's own log, says of a practice.
// Subject is "" for the client as a whole. From and To bound a term
// (in-force) or an attestation that none exist; zero means not given. Until
// ends an MSP statement's cover.
type Statement struct {
	Point
	Subject  string
	State    State
	Grade    Grade
	From, To int64
	Until    int64
	Ref      string
	Note     string
	FromMSP  bool
}

// Trigger starts a duty of an event practice.
type Trigger struct {
	Point
	Ref, Subject, Note string
	Grade              Grade
}

// Answer ends the duty that the trigger with the same Ref started.
type Answer struct {
	Point
	Ref   string
	Grade Grade
}

// Nil says that nothing triggered the practice in [From, To).
type Nil struct {
	Point
	From, To int64
	Grade    Grade
}

// Beat is a sign of life of an event practice that is none of the others: a
// statement that it is in place.
type Beat struct {
	Point
	Grade Grade
}

// Relief is an alternative, an accepted risk, or a service that the client
// declined, for a subject ("" for all), from the later of At and From until
// To; To zero is no end given.
type Relief struct {
	Point
	Kind     ReliefKind
	Subject  string
	From, To int64
	Grade    Grade
	By       string
	Reason   string
}

// ReliefKind is the sort of a relief.
type ReliefKind uint8

// The kinds of relief. Only an alternative counts as held.
const (
	Alternative ReliefKind = iota + 1
	AcceptedRisk
	Declined
)

// Verdicts is what each rule set that ever judges a measure says of one
// observation, two bits a slot. Slot 0 is the first catalog's rule.
type Verdicts uint64

// Slots is how many different rules of one measure a log may adopt.
const Slots = 32

// At is the verdict of a slot.
func (v Verdicts) At(slot int) framework.Verdict { return framework.Verdict(v >> (2 * slot) & 3) }

// With returns v with the verdict of a slot set.
func (v Verdicts) With(slot int, w framework.Verdict) Verdicts {
	return v&^(3<<(2*slot)) | Verdicts(w)<<(2*slot)
}

// Observation is one source's judged report about a subject.
type Observation struct {
	Point
	Verdicts Verdicts
	Reason   string // why it fails or is unknown, plain words
	Grade    Grade
}

// Run is consecutive equal observations: First opened it and Last is the
// newest member.
type Run struct {
	First, Last Point
	Verdicts    Verdicts
	Reason      string
	Grade       Grade
}

// Life is one change of a subject's place in its register.
type Life struct {
	Point
	In    bool
	Attrs *Attrs
}

// Attrs are the attributes that scope rules ask for. An empty list and a nil
// pointer are unknown.
type Attrs struct {
	Name      string
	Class     string   // device class
	Platform  string   // linux, windows, darwin, ios, android
	HoldsEPHI *bool    // nil unknown
	BackedUp  *bool    // nil unknown
	Roles     []string // person
	Uses      []string // account: remote, privileged, email; domain: mail, website, service
	PHI       *bool    // vendor with access to PHI
	Site      string
}

// Absence is a declared span out of use: locked away, on leave. To zero is no
// end given.
type Absence struct {
	Point
	From, To int64
	By, Why  string
}

// Closure closes a failing entry without a pass: who, and why.
type Closure struct {
	Point
	By, Why string
}

// Dated is a value that holds from a point on.
type Dated[T any] struct {
	Point
	Value T
}

// Adoption is the entry by which a catalog began to judge.
// Slots says, for each measure, which slot of Verdicts holds what this
// catalog's rule says.
type Adoption struct {
	Point
	Catalog *framework.Catalog
	Hash    [32]byte
	Slots   map[string]int
}

// Erasure is the entry by which another entry's content was destroyed. Kind
// is the number of the erased entry's kind.
type Erasure struct {
	Point
	Erased   uint64
	Kind     uint16
	KindName string
}
