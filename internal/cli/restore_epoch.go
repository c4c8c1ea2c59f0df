package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/ledger"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

// newEpochs begins a new epoch of each log that holds less than was signed, or
// other than that. What of a log nothing is left is dropped from the guard and
// named in the answer: it has no log to stand in.
func (s *site) newEpochs(logs []store.Log, why string) ([]NewEpoch, error) {
	ctx := s.app.ctx
	signed, err := s.guard.Read()
	if err != nil {
		return nil, err
	}
	points := maps.Clone(signed)
	for _, l := range logs {
		delete(signed, l.Origin)
	}
	list := []NewEpoch{}
	for _, l := range latest(logs) {
		point, ok := points[l.Origin]
		if !ok {
			continue // never signed
		}
		err := s.store.CheckGuard(ctx, s.guard, l)
		if err == nil {
			continue
		}
		if !errors.Is(err, store.ErrRolledBack) {
			return nil, err
		}
		next, err := s.newEpoch(ctx, l, point, why)
		if err != nil {
			return nil, err
		}
		list = append(list, next)
	}
	instance, err := s.instanceEpoch(points)
	if err != nil {
		return nil, err
	}
	for _, e := range instance {
		delete(signed, e.Before)
	}
	gone, err := s.forgetGone(signed)
	return append(append(list, instance...), gone...), err
}

// instanceEpoch goes on with the instance log where it lost leaves, before
// anything else of it is dropped from the guard. If the power goes after it, the
// log has its new epoch, and the same command drops the old one.
func (s *site) instanceEpoch(points map[string]store.Signed) ([]NewEpoch, error) {
	ctx := s.app.ctx
	l, err := s.store.LogByID(ctx, store.InstanceLog)
	if err != nil {
		return nil, err
	}
	err = s.store.CheckGuard(ctx, s.guard, l)
	if !errors.Is(err, store.ErrRolledBack) {
		return nil, err
	}
	lost := points[l.Origin]
	now, err := s.store.BeginInstanceEpoch(ctx, lost)
	if err != nil {
		return nil, err
	}
	if err := s.guard.Forget(l.Origin); err != nil { // a leaf says what was lost
		return nil, err
	}
	return []NewEpoch{{Log: "the instance log", Before: l.Origin, Origin: now.Origin, Size: lost.Size, Root: lost.Root.Hex()}}, nil
}

// newEpoch makes the log that goes on, and its first entries: the loss, and
// what the client is. If the power goes between the two, the same command
// finds the log and writes the entries.
func (s *site) newEpoch(ctx context.Context, l store.Log, lost store.Signed, why string) (NewEpoch, error) {
	origin, err := ledger.NextEpoch(l.Origin)
	if err != nil {
		return NewEpoch{}, err
	}
	body := record.Epoch{Origin: l.Origin, Size: lost.Size, Root: lost.Root.Hex(), By: s.app.caller().Actor, Why: why}
	first := []intake.New{{Kind: event.EpochBegun, At: s.door.Now(), Body: body, Submitted: record.Epoch{Origin: l.Origin}}}
	err = s.door.Read(ctx, l.Name, func(st *projection.State) error {
		first = append(first, s.again(st)...)
		return nil
	})
	if err != nil {
		return NewEpoch{}, fmt.Errorf("read the old epoch of %s: %w", l.Name, err)
	}
	_, err = s.store.CreateLog(ctx, store.Log{Name: l.Name, MSP: l.MSP, Sample: l.Sample, Epoch: l.Epoch + 1, Origin: origin})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return NewEpoch{}, err
	}
	if err := s.reopen(); err != nil {
		return NewEpoch{}, err
	}
	_, err = s.door.Submit(ctx, intake.Submission{
		Client: l.Name, Caller: s.app.caller(), Key: "epoch:" + l.Origin, Events: func() ([]intake.New, error) { return first, nil },
	})
	if err != nil {
		return NewEpoch{}, fmt.Errorf("begin a new epoch of %s: %w", l.Name, err)
	}
	if err := s.guard.Forget(l.Origin); err != nil { // the new epoch says what was lost
		return NewEpoch{}, err
	}
	return NewEpoch{Log: l.Name, Before: l.Origin, Origin: origin, Size: lost.Size, Root: lost.Root.Hex()}, nil
}

// again is what the client is, so that the new log stands by itself: which
// catalog judges, who they are, of which kind, program and profile.
func (s *site) again(st *projection.State) []intake.New {
	now, c := s.door.Now(), st.Catalog()
	hash := c.Hash()
	list := []intake.New{
		{Kind: event.CatalogAdopted, At: now, Body: record.Adopted{SHA256: hex.EncodeToString(hash[:]), Version: c.Version, By: s.app.caller().Actor}},
		{Kind: event.ClientAdded, At: now, Body: st.Client.Added},
	}
	if st.Client.Kind != "" {
		list = append(list, intake.New{Kind: event.LegalKindStated, At: now, Body: client.KindStated{Kind: st.Client.Kind}})
	}
	if st.Client.Program != "" {
		list = append(list, intake.New{Kind: event.ProgramElected, At: now, Body: client.Elected{Framework: st.Client.Program}})
	}
	if st.Client.Profile != "" {
		list = append(list, intake.New{Kind: event.ProfileSet, At: now, Body: client.Profiled{Profile: st.Client.Profile}})
	}
	return list
}

// reopen opens the door again, onto the newest epoch of each log.
func (s *site) reopen() error {
	s.door.Close()
	var err error
	s.door, err = s.openDoor()
	return err
}

// forgetGone drops from the guard what no log is left of: logs made after the
// backup, and epochs of the instance log that a later one follows.
func (s *site) forgetGone(signed map[string]store.Signed) ([]NewEpoch, error) {
	instance, err := s.store.LogByID(s.app.ctx, store.InstanceLog)
	if err != nil {
		return nil, err
	}
	delete(signed, instance.Origin)
	var list []NewEpoch
	for _, origin := range slices.Sorted(maps.Keys(signed)) {
		list = append(list, NewEpoch{Before: origin, Size: signed[origin].Size, Root: signed[origin].Root.Hex()})
		if err := s.guard.Forget(origin); err != nil {
			return nil, err
		}
	}
	return list, nil
}
