package cli

import (
	"bytes"

	"breakwater/internal/penalty"
	"breakwater/internal/permit"
)

const maxPenaltyInput = 8 << 20

type penaltyCmd struct {
	File string `arg:"" help:"JSON file, or - for standard input."`
}

func (penaltyCmd) Permission() permit.Permission { return permit.Public }

func (penaltyCmd) Help() string {
	return example("Input: assessed, optional notice, cap (regulation, discretion or discretion_adjusted) and tolled spans, and violations with "+
		"provision, tier, unit, dates or counts, and rate. Not legal advice.",
		"breakwater penalty case.json", "breakwater penalty - --json < case.json")
}

func (c *penaltyCmd) Run(a *App) error {
	raw, err := a.read(c.File, maxPenaltyInput)
	if err != nil {
		return err
	}
	in, err := penalty.Parse(bytes.NewReader(raw))
	if err != nil {
		return problem("%v", err)
	}
	res, err := penalty.Compute(in)
	if err != nil {
		return problem("%v", err)
	}
	if a.JSON {
		return a.printJSON(res)
	}
	return res.WriteText(a.out)
}
