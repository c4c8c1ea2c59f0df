package web

import (
	"errors"
	"slices"
	"strings"

	"breakwater/internal/account"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// askedGrant is the role that a form asks for, if whoever sent it may give it.
func (s *Server) askedGrant(v *Visit, client string) (permit.Grant, error) {
	g := permit.Grant{Member: "new", Role: permit.Role(v.Field("role")), Client: client, From: v.Now()}
	if text := v.Field("until"); text != "" {
		first, err := civilDay(text, v.Zone)
		if err != nil {
			return g, err
		}
		g.Until = first + 24*hour // through that day
	}
	if client != "" {
		if err := s.open(&Visit{Request: v.Request}, client); err != nil {
			return g, wrong("choose a client of the list")
		}
	}
	if err := permit.MayGrant(v.Who.Grants, g, v.Now()); err != nil {
		return g, wrong(err.Error())
	}
	return g, nil
}

// invite makes a member with a role and the link for their account. Someone
// whose mail address is known already gets the role alone.
func (s *Server) invite(v *Visit, g permit.Grant) (Invited, error) {
	who := member.Added{Name: v.Field("name"), Mail: strings.ToLower(v.Field("mail")), By: v.Who.Member}
	if err := who.Check(); err != nil {
		return Invited{}, wrong(err.Error())
	}
	known := false
	err := s.mspSubmit(v, func(st *projection.State) error {
		m := st.Member.ByMail(who.Mail)
		if known = m != nil; known {
			who.ID, who.Name = m.ID, m.Name
		} else {
			who.ID = freeMember(&st.Member, who.Name)
		}
		return nil
	}, func() ([]intake.New, error) {
		give := v.event(event.GrantMade, granted(g, who.ID, v.Who.Member))
		if known {
			return []intake.New{give}, nil
		}
		return []intake.New{v.event(event.MemberAdded, who), give}, nil
	})
	if err != nil {
		return Invited{}, err
	}
	if _, err := s.cfg.Accounts.Account(v.Context(), who.ID); err == nil {
		return Invited{Name: who.Name, What: "has an account already, and the new role with it."}, nil
	}
	return s.invitation(v, who)
}

func granted(g permit.Grant, id, by string) member.Granted {
	return member.Granted{Member: id, Role: string(g.Role), Client: g.Client, Until: g.Until, By: by}
}

func (s *Server) invitation(v *Visit, who member.Added) (Invited, error) {
	secret, err := s.cfg.Accounts.Invite(v.Context(), who.ID, who.Mail, who.Name, v.Who.Member)
	if err != nil {
		return Invited{}, err
	}
	return Invited{
		Name: who.Name, Link: s.reached(v) + "/link/" + secret, What: "makes an account with this link.",
		Until: Moment(v.Now()+account.InvitationLife.Milliseconds(), v.Zone),
	}, nil
}

// found is the member of the path.
func (s *Server) found(v *Visit) (member.Added, error) {
	var who member.Added
	err := s.door().Read(v.Context(), s.door().MSP(), func(st *projection.State) error {
		m := st.Member.Members[v.PathValue("member")]
		if m == nil || m.Left {
			return errNotThere
		}
		who = m.Added
		return nil
	})
	return who, err
}

func (s *Server) personDescribe(v *Visit) error {
	who, err := s.found(v)
	if err != nil {
		return err
	}
	said := member.Added{ID: who.ID, Name: v.Field("name"), Mail: strings.ToLower(v.Field("mail")), By: v.Who.Member}
	if err := said.Check(); err != nil {
		return v.again(wrong(err.Error()), s.person)
	}
	err = s.mspSubmit(v, func(st *projection.State) error {
		if m := st.Member.ByMail(said.Mail); m != nil && m.ID != who.ID {
			return errors.New("another member has this mail address: give another")
		}
		return nil
	}, func() ([]intake.New, error) {
		return []intake.New{v.event(event.MemberChanged, said)}, nil
	})
	if err != nil {
		return v.again(err, s.person)
	}
	err = s.cfg.Accounts.Describe(v.Context(), who.ID, said.Name, said.Mail, v.Who.Member)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return v.again(err, s.person)
	}
	return v.Go("/people/"+who.ID, "The name and address are changed.")
}

func (s *Server) personGrant(v *Visit) error {
	who, err := s.found(v)
	if err != nil {
		return err
	}
	g, err := s.askedGrant(v, v.Field("client"))
	if err != nil {
		return v.again(err, s.person)
	}
	err = s.mspSubmit(v, func(st *projection.State) error {
		if g.Role == permit.Administrator && g.Until != 0 {
			return othersRemain(&st.Member, who.ID)
		}
		return nil
	}, func() ([]intake.New, error) {
		return []intake.New{v.event(event.GrantMade, granted(g, who.ID, v.Who.Member))}, nil
	})
	if err != nil {
		return v.again(err, s.person)
	}
	return v.Go("/people/"+who.ID, who.Name+" has the role.")
}

// othersRemain refuses what would leave the MSP without an administrator whose
// role has no end: nobody could let anyone in again.
func othersRemain(st *member.State, id string) error {
	for _, m := range st.Members {
		if m.ID == id || m.Left {
			continue
		}
		if slices.ContainsFunc(m.Grants, func(g member.Grant) bool {
			return g.Role == string(permit.Administrator) && g.Client == "" && g.Until == 0
		}) {
			return nil
		}
	}
	return errors.New("this is the last administrator: make someone else one first")
}

func (s *Server) revoke(v *Visit, id string, role permit.Role, client string) error {
	return s.mspSubmit(v, func(st *projection.State) error {
		m := st.Member.Members[id]
		held := m != nil && slices.ContainsFunc(m.Grants, func(g member.Grant) bool { return g.Role == string(role) && g.Client == client })
		switch {
		case !held:
			return errors.New("this role was taken away before: nothing to do")
		case role == permit.Administrator && client == "":
			return othersRemain(&st.Member, id)
		}
		return nil
	}, func() ([]intake.New, error) {
		g := permit.Grant{Role: role, Client: client}
		return []intake.New{v.event(event.GrantRevoked, granted(g, id, v.Who.Member))}, nil
	})
}

func (s *Server) personRevoke(v *Visit) error {
	id := v.PathValue("member")
	if err := s.revoke(v, id, permit.Role(v.Field("role")), v.Field("client")); err != nil {
		return v.again(err, s.person)
	}
	return v.Go("/people/"+id, "The role is taken away, from this moment on.")
}

// personLink makes the link that a member needs: an invitation where there is
// no account yet, else one that sets a new password.
func (s *Server) personLink(v *Visit) error {
	who, err := s.found(v)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Accounts.Account(v.Context(), who.ID); errors.Is(err, account.ErrNotFound) {
		made, err := s.invitation(v, who)
		if err != nil {
			return v.again(err, s.person)
		}
		return s.showPerson(v, made)
	}
	secret, _, err := s.cfg.Accounts.ResetLink(v.Context(), who.Mail, v.Who.Member)
	if err != nil {
		return err
	}
	if secret == "" {
		return v.again(wrong("no link can be made now: the account is kept out, or too many links were made lately; wait a quarter of an hour"), s.person)
	}
	return s.showPerson(v, Invited{
		Name: who.Name, Link: s.reached(v) + "/link/" + secret, What: "sets a new password with this link.",
		Until: Moment(v.Now()+account.ResetLife.Milliseconds(), v.Zone),
	})
}

func (s *Server) personFactor(v *Visit) error {
	id := v.PathValue("member")
	if err := s.cfg.Accounts.RemoveFactor(v.Context(), id, v.Who.Member); err != nil {
		return err
	}
	if id == v.Who.Member {
		v.forget()
	}
	return v.Go("/people/"+id, "The second factor is removed, and all sessions have ended. The next sign-in sets up a new one.")
}

func (s *Server) personSignOut(v *Visit) error {
	id := v.PathValue("member")
	if err := s.cfg.Accounts.Secure(v.Context(), id, v.Who.Member); err != nil {
		return err
	}
	if id == v.Who.Member {
		v.forget()
	}
	return v.Go("/people/"+id, "All sessions have ended; API tokens and open links are void.")
}

// personLeave ends a member's access. The log is first: with its roles gone no
// session is worth anything, whatever happens after it.
func (s *Server) personLeave(v *Visit) error {
	who, err := s.found(v)
	if err != nil {
		return err
	}
	err = s.mspSubmit(v, func(st *projection.State) error {
		return othersRemain(&st.Member, who.ID)
	}, func() ([]intake.New, error) {
		return []intake.New{v.event(event.MemberLeft, member.Left{ID: who.ID, By: v.Who.Member})}, nil
	})
	if err != nil {
		return v.again(err, s.person)
	}
	for _, end := range []func() error{
		func() error { return s.cfg.Accounts.Secure(v.Context(), who.ID, v.Who.Member) },
		func() error { return s.cfg.Accounts.Disable(v.Context(), who.ID, v.Who.Member) },
	} {
		if err := end(); err != nil && !errors.Is(err, account.ErrNotFound) {
			return err
		}
	}
	return v.Go("/people", who.Name+" has left: no role, no session, no token.")
}
