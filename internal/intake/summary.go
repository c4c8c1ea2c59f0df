package intake

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
)

func profileOf(s string) framework.Profile { return framework.Profile(s) }

// Summary is what the list of clients needs of one client. It is made again
// only when the log has grown or its forecast has run out.
func (d *Door) Summary(ctx context.Context, client string) (duty.Summary, error) {
	r, err := d.find(ctx, client)
	if err != nil {
		return duty.Summary{}, err
	}
	size, err := d.size(ctx, r)
	if err != nil {
		return duty.Summary{}, err
	}
	return d.summaryAt(ctx, r, size)
}

func (d *Door) summaryAt(ctx context.Context, r *room, size uint64) (duty.Summary, error) {
	now := d.Now()
	if s := d.lastSummary(ctx, r); s != nil && s.Fresh(size, now) && !r.older.Load() {
		return *s, nil
	}
	var s duty.Summary
	err := d.Read(ctx, r.log.Name, func(st *projection.State) error {
		var err error
		s, err = duty.Summarize(st, now)
		return err
	})
	if err != nil {
		return s, err
	}
	r.summary.Store(&s)
	r.older.Store(false)
	d.keepSummary(ctx, r, &s)
	return s, nil
}

// lastSummary is the summary as it was last made, nil if it never was. It may
// be of an earlier fold; r.older says so.
func (d *Door) lastSummary(ctx context.Context, r *room) *duty.Summary {
	if s := r.summary.Load(); s != nil || r.looked.Load() {
		return s
	}
	s := d.keptSummary(ctx, r, foldVersion)
	if s == nil {
		if c := d.keptCard(ctx, r); c != nil && c.Fold != foldVersion {
			s = d.keptSummary(ctx, r, c.Fold)
			r.older.Store(s != nil)
		}
	}
	r.looked.Store(true)
	if s != nil {
		r.summary.CompareAndSwap(nil, s)
	}
	return r.summary.Load()
}

func (d *Door) keptSummary(ctx context.Context, r *room, fold string) *duty.Summary {
	n, err := d.store.GetSnapshot(ctx, r.log.ID, summarySnapshot, fold)
	if err != nil {
		return nil
	}
	s := &duty.Summary{}
	if gob.NewDecoder(bytes.NewReader(n.Data)).Decode(s) != nil || s.Size != n.Size {
		return nil
	}
	return s
}

func (d *Door) keepSummary(ctx context.Context, r *room, s *duty.Summary) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	if err == nil {
		err = d.keepDerived(ctx, r, summarySnapshot, foldVersion, s.Size, b.Bytes())
	}
	if err == nil {
		err = d.keepCard(ctx, r)
	}
	if err != nil && ctx.Err() == nil {
		d.log.WarnContext(ctx, "keep summary", "log", r.log.Origin, "error", err)
	}
}

// Listed is a client in the list of clients.
type Listed struct {
	ClientInfo
	Summary *duty.Summary // as it was last made; nil before the first time
	// Making says that the summary is being made again, because the log has
	// grown, its forecast has run out, or the program folds in another way.
	Making bool
}

// Listed is all clients with their summaries as they were last made, the MSP's
// own first. It waits for none: what is out of date is made again behind.
func (d *Door) Listed(ctx context.Context) ([]Listed, error) {
	rooms, sizes, err := d.rooms(ctx)
	if err != nil {
		return nil, err
	}
	res := make([]Listed, len(rooms))
	errs := d.each(rooms, func(n int, r *room) error {
		s := d.lastSummary(ctx, r)
		l := Listed{Summary: s, Making: s == nil || r.older.Load() || !s.Fresh(sizes[n], d.Now())}
		if l.Making {
			d.behind.want(d, task{r, false})
		}
		var err error
		if l.ClientInfo, err = d.info(ctx, r, sizes[n]); err != nil {
			return err
		}
		res[n] = l
		return nil
	})
	return res, errs
}

// Summaries are those of all clients, the MSP's own first: one read of all
// heads, and work only for the logs that have grown.
func (d *Door) Summaries(ctx context.Context) ([]duty.Summary, error) {
	rooms, sizes, err := d.rooms(ctx)
	if err != nil {
		return nil, err
	}
	res := make([]duty.Summary, len(rooms))
	err = d.each(rooms, func(n int, r *room) (err error) {
		res[n], err = d.summaryAt(ctx, r, sizes[n])
		return err
	})
	return res, err
}

// rooms is every client whose log was written to, in order, with its size.
func (d *Door) rooms(ctx context.Context) ([]*room, []uint64, error) {
	if err := d.refresh(ctx); err != nil {
		return nil, nil, err
	}
	heads, err := d.store.Heads(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read heads: %w", err)
	}
	size := make(map[int64]uint64, len(heads))
	for _, h := range heads {
		size[h.Log] = h.Size
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var rooms []*room
	var sizes []uint64
	for _, id := range d.order {
		if r := d.clients[id]; size[r.log.ID] > 0 {
			rooms, sizes = append(rooms, r), append(sizes, size[r.log.ID]+r.offset)
		}
	}
	return rooms, sizes, nil
}

// each does something for every room, several at a time.
func (d *Door) each(rooms []*room, do func(n int, r *room) error) error {
	errs := make([]error, len(rooms))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(rooms)) {
		wg.Go(func() {
			for n := range next {
				errs[n] = do(n, rooms[n])
			}
		})
	}
	for n := range rooms {
		next <- n
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}
