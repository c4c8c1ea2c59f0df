package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint is what a log says of itself: its origin and, at a size, its root.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

// Body is the text that is signed: origin, size in decimal, root in base64, a
// line each. It never has extension lines (ML-DSA-44 signatures do not cover
// them).
func (c Checkpoint) Body() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// ParseCheckpointBody is the strict inverse of Body. It refuses extension lines,
// and a size of zero with a root that is not the empty tree's.
func ParseCheckpointBody(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("parse checkpoint: want exactly three lines")
	}
	if !validName(lines[0]) {
		return Checkpoint{}, errors.New("parse checkpoint: the origin is not a name of 1 to 255 bytes without spaces and plus signs")
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: %w", err)
	}
	root, err := ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: root: %w", err)
	}
	if size == 0 && root != EmptyRoot() {
		return Checkpoint{}, errors.New("parse checkpoint: an empty tree with another root")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseSize reads a decimal size or index without leading zeros, at most
// MaxSize.
func parseSize(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, errors.New("a size is a decimal number without leading zeros, below 2^63")
	}
	return n, nil
}

// Sign signs the checkpoint. Call it only for a committed head whose size was
// never signed with another root; whoever holds the sign lease sees to that.
func Sign(c Checkpoint, signers ...*Signer) (Note, error) {
	if _, err := ParseCheckpointBody(c.Body()); err != nil {
		return Note{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	return SignText(c.Body(), signers...)
}

// Open parses a signed checkpoint and checks it against the keys known for its
// log. At least one must have signed and none may have signed badly. That the
// origin is the expected one is for the caller to compare; a key whose name is
// not the origin has not signed for this log and is ignored.
func Open(data []byte, known ...*Verifier) (Checkpoint, Note, error) {
	n, err := ParseNote(data)
	if err != nil {
		return Checkpoint{}, Note{}, fmt.Errorf("open checkpoint: %w", err)
	}
	c, err := n.Checkpoint()
	if err != nil {
		return Checkpoint{}, Note{}, fmt.Errorf("open checkpoint: %w", err)
	}
	if _, err := n.Verify(named(known, c.Origin)...); err != nil {
		return Checkpoint{}, Note{}, fmt.Errorf("open checkpoint of %s: %w", c.Origin, err)
	}
	return c, n, nil
}

// Checkpoint reads the note's text as a checkpoint. It checks no signature.
func (n Note) Checkpoint() (Checkpoint, error) { return ParseCheckpointBody(n.Text) }

func named(known []*Verifier, name string) []*Verifier {
	var out []*Verifier
	for _, v := range known {
		if v.name == name {
			out = append(out, v)
		}
	}
	return out
}
