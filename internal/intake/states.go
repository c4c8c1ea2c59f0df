package intake

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// stateCache bounds the states that are kept in memory, least recently used
// first out.
type stateCache struct {
	mu    sync.Mutex
	limit int64
	clock int64
	held  map[*room]int64 // estimated bytes
}

func orderOf(clients map[string]*room) []string {
	ids := make([]string, 0, len(clients))
	for id := range clients {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if x, y := clients[a].log.MSP, clients[b].log.MSP; x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return ids
}

// used notes that a room's state was used and drops others over the limit.
func (c *stateCache) used(r *room, bytes int64) {
	c.mu.Lock()
	if c.held == nil {
		c.held = map[*room]int64{}
	}
	c.clock++
	r.lastUsed = c.clock
	c.held[r] = bytes
	total := int64(0)
	for _, b := range c.held {
		total += b
	}
	var drop []*room
	for total > c.limit && len(c.held) > 1 {
		var oldest *room
		for x := range c.held {
			if x != r && (oldest == nil || x.lastUsed < oldest.lastUsed) {
				oldest = x
			}
		}
		total -= c.held[oldest]
		delete(c.held, oldest)
		drop = append(drop, oldest)
	}
	c.mu.Unlock()
	for _, x := range drop {
		if x.mu.TryLock() {
			x.state = nil
			x.mu.Unlock()
		}
	}
}

// Catalog finds a catalog by the hash of its canonical encoding.
func (d *Door) catalogOf(ctx context.Context) func(hash [32]byte) (*framework.Catalog, error) {
	return func(hash [32]byte) (*framework.Catalog, error) {
		d.mu.Lock()
		c := d.catalogs[hash]
		d.mu.Unlock()
		if c != nil {
			return c, nil
		}
		raw, err := d.catalogBytes(ctx, hash)
		if err != nil {
			return nil, err
		}
		if c, err = framework.Parse(raw); err != nil {
			return nil, fmt.Errorf("catalog %x: %w", hash[:8], err)
		}
		if c.Hash() != hash {
			return nil, fmt.Errorf("catalog %x was altered: restore a backup", hash[:8])
		}
		d.mu.Lock()
		d.catalogs[hash] = c
		d.mu.Unlock()
		return c, nil
	}
}

// entries reads [from, to) of a client's log, counted through all its epochs,
// as the fold wants it.
func (d *Door) entries(ctx context.Context, r *room, from, to uint64) iter.Seq2[projection.Stored, error] {
	return func(yield func(projection.Stored, error) bool) {
		for _, ep := range r.epochs() {
			if from < ep.base+ep.size && to > ep.base && !d.epoch(ctx, ep, max(from, ep.base), min(to, ep.base+ep.size), yield) {
				return
			}
		}
	}
}

// epoch reads [from, to) of one epoch; it reports whether to go on.
func (d *Door) epoch(ctx context.Context, ep epoch, from, to uint64, yield func(projection.Stored, error) bool) bool {
	for raw, err := range d.store.Entries(ctx, ep.log.ID, from-ep.base, to-ep.base) {
		if err != nil {
			yield(projection.Stored{}, err)
			return false
		}
		e := projection.Stored{Erased: raw.Erased}
		e.Index, e.Base, e.Recorded = raw.Index+ep.base, ep.base, raw.Recorded
		if !raw.Erased {
			if e.Envelope, err = event.Decode(raw.Envelope); err != nil {
				yield(projection.Stored{}, fmt.Errorf("entry %d: %w", e.Index, err))
				return false
			}
		}
		if !yield(e, nil) {
			return false
		}
	}
	return true
}

// load brings a room's state up to its log's head.
func (d *Door) load(ctx context.Context, r *room) error {
	size, err := d.size(ctx, r)
	if err != nil {
		return err
	}
	r.mu.RLock()
	fresh := r.state != nil && r.state.Size == size
	r.mu.RUnlock()
	if fresh {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return d.fold(ctx, r, size)
}

// foldAfter is how many committed entries wait at most for the next reader
// before the writer folds them itself.
const foldAfter = 256

// committed hands entries that were just committed to the fold. They are
// folded by whoever asks next, or here when many wait.
func (d *Door) committed(ctx context.Context, r *room, envelopes []event.Envelope, res store.Result) error {
	if res.Repeated || res.Indexes != nil {
		return nil // not all of it is new: the next reader reads the log
	}
	r.freshMu.Lock()
	if r.fresh == nil {
		r.fresh = map[uint64]event.Entry{}
	}
	for n, env := range envelopes {
		i := res.Index(n) + r.offset
		r.fresh[i] = event.Entry{Index: i, Base: r.offset, Recorded: res.Recorded, Envelope: env}
	}
	many := len(r.fresh) >= foldAfter
	r.freshMu.Unlock()
	if !many || !r.mu.TryLock() {
		return nil
	}
	defer r.mu.Unlock()
	if r.state == nil {
		r.forget(interval.Forever)
		return nil
	}
	return d.fold(ctx, r, max(r.state.Size, res.First+r.offset))
}

// next takes the committed entry with an index, if this process has it.
func (r *room) next(index uint64) (event.Entry, bool) {
	r.freshMu.Lock()
	defer r.freshMu.Unlock()
	e, ok := r.fresh[index]
	delete(r.fresh, index)
	return e, ok
}

// forget drops committed entries below a size: they are folded, or will be
// read from the log.
func (r *room) forget(size int64) {
	r.freshMu.Lock()
	defer r.freshMu.Unlock()
	for i := range r.fresh {
		if int64(i) < size {
			delete(r.fresh, i)
		}
	}
}

// fold applies the entries that the state lacks; r.mu is held. A fold that
// asks for another, and an erased entry, replay the log.
func (d *Door) fold(ctx context.Context, r *room, size uint64) error {
	if r.state != nil && r.state.Size > size {
		r.state = nil // the log was replaced under us
	}
	before := r.state
	if r.state == nil {
		r.state = d.snapshot(ctx, r)
	}
	if r.state != nil && r.state.Size < size {
		if err := d.apply(ctx, r, size); err != nil {
			r.state = nil
			return err
		}
	}
	if r.state == nil || r.state.Again() {
		s, err := projection.Replay(func() iter.Seq2[projection.Stored, error] {
			return d.entries(ctx, r, 0, size)
		}, d.catalogOf(ctx), before)
		if err != nil {
			r.state = nil
			return fmt.Errorf("replay %s: %w", r.log.Name, err)
		}
		r.state = s
	}
	d.states.used(r, r.state.Bytes())
	r.cardNow()
	d.keepLater(r)
	return nil
}

// apply folds up to size: what this process committed itself from memory, the
// rest from the log.
func (d *Door) apply(ctx context.Context, r *room, size uint64) error {
	for r.state.Size < size {
		e, ok := r.next(r.state.Size)
		if !ok {
			if err := d.applyStored(ctx, r, size); err != nil {
				return err
			}
			continue
		}
		if err := r.applyOne(projection.Stored{Entry: e}); err != nil {
			return err
		}
	}
	r.forget(int64(size))
	return nil
}

// applyStored folds entries of the log until one comes that this process has
// in memory.
func (d *Door) applyStored(ctx context.Context, r *room, size uint64) error {
	for e, err := range d.entries(ctx, r, r.state.Size, size) {
		if err != nil {
			return err
		}
		if err := r.applyOne(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *room) applyOne(e projection.Stored) error {
	if e.Erased {
		return r.state.Skip(e.Index, e.Recorded)
	}
	if err := r.state.Apply(e.Entry); err != nil {
		return err
	}
	if e.Kind == event.EntryErased {
		r.state.Redo()
	}
	return nil
}

// Read gives f the state of a client, caught up with its log. The state must
// not be kept or changed.
func (d *Door) Read(ctx context.Context, client string, f func(*projection.State) error) error {
	r, err := d.find(ctx, client)
	if err != nil {
		return err
	}
	for range maxTries {
		if err := d.load(ctx, r); err != nil {
			return err
		}
		r.mu.RLock()
		if s := r.state; s != nil {
			defer r.mu.RUnlock()
			return f(s)
		}
		r.mu.RUnlock()
	}
	return fmt.Errorf("client %s does not fit into memory: raise the memory for states", client)
}

// ReadPrefix gives f the state of a client after the first size entries.
func (d *Door) ReadPrefix(ctx context.Context, client string, size uint64, f func(*projection.State) error) error {
	r, err := d.find(ctx, client)
	if err != nil {
		return err
	}
	all, err := d.size(ctx, r)
	if err != nil {
		return err
	}
	if size > all {
		return invalid{fmt.Errorf("the log of %s has %d entries: ask for a size up to that", client, all)}
	}
	if size == 0 {
		return invalid{fmt.Errorf("a log of no entries says nothing: ask for a size from 1 to %d", all)}
	}
	s, err := projection.Replay(func() iter.Seq2[projection.Stored, error] {
		return d.entries(ctx, r, 0, size)
	}, d.catalogOf(ctx), nil)
	if err != nil {
		return fmt.Errorf("replay %s: %w", client, err)
	}
	return f(s)
}
