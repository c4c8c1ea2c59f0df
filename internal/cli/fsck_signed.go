package cli

import (
	"errors"
	"fmt"

	"breakwater/internal/event"
	"breakwater/internal/ledger"
	"breakwater/internal/record"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// signatures fills in how fsck verifies what was signed: checkpoints with the
// key that is stored, witnesses with the policy that serve has.
func (s *site) signatures(o *store.CheckOptions, policy string, fail func(store.Failure)) error {
	var p ledger.Policy
	text, err := s.app.optional(policy)
	if err == nil && len(text) > 0 {
		p, err = ledger.ParsePolicy(text)
	}
	if err != nil {
		return problem("--policy %s: %v: give a file as c2sp.org/tlog-policy has it", policy, err)
	}
	o.Cosigned, o.Stamped = vouch.CheckCosigned(p), vouch.CheckStamped
	if s.ring == nil {
		return nil // the key is sealed too
	}
	o.Keys, err = vouch.StoredKeys(s.app.ctx, s.store)
	if errors.Is(err, store.ErrNotFound) {
		signed, guardErr := s.guard.Read()
		if guardErr == nil && len(signed) == 0 {
			return nil
		}
	}
	if err != nil {
		fail(store.Failure{What: oneLine(err.Error()), Index: -1})
	}
	return nil
}

// unsigned says where the guard and the stored checkpoints differ in a way that
// need not be wrong: after a restore the guard is new, and where the power went
// while a checkpoint was signed, the guard knows of it and it is made again.
func (s *site) unsigned(logs []store.CheckedLog) ([]string, error) {
	signed, err := s.guard.Read()
	if err != nil {
		return nil, nil // reported as a failure
	}
	var notes []string
	for _, l := range logs {
		last, err := s.store.LastCheckpoint(s.app.ctx, l.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		point, known := signed[l.Origin]
		name := l.Name
		if name == "" {
			name = l.Origin
		}
		switch {
		case known && last.Size < point.Size:
			notes = append(notes, fmt.Sprintf("size %d of %s was signed, says the guard, and that checkpoint is not stored: sign again with `breakwater checkpoint`", point.Size, name))
		case !known && last.Size > 0:
			notes = append(notes, fmt.Sprintf("size %d of %s was signed, and the guard does not know: it is new, as after a restore, or another's", last.Size, name))
		}
	}
	return notes, nil
}

// disposalOf says of which entry's file an envelope says that it was disposed
// of.
func disposalOf(kind uint16, envelope []byte) (uint64, bool) {
	if event.Kind(kind) != event.BlobDisposed {
		return 0, false
	}
	env, err := event.Decode(envelope)
	if err != nil {
		return 0, false
	}
	v, err := event.Body[record.Disposed](env)
	return v.Index, err == nil
}
