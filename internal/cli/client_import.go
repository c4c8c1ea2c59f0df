package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

// Limits of a list of clients.
const (
	maxListBytes = 4 << 20
	maxListRows  = 5000
)

type clientImportCmd struct {
	File   string `arg:"" help:"CSV file, or - for standard input."`
	DryRun bool   `help:"Only check the rows."`
}

func (clientImportCmd) Permission() permit.Permission { return permit.AddClient }

func (clientImportCmd) Help() string {
	return example("The first line names the columns: name, and any of id, kind, zone, state, line, program, profile. "+
		"Every row is checked first; if one is wrong, no client is added.",
		"breakwater client import clients.csv --dry-run", "breakwater client import clients.csv")
}

// listedClient is one row of the list and what became of it.
type listedClient struct {
	Row   int    `json:"row"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Added bool   `json:"added"`
	Error string `json:"error,omitempty"`

	client intake.NewClient
}

type importReport struct {
	DryRun bool            `json:"dry_run"`
	Added  int             `json:"added"`
	Wrong  int             `json:"wrong"`
	Rows   []*listedClient `json:"rows"`
}

func (c *clientImportCmd) Run(a *App) error {
	raw, err := a.read(c.File, maxListBytes)
	if err != nil {
		return err
	}
	list, err := ParseClients(raw)
	if err != nil {
		return problem("%v", err)
	}
	s, err := a.openOrMake()
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.provide(a.ctx); err != nil {
		return err
	}
	report := c.check(s, list)
	if report.Wrong == 0 && !c.DryRun {
		if err := c.add(s, report); err != nil {
			return err
		}
	}
	if err := a.show(report, report.text); err != nil {
		return err
	}
	switch {
	case report.Wrong == 0:
		return nil
	case c.DryRun:
		return errNo
	}
	return problem("%s of %d cannot be added, so none was: mend the file and import it again", count(report.Wrong, "row", "rows"), len(report.Rows))
}

// check asks about every row without adding any.
func (c *clientImportCmd) check(s *site, list []intake.NewClient) *importReport {
	report := &importReport{DryRun: c.DryRun, Rows: []*listedClient{}}
	seen := map[string]int{}
	for i, n := range list {
		row := &listedClient{Row: i + 2}
		err := s.door.CheckNew(s.app.ctx, &n)
		row.ID, row.Name, row.client = n.ID, n.Name, n
		if err == nil && seen[n.ID] > 0 {
			err = fmt.Errorf("identifier %s is in row %d too: give another in the column id", n.ID, seen[n.ID])
		}
		seen[n.ID] = row.Row
		if row.OK = err == nil; err != nil {
			row.Error = err.Error()
			report.Wrong++
		}
		report.Rows = append(report.Rows, row)
	}
	return report
}

func (c *clientImportCmd) add(s *site, report *importReport) error {
	bar := s.app.progress(len(report.Rows), "Adding clients")
	defer bar.done()
	for _, row := range report.Rows {
		if _, err := s.door.AddClient(s.app.ctx, s.app.caller(), row.client); err != nil {
			return fmt.Errorf("row %d: %w", row.Row, err)
		}
		row.Added = true
		report.Added++
		bar.step(1)
	}
	return nil
}

func (r *importReport) text(w *bufio.Writer) {
	rows := make([][]string, 0, len(r.Rows))
	for _, row := range r.Rows {
		what := "would be added"
		switch {
		case row.Added:
			what = "added"
		case !row.OK:
			what = row.Error
		}
		rows = append(rows, []string{strconv.Itoa(row.Row), row.ID, row.Name, what})
	}
	table(w, []string{"ROW", "ID", "NAME", ""}, rows)
}

// ParseClients reads a list of clients: CSV whose first line names the
// columns. An error is one line that ends in what to do next.
func ParseClients(raw []byte) ([]intake.NewClient, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.TrimLeadingSpace = true
	columns, err := readColumns(r)
	if err != nil {
		return nil, err
	}
	var list []intake.NewClient
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: mend that line", err)
		}
		if len(list) == maxListRows {
			return nil, fmt.Errorf("over %d rows: split the file", maxListRows)
		}
		list = append(list, clientOf(columns, row))
	}
	if len(list) == 0 {
		return nil, errors.New("the file has no rows: write one line for each client under the column names")
	}
	return list, nil
}

func readColumns(r *csv.Reader) ([]string, error) {
	columns, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("the file has no line of column names: begin it with name,id,state")
	}
	seen := map[string]bool{}
	for i, c := range columns {
		c = strings.ToLower(strings.TrimSpace(c))
		switch c {
		case "name", "id", "kind", "zone", "state", "line", "program", "profile":
		default:
			return nil, fmt.Errorf("column %q is not known: use name, id, kind, zone, state, line, program, profile", c)
		}
		if seen[c] {
			return nil, fmt.Errorf("column %q is there twice: remove one", c)
		}
		columns[i], seen[c] = c, true
	}
	if !seen["name"] {
		return nil, errors.New("there is no column name: add it")
	}
	return columns, nil
}

func clientOf(columns, row []string) intake.NewClient {
	var n intake.NewClient
	for i, c := range columns {
		v := strings.TrimSpace(row[i])
		switch c {
		case "name":
			n.Name = v
		case "id":
			n.ID = v
		case "kind":
			n.Kind = framework.LegalKind(v)
		case "zone":
			n.Zone = v
		case "state":
			n.Region = v
		case "line":
			n.Line = v
		case "program":
			n.Program = v
		case "profile":
			n.Profile = framework.Profile(v)
		}
	}
	if n.Name != "" && n.ID == "" {
		n.ID = client.IDFrom(n.Name)
	}
	return n
}
