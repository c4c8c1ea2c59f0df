package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Job is work to be done later by whichever process claims it.
type Job struct {
	Log  LogID  // InstanceLog for work on none
	Kind string // what is to be done
	Key  string // a job of the same log, kind and key waits once
	Run  int64  // not before, ms UTC; 0 = at once
	Body []byte // sealed when stored
}

// Claimed is a job that this process may work on until the lease ends.
type Claimed struct {
	Job
	Attempt   int    // 1 for the first
	Until     int64  // ms UTC
	LastError string // of the attempt before
	mac       []byte
}

const maxLastError = 500

func (s *Store) jobRow(ctx context.Context, j *Job) (row, error) {
	k, err := s.keysOf(ctx, j.Log)
	if err != nil {
		return nil, err
	}
	mac, err := s.nameOf(k, "job", j.Kind, j.Key)
	if err != nil {
		return nil, err
	}
	plain := append(appendBytes(nil, []byte(j.Key)), j.Body...)
	sealed, err := s.sealData(k, j.Log, nil, plain, jobAD(j.Log, j.Kind, mac[:]))
	if err != nil {
		return nil, err
	}
	return row{j.Log, j.Kind, mac[:], j.Run, int64(0), int64(0), "", sealed}, nil
}

func jobAD(log LogID, kind string, mac []byte) []byte {
	ad := appendBytes([]byte("breakwater job\x00"), []byte(kind))
	return append(binary.BigEndian.AppendUint64(ad, uint64(log)), mac...)
}

// enqueue adds a job. One that waits already takes the earlier time. One that is
// being worked on is run again afterward: what it does may have come too late.
func enqueue(t tx, j row) error {
	have, err := t.lock(tableJob, j[0], j[1], j[2])
	if err != nil {
		return err
	}
	if have == nil {
		return t.insert(tableJob, j)
	}
	run := min(have.int(3), j.int(3))
	if have.int(4) > 0 {
		run = max(have.int(3)+1, j.int(3))
	}
	_, err = t.update(tableJob, []assign{{"run_at", run}, {"sealed", j[7]}}, eq(colLog, j[0]), eq("kind", j[1]), eq("key_mac", j[2]))
	return err
}

// Enqueue adds jobs in a transaction of their own; see Submission.Jobs for the
// one that appends.
func (s *Store) Enqueue(ctx context.Context, jobs ...Job) error {
	rows := make([]row, len(jobs))
	for n := range jobs {
		var err error
		if rows[n], err = s.jobRow(ctx, &jobs[n]); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
	}
	err := s.writeRetry(ctx, func(t tx) error {
		for _, r := range rows {
			if err := enqueue(t, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}

// Claim takes up to limit jobs of the given kinds whose time has come and that
// nobody works on, for the length of the lease. A process that dies loses them
// when it ends.
func (s *Store) Claim(ctx context.Context, kinds []string, lease time.Duration, limit int) ([]Claimed, error) {
	now := s.nowMS()
	until := now + lease.Milliseconds()
	var due []row
	err := s.read(ctx, func(t tx) error {
		due = due[:0]
		q := query{t: tableJob, where: []cond{{"run_at", "<=", now}, {"lease_until", "<=", now}}, order: "run_at"}
		return t.scan(q, func(r row) error {
			if slices.Contains(kinds, r.text(1)) {
				due = append(due, r)
			}
			if len(due) == limit {
				return errStop
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look for jobs: %w", err)
	}
	var mine []Claimed
	for _, r := range due {
		c, ok, err := s.claim(ctx, r, until)
		if err != nil {
			return mine, fmt.Errorf("claim job %s: %w", r.text(1), err)
		}
		if ok {
			mine = append(mine, c)
		}
	}
	return mine, nil
}

// claim moves the lease if nobody else did since it was read.
func (s *Store) claim(ctx context.Context, r row, until int64) (Claimed, bool, error) {
	c := Claimed{
		Job:     Job{Log: r.int(0), Kind: r.text(1), Run: r.int(3)},
		Attempt: int(r.int(5)) + 1, Until: until, LastError: r.text(6), mac: r.bytes(2),
	}
	plain, err := s.openData(ctx, c.Log, nil, r.bytes(7), jobAD(c.Log, c.Kind, c.mac))
	if err != nil {
		return Claimed{}, false, err
	}
	if len(plain) < 4 || int(binary.BigEndian.Uint32(plain)) > len(plain)-4 {
		return Claimed{}, false, fmt.Errorf("its sealed value is cut off")
	}
	n := int(binary.BigEndian.Uint32(plain))
	c.Key, c.Body = string(plain[4:4+n]), plain[4+n:]
	changed := false
	set := []assign{{"lease_until", until}, {"attempt", int64(c.Attempt)}}
	// Should the answer be lost, the job waits for the end of the lease.
	err = s.writeOnce(ctx, func(t tx) error {
		n, err := t.update(tableJob, set, append(c.where(), eq("lease_until", r.int(4)), eq("attempt", r.int(5)))...)
		changed = n == 1
		return err
	})
	return c, changed, err
}

func (c *Claimed) where() []cond {
	return []cond{eq(colLog, c.Log), eq("kind", c.Kind), eq("key_mac", c.mac)}
}

// Done removes a job that is finished. If it was enqueued again meanwhile it
// stays and is due again. A lease that has passed to another is ErrStale.
func (s *Store) Done(ctx context.Context, c Claimed) error {
	return s.finish(ctx, &c, func(t tx, r row) error {
		if r.int(3) == c.Run {
			_, err := t.remove(tableJob, c.where()...)
			return err
		}
		_, err := t.update(tableJob, []assign{{"lease_until", int64(0)}, {"attempt", int64(0)}, {"last_error", ""}}, c.where()...)
		return err
	})
}

// Retry gives a job back, to be tried again no sooner than after a wait. The
// reason is kept in clear and must hold no patient data.
func (s *Store) Retry(ctx context.Context, c Claimed, reason string, wait time.Duration) error {
	if len(reason) > maxLastError {
		reason = reason[:maxLastError]
	}
	return s.finish(ctx, &c, func(t tx, r row) error {
		run := max(r.int(3), s.nowMS()+wait.Milliseconds())
		_, err := t.update(tableJob, []assign{{"lease_until", int64(0)}, {"run_at", run}, {"last_error", reason}}, c.where()...)
		return err
	})
}

// Extend prolongs the lease of a job that takes long.
func (s *Store) Extend(ctx context.Context, c *Claimed, lease time.Duration) error {
	until := s.nowMS() + lease.Milliseconds()
	err := s.finish(ctx, c, func(t tx, _ row) error {
		_, err := t.update(tableJob, []assign{{"lease_until", until}}, c.where()...)
		return err
	})
	if err == nil {
		c.Until = until
	}
	return err
}

func (s *Store) finish(ctx context.Context, c *Claimed, f func(tx, row) error) error {
	err := s.writeOnce(ctx, func(t tx) error {
		r, err := t.lock(tableJob, c.Log, c.Kind, c.mac)
		if err != nil {
			return err
		}
		if r == nil || r.int(5) != int64(c.Attempt) || r.int(4) != c.Until {
			return ErrStale
		}
		return f(t, r)
	})
	if err != nil {
		return fmt.Errorf("job %s: %w", c.Kind, err)
	}
	return nil
}

// JobCounts says how many jobs of each kind wait or are being worked on.
func (s *Store) JobCounts(ctx context.Context) (map[string]int, error) {
	var counts map[string]int
	err := s.read(ctx, func(t tx) error {
		counts = map[string]int{}
		return t.scan(query{t: tableJob}, func(r row) error {
			counts[r.text(1)]++
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return counts, nil
}
