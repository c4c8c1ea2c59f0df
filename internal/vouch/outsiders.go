package vouch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/witness"
)

// Outsider is one witness or time stamp authority that is configured.
type Outsider struct {
	Name      string
	Authority bool  // it stamps; otherwise it cosigns
	At        int64 // what it stated last, by its own clock, ms UTC; 0 = nothing, or not lately
	Current   bool  // it vouched for the newest instance checkpoint, or within two intervals
}

// recentRounds is how far back an outsider's last statement is looked for.
const recentRounds = 12

// Outsiders lists who is configured to vouch, witnesses first, each with the
// newest statement of it that verifies.
func (v *Voucher) Outsiders(ctx context.Context) ([]Outsider, error) {
	list := make([]Outsider, 0, len(v.witnesses)+len(v.authorities))
	for _, w := range v.witnesses {
		list = append(list, Outsider{Name: w.Name})
	}
	for _, a := range v.authorities {
		list = append(list, Outsider{Name: a.Name, Authority: true})
	}
	if len(list) == 0 {
		return nil, nil
	}
	points, err := v.recent(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the outsiders: %w", err)
	}
	for i, c := range points {
		if err := v.findStatements(ctx, list, c, i == 0); err != nil {
			return nil, fmt.Errorf("list the outsiders: %w", err)
		}
		if !slices.ContainsFunc(list, func(o Outsider) bool { return o.At == 0 }) {
			break
		}
	}
	for i := range list {
		o := &list[i]
		o.Current = o.Current || o.At != 0 && v.nowMS()-o.At <= 2*v.interval.Milliseconds()
	}
	return list, nil
}

// recent is the instance checkpoints of the last rounds, newest first: a round
// adds at most one leaf a log.
func (v *Voucher) recent(ctx context.Context) ([]store.Checkpoint, error) {
	last, err := v.store.LastCheckpoint(ctx, store.InstanceLog)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	logs, err := v.store.Logs(ctx)
	if err != nil {
		return nil, err
	}
	points, err := v.store.Checkpoints(ctx, store.InstanceLog, last.Size-min(last.Size, recentRounds*uint64(len(logs)+1)))
	slices.Reverse(points)
	return points, err
}

// findStatements notes what was stated about one checkpoint by those of whom
// nothing newer was found.
func (v *Voucher) findStatements(ctx context.Context, list []Outsider, c store.Checkpoint, newest bool) error {
	note, err := ledger.ParseNote(c.Note)
	if err != nil {
		return err
	}
	said := func(name string, authority bool, at int64) {
		for i := range list {
			if o := &list[i]; o.Name == name && o.Authority == authority && o.At == 0 {
				o.At, o.Current = at, newest
			}
		}
	}
	cosigs, err := v.store.Cosignatures(ctx, c.Log, c.Size)
	if err != nil {
		return err
	}
	for _, s := range cosigs {
		lines, err := ledger.ParseSignatureLines(s.Line)
		if err != nil {
			continue // counts for nothing
		}
		for _, line := range lines {
			if name, at, ok := v.readLine(note, line); ok {
				said(name, false, at)
			}
		}
	}
	tokens, err := v.store.Timestamps(ctx, c.Log, c.Size)
	if err != nil {
		return err
	}
	for _, ts := range tokens {
		i := slices.IndexFunc(v.authorities, func(a witness.Authority) bool { return a.Name == ts.Authority })
		if i < 0 {
			continue
		}
		if stamp, err := ledger.VerifyTimestamp(ts.Token, []byte(note.Text), v.authorities[i].Trust); err == nil {
			said(ts.Authority, true, stamp.At)
		}
	}
	return nil
}
