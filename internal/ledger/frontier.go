package ledger

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxLevels is the number of levels a tree of MaxSize leaves can have.
const maxLevels = 63

// Frontier is the state of a growing tree: the roots of its perfect subtrees,
// one for each bit set in the size. It is a value: an assignment is a copy,
// and two frontiers of the same tree are equal with ==. The zero value is the
// empty tree.
type Frontier struct {
	size   uint64
	levels [maxLevels]Hash // levels[k]: the subtree of 2^k leaves, zero if bit k of size is clear
}

// Size is the number of leaves appended so far.
func (f *Frontier) Size() uint64 { return f.size }

// Append adds a leaf hash on the right. It panics at MaxSize leaves, which no
// log reaches.
func (f *Frontier) Append(h Hash) {
	if f.size == MaxSize {
		panic("ledger: a tree cannot grow past MaxSize")
	}
	level := 0
	for f.size>>level&1 == 1 {
		h = NodeHash(f.levels[level], h)
		f.levels[level] = Hash{}
		level++
	}
	f.levels[level] = h
	f.size++
}

// Root is the RFC 6962 root of the leaves appended so far.
func (f *Frontier) Root() Hash {
	if f.size == 0 {
		return EmptyRoot()
	}
	level := bits.TrailingZeros64(f.size)
	root := f.levels[level]
	for level++; level < bits.Len64(f.size); level++ {
		if f.size>>level&1 == 1 {
			root = NodeHash(f.levels[level], root)
		}
	}
	return root
}

// Clone returns a copy that grows on its own. A plain assignment does the same.
func (f *Frontier) Clone() Frontier { return *f }

// Marshal encodes the frontier: size as 8 bytes big endian, then one hash for
// each bit set in it, largest subtree first.
func (f *Frontier) Marshal() []byte {
	b := make([]byte, 8, 8+HashSize*bits.OnesCount64(f.size))
	binary.BigEndian.PutUint64(b, f.size)
	for level := maxLevels - 1; level >= 0; level-- {
		if f.size>>level&1 == 1 {
			b = append(b, f.levels[level][:]...)
		}
	}
	return b
}

// UnmarshalFrontier is the strict inverse of Marshal: the length must be the
// one that the size calls for.
func UnmarshalFrontier(b []byte) (Frontier, error) {
	if len(b) < 8 {
		return Frontier{}, fmt.Errorf("unmarshal frontier: %d bytes, want at least 8", len(b))
	}
	f := Frontier{size: binary.BigEndian.Uint64(b)}
	if f.size > MaxSize {
		return Frontier{}, fmt.Errorf("unmarshal frontier: size %d above the limit", f.size)
	}
	b = b[8:]
	if want := HashSize * bits.OnesCount64(f.size); len(b) != want {
		return Frontier{}, fmt.Errorf("unmarshal frontier: %d bytes of hashes, size %d needs %d", len(b), f.size, want)
	}
	for level := maxLevels - 1; level >= 0; level-- {
		if f.size>>level&1 == 1 {
			f.levels[level], b = Hash(b), b[HashSize:]
		}
	}
	return f, nil
}
