package client

import (
	"slices"
	"strings"
	"time"

	"breakwater/internal/framework"
)

// Location is the client's time zone, UTC where none was given.
func (s *State) Location() *time.Location {
	if s.Zone != "" {
		if zone, err := time.LoadLocation(s.Zone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// Members lists a register in the order of identifiers; with all, also those
// that are no longer in it.
func (s *State) Members(scope framework.Scope, all bool) []*Member {
	var res []*Member
	for _, m := range s.Registers[scope] {
		if m.In || all {
			res = append(res, m)
		}
	}
	slices.SortFunc(res, func(a, b *Member) int { return strings.Compare(a.ID, b.ID) })
	return res
}

// Count is how many subjects are in a register now.
func (s *State) Count(scope framework.Scope) int {
	n := 0
	for _, m := range s.Registers[scope] {
		if m.In {
			n++
		}
	}
	return n
}

// Heading is what every report is headed with: whose systems it speaks of.
// Without a scope statement signed by the client it is only those that the
// MSP manages.
func (s *State) Heading(msp string) string {
	if s.Scope == nil {
		return "Systems managed by " + msp + "; the client has not signed a scope statement"
	}
	return "Systems named in the scope statement signed by " + s.Scope.SignedBy
}
