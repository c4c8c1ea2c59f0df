package cli

import (
	"bufio"
	"fmt"
	"strings"

	"breakwater/internal/framework"
	"breakwater/internal/permit"
)

type frameworksCmd struct {
	ID string `arg:"" optional:"" help:"List the items of this framework, and the practices that answer them."`
}

func (frameworksCmd) Permission() permit.Permission { return permit.Public }

func (frameworksCmd) Help() string {
	return example("", "breakwater frameworks", "breakwater frameworks csf2.0")
}

// answered is an item of a framework with the practices that answer it.
type answered struct {
	framework.Item
	Practices []string `json:"practices"`
}

func (c *frameworksCmd) Run(a *App) error {
	if c.ID == "" {
		all := framework.Frameworks()
		return a.show(map[string]any{"frameworks": all}, func(w *bufio.Writer) { listFrameworks(w, all) })
	}
	f, ok := framework.FrameworkNamed(c.ID)
	if !ok {
		return problem("no framework is called %q: list them with `breakwater frameworks`", c.ID)
	}
	items := []answered{}
	for _, it := range framework.Controls(f.ID) {
		row := answered{it, []string{}}
		for _, p := range framework.Embedded().PracticesFor(f.ID, it.ID) {
			row.Practices = append(row.Practices, p.ID)
		}
		items = append(items, row)
	}
	return a.show(map[string]any{"framework": f, "items": items}, func(w *bufio.Writer) { listItems(w, f, items) })
}

func listFrameworks(w *bufio.Writer, all []framework.Framework) {
	rows := make([][]string, 0, len(all))
	for _, f := range all {
		rows = append(rows, []string{f.ID, f.Title, f.Edition, string(f.Route), f.Checked})
	}
	table(w, []string{"ID", "TITLE", "EDITION", "ROUTE", "CHECKED"}, rows)
}

func listItems(w *bufio.Writer, f framework.Framework, items []answered) {
	fmt.Fprintf(w, "%s, %s. Checked on %s.\n\n", f.Title, f.Edition, f.Checked)
	rows := make([][]string, 0, len(items))
	for _, it := range items {
		practices := strings.Join(it.Practices, ", ")
		if practices == "" {
			practices = "not assessed"
		}
		rows = append(rows, []string{it.ID, it.Title, practices})
	}
	table(w, []string{"ITEM", "TITLE", "PRACTICES"}, rows)
}
