package cli

import (
	"errors"
	"fmt"

	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type memberGrantCmd struct {
	ID     string  `arg:"" name:"member" help:"Identifier of the member."`
	Role   string  `arg:"" help:"Role: administrator, technician, client_officer, client_staff, auditor or counsel."`
	Client string  `placeholder:"ID" help:"Client that it is for; the whole MSP if not given."`
	Until  instant `placeholder:"TIME" help:"End of the role; an auditor's needs one."`
	Why    string  `placeholder:"TEXT" help:"Why, in plain words."`
}

func (memberGrantCmd) Permission() permit.Permission { return permit.ManagePeople }

func (memberGrantCmd) Help() string {
	return example("", "breakwater member grant dana-kim technician --client lakeside",
		"breakwater member grant reviewer auditor --client lakeside --until 2026-09-01")
}

func (c *memberGrantCmd) Run(a *App) error {
	return a.withMSP(func(s *site) error {
		if _, err := s.member(c.ID); err != nil {
			return err
		}
		g, err := s.grant(c.ID, c.Role, c.Client, c.Until)
		if err != nil {
			return err
		}
		g.Why = c.Why
		return s.changeGrant(event.GrantMade, g, "Granted", func(*projection.State) error { return nil })
	})
}

type memberRevokeCmd struct {
	ID     string `arg:"" name:"member" help:"Identifier of the member."`
	Role   string `arg:"" help:"Role to take away."`
	Client string `placeholder:"ID" help:"Client that it was for; the whole MSP if not given."`
	Why    string `placeholder:"TEXT" help:"Why, in plain words."`
}

func (memberRevokeCmd) Permission() permit.Permission { return permit.ManagePeople }

func (memberRevokeCmd) Help() string {
	return example("", "breakwater member revoke dana-kim technician --client lakeside")
}

func (c *memberRevokeCmd) Run(a *App) error {
	return a.withMSP(func(s *site) error {
		if _, err := s.member(c.ID); err != nil {
			return err
		}
		g := member.Granted{Member: c.ID, Role: c.Role, Client: c.Client, By: a.caller().Actor, Why: c.Why}
		return s.changeGrant(event.GrantRevoked, g, "Revoked", func(st *projection.State) error { return mayRevoke(st, g, s.door.Now()) })
	})
}

// mayRevoke refuses to take away what is not there, and the last administrator.
func mayRevoke(st *projection.State, g member.Granted, now int64) error {
	held := false
	for _, x := range st.Member.Members[g.Member].Grants {
		held = held || x.Role == g.Role && x.Client == g.Client
	}
	switch {
	case !held:
		return fmt.Errorf("member %s has no such role: see `breakwater member list`", g.Member)
	case g.Role == string(permit.Administrator) && g.Client == "" && st.Member.Administrators(now) < 2:
		return errors.New("this is the last administrator: give the role to someone else first")
	}
	return nil
}

func (s *site) changeGrant(kind event.Kind, g member.Granted, done string, check func(*projection.State) error) error {
	rec, err := s.door.Submit(s.app.ctx, intake.Submission{
		Client: s.door.MSP(), Caller: s.app.caller(), Check: check,
		Events: func() ([]intake.New, error) { return []intake.New{{Kind: kind, At: s.door.Now(), Body: g}}, nil },
	})
	if err != nil {
		return err
	}
	return s.app.receipt(rec, done)
}
