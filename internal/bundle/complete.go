package bundle

import (
	"errors"
	"fmt"
	"io"

	"breakwater/internal/ledger"
)

// checkComplete reads the whole instance log from elsewhere and checks that
// the bundle has every leaf of this log's pseudonym, and that what came after
// it still has this log's history.
func (v *verification) checkComplete(inst instanceView) {
	if v.opt.Fetch == nil {
		return
	}
	ok := !v.failErr("instance log", v.complete(inst))
	v.Complete = &ok
}

func (v *verification) complete(inst instanceView) error {
	raw, err := v.opt.Fetch("checkpoint")
	if err != nil {
		return fmt.Errorf("read its checkpoint: %w", err)
	}
	_, c, err := v.instanceNote(raw)
	if err != nil {
		return fmt.Errorf("its checkpoint: %w", err)
	}
	if inst.origin != "" && c.Origin != inst.origin {
		return fmt.Errorf("it is %s and the bundle's is %s: name the instance log that issued the bundle", c.Origin, inst.origin)
	}
	if c.Size < inst.size {
		return fmt.Errorf("it has %d leaves and the bundle has seen %d: get a newer copy", c.Size, inst.size)
	}
	if c.Size > maxEntries {
		return fmt.Errorf("it has %d leaves and at most %d are read", c.Size, maxEntries)
	}
	return v.readInstanceLog(inst, c)
}

// readInstanceLog folds all leaves and compares both checkpoints.
func (v *verification) readInstanceLog(inst instanceView, c ledger.Checkpoint) error {
	var tree ledger.Frontier
	next, later := 0, map[uint64]ledger.Hash{}
	for index := uint64(0); tree.Size() < c.Size; index++ {
		width := min(ledger.TileWidth, int(c.Size-tree.Size()))
		raw, err := v.opt.Fetch(ledger.BundlePath(index, width))
		if err != nil {
			return fmt.Errorf("read %s: %w", ledger.BundlePath(index, width), err)
		}
		leaves, err := ledger.ParseEntries(raw)
		if err != nil || len(leaves) != width {
			return fmt.Errorf("%s does not hold %d leaves: get the copy again", ledger.BundlePath(index, width), width)
		}
		for _, b := range leaves {
			if err := v.compareLeaf(b, tree.Size(), inst, &next, later); err != nil {
				return err
			}
			tree.Append(ledger.LeafHash(b))
			if tree.Size() == inst.size && tree.Root() != inst.root {
				return errors.New("it has another history than the bundle's checkpoint of it: two versions of the log were shown")
			}
		}
	}
	if tree.Root() != c.Root {
		return errors.New("its leaves do not give the root of its checkpoint: get the copy again")
	}
	if next < len(inst.leaves) {
		return fmt.Errorf("the bundle has a leaf %d that the instance log has not", inst.leaves[next].Index)
	}
	return v.compareRoots(later)
}

// compareLeaf compares one leaf of the instance log, if it is of this log.
func (v *verification) compareLeaf(b []byte, at uint64, inst instanceView, next *int, later map[uint64]ledger.Hash) error {
	l, err := ledger.ParseInstanceLeaf(b)
	if err != nil {
		return fmt.Errorf("leaf %d: %w", at, err)
	}
	if l.Pseudonym != v.leaf(instanceLine{}).Pseudonym {
		return nil
	}
	if inst.origin == "" && l.Size <= v.about.Size {
		return fmt.Errorf("the bundle has nothing of the instance log, which has leaf %d of this log, of size %d", at, l.Size)
	}
	if at < inst.size {
		if *next >= len(inst.leaves) || inst.leaves[*next].Index != at || v.leaf(inst.leaves[*next]) != l {
			return fmt.Errorf("the bundle leaves out leaf %d of this log, of size %d", at, l.Size)
		}
		*next++
		return nil
	}
	if l.Size < v.lastSize() {
		return fmt.Errorf("leaf %d says that this log shrank to %d entries: it was rewritten after the bundle", at, l.Size)
	}
	if l.Size <= v.about.Size {
		later[l.Size] = l.Root
	}
	return nil
}

// compareRoots checks what the instance log said after the bundle's own
// checkpoint of it about prefixes that the bundle holds.
func (v *verification) compareRoots(later map[uint64]ledger.Hash) error {
	if len(later) == 0 {
		return nil
	}
	s, err := v.open(memberLeaves, maxEntries*ledger.LeafSize, 1<<16)
	if err != nil {
		return err
	}
	defer s.rc.Close()
	var tree ledger.Frontier
	var raw [ledger.LeafSize]byte
	for tree.Size() < v.about.Size {
		if _, err := io.ReadFull(s, raw[:]); err != nil {
			return err
		}
		leaf, err := parseRecord(raw[:])
		if err != nil {
			return err
		}
		tree.Append(leaf.hash)
		if root, asked := later[tree.Size()]; asked && root != tree.Root() {
			return fmt.Errorf("it has another root of this log at size %d than the entries give: the log was rewritten", tree.Size())
		}
	}
	return nil
}

// lastSize is the largest size of this log that the bundle's own leaves name.
func (v *verification) lastSize() uint64 {
	if n := len(v.walk.instance); n > 0 {
		return v.walk.instance[n-1].Size
	}
	return 0
}
