package cli

import (
	"bufio"
	"fmt"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// maxMonths is the longest window that is asked about.
const maxMonths = 120

type coverageCmd struct {
	Client   string   `required:"" placeholder:"ID" help:"Client."`
	On       instant  `required:"" placeholder:"TIME" help:"End of the window: the last instant before it is asked about."`
	Months   int      `default:"12" placeholder:"12" help:"Length of the window in months."`
	Reading  string   `default:"proven" enum:"proven,best" placeholder:"READING" help:"proven judges every instant by what had been recorded by then, best by everything known now."`
	AsOfSize *uint64  `placeholder:"N" help:"Only the first N entries of the log."`
	Practice []string `sep:"none" placeholder:"ID" help:"This practice, whatever the profile; may be repeated."`
	Profile  string   `enum:",small,core,all" default:"" placeholder:"PROFILE" help:"Practices of this profile instead of the client's: small, core or all."`
}

func (coverageCmd) Permission() permit.Permission { return permit.ViewGaps }

func (coverageCmd) Help() string {
	return example("Exit code 1 says that a practice of the client's profile, or the one named, has a gap.",
		"breakwater coverage --client lakeside --on 2026-03-01",
		"breakwater coverage --client lakeside --on 2026-03-01 --practice risk-analysis --reading best --json")
}

func (c *coverageCmd) Run(a *App) error {
	if c.Months < 1 || c.Months > maxMonths {
		return problem("a window of %d months: ask for 1 to %d", c.Months, maxMonths)
	}
	return a.withClient(c.Client, func(s *site) error {
		answer, err := s.door.Coverage(a.ctx, intake.Question{
			Client: c.Client, On: c.On.ms, Months: c.Months, Reading: coverage.Reading(c.Reading),
			Practices: c.Practice, Profile: c.Profile, AsOfSize: c.AsOfSize,
		})
		if err != nil {
			return err
		}
		titles, own, err := c.profile(s)
		if err != nil {
			return err
		}
		if err := a.show(answer, func(w *bufio.Writer) { coverageText(w, answer, titles) }); err != nil {
			return err
		}
		if c.missing(answer, own) {
			return errNo
		}
		return nil
	})
}

// profile is the titles of practices, and which of them the client's own
// profile has.
func (c *coverageCmd) profile(s *site) (titles map[string]string, own map[string]bool, err error) {
	titles, own = map[string]string{}, map[string]bool{}
	err = s.door.Read(s.app.ctx, c.Client, func(st *projection.State) error {
		for _, p := range st.Catalog().Practices {
			titles[p.ID], own[p.ID] = p.Title, p.In(st.Client.Profile)
		}
		return nil
	})
	return titles, own, err
}

// missing reports whether a practice that counts has a gap: each one named,
// else those of the client's profile.
func (c *coverageCmd) missing(answer intake.Answer, own map[string]bool) bool {
	for _, p := range answer.Practices {
		counts := len(c.Practice) > 0 || c.Profile == "" || own[p.ID]
		if counts && (p.Status == coverage.StatusGap || p.Status == coverage.StatusNever) {
			return true
		}
	}
	return false
}

var statusWords = map[string]string{
	coverage.StatusHeld: "in place", coverage.StatusGap: "gap", coverage.StatusNever: "nothing shown",
	coverage.StatusNotApplicable: "not applicable", coverage.StatusNotBound: "does not bind",
}

// coverageText is one line a practice with its strip, then each gap with what
// caused it.
func coverageText(w *bufio.Writer, answer intake.Answer, titles map[string]string) {
	fmt.Fprintf(w, "%s: %s to %s (UTC), %s reading, %d entries\n", answer.Client, civil(int64(answer.Window.From)), civil(int64(answer.Window.To)),
		answer.Reading, answer.LogSize)
	if answer.ProjectedFrom != nil {
		fmt.Fprintf(w, "From %s on this is what holds if nothing changes.\n", moment(int64(*answer.ProjectedFrom)))
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, p := range answer.Practices {
		rows = append(rows, []string{p.ID, strip(p, answer.Window), standing(p)})
	}
	table(w, nil, rows)
	fmt.Fprintf(w, "\n%s\n", stripLegend)
	for _, p := range answer.Practices {
		if len(p.Gaps) > 0 && (p.Status != coverage.StatusNever || len(answer.Practices) == 1) {
			fmt.Fprintf(w, "\n%s (%s)\n", clean(titles[p.ID]), p.ID)
			for _, g := range p.Gaps {
				gapText(w, g)
			}
		}
	}
}

// standing is the status in words, with how many subjects held at the end: a
// practice about the whole client has one, which says nothing more. Where
// nothing was ever shown, it says what is missing.
func standing(p coverage.Practice) string {
	words := statusWords[p.Status]
	if p.Status == coverage.StatusNever && len(p.Gaps) == 1 && len(p.Gaps[0].Causes) == 1 {
		words = p.Gaps[0].Kind + ": " + p.Gaps[0].Causes[0].Reason
	}
	if p.Subjects.InScope > 1 {
		words += fmt.Sprintf(" (%d of %d)", p.Subjects.Held, p.Subjects.InScope)
	}
	return words
}

var limitWords = map[framework.Limit]string{
	framework.LimitRule: "past the limit of the rule", framework.LimitAgreement: "past the limit of an agreement",
	framework.LimitClientPolicy: "past the limit of the client's policy", framework.LimitTarget: "older than our target",
}

func gapText(w *bufio.Writer, g coverage.Gap) {
	fmt.Fprintf(w, "  %s %s to %s", g.Kind, civil(int64(g.From)), civil(int64(g.To)))
	if g.Limit != nil {
		fmt.Fprintf(w, ", %s", limitWords[*g.Limit])
	}
	fmt.Fprintln(w)
	for _, c := range g.Causes {
		part := ""
		if c.From != g.From || c.To != g.To {
			part = fmt.Sprintf(" (%s to %s)", civil(int64(c.From)), civil(int64(c.To)))
		}
		fmt.Fprintf(w, "    %s%s%s%s\n", clean(c.Reason), part, entries(c.Entries), answeredFor(c))
	}
	if g.More > 0 {
		fmt.Fprintf(w, "    and %d more\n", g.More)
	}
}

// answeredFor says who answers for a cause: the gap stays, marked.
func answeredFor(c coverage.Cause) string {
	switch {
	case c.Declined != nil:
		return fmt.Sprintf("; declined by the client (entry %d)", *c.Declined)
	case c.Accepted != nil:
		return fmt.Sprintf("; risk accepted (entry %d)", *c.Accepted)
	}
	return ""
}

func entries(list []uint64) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	return " [" + b.String() + "]"
}
