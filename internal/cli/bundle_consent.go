package cli

import (
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

type bundleConsentCmd struct {
	Client    string   `required:"" placeholder:"ID" help:"Client."`
	Recipient string   `required:"" placeholder:"NAME" help:"Who may get the bundle."`
	Purpose   string   `required:"" placeholder:"TEXT" help:"What for."`
	On        instant  `required:"" placeholder:"TIME" help:"End of the window that the bundle is about."`
	Practice  []string `sep:"none" placeholder:"ID" help:"Only these practices; may be repeated."`
	By        string   `required:"" placeholder:"NAME" help:"Who signed for the client."`
	Role      string   `required:"" enum:"officer,counsel" placeholder:"officer|counsel" help:"What they are at the client: officer or counsel."`
	Until     instant  `placeholder:"TIME" help:"End of the consent; none if not given."`
}

func (bundleConsentCmd) Permission() permit.Permission { return permit.RecordConsent }

func (bundleConsentCmd) Help() string {
	return example("The client's officer consents on the pages. This is for what they signed on paper; keep the paper.",
		`breakwater bundle consent --client lakeside --recipient OCR --purpose "data request 26-114" --on 2026-03-01 --by "Dr. Ames" --role officer`)
}

func (c *bundleConsentCmd) Run(a *App) error {
	body := record.Consented{
		Recipient: c.Recipient, Purpose: c.Purpose, On: c.On.ms, Practices: c.Practice, By: c.By, Role: c.Role, Until: c.Until.given(),
	}
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.Submit(a.ctx, intake.Submission{
			Client: c.Client, Caller: a.caller(),
			Check: func(st *projection.State) error {
				for _, p := range c.Practice {
					if _, ok := st.Catalog().Practice(p); !ok {
						return problem("no practice is called %q: list them with `breakwater practices`", p)
					}
				}
				return nil
			},
			Events: func() ([]intake.New, error) {
				return []intake.New{{Kind: event.BundleConsented, At: s.door.Now(), Body: body}}, nil
			},
		})
		if err != nil {
			return err
		}
		return a.receipt(rec, "Consent recorded")
	})
}
