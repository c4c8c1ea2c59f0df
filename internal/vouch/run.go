package vouch

import (
	"context"
	"errors"
	"sync"
	"time"

	"breakwater/internal/store"
)

const (
	jobTick  = time.Second      // how often the holder looks for what others ask
	holdTick = 5 * time.Second  // how often another process looks whether the lease is free
	askTick  = 30 * time.Second // how often outsiders are looked at whose answer is missing
)

// Run checks the guard, then signs and asks until ctx ends, and returns nil, or
// until a doubt about the logs ends it. Several processes may run it on one
// database: one holds the lease, the others wait for it.
//
// Outsiders are asked beside the signing: a slow one keeps nobody waiting for a
// checkpoint.
func (v *Voucher) Run(ctx context.Context) error {
	if err := v.CheckGuard(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	holding := make(chan struct{}, 1)
	wg.Go(func() { cancel(v.signLoop(ctx, holding)) })
	wg.Go(func() { cancel(v.askLoop(ctx, holding)) })
	wg.Wait()
	v.Close()
	if err := context.Cause(ctx); errors.Is(err, ErrHalted) {
		return err
	}
	return nil
}

// signLoop signs every interval and whatever other processes ask for. It ends
// with ctx or with ErrHalted; anything else is reported and tried again. As the
// holder it nudges the loop that asks outsiders, after a round and now and then.
func (v *Voucher) signLoop(ctx context.Context, holding chan<- struct{}) error {
	next, nudge := int64(0), int64(0)
	for {
		wait, round := jobTick, next
		switch err := v.turn(ctx, &next); {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrHalted):
			return err
		case errors.Is(err, store.ErrHeld):
			wait, next, nudge = holdTick, 0, 0
		case err != nil:
			v.report(err)
			wait = holdTick
		case next != round || v.nowMS() >= nudge:
			nudge = v.nowMS() + askTick.Milliseconds()
			select {
			case holding <- struct{}{}:
			default: // it is at it
				nudge = 0
			}
		}
		if sleep(ctx, wait) != nil {
			return nil
		}
	}
}

// turn is one turn of the loop: jobs, and a round when its time has come.
func (v *Voucher) turn(ctx context.Context, next *int64) error {
	if v.nowMS() >= *next {
		if err := v.signRound(ctx); err != nil {
			return err
		}
		due, err := v.nextRound(ctx)
		if err != nil {
			return err
		}
		*next = due
	}
	v.signing.Lock()
	defer v.signing.Unlock()
	if err := v.hold(ctx); err != nil {
		return err
	}
	return v.serveJobs(ctx)
}

// nextRound is when the instance log may grow again, but never more than an
// interval away.
func (v *Voucher) nextRound(ctx context.Context) (int64, error) {
	head, err := v.store.Head(ctx, store.InstanceLog)
	if err != nil {
		return 0, err
	}
	now, interval := v.nowMS(), v.interval.Milliseconds()
	if head.Size == 0 || head.Recorded+interval <= now { // nothing has moved: look again soon
		return now + min(interval, time.Minute.Milliseconds()), nil
	}
	return min(head.Recorded, now) + interval, nil
}

// askLoop asks outsiders after each turn of the holder, and keeps what was
// vouched folded.
func (v *Voucher) askLoop(ctx context.Context, holding <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-holding:
		}
		err := v.ask(ctx)
		if err == nil {
			err = v.saveFold(ctx)
		}
		switch {
		case errors.Is(err, ErrHalted):
			return err
		case err != nil && ctx.Err() == nil:
			v.report(err)
			if sleep(ctx, holdTick) != nil {
				return nil
			}
		}
	}
}
