package store

import (
	"context"
	"errors"
	"fmt"
)

// Accounts keeps the rows of package account among the settings of the
// instance: names and values are sealed, and what has expired is not found.
// It also seals the few secrets in them that must be read again, under the same
// keys, which are wrapped anew when the master key changes and never destroyed.
type Accounts struct{ s *Store }

// Accounts returns the rows of accounts, sessions, tokens and links.
func (s *Store) Accounts() *Accounts { return &Accounts{s} }

// accountArea keeps the areas apart from other settings.
func accountArea(area string) string { return "account." + area }

// GetRow returns a row and its revision, which is 0 where there is none.
func (a *Accounts) GetRow(ctx context.Context, area, key string) ([]byte, int64, error) {
	st, err := a.s.GetSetting(ctx, InstanceLog, accountArea(area), key)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, nil
	}
	return st.Value, st.Revision, err
}

// PutRow writes a row over the given revision, 0 for none; kept is false when
// another revision is there. After a lost connection it may be false although
// the row was kept: whoever reads it again sees which.
func (a *Accounts) PutRow(ctx context.Context, area, key string, value []byte, expires, revision int64) (kept bool, err error) {
	_, err = a.s.PutSetting(ctx, Setting{
		Log: InstanceLog, Area: accountArea(area), Name: key, Value: value, Expires: expires, Revision: revision,
	})
	if errors.Is(err, ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// RemoveRow removes a row of the given revision; gone is false when another
// revision, or none, is there.
func (a *Accounts) RemoveRow(ctx context.Context, area, key string, revision int64) (gone bool, err error) {
	if revision <= 0 {
		return false, nil
	}
	err = a.s.DeleteSetting(ctx, InstanceLog, accountArea(area), key, revision)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// EachRow calls f for every row of an area, from a list made before the first
// call: f may write.
func (a *Accounts) EachRow(ctx context.Context, area string, f func(key string, value []byte, revision int64) error) error {
	list, err := a.s.Settings(ctx, InstanceLog, accountArea(area))
	if err != nil {
		return err
	}
	for _, st := range list {
		if err := f(st.Name, st.Value, st.Revision); err != nil {
			return err
		}
	}
	return nil
}

// sealedSecret sets what is sealed here apart from everything else under the
// same key.
const sealedSecret = "breakwater account secret\x00"

// Seal seals a secret. What is in ad must be the same when opening.
func (a *Accounts) Seal(plaintext, ad []byte) ([]byte, error) {
	k, err := a.s.keysOf(waitFor, InstanceLog)
	if err != nil {
		return nil, fmt.Errorf("seal secret: %w", err)
	}
	return a.s.sealData(k, InstanceLog, nil, plaintext, append([]byte(sealedSecret), ad...))
}

// Open opens what Seal sealed with the same ad.
func (a *Accounts) Open(sealed, ad []byte) ([]byte, error) {
	plain, err := a.s.openData(waitFor, InstanceLog, nil, sealed, append([]byte(sealedSecret), ad...))
	if err != nil {
		return nil, fmt.Errorf("open secret: %w", err)
	}
	return plain, nil
}
