package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"breakwater/internal/ledger"
)

// instanceLine is a line of instance/leaves.jsonl: a leaf of the pseudonym,
// and its inclusion proof in instance/checkpoint.
type instanceLine struct {
	Index uint64        `json:"index"`
	Proof []ledger.Hash `json:"proof"`
	Root  ledger.Hash   `json:"root"`
	Size  uint64        `json:"size"`
}

const maxInstanceLine = 8 << 10

func encodeInstance(leaves []InstanceLeaf) ([]byte, error) {
	var b []byte
	for _, l := range leaves {
		line, err := json.Marshal(instanceLine{l.Index, proofOf(l.Proof), l.Leaf.Root, l.Leaf.Size})
		if err != nil {
			return nil, err
		}
		b = append(append(b, line...), '\n')
	}
	return b, nil
}

// proofOf keeps an empty proof from being written as null.
func proofOf(p []ledger.Hash) []ledger.Hash {
	if p == nil {
		return []ledger.Hash{}
	}
	return p
}

// parseInstanceLine accepts exactly what encodeInstance writes of one leaf.
func parseInstanceLine(b []byte) (instanceLine, error) {
	var l instanceLine
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, errors.New("not a line as it is written")
	}
	again, err := json.Marshal(l)
	if err != nil || !bytes.Equal(again, b) {
		return l, errors.New("not a line as it is written")
	}
	if len(l.Proof) > 63 {
		return l, errors.New("its proof is too long")
	}
	return l, nil
}

// encodeSeen writes an earlier instance checkpoint as a C2SP tlog-proof whose
// extra data is the leaf.
func encodeSeen(s Seen) (name string, b []byte, err error) {
	n, err := ledger.ParseNote(s.Note)
	if err != nil {
		return "", nil, err
	}
	c, err := n.Checkpoint()
	if err != nil {
		return "", nil, err
	}
	leaf := s.Leaf.Bytes()
	p := ledger.Proof{Extra: leaf[:], Index: s.Index, Hashes: s.Proof, Checkpoint: n}
	if _, err := p.Includes(s.Leaf.Hash()); err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%s%d.tlog-proof", folderSeen, c.Size), p.Encode(), nil
}
