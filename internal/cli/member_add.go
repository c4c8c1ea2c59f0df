package cli

import (
	"bufio"
	"fmt"

	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type memberCmd struct {
	Add    memberAddCmd    `cmd:"" help:"Add a person with access, and print the link that invites them."`
	Invite memberInviteCmd `cmd:"" help:"Print a new link: to make an account, or to set a new password."`
	Grant  memberGrantCmd  `cmd:"" help:"Give a member a role."`
	Revoke memberRevokeCmd `cmd:"" help:"Take a role away from a member."`
	List   memberListCmd   `cmd:"" help:"List the members and their roles."`
}

func (memberCmd) Help() string {
	return example("", `breakwater member add "Dana Kim" --mail dana@example.com --role technician --client lakeside`, "breakwater member list")
}

type memberAddCmd struct {
	Name   string  `arg:"" help:"Name of the person."`
	Mail   string  `required:"" placeholder:"ADDRESS" help:"Mail address to sign in with."`
	ID     string  `name:"id" placeholder:"ID" help:"Identifier; made from the name if not given."`
	Role   string  `placeholder:"ROLE" help:"First role: administrator, technician, client_officer, client_staff, auditor or counsel."`
	Client string  `placeholder:"ID" help:"Client that the role is for; the whole MSP if not given."`
	Until  instant `placeholder:"TIME" help:"End of the role; none if not given."`
}

func (memberAddCmd) Permission() permit.Permission { return permit.ManagePeople }

func (memberAddCmd) Help() string {
	return example("", `breakwater member add "Dana Kim" --mail dana@example.com --role technician --client lakeside`)
}

// MemberAnswer answers what concerns one member.
type MemberAnswer struct {
	ID    string `json:"id"`
	Index uint64 `json:"index,omitempty"`
	Link  string `json:"link,omitempty"` // path of a link that works once
}

func (c *memberAddCmd) Run(a *App) error {
	return a.withMSP(func(s *site) error {
		id, rec, err := c.add(s)
		if err != nil {
			return err
		}
		answer := MemberAnswer{ID: id, Index: rec.Index}
		if answer.Link, err = s.invite(id, c.Mail, c.Name); err != nil {
			return err
		}
		return a.show(answer, func(w *bufio.Writer) {
			fmt.Fprintf(w, "Added %s as %s.\n", clean(c.Name), id)
			inviteText(w, answer.Link)
		})
	})
}

func (c *memberAddCmd) add(s *site) (string, intake.Receipt, error) {
	added := member.Added{ID: c.ID, Name: c.Name, Mail: c.Mail, By: s.app.caller().Actor}
	if added.ID == "" {
		added.ID = client.IDFrom(c.Name)
	}
	if err := added.Check(); err != nil {
		return "", intake.Receipt{}, problem("%v", err)
	}
	now := s.door.Now()
	events := []intake.New{{Kind: event.MemberAdded, At: now, Body: added}}
	if c.Role != "" {
		g, err := s.grant(added.ID, c.Role, c.Client, c.Until)
		if err != nil {
			return "", intake.Receipt{}, err
		}
		events = append(events, intake.New{Kind: event.GrantMade, At: now, Body: g})
	}
	rec, err := s.door.Submit(s.app.ctx, intake.Submission{
		Client: s.door.MSP(), Caller: s.app.caller(),
		Check: func(st *projection.State) error {
			if m := st.Member.Members[added.ID]; m != nil && !m.Left {
				return fmt.Errorf("member %s exists already: choose another identifier with --id", added.ID)
			}
			if m := st.Member.ByMail(added.Mail); m != nil {
				return fmt.Errorf("member %s has this mail address: use `breakwater member grant %s`", m.ID, m.ID)
			}
			return nil
		},
		Events: func() ([]intake.New, error) { return events, nil },
	})
	return added.ID, rec, err
}

// grant is the body of a grant, which is refused here if no one may hold it.
func (s *site) grant(id, role, of string, until instant) (member.Granted, error) {
	g := member.Granted{Member: id, Role: role, Client: of, Until: until.given(), By: s.app.caller().Actor}
	if !permit.Role(role).Known() {
		return g, problem("role %q is not known: use administrator, technician, client_officer, client_staff, auditor or counsel", role)
	}
	if of != "" {
		if err := s.check(of); err != nil {
			return g, err
		}
	}
	err := permit.Grant{Member: id, Role: permit.Role(role), Client: of, From: s.door.Now(), Until: g.Until}.Check()
	if err != nil {
		return g, problem("%v", err)
	}
	return g, nil
}

// withMSP runs f on the MSP's own log, where members are kept.
func (a *App) withMSP(f func(*site) error) error {
	return a.with(func(s *site) error {
		if s.door.MSP() == "" {
			return problem("the MSP has no log yet: make it with `breakwater client add NAME --msp`")
		}
		if err := s.check(s.door.MSP()); err != nil {
			return err
		}
		return f(s)
	})
}

// invite is the path of a link with which a member makes an account, "" where
// nobody signs in.
func (s *site) invite(id, mail, name string) (string, error) {
	accounts, err := s.accounts()
	if err != nil || accounts == nil {
		return "", err
	}
	secret, err := accounts.Invite(s.app.ctx, id, mail, name, s.app.caller().Actor)
	if err != nil {
		return "", problem("%s is added, but not invited: %v: try `breakwater member invite %s`", id, err, id)
	}
	return "/link/" + secret, nil
}

func inviteText(w *bufio.Writer, link string) {
	if link != "" {
		fmt.Fprintf(w, "Give them this link, which works once, behind your address:\n\n  %s\n", link)
	}
}

type memberInviteCmd struct {
	ID string `arg:"" name:"member" help:"Identifier of the member."`
}

func (memberInviteCmd) Permission() permit.Permission { return permit.ManagePeople }

func (memberInviteCmd) Help() string { return example("", "breakwater member invite dana-kim") }

func (c *memberInviteCmd) Run(a *App) error {
	return a.withMSP(func(s *site) error {
		m, err := s.member(c.ID)
		if err != nil {
			return err
		}
		accounts, err := s.accounts()
		if err != nil {
			return err
		}
		if accounts == nil {
			return problem("nobody signs in to this program: use the one with pages")
		}
		answer := MemberAnswer{ID: c.ID}
		if _, err := accounts.Account(a.ctx, c.ID); err != nil {
			answer.Link, err = s.invite(m.ID, m.Mail, m.Name)
			if err != nil {
				return err
			}
		} else {
			secret, _, err := accounts.ResetLink(a.ctx, m.Mail, a.caller().Actor)
			if err != nil {
				return err
			}
			answer.Link = "/link/" + secret
		}
		return a.show(answer, func(w *bufio.Writer) { inviteText(w, answer.Link) })
	})
}

// member finds someone who has not left.
func (s *site) member(id string) (member.Member, error) {
	var found member.Member
	err := s.door.Read(s.app.ctx, s.door.MSP(), func(st *projection.State) error {
		m := st.Member.Members[id]
		if m == nil || m.Left {
			return problem("no member is called %q: list them with `breakwater member list`", id)
		}
		found = *m
		return nil
	})
	return found, err
}

type memberListCmd struct{}

func (memberListCmd) Permission() permit.Permission { return permit.ViewPeople }

func (memberListCmd) Help() string { return example("", "breakwater member list") }

type listedGrant struct {
	Role   string `json:"role"`
	Client string `json:"client,omitempty"`
	From   string `json:"from"`
	Until  string `json:"until,omitempty"`
}

type listedMember struct {
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Mail   string        `json:"mail"`
	Grants []listedGrant `json:"grants"`
}

func (c *memberListCmd) Run(a *App) error {
	list := []listedMember{}
	return a.withMSP(func(s *site) error {
		err := s.door.Read(a.ctx, s.door.MSP(), func(st *projection.State) error {
			for _, m := range st.Member.List(false) {
				row := listedMember{m.ID, m.Name, m.Mail, []listedGrant{}}
				for _, g := range m.Grants {
					row.Grants = append(row.Grants, listedGrant{g.Role, g.Client, interval.Format(g.From), when(g.Until)})
				}
				list = append(list, row)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return a.show(map[string]any{"members": list}, func(w *bufio.Writer) { membersText(w, list) })
	})
}

func membersText(w *bufio.Writer, list []listedMember) {
	if len(list) == 0 {
		w.WriteString("No members yet: follow the link that `breakwater serve` prints, or use `breakwater member add`.\n")
		return
	}
	var rows [][]string
	for _, m := range list {
		if len(m.Grants) == 0 {
			rows = append(rows, []string{m.ID, m.Name, m.Mail, "no role", "", ""})
		}
		for _, g := range m.Grants {
			of := g.Client
			if of == "" {
				of = "all clients"
			}
			rows = append(rows, []string{m.ID, m.Name, m.Mail, g.Role, of, g.Until})
		}
	}
	table(w, []string{"ID", "NAME", "MAIL", "ROLE", "FOR", "UNTIL"}, rows)
}
