package cli

import (
	"bufio"
	"fmt"
	"maps"
	"slices"

	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type enrollCmd struct {
	New    enrollNewCmd    `cmd:"" help:"Make an enrollment secret; it is shown once."`
	List   enrollListCmd   `cmd:"" help:"List enrollment secrets, never the secrets themselves."`
	Revoke enrollRevokeCmd `cmd:"" help:"Revoke an enrollment secret; devices enrolled with it stay."`
}

func (enrollCmd) Help() string {
	return example("", "breakwater enroll new --client lakeside --to 2026-12-31", "breakwater enroll list --client lakeside")
}

type enrollNewCmd struct {
	Client string  `required:"" placeholder:"ID" help:"Client."`
	Site   string  `placeholder:"ID" help:"Site that the devices belong to."`
	To     instant `placeholder:"TIME" help:"End of the secret; none if not given."`
}

func (enrollNewCmd) Permission() permit.Permission { return permit.ManageSecrets }

func (enrollNewCmd) Help() string {
	return example("", "breakwater enroll new --client lakeside --to 2026-12-31")
}

func (c *enrollNewCmd) Run(a *App) error {
	if c.To.set && c.To.ms <= a.now().UnixMilli() {
		return problem("the secret would have ended already: give a later --to")
	}
	return a.withClient(c.Client, func(s *site) error {
		secret, id, err := s.door.MakeSecret(a.ctx, a.caller(), c.Client, c.Site, c.To.given())
		if err != nil {
			return err
		}
		answer := map[string]string{"client": c.Client, "id": id, "secret": secret}
		if c.To.set {
			answer["to"] = when(c.To.ms)
		}
		return a.show(answer, func(w *bufio.Writer) {
			fmt.Fprintf(w, "%s\n\nThis is shown once. On each device: breakwater agent enroll --server URL --secret %s\n", secret, secret)
		})
	})
}

type enrollListCmd struct {
	Client string `required:"" placeholder:"ID" help:"Client."`
}

func (enrollListCmd) Permission() permit.Permission { return permit.ManageSecrets }

func (enrollListCmd) Help() string { return example("", "breakwater enroll list --client lakeside") }

type listedSecret struct {
	ID      string `json:"id"`
	Site    string `json:"site,omitempty"`
	By      string `json:"by"`
	To      string `json:"to,omitempty"`
	Revoked bool   `json:"revoked"`
}

func (c *enrollListCmd) Run(a *App) error {
	list := []listedSecret{}
	return a.withClient(c.Client, func(s *site) error {
		err := s.door.Read(a.ctx, c.Client, func(st *projection.State) error {
			for _, id := range slices.Sorted(maps.Keys(st.Device.Secrets)) {
				x := st.Device.Secrets[id]
				list = append(list, listedSecret{x.ID, x.Site, x.By, when(x.To), x.Revoked})
			}
			return nil
		})
		if err != nil {
			return err
		}
		return a.show(map[string]any{"client": c.Client, "secrets": list}, func(w *bufio.Writer) {
			if len(list) == 0 {
				w.WriteString("No enrollment secret yet: make one with `breakwater enroll new`.\n")
				return
			}
			var rows [][]string
			for _, x := range list {
				rows = append(rows, []string{x.ID, x.Site, x.By, x.To, map[bool]string{true: "revoked"}[x.Revoked]})
			}
			table(w, []string{"ID", "SITE", "BY", "ENDS", ""}, rows)
		})
	})
}

type enrollRevokeCmd struct {
	ID     string `arg:"" name:"id" help:"Identifier of the secret; see breakwater enroll list."`
	Client string `required:"" placeholder:"ID" help:"Client."`
}

func (enrollRevokeCmd) Permission() permit.Permission { return permit.ManageSecrets }

func (enrollRevokeCmd) Help() string {
	return example("", "breakwater enroll revoke 3fa2c1 --client lakeside")
}

func (c *enrollRevokeCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.RevokeSecret(a.ctx, a.caller(), c.Client, c.ID)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Revoked")
	})
}
