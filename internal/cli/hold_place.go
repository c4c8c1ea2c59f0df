package cli

import (
	"bufio"
	"maps"
	"slices"

	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

type holdCmd struct {
	Place   holdPlaceCmd   `cmd:"" help:"Stop disposal, erasure and destruction of keys."`
	Release holdReleaseCmd `cmd:"" help:"End a hold."`
	List    holdListCmd    `cmd:"" help:"List the holds in place."`
}

func (holdCmd) Help() string {
	return example("", "breakwater hold place --client lakeside --id case-7", "breakwater hold list --client lakeside")
}

type holdPlaceCmd struct {
	Client  string  `required:"" placeholder:"ID" help:"Client."`
	ID      string  `name:"id" placeholder:"ID" help:"Name of the hold; drawn if not given. The reason is never written."`
	On      string  `default:"client" enum:"client,person,device,incident,period" placeholder:"WHAT" help:"What is held: client, person, device, incident or period."`
	Subject string  `placeholder:"ID" help:"Which person, device or incident."`
	From    instant `placeholder:"TIME" help:"Begin of the period held."`
	To      instant `placeholder:"TIME" help:"End of the period held."`
}

func (holdPlaceCmd) Permission() permit.Permission { return permit.PlaceHold }

func (holdPlaceCmd) Help() string {
	return example("", "breakwater hold place --client lakeside --id case-7",
		"breakwater hold place --client lakeside --id case-8 --on device --subject LT-0042")
}

func (c *holdPlaceCmd) Run(a *App) error {
	switch {
	case (c.On == "person" || c.On == "device" || c.On == "incident") && c.Subject == "":
		return problem("a hold on a %s names it: give --subject", c.On)
	case c.On == "period" && !(c.From.set && c.To.set && c.From.ms < c.To.ms):
		return problem("a hold on a period has a begin and a later end: give --from and --to")
	}
	h := record.Hold{ID: c.ID, On: c.On, Subject: c.Subject, From: c.From.given(), To: c.To.given()}
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.PlaceHold(a.ctx, a.caller(), c.Client, h)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Hold placed")
	})
}

type holdReleaseCmd struct {
	ID     string `arg:"" name:"id" help:"Name of the hold."`
	Client string `required:"" placeholder:"ID" help:"Client."`
}

func (holdReleaseCmd) Permission() permit.Permission { return permit.ReleaseHold }

func (holdReleaseCmd) Help() string {
	return example("", "breakwater hold release case-7 --client lakeside")
}

func (c *holdReleaseCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.ReleaseHold(a.ctx, a.caller(), c.Client, c.ID)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Hold released")
	})
}

type holdListCmd struct {
	Client string `required:"" placeholder:"ID" help:"Client."`
}

func (holdListCmd) Permission() permit.Permission { return permit.ViewLog }

func (holdListCmd) Help() string { return example("", "breakwater hold list --client lakeside") }

type listedHold struct {
	ID      string `json:"id"`
	On      string `json:"on"`
	Subject string `json:"subject,omitempty"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	By      string `json:"by"`
}

func (c *holdListCmd) Run(a *App) error {
	list := []listedHold{}
	return a.withClient(c.Client, func(s *site) error {
		err := s.door.Read(a.ctx, c.Client, func(st *projection.State) error {
			for _, id := range slices.Sorted(maps.Keys(st.Record.Holds)) {
				h := st.Record.Holds[id]
				list = append(list, listedHold{h.ID, h.On, h.Subject, when(h.From), when(h.To), h.By})
			}
			return nil
		})
		if err != nil {
			return err
		}
		return a.show(map[string]any{"client": c.Client, "holds": list}, func(w *bufio.Writer) {
			if len(list) == 0 {
				w.WriteString("No hold is in place.\n")
				return
			}
			var rows [][]string
			for _, h := range list {
				rows = append(rows, []string{h.ID, h.On, h.Subject, h.From, h.To, h.By})
			}
			table(w, []string{"ID", "ON", "SUBJECT", "FROM", "TO", "BY"}, rows)
		})
	})
}

// when is an instant as RFC 3339, or nothing for an absent one.
func when(ms int64) string {
	if ms == 0 {
		return ""
	}
	return interval.Format(ms)
}
