package account

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"breakwater/internal/permit"
)

// Stage says what a session still needs.
type Stage string

// The stages.
const (
	StageFull   Stage = "full"   // nothing: signed in
	StageCode   Stage = "code"   // the second factor
	StageEnroll Stage = "enroll" // setting up a second factor, which the member's role demands
)

const (
	halfOpen   = 15 * time.Minute // for giving a code or setting up a factor
	freshFor   = 15 * time.Minute // after a password was given
	seenEvery  = time.Minute      // how often a row is written for a request
	maxAgent   = 200
	maxAddress = 64
)

// Session is a signed-in browser.
type Session struct {
	Handle  string          `json:"-"` // short name for lists and entries
	Member  string          `json:"member"`
	With    []Authenticator `json:"with"` // kinds of credentials given
	Made    int64           `json:"made"`
	Seen    int64           `json:"seen"`
	Until   int64           `json:"until"`
	Proved  int64           `json:"proved"` // when a password was given last
	Address string          `json:"address"`
	Agent   string          `json:"agent"` // the browser's own words, cut to 200 bytes
	// Generation is the account's when the session was opened.
	Generation int64 `json:"generation"`

	key      string
	revision int64
}

// Strong reports whether a second factor was given.
func (s *Session) Strong() bool {
	return slices.Contains(s.With, TOTP) || slices.Contains(s.With, Recovery)
}

// how names the credentials given: "password+totp".
func (s *Session) how() string {
	names := make([]string, len(s.With))
	for n, w := range s.With {
		names[n] = string(w)
	}
	return strings.Join(names, "+")
}

// stage is what the session needs now: a role given since may demand more.
func (s *Session) stage(acc *Account, required bool) Stage {
	switch {
	case s.Strong():
		return StageFull
	case acc.HasSecondFactor():
		return StageCode
	case required:
		return StageEnroll
	}
	return StageFull
}

// visit is a session with whose it is and what they hold now.
type visit struct {
	session Session
	acc     Account
	grants  []permit.Grant
	stage   Stage
}

func (v *visit) fresh(now int64) bool {
	return now-v.session.Proved < freshFor.Milliseconds()
}

// resume finds the valid session of a secret, or returns ErrSignedOut.
func (a *Accounts) resume(ctx context.Context, secret string) (visit, error) {
	s, err := a.session(ctx, secret)
	if err != nil {
		return visit{}, err
	}
	acc, err := a.Account(ctx, s.Member)
	if err != nil {
		return visit{}, fmt.Errorf("%w: %w", ErrSignedOut, err)
	}
	grants, err := a.inForce(ctx, s.Member)
	if err != nil {
		return visit{}, err
	}
	required := permit.NeedsSecondFactor(grants, a.now())
	v := visit{s, acc, grants, s.stage(&acc, required)}
	if !a.valid(&v, required) {
		return visit{}, ErrSignedOut
	}
	return v, nil
}

func (a *Accounts) valid(v *visit, required bool) bool {
	now, s := a.now(), &v.session
	idle := a.cfg.IdleStaff
	if required {
		idle = a.cfg.Idle
	}
	switch {
	case v.acc.Disabled, len(v.grants) == 0, s.Generation != v.acc.Generation:
		return false
	case now >= s.Until, now-s.Seen >= idle.Milliseconds():
		return false
	case v.stage != StageFull && now-s.Made >= halfOpen.Milliseconds():
		return false
	}
	return true
}

func (a *Accounts) session(ctx context.Context, secret string) (Session, error) {
	key, err := rowKey(secret)
	if err != nil {
		return Session{}, ErrSignedOut
	}
	var s Session
	s.revision, err = load(ctx, a.cfg.Store, areaSession, key, &s)
	if err != nil {
		return Session{}, err
	}
	if s.revision == 0 {
		return Session{}, ErrSignedOut
	}
	s.key, s.Handle = key, handle(key)
	return s, nil
}

// begin opens a session of an account after a password was given.
func (a *Accounts) begin(ctx context.Context, acc *Account, address, agent string) (string, Session, error) {
	now := a.now()
	return a.hand(ctx, Session{
		Member: acc.Member, With: []Authenticator{Password}, Made: now, Seen: now, Proved: now,
		Until: now + a.cfg.Absolute.Milliseconds(), Generation: acc.Generation,
		Address: cut(address, maxAddress), Agent: cut(agent, maxAgent),
	})
}

// hand writes a session under a new secret.
func (a *Accounts) hand(ctx context.Context, s Session) (string, Session, error) {
	secret := newSecret()
	key, err := rowKey(secret)
	if err != nil {
		return "", Session{}, err
	}
	kept, err := save(ctx, a.cfg.Store, areaSession, key, s, s.Until, 0)
	if err != nil {
		return "", Session{}, err
	}
	if !kept {
		return "", Session{}, fmt.Errorf("write session: %w", errLost)
	}
	s.key, s.Handle, s.revision = key, handle(key), 1
	return secret, s, nil
}

// rotate ends a session and hands it on under a new secret, so that a secret
// seen before what was asked for grew is worth nothing after it. The end of the
// session stays. If the power goes between the two writes, the person signs in
// again.
func (a *Accounts) rotate(ctx context.Context, s Session) (string, Session, error) {
	if err := a.end(ctx, s.key); err != nil {
		return "", Session{}, err
	}
	s.Seen = a.now()
	return a.hand(ctx, s)
}

// end removes a session's row, or returns ErrSignedOut where it is gone.
func (a *Accounts) end(ctx context.Context, key string) error {
	for range maxTries {
		_, revision, err := a.cfg.Store.GetRow(ctx, areaSession, key)
		if err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		if revision == 0 {
			return ErrSignedOut
		}
		gone, err := a.cfg.Store.RemoveRow(ctx, areaSession, key, revision)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if gone {
			return nil
		}
	}
	return fmt.Errorf("end session: %w", errLost)
}

// Authenticate says who asks with a session's secret, or ErrSignedOut. It
// counts as a request of the session.
func (a *Accounts) Authenticate(ctx context.Context, secret string) (Principal, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return Principal{}, err
	}
	if now := a.now(); now-v.session.Seen >= seenEvery.Milliseconds() {
		v.session.Seen = now
		// Another request of the same session may have been faster: as good.
		if _, err := save(ctx, a.cfg.Store, areaSession, v.session.key, v.session, v.session.Until, v.session.revision); err != nil {
			return Principal{}, err
		}
	}
	return Principal{
		Member: v.acc.Member, Name: v.acc.Name, Grants: v.grants, Until: v.session.Until,
		Stage: v.stage, Handle: v.session.Handle, Fresh: v.fresh(a.now()),
	}, nil
}

// SignOut ends one session. It is no error if that has ended.
func (a *Accounts) SignOut(ctx context.Context, secret string) error {
	s, err := a.session(ctx, secret)
	if err != nil {
		return ignore(err, ErrSignedOut)
	}
	if err := a.end(ctx, s.key); err != nil {
		return ignore(err, ErrSignedOut)
	}
	return a.tell(ctx, Happening{What: SignedOut, Member: s.Member, Address: s.Address, Detail: s.Handle})
}

// SignOutEverywhere ends all sessions of a member with one write.
func (a *Accounts) SignOutEverywhere(ctx context.Context, member, by string) error {
	_, err := a.change(ctx, member, func(acc *Account) error {
		acc.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	return a.tell(ctx, Happening{What: SignedOutEverywhere, Member: member, By: by})
}

// Sessions lists a member's sessions that have not ended, the latest first.
func (a *Accounts) Sessions(ctx context.Context, member string) ([]Session, error) {
	acc, err := a.Account(ctx, member)
	if err != nil {
		return nil, err
	}
	var list []Session
	err = each(ctx, a.cfg.Store, areaSession, func(key string, s Session, _ int64) error {
		if s.Member == member && s.Generation == acc.Generation && a.now() < s.Until && a.now()-s.Seen < a.cfg.Idle.Milliseconds() {
			s.Handle = handle(key)
			list = append(list, s)
		}
		return nil
	})
	slices.SortFunc(list, func(x, y Session) int { return cmp.Compare(y.Seen, x.Seen) })
	return list, err
}

// cut shortens what a stranger sent, at a whole character.
func cut(s string, most int) string {
	if s = strings.ToValidUTF8(s, ""); len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
