// Package member knows the people with access: who they are, which roles they
// were granted, for the MSP or for one client, and what they opened. Its
// entries live in the MSP's own log. It refuses to know passwords, sessions
// and what a role may do.
//
// Words: a member is a person with access. A grant gives a member a role, MSP
// wide or for one client, from when, until when. A refusal is something a
// member asked for and may not have.
package member

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"breakwater/internal/event"
)

// Added is the body of member.added and member.changed.
type Added struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Mail string `json:"mail,omitempty"`
	By   string `json:"by,omitempty"`
}

// Granted is the body of member.granted and member.revoked. Client is "" for
// the MSP as a whole; Until, ms UTC, is 0 for no end.
type Granted struct {
	Member string `json:"member"`
	Role   string `json:"role"`
	Client string `json:"client,omitempty"`
	Until  int64  `json:"until,omitempty"`
	By     string `json:"by"`
	Why    string `json:"why,omitempty"`
}

// Left is the body of member.left.
type Left struct {
	ID string `json:"id"`
	By string `json:"by"`
}

// SignedIn is the body of member.signed_in. How names the credentials used.
type SignedIn struct {
	Member string `json:"member"`
	How    string `json:"how"`
	OK     bool   `json:"ok"`
}

// Refused is the body of member.refused.
type Refused struct {
	Member     string `json:"member"`
	Permission string `json:"permission"`
	Client     string `json:"client,omitempty"`
}

// Opened is the body of client.opened: a member looked at a client.
type Opened struct {
	Member string `json:"member"`
	Client string `json:"client"`
	Via    string `json:"via"`
}

// AccountSet is the body of member.account_set: password, second factor,
// recovery codes, tokens or sessions changed; never what they are.
type AccountSet struct {
	Member string `json:"member"`
	What   string `json:"what"`
	By     string `json:"by"`
}

// Member is a person with access as they stand now.
type Member struct {
	Added
	Since  int64
	Left   bool
	Grants []Grant
}

// Grant is a role of a member, from the entry that gave it.
type Grant struct {
	Granted
	From  int64
	Entry uint64
}

// State is the members of the MSP's log up to now.
type State struct {
	Members map[string]*Member
}

// New is the state of an empty log.
func New() State { return State{Members: map[string]*Member{}} }

// Apply folds one entry. Entries of other packages are left alone.
func (s *State) Apply(e event.Entry) error {
	switch e.Kind {
	case event.MemberAdded, event.MemberChanged:
		v, err := event.Body[Added](e.Envelope)
		if err != nil {
			return err
		}
		s.add(v, e.At)
	case event.GrantMade:
		v, err := event.Body[Granted](e.Envelope)
		if err != nil {
			return err
		}
		if m := s.Members[v.Member]; m != nil {
			m.drop(v)
			m.Grants = append(m.Grants, Grant{v, e.At, e.Index})
		}
	case event.GrantRevoked:
		v, err := event.Body[Granted](e.Envelope)
		if err != nil {
			return err
		}
		if m := s.Members[v.Member]; m != nil {
			m.drop(v)
		}
	case event.MemberLeft:
		v, err := event.Body[Left](e.Envelope)
		if err != nil {
			return err
		}
		if m := s.Members[v.ID]; m != nil {
			m.Left, m.Grants = true, nil
		}
	}
	return nil
}

func (s *State) add(v Added, at int64) {
	m := s.Members[v.ID]
	if m == nil || m.Left {
		m = &Member{Added: v, Since: at}
		s.Members[v.ID] = m
		return
	}
	if v.Name != "" {
		m.Name = v.Name
	}
	if v.Mail != "" {
		m.Mail = v.Mail
	}
}

// drop takes the grant of the same role for the same client away.
func (m *Member) drop(v Granted) {
	m.Grants = slices.DeleteFunc(m.Grants, func(g Grant) bool { return g.Role == v.Role && g.Client == v.Client })
}

// List is the members in the order of names; with all, also those who left.
func (s *State) List(all bool) []*Member {
	var res []*Member
	for _, m := range s.Members {
		if all || !m.Left {
			res = append(res, m)
		}
	}
	slices.SortFunc(res, func(a, b *Member) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return res
}

// ByMail finds the member with a mail address, nil if there is none.
func (s *State) ByMail(address string) *Member {
	for _, m := range s.Members {
		if !m.Left && strings.EqualFold(m.Mail, address) {
			return m
		}
	}
	return nil
}

// Administrators counts members with the administrator role MSP wide at an
// instant; the last one cannot be taken away.
func (s *State) Administrators(at int64) int {
	n := 0
	for _, m := range s.Members {
		if slices.ContainsFunc(m.Grants, func(g Grant) bool {
			return g.Role == "administrator" && g.Client == "" && (g.Until == 0 || at < g.Until)
		}) {
			n++
		}
	}
	return n
}

// Check refuses a member whose name or address is wrong.
func (v Added) Check() error {
	if strings.TrimSpace(v.Name) == "" || len(v.Name) > 120 {
		return fmt.Errorf("name %q: give 1 to 120 characters", v.Name)
	}
	a, err := mail.ParseAddress(v.Mail)
	if err != nil || a.Address != v.Mail || len(v.Mail) > 254 {
		return fmt.Errorf("mail address %q is not one: write name@example.com", v.Mail)
	}
	return nil
}
