// Package account knows how a person or a program proves who they are:
// passwords, second factors, recovery codes, sessions, API tokens and one-time
// links. It refuses to know the rules of any subject, what a page or command
// does, HTTP, and how rows are stored. What someone may do is in package
// permit; who holds which role is asked through Config.Grants.
//
// Words:
//
//   - account: what one member signs in with: a mail address and credentials.
//     It is operational data, never evidence.
//   - credential: one means of proof, of a kind of Authenticator.
//   - secret: 32 random bytes handed out once, as text. Kept is its SHA-256.
//   - session: a signed-in browser. Its stage says what is still missing.
//   - token: the secret of a program, made by a member for less than or as much
//     as the member may do.
//   - link: a secret that works once: first start, invitation, reset.
//   - principal: who is asking, as the floors above see them.
//   - happening: something that belongs in the MSP's log.
//
// Passkeys and single sign-on find their place as further kinds of
// Authenticator: a credential row carries its kind, and a session remembers
// with which kinds it was opened.
//
// Instants are milliseconds since 1970-01-01 UTC; 0 stands for absent.
package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"breakwater/internal/permit"
)

var (
	// ErrRefused is the one answer to a wrong mail address, password or code and
	// to too many tries, so that it tells nobody which accounts exist.
	ErrRefused = errors.New("mail address, password or code is wrong, or there were too many tries: wait a minute and try again")
	// ErrSignedOut: there is no such session any more.
	ErrSignedOut = errors.New("you are signed out: sign in")
	// ErrToken: the API token is unknown, has ended or was revoked.
	ErrToken = errors.New("the API token is not valid: make a new one")
	// ErrLink: the link was used, has ended or never was.
	ErrLink = errors.New("the link is not valid any more: ask for a new one")
	// ErrAgain: what was asked for needs a password given a short while ago.
	ErrAgain = errors.New("this needs your password again: give it and repeat")
	// ErrBusy: more sign-ins are waiting than this machine can check.
	ErrBusy = errors.New("too many sign-ins at once: try again in a minute")
	// ErrPassword: the new password breaks a rule; the message says which.
	ErrPassword = errors.New("choose another password")
	// ErrExists: another account has this mail address.
	ErrExists = errors.New("another account has this mail address: use that one or another address")
	// ErrNotFound: no such account, token or session.
	ErrNotFound = errors.New("not found: it may have been removed, look at the list again")
)

// Sealer seals secrets that must be read again. What is in ad is not kept but
// must be the same when opening.
type Sealer interface {
	Seal(plaintext, ad []byte) ([]byte, error)
	Open(sealed, ad []byte) ([]byte, error)
}

// Config says how accounts behave. The zero value of every field is good but
// for the first three.
type Config struct {
	Store  Store
	Sealer Sealer
	// Grants returns the grants of a member, ended ones too.
	Grants func(ctx context.Context, member string) ([]permit.Grant, error)
	// Happened is told what belongs in the MSP's log, before the answer goes
	// out. What it refuses with an error does not take place.
	Happened func(context.Context, Happening) error
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Issuer is the name shown in an authenticator app; "Breakwater" if empty.
	Issuer string
	// Hash sets the cost of a password hash.
	Hash Params
	// Idle ends a session without a request (automatic logoff, 45 CFR
	// 164.312(a)(2)(iii)); 30 min if 0. IdleStaff is the same for those who are
	// client staff and nothing else; 30 min if 0.
	Idle, IdleStaff time.Duration
	// Absolute ends every session; 12 h if 0.
	Absolute time.Duration
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Happened == nil {
		c.Happened = func(context.Context, Happening) error { return nil }
	}
	if c.Issuer == "" {
		c.Issuer = "Breakwater"
	}
	c.Hash = c.Hash.withDefaults()
	for d, otherwise := range map[*time.Duration]time.Duration{&c.Idle: 30 * time.Minute, &c.IdleStaff: 30 * time.Minute, &c.Absolute: 12 * time.Hour} {
		if *d <= 0 {
			*d = otherwise
		}
	}
	return c
}

// Accounts signs people and programs in. It is safe for use by several
// goroutines, and any number of processes may share its store.
type Accounts struct {
	cfg    Config
	hasher *hasher

	mu        sync.Mutex
	meters    *meters // failures of addresses and of unknown accounts
	strangers strangers
}

// Open returns the accounts kept in a store.
func Open(c Config) (*Accounts, error) {
	if c.Store == nil || c.Sealer == nil || c.Grants == nil {
		return nil, errors.New("open accounts: give a store, a sealer and where grants are found")
	}
	c = c.withDefaults()
	if err := c.Hash.check(); err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	return &Accounts{cfg: c, hasher: newHasher(c.Hash), meters: newMeters()}, nil
}

func (a *Accounts) now() int64 { return a.cfg.Now().UnixMilli() }

// inForce returns the member's grants that hold now.
func (a *Accounts) inForce(ctx context.Context, member string) ([]permit.Grant, error) {
	all, err := a.cfg.Grants(ctx, member)
	if err != nil {
		return nil, fmt.Errorf("look up grants: %w", err)
	}
	now := a.now()
	var held []permit.Grant
	for _, g := range all {
		if g.Member == member && g.InForce(now) {
			held = append(held, g)
		}
	}
	return held, nil
}
