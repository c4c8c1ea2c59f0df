package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Areas of the store, one a sort of row.
const (
	areaAccount = "account" // by member
	areaMail    = "mail"    // by mail address: whose it is
	areaSession = "session" // by SHA-256 of its secret
	areaToken   = "token"   // by SHA-256 of its secret
	areaLink    = "link"    // by SHA-256 of its secret
)

// Store keeps rows. A row is named by an area and a key; its revision is 1 when
// first put and grows by one with each change. Keys and values are to be sealed
// at rest, for they name people.
type Store interface {
	// GetRow returns a row and its revision, which is 0 where there is none.
	GetRow(ctx context.Context, area, key string) (value []byte, revision int64, err error)
	// PutRow writes a row if its revision is the one given, 0 for a row that
	// must not exist; kept is false if it is not. A row with expires set, in ms
	// UTC, may be removed from then on.
	PutRow(ctx context.Context, area, key string, value []byte, expires, revision int64) (kept bool, err error)
	// RemoveRow removes a row if its revision is the one given; gone is false if
	// it is not. Of several callers with the same revision one is told true.
	RemoveRow(ctx context.Context, area, key string, revision int64) (gone bool, err error)
	// EachRow calls f for every row of an area. f may change the store.
	EachRow(ctx context.Context, area string, f func(key string, value []byte, revision int64) error) error
}

// Authenticator is a kind of credential. Passkeys and single sign-on will be
// further kinds.
type Authenticator string

// The kinds of credentials.
const (
	Password Authenticator = "password"
	TOTP     Authenticator = "totp"     // RFC 6238
	Recovery Authenticator = "recovery" // a code on paper, used once
)

// Credential is one means of proof. Data is an encoded password hash, a sealed
// TOTP secret, or the SHA-256 of a recovery code.
type Credential struct {
	Kind    Authenticator `json:"kind"`
	Data    []byte        `json:"data"`
	Made    int64         `json:"made"`
	Step    uint64        `json:"step,omitempty"`    // TOTP: the last time step that was used
	Pending bool          `json:"pending,omitempty"` // TOTP: shown, and no code of it was given yet
}

// Account is what a member signs in with.
type Account struct {
	Member      string       `json:"member"`
	Mail        string       `json:"mail"`
	Name        string       `json:"name"`
	Credentials []Credential `json:"credentials"`
	Made        int64        `json:"made"`
	SignedIn    int64        `json:"signed_in,omitempty"`
	Disabled    bool         `json:"disabled,omitempty"`
	// Generation is that of the sessions which are valid; raising it ends all.
	Generation int64 `json:"generation"`
	// Failures since the last success, and Failed, the instant of the last one.
	Failures int   `json:"failures,omitempty"`
	Failed   int64 `json:"failed,omitempty"`
	// Known holds hashes of the addresses of the last sign-ins.
	Known []string `json:"known,omitempty"`

	revision int64
}

func (a *Account) find(kind Authenticator, pending bool) *Credential {
	for n := range a.Credentials {
		if c := &a.Credentials[n]; c.Kind == kind && c.Pending == pending {
			return c
		}
	}
	return nil
}

func (a *Account) drop(kind Authenticator, pending bool) {
	kept := a.Credentials[:0]
	for _, c := range a.Credentials {
		if c.Kind != kind || c.Pending != pending {
			kept = append(kept, c)
		}
	}
	a.Credentials = kept
}

// HasSecondFactor reports whether a second factor is set up.
func (a *Account) HasSecondFactor() bool { return a.find(TOTP, false) != nil }

// CodesLeft is the number of recovery codes not used yet.
func (a *Account) CodesLeft() int {
	n := 0
	for _, c := range a.Credentials {
		if c.Kind == Recovery {
			n++
		}
	}
	return n
}

// errLost is a write that another writer was faster than, too many times.
var errLost = errors.New("changed by someone else meanwhile: try again")

const maxTries = 8

// load reads a row into v and returns its revision, 0 where there is none.
func load(ctx context.Context, s Store, area, key string, v any) (int64, error) {
	raw, revision, err := s.GetRow(ctx, area, key)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", area, err)
	}
	if revision == 0 {
		return 0, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return 0, fmt.Errorf("read %s: the row is damaged: restore a backup: %w", area, err)
	}
	return revision, nil
}

// save writes a row over the given revision.
func save(ctx context.Context, s Store, area, key string, v any, expires, revision int64) (bool, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("encode %s: %w", area, err)
	}
	kept, err := s.PutRow(ctx, area, key, raw, expires, revision)
	if err != nil {
		return false, fmt.Errorf("write %s: %w", area, err)
	}
	return kept, nil
}

// Account returns a member's account, or ErrNotFound.
func (a *Accounts) Account(ctx context.Context, member string) (Account, error) {
	var acc Account
	revision, err := load(ctx, a.cfg.Store, areaAccount, member, &acc)
	if err != nil {
		return Account{}, err
	}
	if revision == 0 {
		return Account{}, fmt.Errorf("account: %w", ErrNotFound)
	}
	acc.revision = revision
	return acc, nil
}

// change applies f to a member's account and writes it, again from a fresh
// read when another writer was faster. An error of f writes nothing.
func (a *Accounts) change(ctx context.Context, member string, f func(*Account) error) (Account, error) {
	for range maxTries {
		acc, err := a.Account(ctx, member)
		if err != nil {
			return Account{}, err
		}
		if err := f(&acc); err != nil {
			return Account{}, err
		}
		kept, err := save(ctx, a.cfg.Store, areaAccount, member, acc, 0, acc.revision)
		if err != nil {
			return Account{}, err
		}
		if kept {
			acc.revision++
			return acc, nil
		}
	}
	return Account{}, fmt.Errorf("account: %w", errLost)
}

// byMail returns the account with a mail address, or ErrNotFound. A mail row
// counts only if its account names that address: a row left behind by a crash
// between two writes is nobody's.
func (a *Accounts) byMail(ctx context.Context, mail string) (Account, error) {
	var owner struct{ Member string }
	revision, err := load(ctx, a.cfg.Store, areaMail, mail, &owner)
	if err != nil {
		return Account{}, err
	}
	if revision == 0 {
		return Account{}, fmt.Errorf("account: %w", ErrNotFound)
	}
	acc, err := a.Account(ctx, owner.Member)
	if err != nil {
		return Account{}, err
	}
	if acc.Mail != mail {
		return Account{}, fmt.Errorf("account: %w", ErrNotFound)
	}
	return acc, nil
}

// claimMail makes the mail row of a member. It returns ErrExists when another
// account names the address.
func (a *Accounts) claimMail(ctx context.Context, mail, member string) error {
	other, err := a.byMail(ctx, mail)
	switch {
	case err == nil && other.Member == member:
		return nil
	case err == nil:
		return ErrExists
	case !errors.Is(err, ErrNotFound):
		return err
	}
	_, revision, err := a.cfg.Store.GetRow(ctx, areaMail, mail)
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	kept, err := save(ctx, a.cfg.Store, areaMail, mail, struct{ Member string }{member}, 0, revision)
	if err != nil {
		return err
	}
	if !kept {
		return ErrExists
	}
	return nil
}
