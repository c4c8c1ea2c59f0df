package cli

import (
	"bufio"
	"strconv"

	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

type clientListCmd struct{}

func (clientListCmd) Permission() permit.Permission { return permit.ViewPortfolio }

func (clientListCmd) Help() string {
	return example("", "breakwater client list", "breakwater client list --json")
}

func (c *clientListCmd) Run(a *App) error {
	return a.with(func(s *site) error {
		clients, err := s.door.Clients(a.ctx)
		if err != nil {
			return err
		}
		return a.show(map[string][]intake.ClientInfo{"clients": clients}, func(w *bufio.Writer) {
			var rows [][]string
			for _, c := range clients {
				note := ""
				if c.MSP {
					note = "the MSP's own log"
				}
				if c.Sample {
					note = "sample data"
				}
				rows = append(rows, []string{c.ID, c.Name, strconv.FormatUint(c.LogSize, 10), note})
			}
			table(w, []string{"ID", "NAME", "ENTRIES", ""}, rows)
		})
	})
}
