package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Limits of the committer.
const (
	batchItems = 1024 // items of one transaction
	batchBytes = 8 << 20
	queueItems = 8 * batchItems // items waiting before Append waits itself
	pgWorkers  = 6
)

// ErrClosed: the committer was closed.
var ErrClosed = errors.New("the committer is closed")

// Committer makes one transaction of what many goroutines append at once: while
// one is on its way to the disk the next gathers. On PostgreSQL several are on
// their way, never two with the same log.
type Committer struct {
	s *Store

	mu      sync.Mutex
	wake    *sync.Cond
	waiting []*waiter
	items   int // of waiting
	busy    map[LogID]bool
	closed  bool

	workers sync.WaitGroup
}

type waiter struct {
	p     *pending
	bytes int
	done  chan struct{}
}

// NewCommitter starts a committer. Close ends it.
func NewCommitter(s *Store) *Committer {
	c := &Committer{s: s, busy: map[LogID]bool{}}
	c.wake = sync.NewCond(&c.mu)
	n := 1
	if s.eng.perLog() {
		n = pgWorkers
	}
	for range n {
		c.workers.Go(c.work)
	}
	return c
}

// Close waits for what was handed in and ends the committer.
func (c *Committer) Close() {
	c.mu.Lock()
	c.closed = true
	c.wake.Broadcast()
	c.mu.Unlock()
	c.workers.Wait()
}

// Append appends one submission and returns when it is durable. Its error is
// also in the result. When ctx ends before the submission is on its way it is
// not appended; later it is waited for, so that the answer is never in doubt.
func (c *Committer) Append(ctx context.Context, sub Submission) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{Err: err}, fmt.Errorf("append: %w", err)
	}
	w := &waiter{p: c.s.prepare(ctx, &sub), done: make(chan struct{})}
	if w.p.done {
		return w.p.res, w.p.res.Err
	}
	for n := range sub.Items {
		w.bytes += len(sub.Items[n].Envelope)
	}
	if err := c.enqueue(ctx, w); err != nil {
		return Result{Err: err}, fmt.Errorf("append: %w", err)
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if c.withdraw(w) {
			return Result{Err: ctx.Err()}, fmt.Errorf("append: %w", ctx.Err())
		}
		<-w.done
	}
	return w.p.res, w.p.res.Err
}

// enqueue waits while too much is waiting already.
func (c *Committer) enqueue(ctx context.Context, w *waiter) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.wake.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.items > 0 && c.items+len(w.p.items) > queueItems && !c.closed && ctx.Err() == nil {
		c.wake.Wait()
	}
	if c.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.waiting = append(c.waiting, w)
	c.items += len(w.p.items)
	c.wake.Broadcast()
	return nil
}

// withdraw takes back what no worker has taken.
func (c *Committer) withdraw(w *waiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, other := range c.waiting {
		if other == w {
			c.waiting = append(c.waiting[:n], c.waiting[n+1:]...)
			c.items -= len(w.p.items)
			c.wake.Broadcast()
			return true
		}
	}
	return false
}

func (c *Committer) work() {
	for {
		batch := c.take()
		if batch == nil {
			return
		}
		list := make([]*pending, len(batch))
		for n, w := range batch {
			list[n] = w.p
		}
		// Each result holds its error.
		_ = c.s.commit(context.Background(), list)
		c.giveBack(batch)
	}
}

// take waits for a batch of submissions to logs that no other worker has, and
// returns nil when the committer is closed and nothing waits.
func (c *Committer) take() []*waiter {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if batch := c.pick(); len(batch) > 0 {
			c.wake.Broadcast()
			return batch
		}
		if c.closed && len(c.waiting) == 0 {
			return nil
		}
		c.wake.Wait()
	}
}

// pick removes a batch from the front of what waits, order within a log kept.
// mu is held.
func (c *Committer) pick() []*waiter {
	var batch []*waiter
	items, bytes := 0, 0
	mine := map[LogID]bool{}
	skipped := map[LogID]bool{}
	kept := c.waiting[:0]
	for _, w := range c.waiting {
		log, n := w.p.sub.Log, len(w.p.items)
		full := len(batch) > 0 && (items+n > batchItems || bytes+w.bytes > batchBytes)
		foreign := c.busy[log] || c.s.eng.perLog() && len(mine) > 0 && !mine[log]
		if full || foreign || skipped[log] {
			skipped[log] = true
			kept = append(kept, w)
			continue
		}
		mine[log] = true
		batch = append(batch, w)
		items, bytes = items+n, bytes+w.bytes
	}
	clear(c.waiting[len(kept):])
	c.waiting = kept
	c.items -= items
	for log := range mine {
		c.busy[log] = true
	}
	return batch
}

func (c *Committer) giveBack(batch []*waiter) {
	c.mu.Lock()
	for _, w := range batch {
		delete(c.busy, w.p.sub.Log)
	}
	c.wake.Broadcast()
	c.mu.Unlock()
	for _, w := range batch {
		close(w.done)
	}
}
