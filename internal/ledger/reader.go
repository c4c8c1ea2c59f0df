package ledger

import "fmt"

// A HashReader reads what a store keeps of a tree: leaf hashes, and tiles once
// they are full. It is asked only for what exists at the size of the proof.
type HashReader interface {
	// LeafHashes returns the hashes of leaves [from, to), at most TileWidth.
	LeafHashes(from, to uint64) ([]Hash, error)
	// FullTile returns the TileBytes bytes of a full tile.
	FullTile(level int, index uint64) ([]byte, error)
}

// ProveInclusion proves that leaf index is in the tree of this size. It does
// not check what it reads: a caller in doubt verifies the proof.
func ProveInclusion(index, size uint64, r HashReader) ([]Hash, error) {
	if err := checkInclusionArgs(index, size); err != nil {
		return nil, fmt.Errorf("prove inclusion: %w", err)
	}
	proof, err := appendInclusion(nil, newTileNodes(r, size), index, size)
	if err != nil {
		return nil, fmt.Errorf("prove inclusion of leaf %d: %w", index, err)
	}
	return proof, nil
}

// ProveConsistency proves that the tree of size old is a prefix of the tree of
// this size. It does not check what it reads: a caller in doubt verifies the
// proof.
func ProveConsistency(old, size uint64, r HashReader) ([]Hash, error) {
	if err := checkConsistencyArgs(old, size); err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	proof, err := appendConsistency(nil, newTileNodes(r, size), old, size)
	if err != nil {
		return nil, fmt.Errorf("prove consistency of sizes %d and %d: %w", old, size, err)
	}
	return proof, nil
}

// RootAt is the root of the first size leaves.
func RootAt(size uint64, r HashReader) (Hash, error) {
	root, err := rangeHash(newTileNodes(r, size), 0, size)
	if err != nil {
		return Hash{}, fmt.Errorf("root at size %d: %w", size, err)
	}
	return root, nil
}

// FrontierAt is the frontier of the first size leaves, for a head that was lost.
func FrontierAt(size uint64, r HashReader) (Frontier, error) {
	if size > MaxSize {
		return Frontier{}, fmt.Errorf("frontier at size %d: above the limit", size)
	}
	src := newTileNodes(r, size)
	f := Frontier{size: size}
	for level := range maxLevels {
		if size>>level&1 == 0 {
			continue
		}
		h, err := src.node(level, size>>(level+1)<<1)
		if err != nil {
			return Frontier{}, fmt.Errorf("frontier at size %d: %w", size, err)
		}
		f.levels[level] = h
	}
	return f, nil
}

// MakeTile returns the hashes of a tile, full or partial, from what lies below
// it: leaf hashes for level 0, full tiles for the others. A store calls it for
// each of FilledTiles in turn, a server for each partial tile asked for.
func MakeTile(t Tile, r HashReader) ([]byte, error) {
	if t.Width < 1 || t.Width > TileWidth || t.Level < 0 || t.Level >= maxTileLevels {
		return nil, fmt.Errorf("make tile %s: no such tile", t.Path())
	}
	from := t.Index * TileWidth
	b, err := hashesBelow(r, t.Level, from, from+uint64(t.Width))
	if err != nil {
		return nil, fmt.Errorf("make tile %s: %w", t.Path(), err)
	}
	return b, nil
}

// maxTileLevels is the number of tile levels a tree of MaxSize leaves can have.
const maxTileLevels = (maxLevels + TileHeight) / TileHeight

// hashesBelow returns hashes [from, to) of a tile level from what lies below.
func hashesBelow(r HashReader, level int, from, to uint64) ([]byte, error) {
	b := make([]byte, 0, HashSize*(to-from))
	if level == 0 {
		hashes, err := r.LeafHashes(from, to)
		if err != nil {
			return nil, err
		}
		if uint64(len(hashes)) != to-from {
			return nil, fmt.Errorf("read %d leaf hashes from %d, want %d", len(hashes), from, to-from)
		}
		for _, h := range hashes {
			b = append(b, h[:]...)
		}
		return b, nil
	}
	for n := from; n < to; n++ {
		tile, err := r.FullTile(level-1, n)
		if err != nil {
			return nil, err
		}
		h, err := TileRoot(tile)
		if err != nil {
			return nil, err
		}
		b = append(b, h[:]...)
	}
	return b, nil
}

// tileNodes finds nodes in the tiles of a tree of one size and remembers the
// last tile read at each level, since neighbors of a proof share it.
type tileNodes struct {
	r     HashReader
	size  uint64
	index [maxTileLevels]uint64
	tiles [maxTileLevels][]byte
}

func newTileNodes(r HashReader, size uint64) *tileNodes { return &tileNodes{r: r, size: size} }

func (s *tileNodes) node(level int, index uint64) (Hash, error) {
	tileLevel, inner := level/TileHeight, level%TileHeight
	from := index << inner
	to := from + 1<<inner
	b, err := s.hashes(tileLevel, from, to)
	if err != nil {
		return Hash{}, err
	}
	return foldPerfect(b), nil
}

// hashes returns hashes [from, to) of a tile level, all within one tile.
func (s *tileNodes) hashes(level int, from, to uint64) ([]byte, error) {
	n := from / TileWidth
	if s.size>>((level+1)*TileHeight) <= n {
		return hashesBelow(s.r, level, from, to)
	}
	if s.tiles[level] == nil || s.index[level] != n {
		tile, err := s.r.FullTile(level, n)
		if err != nil {
			return nil, err
		}
		if len(tile) != TileBytes {
			return nil, fmt.Errorf("read tile %d of level %d: %d bytes, want %d", n, level, len(tile), TileBytes)
		}
		s.index[level], s.tiles[level] = n, tile
	}
	off := from % TileWidth
	return s.tiles[level][off*HashSize : (off+to-from)*HashSize], nil
}
