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

// besideCheckpoints reports cosignatures and timestamps of no checkpoint.
func (c *logCheck) besideCheckpoints() error {
	sizes := map[int64]bool{}
	err := c.t.scan(query{t: tableCheckpoint, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
		sizes[r.int(1)] = true
		return nil
	})
	if err != nil {
		return err
	}
	for _, tbl := range []*table{tableCosignature, tableTimestamp} {
		err := c.t.scan(query{t: tbl, where: []cond{eq(colLog, c.l.ID)}}, func(r row) error {
			if !sizes[r.int(1)] {
				return c.bad(-1, "a %s of %s is for size %d, which has no checkpoint", tbl.name, r.text(2), r.int(1))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
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
		if f.Index >= c.frontier.Size() {
			err = c.bad(int64(f.Index), "a file is listed for an entry that does not exist")
		} else if f.Disposed == 0 && c.o.Files != nil && c.open {
			err = c.file(f)
		}
		if err != nil {
			return err
		}
	}
	for name, idx := range c.cited {
		if !listed[name] {
			if err := c.bad(int64(idx), "it cites a file that is not listed"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *logCheck) file(f File) error {
	if err := c.o.Files.Verify(c.l.ID, f.Name); err != nil {
		return c.bad(int64(f.Index), "a file it cites is missing or altered: %v", err)
	}
	return nil
}
