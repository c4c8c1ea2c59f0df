package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"breakwater/internal/ledger"
)

// BeginInstanceEpoch goes on with the instance log after leaves were lost: under
// the next origin, over the leaves that are left, with a leaf under its own
// pseudonym that says what was signed last and is gone. So what witnesses saw
// under the old origin is never contradicted, and what they see from now on
// admits the loss. The same loss again changes nothing. It returns the log as it
// is then.
//
// Checkpoints of the old origin stay stored and are not listed any more: what
// they prove, they prove of a log that nobody can show whole.
func (s *Store) BeginInstanceEpoch(ctx context.Context, lost Signed) (Log, error) {
	var l Log
	err := s.writeRetry(ctx, func(t tx) (err error) {
		l, err = s.beginInstanceEpoch(ctx, t, lost)
		return err
	})
	if err != nil {
		return Log{}, fmt.Errorf("begin a new epoch of the instance log: %w", err)
	}
	return l, nil
}

func (s *Store) beginInstanceEpoch(ctx context.Context, t tx, lost Signed) (Log, error) {
	r, err := t.lock(tableLog, InstanceLog)
	if err != nil {
		return Log{}, err
	}
	if r == nil {
		return Log{}, ErrNotFound
	}
	l, err := s.openLog(ctx, r)
	if err != nil {
		return Log{}, err
	}
	leaf := ledger.InstanceLeaf{Pseudonym: l.Pseudonym, Size: lost.Size, Root: lost.Root}
	if known, err := saidBefore(t, leaf); err != nil || known {
		return l, err
	}
	if l.Origin, err = ledger.NextEpoch(l.Origin); err != nil {
		return Log{}, err
	}
	l.Epoch++
	if err := s.renameInstance(t, l); err != nil {
		return Log{}, err
	}
	if _, err := s.appendInstance(t, []ledger.InstanceLeaf{leaf}); err != nil {
		return Log{}, err
	}
	_, err = t.remove(tableSnapshot, eq(colLog, InstanceLog)) // they rest on the old checkpoints
	return l, err
}

func (s *Store) renameInstance(t tx, l Log) error {
	k, err := s.operational(t)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(sealedLog{l.Name})
	if err != nil {
		return err
	}
	sealed, err := s.sealData(k, InstanceLog, nil, plain, logAD(l.ID, l.Origin))
	if err != nil {
		return err
	}
	set := []assign{{"origin", l.Origin}, {"epoch", int64(l.Epoch)}, {"sealed", sealed}}
	return t.updateOne(tableLog, set, eq("id", InstanceLog))
}

// ofOrigin reports whether a note was signed under an origin.
func ofOrigin(note []byte, origin string) bool {
	first, _, ok := strings.Cut(string(note), "\n")
	return ok && first == origin
}

// earlierOrigin is the origin in a checkpoint of the instance log if that is an
// earlier epoch of it, or the log's own.
func earlierOrigin(l Log, c Checkpoint) string {
	first, _, _ := strings.Cut(string(c.Note), "\n")
	base, epoch, err := ledger.SplitOrigin(first)
	own, _, _ := ledger.SplitOrigin(l.Origin)
	if l.ID != InstanceLog || err != nil || base != own || epoch >= l.Epoch {
		return l.Origin
	}
	return first
}
