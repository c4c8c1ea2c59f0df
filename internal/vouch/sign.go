package vouch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

const (
	leaseName   = "sign"
	leaseLength = 20 * time.Second
	signJob     = "checkpoint" // kind of the job by which a command asks the holder
	askWait     = 5 * time.Second
	askPoll     = 50 * time.Millisecond
	signBatch   = 100 // checkpoints that share one write of the guard
)

// hold takes or keeps the lease; store.ErrHeld when another process has it.
func (v *Voucher) hold(ctx context.Context) error {
	if v.lease.Until-v.nowMS() > leaseLength.Milliseconds()/2 {
		return nil
	}
	lease, err := v.store.Acquire(ctx, leaseName, v.holder, leaseLength)
	if err != nil {
		v.lease = store.Lease{}
		return err
	}
	v.lease = lease
	return nil
}

// Close lets another process sign at once. A process that has called Round and
// is about to end calls it.
func (v *Voucher) Close() {
	v.signing.Lock()
	defer v.signing.Unlock()
	v.release(context.Background())
}

// release ends the lease. The caller holds signing.
func (v *Voucher) release(ctx context.Context) {
	if v.lease.Token == 0 {
		return
	}
	if err := v.store.Release(context.WithoutCancel(ctx), v.lease); err != nil {
		v.report(err)
	}
	v.lease = store.Lease{}
}

// last is the largest checkpoint of a log; its size is 0 when there is none.
func (v *Voucher) last(ctx context.Context, log store.LogID) (store.Signed, error) {
	if s, ok := v.signed[log]; ok {
		return s, nil
	}
	c, err := v.store.LastCheckpoint(ctx, log)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Signed{}, err
	}
	v.signed[log] = store.Signed{Size: c.Size, Root: c.Root}
	return v.signed[log], nil
}

// signMoved signs the head of each log that moved since it was signed.
func (v *Voucher) signMoved(ctx context.Context) error {
	heads, err := liveHeads(ctx, v.store)
	if err != nil {
		return err
	}
	var moved []store.Head
	for _, h := range heads {
		last, err := v.last(ctx, h.Log)
		if err != nil {
			return err
		}
		if h.Size != last.Size || h.Size > 0 && h.Root != last.Root {
			moved = append(moved, h)
		}
	}
	for batch := range slices.Chunk(moved, signBatch) {
		if err := v.hold(ctx); err != nil {
			return err
		}
		if _, err := v.publish(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// liveLogs lists the logs but those whose loss a later epoch admits: nothing is
// signed for them any more.
func liveLogs(ctx context.Context, s *store.Store) ([]store.Log, error) {
	logs, err := s.Logs(ctx)
	if err != nil {
		return nil, err
	}
	newest := map[string]int{}
	for _, l := range logs {
		if base, epoch, err := ledger.SplitOrigin(l.Origin); err == nil {
			newest[base] = max(newest[base], epoch)
		}
	}
	return slices.DeleteFunc(logs, func(l store.Log) bool {
		base, epoch, err := ledger.SplitOrigin(l.Origin)
		return err == nil && epoch < newest[base]
	}), nil
}

func liveHeads(ctx context.Context, s *store.Store) ([]store.Head, error) {
	logs, err := liveLogs(ctx, s)
	if err != nil {
		return nil, err
	}
	live := make(map[store.LogID]bool, len(logs))
	for _, l := range logs {
		live[l.ID] = true
	}
	heads, err := s.Heads(ctx)
	return slices.DeleteFunc(heads, func(h store.Head) bool { return !live[h.Log] }), err
}

// publish signs committed heads and returns what may leave. Each step is durable
// before the next begins: the heads, which are committed; the guard, which
// refuses another root for a size and says from then on that these were signed;
// the notes. Where the power goes after the guard moved, the head is there still,
// and is signed again to the same bytes.
func (v *Voucher) publish(ctx context.Context, heads []store.Head) ([]store.Checkpoint, error) {
	if len(heads) == 0 {
		return nil, nil
	}
	if err := v.Halted(); err != nil {
		return nil, err
	}
	logs, points := make([]store.Log, len(heads)), make([]store.Checkpoint, len(heads))
	signed := map[string]store.Signed{}
	for i, h := range heads {
		var err error
		if logs[i], err = v.store.LogByID(ctx, h.Log); err != nil {
			return nil, fmt.Errorf("sign checkpoint: %w", err)
		}
		if points[i], err = v.sign(logs[i].Origin, h); err != nil {
			return nil, err
		}
		signed[logs[i].Origin] = store.Signed{Size: h.Size, Root: h.Root}
	}
	if err := v.CheckGuard(ctx, logs...); err != nil {
		return nil, err
	}
	if err := v.guard.Advance(signed); err != nil {
		return nil, v.doubt(err)
	}
	kept, err := v.store.Publish(ctx, v.guard, points...)
	if err != nil {
		return nil, v.doubt(err)
	}
	for _, c := range kept {
		v.signed[c.Log] = store.Signed{Size: c.Size, Root: c.Root}
	}
	return kept, nil
}

// doubt halts on errors that say that a size has two roots.
func (v *Voucher) doubt(err error) error {
	if errors.Is(err, store.ErrRolledBack) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrStopped) {
		return v.halt(err)
	}
	return err
}

func (v *Voucher) sign(origin string, h store.Head) (store.Checkpoint, error) {
	signers, err := v.keys.signers(origin)
	if err != nil {
		return store.Checkpoint{}, err
	}
	note, err := ledger.Sign(ledger.Checkpoint{Origin: origin, Size: h.Size, Root: h.Root}, signers...)
	if err != nil {
		return store.Checkpoint{}, fmt.Errorf("sign checkpoint of %s: %w", origin, err)
	}
	return store.Checkpoint{Log: h.Log, Size: h.Size, Root: h.Root, Note: note.Encode(), Made: v.nowMS()}, nil
}

// Checkpoint returns a signed checkpoint that covers every entry that is
// committed now. Where another process signs, it is asked, and waited for 5 s;
// then the error is ErrNoAnswer. An empty log has none: store.ErrNotFound.
func (v *Voucher) Checkpoint(ctx context.Context, log store.LogID) (store.Checkpoint, error) {
	head, err := v.store.Head(ctx, log)
	if err != nil {
		return store.Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	if head.Size == 0 {
		return store.Checkpoint{}, fmt.Errorf("checkpoint of log %d: it is empty: %w", log, store.ErrNotFound)
	}
	c, err := v.signNow(ctx, log, head)
	if !errors.Is(err, store.ErrHeld) {
		return c, err
	}
	return v.askHolder(ctx, head, err)
}

// askHolder enqueues a job for the process that signs and waits for what comes of
// it. Should that process give the lease up meanwhile, this one signs.
func (v *Voucher) askHolder(ctx context.Context, head store.Head, held error) (store.Checkpoint, error) {
	if err := v.store.Enqueue(ctx, store.Job{Log: head.Log, Kind: signJob, Key: "head", Run: v.nowMS()}); err != nil {
		return store.Checkpoint{}, fmt.Errorf("ask for a checkpoint: %w", err)
	}
	for n := range int(askWait / askPoll) {
		if err := sleep(ctx, askPoll); err != nil {
			return store.Checkpoint{}, err
		}
		c, err := v.covering(ctx, head)
		if errors.Is(err, store.ErrNotFound) && n%10 == 9 {
			c, err = v.signNow(ctx, head.Log, head)
		}
		if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrHeld) {
			return c, err
		}
	}
	return store.Checkpoint{}, fmt.Errorf("%w within %v: %w; see whether it hangs, and try again", ErrNoAnswer, askWait, held)
}

// covering is the stored checkpoint that covers a head, or store.ErrNotFound.
func (v *Voucher) covering(ctx context.Context, head store.Head) (store.Checkpoint, error) {
	c, err := v.store.LastCheckpoint(ctx, head.Log)
	if err != nil {
		return store.Checkpoint{}, err
	}
	if c.Size < head.Size {
		return store.Checkpoint{}, store.ErrNotFound
	}
	l, err := v.store.LogByID(ctx, head.Log)
	if err == nil {
		err = v.CheckGuard(ctx, l)
	}
	return c, err
}

// signNow returns the stored checkpoint that covers a head, or signs it when the
// lease is free or ours.
func (v *Voucher) signNow(ctx context.Context, log store.LogID, head store.Head) (store.Checkpoint, error) {
	c, err := v.covering(ctx, head)
	if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	v.signing.Lock()
	defer v.signing.Unlock()
	if v.lease.Token == 0 { // nobody in this process goes on signing
		defer v.release(ctx)
	}
	if err := v.hold(ctx); err != nil {
		return store.Checkpoint{}, err
	}
	if head, err = v.store.Head(ctx, log); err != nil {
		return store.Checkpoint{}, err
	}
	kept, err := v.publish(ctx, []store.Head{head})
	if err != nil {
		return store.Checkpoint{}, err
	}
	return kept[0], nil
}

// serveJobs signs what other processes asked for.
func (v *Voucher) serveJobs(ctx context.Context) error {
	jobs, err := v.store.Claim(ctx, []string{signJob}, leaseLength, signBatch)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		head, err := v.store.Head(ctx, j.Log)
		if err == nil && head.Size > 0 {
			_, err = v.publish(ctx, []store.Head{head})
		}
		if err != nil {
			return err
		}
		if err := v.store.Done(ctx, j); err != nil && !errors.Is(err, store.ErrStale) {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
