package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrHeld: another process holds the lease.
var ErrHeld = errors.New("held by another process")

// Lease is the right to do something alone until it ends.
type Lease struct {
	Name   string
	Holder string // who, for people to read
	Token  int64  // grows with each new holder
	Until  int64  // ms UTC
}

// Acquire takes a lease that is free, has ended, or is this holder's already, or
// says who holds it with ErrHeld.
func (s *Store) Acquire(ctx context.Context, name, holder string, length time.Duration) (Lease, error) {
	var l Lease
	err := s.writeRetry(ctx, func(t tx) (err error) {
		l, err = s.acquire(t, name, holder, length)
		return err
	})
	if err != nil {
		return Lease{}, fmt.Errorf("lease %s: %w", name, err)
	}
	return l, nil
}

func (s *Store) acquire(t tx, name, holder string, length time.Duration) (Lease, error) {
	now := s.nowMS()
	l := Lease{Name: name, Holder: holder, Token: 1, Until: now + length.Milliseconds()}
	have, err := t.lock(tableLease, name)
	if err != nil {
		return l, err
	}
	if have == nil {
		return l, t.insert(tableLease, row{name, holder, l.Token, l.Until})
	}
	mine := have.text(1) == holder
	if !mine && have.int(3) > now {
		return l, fmt.Errorf("%w: %s, for another %d s", ErrHeld, have.text(1), (have.int(3)-now+999)/1000)
	}
	l.Token = have.int(2)
	if !mine || have.int(3) <= now {
		l.Token++
	}
	n, err := t.update(tableLease, []assign{{"holder", holder}, {"token", l.Token}, {"until_ms", l.Until}}, eq("name", name), eq("token", have.int(2)), eq("until_ms", have.int(3)))
	if err == nil && n != 1 {
		err = errRetry
	}
	return l, err
}

// Renew prolongs a lease that is still this holder's; ErrHeld when it ended and
// another has it.
func (s *Store) Renew(ctx context.Context, l Lease, length time.Duration) (Lease, error) {
	next := l
	err := s.writeRetry(ctx, func(t tx) error {
		next.Until = s.nowMS() + length.Milliseconds()
		n, err := t.update(tableLease, []assign{{"until_ms", next.Until}}, eq("name", l.Name), eq("holder", l.Holder), eq("token", l.Token))
		if err == nil && n != 1 {
			err = ErrHeld
		}
		return err
	})
	if err != nil {
		return Lease{}, fmt.Errorf("renew lease %s: %w", l.Name, err)
	}
	return next, nil
}

// Release ends a lease now. One that is no longer held is left alone.
func (s *Store) Release(ctx context.Context, l Lease) error {
	err := s.writeRetry(ctx, func(t tx) error {
		_, err := t.update(tableLease, []assign{{"until_ms", int64(0)}}, eq("name", l.Name), eq("holder", l.Holder), eq("token", l.Token))
		return err
	})
	if err != nil {
		return fmt.Errorf("release lease %s: %w", l.Name, err)
	}
	return nil
}
