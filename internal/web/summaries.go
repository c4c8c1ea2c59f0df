package web

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"breakwater/internal/duty"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// summaries gives the rows of the portfolio, and keeps what there is to do for
// each client, which is made again when its log has grown or the day is over.
type summaries struct {
	server *Server

	mu    sync.Mutex
	tasks map[string]tasks // by client
}

// tasks is what there is to do for a client on one day.
type tasks struct {
	size   uint64
	day    string
	duties []duty.Duty
}

func (c *summaries) init(s *Server) { c.server, c.tasks = s, map[string]tasks{} }

// patience is how long a visitor waits until rows are up to date. What takes
// longer is shown as it was last, and made again behind.
const patience = 1500 * time.Millisecond

// behind is what a list lacks.
type behind struct {
	unread []string            // clients that could not be read
	making int                 // clients whose row is being made again
	first  []intake.ClientInfo // clients that have no row yet
}

func (b behind) say() string {
	var parts []string
	if say := unreadWords(b.unread); say != "" {
		parts = append(parts, say)
	}
	if n := b.making + len(b.first); n > 0 {
		parts = append(parts, "Being brought up to date: "+Count(n, "client")+". Open the page again in a moment.")
	}
	return strings.Join(parts, " ")
}

// rows is the portfolio's row of each client that may be seen.
func (c *summaries) rows(ctx context.Context, now int64, may func(id string) bool) ([]duty.Row, behind, error) {
	list, err := c.server.door().Listed(ctx)
	if err != nil {
		return nil, behind{}, err
	}
	list = slices.DeleteFunc(list, func(l intake.Listed) bool { return !may(l.ID) })
	b := c.wait(ctx, list)
	rows := make([]duty.Row, 0, len(list))
	for _, l := range list {
		if l.Summary != nil {
			rows = append(rows, l.Summary.Row(now))
		} else if !slices.Contains(b.unread, l.ID) {
			b.first = append(b.first, l.ClientInfo)
		}
	}
	return rows, b, nil
}

// wait makes the summaries that are out of date, as far as patience goes.
func (c *summaries) wait(ctx context.Context, list []intake.Listed) behind {
	var old []string
	at := map[string]int{}
	for n, l := range list {
		if l.Making {
			old, at[l.ID] = append(old, l.ID), n
		}
	}
	var late atomic.Int64
	until := time.Now().Add(patience)
	unread := c.each(ctx, old, func(id string) error {
		if time.Now().After(until) {
			if list[at[id]].Summary != nil {
				late.Add(1)
			}
			return nil
		}
		s, err := c.server.door().Summary(ctx, id)
		if err == nil {
			list[at[id]].Summary = &s
		}
		return err
	})
	return behind{unread: unread, making: int(late.Load())}
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

// chores is what there is to do for one client.
type chores struct {
	id, name string
	duties   []duty.Duty
}

// todo is what there is to do for each client that may be seen.
func (c *summaries) todo(ctx context.Context, now int64, may func(id string) bool) ([]chores, []string, error) {
	list, err := c.server.door().Clients(ctx)
	if err != nil {
		return nil, nil, err
	}
	list = slices.DeleteFunc(list, func(l intake.ClientInfo) bool { return !may(l.ID) })
	day := interval.Civil(now, time.UTC)
	var old []string
	c.mu.Lock()
	for _, l := range list {
		if t := c.tasks[l.ID]; t.size != l.LogSize || t.day != day {
			old = append(old, l.ID)
		}
	}
	c.mu.Unlock()
	unread := c.each(ctx, old, func(id string) error { return c.list(ctx, id, day, now) })
	c.mu.Lock()
	defer c.mu.Unlock()
	res := make([]chores, len(list))
	for n, l := range list {
		res[n] = chores{l.ID, l.Name, c.tasks[l.ID].duties}
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

// Keep makes what there is to do for all clients, and again for each whose log
// grew, until ctx ends, so that no visitor waits for it.
func (s *Server) Keep(ctx context.Context) {
	for ctx.Err() == nil {
		_, _, err := s.desk.sums.todo(ctx, s.now(), func(string) bool { return true })
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "keep what there is to do", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
		}
	}
}
