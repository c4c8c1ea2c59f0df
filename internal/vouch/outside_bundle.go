package vouch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/bundle"
	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// ForBundle gathers what the instance log and the outsiders say of one log: all
// leaves of its pseudonym that are signed for, the newest instance checkpoint,
// every earlier one that was the first to vouch for one of the leaves, and the
// time stamps of all of them. It is nil when the log is not in the instance log.
func (v *Voucher) ForBundle(ctx context.Context, log store.LogID) (*bundle.Instance, []bundle.Stamp, error) {
	in, stamps, err := v.forBundle(ctx, log)
	if err != nil {
		return nil, nil, fmt.Errorf("gather what outsiders say of log %d: %w", log, err)
	}
	return in, stamps, nil
}

func (v *Voucher) forBundle(ctx context.Context, log store.LogID) (*bundle.Instance, []bundle.Stamp, error) {
	l, err := v.store.LogByID(ctx, log)
	if err != nil {
		return nil, nil, err
	}
	newest, err := v.store.LastCheckpoint(ctx, store.InstanceLog)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	leaves, err := v.store.InstanceLeavesOf(ctx, l.Pseudonym)
	if err != nil {
		return nil, nil, err
	}
	leaves = slices.DeleteFunc(leaves, func(e store.InstanceEntry) bool { return e.Index >= newest.Size })
	if len(leaves) == 0 {
		return nil, nil, nil
	}
	g := &gathering{v: v, leaves: leaves, newest: newest, in: &bundle.Instance{}}
	if err := g.points(ctx); err != nil {
		return nil, nil, err
	}
	return g.in, g.stamps, v.store.Tree(ctx, store.InstanceLog, g.prove)
}

// gathering is what ForBundle has so far.
type gathering struct {
	v      *Voucher
	leaves []store.InstanceEntry
	newest store.Checkpoint
	in     *bundle.Instance
	sizes  []uint64 // of the instance checkpoints in Seen
	stamps []bundle.Stamp
}

// points takes the newest checkpoint, and those before it that somebody outside
// vouched for and that cover a leaf which none before them did.
func (g *gathering) points(ctx context.Context) error {
	points, err := g.v.store.Checkpoints(ctx, store.InstanceLog, g.leaves[0].Index+1)
	if err != nil {
		return err
	}
	covered := 0
	for _, c := range points {
		n := g.below(c.Size)
		if c.Size > g.newest.Size || c.Size < g.newest.Size && n == covered {
			continue
		}
		note, err := ledger.ParseNote(c.Note)
		if err != nil {
			return err
		}
		says, err := g.v.outside(ctx, c, note)
		if err != nil {
			return err
		}
		if says.at == 0 && c.Size < g.newest.Size {
			continue
		}
		g.take(c, note.With(says.lines...), n)
		covered = n
		if err := g.takeStamps(ctx, c, says); err != nil {
			return err
		}
	}
	return nil
}

// below is how many leaves a checkpoint covers.
func (g *gathering) below(size uint64) int {
	n, _ := slices.BinarySearchFunc(g.leaves, size, func(e store.InstanceEntry, size uint64) int {
		if e.Index < size {
			return -1
		}
		return 1
	})
	return n
}

func (g *gathering) take(c store.Checkpoint, note ledger.Note, n int) {
	if c.Size == g.newest.Size {
		g.in.Checkpoint = note.Encode()
		return
	}
	last := g.leaves[n-1]
	g.in.Seen = append(g.in.Seen, bundle.Seen{Note: note.Encode(), Index: last.Index, Leaf: last.Leaf})
	g.sizes = append(g.sizes, c.Size)
}

func (g *gathering) takeStamps(ctx context.Context, c store.Checkpoint, says said) error {
	tokens, err := g.v.store.Timestamps(ctx, c.Log, c.Size)
	for _, ts := range tokens {
		if says.stamped[ts.Authority] {
			g.stamps = append(g.stamps, bundle.Stamp{Instance: true, Size: c.Size, DER: ts.Token})
		}
	}
	return err
}

// prove adds the inclusion proofs, all from one state of the database.
func (g *gathering) prove(_ store.Head, r ledger.HashReader) error {
	g.in.Leaves = nil
	for _, e := range g.leaves {
		proof, err := ledger.ProveInclusion(e.Index, g.newest.Size, r)
		if err != nil {
			return err
		}
		g.in.Leaves = append(g.in.Leaves, bundle.InstanceLeaf{Index: e.Index, Leaf: e.Leaf, Proof: proof})
	}
	for i := range g.in.Seen {
		proof, err := ledger.ProveInclusion(g.in.Seen[i].Index, g.sizes[i], r)
		if err != nil {
			return err
		}
		g.in.Seen[i].Proof = proof
	}
	return nil
}
