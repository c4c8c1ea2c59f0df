package cli

import (
	"bufio"
	"fmt"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

type clientChangeCmd struct {
	ID      string  `arg:"" name:"client" help:"Identifier of the client."`
	Name    string  `placeholder:"NAME" help:"New name."`
	Kind    string  `enum:",covered_entity,business_associate,hybrid,part2,none" default:"" placeholder:"KIND" help:"Legal kind under HIPAA from --at on."`
	Zone    string  `placeholder:"ZONE" help:"Time zone."`
	State   string  `placeholder:"TX" help:"US state or territory, two letters."`
	Line    string  `placeholder:"TEXT" help:"Line of work."`
	Program string  `placeholder:"FRAMEWORK" help:"Program that the client elected."`
	Profile string  `enum:",small,core,all" default:"" placeholder:"PROFILE" help:"Practices that are judged: small, core or all."`
	At      instant `placeholder:"TIME" help:"Since when; now if not given."`
}

func (clientChangeCmd) Permission() permit.Permission { return permit.EditClient }

func (clientChangeCmd) Help() string {
	return example("", "breakwater client change lakeside --profile core --program csf2.0",
		"breakwater client change lakeside --kind hybrid --at 2026-01-01")
}

func (c *clientChangeCmd) Run(a *App) error {
	return a.withClient(c.ID, func(s *site) error {
		if err := c.apply(s); err != nil {
			return err
		}
		return a.show(map[string]string{"id": c.ID}, func(w *bufio.Writer) { fmt.Fprintf(w, "Changed %s.\n", c.ID) })
	})
}

// apply says each thing that was given as an event of its own.
func (c *clientChangeCmd) apply(s *site) error {
	list := c.events()
	if len(list) == 0 {
		return problem("nothing to change: give what is new, such as --profile core")
	}
	for _, body := range list {
		if _, err := s.door.Change(s.app.ctx, s.app.caller(), c.ID, c.At.given(), body, ""); err != nil {
			return err
		}
	}
	return nil
}

func (c *clientChangeCmd) events() []any {
	var list []any
	if c.Name != "" || c.Zone != "" || c.State != "" || c.Line != "" {
		zone := c.Zone
		if zone == "" && c.State != "" {
			zone = intake.ZoneOf(c.State)
		}
		list = append(list, client.Described{Name: c.Name, Zone: zone, Region: c.State, Line: c.Line})
	}
	if c.Kind != "" {
		list = append(list, client.KindStated{Kind: framework.LegalKind(c.Kind)})
	}
	if c.Program != "" {
		list = append(list, client.Elected{Framework: c.Program})
	}
	if c.Profile != "" {
		list = append(list, client.Profiled{Profile: framework.Profile(c.Profile)})
	}
	return list
}
