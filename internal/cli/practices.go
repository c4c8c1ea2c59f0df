package cli

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"breakwater/internal/framework"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type practicesCmd struct {
	ID        string `arg:"" optional:"" help:"Show this practice alone."`
	Client    string `placeholder:"ID" help:"By the catalog that judges this client; the program's own if not given."`
	Profile   string `enum:",small,core,all" default:"" placeholder:"PROFILE" help:"Only those of a profile: small, core or all."`
	Scope     string `enum:",client,device,site,account,domain,person,vendor,msp" default:"" placeholder:"SCOPE" help:"Only those of a scope."`
	Mode      string `enum:",state,periodic,in_force,event" default:"" placeholder:"MODE" help:"Only those of a mode: state, periodic, in_force or event."`
	Framework string `placeholder:"ID" help:"Only those that answer an item of a framework."`
	Search    string `placeholder:"TEXT" help:"Only those whose words contain this."`
}

func (practicesCmd) Permission() permit.Permission { return permit.Public }

func (practicesCmd) Help() string {
	return example("", "breakwater practices --profile small", "breakwater practices risk-analysis", "breakwater practices --framework csf2.0 --search backup")
}

func (c *practicesCmd) Run(a *App) error {
	catalog, err := a.catalog(c.Client)
	if err != nil {
		return err
	}
	if c.ID != "" {
		p, ok := catalog.Practice(c.ID)
		if !ok {
			return problem("no practice is called %q: list them with `breakwater practices`", c.ID)
		}
		return a.show(p, func(w *bufio.Writer) { describePractice(w, p) })
	}
	if _, ok := framework.FrameworkNamed(c.Framework); c.Framework != "" && !ok {
		return problem("no framework is called %q: list them with `breakwater frameworks`", c.Framework)
	}
	list := []*framework.Practice{}
	for _, p := range catalog.Practices {
		if c.picks(p) {
			list = append(list, p)
		}
	}
	return a.show(map[string]any{"practices": list}, func(w *bufio.Writer) { listPractices(w, list) })
}

func (c *practicesCmd) picks(p *framework.Practice) bool {
	words := strings.ToLower(p.ID + " " + p.Title + " " + p.Statement + " " + p.Theme)
	return (c.Profile == "" || p.In(framework.Profile(c.Profile))) &&
		(c.Scope == "" || c.Scope == string(p.Scope)) &&
		(c.Mode == "" || c.Mode == string(p.Mode)) &&
		(c.Framework == "" || len(p.Links[c.Framework]) > 0) &&
		strings.Contains(words, strings.ToLower(c.Search))
}

func listPractices(w *bufio.Writer, list []*framework.Practice) {
	if len(list) == 0 {
		w.WriteString("No practice matches: leave out a filter.\n")
		return
	}
	rows := make([][]string, 0, len(list))
	for _, p := range list {
		rows = append(rows, []string{p.ID, p.Title, string(p.Scope), string(p.Mode), fmt.Sprintf("%d d", p.Freshness.MaxAgeDays), string(p.Profile)})
	}
	table(w, []string{"ID", "TITLE", "SCOPE", "MODE", "LASTS", "PROFILE"}, rows)
}

func describePractice(w *bufio.Writer, p *framework.Practice) {
	fmt.Fprintf(w, "%s (%s)\n\n%s\n\n", p.Title, p.ID, p.Statement)
	rows := [][]string{
		{"Scope", string(p.Scope)},
		{"Mode", string(p.Mode)},
		{"Evidence lasts", fmt.Sprintf("%d days (%s, limit: %s)", p.Freshness.MaxAgeDays, p.Freshness.Basis, p.Freshness.Limit)},
		{"Why", p.Freshness.Why},
		{"Profile", string(p.Profile)},
		{"Relief", string(p.Relief)},
		{"Next step", p.Action},
	}
	if p.Event != nil {
		rows = append(rows, []string{"Trigger", p.Event.Trigger}, []string{"Deadline", fmt.Sprintf("%d days (limit: %s)", p.Event.DeadlineDays, p.Event.DeadlineLimit)})
	}
	for _, f := range framework.Frameworks() {
		if ids := p.Links[f.ID]; len(ids) > 0 {
			rows = append(rows, []string{f.Title, strings.Join(slices.Sorted(slices.Values(ids)), ", ")})
		}
	}
	table(w, nil, rows)
}

// catalog is the one that judges a client now, or the program's own where no
// client is named.
func (a *App) catalog(client string) (*framework.Catalog, error) {
	if client == "" {
		return framework.Embedded(), nil
	}
	var c *framework.Catalog
	err := a.withClient(client, func(s *site) error {
		return s.door.Read(a.ctx, client, func(st *projection.State) error {
			c = st.Catalog()
			return nil
		})
	})
	return c, err
}
