package account_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

// A session may do what its grants say, no more and no less, for every role and
// permission; before the second factor it may do nothing.
func TestPrincipalWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		now := time.Now().UnixMilli()
		for _, r := range permit.Roles() {
			p := h.principal(h.enroll(string(r), r).secret)
			for _, q := range permit.Permissions() {
				for _, client := range []string{mine, "other", ""} {
					want, why := permit.Allowed(h.grants[string(r)], q, client, now)
					if got, because := p.Allowed(q, client, now); got != want || because != why {
						t.Errorf("%s %s of %q: %v (%s), want %v (%s)", r, q, client, got, because, want, why)
					}
					if role := p.Role(q, client, now); (role == r) != (want && q != permit.Public) {
						t.Errorf("%s does %s of %q as %q", r, q, client, role)
					}
					if ok, _ := p.Allowed(q, client, p.Until); ok && q != permit.Public {
						t.Errorf("%s %s of %q: allowed after the session's end", r, q, client)
					}
				}
			}
		}
	})
}

func TestNothingIsAllowedBeforeTheSecondFactor(t *testing.T) {
	grants := []permit.Grant{{Member: "dana", Role: permit.Administrator}}
	for _, stage := range []account.Stage{account.StageCode, account.StageEnroll, ""} {
		p := account.Principal{Member: "dana", Grants: grants, Until: 100, Stage: stage}
		for _, q := range permit.Permissions() {
			for _, client := range []string{mine, ""} {
				ok, _ := p.Allowed(q, client, 50)
				want := q == permit.Public || q == permit.EnrollFactor && client == "" && stage == account.StageEnroll
				if ok != want {
					t.Errorf("stage %q: %s of %q is %v", stage, q, client, ok)
				}
				if list, all := p.Clients(q, 50); all || list != nil {
					t.Errorf("stage %q: %s reaches clients", stage, q)
				}
			}
		}
	}
}

// A principal's clients are those about which Allowed says yes, for sessions
// and tokens alike, and a token never does more than its member.
func TestClientsAndAllowedAgree(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	grant := rapid.Custom(func(t *rapid.T) permit.Grant {
		return permit.Grant{
			Member: "m", Role: rapid.SampledFrom(permit.Roles()).Draw(t, "role"),
			Client: rapid.SampledFrom(append(names, "")).Draw(t, "client"), Until: rapid.SampledFrom([]int64{0, 40, 90}).Draw(t, "until"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		p := account.Principal{Member: "m", Grants: rapid.SliceOf(grant).Draw(t, "grants"), Until: 100, Stage: account.StageFull}
		whole := p
		if rapid.Bool().Draw(t, "token") {
			p.Scope = append(rapid.SliceOfN(grant, 1, 4).Draw(t, "scope"), permit.Grant{})
		}
		for _, q := range permit.Permissions() {
			list, all := p.Clients(q, 50)
			in := map[string]bool{}
			for _, c := range list {
				in[c] = true
			}
			for _, c := range names {
				ok, _ := p.Allowed(q, c, 50)
				if q.Reach() == permit.OfClient && ok != (all || in[c]) {
					t.Fatalf("%s of %s: allowed %v, but clients %v, all %v", q, c, ok, list, all)
				}
				if more, _ := whole.Allowed(q, c, 50); ok && !more {
					t.Fatalf("%s of %s: a token does more than its member", q, c)
				}
			}
		}
	})
}
