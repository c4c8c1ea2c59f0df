package intake

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"

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
	head, err := d.store.Head(ctx, r.log.ID)
	if err != nil {
		return duty.Summary{}, fmt.Errorf("read head: %w", err)
	}
	return d.summaryAt(ctx, r, head.Size)
}

func (d *Door) summaryAt(ctx context.Context, r *room, size uint64) (duty.Summary, error) {
	now := d.Now()
	if s := r.summary.Load(); s != nil && s.Fresh(size, now) {
		return *s, nil
	}
	if s, ok := d.keptSummary(ctx, r); ok && s.Fresh(size, now) {
		r.summary.Store(&s)
		return s, nil
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
	d.keepSummary(ctx, r, &s)
	return s, nil
}

func (d *Door) keptSummary(ctx context.Context, r *room) (duty.Summary, bool) {
	var s duty.Summary
	if r.summary.Load() != nil {
		return s, false // one in memory is never older
	}
	n, err := d.store.GetSnapshot(ctx, r.log.ID, summarySnapshot, foldVersion)
	if err != nil || gob.NewDecoder(bytes.NewReader(n.Data)).Decode(&s) != nil {
		return s, false
	}
	return s, true
}

func (d *Door) keepSummary(ctx context.Context, r *room, s *duty.Summary) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	if err == nil {
		err = d.keepDerived(ctx, r, summarySnapshot, s.Size, b.Bytes())
	}
	if err != nil {
		d.log.WarnContext(ctx, "keep summary", "log", r.log.Origin, "error", err)
	}
}

// Summaries are those of all clients, the MSP's own first: one read of all
// heads, and work only for the logs that have grown.
func (d *Door) Summaries(ctx context.Context) ([]duty.Summary, error) {
	if err := d.refresh(ctx); err != nil {
		return nil, err
	}
	heads, err := d.store.Heads(ctx)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	sizes := make(map[int64]uint64, len(heads))
	for _, h := range heads {
		sizes[h.Log] = h.Size
	}
	d.mu.Lock()
	order := d.order
	d.mu.Unlock()
	res := make([]duty.Summary, 0, len(order))
	for _, id := range order {
		r, err := d.find(ctx, id)
		if err != nil {
			return nil, err
		}
		if sizes[r.log.ID] == 0 {
			continue // made, and not yet written to
		}
		s, err := d.summaryAt(ctx, r, sizes[r.log.ID])
		if err != nil {
			return nil, err
		}
		res = append(res, s)
	}
	return res, nil
}
