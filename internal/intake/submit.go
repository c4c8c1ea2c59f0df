package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"breakwater/internal/event"
	"breakwater/internal/interval"
	"breakwater/internal/store"
)

const (
	// maxTries is how often a rule is checked again when the log grew between
	// the check and the commit.
	maxTries = 5
	// maxAhead is how far in the future an observation may be dated.
	maxAhead = int64(5 * 60 * 1000)
)

// Submit is the one way in. Each try catches up with the log, asks the check,
// and appends with the size it was checked at.
func (d *Door) Submit(ctx context.Context, s Submission) (Receipt, error) {
	rec, err := d.submit(ctx, s)
	return rec.Receipt, err
}

// placed is a receipt with the place of each event.
type placed struct {
	Receipt
	res    store.Result
	offset uint64
}

// index is the entry that event n became.
func (p *placed) index(n int) uint64 { return p.res.Index(n) + p.offset }

func (d *Door) submit(ctx context.Context, s Submission) (placed, error) {
	r, err := d.find(ctx, s.Client)
	if err != nil {
		return placed{}, err
	}
	if s.Key == "" {
		s.Key = randomKey()
	}
	for range maxTries {
		rec, err := d.try(ctx, r, s)
		if !errors.Is(err, store.ErrStale) {
			return rec, err
		}
	}
	return placed{}, fmt.Errorf("client %s is being changed by others all the time: try again in a moment", s.Client)
}

func randomKey() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (d *Door) try(ctx context.Context, r *room, s Submission) (placed, error) {
	var expect *uint64
	if s.Check != nil {
		size, err := d.check(ctx, r, s)
		if err != nil {
			return placed{}, err
		}
		expect = &size
	}
	events, err := s.Events()
	if err != nil {
		return placed{}, invalid{err}
	}
	items, envelopes, err := d.items(s, events)
	if err != nil {
		return placed{}, err
	}
	if expect != nil {
		*expect -= r.offset
	}
	var dispose [][32]byte
	if s.Dispose != nil {
		dispose = s.Dispose()
	}
	res, err := d.commit.Append(ctx, store.Submission{Log: r.log.ID, Expect: expect, Items: items, Erase: s.Erase, Dispose: dispose, Jobs: s.Jobs})
	if err != nil {
		return placed{}, d.explain(err)
	}
	if err := d.committed(ctx, r, envelopes, res); err != nil {
		return placed{}, fmt.Errorf("appended as entry %d, but could not be folded: %w", res.First, err)
	}
	return placed{Receipt{
		Log: s.Client, Index: res.First + r.offset, At: events[0].At, Recorded: res.Recorded, Repeated: res.Repeated, Erased: res.Erased,
	}, res, r.offset}, nil
}

// check asks the rule with the current state and returns its size.
func (d *Door) check(ctx context.Context, r *room, s Submission) (uint64, error) {
	if err := d.load(ctx, r); err != nil {
		return 0, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.state == nil {
		return 0, store.ErrStale // dropped from memory just now
	}
	if err := s.Check(r.state); err != nil {
		return 0, invalid{err}
	}
	return r.state.Size, nil
}

func (d *Door) items(s Submission, events []New) ([]store.Item, []event.Envelope, error) {
	if len(events) == 0 {
		return nil, nil, invalid{errors.New("nothing to record")}
	}
	limit := d.Now() + maxAhead
	items := make([]store.Item, len(events))
	envelopes := make([]event.Envelope, len(events))
	for n, e := range events {
		if e.At > limit {
			return nil, nil, invalid{fmt.Errorf("%s lies in the future: give a time until now", interval.Format(e.At))}
		}
		key := e.Key
		switch {
		case key != "":
		case n > 0:
			key = fmt.Sprintf("%s/%d", s.Key, n)
		default:
			key = s.Key
		}
		var err error
		if items[n], envelopes[n], err = encode(s, e, key); err != nil {
			return nil, nil, err
		}
	}
	return items, envelopes, nil
}

func encode(s Submission, e New, key string) (store.Item, event.Envelope, error) {
	body, err := event.Marshal(e.Body)
	if err != nil {
		return store.Item{}, event.Envelope{}, invalid{err}
	}
	by := e.By
	if by.Actor == "" {
		by = s.Caller
	}
	env := event.Envelope{Actor: by.Actor, At: e.At, Body: body, Key: key, Kind: e.Kind, Log: s.Client, Source: by.Source}
	raw, err := env.Encode()
	if err != nil {
		return store.Item{}, event.Envelope{}, invalid{err}
	}
	it := store.Item{Kind: uint16(e.Kind), Envelope: raw, Source: env.Source, Key: key, Blobs: e.Blobs}
	if e.Undated && e.Submitted == nil {
		e.Submitted = struct {
			Kind event.Kind `json:"kind"`
			Body any        `json:"body"`
		}{e.Kind, e.Body}
	}
	if e.Submitted != nil {
		handed, err := event.Marshal(e.Submitted)
		if err != nil {
			return store.Item{}, event.Envelope{}, invalid{err}
		}
		it.Submitted = sha256.Sum256(handed)
	}
	return it, env, nil
}

// explain turns the store's answers into what a person can act on.
func (d *Door) explain(err error) error {
	switch {
	case errors.Is(err, store.ErrStale):
		return err
	case errors.Is(err, store.ErrConflict):
		return invalid{fmt.Errorf("%w: use another key, or send the same again", ErrConflict)}
	}
	return fmt.Errorf("append: %w", err)
}
