package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// TileHeight is the number of tree levels that a tile spans.
	TileHeight = 8
	// TileWidth is the number of hashes in a full tile.
	TileWidth = 1 << TileHeight
	// TileBytes is the size of a full tile in bytes.
	TileBytes = TileWidth * HashSize

	maxTileLevel = 63 // c2sp.org/tlog-tiles
	maxTilePath  = 64 // bytes of a path that is looked at
	bundlePrefix = "tile/entries/"
	tilePrefix   = "tile/"
)

// Tile names a run of hashes of one level: hash i of tile n at level l is the
// root of leaves [(256n+i)*256^l, (256n+i+1)*256^l).
type Tile struct {
	Level int
	Index uint64
	Width int // 256 when full, 1 to 255 when partial
}

// Full reports whether the tile holds TileWidth hashes and so never changes.
func (t Tile) Full() bool { return t.Width == TileWidth }

// Path is the tile's resource below a log's prefix, such as
// tile/1/x001/x234/067 or tile/0/273.p/112.
func (t Tile) Path() string {
	return tilePrefix + strconv.Itoa(t.Level) + "/" + indexPath(t.Index) + widthPath(t.Width)
}

// BundlePath is the resource of the entry bundle with this index and width.
func BundlePath(index uint64, width int) string {
	return bundlePrefix + indexPath(index) + widthPath(width)
}

func indexPath(n uint64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	return path
}

func widthPath(width int) string {
	if width == TileWidth {
		return ""
	}
	return ".p/" + strconv.Itoa(width)
}

// ParseTilePath is the strict inverse of Tile.Path.
func ParseTilePath(path string) (Tile, error) {
	rest, ok := strings.CutPrefix(path, tilePrefix)
	if !ok || len(path) > maxTilePath {
		return Tile{}, errTilePath
	}
	level, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return Tile{}, errTilePath
	}
	l, err := strconv.ParseUint(level, 10, 8)
	if err != nil || l > maxTileLevel {
		return Tile{}, errTilePath
	}
	index, width, err := parseIndexPath(rest)
	if err != nil {
		return Tile{}, err
	}
	t := Tile{Level: int(l), Index: index, Width: width}
	if t.Path() != path {
		return Tile{}, errTilePath
	}
	return t, nil
}

// ParseBundlePath is the strict inverse of BundlePath.
func ParseBundlePath(path string) (index uint64, width int, err error) {
	rest, ok := strings.CutPrefix(path, bundlePrefix)
	if !ok || len(path) > maxTilePath {
		return 0, 0, errTilePath
	}
	index, width, err = parseIndexPath(rest)
	if err != nil {
		return 0, 0, err
	}
	if BundlePath(index, width) != path {
		return 0, 0, errTilePath
	}
	return index, width, nil
}

var errTilePath = errors.New("not a tile path")

// parseIndexPath reads the index and the width; the caller re-encodes them to
// refuse every other spelling.
func parseIndexPath(s string) (index uint64, width int, err error) {
	digits, partial, isPartial := strings.Cut(s, ".p/")
	width = TileWidth
	if isPartial {
		w, err := strconv.ParseUint(partial, 10, 8)
		if err != nil || w == 0 {
			return 0, 0, errTilePath
		}
		width = int(w)
	}
	digits = strings.ReplaceAll(strings.ReplaceAll(digits, "x", ""), "/", "")
	index, err = strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, 0, errTilePath
	}
	return index, width, nil
}

// FilledTiles lists the tiles that become full when a tree grows from oldSize
// to newSize, lower levels first, so that each can be made from those below it.
func FilledTiles(oldSize, newSize uint64) []Tile {
	var tiles []Tile
	for level := 0; newSize>>((level+1)*TileHeight) > 0; level++ {
		shift := (level + 1) * TileHeight
		for n := oldSize >> shift; n < newSize>>shift; n++ {
			tiles = append(tiles, Tile{Level: level, Index: n, Width: TileWidth})
		}
	}
	return tiles
}

// PartialTiles lists the partial tiles of a tree, at most one a level: at level
// l the last floor(size/256^l) mod 256 hashes.
func PartialTiles(size uint64) []Tile {
	var tiles []Tile
	for level := 0; size>>(level*TileHeight) > 0; level++ {
		hashes := size >> (level * TileHeight)
		if w := hashes % TileWidth; w > 0 {
			tiles = append(tiles, Tile{Level: level, Index: hashes / TileWidth, Width: int(w)})
		}
	}
	return tiles
}

// TileRoot is the root of a full tile's hashes, which is one hash of the tile
// above.
func TileRoot(tile []byte) (Hash, error) {
	if len(tile) != TileBytes {
		return Hash{}, fmt.Errorf("tile root: %d bytes, want %d", len(tile), TileBytes)
	}
	return foldPerfect(tile), nil
}

// foldPerfect is the root over 2^k concatenated hashes, 2^k at most TileWidth.
func foldPerfect(hashes []byte) Hash {
	var level [TileWidth]Hash
	n := len(hashes) / HashSize
	for i := range n {
		level[i] = Hash(hashes[i*HashSize:])
	}
	for ; n > 1; n /= 2 {
		for i := range n / 2 {
			level[i] = NodeHash(level[2*i], level[2*i+1])
		}
	}
	return level[0]
}

// AppendEntry appends a leaf to an entry bundle: its length as two bytes big
// endian, then its bytes.
func AppendEntry(bundle, leaf []byte) ([]byte, error) {
	if len(leaf) > 0xffff {
		return nil, fmt.Errorf("append to entry bundle: leaf of %d bytes, at most 65535", len(leaf))
	}
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(leaf)))
	return append(bundle, leaf...), nil
}

// ParseEntries splits an entry bundle into its leaves, at most TileWidth. The
// leaves share memory with the bundle.
func ParseEntries(bundle []byte) ([][]byte, error) {
	var leaves [][]byte
	for len(bundle) > 0 {
		if len(leaves) == TileWidth {
			return nil, fmt.Errorf("parse entry bundle: more than %d entries", TileWidth)
		}
		if len(bundle) < 2 {
			return nil, errors.New("parse entry bundle: cut off in a length")
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; len(bundle) < n {
			return nil, errors.New("parse entry bundle: cut off in an entry")
		}
		leaves, bundle = append(leaves, bundle[:n:n]), bundle[n:]
	}
	return leaves, nil
}
