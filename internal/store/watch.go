package store

import (
	"context"
	"fmt"
	"time"
)

// Watch calls f with the heads that moved, whoever moved them, about every
// interval until ctx ends, first with all of them. It is how a process notices
// what another one appends. An error ends it.
func (s *Store) Watch(ctx context.Context, every time.Duration, f func([]Head) error) error {
	known := map[LogID]Head{}
	version := int64(-1)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		now, err := s.eng.version(ctx)
		if err == nil && (now == 0 || now != version) {
			version = now
			err = s.moved(ctx, known, f)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watch the logs: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Store) moved(ctx context.Context, known map[LogID]Head, f func([]Head) error) error {
	heads, err := s.Heads(ctx)
	if err != nil {
		return err
	}
	var changed []Head
	for _, h := range heads {
		if old, ok := known[h.Log]; !ok || old != h {
			known[h.Log] = h
			changed = append(changed, h)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return f(changed)
}
