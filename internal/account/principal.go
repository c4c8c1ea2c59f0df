package account

import (
	"breakwater/internal/permit"
)

// Principal is who asks: a member in a session, or a program with a token of
// that member.
type Principal struct {
	Member string
	Name   string
	Grants []permit.Grant // of the member, in force when this was made
	// Scope bounds a token; it is nil for a session. What is done must be
	// allowed by Grants and by Scope.
	Scope  []permit.Grant
	Until  int64 // instant at which the session or token ends
	Stage  Stage
	Handle string // short name of the session or token, for entries
	// Fresh says that the password was given within a quarter of an hour.
	Fresh bool
}

// IsToken reports whether a program asks.
func (p Principal) IsToken() bool { return p.Scope != nil }

// Allowed says whether the principal may do q about a client, or about the MSP
// or themselves where client is empty, and why not. Before the second factor
// was given nothing is allowed but what is public, and setting one up where
// that is what the session needs.
func (p Principal) Allowed(q permit.Permission, client string, at int64) (bool, permit.Reason) {
	switch {
	case q == permit.Public:
		return true, permit.Granted
	case at >= p.Until:
		return false, permit.NotInForce
	case p.Stage == StageEnroll && q != permit.EnrollFactor, p.Stage == StageCode, p.Stage == "":
		return false, permit.NoGrant
	case p.IsToken() && q.NeedsPerson():
		return false, permit.NeedsPerson
	}
	if ok, why := permit.Allowed(p.Grants, q, client, at); !ok {
		return false, why
	}
	if ok, _ := permit.Allowed(p.Scope, q, client, at); p.IsToken() && !ok {
		return false, permit.OutsideToken
	}
	return true, permit.Granted
}

// Role names the role under which the principal may do q, or "".
func (p Principal) Role(q permit.Permission, client string, at int64) permit.Role {
	if ok, _ := p.Allowed(q, client, at); !ok {
		return ""
	}
	return permit.As(p.Grants, q, client, at)
}

// Clients lists, sorted, the clients about which the principal may do q. all
// says that it is every client.
func (p Principal) Clients(q permit.Permission, at int64) (list []string, all bool) {
	if p.Stage != StageFull || at >= p.Until || p.IsToken() && q.NeedsPerson() {
		return nil, false
	}
	list, all = permit.Clients(p.Grants, q, at)
	if !p.IsToken() {
		return list, all
	}
	scope, scopeAll := permit.Clients(p.Scope, q, at)
	switch {
	case scopeAll:
		return list, all
	case all:
		return scope, false
	}
	return both(list, scope), false
}

// both keeps what two sorted lists share.
func both(x, y []string) []string {
	var shared []string
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0] < y[0]:
			x = x[1:]
		case x[0] > y[0]:
			y = y[1:]
		default:
			shared = append(shared, x[0])
			x, y = x[1:], y[1:]
		}
	}
	return shared
}
