package intake

import (
	"context"
	"errors"
	"fmt"

	"breakwater/internal/coverage"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

const (
	stateSnapshot   = "state"
	summarySnapshot = "summary"
	// A state is kept again when it is so many entries, and half the last
	// snapshot's size, ahead of it: cost in all stays linear.
	snapshotEvery = 2000
)

// foldVersion names everything that a snapshot depends on.
var foldVersion = fmt.Sprintf("fold %d, coverage %s", projection.Version, coverage.Version)

// snapshot is the state of a room as it was last kept, nil if there is none
// that can be used.
func (d *Door) snapshot(ctx context.Context, r *room) *projection.State {
	n, err := d.store.GetSnapshot(ctx, r.log.ID, stateSnapshot, foldVersion)
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			d.log.WarnContext(ctx, "read snapshot", "log", r.log.Origin, "error", err)
		}
		return nil
	}
	s, err := projection.FromSnapshot(n.Data, d.catalogOf(ctx))
	if err != nil || s.Size != n.Size+r.offset {
		d.log.WarnContext(ctx, "snapshot is of no use", "log", r.log.Origin, "error", err)
		return nil
	}
	r.kept.Store(s.Size)
	return s
}

// keepLater has the state of a room kept when it is far ahead of the snapshot
// that is kept; r.mu is held.
func (d *Door) keepLater(r *room) {
	if kept := r.kept.Load(); r.state.Size >= kept+kept/2+snapshotEvery {
		d.behind.want(d, task{r, true})
	}
}

// keepSnapshot keeps the state of a room. A snapshot may always be thrown away,
// so a failure to keep it is only noted.
func (d *Door) keepSnapshot(ctx context.Context, r *room) {
	raw, size, err := r.encoded()
	if err == nil && raw != nil {
		err = d.keepDerived(ctx, r, stateSnapshot, foldVersion, size, raw)
	}
	if err != nil {
		d.log.WarnContext(ctx, "keep snapshot", "log", r.log.Origin, "error", err)
	}
}

// encoded is the state's snapshot and its size, nil when it is not in memory
// any more.
func (r *room) encoded() ([]byte, uint64, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.state == nil {
		return nil, 0, nil
	}
	r.kept.Store(r.state.Size)
	raw, err := r.state.Snapshot()
	return raw, r.state.Size, err
}

func (d *Door) keepDerived(ctx context.Context, r *room, name, fold string, size uint64, raw []byte) error {
	size -= r.offset // snapshots are kept with the newest epoch
	root, err := d.store.RootAt(ctx, r.log.ID, size)
	if err != nil {
		return err
	}
	err = d.store.PutSnapshot(ctx, store.Snapshot{Log: r.log.ID, Name: name, Fold: fold, Size: size, Root: root, Data: raw})
	if errors.Is(err, store.ErrStale) {
		return nil // something was erased since
	}
	return err
}
