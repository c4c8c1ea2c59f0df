package cli

import (
	"bufio"
	"fmt"

	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
)

type entryCmd struct {
	Retract      entryRetractCmd      `cmd:"" help:"Take an entry back that was recorded by mistake; it stays visible."`
	Close        entryCloseCmd        `cmd:"" help:"Close a failing entry without a pass of its own source, and say why."`
	Erase        entryEraseCmd        `cmd:"" help:"Propose that an entry's content be destroyed."`
	ApproveErase entryApproveEraseCmd `cmd:"" help:"Destroy the content that another person proposed to destroy."`
	Erasures     entryErasuresCmd     `cmd:"" help:"List the proposals that wait for a second person."`
}

func (entryCmd) Help() string {
	return example("", `breakwater entry retract 1204 --client lakeside --why "wrong device"`)
}

// chosen names an entry of a client.
type chosen struct {
	Index  uint64 `arg:"" help:"Index of the entry; see breakwater log."`
	Client string `required:"" placeholder:"ID" help:"Client."`
}

type entryRetractCmd struct {
	chosen
	Why string `required:"" placeholder:"TEXT" help:"Why it was a mistake; no patient data."`
}

func (entryRetractCmd) Permission() permit.Permission { return permit.RetractEntry }

func (entryRetractCmd) Help() string {
	return example("The best reading drops the entry; the proven reading keeps what it showed until now, and marks it disputed.",
		`breakwater entry retract 1204 --client lakeside --why "wrong device"`)
}

func (c *entryRetractCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.Retract(a.ctx, a.caller(), c.Client, c.Index, c.Why)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Retracted")
	})
}

type entryCloseCmd struct {
	chosen
	Why string `required:"" placeholder:"TEXT" help:"Why the failure is closed; no patient data."`
}

func (entryCloseCmd) Permission() permit.Permission { return permit.RecordEvidence }

func (entryCloseCmd) Help() string {
	return example("A failure stays failed until its own source says that it holds, or an entry closes it.",
		`breakwater entry close 1204 --client lakeside --why "the scanner was replaced; see ticket 88"`)
}

func (c *entryCloseCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.CloseFailure(a.ctx, a.caller(), c.Client, c.Index, c.Why)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Closed")
	})
}

type entryEraseCmd struct {
	chosen
	Why string `required:"" placeholder:"TEXT" help:"Why the content must be destroyed; no patient data."`
}

func (entryEraseCmd) Permission() permit.Permission { return permit.ProposeErasure }

func (entryEraseCmd) Help() string {
	return example("An erasure needs two people. Backups made before still hold the content.",
		`breakwater entry erase 1204 --client lakeside --why "names a patient"`)
}

func (c *entryEraseCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		if err := s.door.ProposeErasure(a.ctx, a.caller(), c.Client, c.Index, c.Why); err != nil {
			return err
		}
		return a.show(map[string]any{"log": c.Client, "index": c.Index, "proposed": true}, func(w *bufio.Writer) {
			fmt.Fprintf(w, "Proposed. Another person has to run `breakwater entry approve-erase %d --client %s`.\n", c.Index, c.Client)
		})
	})
}

type entryApproveEraseCmd struct{ chosen }

func (entryApproveEraseCmd) Permission() permit.Permission { return permit.ApproveErasure }

func (entryApproveEraseCmd) Help() string {
	return example("This cannot be undone. The entry's leaf, kind and recorded time stay.",
		"breakwater entry approve-erase 1204 --client lakeside")
}

func (c *entryApproveEraseCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.ApproveErasure(a.ctx, a.caller(), c.Client, c.Index)
		if err != nil {
			return err
		}
		return a.receipt(rec, fmt.Sprintf("Erased the content of entry %d", c.Index))
	})
}

type entryErasuresCmd struct{}

func (entryErasuresCmd) Permission() permit.Permission { return permit.ApproveErasure }

func (entryErasuresCmd) Help() string { return example("", "breakwater entry erasures") }

type proposedErasure struct {
	Client string `json:"client"`
	Index  uint64 `json:"index"`
	By     string `json:"by"`
	At     string `json:"at"`
	Why    string `json:"why"`
}

func (c *entryErasuresCmd) Run(a *App) error {
	return a.with(func(s *site) error {
		waiting, err := s.door.Erasures(a.ctx)
		if err != nil {
			return err
		}
		list := []proposedErasure{}
		for _, e := range waiting {
			list = append(list, proposedErasure{e.Client, e.Index, e.By, interval.Format(e.At), e.Why})
		}
		return a.show(map[string]any{"erasures": list}, func(w *bufio.Writer) { erasuresText(w, waiting) })
	})
}

func erasuresText(w *bufio.Writer, waiting []intake.Erasure) {
	if len(waiting) == 0 {
		w.WriteString("Nothing waits for a second person.\n")
		return
	}
	var rows [][]string
	for _, e := range waiting {
		rows = append(rows, []string{e.Client, fmt.Sprint(e.Index), e.By, moment(e.At), e.Why})
	}
	table(w, []string{"CLIENT", "ENTRY", "BY", "AT", "WHY"}, rows)
}
