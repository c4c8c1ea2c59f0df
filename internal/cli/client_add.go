package cli

import (
	"bufio"
	"fmt"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

type clientCmd struct {
	Add    clientAddCmd    `cmd:"" help:"Add a client, or give the MSP's own log its name."`
	Change clientChangeCmd `cmd:"" help:"Say something new of a client."`
	Import clientImportCmd `cmd:"" help:"Add many clients from a CSV file."`
	List   clientListCmd   `cmd:"" help:"List the clients, the MSP's own log first."`
}

func (clientCmd) Help() string {
	return example("", `breakwater client add "Lakeside Dental" --id lakeside --state TX`, "breakwater client list")
}

type clientAddCmd struct {
	Name    string `arg:"" help:"Name of the organization."`
	ID      string `name:"id" placeholder:"ID" help:"Identifier for commands and addresses; made from the name if not given."`
	Kind    string `enum:",covered_entity,business_associate,hybrid,part2,none" default:"" placeholder:"KIND" help:"Legal kind under HIPAA: covered_entity (if not given), business_associate, hybrid, part2 or none."`
	Zone    string `placeholder:"ZONE" help:"Time zone such as America/Chicago; that of the state if not given."`
	State   string `placeholder:"TX" help:"US state or territory, two letters."`
	Line    string `placeholder:"TEXT" help:"Line of work, such as Dental."`
	Program string `placeholder:"FRAMEWORK" help:"Program that the client elected; see breakwater frameworks."`
	Profile string `enum:",small,core,all" default:"" placeholder:"PROFILE" help:"Practices to start with: small (if not given), core or all."`
	MSP     bool   `name:"msp" help:"This is the MSP itself: its own log gets this name."`
}

func (clientAddCmd) Permission() permit.Permission { return permit.AddClient }

func (clientAddCmd) Help() string {
	return example("The first client makes the data folder, its master key and the MSP's own log.",
		`breakwater client add "Lakeside Dental" --id lakeside --state TX`,
		`breakwater client add "Harbor IT" --msp`)
}

func (c *clientAddCmd) Run(a *App) error {
	s, err := a.openOrMake()
	if err != nil {
		return err
	}
	defer s.close()
	n := c.client()
	if c.MSP {
		return c.nameMSP(s, n)
	}
	if err := s.door.CheckNew(a.ctx, &n); err != nil {
		return err
	}
	if err := s.provide(a.ctx); err != nil {
		return err
	}
	if n.ID == s.door.MSP() {
		return problem("%q is the identifier of the MSP's own log: choose another one with --id", n.ID)
	}
	if _, err := s.door.AddClient(a.ctx, a.caller(), n); err != nil {
		return err
	}
	return c.answer(a, n.ID)
}

func (c *clientAddCmd) client() intake.NewClient {
	return intake.NewClient{
		Added: client.Added{ID: c.ID, Name: c.Name, Zone: c.Zone, Region: c.State, Line: c.Line, MSP: c.MSP},
		Kind:  framework.LegalKind(c.Kind), Program: c.Program, Profile: framework.Profile(c.Profile),
	}
}

func (c *clientAddCmd) answer(a *App, id string) error {
	return a.show(map[string]string{"id": id}, func(w *bufio.Writer) {
		fmt.Fprintf(w, "Added %s as %s.\n", clean(c.Name), id)
	})
}

// nameMSP makes the MSP's own log, or gives the one that is there its name.
func (c *clientAddCmd) nameMSP(s *site, n intake.NewClient) error {
	id := s.door.MSP()
	if id == "" {
		if err := s.door.CheckNew(s.app.ctx, &n); err != nil {
			return err
		}
		if _, err := s.door.AddClient(s.app.ctx, s.app.caller(), n); err != nil {
			return err
		}
		return c.answer(s.app, n.ID)
	}
	if c.ID != "" && c.ID != id {
		return problem("the MSP's own log is called %s and keeps that identifier: leave out --id", id)
	}
	change := clientChangeCmd{ID: id, Name: c.Name, Kind: c.Kind, Zone: c.Zone, State: c.State, Line: c.Line, Program: c.Program, Profile: c.Profile}
	if err := change.apply(s); err != nil {
		return err
	}
	return c.answer(s.app, id)
}
