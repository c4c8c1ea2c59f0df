package cli

import (
	"bufio"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/permit"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

type checkpointCmd struct {
	Client string `placeholder:"ID" help:"Client; every log if not given."`
}

func (checkpointCmd) Permission() permit.Permission { return permit.Operate }

func (checkpointCmd) Help() string {
	return example("A checkpoint is a signed statement of a log's size and root. Where another process signs, it is asked.",
		"breakwater checkpoint", "breakwater checkpoint --client lakeside")
}

// SignedPoint is one checkpoint.
type SignedPoint struct {
	Log  string   `json:"log"`
	Size uint64   `json:"size"`
	Root string   `json:"root"`
	Note string   `json:"note"`
	Keys []string `json:"keys"`
}

func (c *checkpointCmd) Run(a *App) error {
	return a.with(func(s *site) error {
		logs, err := s.logs(c.Client)
		if err != nil {
			return err
		}
		v, err := s.voucher()
		if err != nil {
			return err
		}
		list := []SignedPoint{}
		for _, l := range logs {
			p, err := v.Checkpoint(a.ctx, l.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue // an empty log says nothing
			}
			if err != nil {
				return err
			}
			list = append(list, SignedPoint{l.Name, p.Size, p.Root.String(), string(p.Note), keysOf(v, l)})
		}
		return a.show(map[string]any{"checkpoints": list}, func(w *bufio.Writer) {
			for _, p := range list {
				fmt.Fprintf(w, "%s\n%s\n", p.Log, p.Note)
			}
		})
	})
}

// logs is the log of one client, or all of them.
func (s *site) logs(client string) ([]store.Log, error) {
	if client == "" {
		logs, err := s.store.Logs(s.app.ctx)
		if err != nil {
			return nil, fmt.Errorf("list the logs: %w", err)
		}
		return latest(logs), nil
	}
	if err := s.check(client); err != nil {
		return nil, err
	}
	l, err := s.store.LogByName(s.app.ctx, client)
	return []store.Log{l}, err
}

// latest leaves out the epochs that another one follows: nothing is signed for
// them any more.
func latest(logs []store.Log) []store.Log {
	newest := map[string]int{}
	for _, l := range logs {
		newest[l.Name] = max(newest[l.Name], l.Epoch)
	}
	return slices.DeleteFunc(logs, func(l store.Log) bool { return l.Epoch < newest[l.Name] })
}

// voucher is what signs; a command asks no outsider.
func (s *site) voucher() (*vouch.Voucher, error) {
	return vouch.Open(s.app.ctx, s.store, s.guard, vouch.Config{Now: s.app.now})
}
