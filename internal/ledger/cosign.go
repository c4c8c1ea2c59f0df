package ledger

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"filippo.io/mldsa"
)

const (
	cosignHeader = "cosignature/v1\n"
	subtreeLabel = "subtree/v1\n\x00"
	maxSeconds   = 253402300799 // the last second of year 9999
)

// Cosignature is a witness's verified statement about a checkpoint: at this
// time it was the largest tree it had seen of this log, and it extends all that
// it saw before.
type Cosignature struct {
	Name string // the witness's key name
	At   int64  // milliseconds UTC, whole seconds
	Type KeyType
}

// VerifyCosignature checks one signature line of a checkpoint against a
// witness's key. A statement without a time is refused: it does not say that
// the checkpoint was the largest.
func VerifyCosignature(n Note, sig Signature, witness *Verifier) (Cosignature, error) {
	if witness.kind != CosignEd25519 && witness.kind != MLDSA44 {
		return Cosignature{}, fmt.Errorf("verify cosignature: key %s is not a witness's", witness.name)
	}
	seconds, ok := witness.verifyCosignature([]byte(n.Text), sig.Bytes)
	if !sig.Is(witness) || !ok {
		return Cosignature{}, fmt.Errorf("verify cosignature of %s: %w", witness.name, ErrSignature)
	}
	if seconds == 0 {
		return Cosignature{}, fmt.Errorf("verify cosignature of %s: %w", witness.name, errNoTime)
	}
	return Cosignature{Name: witness.name, At: seconds * 1000, Type: witness.kind}, nil
}

var errNoTime = errors.New("it carries no time")

// verifyCosignature checks a timestamped_signature over a checkpoint body and
// returns its time in seconds.
func (v *Verifier) verifyCosignature(text, sig []byte) (seconds int64, ok bool) {
	if len(sig) < 8 {
		return 0, false
	}
	at := binary.BigEndian.Uint64(sig)
	if at > maxSeconds {
		return 0, false
	}
	c, err := ParseCheckpointBody(string(text))
	if err != nil {
		return 0, false
	}
	switch v.kind {
	case CosignEd25519:
		ok = ed25519.Verify(v.public, ed25519Message(c, int64(at)), sig[8:])
	case MLDSA44:
		ok = mldsa.Verify(v.mldsa, mldsaMessage(c, v.name, int64(at)), sig[8:], nil) == nil
	}
	return int64(at), ok
}

func (s *Signer) cosign(text []byte) ([]byte, error) {
	c, err := ParseCheckpointBody(string(text))
	if err != nil {
		return nil, fmt.Errorf("this key signs checkpoints only: %w", err)
	}
	if s.at < 0 || s.at > maxSeconds {
		return nil, fmt.Errorf("time %d is out of range", s.at)
	}
	sig := binary.BigEndian.AppendUint64(nil, uint64(s.at))
	if s.verifier.kind == CosignEd25519 {
		if s.at == 0 {
			return nil, errors.New("a cosignature needs its time")
		}
		return append(sig, ed25519.Sign(ed25519.NewKeyFromSeed(s.seed), ed25519Message(c, s.at))...), nil
	}
	pq, err := s.mldsa.SignDeterministic(mldsaMessage(c, s.verifier.name, s.at), nil)
	if err != nil {
		return nil, err
	}
	return append(sig, pq...), nil
}

// ed25519Message is the text that an Ed25519 cosignature signs. It does not
// name the witness, so a witness has a key of its own.
func ed25519Message(c Checkpoint, seconds int64) []byte {
	return []byte(cosignHeader + "time " + strconv.FormatInt(seconds, 10) + "\n" + c.Body())
}

// mldsaMessage is the cosigned_message structure that an ML-DSA-44 cosignature
// of a checkpoint signs: a subtree from leaf 0.
func mldsaMessage(c Checkpoint, name string, seconds int64) []byte {
	m := append([]byte(subtreeLabel), byte(len(name)))
	m = append(m, name...)
	m = binary.BigEndian.AppendUint64(m, uint64(seconds))
	m = append(m, byte(len(c.Origin)))
	m = append(m, c.Origin...)
	m = binary.BigEndian.AppendUint64(m, 0)
	m = binary.BigEndian.AppendUint64(m, c.Size)
	return append(m, c.Root[:]...)
}
