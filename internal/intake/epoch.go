package intake

import (
	"context"
	"fmt"
	"slices"

	"breakwater/internal/store"
)

// epoch is one log of a client with how many entries come before it and how
// many it has. A client has one, until entries were lost: what is left of the
// old log stays as it is, and a new one goes on. Entries are numbered through
// all of them.
type epoch struct {
	log        store.Log
	base, size uint64
}

// endless is the size of the epoch that still grows.
const endless = 1 << 60

// epochs is all of a client's epochs, in order.
func (r *room) epochs() []epoch {
	return append(slices.Clone(r.before), epoch{r.log, r.offset, endless})
}

// size is how many entries a client's log has in all epochs.
func (d *Door) size(ctx context.Context, r *room) (uint64, error) {
	head, err := d.store.Head(ctx, r.log.ID)
	if err != nil {
		return 0, fmt.Errorf("read head: %w", err)
	}
	return head.Size + r.offset, nil
}

// place finds in which epoch an entry is, and its index there.
func (r *room) place(index uint64) (epoch, uint64) {
	for _, ep := range r.before {
		if index < ep.base+ep.size {
			return ep, index - ep.base
		}
	}
	return epoch{r.log, r.offset, endless}, index - r.offset
}

// current is an entry's index in the newest epoch. Entries of earlier ones
// can be read, and no longer be taken back, closed or erased.
func (r *room) current(index uint64) (uint64, error) {
	if index < r.offset {
		return 0, invalid{fmt.Errorf("entry %d is from before entries were lost, in a log that is closed: record what is right instead", index)}
	}
	return index - r.offset, nil
}

// roomOf makes the room of a client from its logs, the epochs in order.
func (d *Door) roomOf(ctx context.Context, logs []store.Log) (*room, error) {
	slices.SortFunc(logs, func(a, b store.Log) int { return a.Epoch - b.Epoch })
	r := &room{log: logs[len(logs)-1]}
	for _, l := range logs[:len(logs)-1] {
		head, err := d.store.Head(ctx, l.ID)
		if err != nil {
			return nil, fmt.Errorf("read head: %w", err)
		}
		r.before = append(r.before, epoch{l, r.offset, head.Size})
		r.offset += head.Size
	}
	return r, nil
}
