package store

import (
	"context"
	"fmt"
)

// RotateDataKey draws a new data key for a log, which seals what is appended from
// then on; what is there stays under the older ones. It returns the version.
func (s *Store) RotateDataKey(ctx context.Context, log LogID) (uint32, error) {
	if s.seal() == nil {
		return 0, fmt.Errorf("rotate data key: %w", ErrNoKey)
	}
	var version uint32
	err := s.writeOnce(ctx, func(t tx) error {
		head, err := t.lock(tableHead, log)
		if err != nil {
			return err
		}
		if head == nil {
			return ErrNotFound
		}
		k, err := s.readKeys(t, log)
		if err != nil {
			return err
		}
		if k.current == 0 {
			return fmt.Errorf("%w: its data keys were destroyed", ErrNoKey)
		}
		version = k.current + 1
		if err := s.newKey(t, log, purposeData, version); err != nil {
			return err
		}
		_, err = t.update(tableHead, []assign{{"key_version", int64(version)}}, eq(colLog, log))
		return err
	})
	if err == nil {
		err = s.loadKeys(ctx, log)
	}
	if err != nil {
		return 0, fmt.Errorf("rotate data key of log %d: %w", log, err)
	}
	return version, nil
}

// RotateMaster wraps every key again, so that they open under another master key
// only, and uses that one from then on. rewrap turns a wrapped key of the old
// master into one of the next. Other processes must be started again with the
// new key; copies and backups made before need the old one.
func (s *Store) RotateMaster(ctx context.Context, next Sealer, rewrap func(label string, wrapped []byte) ([]byte, error)) error {
	s.sealMu.Lock()
	defer s.sealMu.Unlock()
	if s.sealer == nil {
		return fmt.Errorf("rotate master key: %w", ErrNoKey)
	}
	err := s.writeRetry(ctx, func(t tx) error { return rotateRows(t, s.sealer, next, rewrap) })
	if err != nil {
		return fmt.Errorf("rotate master key: %w: the old key is still the right one", err)
	}
	s.sealer = next
	s.forgetKeys()
	return nil
}

func rotateRows(t tx, old, next Sealer, rewrap func(string, []byte) ([]byte, error)) error {
	check, err := t.lock(tableMeta, metaCheck)
	if err != nil {
		return err
	}
	if check == nil {
		return ErrNotFound
	}
	if string(check.bytes(1)) == string(next.CheckValue()) {
		return nil // an earlier try was kept
	}
	if string(check.bytes(1)) != string(old.CheckValue()) {
		return ErrWrongKey
	}
	var keys []row
	err = t.scan(query{t: tableKey, where: []cond{{col: "wrapped", op: "set"}}}, func(r row) error {
		keys = append(keys, r)
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range keys {
		label := keyLabel(r.int(0), r.text(1), uint32(r.int(2)))
		wrapped, err := rewrap(label, r.bytes(3))
		if err != nil {
			return err
		}
		if err := next.Load(label, wrapped); err != nil {
			return err
		}
		_, err = t.update(tableKey, []assign{{"wrapped", wrapped}}, eq(colLog, r.int(0)), eq("purpose", r.text(1)), eq("version", r.int(2)))
		if err != nil {
			return err
		}
	}
	_, err = t.update(tableMeta, []assign{{"value", next.CheckValue()}}, eq("name", metaCheck))
	return err
}

// DestroyKeys destroys a log's data keys: no body, snapshot or file of it can be
// opened again, here. Leaves, tree and checkpoints stay and verify; nothing is
// appended any more. allowed is asked first and refuses while a hold stands.
// Backups made before still hold the keys.
func (s *Store) DestroyKeys(ctx context.Context, log LogID, allowed func() error) error {
	if log == InstanceLog {
		return fmt.Errorf("destroy keys: the keys of the instance are not a client's")
	}
	if err := allowed(); err != nil {
		return fmt.Errorf("destroy keys of log %d: %w", log, err)
	}
	err := s.writeRetry(ctx, func(t tx) error {
		head, err := t.lock(tableHead, log)
		if err != nil {
			return err
		}
		if head == nil {
			return ErrNotFound
		}
		set := []assign{{"wrapped", nil}, {"destroyed", s.nowMS()}}
		_, err = t.update(tableKey, set, eq(colLog, log), eq("purpose", purposeData), cond{col: "wrapped", op: "set"})
		if err != nil {
			return err
		}
		_, err = t.remove(tableSnapshot, eq(colLog, log))
		return err
	})
	if err == nil {
		err = s.loadKeys(ctx, log)
	}
	if err == nil {
		err = s.eng.scrub(ctx)
	}
	if err != nil {
		return fmt.Errorf("destroy keys of log %d: %w", log, err)
	}
	return nil
}
