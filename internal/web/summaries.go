package web

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"breakwater/internal/duty"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// summaries keeps the summary of each client and what there is to do for it.
// One is made again when the log grew or its time ran out.
type summaries struct {
	server *Server

	mu    sync.Mutex
	logs  map[store.LogID]store.Log
	held  map[string]duty.Summary
	tasks map[string]tasks
}

// tasks is what there is to do for a client on one civil day of its zone.
type tasks struct {
	size   uint64
	day    string
	duties []duty.Duty
}

func (c *summaries) init(s *Server) {
	c.server = s
	c.logs, c.held, c.tasks = map[store.LogID]store.Log{}, map[string]duty.Summary{}, map[string]tasks{}
}

// sizes is how many entries each client's log has now.
func (c *summaries) sizes(ctx context.Context) (map[string]uint64, error) {
	st := c.server.door().Store()
	heads, err := st.Heads(ctx)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(heads, func(h store.Head) bool { _, ok := c.logs[h.Log]; return !ok }) {
		logs, err := st.Logs(ctx)
		if err != nil {
			return nil, fmt.Errorf("list logs: %w", err)
		}
		for _, l := range logs {
			c.logs[l.ID] = l
		}
	}
	size, epoch := map[string]uint64{}, map[string]int{}
	for _, h := range heads {
		if l := c.logs[h.Log]; l.Name != "" && l.Epoch >= epoch[l.Name] && h.Size > 0 {
			size[l.Name], epoch[l.Name] = h.Size, l.Epoch
		}
	}
	return size, nil
}

// each asks for the clients of ids, several at a time, and returns those that
// could not be read; the others are not kept waiting by one that is damaged.
func (c *summaries) each(ctx context.Context, ids []string, f func(id string) error) []string {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var unread []string
	next := make(chan string)
	for range min(len(ids), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for id := range next {
				if err := f(id); err != nil {
					c.server.cfg.Log.ErrorContext(ctx, "read client", "client", id, "error", err)
					mu.Lock()
					unread = append(unread, id)
					mu.Unlock()
				}
			}
		})
	}
	for _, id := range ids {
		next <- id
	}
	close(next)
	wg.Wait()
	slices.Sort(unread)
	return unread
}

// rows is the portfolio's row of each client that may be seen, and which
// could not be read.
func (c *summaries) rows(ctx context.Context, now int64, may func(id string) bool) ([]duty.Row, []string, error) {
	size, err := c.sizes(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(size)), func(id string) bool { return !may(id) })
	unread := c.each(ctx, c.stale(ids, size, now), func(id string) error { return c.summarize(ctx, id, now) })
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := make([]duty.Row, 0, len(ids))
	for _, id := range ids {
		if s, ok := c.held[id]; ok {
			rows = append(rows, s.Row(now))
		}
	}
	return rows, unread, nil
}

func (c *summaries) stale(ids []string, size map[string]uint64, now int64) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, id := range ids {
		if s, ok := c.held[id]; !ok || !s.Fresh(size[id], now) {
			list = append(list, id)
		}
	}
	return list
}

func (c *summaries) summarize(ctx context.Context, id string, now int64) error {
	return c.server.door().Read(ctx, id, func(st *projection.State) error {
		s, err := duty.Summarize(st, now)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.held[id] = s
		c.mu.Unlock()
		return nil
	})
}

// todo is what there is to do for each client that may be seen.
func (c *summaries) todo(ctx context.Context, now int64, may func(id string) bool) (map[string][]duty.Duty, []string, error) {
	size, err := c.sizes(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(size)), func(id string) bool { return !may(id) })
	day := interval.Civil(now, time.UTC)
	c.mu.Lock()
	old := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { t := c.tasks[id]; return t.size == size[id] && t.day == day })
	c.mu.Unlock()
	unread := c.each(ctx, old, func(id string) error { return c.list(ctx, id, day, now) })
	c.mu.Lock()
	defer c.mu.Unlock()
	res := make(map[string][]duty.Duty, len(ids))
	for _, id := range ids {
		res[id] = c.tasks[id].duties
	}
	return res, unread, nil
}

func (c *summaries) list(ctx context.Context, id, day string, now int64) error {
	return c.server.door().Read(ctx, id, func(st *projection.State) error {
		list, err := duty.Duties(duty.Input{State: st, Now: now})
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.tasks[id] = tasks{st.Size, day, list}
		c.mu.Unlock()
		return nil
	})
}

// Keep makes the summaries of all clients, and again of each whose log grew,
// until ctx ends, so that no visitor waits for them.
func (s *Server) Keep(ctx context.Context) {
	every := func(string) bool { return true }
	for {
		_, _, err := s.desk.sums.rows(ctx, s.now(), every)
		if err == nil {
			_, _, err = s.desk.sums.todo(ctx, s.now(), every)
		}
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "keep summaries", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}
