package account_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

// Every refusal is the same to whoever asks: message, and time to the step.
func TestRefusalsLookAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		h.join("gone", permit.ClientStaff)
		h.join("off", permit.ClientStaff)
		delete(h.grants, "gone")
		if err := h.Disable(t.Context(), "off", "admin"); err != nil {
			t.Fatal(err)
		}
		var first string
		for n, c := range []struct{ what, member, password string }{
			{"wrong password", "dana", "quite wrong indeed"},
			{"unknown account", "nobody", password},
			{"no role any more", "gone", password},
			{"disabled", "off", password},
			{"empty", "dana", ""},
			{"endless", "dana", strings.Repeat(password, 10_000)},
		} {
			start := time.Now()
			_, err := h.signIn(c.member, c.password, fmt.Sprintf("198.51.100.%d", n))
			wants(t, c.what, err, account.ErrRefused)
			if took := time.Since(start); took <= 0 || took%account.RefusalStep != 0 {
				t.Errorf("%s took %s, not a step of %s", c.what, took, account.RefusalStep)
			}
			if first == "" {
				first = err.Error()
			}
			if err.Error() != first {
				t.Errorf("%s says %q, others %q", c.what, err, first)
			}
		}
	})
}

// tries counts how many of n tries in a row are looked at: a refusal that was
// judged is logged, one while waiting is not.
func (h *house) tries(n int, member, address string) int {
	before := h.count(account.Refused)
	for range n {
		_, err := h.signIn(member, "quite wrong indeed", address)
		wants(h.t, "try", err, account.ErrRefused)
	}
	return h.count(account.Refused) - before
}

func TestWaitDoublesPerAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		if got := h.tries(account.FreeTries, "dana", "198.51.100.1"); got != account.FreeTries {
			t.Fatalf("%d of %d free tries were looked at", got, account.FreeTries)
		}
		// From other addresses, so that only the account's wait counts.
		for n, d := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
			address := fmt.Sprintf("198.51.100.%d", n+2)
			synctest.Wait()
			if got := h.tries(1, "dana", address); got != 0 {
				t.Errorf("after %d failures the next try was looked at at once", account.FreeTries+n)
			}
			if _, err := h.signIn("dana", password, address); !errors.Is(err, account.ErrRefused) {
				t.Errorf("the right password was taken while waiting: %v", err)
			}
			time.Sleep(d * time.Second)
			if got := h.tries(1, "dana", address); got != 1 {
				t.Errorf("after %d failures and %d s the next try was not looked at", account.FreeTries+n, d)
			}
		}
		time.Sleep(15 * time.Minute)
		if _, err := h.signIn("dana", password, "198.51.100.99"); err != nil {
			t.Errorf("after the wait the right password was refused: %v", err)
		}
		if got := h.tries(account.FreeTries+1, "dana", "198.51.100.100"); got != account.FreeTries {
			t.Errorf("after a success %d tries are free, want %d", got, account.FreeTries)
		}
	})
}

// An account that does not exist waits like one that does.
func TestUnknownAccountWaitsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		shape := func(member string) string {
			var b strings.Builder
			for n := range 8 {
				start := time.Now()
				_, err := h.signIn(member, "quite wrong indeed", fmt.Sprintf("2001:db8:%s:%d::1", map[string]string{"dana": "1", "ghost": "2"}[member], n))
				fmt.Fprintf(&b, "%v after %s; ", err, time.Since(start))
			}
			return b.String()
		}
		if known, unknown := shape("dana"), shape("ghost"); known != unknown {
			t.Errorf("known: %s\nunknown: %s", known, unknown)
		}
	})
}

func TestAddressWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		for n := range account.AddressTries {
			h.tries(1, fmt.Sprintf("ghost%d", n), fmt.Sprintf("2001:db8:1:1::%d", n)) // one /64
		}
		if _, err := h.signIn("dana", password, "2001:db8:1:1::ffff"); !errors.Is(err, account.ErrRefused) {
			t.Errorf("a sign-in from a network that waits: %v", err)
		}
		if _, err := h.signIn("dana", password, "2001:db8:1:2::1"); err != nil {
			t.Errorf("a sign-in from the next network: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := h.signIn("dana", password, "2001:db8:1:1::ffff"); err != nil {
			t.Errorf("a sign-in after the wait: %v", err)
		}
	})
}

// Strangers who fail on purpose do not lock a member out of the usual place.
func TestMemberAtAKnownAddressIsNotLockedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		for n := range 12 {
			h.tries(1, "dana", fmt.Sprintf("198.51.100.%d", n))
		}
		if _, err := h.signIn("dana", password, "198.51.100.200"); !errors.Is(err, account.ErrRefused) {
			t.Errorf("from a new address: %v", err)
		}
		if _, err := h.signIn("dana", password, home); err != nil {
			t.Errorf("from home: %v", err)
		}
		if got := h.tries(account.FreeTries+2, "dana", home); got != account.FreeTries {
			t.Errorf("at home %d tries are free, want %d", got, account.FreeTries)
		}
	})
}

// A right password is not held against the member, wherever it was given and
// even if no code follows.
func TestRightPasswordIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.enroll("dana", permit.Technician)
		for n := range 3 * account.AddressTries {
			for _, address := range []string{home, "198.51.100.1"} {
				if o, err := h.signIn("dana", password, address); err != nil || o.Stage != account.StageCode {
					t.Fatalf("sign-in %d from %s: stage %s, %v", n, address, o.Stage, err)
				}
			}
		}
	})
}

// Tries are counted before they are judged: many at once do not slip past.
func TestTriesAtOnceAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		before := h.count(account.Refused)
		var wg sync.WaitGroup
		for n := range 60 {
			wg.Go(func() { _, _ = h.signIn("dana", "quite wrong indeed", fmt.Sprintf("198.51.100.%d", n)) })
		}
		wg.Wait()
		if got := h.count(account.Refused) - before; got > account.FreeTries {
			t.Errorf("%d of 60 tries at once were judged, want at most %d", got, account.FreeTries)
		}
	})
}

func TestFailuresAreForgottenAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		h.tries(account.FreeTries+1, "dana", "198.51.100.1")
		time.Sleep(24 * time.Hour)
		if got := h.tries(account.FreeTries+1, "dana", "198.51.100.2"); got != account.FreeTries {
			t.Errorf("a day later %d tries are free, want %d", got, account.FreeTries)
		}
	})
}

// Who knocks can neither fill the memory nor the log, and what was typed for a
// mail address is kept nowhere.
func TestStrangersFillNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for n := range 500 {
			_, err := h.SignIn(t.Context(), account.Attempt{Mail: fmt.Sprintf("typed-by-mistake-%d", n), Password: "x", Address: fmt.Sprintf("198.51.%d.%d", n/250, n%250)})
			wants(t, "stranger", err, account.ErrRefused)
		}
		if n := h.count(account.Refused); n > 4 { // 500 tries take two minutes
			t.Errorf("%d entries of strangers in two minutes", n)
		}
		time.Sleep(time.Minute)
		if _, err := h.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, x := range h.told {
			sum += x.Count
			if strings.Contains(fmt.Sprint(x), "typed-by-mistake") {
				t.Errorf("logged what a stranger typed: %+v", x)
			}
		}
		if sum != 500 {
			t.Errorf("the log counts %d refusals, want 500", sum)
		}
		if got := h.Meters(); got > account.MaxMeters {
			t.Errorf("%d meters", got)
		}
	})
}

func TestMetersAreBounded(t *testing.T) {
	h := newHouse(t)
	for n := range account.MaxMeters + 100 {
		h.TryAddress(fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255))
	}
	if got := h.Meters(); got != account.MaxMeters {
		t.Errorf("%d meters in memory, want %d", got, account.MaxMeters)
	}
}

// What cannot be logged does not take place.
func TestSignInThatCannotBeLoggedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		h.deaf = errors.New("the log is full")
		o, err := h.signIn("dana", password, home)
		wants(t, "sign in", err, h.deaf)
		if o.Secret != "" {
			t.Error("a secret was handed out")
		}
		_, err = h.signIn("dana", "quite wrong indeed", home)
		wants(t, "refusal", err, h.deaf)
	})
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7":            "203.0.113.7",
		"203.0.113.7:4711":       "203.0.113.7",
		"::ffff:203.0.113.7":     "203.0.113.7",
		"2001:db8:1:2:3:4:5:6":   "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]:4711": "2001:db8:1:2::/64",
		"fe80::1%eth0":           "fe80::/64",
		"":                       "",
		"pipe":                   "pipe",
	} {
		if got := account.Network(in); got != want {
			t.Errorf("%q is counted as %q, want %q", in, got, want)
		}
	}
}
