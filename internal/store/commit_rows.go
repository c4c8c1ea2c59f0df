package store

import (
	"encoding/binary"
	"fmt"

	"breakwater/internal/ledger"
)

// appendItem gives an item its index, seals it and adds it to the tree. Its row
// is written by flush.
func (r *logRun) appendItem(p *pending, n int) (seenItem, error) {
	it := &p.items[n]
	idx := r.frontier.Size()
	r.plain = append(append(append(r.plain[:0], it.salt[:]...), it.submitted[:]...), p.sub.Items[n].Envelope...)
	r.ad = appendEntryAD(r.ad[:0], r.origin, idx)
	start := len(r.slab)
	var err error
	if r.slab, err = r.g.s.sealData(r.keys, r.log, r.slab, r.plain, r.ad); err != nil {
		return seenItem{}, err
	}
	leaf := p.leafHash(n, r.now)
	r.rows = append(r.rows, entryRow{
		idx: idx, recorded: r.now, kind: p.sub.Items[n].Kind, leaf: leaf, mac: it.mac,
		body: r.slab[start:len(r.slab):len(r.slab)],
	})
	r.leaves = append(r.leaves, leaf)
	r.frontier.Append(leaf)
	r.last = r.now
	for _, ref := range p.sub.Items[n].Blobs {
		if err := r.cite(ref, idx); err != nil {
			return seenItem{}, err
		}
	}
	return seenItem{idx: idx, recorded: r.now, submitted: it.submitted, p: p, n: n}, nil
}

func appendEntryAD(dst []byte, origin string, idx uint64) []byte {
	dst = append(append(dst, "breakwater entry\x00"...), origin...)
	return binary.BigEndian.AppendUint64(append(dst, 0), idx)
}

// extras does what a submission asks for besides appending. size is the log's
// size before it. ErrNotFound and ErrErased come before anything is changed.
func (r *logRun) extras(p *pending, size uint64) error {
	if p.sub.Erase != nil {
		if err := r.erase(*p.sub.Erase, size); err != nil {
			return err
		}
	}
	for n := range p.sub.Dispose {
		set := []assign{{"disposed", r.now}}
		if _, err := r.t.update(tableBlob, set, eq(colLog, r.log), eq("name", p.sub.Dispose[n][:]), cond{col: "disposed", op: "null"}); err != nil {
			return err
		}
	}
	for _, job := range p.jobs {
		if err := enqueue(r.t, job); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes a body. The leaf hash stays, and with it the tree.
func (r *logRun) erase(idx, size uint64) error {
	if idx >= size {
		return fmt.Errorf("erase entry %d: %w: the log ends before it", idx, ErrNotFound)
	}
	if err := r.flush(); err != nil {
		return err
	}
	n, err := r.t.update(tableEntry, []assign{{"body", nil}}, eq(colLog, r.log), eq("idx", int64(idx)), cond{col: "body", op: "set"})
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("erase entry %d: %w", idx, ErrErased)
	}
	r.g.erased, r.erased = true, true
	_, err = r.t.remove(tableSnapshot, eq(colLog, r.log))
	return err
}

// cite records that an entry cites a file, so that no sweep takes it.
func (r *logRun) cite(ref BlobRef, idx uint64) error {
	have, err := r.t.get(tableBlob, r.log, ref.Name[:])
	if err != nil {
		return err
	}
	if have == nil {
		return r.t.insert(tableBlob, row{r.log, ref.Name[:], ref.Size, int64(idx), nil})
	}
	if have[4] == nil {
		return nil
	}
	_, err = r.t.update(tableBlob, []assign{{"disposed", nil}, {"idx", int64(idx)}}, eq(colLog, r.log), eq("name", ref.Name[:]))
	return err
}

func (r *logRun) flush() error {
	if len(r.rows) == 0 {
		return nil
	}
	if err := r.t.insertEntries(r.log, r.rows); err != nil {
		return err
	}
	r.flushed = r.frontier.Size()
	r.rows, r.slab = r.rows[:0], r.slab[:0]
	return nil
}

// close writes entries, tiles that filled, and the head. The head is guarded by
// the size that was read: if another writer got past the lock, nothing is kept.
func (r *logRun) close() error {
	size := r.frontier.Size()
	if size == r.start {
		return nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	if err := writeTiles(r.t, r.log, r.start, size, r.leaves); err != nil {
		return err
	}
	r.root = r.frontier.Root()
	if err := writeHead(r.t, r.log, r.start, &r.frontier, r.root, r.last); err != nil || !r.erased {
		return err
	}
	// From here on no snapshot of a smaller size is taken.
	_, err := r.t.update(tableHead, []assign{{"erased", int64(size)}}, eq(colLog, r.log))
	return err
}

// writeTiles writes each tile that fills when a log grows; a tile is written
// once and never changed. leaves are the hashes of leaves old to size.
func writeTiles(t tx, log LogID, old, size uint64, leaves []ledger.Hash) error {
	filled := ledger.FilledTiles(old, size)
	if len(filled) == 0 {
		return nil
	}
	source := &growing{reader: reader{t: t, log: log}, old: old, leaves: leaves, made: map[ledger.Tile][]byte{}}
	for _, tile := range filled {
		data, err := ledger.MakeTile(tile, source)
		if err != nil {
			return err
		}
		if err := t.insert(tableTile, row{log, int64(tile.Level), int64(tile.Index), data}); err != nil {
			return err
		}
		source.made[tile] = data
	}
	return nil
}

func writeHead(t tx, log LogID, old uint64, f *ledger.Frontier, root ledger.Hash, recorded int64) error {
	set := []assign{{"size", int64(f.Size())}, {"root", root[:]}, {"frontier", f.Marshal()}, {"recorded", recorded}}
	return t.updateOne(tableHead, set, eq(colLog, log), eq("size", int64(old)))
}

// growing reads what is stored of a tree and what is about to be.
type growing struct {
	reader
	old    uint64
	leaves []ledger.Hash
	made   map[ledger.Tile][]byte
}

func (g *growing) LeafHashes(from, to uint64) ([]ledger.Hash, error) {
	var hashes []ledger.Hash
	if from < g.old {
		stored, err := g.reader.LeafHashes(from, min(to, g.old))
		if err != nil {
			return nil, err
		}
		hashes, from = stored, min(to, g.old)
	}
	if from < to {
		hashes = append(hashes, g.leaves[from-g.old:to-g.old]...)
	}
	return hashes, nil
}

func (g *growing) FullTile(level int, index uint64) ([]byte, error) {
	if data := g.made[ledger.Tile{Level: level, Index: index, Width: ledger.TileWidth}]; data != nil {
		return data, nil
	}
	return g.reader.FullTile(level, index)
}
