package permit

import (
	"fmt"
	"time"
)

// Grant is a role that a member holds for one client, or for the whole MSP
// where Client is empty, over [From, Until) in ms UTC. Until 0 means no end.
type Grant struct {
	Member string
	Role   Role
	Client string
	From   int64
	Until  int64
}

// MaxAuditorGrant is the longest span of an auditor's grant.
const MaxAuditorGrant = 366 * 24 * time.Hour

// InForce reports whether the grant holds at an instant. A grant that Check
// would refuse never holds.
func (g Grant) InForce(at int64) bool {
	return g.Check() == nil && g.From <= at && (g.Until == 0 || at < g.Until)
}

// Ended reports whether the grant held once and no longer does.
func (g Grant) Ended(at int64) bool { return g.Until != 0 && at >= g.Until }

// Check refuses a grant that says too much: an administrator for one client, a
// technician or someone of a client for the whole MSP, an auditor without end.
func (g Grant) Check() error {
	switch {
	case g.Member == "":
		return fmt.Errorf("grant without a member: name the person")
	case !g.Role.Known():
		return fmt.Errorf("unknown role %q: use one of %v", g.Role, Roles())
	case g.Until != 0 && g.Until <= g.From:
		return fmt.Errorf("grant ends before it begins: give a later end")
	}
	return g.checkReach()
}

func (g Grant) checkReach() error {
	switch g.Role {
	case Administrator:
		if g.Client != "" {
			return fmt.Errorf("an administrator is one of the whole MSP: leave the client out, or grant technician")
		}
	case Technician, ClientOfficer, ClientStaff:
		if g.Client == "" {
			return fmt.Errorf("the role %s is for one client: name the client", g.Role)
		}
	case Auditor:
		if g.Until == 0 || g.Until-g.From > MaxAuditorGrant.Milliseconds() {
			return fmt.Errorf("an auditor's grant ends within 366 days: give an end")
		}
	}
	return nil
}

// covers reports whether the grant reaches a client.
func (g Grant) covers(client string) bool { return g.Client == "" || g.Client == client }

// NeedsSecondFactor reports whether any grant that has not ended demands a
// second factor: every role does but client staff.
func NeedsSecondFactor(grants []Grant, at int64) bool {
	for _, g := range grants {
		if g.Role != ClientStaff && !g.Ended(at) {
			return true
		}
	}
	return false
}

// MayGrant says whether someone with the grants in by may give, or end, the
// grant g. An administrator may give any; a client's officer may give the roles
// of staff, auditor and counsel for that client. The error says what to do.
func MayGrant(by []Grant, g Grant, at int64) error {
	if err := g.Check(); err != nil {
		return err
	}
	if ok, _ := Allowed(by, ManagePeople, "", at); ok {
		return nil
	}
	if ok, why := Allowed(by, ManageClientPeople, g.Client, at); !ok {
		return fmt.Errorf("give the role %s: %s", g.Role, why)
	}
	switch g.Role {
	case ClientStaff, Auditor, Counsel:
		return nil
	}
	return fmt.Errorf("a client's officer may give the roles %s, %s and %s only: ask an administrator of the MSP", ClientStaff, Auditor, Counsel)
}
