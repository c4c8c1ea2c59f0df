package cli

import (
	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

type subjectCmd struct {
	Add    subjectAddCmd    `cmd:"" help:"Put a subject into its register."`
	Change subjectChangeCmd `cmd:"" help:"Change what the register says of a subject."`
	Retire subjectRetireCmd `cmd:"" help:"Take a subject out of its register."`
	Return subjectReturnCmd `cmd:"" help:"Bring a retired device back."`
	Unused subjectUnusedCmd `cmd:"" help:"Declare a subject out of use for a time."`
	List   subjectListCmd   `cmd:"" help:"List the registers of a client."`
}

func (subjectCmd) Help() string {
	return example("", "breakwater subject add --client lakeside --kind device --id LT-0042 --class laptop",
		"breakwater subject list --client lakeside")
}

// named names a subject in a register.
type named struct {
	Client string `required:"" placeholder:"ID" help:"Client."`
	Kind   string `required:"" enum:"device,site,account,domain,person,vendor" placeholder:"KIND" help:"Register: device, site, account, domain, person or vendor."`
	ID     string `name:"id" required:"" placeholder:"ID" help:"Subject."`
}

// described is what a register says of a subject.
type described struct {
	Class    string  `placeholder:"CLASS" help:"Class of a device (laptop, server, ...), use of an account or domain (remote, privileged, email; mail, website, service), role of a person (it, privacy, security), phi or no-phi for a vendor."`
	Name     string  `placeholder:"NAME" help:"Name for people."`
	Platform string  `placeholder:"OS" help:"Device: linux, windows, darwin, ios or android."`
	EPHI     string  `name:"ephi" enum:",yes,no" default:"" placeholder:"yes|no" help:"Device: holds ePHI. Account: reaches PHI. Not known if not given."`
	BackedUp string  `enum:",yes,no" default:"" placeholder:"yes|no" help:"Device: is meant to be backed up."`
	Site     string  `placeholder:"ID" help:"Site that it belongs to."`
	Person   string  `placeholder:"ID" help:"Account: whose it is. Device: who has it."`
	Mail     string  `placeholder:"ADDRESS" help:"Person: mail address."`
	Note     string  `placeholder:"TEXT" help:"In plain words; no patient data."`
	At       instant `placeholder:"TIME" help:"Since when; now if not given."`
	Key      string  `placeholder:"KEY" help:"Your own key: the same submission again is answered and not recorded twice."`
}

func (d described) subject(n named) intake.Subject {
	return intake.Subject{
		Kind: framework.Scope(n.Kind), ID: n.ID, Class: d.Class, At: d.At.given(),
		Device: device.Listing{
			Name: d.Name, Platform: d.Platform, HoldsEPHI: answer(d.EPHI), BackedUp: answer(d.BackedUp), Owner: d.Person, Site: d.Site, Note: d.Note,
		},
		Other: client.Listing{Name: d.Name, PHI: answer(d.EPHI), Site: d.Site, Person: d.Person, Mail: d.Mail, Note: d.Note},
	}
}

// answer is a yes or no that may be missing.
func answer(s string) *bool {
	if s == "" {
		return nil
	}
	yes := s == "yes"
	return &yes
}

type subjectAddCmd struct {
	named
	described
}

func (subjectAddCmd) Permission() permit.Permission { return permit.EditSubjects }

func (subjectAddCmd) Help() string {
	return example("", "breakwater subject add --client lakeside --kind device --id LT-0042 --class laptop --ephi yes",
		"breakwater subject add --client lakeside --kind vendor --id acme-billing --class phi --at 2025-06-01")
}

func (c *subjectAddCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.AddSubject(a.ctx, a.caller(), c.Client, c.subject(c.named), c.Key)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Added")
	})
}

type subjectChangeCmd struct {
	named
	described
}

func (subjectChangeCmd) Permission() permit.Permission { return permit.EditSubjects }

func (subjectChangeCmd) Help() string {
	return example("What is not given stays.", "breakwater subject change --client lakeside --kind device --id LT-0042 --ephi no")
}

func (c *subjectChangeCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.ChangeSubject(a.ctx, a.caller(), c.Client, c.subject(c.named), c.Key)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Changed")
	})
}
