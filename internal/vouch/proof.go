package vouch

import (
	"context"
	"errors"
	"fmt"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// ProofFor is the content of a .tlog-proof file for one leaf: of a client's log,
// under its newest checkpoint; of the instance log, under the first checkpoint
// that was vouched for, cosignatures included, or the newest when none was. An
// entry that is not signed for yet is signed for first; one that is not there is
// store.ErrNotFound.
func (v *Voucher) ProofFor(ctx context.Context, log store.LogID, index uint64) ([]byte, error) {
	p, err := v.proofFor(ctx, log, index)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d of log %d: %w", index, log, err)
	}
	return p.Encode(), nil
}

func (v *Voucher) proofFor(ctx context.Context, log store.LogID, index uint64) (ledger.Proof, error) {
	c, note, err := v.pointFor(ctx, log, index)
	if err != nil {
		return ledger.Proof{}, err
	}
	p := ledger.Proof{Index: index, Checkpoint: note}
	var leaf ledger.Hash
	err = v.store.Tree(ctx, log, func(_ store.Head, r ledger.HashReader) (err error) {
		if p.Hashes, err = ledger.ProveInclusion(index, c.Size, r); err != nil {
			return err
		}
		leaves, err := r.LeafHashes(index, index+1)
		if err == nil && len(leaves) == 1 {
			leaf = leaves[0]
		}
		return err
	})
	if err != nil {
		return ledger.Proof{}, err
	}
	_, err = p.Includes(leaf)
	return p, err
}

// pointFor is the checkpoint that a proof is made against.
func (v *Voucher) pointFor(ctx context.Context, log store.LogID, index uint64) (store.Checkpoint, ledger.Note, error) {
	head, err := v.store.Head(ctx, log)
	if err != nil {
		return store.Checkpoint{}, ledger.Note{}, err
	}
	if index >= head.Size {
		return store.Checkpoint{}, ledger.Note{}, fmt.Errorf("the log ends at %d: %w", head.Size, store.ErrNotFound)
	}
	if log == store.InstanceLog {
		return v.vouchedPoint(ctx, index)
	}
	c, err := v.store.LastCheckpoint(ctx, log)
	if errors.Is(err, store.ErrNotFound) || err == nil && c.Size <= index {
		c, err = v.Checkpoint(ctx, log)
	}
	if err != nil {
		return store.Checkpoint{}, ledger.Note{}, err
	}
	note, err := ledger.ParseNote(c.Note)
	return c, note, err
}

func (v *Voucher) vouchedPoint(ctx context.Context, index uint64) (store.Checkpoint, ledger.Note, error) {
	points, err := v.store.Checkpoints(ctx, store.InstanceLog, index+1)
	if err != nil {
		return store.Checkpoint{}, ledger.Note{}, err
	}
	for i, c := range points {
		note, err := ledger.ParseNote(c.Note)
		if err != nil {
			return c, note, err
		}
		says, err := v.outside(ctx, c, note)
		if err != nil {
			return c, note, err
		}
		if says.at > 0 || i == len(points)-1 || len(v.witnesses)+len(v.authorities) == 0 {
			return c, note.With(says.lines...), nil
		}
	}
	c, err := v.Checkpoint(ctx, store.InstanceLog)
	if err != nil {
		return c, ledger.Note{}, err
	}
	note, err := ledger.ParseNote(c.Note)
	return c, note, err
}
