package permit

import "slices"

// Reason says why something was refused. It is Granted when nothing was.
type Reason uint8

// The reasons, from the farthest to the nearest to being allowed.
const (
	Granted      Reason = iota
	NotKnown            // no such permission
	WrongAsked          // a client is named where none belongs, or the other way round
	NoGrant             // no grant at all
	OtherClient         // no grant reaches this client
	NotInForce          // a grant would do, but it has ended, or not begun
	RoleLacks           // a grant in force reaches it, but the role does not carry it
	NeedsPerson         // an API token may not do it
	OutsideToken        // the token was made for less than the member may do
)

// String is a sentence for the person who was refused. It names no client.
func (r Reason) String() string {
	switch r {
	case Granted:
		return "allowed"
	case NotKnown:
		return "no such permission: report this as a mistake of the program"
	case WrongAsked:
		return "asked about the wrong thing: name a client where one is needed, and none elsewhere"
	case NoGrant:
		return "you have no role here: ask an administrator"
	case OtherClient:
		return "no role of yours reaches this client: ask an administrator"
	case NotInForce:
		return "your role has ended or has not begun: ask an administrator"
	case RoleLacks:
		return "your role does not carry this: ask an administrator"
	case NeedsPerson:
		return "an API token may not do this: sign in and do it yourself"
	case OutsideToken:
		return "this API token was made for less: make one with the role and clients it needs"
	}
	return "refused"
}

// Hides reports whether the answer must be the same as for a client that does
// not exist.
func (r Reason) Hides() bool { return r == NoGrant || r == OtherClient || r == NotInForce }

// Allowed says whether someone with these grants may do p at an instant, about
// a client, or about the MSP or themselves where client is empty. A refusal
// comes with the reason nearest to being allowed.
func Allowed(grants []Grant, p Permission, client string, at int64) (bool, Reason) {
	if p == Public {
		return true, Granted
	}
	row := byPermission[p]
	switch {
	case row == nil:
		return false, NotKnown
	case row.reach == OfNobody:
		return false, NoGrant
	case (row.reach == OfClient) != (client != ""):
		return false, WrongAsked
	}
	best := NoGrant
	for _, g := range grants {
		why := row.judge(g, client, at)
		if why == Granted {
			return true, Granted
		}
		best = max(best, why)
	}
	return false, best
}

// judge says what one grant does for the row.
func (row *rule) judge(g Grant, client string, at int64) Reason {
	switch {
	case row.reach == OfClient && !g.covers(client):
		return OtherClient
	case !g.InForce(at):
		return NotInForce
	case row.roles&g.Role.bit() == 0, row.reach == OfMSP && g.Client != "":
		return RoleLacks
	}
	return Granted
}

// As names the role under which someone may do p: the first in the order of
// Roles. It is "" where Allowed refuses, and for Public.
func As(grants []Grant, p Permission, client string, at int64) Role {
	for _, role := range Roles() {
		for _, g := range grants {
			if g.Role != role {
				continue
			}
			if ok, _ := Allowed([]Grant{g}, p, client, at); ok && p != Public {
				return role
			}
		}
	}
	return ""
}

// Clients lists, sorted, the clients about which someone may do p, which has
// the reach OfClient. all says that it is every client, and then the list is
// empty.
func Clients(grants []Grant, p Permission, at int64) (list []string, all bool) {
	row := byPermission[p]
	if row == nil || row.reach != OfClient {
		return nil, false
	}
	for _, g := range grants {
		if row.judge(g, g.Client, at) != Granted {
			continue
		}
		if g.Client == "" {
			return nil, true
		}
		list = append(list, g.Client)
	}
	slices.Sort(list)
	return slices.Compact(list), false
}
