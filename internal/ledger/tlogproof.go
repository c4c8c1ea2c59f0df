package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	proofHeader   = "c2sp.org/tlog-proof@v1\n"
	maxProofFile  = maxNote + 64<<10
	maxProof      = 63      // hashes in a proof of a tree of MaxSize leaves
	maxProofExtra = 4 << 10 // bytes of extra data
)

// Proof is the content of a .tlog-proof file (c2sp.org/tlog-proof): that a leaf
// is in a log, checkable offline against keys known beforehand.
type Proof struct {
	Extra      []byte // free bytes that nothing vouches for; nil when absent
	Index      uint64
	Hashes     []Hash
	Checkpoint Note
}

// Encode writes the file.
func (p Proof) Encode() []byte {
	var b strings.Builder
	b.WriteString(proofHeader)
	if len(p.Extra) > 0 {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	b.WriteString("index " + strconv.FormatUint(p.Index, 10) + "\n")
	writeHashLines(&b, p.Hashes)
	b.Write(p.Checkpoint.Encode())
	return []byte(b.String())
}

// ParseProof is the strict inverse of Encode. It checks no hash and no
// signature.
func ParseProof(data []byte) (Proof, error) {
	if len(data) > maxProofFile {
		return Proof{}, fmt.Errorf("parse proof: over %d bytes", maxProofFile)
	}
	rest, ok := strings.CutPrefix(string(data), proofHeader)
	if !ok {
		return Proof{}, errors.New("parse proof: the first line is not c2sp.org/tlog-proof@v1")
	}
	var p Proof
	line, rest, _ := strings.Cut(rest, "\n")
	if extra, ok := strings.CutPrefix(line, "extra "); ok {
		raw, err := decodeBase64(extra)
		if err != nil || len(raw) == 0 || len(raw) > maxProofExtra {
			return Proof{}, errors.New("parse proof: the extra line is not 1 to 4096 bytes in base64")
		}
		p.Extra = raw
		line, rest, _ = strings.Cut(rest, "\n")
	}
	index, ok := strings.CutPrefix(line, "index ")
	if !ok {
		return Proof{}, errors.New("parse proof: no index line")
	}
	var err error
	if p.Index, err = parseSize(index); err != nil {
		return Proof{}, fmt.Errorf("parse proof: index: %w", err)
	}
	if p.Hashes, rest, err = cutHashLines(rest); err != nil {
		return Proof{}, fmt.Errorf("parse proof: %w", err)
	}
	if p.Checkpoint, err = ParseNote([]byte(rest)); err != nil {
		return Proof{}, fmt.Errorf("parse proof: %w", err)
	}
	return p, nil
}

// writeHashLines writes a line for each hash and the blank line that ends them.
func writeHashLines(b *strings.Builder, hashes []Hash) {
	for _, h := range hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteByte('\n')
}

// cutHashLines is the inverse of writeHashLines: it returns what follows the
// blank line.
func cutHashLines(s string) (hashes []Hash, rest string, err error) {
	for {
		line, after, ok := strings.Cut(s, "\n")
		if !ok {
			return nil, "", errors.New("no blank line after the hashes")
		}
		if line == "" {
			return hashes, after, nil
		}
		if len(hashes) == maxProof {
			return nil, "", fmt.Errorf("more than %d hashes", maxProof)
		}
		h, err := ParseHash(line)
		if err != nil {
			return nil, "", err
		}
		hashes, s = append(hashes, h), after
	}
}

// Includes checks that the leaf with this hash is in the checkpointed tree. It
// says nothing of who signed the checkpoint.
func (p Proof) Includes(leaf Hash) (Checkpoint, error) {
	c, err := p.Checkpoint.Checkpoint()
	if err != nil {
		return Checkpoint{}, fmt.Errorf("check proof: %w", err)
	}
	if err := VerifyInclusion(p.Hashes, p.Index, c.Size, leaf, c.Root); err != nil {
		return Checkpoint{}, fmt.Errorf("check proof: %w", err)
	}
	return c, nil
}

// Verify checks the proof under a policy: leaf in tree, log signature, quorum.
// Like Policy.Check it returns the valid cosignatures also with ErrQuorum.
func (p Proof) Verify(leaf Hash, policy Policy, logs ...*Verifier) (Checkpoint, []Cosignature, error) {
	if _, err := p.Includes(leaf); err != nil {
		return Checkpoint{}, nil, err
	}
	return policy.Check(p.Checkpoint, logs...)
}
