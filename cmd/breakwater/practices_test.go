package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"breakwater/internal/cli"
)

// registers has, for each kind of subject, one of every class that a practice
// may ask about.
var registers = map[string][]string{
	"device": {"laptop", "phone", "medical", "network", "server"}, "account": {"remote", "privileged", "email"},
	"domain": {"mail", "website", "service"}, "person": {"it"}, "vendor": {"phi"}, "site": {""},
}

// day runs commands in this process at noon of a day of January 2026.
type day struct {
	t    *testing.T
	data string
	n    int
}

func (d day) run(want int, args ...string) []byte {
	d.t.Helper()
	var out, errs bytes.Buffer
	at := time.Date(2026, 1, d.n, 12, 0, 0, 0, time.UTC)
	code := cli.Run(context.Background(), cli.Env{
		Args: append(args, "--data", d.data, "--json"), Out: &out, Err: &errs, Now: func() time.Time { return at },
	})
	if code != want {
		d.t.Fatalf("%v: exit code %d, want %d\n%s", args, code, want, errs.Bytes())
	}
	return out.Bytes()
}

func (d day) ask(want int, into any, args ...string) {
	d.t.Helper()
	if err := json.Unmarshal(d.run(want, args...), into); err != nil {
		d.t.Fatal(err)
	}
}

// From the first day every practice of the catalog takes evidence by command,
// and the next day every one of them is shown as in place.
func TestEveryPracticeTakesEvidence(t *testing.T) {
	if testing.Short() {
		t.Skip("a command for each practice takes half a minute: left to the long run of the tests")
	}
	d := day{t, filepath.Join(t.TempDir(), "data"), 1}
	d.run(0, "client", "add", "Lakeside Dental", "--id", "lakeside")
	for kind, classes := range registers {
		for _, class := range classes {
			args := []string{"subject", "add", "--client", "lakeside", "--kind", kind, "--id", kind + "-" + class}
			if class != "" {
				args = append(args, "--class", class)
			}
			d.run(0, args...)
		}
	}
	d.n = 2
	var catalog struct {
		Practices []struct{ ID, Scope, Mode string }
	}
	d.ask(0, &catalog, "practices")
	for _, p := range catalog.Practices {
		d.evidence(p.ID, p.Scope, p.Mode)
	}
	d.n = 3
	var answer struct {
		Practices []struct {
			ID   string
			AtOn bool `json:"at_on"`
		}
	}
	d.ask(1, &answer, "coverage", "--client", "lakeside", "--on", "2026-01-03", "--profile", "all")
	if got, want := len(answer.Practices), len(catalog.Practices); got != want {
		t.Errorf("the answer has %d practices, the catalog %d", got, want)
	}
	for _, p := range answer.Practices {
		if !p.AtOn {
			t.Errorf("%s took evidence and is not in place the day after", p.ID)
		}
	}
}

// evidence records what shows a practice on each subject that it may be about.
func (d day) evidence(practice, scope, mode string) {
	d.t.Helper()
	args := []string{"evidence", "record", "--client", "lakeside", "--practice", practice, "--at", "2026-01-02"}
	if scope == "msp" {
		args[3] = "msp"
	}
	if mode == "event" {
		d.run(0, append(args, "--state", "nil", "--from", "2026-01-01", "--to", "2026-01-02")...)
		return
	}
	if scope == "client" || scope == "msp" {
		d.run(0, args...)
		return
	}
	for _, class := range registers[scope] {
		d.run(0, append(args, "--subject", scope+"-"+class)...)
	}
}
