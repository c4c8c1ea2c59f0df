package intake

import (
	"runtime"
	"sync"
)

// behind does what nobody waits for: it makes summaries and keeps snapshots.
// Its workers end when nothing is wanted. When the door closes, the snapshots
// that are wanted are still kept, so that the next process starts from them.
type behind struct {
	mu      sync.Mutex
	wanted  []task
	asked   map[task]bool // wanted or under way
	done    int           // summaries since nothing was wanted
	making  int           // summaries among asked
	workers int
	closed  bool
	running sync.WaitGroup
}

// task is a room's summary to be made or, if snapshot, its state to be kept.
type task struct {
	room     *room
	snapshot bool
}

// want has a task done, if it is not on its way.
func (b *behind) want(d *Door, t task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.asked[t] {
		return
	}
	if b.asked == nil {
		b.asked = map[task]bool{}
	}
	b.asked[t] = true
	if t.snapshot {
		b.wanted = append([]task{t}, b.wanted...)
	} else {
		b.making++
		b.wanted = append(b.wanted, t)
	}
	if b.workers < max(1, runtime.GOMAXPROCS(0)/2) {
		b.workers++
		b.running.Go(func() { b.work(d) })
	}
}

func (b *behind) work(d *Door) {
	for {
		t, ok := b.next()
		if !ok {
			return
		}
		if t.snapshot {
			d.keepSnapshot(d.work, t.room)
		} else if _, err := d.Summary(d.life, t.room.log.Name); err != nil && d.life.Err() == nil {
			d.log.ErrorContext(d.life, "summarize", "log", t.room.log.Origin, "error", err)
		}
		b.end(t)
	}
}

// next takes a task. Without one the worker ends.
func (b *behind) next() (task, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.wanted) > 0 {
		t := b.wanted[0]
		b.wanted = b.wanted[1:]
		if t.snapshot || !b.closed {
			return t, true
		}
	}
	if b.workers--; b.workers == 0 {
		b.done = 0
	}
	return task{}, false
}

func (b *behind) end(t task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.asked, t)
	if !t.snapshot {
		b.making--
		b.done++
	}
}

func (b *behind) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.running.Wait()
}

// Behind says how many summaries that are being made behind are done, and of
// how many; 0 of 0 when none is.
func (d *Door) Behind() (done, of int) {
	d.behind.mu.Lock()
	defer d.behind.mu.Unlock()
	if d.behind.making == 0 {
		return 0, 0
	}
	return d.behind.done, d.behind.done + d.behind.making
}
