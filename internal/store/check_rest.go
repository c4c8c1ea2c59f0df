package store

import (
	"crypto/sha256"
	"slices"

	"breakwater/internal/ledger"
)

// tileCheck derives the full tiles of a growing tree and keeps a hash of each.
type tileCheck struct {
	levels [8][]byte
	counts [8]int64
	sums   map[[2]int64][sha256.Size]byte
}

func (t *tileCheck) add(h ledger.Hash) {
	for level := range t.levels {
		t.levels[level] = append(t.levels[level], h[:]...)
		if len(t.levels[level]) < ledger.TileBytes {
			return
		}
		if t.sums == nil {
			t.sums = map[[2]int64][sha256.Size]byte{}
		}
		t.sums[[2]int64{int64(level), t.counts[level]}] = sha256.Sum256(t.levels[level])
		t.counts[level]++
		root, err := ledger.TileRoot(t.levels[level])
		if err != nil {
			panic(err) // its length was just measured
		}
		h = root
		t.levels[level] = t.levels[level][:0]
	}
}

func (c *logCheck) storedTiles() error {
	found := 0
	err := c.t.scan(query{t: tableTile, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
		want, ok := c.tiles.sums[[2]int64{r.int(1), r.int(2)}]
		if !ok {
			return c.bad(-1, "tile %d of level %d is not in the tree", r.int(2), r.int(1))
		}
		found++
		if sha256.Sum256(r.bytes(3)) != want {
			return c.bad(-1, "tile %d of level %d is not that of the entries", r.int(2), r.int(1))
		}
		return nil
	})
	if err != nil || found == len(c.tiles.sums) {
		return err
	}
	return c.bad(-1, "%d tiles are missing", len(c.tiles.sums)-found)
}

// erased compares missing bodies with what erasures name: each absent body is
// named exactly once, and nothing else is named.
func (c *logCheck) erased() error {
	if c.o.Erasure == nil || !c.open {
		return nil
	}
	for _, idx := range sortedKeys(c.absent) {
		if c.erasures[idx] == 0 {
			if err := c.bad(int64(idx), "the body is missing and no erasure names it"); err != nil {
				return err
			}
		}
	}
	for _, idx := range sortedKeys(c.erasures) {
		if c.erasures[idx] > 1 {
			if err := c.bad(int64(idx), "%d erasures name it", c.erasures[idx]); err != nil {
				return err
			}
		}
		if !c.absent[idx] {
			if err := c.bad(int64(idx), "an erasure names it and its body is there"); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// files compares the list of files with what entries cite and what is stored.
func (c *logCheck) files() error {
	var list []File
	err := c.t.scan(query{t: tableBlob, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
		f, err := fileOf(r)
		if err != nil {
			return c.bad(-1, "a row of the blob table is damaged")
		}
		list = append(list, f)
		return nil
	})
	if err != nil {
		return err
	}
	listed := map[[32]byte]bool{}
	for _, f := range list {
		listed[f.Name] = true
		if err := c.file(f); err != nil {
			return err
		}
	}
	for name, by := range c.cited {
		if !listed[name] {
			if err := c.bad(int64(by[0]), "it cites a file that is not listed"); err != nil {
				return err
			}
		}
	}
	return nil
}

// file checks one row of the list and the file it stands for.
func (c *logCheck) file(f File) error {
	by := c.cited[f.Name]
	known := c.open && c.o.Cites != nil
	switch {
	case f.Index >= c.frontier.Size():
		return c.bad(int64(f.Index), "a file is listed for an entry that does not exist")
	case known && !c.absent[f.Index] && !slices.Contains(by, f.Index):
		return c.bad(int64(f.Index), "a file is listed for it that it does not cite")
	case f.Disposed != 0:
		if known && c.o.Disposal != nil && len(by) > 0 && !slices.ContainsFunc(by, c.disposals.has) {
			return c.bad(int64(f.Index), "a file it cites is marked as disposed of, and no entry says so")
		}
		return nil
	case c.o.Files == nil || !c.open:
		return nil
	}
	if err := c.o.Files.Verify(c.l.ID, f.Name); err != nil {
		return c.bad(int64(f.Index), "a file it cites is missing or altered: %v", err)
	}
	return nil
}
