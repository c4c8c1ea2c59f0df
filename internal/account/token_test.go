package account_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

func FuzzParseToken(f *testing.F) {
	f.Add("bw_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	f.Add("bw_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9")
	f.Add("bw_")
	f.Add("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := account.ParseToken(text)
		if err != nil {
			if key != "" {
				t.Errorf("%q is refused, with a key", text)
			}
			return
		}
		if len(text) != 46 || !strings.HasPrefix(text, account.TokenPrefix) || len(key) != 64 {
			t.Errorf("%q reads as %q", text, key)
		}
		// One secret has one text: no other last character reads as the same.
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			other := text[:45] + string(c)
			if k, err := account.ParseToken(other); other != text && err == nil && k == key {
				t.Errorf("%q and %q are the same secret", text, other)
			}
		}
	})
}

func later(d time.Duration) int64 { return time.Now().Add(d).UnixMilli() }

func TestToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		text, made, err := h.IssueToken(t.Context(), h.principal(dana.secret), account.Token{
			Name: " nightly import ", Role: permit.Technician, Clients: []string{mine, mine}, Until: later(24 * time.Hour), Member: "someone else", Used: 5,
		})
		if err != nil {
			t.Fatal(err)
		}
		if made.Member != "dana" || made.Name != "nightly import" || len(made.Clients) != 1 || made.Used != 0 {
			t.Errorf("made %+v", made)
		}
		time.Sleep(time.Hour)
		p, err := h.AuthenticateToken(t.Context(), text, home)
		if err != nil {
			t.Fatal(err)
		}
		if p.Member != "dana" || !p.IsToken() || p.Handle != made.ID || p.Fresh {
			t.Errorf("principal %+v", p)
		}
		list, err := h.Tokens(t.Context(), "dana")
		if err != nil || len(list) != 1 || list[0].Used != time.Now().UnixMilli() || list[0].Address != home {
			t.Errorf("listed %+v, %v", list, err)
		}
		for _, bad := range []string{"", "bw_", text[:45], text + "A", strings.Replace(text, "bw_", "bx_", 1), "bw_" + strings.Repeat("A", 43), dana.secret, "bw_" + dana.secret} {
			_, err := h.AuthenticateToken(t.Context(), bad, home)
			wants(t, bad, err, account.ErrToken)
		}
		_, err = h.Authenticate(t.Context(), strings.TrimPrefix(text, "bw_"))
		wants(t, "a token as a session", err, account.ErrSignedOut)
		time.Sleep(23 * time.Hour)
		_, err = h.AuthenticateToken(t.Context(), text, home)
		wants(t, "at its end", err, account.ErrToken)
	})
}

func TestTokenIsNoWiderThanItsMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		admin, dana := h.enroll("admin", permit.Administrator), h.enroll("dana", permit.Technician)
		lee := h.join("lee", permit.ClientStaff)
		for _, c := range []struct {
			what, secret string
			token        account.Token
			ok           bool
		}{
			{"technician for the own client", dana.secret, account.Token{Name: "n", Role: permit.Technician, Clients: []string{mine}, Until: later(time.Hour)}, true},
			{"technician for another client", dana.secret, account.Token{Name: "n", Role: permit.Technician, Clients: []string{"other"}, Until: later(time.Hour)}, false},
			{"technician for all", dana.secret, account.Token{Name: "n", Role: permit.Technician, Until: later(time.Hour)}, false},
			{"administrator by a technician", dana.secret, account.Token{Name: "n", Role: permit.Administrator, Until: later(time.Hour)}, false},
			{"administrator", admin.secret, account.Token{Name: "n", Role: permit.Administrator, Until: later(time.Hour)}, true},
			{"auditor of all by an administrator", admin.secret, account.Token{Name: "n", Role: permit.Auditor, Until: later(time.Hour)}, true},
			{"no name", admin.secret, account.Token{Role: permit.Administrator, Until: later(time.Hour)}, false},
			{"no end", admin.secret, account.Token{Name: "n", Role: permit.Administrator}, false},
			{"two years", admin.secret, account.Token{Name: "n", Role: permit.Administrator, Until: later(2 * 366 * 24 * time.Hour)}, false},
			{"no role", admin.secret, account.Token{Name: "n", Until: later(time.Hour)}, false},
			{"by client staff", lee.Secret, account.Token{Name: "n", Role: permit.ClientStaff, Clients: []string{mine}, Until: later(time.Hour)}, false},
		} {
			if _, _, err := h.IssueToken(t.Context(), h.principal(c.secret), c.token); (err == nil) != c.ok {
				t.Errorf("%s: %v", c.what, err)
			}
		}
		time.Sleep(20 * time.Minute)
		_, _, err := h.IssueToken(t.Context(), h.principal(dana.secret), account.Token{Name: "n", Role: permit.Technician, Clients: []string{mine}, Until: later(time.Hour)})
		wants(t, "without a password given lately", err, account.ErrAgain)
	})
}

// What a token may do is bounded by its scope, by its member's grants at that
// moment, and by what takes a person.
func TestTokenScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		admin := h.enroll("admin", permit.Administrator)
		owner := h.principal(admin.secret)
		text, _, err := h.IssueToken(t.Context(), owner, account.Token{Name: "n", Role: permit.Technician, Clients: []string{mine}, Until: later(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(p permit.Permission, client string) permit.Reason {
			who, err := h.AuthenticateToken(t.Context(), text, home)
			if err != nil {
				t.Fatal(err)
			}
			_, why := who.Allowed(p, client, time.Now().UnixMilli())
			return why
		}
		for _, c := range []struct {
			p      permit.Permission
			client string
			want   permit.Reason
		}{
			{permit.RecordEvidence, mine, permit.Granted},
			{permit.RecordEvidence, "other", permit.OutsideToken},
			{permit.AddClient, "", permit.OutsideToken},
			{permit.ViewPortfolio, "", permit.Granted},
			{permit.RetractEntry, mine, permit.NeedsPerson},
			{permit.ChangeOwn, "", permit.NeedsPerson},
			{permit.IssueToken, "", permit.NeedsPerson},
			{permit.Public, "", permit.Granted},
		} {
			if got := ask(c.p, c.client); got != c.want {
				t.Errorf("%s of %q: %s, want %s", c.p, c.client, got, c.want)
			}
		}
		who, err := h.AuthenticateToken(t.Context(), text, home)
		if err != nil {
			t.Fatal(err)
		}
		if list, all := who.Clients(permit.ViewClient, time.Now().UnixMilli()); all || len(list) != 1 || list[0] != mine {
			t.Errorf("the token reaches %v, all %v", list, all)
		}
		h.grants["admin"] = nil
		h.grant("admin", permit.Auditor)
		if got := ask(permit.RecordEvidence, mine); got != permit.RoleLacks {
			t.Errorf("its member only reads now: %s", got)
		}
		h.grants["admin"] = nil
		if got := ask(permit.ViewClient, mine); got != permit.NoGrant {
			t.Errorf("its member has no role: %s", got)
		}
	})
}

func TestRevokeToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		admin := h.enroll("admin", permit.Administrator)
		var texts []string
		var ids []string
		for _, name := range []string{"a", "b", "c"} {
			text, tok, err := h.IssueToken(t.Context(), h.principal(admin.secret), account.Token{Name: name, Role: permit.Administrator, Until: later(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			texts, ids = append(texts, text), append(ids, tok.ID)
		}
		wants(t, "someone else's", h.RevokeToken(t.Context(), "dana", ids[0], "dana"), account.ErrNotFound)
		if err := h.RevokeToken(t.Context(), "admin", ids[0], "admin"); err != nil {
			t.Fatal(err)
		}
		wants(t, "twice", h.RevokeToken(t.Context(), "admin", ids[0], "admin"), account.ErrNotFound)
		_, err := h.AuthenticateToken(t.Context(), texts[0], home)
		wants(t, "revoked", err, account.ErrToken)
		if _, err := h.AuthenticateToken(t.Context(), texts[1], home); err != nil {
			t.Errorf("the next one: %v", err)
		}
		if err := h.Secure(t.Context(), "admin", "admin"); err != nil {
			t.Fatal(err)
		}
		_, err = h.AuthenticateToken(t.Context(), texts[1], home)
		wants(t, "after everything ended", err, account.ErrToken)
		_, err = h.Authenticate(t.Context(), admin.secret)
		wants(t, "session after everything ended", err, account.ErrSignedOut)
		if n := h.count(account.TokenRevoked); n != 3 {
			t.Errorf("%d revocations logged, want 3", n)
		}
	})
}

func TestTokenOfADisabledMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		admin := h.enroll("admin", permit.Administrator)
		text, _, err := h.IssueToken(t.Context(), h.principal(admin.secret), account.Token{Name: "n", Role: permit.Administrator, Until: later(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Disable(t.Context(), "admin", "admin"); err != nil {
			t.Fatal(err)
		}
		_, err = h.AuthenticateToken(t.Context(), text, home)
		wants(t, "disabled", err, account.ErrToken)
	})
}
