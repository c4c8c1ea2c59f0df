package ledger_test

import (
	"bytes"
	"fmt"
	"testing"

	"breakwater/internal/ledger"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// memoryLog is a store: leaf hashes, and each tile made once when it fills.
type memoryLog struct {
	leaves []ledger.Hash
	tiles  map[string][]byte
}

func newMemoryLog(leaves []ledger.Hash) *memoryLog {
	m := &memoryLog{leaves: leaves, tiles: map[string][]byte{}}
	for _, tile := range ledger.FilledTiles(0, uint64(len(leaves))) {
		b, err := ledger.MakeTile(tile, m)
		if err != nil {
			panic(err)
		}
		m.tiles[tile.Path()] = b
	}
	return m
}

func (m *memoryLog) LeafHashes(from, to uint64) ([]ledger.Hash, error) {
	if to-from > ledger.TileWidth || to > uint64(len(m.leaves)) {
		return nil, fmt.Errorf("leaf hashes %d to %d are not here", from, to)
	}
	return m.leaves[from:to], nil
}

func (m *memoryLog) FullTile(level int, index uint64) ([]byte, error) {
	path := ledger.Tile{Level: level, Index: index, Width: ledger.TileWidth}.Path()
	b, ok := m.tiles[path]
	if !ok {
		return nil, fmt.Errorf("%s is not here", path)
	}
	return b, nil
}

func TestTilePaths(t *testing.T) {
	for _, v := range []struct {
		tile ledger.Tile
		path string
	}{
		{ledger.Tile{Level: 0, Index: 0, Width: 256}, "tile/0/000"},
		{ledger.Tile{Level: 1, Index: 1234067, Width: 256}, "tile/1/x001/x234/067"},
		{ledger.Tile{Level: 0, Index: 273, Width: 112}, "tile/0/273.p/112"},
		{ledger.Tile{Level: 2, Index: 1000, Width: 1}, "tile/2/x001/000.p/1"},
		{ledger.Tile{Level: 63, Index: 1<<63 - 1, Width: 255}, "tile/63/x009/x223/x372/x036/x854/x775/807.p/255"},
	} {
		if got := v.tile.Path(); got != v.path {
			t.Errorf("%+v: path %s, want %s", v.tile, got, v.path)
		}
		if got, err := ledger.ParseTilePath(v.path); err != nil || got != v.tile {
			t.Errorf("ParseTilePath(%s) = %+v, %v", v.path, got, err)
		}
	}
	if got := ledger.BundlePath(1234067, 9); got != "tile/entries/x001/x234/067.p/9" {
		t.Errorf("bundle path = %s", got)
	}
	if n, w, err := ledger.ParseBundlePath("tile/entries/x001/x234/067.p/9"); n != 1234067 || w != 9 || err != nil {
		t.Errorf("ParseBundlePath = %d, %d, %v", n, w, err)
	}
}

func TestTilePathsRefused(t *testing.T) {
	for _, path := range []string{
		"", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000",
		"tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/x001/x002", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "/tile/0/000", "tile/0/000/", "tile/+0/000", "tile/0/+00",
		"tile/0/x009/x223/x372/x036/x854/x775/808", "tile/entries/000", "tile/0/000.p/1.p/1", "tile/0/00x0",
	} {
		if got, err := ledger.ParseTilePath(path); err == nil {
			t.Errorf("ParseTilePath(%q) = %+v, want an error", path, got)
		}
	}
	for _, path := range []string{"tile/entries/", "tile/entries/0", "tile/0/000", "tile/entries/000.p/256"} {
		if _, _, err := ledger.ParseBundlePath(path); err == nil {
			t.Errorf("ParseBundlePath(%q) was taken", path)
		}
	}
}

func TestTilesOfTheSpecification(t *testing.T) {
	// The example of c2sp.org/tlog-tiles, a tree of 70,000.
	filled := ledger.FilledTiles(0, 70_000)
	if len(filled) != 273+1 || filled[273] != (ledger.Tile{Level: 1, Index: 0, Width: 256}) {
		t.Errorf("%d filled tiles, last %+v", len(filled), filled[len(filled)-1])
	}
	want := []ledger.Tile{{Level: 0, Index: 273, Width: 112}, {Level: 1, Index: 1, Width: 17}, {Level: 2, Index: 0, Width: 1}}
	if diff := cmp.Diff(want, ledger.PartialTiles(70_000)); diff != "" {
		t.Errorf("partial tiles (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]ledger.Tile{{Level: 1, Index: 0, Width: 1}}, ledger.PartialTiles(256)); diff != "" {
		t.Errorf("partial tiles of 256 (-want +got):\n%s", diff)
	}
	if got := ledger.PartialTiles(0); got != nil {
		t.Errorf("partial tiles of nothing: %v", got)
	}
}

func TestFilledTilesOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Uint64Range(0, 70_000).Draw(t, "from")
		mid := from + rapid.Uint64Range(0, 70_000).Draw(t, "more")
		to := mid + rapid.Uint64Range(0, 70_000).Draw(t, "more")
		split := map[ledger.Tile]int{}
		for _, tile := range append(ledger.FilledTiles(from, mid), ledger.FilledTiles(mid, to)...) {
			split[tile]++
		}
		whole := ledger.FilledTiles(from, to)
		for _, tile := range whole {
			if split[tile] != 1 {
				t.Fatalf("%+v fills %d times", tile, split[tile])
			}
		}
		if len(split) != len(whole) {
			t.Fatalf("%d tiles in two steps, %d in one", len(split), len(whole))
		}
	})
}

func TestMakeTile(t *testing.T) {
	leaves := leafHashes(70_000)
	m := newMemoryLog(leaves)
	level1, err := m.FullTile(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	root, err := ledger.TileRoot(level1)
	if err != nil || root != naiveRoot(leaves[:65_536]) {
		t.Errorf("root of the level 1 tile = %s, %v", root, err)
	}
	if got, want := ledger.Hash(level1[32:]), naiveRoot(leaves[256:512]); got != want {
		t.Errorf("second hash at level 1 = %s, want %s", got, want)
	}
	for _, tile := range ledger.PartialTiles(70_000) {
		b, err := ledger.MakeTile(tile, m)
		if err != nil || len(b) != 32*tile.Width {
			t.Errorf("MakeTile(%+v) = %d bytes, %v", tile, len(b), err)
		}
	}
	if _, err := ledger.MakeTile(ledger.Tile{Level: 0, Index: 273, Width: 113}, m); err == nil {
		t.Error("MakeTile made a tile wider than the log")
	}
	for _, tile := range []ledger.Tile{{Width: 0}, {Width: 257}, {Level: 9, Width: 1}, {Level: -1, Width: 1}} {
		if _, err := ledger.MakeTile(tile, m); err == nil {
			t.Errorf("MakeTile took %+v", tile)
		}
	}
	if _, err := ledger.TileRoot(level1[32:]); err == nil {
		t.Error("TileRoot took a partial tile")
	}
}

func TestEntryBundle(t *testing.T) {
	want := [][]byte{{}, bytes.Repeat([]byte{1}, ledger.LeafSize), bytes.Repeat([]byte{2}, 0xffff)}
	var bundle []byte
	for _, leaf := range want {
		var err error
		if bundle, err = ledger.AppendEntry(bundle, leaf); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ledger.ParseEntries(bundle)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("entries: %v (-want +got):\n%s", err, diff)
	}
	if _, err := ledger.AppendEntry(nil, make([]byte, 0x10000)); err == nil {
		t.Error("AppendEntry took 65,536 bytes")
	}
	for name, bad := range map[string][]byte{
		"a cut length": {0}, "a cut entry": {0, 2, 1}, "257 entries": make([]byte, 2*257),
	} {
		if _, err := ledger.ParseEntries(bad); err == nil {
			t.Errorf("ParseEntries took %s", name)
		}
	}
}
