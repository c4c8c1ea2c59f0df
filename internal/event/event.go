// Package event knows the envelope that every statement travels in, the
// register of kind numbers, and the one canonical encoding. It refuses to
// know what a kind means, and it knows nothing of trees or storage.
//
// Words: an event is something said about a client. An envelope is an event
// with who said it, from where, about when. An entry is an envelope that has
// been logged: it has an index and the server's recorded time. A kind is the
// sort of an event; its number is in a register and never reused.
package event

import (
	"errors"
	"fmt"
	"strconv"
)

// Limits of one envelope.
const (
	MaxEnvelope = 512 << 10 // bytes of a whole encoded envelope
	MaxName     = 256       // bytes of log, actor, source and key each
	maxDepth    = 32
)

// ErrNotCanonical is returned for bytes that are not the one canonical
// encoding of what they say.
var ErrNotCanonical = errors.New("not the canonical encoding")

// Envelope is one event as it is hashed and sealed. At is the instant, in ms
// UTC, when what it says held in the world. Body is the canonical JSON object
// of the kind's own type.
type Envelope struct {
	Actor  string // who says it: "member:dana", "device:LT-0042", "system"
	At     int64
	Body   []byte
	Key    string // idempotency key, unique for ever with (log, source)
	Kind   Kind
	Log    string // identifier of the client whose log it is in
	Source string // where it came in: "form", "cli", "api", "agent", ...
}

// Entry is an envelope in its log. Recorded is the server's clock in ms UTC
// when it was committed; it never decreases within a log.
type Entry struct {
	// Index counts through all epochs of a log. Base is the index of the first
	// entry of its own epoch: what a body says of an index counts from there.
	Index    uint64
	Base     uint64
	Recorded int64
	Envelope
}

// Encode returns the canonical encoding: a JSON object with sorted keys, no
// white space, integers only. The body must itself be canonical.
func (e Envelope) Encode() ([]byte, error) {
	return e.AppendTo(make([]byte, 0, 160+len(e.Body)))
}

// AppendTo appends the canonical encoding to b.
func (e Envelope) AppendTo(b []byte) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	start := len(b)
	b = appendString(append(b, `{"actor":`...), e.Actor)
	b = strconv.AppendInt(append(b, `,"at":`...), e.At, 10)
	b = append(append(b, `,"body":`...), e.Body...)
	b = appendString(append(b, `,"key":`...), e.Key)
	b = strconv.AppendUint(append(b, `,"kind":`...), uint64(e.Kind), 10)
	b = appendString(append(b, `,"log":`...), e.Log)
	b = appendString(append(b, `,"source":`...), e.Source)
	b = append(b, '}')
	if len(b)-start > MaxEnvelope {
		return nil, fmt.Errorf("envelope of %d bytes is over the limit of %d: put large content in a file", len(b)-start, MaxEnvelope)
	}
	return b, nil
}

func (e Envelope) check() error {
	for _, f := range [...]struct{ name, value string }{
		{"actor", e.Actor},
		{"key", e.Key},
		{"log", e.Log},
		{"source", e.Source},
	} {
		if f.value == "" || len(f.value) > MaxName {
			return fmt.Errorf("envelope %s has %d bytes: give 1 to %d", f.name, len(f.value), MaxName)
		}
		if !validText(f.value) {
			return fmt.Errorf("envelope %s is not valid UTF-8: correct its encoding", f.name)
		}
	}
	if e.At < -maxInteger || e.At > maxInteger {
		return fmt.Errorf("envelope at %d is out of range: give a real instant", e.At)
	}
	if len(e.Body) < 2 || e.Body[0] != '{' {
		return fmt.Errorf("envelope body: %w", ErrNotCanonical)
	}
	return Canonical(e.Body)
}

// Decode parses an envelope and accepts nothing but its canonical encoding.
// The body shares memory with b.
func Decode(b []byte) (Envelope, error) {
	var e Envelope
	if len(b) > MaxEnvelope {
		return e, fmt.Errorf("envelope of %d bytes is over the limit of %d: %w", len(b), MaxEnvelope, ErrNotCanonical)
	}
	s := scanner{b: b}
	kind := int64(0)
	ok := s.literal(`{"actor":`) && s.text(&e.Actor) &&
		s.literal(`,"at":`) && s.integer(&e.At) &&
		s.literal(`,"body":`) && s.object(&e.Body) &&
		s.literal(`,"key":`) && s.text(&e.Key) &&
		s.literal(`,"kind":`) && s.integer(&kind) &&
		s.literal(`,"log":`) && s.text(&e.Log) &&
		s.literal(`,"source":`) && s.text(&e.Source) &&
		s.literal(`}`) && s.i == len(b)
	if !ok || kind < 0 || kind > 0xffff {
		return Envelope{}, fmt.Errorf("envelope at byte %d: %w", s.i, ErrNotCanonical)
	}
	e.Kind = Kind(kind)
	for _, f := range [...]string{e.Actor, e.Key, e.Log, e.Source} {
		if f == "" || len(f) > MaxName {
			return Envelope{}, fmt.Errorf("envelope field of %d bytes: %w", len(f), ErrNotCanonical)
		}
	}
	return e, nil
}
