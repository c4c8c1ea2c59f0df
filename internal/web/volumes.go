package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"breakwater/internal/store"
)

// volume is one epoch of a client's log: its entries are numbered from base
// on. There is one, unless entries were lost and a new epoch was begun.
type volume struct {
	log        store.Log
	base, size uint64
}

// volumes are the epochs of a client's log, in order.
type volumes []volume

// size is how many entries there are in all.
func (list volumes) size() uint64 {
	last := list[len(list)-1]
	return last.base + last.size
}

// place finds the epoch of an entry, and its index there.
func (list volumes) place(index uint64) (store.Log, uint64, bool) {
	for _, x := range list {
		if index >= x.base && index < x.base+x.size {
			return x.log, index - x.base, true
		}
	}
	return store.Log{}, 0, false
}

// volumesOf lists the epochs of a client's log.
func (d *desk) volumesOf(ctx context.Context, client string) (volumes, error) {
	st := d.door().Store()
	newest, err := st.LogByName(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("find the log of %s: %w", client, err)
	}
	logs := []store.Log{newest}
	if newest.Epoch > 1 {
		if logs, err = st.Logs(ctx); err != nil {
			return nil, fmt.Errorf("list logs: %w", err)
		}
		logs = slices.DeleteFunc(logs, func(l store.Log) bool { return l.Name != client })
		slices.SortFunc(logs, func(a, b store.Log) int { return cmp.Compare(a.Epoch, b.Epoch) })
	}
	list := make(volumes, len(logs))
	base := uint64(0)
	for n, l := range logs {
		head, err := st.Head(ctx, l.ID)
		if err != nil {
			return nil, fmt.Errorf("read head: %w", err)
		}
		list[n] = volume{l, base, head.Size}
		base += head.Size
	}
	return list, nil
}

// raw gives f the entries [from, to) as they stand in the database, with
// their index over all epochs.
func (d *desk) raw(ctx context.Context, list volumes, from, to uint64, f func(index uint64, e store.Raw) error) error {
	for _, x := range list {
		first, last := max(from, x.base), min(to, x.base+x.size)
		if first >= last {
			continue
		}
		for e, err := range d.door().Store().RawEntries(ctx, x.log.ID, first-x.base, last-x.base) {
			if err != nil {
				return fmt.Errorf("read entries: %w", err)
			}
			if err := f(e.Index+x.base, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// opened gives f the entries [from, to), opened, with their index over all
// epochs.
func (d *desk) opened(ctx context.Context, list volumes, from, to uint64, f func(e store.Stored) error) error {
	for _, x := range list {
		first, last := max(from, x.base), min(to, x.base+x.size)
		if first >= last {
			continue
		}
		for e, err := range d.door().Store().Entries(ctx, x.log.ID, first-x.base, last-x.base) {
			if err != nil {
				return fmt.Errorf("read entries: %w", err)
			}
			e.Index += x.base
			if err := f(e); err != nil {
				return err
			}
		}
	}
	return nil
}
