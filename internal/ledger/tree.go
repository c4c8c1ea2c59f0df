package ledger

import "fmt"

// Tree holds every node of a tree in memory, 64 bytes a leaf, for whoever needs
// many proofs. Reading it from several goroutines at once is safe, appending
// is not.
type Tree struct {
	levels [][]Hash // levels[k][i]: the perfect subtree over leaves [i<<k, (i+1)<<k)
}

// NewTree builds the tree over these leaf hashes, which it copies.
func NewTree(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{append([]Hash(nil), leaves...)}}
	for below := t.levels[0]; len(below) > 1; below = t.levels[len(t.levels)-1] {
		level := make([]Hash, len(below)/2)
		for i := range level {
			level[i] = NodeHash(below[2*i], below[2*i+1])
		}
		t.levels = append(t.levels, level)
	}
	return t
}

// Append adds a leaf hash on the right.
func (t *Tree) Append(h Hash) {
	for k := 0; ; k++ {
		if k == len(t.levels) {
			t.levels = append(t.levels, nil)
		}
		t.levels[k] = append(t.levels[k], h)
		n := len(t.levels[k])
		if n%2 == 1 {
			return
		}
		h = NodeHash(t.levels[k][n-2], h)
	}
}

// Size is the number of leaves.
func (t *Tree) Size() uint64 {
	if len(t.levels) == 0 {
		return 0
	}
	return uint64(len(t.levels[0]))
}

// Leaf is the hash of the leaf at index, which must be below Size.
func (t *Tree) Leaf(index uint64) Hash { return t.levels[0][index] }

func (t *Tree) node(level int, index uint64) (Hash, error) {
	return t.levels[level][index], nil
}

// Root is the root of the first size leaves.
func (t *Tree) Root(size uint64) (Hash, error) {
	if size > t.Size() {
		return Hash{}, fmt.Errorf("root: size %d of a tree of %d", size, t.Size())
	}
	return rangeHash(t, 0, size)
}

// Inclusion proves that leaf index is in the tree of the first size leaves.
func (t *Tree) Inclusion(index, size uint64) ([]Hash, error) {
	return t.AppendInclusion(nil, index, size)
}

// AppendInclusion is Inclusion that appends to dst, for many proofs in a row.
func (t *Tree) AppendInclusion(dst []Hash, index, size uint64) ([]Hash, error) {
	if size > t.Size() || index >= size {
		return nil, fmt.Errorf("prove inclusion: leaf %d, size %d of a tree of %d", index, size, t.Size())
	}
	return appendInclusion(dst, t, index, size)
}

// Consistency proves that the first old leaves are a prefix of the first size.
func (t *Tree) Consistency(old, size uint64) ([]Hash, error) {
	if size > t.Size() || old > size {
		return nil, fmt.Errorf("prove consistency: sizes %d and %d of a tree of %d", old, size, t.Size())
	}
	return appendConsistency(nil, t, old, size)
}
