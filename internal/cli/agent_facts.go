package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"breakwater/internal/agent/posture"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/permit"
)

type agentCmd struct {
	Enroll agentEnrollCmd `cmd:"" help:"Enroll this machine at a Breakwater."`
	Once   agentOnceCmd   `cmd:"" help:"Report this machine's posture once."`
	Run    agentRunCmd    `cmd:"" help:"Report this machine's posture again and again."`
	Facts  agentFactsCmd  `cmd:"" help:"Read this machine's own security facts and print them; nothing is sent."`
}

func (agentCmd) Help() string { return example("", "breakwater agent facts") }

type agentFactsCmd struct{}

func (agentFactsCmd) Permission() permit.Permission { return permit.Public }

func (agentFactsCmd) Help() string {
	return example("Nothing is changed, kept or sent. As root more can be read.", "breakwater agent facts", "sudo breakwater agent facts --json")
}

// factsAnswer is what this machine says of itself, and what the program's own
// catalog says of that.
type factsAnswer struct {
	Device   string            `json:"device"`
	Platform string            `json:"platform"`
	Class    string            `json:"class,omitempty"`
	Facts    map[string]any    `json:"facts"`
	Unknown  map[string]string `json:"unknown"`
	Verdicts []verdict         `json:"verdicts"`
}

type verdict struct {
	Practice string `json:"practice"`
	Measure  string `json:"measure"`
	Verdict  string `json:"verdict"`
	Reason   string `json:"reason,omitempty"`
}

func (c *agentFactsCmd) Run(a *App) error {
	if runtime.GOOS != "linux" {
		return problem("facts are read on Linux only by this program: use breakwater-agent on this system")
	}
	r := posture.Here()
	d := posture.Identify(r)
	answer := factsAnswer{Device: d.Hostname, Platform: d.OS, Class: d.Class, Verdicts: []verdict{}}
	answer.Facts, answer.Unknown = facts(posture.Collect(a.ctx, r))
	answer.judge(a.now().UnixMilli())
	return a.show(answer, answer.text)
}

// facts splits what was read from what could not be read, as a report has it.
func facts(list []posture.Fact) (read map[string]any, unknown map[string]string) {
	read, unknown = map[string]any{}, map[string]string{}
	for _, f := range list {
		if f.Unknown != "" {
			unknown[f.Name] = f.Unknown
			continue
		}
		read[f.Name] = f.Value
	}
	return read, unknown
}

// judge says what the program's own catalog makes of the facts, measure by
// measure of those that a device's own report feeds.
func (f *factsAnswer) judge(at int64) {
	c := framework.Embedded()
	own := map[string]bool{}
	for _, m := range c.Measures {
		own[m.ID] = slices.Contains(m.Kinds, event.DeviceReported.String())
	}
	for _, p := range c.Practices {
		for _, feed := range p.FeedsFor(f.Platform) {
			if !own[feed.Measure] {
				continue
			}
			v, reason := c.Judge(feed.Measure, f.Platform, f.Facts, at)
			f.Verdicts = append(f.Verdicts, verdict{p.ID, feed.Measure, v.String(), reason})
		}
	}
}

func (f factsAnswer) text(w *bufio.Writer) {
	fmt.Fprintf(w, "%s (%s)\n\n", clean(f.Device), strings.TrimSpace(f.Platform+" "+f.Class))
	rows := [][]string{}
	for _, name := range sortedKeys(f.Facts) {
		b, err := json.Marshal(f.Facts[name])
		if err != nil {
			b = []byte("cannot be shown")
		}
		rows = append(rows, []string{name, short(string(b), 120)})
	}
	for _, name := range sortedKeys(f.Unknown) {
		rows = append(rows, []string{name, "unknown: " + f.Unknown[name]})
	}
	table(w, []string{"FACT", "VALUE"}, rows)
	fmt.Fprintln(w)
	rows = rows[:0]
	for _, v := range f.Verdicts {
		rows = append(rows, []string{v.Practice, v.Measure, v.Verdict, v.Reason})
	}
	table(w, []string{"PRACTICE", "MEASURE", "SAYS", "WHY"}, rows)
}
