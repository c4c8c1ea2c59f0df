package account_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

func TestSessionEndsWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *account.Config) { c.IdleStaff = 10 * time.Minute })
		dana := h.enroll("dana", permit.Technician)
		lee := h.join("lee", permit.ClientStaff)
		start := time.Now()
		for time.Since(start) < time.Hour { // a request every few minutes keeps both
			time.Sleep(9 * time.Minute)
			h.principal(dana.secret)
			h.principal(lee.Secret)
		}
		time.Sleep(10 * time.Minute)
		h.principal(dana.secret)
		_, err := h.Authenticate(t.Context(), lee.Secret)
		wants(t, "staff idle for ten minutes", err, account.ErrSignedOut)
		time.Sleep(30*time.Minute - time.Millisecond)
		h.principal(dana.secret)
		time.Sleep(30 * time.Minute)
		_, err = h.Authenticate(t.Context(), dana.secret)
		wants(t, "idle for half an hour", err, account.ErrSignedOut)
	})
}

// However busy, a session ends after twelve hours; handing it on does not make
// it longer.
func TestSessionEndsAfterTwelveHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		until := h.principal(dana.secret).Until
		o, err := h.Reauthenticate(t.Context(), dana.secret, password, home)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.principal(o.Secret).Until; got != until {
			t.Errorf("handed on, it ends at %d, want %d", got, until)
		}
		for time.Until(time.UnixMilli(until)) > 0 {
			h.principal(o.Secret)
			time.Sleep(5 * time.Minute)
		}
		_, err = h.Authenticate(t.Context(), o.Secret)
		wants(t, "after twelve hours", err, account.ErrSignedOut)
	})
}

func TestSecretIsKeptNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Administrator)
		token, _, err := h.IssueToken(t.Context(), h.principal(dana.secret), account.Token{Name: "n", Role: permit.Administrator, Until: time.Now().Add(time.Hour).UnixMilli()})
		if err != nil {
			t.Fatal(err)
		}
		link, _, err := h.ResetLink(t.Context(), mailOf("dana"), "")
		if err != nil {
			t.Fatal(err)
		}
		secrets := append([]string{dana.secret, dana.key, password, token, strings.TrimPrefix(token, "bw_"), link}, dana.codes...)
		for n, s := range secrets {
			if h.store.holds(s) || s == "" {
				t.Errorf("secret %d stands in the rows", n)
			}
			for _, x := range h.told {
				if strings.Contains(x.Detail+x.How+x.Member+x.By+x.Address, s) {
					t.Errorf("secret %d stands in a happening: %+v", n, x)
				}
			}
		}
	})
}

func TestOldSecretsAreWorthNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		half := h.join("dana", permit.Technician)
		e, err := h.BeginFactor(t.Context(), half.Secret)
		if err != nil {
			t.Fatal(err)
		}
		dana := someone{name: "dana", key: e.Key}
		full, codes, err := h.ConfirmFactor(t.Context(), half.Secret, dana.code(t), home)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Authenticate(t.Context(), half.Secret)
		wants(t, "secret from before the second factor", err, account.ErrSignedOut)

		time.Sleep(time.Minute)
		o, err := h.signIn("dana", password, home)
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.GiveCode(t.Context(), o.Secret, codes[0], home)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.GiveCode(t.Context(), o.Secret, codes[1], home)
		wants(t, "half-open secret used twice", err, account.ErrSignedOut)

		third, err := h.ChangePassword(t.Context(), second.Secret, password, "another lamp entirely", home)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range map[string]string{"first session": full.Secret, "second session": second.Secret} {
			_, err := h.Authenticate(t.Context(), secret)
			wants(t, what+" after a new password", err, account.ErrSignedOut)
		}
		h.principal(third.Secret)
		_, err = h.signIn("dana", password, home)
		wants(t, "the old password", err, account.ErrRefused)
	})
}

func TestSignOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		time.Sleep(time.Minute)
		other := h.full(dana, home)
		list, err := h.Sessions(t.Context(), "dana")
		if err != nil || len(list) != 2 {
			t.Fatalf("%d sessions, %v", len(list), err)
		}
		if list[0].Handle != other.Session.Handle || list[0].Agent != "test" || list[0].Address != home {
			t.Errorf("the latest session is %+v", list[0])
		}
		for range 2 { // twice is no error
			if err := h.SignOut(t.Context(), other.Secret); err != nil {
				t.Fatal(err)
			}
		}
		_, err = h.Authenticate(t.Context(), other.Secret)
		wants(t, "signed out", err, account.ErrSignedOut)
		h.principal(dana.secret)

		third := h.enroll("lee", permit.Technician)
		if err := h.SignOutEverywhere(t.Context(), "dana", "admin"); err != nil {
			t.Fatal(err)
		}
		_, err = h.Authenticate(t.Context(), dana.secret)
		wants(t, "signed out everywhere", err, account.ErrSignedOut)
		h.principal(third.secret)
		if list, err := h.Sessions(t.Context(), "dana"); err != nil || len(list) != 0 {
			t.Errorf("sessions left: %v, %v", list, err)
		}
	})
}

// What a member may do is what the grants say at each request.
func TestGrantsAreLookedUpAtEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		lee := h.join("lee", permit.ClientStaff)
		if lee.Stage != account.StageFull {
			t.Fatalf("staff is at stage %s", lee.Stage)
		}
		allowed := func(p permit.Permission) bool {
			ok, _ := h.principal(lee.Secret).Allowed(p, mine, time.Now().UnixMilli())
			return ok
		}
		if !allowed(permit.Portal) || allowed(permit.ViewClient) {
			t.Error("staff may not use the portal, or may view the client")
		}
		h.grant("lee", permit.ClientOfficer) // which demands a second factor
		if p := h.principal(lee.Secret); p.Stage != account.StageEnroll {
			t.Errorf("made an officer, the session is at stage %s", p.Stage)
		}
		if allowed(permit.ViewClient) || allowed(permit.Portal) {
			t.Error("an officer without a second factor may do something")
		}
		delete(h.grants, "lee")
		_, err := h.Authenticate(t.Context(), lee.Secret)
		wants(t, "without any grant", err, account.ErrSignedOut)
	})
}

func TestHalfOpenSessionEndsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		o, err := h.signIn("dana", password, home)
		if err != nil {
			t.Fatal(err)
		}
		if o.Stage != account.StageCode {
			t.Errorf("stage %s, want code", o.Stage)
		}
		time.Sleep(15 * time.Minute)
		_, err = h.GiveCode(t.Context(), o.Secret, dana.code(t), home)
		wants(t, "a code after a quarter of an hour", err, account.ErrSignedOut)
	})
}

func TestDisable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		lee := h.join("lee", permit.ClientStaff)
		if err := h.Disable(t.Context(), "lee", "admin"); err != nil {
			t.Fatal(err)
		}
		_, err := h.Authenticate(t.Context(), lee.Secret)
		wants(t, "disabled", err, account.ErrSignedOut)
		if link, to, err := h.ResetLink(t.Context(), mailOf("lee"), ""); link != "" || to != "" || err != nil {
			t.Errorf("a disabled member got a reset link: %v", err)
		}
		if err := h.Enable(t.Context(), "lee", "admin"); err != nil {
			t.Fatal(err)
		}
		_, err = h.Authenticate(t.Context(), lee.Secret)
		wants(t, "session from before", err, account.ErrSignedOut)
		if _, err := h.signIn("lee", password, home); err != nil {
			t.Errorf("enabled again: %v", err)
		}
		wants(t, "unknown member", h.Disable(t.Context(), "ghost", "admin"), account.ErrNotFound)
	})
}

func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("lee", permit.ClientStaff)
		if _, err := h.Invite(t.Context(), "new", mailOf("new"), "New", "admin"); err != nil {
			t.Fatal(err)
		}
		if n, err := h.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("swept %d at once, %v", n, err)
		}
		time.Sleep(12 * time.Hour)
		if n, err := h.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d after twelve hours, %v; want the session", n, err)
		}
		time.Sleep(7 * 24 * time.Hour)
		if n, err := h.Sweep(t.Context()); n != 1 || err != nil {
			t.Errorf("swept %d after a week, %v; want the invitation", n, err)
		}
		if _, err := h.Account(t.Context(), "lee"); err != nil {
			t.Errorf("the account was swept: %v", err)
		}
	})
}

func TestDescribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("lee", permit.ClientStaff)
		h.join("dana", permit.ClientStaff)
		ctx := t.Context()
		wants(t, "someone else's address", h.Describe(ctx, "lee", "Lee", mailOf("dana"), "admin"), account.ErrExists)
		if err := h.Describe(ctx, "lee", "Lee", "not an address", "admin"); err == nil {
			t.Error("an address that is none was accepted")
		}
		if err := h.Describe(ctx, "lee", "Lee Moreau", " Lee.Moreau@Example.com ", "admin"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.signIn("lee.moreau", password, home); err != nil {
			t.Errorf("under the new address: %v", err)
		}
		_, err := h.signIn("lee", password, home)
		wants(t, "under the old address", err, account.ErrRefused)
		if err := h.Describe(ctx, "dana", "Dana", mailOf("lee"), "admin"); err != nil {
			t.Errorf("the address that lee left is not free: %v", err)
		}
		if err := h.Describe(ctx, "dana", "Dana B.", mailOf("lee"), "admin"); err != nil {
			t.Errorf("only the name: %v", err)
		}
		if _, err := h.signIn("lee", password, home); err != nil {
			t.Errorf("dana under lee's old address: %v", err)
		}
	})
}
