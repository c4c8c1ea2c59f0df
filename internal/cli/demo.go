package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
)

// SampleOptions say what is simulated. The same options give the same
// envelopes.
type SampleOptions struct {
	Clients int
	Months  int
	Seed    uint64
	Now     int64 // midnight UTC at which the history ends, ms
}

// Simulation is one history to be made, and the clock under which it is made.
type Simulation interface {
	Now() time.Time
	Build(ctx context.Context, door *intake.Door, say func(done, total int)) error
}

const (
	sampleData = "./breakwater-sample"
	sampleName = "sample.json"
)

type demoCmd struct {
	Clients   int     `default:"12" placeholder:"12" help:"How many clients."`
	Months    int     `default:"14" placeholder:"14" help:"How many months of history."`
	Seed      uint64  `default:"1" placeholder:"1" help:"The same seed and options give the same history."`
	Until     instant `name:"now" placeholder:"DATE" help:"Midnight UTC at which the history ends; today's if not given."`
	BuildOnly bool    `help:"Make the sample and stop."`
	Addr      string  `default:"127.0.0.1:8481" placeholder:"HOST:PORT" help:"Address to listen on; this machine only."`

	sample func(SampleOptions) (Simulation, error)
}

func (demoCmd) Permission() permit.Permission { return permit.Operate }

func (demoCmd) Help() string {
	return example("A sample MSP with simulated clients, in a folder of its own (./breakwater-sample). Nothing in it is real; its logs say so in their names. "+
		"A folder that holds a sample is used again with the same options.",
		"breakwater demo", "breakwater demo --clients 3 --months 13 --build-only --data ./small-sample")
}

// sampleMade is what the folder says of the sample in it.
type sampleMade struct {
	Clients int    `json:"clients"`
	Months  int    `json:"months"`
	Seed    uint64 `json:"seed"`
	Now     string `json:"now"`
	Done    bool   `json:"done"`
}

func (c *demoCmd) Run(a *App) error {
	if !a.dataGiven {
		a.Data = sampleData
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil || !loopback(host) {
		return problem("--addr %s is not an address of this machine: give something like 127.0.0.1:8481", c.Addr)
	}
	made, err := c.make(a)
	if err != nil {
		return err
	}
	if !c.BuildOnly {
		serve := serveCmd{Addr: c.Addr, Outsiders: outsiders{Interval: time.Hour}}
		return serve.Run(a)
	}
	return a.show(made, func(w *bufio.Writer) {
		fmt.Fprintf(w, "The sample in %s ends at %s: see it with `breakwater demo --data %s`.\n", a.Data, made.Now, a.Data)
	})
}

// make makes the sample, or finds it made.
func (c *demoCmd) make(a *App) (sampleMade, error) {
	want := SampleOptions{Clients: c.Clients, Months: c.Months, Seed: c.Seed, Now: c.Until.ms}
	if !c.Until.set {
		now := a.now().UnixMilli()
		want.Now = now - now%interval.Day
	}
	have, err := readSample(a.path(sampleName))
	switch {
	case err != nil:
		return have, err
	case have.Done:
		return have, c.same(a, have, want)
	case have != (sampleMade{}):
		return have, problem("%s holds a sample that was not finished, and nothing real: remove the folder, or name another one with --data", a.Data)
	case a.exists():
		return have, problem("%s holds logs that are no sample, which are left alone: name another folder with --data", a.Data)
	}
	simulation, err := c.sample(want)
	if err != nil {
		return have, problem("%v", err)
	}
	made := sampleMade{want.Clients, want.Months, want.Seed, interval.Format(want.Now), false}
	if err := c.build(a, simulation, made); err != nil {
		return made, err
	}
	made.Done = true
	return made, writeSample(a.path(sampleName), made)
}

// same refuses a sample that was made with other options. One that ended on an
// earlier day is fine unless a day is asked for.
func (c *demoCmd) same(a *App, have sampleMade, want SampleOptions) error {
	other := have.Clients != want.Clients || have.Months != want.Months || have.Seed != want.Seed ||
		c.Until.set && have.Now != interval.Format(want.Now)
	if other {
		return problem("%s holds a sample of %d clients and %d months with seed %d, ending at %s: give the same options, or another folder with --data",
			a.Data, have.Clients, have.Months, have.Seed, have.Now)
	}
	return nil
}

// build simulates under the simulation's own clock.
func (c *demoCmd) build(a *App, simulation Simulation, made sampleMade) error {
	then := *a
	then.now, then.sample = simulation.Now, true
	s, err := then.openOrMake()
	if err != nil {
		return err
	}
	defer s.close()
	if err := writeSample(a.path(sampleName), made); err != nil {
		return err
	}
	bar := a.progress(made.Months*30, "Simulating")
	defer bar.done()
	last := 0
	err = simulation.Build(a.ctx, s.door, func(done, total int) {
		bar.step((done - last) * made.Months * 30 / max(total, 1))
		last = done
	})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

func readSample(name string) (sampleMade, error) {
	var made sampleMade
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return made, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &made)
	}
	if err != nil {
		return made, problem("cannot read %s: %v: name another folder with --data", name, err)
	}
	return made, nil
}

func writeSample(name string, made sampleMade) error {
	raw, err := json.Marshal(made)
	if err == nil {
		err = os.WriteFile(name, append(raw, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
