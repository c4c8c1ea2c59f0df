package ledger

import (
	"fmt"
	"math/bits"
)

// A nodes gives the roots of perfect subtrees: index i at level k covers the
// leaves [i<<k, (i+1)<<k).
type nodes interface {
	node(level int, index uint64) (Hash, error)
}

// rangeHash is the RFC 6962 hash of leaves [lo, hi), where lo is a multiple of
// the smallest power of two not below hi-lo, as in every split of RFC 6962.
func rangeHash(src nodes, lo, hi uint64) (Hash, error) {
	if lo == hi {
		return EmptyRoot(), nil
	}
	n := hi - lo
	level := bits.TrailingZeros64(n)
	sum, err := src.node(level, (hi-1)>>level)
	if err != nil {
		return Hash{}, err
	}
	for level++; level < bits.Len64(n); level++ {
		if n>>level&1 == 0 {
			continue
		}
		left, err := src.node(level, (lo+n>>(level+1)<<(level+1))>>level)
		if err != nil {
			return Hash{}, err
		}
		sum = NodeHash(left, sum)
	}
	return sum, nil
}

// split is the largest power of two below n, for n of at least 2.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// appendInclusion appends PATH(index, D[size]) of RFC 6962, section 2.1.1:
// from the leaf's sibling up to the root's child.
func appendInclusion(dst []Hash, src nodes, index, size uint64) ([]Hash, error) {
	start := len(dst)
	for lo, hi := uint64(0), size; hi-lo > 1; {
		mid := lo + split(hi-lo)
		from, to := mid, hi
		if index < mid {
			hi = mid
		} else {
			from, to = lo, mid
			lo = mid
		}
		h, err := rangeHash(src, from, to)
		if err != nil {
			return nil, err
		}
		dst = append(dst, h)
	}
	reverse(dst[start:])
	return dst, nil
}

// appendConsistency appends PROOF(old, D[size]) of RFC 6962, section 2.1.2.
func appendConsistency(dst []Hash, src nodes, old, size uint64) ([]Hash, error) {
	if old == 0 || old == size {
		return dst, nil
	}
	start := len(dst)
	lo, hi := uint64(0), size
	for old != hi {
		mid := lo + split(hi-lo)
		from, to := mid, hi
		if old <= mid {
			hi = mid
		} else {
			from, to = lo, mid
			lo = mid
		}
		h, err := rangeHash(src, from, to)
		if err != nil {
			return nil, err
		}
		dst = append(dst, h)
	}
	if lo > 0 { // the old root is not a node of the new tree: start from its last subtree
		h, err := rangeHash(src, lo, hi)
		if err != nil {
			return nil, err
		}
		dst = append(dst, h)
	}
	reverse(dst[start:])
	return dst, nil
}

func reverse(h []Hash) {
	for i, j := 0, len(h)-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
}

func checkInclusionArgs(index, size uint64) error {
	if index >= size || size > MaxSize {
		return fmt.Errorf("leaf %d is not in a tree of size %d", index, size)
	}
	return nil
}

func checkConsistencyArgs(old, size uint64) error {
	if old > size || size > MaxSize {
		return fmt.Errorf("size %d is not a prefix of size %d", old, size)
	}
	return nil
}

// VerifyInclusion checks that leaf is at index in the tree of this size and
// root (RFC 9162, section 2.1.3.2). A wrong proof is ErrProof.
func VerifyInclusion(proof []Hash, index, size uint64, leaf, root Hash) error {
	if err := checkInclusionArgs(index, size); err != nil {
		return fmt.Errorf("verify inclusion: %w", err)
	}
	fn, sn, sum := index, size-1, leaf
	for _, p := range proof {
		if sn == 0 {
			return fmt.Errorf("verify inclusion: proof too long: %w", ErrProof)
		}
		if fn&1 == 1 || fn == sn {
			sum = NodeHash(p, sum)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sum = NodeHash(sum, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || sum != root {
		return fmt.Errorf("verify inclusion of leaf %d: %w", index, ErrProof)
	}
	return nil
}

// VerifyConsistency checks that the tree of size old with root oldRoot is a
// prefix of the tree of this size and root (RFC 9162, section 2.1.4.2). The
// empty tree is a prefix of every tree, by an empty proof. A wrong proof is
// ErrProof.
func VerifyConsistency(proof []Hash, old, size uint64, oldRoot, root Hash) error {
	if err := checkConsistencyArgs(old, size); err != nil {
		return fmt.Errorf("verify consistency: %w", err)
	}
	bad := fmt.Errorf("verify consistency of sizes %d and %d: %w", old, size, ErrProof)
	if old == 0 || old == size {
		if len(proof) != 0 || old == 0 && oldRoot != EmptyRoot() || old == size && oldRoot != root {
			return bad
		}
		return nil
	}
	fn, sn := old-1, size-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	first := oldRoot
	if old&(old-1) != 0 { // else the old root is itself the first node
		if len(proof) == 0 {
			return bad
		}
		first, proof = proof[0], proof[1:]
	}
	fr, sr := first, first
	for _, p := range proof {
		if sn == 0 {
			return bad
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = NodeHash(p, fr), NodeHash(p, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = NodeHash(sr, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || fr != oldRoot || sr != root {
		return bad
	}
	return nil
}
