package account_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

func TestFirstStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx := t.Context()
		old, err := h.FirstStart(ctx)
		if err != nil || old == "" {
			t.Fatalf("no link at the first start: %v", err)
		}
		link, err := h.FirstStart(ctx)
		if err != nil || link == "" || link == old {
			t.Fatalf("no new link at the second start: %v", err)
		}
		_, err = h.ReadLink(ctx, old)
		wants(t, "the link of the start before", err, account.ErrLink)
		h.grant("dana", permit.Administrator)
		x := account.Acceptance{Link: link, Password: password, Member: "dana", Mail: mailOf("dana"), Name: "Dana"}
		bad := x
		bad.Password = "short"
		_, err = h.Accept(ctx, bad)
		wants(t, "a weak password", err, account.ErrPassword)
		bad = x
		bad.Mail = "dana"
		if _, err = h.Accept(ctx, bad); err == nil {
			t.Error("a mail address that is none was accepted")
		}
		if _, err := h.ReadLink(ctx, link); err != nil {
			t.Errorf("a mistake used the link up: %v", err)
		}
		o, err := h.Accept(ctx, x)
		if err != nil || o.Stage != account.StageEnroll {
			t.Fatalf("stage %s, %v", o.Stage, err)
		}
		_, err = h.Accept(ctx, x)
		wants(t, "used twice", err, account.ErrLink)
		if link, err := h.FirstStart(ctx); link != "" || err != nil {
			t.Errorf("a first-start link where an account exists: %v", err)
		}
	})
}

// Of several who follow one link at once, one gets the account.
func TestLinkUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		link, err := h.FirstStart(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var won []string
		var wg sync.WaitGroup
		names := []string{"ann", "ben", "cyd", "dee"}
		for _, name := range names {
			h.grant(name, permit.Administrator)
		}
		for _, name := range names {
			wg.Go(func() {
				_, err := h.Accept(t.Context(), account.Acceptance{Link: link, Password: password, Member: name, Mail: mailOf(name), Name: "First " + name})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, name)
				} else if !errors.Is(err, account.ErrLink) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		if list, err := h.List(t.Context()); len(won) != 1 || len(list) != 1 || err != nil {
			t.Errorf("won: %v, accounts: %d, %v", won, len(list), err)
		}
	})
}

func TestInvitation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx := t.Context()
		h.join("lee", permit.ClientStaff)
		_, err := h.Invite(ctx, "dana", mailOf("lee"), "Dana", "admin")
		wants(t, "someone else's address", err, account.ErrExists)
		first, err := h.Invite(ctx, "dana", mailOf("dana"), "Dana", "admin")
		if err != nil {
			t.Fatal(err)
		}
		second, err := h.Invite(ctx, "dana", " Dana@Example.COM ", "Dana", "admin")
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.ReadLink(ctx, first)
		wants(t, "replaced", err, account.ErrLink)
		l, err := h.ReadLink(ctx, second)
		if err != nil || l.Mail != mailOf("dana") || l.Purpose != account.Invitation || l.By != "admin" {
			t.Errorf("link %+v, %v", l, err)
		}
		// The link says whose account it makes, whatever else is given.
		h.grant("dana", permit.ClientStaff)
		o, err := h.Accept(ctx, account.Acceptance{Link: second, Password: password, Member: "lee", Mail: mailOf("lee"), Name: "Lee"})
		if err != nil || o.Session.Member != "dana" {
			t.Errorf("made %+v, %v", o.Session, err)
		}
		third, err := h.Invite(ctx, "new", mailOf("new"), "New", "admin")
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Accept(ctx, account.Acceptance{Link: third, Password: password})
		wants(t, "accepted without a role", err, account.ErrRefused)
		late, err := h.Invite(ctx, "late", mailOf("late"), "Late", "admin")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(account.InvitationLife)
		_, err = h.Accept(ctx, account.Acceptance{Link: late, Password: password})
		wants(t, "a week later", err, account.ErrLink)
	})
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx := t.Context()
		dana := h.enroll("dana", permit.Technician)
		if link, to, err := h.ResetLink(ctx, mailOf("ghost"), ""); link != "" || to != "" || err != nil {
			t.Errorf("a link for nobody: %v", err)
		}
		link, to, err := h.ResetLink(ctx, "DANA@example.com", "")
		if err != nil || to != mailOf("dana") {
			t.Fatalf("to %q, %v", to, err)
		}
		h.principal(dana.secret) // asking changes nothing yet
		o, err := h.Accept(ctx, account.Acceptance{Link: link, Password: "another lamp entirely", Address: home})
		if err != nil || o.Stage != account.StageCode {
			t.Fatalf("stage %s, %v: a new password alone opens nothing", o.Stage, err)
		}
		_, err = h.Authenticate(ctx, dana.secret)
		wants(t, "session from before", err, account.ErrSignedOut)
		_, err = h.signIn("dana", password, home)
		wants(t, "the old password", err, account.ErrRefused)
		if _, err := h.GiveCode(ctx, o.Secret, dana.codes[0], home); err != nil {
			t.Errorf("the second factor is still the same: %v", err)
		}
		link, _, err = h.ResetLink(ctx, mailOf("dana"), "")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(account.ResetLife)
		_, err = h.Accept(ctx, account.Acceptance{Link: link, Password: password})
		wants(t, "an hour later", err, account.ErrLink)
		for range 10 { // a stranger cannot fill the member's mailbox
			if _, _, err := h.ResetLink(ctx, mailOf("dana"), ""); err != nil {
				t.Fatal(err)
			}
		}
		if n := h.count(account.LinkMade); n > 1+2+5 {
			t.Errorf("%d links were made", n)
		}
	})
}

// A mail row that a crash left behind is nobody's.
func TestOrphanedMailRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		if kept, err := h.store.PutRow(t.Context(), "mail", mailOf("dana"), []byte(`{"Member":"ghost"}`), 0, 0); !kept || err != nil {
			t.Fatal(kept, err)
		}
		_, err := h.signIn("dana", password, home)
		wants(t, "before", err, account.ErrRefused)
		h.join("dana", permit.ClientStaff)
		if _, err := h.signIn("dana", password, home); err != nil {
			t.Errorf("after: %v", err)
		}
	})
}

func TestListHoldsNoCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.enroll("dana", permit.Technician)
		list, err := h.List(t.Context())
		if err != nil || len(list) != 1 || !list[0].HasSecondFactor() || list[0].CodesLeft() != 10 {
			t.Fatalf("%+v, %v", list, err)
		}
		for _, c := range list[0].Credentials {
			if c.Data != nil {
				t.Errorf("the list holds a %s", c.Kind)
			}
		}
	})
}
