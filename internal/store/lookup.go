package store

import (
	"context"
	"fmt"
)

// HasKey reports whether an entry of a log has the idempotency key of a
// source. One that is there now stays for ever; one that is not may come.
func (s *Store) HasKey(ctx context.Context, log LogID, source, key string) (bool, error) {
	k, err := s.keysOf(ctx, log)
	if err != nil {
		return false, fmt.Errorf("look up a key: %w", err)
	}
	mac, err := s.itemMAC(k, source, key)
	if err != nil {
		return false, fmt.Errorf("look up a key: %w", err)
	}
	var found []entryRow
	err = s.read(ctx, func(t tx) error {
		found, err = t.findKeys(log, []keyMAC{mac})
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look up a key: %w", err)
	}
	return len(found) > 0, nil
}
