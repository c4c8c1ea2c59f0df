package account

import (
	"context"
	"fmt"
	"time"
)

// What happened.
type What string

// The happenings.
const (
	SignedIn            What = "signed_in"
	Refused             What = "refused"
	SignedOut           What = "signed_out"
	SignedOutEverywhere What = "signed_out_everywhere"
	AccountMade         What = "account_made"
	AccountChanged      What = "account_changed"
	AccountDisabled     What = "account_disabled"
	AccountEnabled      What = "account_enabled"
	PasswordSet         What = "password_set"
	FactorSet           What = "factor_set"
	FactorRemoved       What = "factor_removed"
	CodesMade           What = "recovery_codes_made"
	CodeUsed            What = "recovery_code_used"
	TokenMade           What = "token_made"
	TokenRevoked        What = "token_revoked"
	LinkMade            What = "link_made"
	LinkUsed            What = "link_used"
)

// Happening belongs in the MSP's log. It holds no secret and, of tries under
// unknown mail addresses, not what was typed: people type passwords there.
type Happening struct {
	At      int64
	What    What
	Member  string // whose account, or ""
	By      string // who did it, where not the member
	Address string
	How     string // of a sign-in: the kinds of credentials, "password+totp"
	Detail  string // a reason, a purpose, or the handle of a token or session
	Count   int    // of refusals under unknown accounts since the last such happening; else 0
}

func (a *Accounts) tell(ctx context.Context, h Happening) error {
	h.At = a.now()
	if err := a.cfg.Happened(ctx, h); err != nil {
		return fmt.Errorf("log %s: %w", h.What, err)
	}
	return nil
}

// strangers gathers refusals under unknown accounts: an append-only log must
// not be filled by whoever knocks.
type strangers struct {
	count int
	last  int64
}

const strangersEvery = time.Minute

// tellStrangers counts n refusals and logs them, at most once a minute.
func (a *Accounts) tellStrangers(ctx context.Context, n int, address string) error {
	a.mu.Lock()
	s := &a.strangers
	s.count += n
	count := s.count
	if count == 0 || a.now()-s.last < strangersEvery.Milliseconds() {
		a.mu.Unlock()
		return nil
	}
	s.count, s.last = 0, a.now()
	a.mu.Unlock()
	return a.tell(ctx, Happening{What: Refused, Address: address, Detail: "unknown account", Count: count})
}
