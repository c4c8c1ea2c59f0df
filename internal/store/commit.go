package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"breakwater/internal/ledger"
)

// clockSlack is how far the clock may stand before the last entry of a log:
// recorded then stays at that entry's instant. Further back, writing stops.
const clockSlack = 5 * 60_000

// Commit appends submissions: on SQLite all in one transaction, on PostgreSQL
// in one for each log, several at a time. It returns when they are durable, with
// one result for each; what is wrong with one does not touch the others. The
// error is not nil when a whole transaction failed, and then stands in the
// results of its submissions too.
func (s *Store) Commit(ctx context.Context, subs []Submission) ([]Result, error) {
	batch := s.prepareAll(ctx, subs)
	err := s.commit(ctx, batch)
	results := make([]Result, len(subs))
	for n, p := range batch {
		results[n] = p.res
	}
	return results, err
}

// preparePart is how many submissions are worth a goroutine of their own.
const preparePart = 25

// prepareAll hashes and names what is to be appended, on several processors.
func (s *Store) prepareAll(ctx context.Context, subs []Submission) []*pending {
	batch := make([]*pending, len(subs))
	part := max(preparePart, (len(subs)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for from := part; from < len(subs); from += part {
		wg.Go(func() { s.preparePart(ctx, subs, batch, from, min(from+part, len(subs))) })
	}
	s.preparePart(ctx, subs, batch, 0, min(part, len(subs)))
	wg.Wait()
	return batch
}

func (s *Store) preparePart(ctx context.Context, subs []Submission, batch []*pending, from, to int) {
	for n := from; n < to; n++ {
		batch[n] = s.prepare(ctx, &subs[n])
	}
}

// commit fills in the results of a batch.
func (s *Store) commit(ctx context.Context, batch []*pending) error {
	groups := map[LogID][]*pending{}
	for _, p := range batch {
		if !p.done {
			groups[p.sub.Log] = append(groups[p.sub.Log], p)
		}
	}
	logs := make([]LogID, 0, len(groups))
	for log := range groups {
		logs = append(logs, log)
	}
	slices.Sort(logs)
	if !s.eng.perLog() || len(logs) < 2 {
		return s.commitGroup(ctx, logs, groups)
	}
	errs := make([]error, len(logs))
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(pgWorkers, len(logs)) {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(logs); n = int(next.Add(1)) - 1 {
				errs[n] = s.commitGroup(ctx, logs[n:n+1], groups)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// commitGroup runs one transaction over logs in ascending order, as often as it
// takes. First it trusts that no key is repeated and lets the unique index say
// otherwise; then it looks the keys up. After a commit with an unknown outcome
// looking them up also tells what became of it: an entry with the leaf that was
// made for this very submission is this submission's.
func (s *Store) commitGroup(ctx context.Context, logs []LogID, groups map[LogID][]*pending) error {
	if len(logs) == 0 {
		return nil
	}
	lookup, erased := false, false
	var err error
	for try := 0; try < maxTries; try++ {
		g := &group{s: s, lookup: lookup}
		err = s.write(ctx, func(t tx) error { return g.run(ctx, t, logs, groups) })
		if err == nil {
			g.publish()
			if g.erased || erased {
				return s.eng.scrub(ctx)
			}
			return nil
		}
		there := duplicateOf(err)
		if there == tableEntry && lookup || there == tableTile || errors.Is(err, errMissed) {
			err = s.stop(fmt.Errorf("head and rows of a log disagree: %w", err))
			break
		}
		if !errors.Is(err, errDuplicate) && !errors.Is(err, errRetry) && !errors.Is(err, ErrUnknown) {
			break
		}
		erased = erased || g.erased
		lookup = true
		if there == tableEntry {
			continue // a repeated key, most likely: look it up at once
		}
		if stop := pause(ctx, try); stop != nil {
			err = errors.Join(err, stop)
			break
		}
	}
	for _, log := range logs {
		for _, p := range groups[log] {
			p.fail(err)
		}
	}
	return err
}

// group is one try of one transaction. Results are kept aside until it commits.
type group struct {
	s      *Store
	lookup bool
	erased bool
	done   []*logRun
}

// logRun appends to one log within a transaction.
type logRun struct {
	g        *group
	t        tx
	log      LogID
	origin   string
	keys     *logKeys
	start    uint64 // size before
	flushed  uint64 // entries before this index are rows
	frontier ledger.Frontier
	erased   bool        // a body was deleted
	now      int64       // recorded of what is appended
	last     int64       // recorded of the last entry
	root     ledger.Hash // of the frontier, once closed
	rows     []entryRow
	leaves   []ledger.Hash // of rows start..size
	slab     []byte        // sealed bodies of rows
	plain    []byte        // scratch
	ad       []byte        // scratch
	seen     seenItems     // appended in this transaction, or found
	answers  []answer
}

type answer struct {
	p   *pending
	res Result
}

func (g *group) run(ctx context.Context, t tx, logs []LogID, groups map[LogID][]*pending) error {
	memory := scratches.Get().(*scratch)
	defer memory.giveBack()
	g.done = make([]*logRun, 0, len(logs))
	for _, log := range logs {
		r, err := g.open(ctx, t, log, groups[log], memory)
		if err != nil {
			return err
		}
		if err := r.appendAll(ctx, groups[log]); err != nil {
			return err
		}
		if err := r.close(); err != nil {
			return err
		}
		r.takeBack(memory)
		g.done = append(g.done, r)
	}
	return nil
}

// publish hands the answers out, once what they say is durable.
func (g *group) publish() {
	for _, r := range g.done {
		size, root := r.frontier.Size(), r.root
		for n := range r.answers {
			a := &r.answers[n]
			a.p.res, a.p.done = a.res, true
			if a.res.Err == nil {
				a.p.res.Size, a.p.res.Root = size, root
			}
		}
	}
}

// open locks and reads the head. From here to the end of the transaction nobody
// else appends to the log.
func (g *group) open(ctx context.Context, t tx, log LogID, batch []*pending, memory *scratch) (*logRun, error) {
	h, err := t.lock(tableHead, log)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, fmt.Errorf("log %d: %w", log, ErrNotFound)
	}
	r := &logRun{g: g, root: ledger.Hash(h.bytes(2)), t: t, log: log, origin: batch[0].log.Origin, last: h.int(4)}
	r.lend(memory)
	if r.frontier, err = headFrontier(h); err != nil {
		return nil, g.s.stop(fmt.Errorf("log %s: %w", r.origin, err))
	}
	r.start = r.frontier.Size()
	r.flushed = r.start
	r.now = max(g.s.nowMS(), r.last)
	if r.keys, err = g.s.keyVersion(ctx, log, uint32(h.int(5))); err != nil {
		return nil, err
	}
	if g.lookup {
		err = r.find(batch)
	}
	return r, err
}

// headFrontier refuses a head whose columns disagree.
func headFrontier(h row) (ledger.Frontier, error) {
	f, err := ledger.UnmarshalFrontier(h.bytes(3))
	if err != nil {
		return f, fmt.Errorf("its head is damaged: %w", err)
	}
	if root := f.Root(); int64(f.Size()) != h.int(1) || string(root[:]) != string(h.bytes(2)) {
		return f, errors.New("size, root and frontier of its head disagree")
	}
	return f, nil
}

// find looks up the keys of submissions among the entries.
func (r *logRun) find(batch []*pending) error {
	var macs []keyMAC
	for _, p := range batch {
		for n := range p.items {
			macs = append(macs, p.items[n].mac)
		}
	}
	rows, err := r.t.findKeys(r.log, macs)
	if err != nil {
		return err
	}
	for n := range rows {
		e := &rows[n]
		item := seenItem{idx: e.idx, recorded: e.recorded, erased: e.body == nil, found: true, leaf: e.leaf}
		if !item.erased {
			if item.submitted, err = r.submitted(e); err != nil {
				return err
			}
		}
		r.seen.put(e.mac, item)
	}
	return nil
}

func (r *logRun) submitted(e *entryRow) ([32]byte, error) {
	body, err := r.g.s.openBody(context.Background(), r.log, r.origin, e.idx, nil, e.body)
	if err != nil {
		return [32]byte{}, err
	}
	return body.submitted, nil
}

func (r *logRun) appendAll(ctx context.Context, batch []*pending) error {
	r.answers = make([]answer, 0, len(batch))
	for _, p := range batch {
		res, err := r.answer(p)
		if err != nil {
			return err
		}
		r.answers = append(r.answers, answer{p, res})
	}
	return nil
}

// answer decides on one submission and appends it if it is to be. An error ends
// the transaction; what is wrong with the submission alone stands in the result.
func (r *logRun) answer(p *pending) (Result, error) {
	stale := p.sub.Expect != nil && *p.sub.Expect != r.frontier.Size()
	behind := r.last - r.g.s.nowMS() // of the clock
	if (stale || behind > clockSlack) && !r.g.lookup {
		// A retry of what was appended is repeated and needs neither.
		if err := r.find([]*pending{p}); err != nil {
			return Result{}, err
		}
	}
	fresh, res := r.recognize(p)
	switch {
	case res.Err != nil || fresh == 0:
		res.collapse()
		return res, nil
	case stale:
		return r.refuse(ErrStale), nil
	case behind > clockSlack:
		return r.refuse(fmt.Errorf("%w: the last entry is %d s ahead of this machine: set its clock and try again", ErrClock, behind/1000)), nil
	}
	if err := r.extras(p, r.frontier.Size()); errors.Is(err, ErrNotFound) || errors.Is(err, ErrErased) {
		return r.refuse(err), nil
	} else if err != nil {
		return Result{}, err
	}
	if err := r.appendItems(p, &res); err != nil {
		return Result{}, err
	}
	res.collapse()
	return res, nil
}

func (r *logRun) refuse(err error) Result {
	return Result{Err: fmt.Errorf("append to log %d: %w", r.log, err)}
}

// recognize finds the items that are in the log already. It returns how many
// are not, and the result as far as it is known.
func (r *logRun) recognize(p *pending) (fresh int, res Result) {
	res = Result{Count: len(p.items), Repeated: true}
	if len(p.items) > 1 {
		res.Indexes = make([]uint64, len(p.items))
	}
	for n := range p.items {
		it, ok := r.seen.get(p.items[n].mac)
		if !ok {
			fresh++
			continue
		}
		if !it.erased && it.submitted != p.items[n].submitted {
			return 0, r.refuse(fmt.Errorf("item %d has the key of entry %d and other content: %w", n, it.idx, ErrConflict))
		}
		res.take(n, it)
		res.Repeated = res.Repeated && !it.own(p, n)
	}
	res.Repeated = res.Repeated && fresh == 0
	return fresh, res
}

// appendItems appends the items that were not recognized.
func (r *logRun) appendItems(p *pending, res *Result) error {
	for n := range p.items {
		it, ok := r.seen.get(p.items[n].mac)
		if !ok {
			var err error
			if it, err = r.appendItem(p, n); err != nil {
				return err
			}
			r.seen.put(p.items[n].mac, it)
		}
		res.take(n, it)
	}
	return nil
}

func (r *Result) take(n int, it seenItem) {
	if r.Indexes != nil {
		r.Indexes[n] = it.idx
	}
	if n == 0 {
		r.First, r.Recorded, r.Erased = it.idx, it.recorded, it.erased
	}
}

// collapse drops Indexes when they run from First.
func (r *Result) collapse() {
	for n, idx := range r.Indexes {
		if idx != r.First+uint64(n) {
			return
		}
	}
	r.Indexes = nil
}
