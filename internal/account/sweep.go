package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// each decodes every row of an area.
func each[T any](ctx context.Context, s Store, area string, f func(key string, v T, revision int64) error) error {
	return s.EachRow(ctx, area, func(key string, raw []byte, revision int64) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("read %s: the row is damaged: restore a backup: %w", area, err)
		}
		return f(key, v, revision)
	})
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

// Sweep removes sessions, tokens and links that have ended, and logs what was
// refused to strangers since. It returns how many rows it removed.
func (a *Accounts) Sweep(ctx context.Context) (int, error) {
	removed := 0
	for _, area := range []string{areaSession, areaToken, areaLink} {
		err := each(ctx, a.cfg.Store, area, func(key string, v struct{ Until int64 }, revision int64) error {
			if a.now() < v.Until {
				return nil
			}
			gone, err := a.cfg.Store.RemoveRow(ctx, area, key, revision)
			if gone {
				removed++
			}
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("sweep: %w", err)
		}
	}
	return removed, a.tellStrangers(ctx, 0, "")
}
