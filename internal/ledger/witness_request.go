package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// WitnessRequest is the body of an add-checkpoint call (c2sp.org/tlog-witness):
// the new checkpoint, and the proof that it extends the size that the witness
// saw last.
type WitnessRequest struct {
	Old        uint64 // size last cosigned by this witness, 0 when none
	Proof      []Hash // consistency of Old and the checkpoint, empty when Old is 0
	Checkpoint Note
}

// Encode writes the body.
func (w WitnessRequest) Encode() []byte {
	var b strings.Builder
	b.WriteString("old " + strconv.FormatUint(w.Old, 10) + "\n")
	writeHashLines(&b, w.Proof)
	b.Write(w.Checkpoint.Encode())
	return []byte(b.String())
}

// ParseWitnessRequest is the strict inverse of Encode. It refuses an old size
// above the checkpoint's; it checks no hash and no signature.
func ParseWitnessRequest(data []byte) (WitnessRequest, error) {
	if len(data) > maxProofFile {
		return WitnessRequest{}, fmt.Errorf("parse witness request: over %d bytes", maxProofFile)
	}
	line, rest, _ := strings.Cut(string(data), "\n")
	old, ok := strings.CutPrefix(line, "old ")
	if !ok {
		return WitnessRequest{}, errors.New("parse witness request: no old size line")
	}
	var w WitnessRequest
	var err error
	if w.Old, err = parseSize(old); err != nil {
		return WitnessRequest{}, fmt.Errorf("parse witness request: old size: %w", err)
	}
	if w.Proof, rest, err = cutHashLines(rest); err != nil {
		return WitnessRequest{}, fmt.Errorf("parse witness request: %w", err)
	}
	if w.Checkpoint, err = ParseNote([]byte(rest)); err != nil {
		return WitnessRequest{}, fmt.Errorf("parse witness request: %w", err)
	}
	c, err := w.Checkpoint.Checkpoint()
	if err != nil {
		return WitnessRequest{}, fmt.Errorf("parse witness request: %w", err)
	}
	if w.Old > c.Size {
		return WitnessRequest{}, fmt.Errorf("parse witness request: old size %d above the checkpoint's %d", w.Old, c.Size)
	}
	return w, nil
}

// ParseWitnessSize reads the body of a witness's 409 answer: the size that it
// cosigned last, and a newline.
func ParseWitnessSize(body []byte) (uint64, error) {
	line, ok := strings.CutSuffix(string(body), "\n")
	if !ok {
		return 0, errors.New("parse witness size: no newline at the end")
	}
	n, err := parseSize(line)
	if err != nil {
		return 0, fmt.Errorf("parse witness size: %w", err)
	}
	return n, nil
}
