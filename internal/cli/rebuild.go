package cli

import (
	"bufio"
	"fmt"

	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type rebuildCmd struct{}

func (rebuildCmd) Permission() permit.Permission { return permit.Operate }

func (rebuildCmd) Help() string {
	return example("What is derived from the log may be dropped at any time; nothing is lost.", "breakwater rebuild")
}

func (c *rebuildCmd) Run(a *App) error {
	return a.with(func(s *site) error {
		if err := s.store.DropDerived(a.ctx); err != nil {
			return err
		}
		clients, err := s.door.Clients(a.ctx)
		if err != nil {
			return err
		}
		bar := a.progress(len(clients), "Folding logs")
		defer bar.done()
		entries := uint64(0)
		for _, cl := range clients {
			err := s.door.Read(a.ctx, cl.ID, func(st *projection.State) error {
				entries += st.Size
				return nil
			})
			if err != nil {
				return err
			}
			bar.step(1)
		}
		return a.show(map[string]any{"ok": true, "logs": len(clients), "entries": entries}, func(w *bufio.Writer) {
			fmt.Fprintf(w, "Made again from %s of %s.\n", count(int(entries), "entry", "entries"), count(len(clients), "log", "logs"))
		})
	})
}
