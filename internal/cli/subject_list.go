package cli

import (
	"bufio"
	"fmt"
	"strings"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type subjectListCmd struct {
	Client string `required:"" placeholder:"ID" help:"Client."`
	Kind   string `enum:",device,site,account,domain,person,vendor" default:"" placeholder:"KIND" help:"Only this register."`
	All    bool   `help:"Also what was retired."`
}

func (subjectListCmd) Permission() permit.Permission { return permit.ViewClient }

func (subjectListCmd) Help() string {
	return example("", "breakwater subject list --client lakeside --kind device")
}

type listedSubject struct {
	Kind  string   `json:"kind"`
	ID    string   `json:"id"`
	Name  string   `json:"name,omitempty"`
	Class []string `json:"class,omitempty"`
	In    bool     `json:"in"`
	Since string   `json:"since"`
}

// subjectList answers subject list. Retired counts what is left out.
type subjectList struct {
	Client   string          `json:"client"`
	Subjects []listedSubject `json:"subjects"`
	Retired  int             `json:"retired"`
}

func (c *subjectListCmd) Run(a *App) error {
	list := subjectList{Client: c.Client, Subjects: []listedSubject{}}
	return a.withClient(c.Client, func(s *site) error {
		err := s.door.Read(a.ctx, c.Client, func(st *projection.State) error {
			c.gather(st, &list)
			return nil
		})
		if err != nil {
			return err
		}
		return a.show(list, list.text)
	})
}

func (c *subjectListCmd) gather(st *projection.State, list *subjectList) {
	if c.Kind == "" || c.Kind == string(framework.ScopeDevice) {
		for _, d := range st.Device.Inventory(true) {
			if !d.In && !c.All {
				list.Retired++
				continue
			}
			var class []string
			if d.Class != "" {
				class = []string{d.Class}
			}
			list.Subjects = append(list.Subjects, listedSubject{"device", d.ID, d.Name, class, d.In, interval.Format(d.Since)})
		}
	}
	for _, scope := range client.Scopes {
		if c.Kind != "" && c.Kind != string(scope) {
			continue
		}
		for _, m := range st.Client.Members(scope, true) {
			if !m.In && !c.All {
				list.Retired++
				continue
			}
			list.Subjects = append(list.Subjects, listedSubject{string(scope), m.ID, m.Name, classes(m), m.In, interval.Format(m.Since)})
		}
	}
}

func classes(m *client.Member) []string {
	list := append(append([]string{}, m.Uses...), m.Roles...)
	if m.PHI != nil {
		list = append(list, map[bool]string{true: "phi", false: "no-phi"}[*m.PHI])
	}
	return list
}

func (l subjectList) text(w *bufio.Writer) {
	if len(l.Subjects) == 0 && l.Retired > 0 {
		fmt.Fprintf(w, "%s, and none in use: see them with --all.\n", count(l.Retired, "retired subject", "retired subjects"))
		return
	}
	if len(l.Subjects) == 0 {
		w.WriteString("No subjects yet: add one with `breakwater subject add`.\n")
		return
	}
	var rows [][]string
	for _, s := range l.Subjects {
		state := ""
		if !s.In {
			state = "retired"
		}
		rows = append(rows, []string{s.Kind, s.ID, s.Name, strings.Join(s.Class, ", "), s.Since, state})
	}
	table(w, []string{"KIND", "ID", "NAME", "CLASS", "SINCE", ""}, rows)
}
