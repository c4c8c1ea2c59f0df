// Package document knows what people record of a practice by hand: files,
// attestations, nil statements, triggers and answers, alternatives, accepted
// risks and declined services, for any practice. It refuses to know the
// subjects that automate a practice, SQL and HTTP.
//
// Words: a statement is one such record; its kind number is its practice's.
// With a document it is recorded, without one attested. The document itself
// is a sealed blob; the entry cites its salted hash.
package document

import (
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/evidence"
)

// States of a statement.
const (
	Holds        = "holds"
	Fails        = "fails"
	Unknown      = "unknown"
	Nil          = "nil"
	Trigger      = "trigger"
	Answer       = "answer"
	Alternative  = "alternative"
	AcceptedRisk = "accepted_risk"
	Declined     = "declined"
)

// States lists every state a statement may have.
var States = []string{Holds, Fails, Unknown, Nil, Trigger, Answer, Alternative, AcceptedRisk, Declined}

// File cites a document: Hash is SHA-256 of Salt and the content, in hex.
type File struct {
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"`
	Size  int64  `json:"size"`
	Salt  string `json:"salt"`
	Hash  string `json:"hash"`
	Place string `json:"place"` // name in the blob store
}

// Statement is the body of the kinds document.N. From and To, ms UTC, bound a
// nil, a term, an attestation or a relief.
type Statement struct {
	Practice string `json:"practice"`
	State    string `json:"state"`
	Subject  string `json:"subject,omitempty"`
	From     int64  `json:"from,omitempty"`
	To       int64  `json:"to,omitempty"`
	Ref      string `json:"ref,omitempty"`
	Note     string `json:"note,omitempty"`
	By       string `json:"by,omitempty"` // who says it, where it is not the actor
	File     *File  `json:"file,omitempty"`
	Machine  bool   `json:"machine,omitempty"` // read by a machine: the grade is measured
	Submit   string `json:"submitted,omitempty"`
}

// Entry is a statement with its place in the log.
type Entry struct {
	evidence.Point
	Statement
	Actor string
}

// State is every statement of one log, by practice, in log order.
type State struct {
	Statements map[string][]Entry
}

// New is the state of an empty log.
func New() State { return State{Statements: map[string][]Entry{}} }

// Apply folds one entry. Entries of other packages are left alone.
func (s *State) Apply(e event.Entry, b *evidence.Book) error {
	if !e.Kind.IsStatement() {
		return nil
	}
	v, err := event.Body[Statement](e.Envelope)
	if err != nil {
		return err
	}
	at := evidence.Point{At: e.At, Recorded: e.Recorded, Index: e.Index}
	s.Statements[v.Practice] = append(s.Statements[v.Practice], Entry{at, v, e.Actor})
	v.say(uint16(e.Kind), at, b)
	return nil
}

func (v Statement) grade() evidence.Grade {
	switch {
	case v.Machine:
		return evidence.Measured
	case v.File != nil:
		return evidence.Recorded
	}
	return evidence.Attested
}

// say tells coverage what the statement says.
func (v Statement) say(number uint16, at evidence.Point, b *evidence.Book) {
	on := b.On(number)
	st := evidence.Statement{
		Point: at, Subject: v.Subject, Grade: v.grade(), From: v.From, To: v.To, Ref: v.Ref, Note: v.Note,
	}
	switch v.State {
	case Holds:
		st.State = evidence.Holds
		b.State(number, st)
		on.Beats = append(on.Beats, evidence.Beat{Point: at, Grade: v.grade()})
	case Fails:
		st.State = evidence.Fails
		b.State(number, st)
	case Unknown:
		b.State(number, st)
	case Nil:
		st.State = evidence.NoneExist
		b.State(number, st)
		on.Nils = append(on.Nils, evidence.Nil{Point: at, From: v.From, To: v.To, Grade: v.grade()})
	case Trigger:
		on.Triggers = append(on.Triggers, evidence.Trigger{Point: at, Ref: v.Ref, Subject: v.Subject, Note: v.Note, Grade: v.grade()})
	case Answer:
		on.Answers = append(on.Answers, evidence.Answer{Point: at, Ref: v.Ref, Grade: v.grade()})
	case Alternative, AcceptedRisk, Declined:
		on.Reliefs = append(on.Reliefs, v.relief(at))
	}
}

func (v Statement) relief(at evidence.Point) evidence.Relief {
	kind := map[string]evidence.ReliefKind{
		Alternative: evidence.Alternative, AcceptedRisk: evidence.AcceptedRisk, Declined: evidence.Declined,
	}[v.State]
	from := v.From
	if from == 0 {
		from = at.At
	}
	return evidence.Relief{
		Point: at, Kind: kind, Subject: v.Subject, From: from, To: v.To, Grade: v.grade(), By: v.By, Reason: v.Note,
	}
}

// Last is the newest statement on a practice by At, and whether there is one.
func (s *State) Last(practice string) (Entry, bool) {
	list := s.Statements[practice]
	if len(list) == 0 {
		return Entry{}, false
	}
	return slices.MaxFunc(list, func(a, b Entry) int {
		if a.Before(false, b.Point, false) {
			return -1
		}
		return 1
	}), true
}
