package cli

import (
	"breakwater/internal/framework"
	"breakwater/internal/permit"
)

type subjectRetireCmd struct {
	named
	Why string  `placeholder:"TEXT" help:"Why, in plain words."`
	At  instant `placeholder:"TIME" help:"Since when; now if not given."`
	Key string  `placeholder:"KEY" help:"Your own key: the same submission again is answered and not recorded twice."`
}

func (subjectRetireCmd) Permission() permit.Permission { return permit.EditSubjects }

func (subjectRetireCmd) Help() string {
	return example("", "breakwater subject retire --client lakeside --kind device --id LT-0042 --at 2026-03-01")
}

func (c *subjectRetireCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.RetireSubject(a.ctx, a.caller(), c.Client, framework.Scope(c.Kind), c.ID, c.Why, c.At.given(), c.Key)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Retired")
	})
}

type subjectReturnCmd struct {
	Client string  `required:"" placeholder:"ID" help:"Client."`
	ID     string  `name:"id" required:"" placeholder:"ID" help:"Device."`
	Why    string  `placeholder:"TEXT" help:"Why, in plain words."`
	At     instant `placeholder:"TIME" help:"Since when; now if not given."`
	Key    string  `placeholder:"KEY" help:"Your own key: the same submission again is answered and not recorded twice."`
}

func (subjectReturnCmd) Permission() permit.Permission { return permit.EditSubjects }

func (subjectReturnCmd) Help() string {
	return example("", "breakwater subject return --client lakeside --id LT-0042")
}

func (c *subjectReturnCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.ReturnDevice(a.ctx, a.caller(), c.Client, c.ID, c.Why, c.At.given(), c.Key)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Brought back")
	})
}

type subjectUnusedCmd struct {
	named
	From instant `required:"" placeholder:"TIME" help:"Begin of the time out of use."`
	To   instant `required:"" placeholder:"TIME" help:"End of the time out of use."`
	By   string  `required:"" placeholder:"NAME" help:"Who says so."`
	Why  string  `placeholder:"TEXT" help:"Why: locked away, on leave."`
	Key  string  `placeholder:"KEY" help:"Your own key: the same submission again is answered and not recorded twice."`
}

func (subjectUnusedCmd) Permission() permit.Permission { return permit.EditSubjects }

func (subjectUnusedCmd) Help() string {
	return example("A subject out of use is out of scope for that time.",
		`breakwater subject unused --client lakeside --kind device --id LT-0042 --from 2026-07-01 --to 2026-08-01 --by "Dr. Ames" --why "locked away"`)
}

func (c *subjectUnusedCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.Unused(a.ctx, a.caller(), c.Client, framework.Scope(c.Kind), c.ID, c.From.given(), c.To.given(), c.By, c.Why, c.Key)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Out of use")
	})
}
