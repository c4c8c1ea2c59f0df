// Package sample makes a sample MSP: clients with months of simulated
// history, through the same door as real evidence, under a simulated clock.
// It is the same history for the same options. Nothing in it is real, and
// every log it makes says so in its origin.
package sample

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"breakwater/internal/client"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
)

// Limits of what is simulated.
const (
	MaxClients = 500
	MaxMonths  = 84
)

// Options say what is simulated. The same options give the same envelopes.
type Options struct {
	Clients int
	Months  int
	Seed    uint64
	Now     int64 // midnight UTC at which the history ends, ms
}

// Check refuses options that cannot be simulated.
func (o Options) Check(now int64) error {
	switch {
	case o.Clients < 1 || o.Clients > MaxClients:
		return fmt.Errorf("%d clients: give 1 to %d", o.Clients, MaxClients)
	case o.Months < 1 || o.Months > MaxMonths:
		return fmt.Errorf("%d months: give 1 to %d", o.Months, MaxMonths)
	case o.Now%interval.Day != 0:
		return errors.New("the history ends at midnight UTC: give a date")
	case o.Now > now:
		return errors.New("the history would end in the future: give a date until today")
	}
	return nil
}

// Clock is the simulated clock. It never goes back.
type Clock struct{ ms atomic.Int64 }

// Now is the simulated time.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

// Set moves the clock forward to t, ms UTC.
func (c *Clock) Set(t int64) {
	if t > c.ms.Load() {
		c.ms.Store(t)
	}
}

// MSPName and MSPID name the sample MSP.
const (
	MSPName = "Sandbar IT (sample)"
	MSPID   = "sandbar-it"
)

// world is a simulation under way.
type world struct {
	door    *intake.Door
	clock   *Clock
	options Options
	start   int64
	offices []*office
	say     func(done, total int)
}

// Build simulates the whole history. Say, if not nil, is told how many days
// are done.
func Build(ctx context.Context, door *intake.Door, clock *Clock, o Options, say func(done, total int)) error {
	w := &world{door: door, clock: clock, options: o, say: say}
	w.start = interval.MonthsBefore(o.Now, o.Months)
	clock.Set(w.start)
	if err := w.openMSP(ctx); err != nil {
		return fmt.Errorf("sample MSP: %w", err)
	}
	w.offices = append(w.offices, newMSPOffice(w))
	for i := range o.Clients {
		w.offices = append(w.offices, newOffice(w, i))
	}
	total := int((o.Now - w.start) / interval.Day)
	for n := range total {
		if err := w.day(ctx, w.start+int64(n)*interval.Day); err != nil {
			return err
		}
		if say != nil {
			say(n+1, total)
		}
	}
	clock.Set(o.Now)
	return door.FlushAll(ctx, true)
}

func (w *world) openMSP(ctx context.Context) error {
	if _, err := w.door.AddClient(ctx, me, intake.NewClient{
		Added: client.Added{ID: MSPID, Name: MSPName, Zone: "America/Chicago", Region: "IL", Line: "Managed services", MSP: true},
		At:    w.start,
	}); err != nil {
		return err
	}
	return w.people(ctx)
}

// me is the caller of everything that is simulated.
var me = intake.Caller{Actor: "member:dana-whitlow", Source: "form"}

// maxWorkers is how many offices are at work at once: most of the time they
// wait for the disk, which then has one commit to make for all of them.
const maxWorkers = 64

// recording is the time of the day at which people record.
const recording = 20 * hour

const (
	hour   = int64(time.Hour / time.Millisecond)
	minute = int64(time.Minute / time.Millisecond)
)

// day simulates one day: what people record, what devices report, and what
// then waits to be logged. The order within a log does not depend on how many
// workers there are.
func (w *world) day(ctx context.Context, midnight int64) error {
	for _, step := range []struct {
		at int64
		do func(context.Context, *office, int64) error
	}{
		{14 * hour, func(c context.Context, o *office, t int64) error { return o.opens(c, t) }},
		{15 * hour, func(c context.Context, o *office, t int64) error { return o.report(c, t) }},
		{recording, func(c context.Context, o *office, t int64) error { return o.record(c, t) }},
		{21 * hour, func(c context.Context, o *office, t int64) error { return o.flush(c, t) }},
	} {
		w.clock.Set(midnight + step.at)
		alone := step.at == recording && w.offices[0].states(midnight)
		if err := w.each(ctx, midnight, alone, step.do); err != nil {
			return err
		}
	}
	return nil
}

// each does one step for every office, several at a time. Alone, the MSP itself
// goes first: what it says is then the first of the day in every log.
func (w *world) each(ctx context.Context, midnight int64, alone bool, do func(context.Context, *office, int64) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	next := make(chan *office)
	offices := w.offices
	if alone {
		if err := do(ctx, offices[0], midnight); err != nil {
			return fmt.Errorf("%s on %s: %w", offices[0].id, interval.Civil(midnight, time.UTC), err)
		}
		offices = offices[1:]
	}
	for range min(maxWorkers, len(w.offices)) {
		wg.Go(func() {
			for o := range next {
				if err := do(ctx, o, midnight); err != nil {
					mu.Lock()
					first = errors.Join(first, fmt.Errorf("%s on %s: %w", o.id, interval.Civil(midnight, time.UTC), err))
					mu.Unlock()
				}
			}
		})
	}
	for _, o := range offices {
		next <- o
	}
	close(next)
	wg.Wait()
	return first
}

// random is a source of its own for each office, so that the number of
// offices does not change what happens in one of them.
func (w *world) random(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.options.Seed, 0x9e3779b97f4a7c15*(n+1)))
}
