package client

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"breakwater/internal/event"
	"breakwater/internal/framework"
)

// Limits of what a client may say of itself.
const (
	maxName     = 120
	maxSubjects = 20_000 // members of one register
)

// ErrExists is returned for an identifier that is taken.
var ErrExists = errors.New("exists already")

// ErrNotFound is returned for a subject that is in no register.
var ErrNotFound = errors.New("not found")

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,47}$`)

// CheckID reports whether an identifier of a client can be used: it becomes
// part of addresses and commands.
func CheckID(id string) error {
	if !idForm.MatchString(id) {
		return fmt.Errorf("client identifier %q: use 1 to 48 lower-case letters, digits and hyphens", id)
	}
	return nil
}

// IDFrom makes an identifier from a name: "Lakeside Dental, P.C." gives
// "lakeside-dental-p-c".
func IDFrom(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-") && r != '\'' && r != '’':
			b.WriteByte('-')
		}
	}
	id := strings.Trim(b.String(), "-")
	return strings.TrimRight(id[:min(len(id), 48)], "-")
}

// CheckName refuses an empty, overlong or unprintable name.
func CheckName(what, name string) error {
	if strings.TrimSpace(name) == "" || len(name) > maxName {
		return fmt.Errorf("%s %q: give 1 to %d characters", what, name, maxName)
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		return fmt.Errorf("%s %q holds a character that cannot be shown: take it out", what, name)
	}
	return nil
}

// CheckZone refuses a time zone that is not in the IANA database.
func CheckZone(zone string) error {
	if zone == "" || zone == "Local" {
		return fmt.Errorf("time zone is missing: name one such as America/Chicago")
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return fmt.Errorf("time zone %q is not known: name one such as America/Chicago", zone)
	}
	return nil
}

// LegalKinds are the kinds a client may be of.
var LegalKinds = []framework.LegalKind{
	framework.CoveredEntity, framework.BusinessAssociate, framework.Hybrid, framework.Part2, framework.NoKind,
}

// CheckKind refuses a legal kind that is none of LegalKinds.
func CheckKind(k framework.LegalKind) error {
	if !slices.Contains(LegalKinds, k) {
		return fmt.Errorf("legal kind %q is not known: use covered_entity, business_associate, hybrid, part2 or none", k)
	}
	return nil
}

// regions are the states, the district and the territories, as the mail
// writes them.
var regions = strings.Fields("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI")

// Check refuses the body of client.added when a field is wrong.
func (a Added) Check() error {
	if err := CheckID(a.ID); err != nil {
		return err
	}
	if err := CheckName("client name", a.Name); err != nil {
		return err
	}
	if a.Region != "" && !slices.Contains(regions, a.Region) {
		return fmt.Errorf("state %q is not one of the United States: give its two capital letters, such as TX", a.Region)
	}
	return CheckZone(a.Zone)
}

// Scopes are the registers that this package keeps.
var Scopes = []framework.Scope{
	framework.ScopeSite, framework.ScopeAccount, framework.ScopeDomain, framework.ScopePerson, framework.ScopeVendor,
}

// KindOf is the event kind that adds ("added"), changes ("changed") or
// retires ("retired") a subject of a register.
func KindOf(scope framework.Scope, what string) (event.Kind, error) {
	k, ok := event.KindNamed(string(scope) + "." + what)
	if _, mine := registers[k]; !ok || !mine {
		return 0, fmt.Errorf("there is no register of %q: use device, site, account, domain, person or vendor", scope)
	}
	return k, nil
}

// Uses are the words an account or a domain may be used for, Roles those of a
// person; a practice may apply to some of them only.
var (
	AccountUses = []string{"email", "privileged", "remote"}
	DomainUses  = []string{"directory", "mail", "service", "website"}
	PersonRoles = []string{"it", "privacy", "security"}
)

// CheckListing refuses a subject of a register when a field is wrong.
func CheckListing(scope framework.Scope, l Listing) error {
	if err := CheckName(string(scope)+" identifier", l.ID); err != nil {
		return err
	}
	if l.Name != "" {
		if err := CheckName(string(scope)+" name", l.Name); err != nil {
			return err
		}
	}
	words, allowed, field := l.Uses, []string{}, "use"
	switch scope {
	case framework.ScopeAccount:
		allowed = AccountUses
	case framework.ScopeDomain:
		allowed = DomainUses
	case framework.ScopePerson:
		words, allowed, field = l.Roles, PersonRoles, "role"
	}
	for _, w := range words {
		if !slices.Contains(allowed, w) {
			return fmt.Errorf("%s %s: %s %q is not known: use %s", scope, l.ID, field, w, strings.Join(allowed, ", "))
		}
	}
	return nil
}

// MayAdd refuses a subject that is in the register now, and a full register.
func (s *State) MayAdd(scope framework.Scope, id string) error {
	if m := s.Registers[scope][id]; m != nil && m.In {
		return fmt.Errorf("%s %s: %w: change or retire it instead", scope, id, ErrExists)
	}
	if len(s.Registers[scope]) >= maxSubjects {
		return fmt.Errorf("the register of %ss is full at %d: retire some first", scope, maxSubjects)
	}
	return nil
}

// MayRetire refuses a subject that is not in the register now.
func (s *State) MayRetire(scope framework.Scope, id string) error {
	if m := s.Registers[scope][id]; m == nil || !m.In {
		return fmt.Errorf("%s %s: %w in the register: list it with `breakwater subject list`", scope, id, ErrNotFound)
	}
	return nil
}

// Check refuses a scope statement that says nothing or that nobody signed.
func (s ScopeStatement) Check() error {
	if len(s.Holds) == 0 {
		return fmt.Errorf("scope statement: say what holds ePHI, one thing a line")
	}
	if strings.TrimSpace(s.SignedBy) == "" {
		return fmt.Errorf("scope statement: name who signs it for the client")
	}
	return nil
}
