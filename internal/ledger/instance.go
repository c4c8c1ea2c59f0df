package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// InstanceLeafSize is the size of a leaf of the instance log in bytes.
const InstanceLeafSize = 32 + 8 + HashSize

// InstanceLeaf is a leaf of the instance log: that the log with this pseudonym
// had this root at this size. It is not salted: roots are over salted leaves,
// and the pseudonym is random.
type InstanceLeaf struct {
	Pseudonym [32]byte // constant per log, known to its own client alone
	Size      uint64
	Root      Hash
}

// Bytes encodes the leaf: pseudonym, size big endian, root.
func (l InstanceLeaf) Bytes() [InstanceLeafSize]byte {
	var b [InstanceLeafSize]byte
	copy(b[:], l.Pseudonym[:])
	binary.BigEndian.PutUint64(b[32:], l.Size)
	copy(b[40:], l.Root[:])
	return b
}

// Hash is the leaf's hash in the tree, LeafHash(l.Bytes()).
func (l InstanceLeaf) Hash() Hash {
	b := l.Bytes()
	return LeafHash(b[:])
}

// ParseInstanceLeaf is the strict inverse of Bytes.
func ParseInstanceLeaf(b []byte) (InstanceLeaf, error) {
	if len(b) != InstanceLeafSize {
		return InstanceLeaf{}, fmt.Errorf("parse instance leaf: %d bytes, want %d", len(b), InstanceLeafSize)
	}
	l := InstanceLeaf{
		Pseudonym: [32]byte(b),
		Size:      binary.BigEndian.Uint64(b[32:]),
		Root:      Hash(b[40:]),
	}
	if l.Size > MaxSize {
		return InstanceLeaf{}, fmt.Errorf("parse instance leaf: size %d above the limit", l.Size)
	}
	if l.Size == 0 && l.Root != EmptyRoot() {
		return InstanceLeaf{}, errors.New("parse instance leaf: an empty tree with another root")
	}
	return l, nil
}
