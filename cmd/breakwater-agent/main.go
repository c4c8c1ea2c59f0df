// Breakwater-agent is the small program for a client's own machines: it reads
// the machine's posture, signs it, and hands it in to Breakwater.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"breakwater/internal/agent"
	"breakwater/internal/agent/posture"
)

type grammar struct {
	Dir    string    `help:"Folder for the machine's key and what waits to be sent." default:"${dir}" env:"BREAKWATER_AGENT_DIR"`
	CA     string    `help:"Certificate (PEM) to trust beside the system's." name:"ca" type:"existingfile" env:"BREAKWATER_AGENT_CA"`
	Enroll enrollCmd `cmd:"" help:"Enroll this machine. Example: breakwater-agent enroll --server https://proof.example.com --secret bwe_..."`
	Once   onceCmd   `cmd:"" help:"Read the posture once and hand it in. Example: breakwater-agent once"`
	Run    runCmd    `cmd:"" help:"Hand in now and again and again. Example: breakwater-agent run --every 1h"`
	Facts  factsCmd  `cmd:"" help:"Print what would be sent, and how each fact was read. Example: breakwater-agent facts"`
}

type enrollCmd struct {
	Server string `required:"" help:"Address of Breakwater."`
	Secret string `required:"" help:"Enrollment secret, from the client's devices page." env:"BREAKWATER_ENROLL_SECRET"`
	Name   string `help:"Identifier of this machine; its host name if left out."`
	Class  string `help:"laptop, desktop, server, ...; guessed if left out."`
}

type onceCmd struct{}

type runCmd struct {
	Every time.Duration `default:"1h" help:"How often."`
}

type factsCmd struct {
	JSON     bool `help:"As JSON." name:"json"`
	Software bool `help:"List the installed software instead, whose count and hash are one of the facts."`
}

func defaultDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "Breakwater", "agent")
	}
	return "/var/lib/breakwater-agent"
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: 0 done, 2 could not.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var g grammar
	exit := -1
	parser, err := kong.New(&g, kong.Name("breakwater-agent"), kong.Vars{"dir": defaultDir()},
		kong.Description("Reads this machine's posture, signs it, and hands it in to Breakwater."),
		kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		panic(err)
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err == nil {
		k.BindTo(ctx, (*context.Context)(nil))
		k.BindTo(out, (*io.Writer)(nil))
		err = k.Run(&g)
	}
	if err != nil {
		fmt.Fprintln(errOut, "breakwater-agent:", err)
		return 2
	}
	return 0
}

// agent is the machine's agent, talking to a server, or to the one it was
// enrolled at.
func (g *grammar) agent(server string) (*agent.Agent, error) {
	a := &agent.Agent{Dir: g.Dir, Root: posture.Here(), Now: time.Now}
	if server == "" {
		var err error
		if server, err = a.Server(); err != nil {
			return nil, err
		}
	}
	to, err := agent.NewHTTP(server, g.CA)
	a.To = to
	return a, err
}

// Run enrolls the machine.
func (c *enrollCmd) Run(ctx context.Context, out io.Writer, g *grammar) error {
	a, err := g.agent(c.Server)
	if err != nil {
		return err
	}
	p, err := a.Enroll(ctx, c.Secret, c.Server, c.Name, c.Class)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Enrolled as %s of %s. Next: breakwater-agent run\n", p.Device, p.Client)
	return nil
}

// Run reads and hands in once.
func (c *onceCmd) Run(ctx context.Context, out io.Writer, g *grammar) error {
	a, err := g.agent("")
	if err != nil {
		return err
	}
	s, err := a.Once(ctx)
	if err != nil {
		return err
	}
	tell(out, s)
	return nil
}

func tell(out io.Writer, s agent.Sent) {
	for _, ack := range s.Acks {
		word := "acknowledged, nothing had changed"
		if ack.Logged {
			word = fmt.Sprintf("logged as entry %d", *ack.Index)
		}
		if ack.Note != "" {
			word += " (" + ack.Note + ")"
		}
		fmt.Fprintf(out, "Report %d of %s: %s.\n", ack.Seq, ack.Device, word)
	}
	if s.Offline != nil {
		fmt.Fprintf(out, "%d waiting: %v\n", s.Waiting, s.Offline)
	}
}

// Run reports again and again.
func (c *runCmd) Run(ctx context.Context, out io.Writer, g *grammar) error {
	if c.Every < time.Minute {
		return errors.New("--every is shorter than a minute: give 1m or more")
	}
	a, err := g.agent("")
	if err != nil {
		return err
	}
	return a.Run(ctx, c.Every, func(s agent.Sent) { tell(out, s) })
}

// Run prints what would be sent.
func (c *factsCmd) Run(ctx context.Context, out io.Writer) error {
	if c.Software {
		return c.software(out)
	}
	facts := posture.Collect(ctx, posture.Here())
	if c.JSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(facts)
	}
	for _, f := range facts {
		if f.Unknown != "" {
			fmt.Fprintf(out, "%-20s unknown: %s\n", f.Name, f.Unknown)
			continue
		}
		value, err := json.Marshal(f.Value)
		if err != nil {
			return fmt.Errorf("fact %s: %w", f.Name, err)
		}
		fmt.Fprintf(out, "%-20s %s\n%-20s read from %s\n", f.Name, value, "", f.How)
	}
	return nil
}

// software prints what is installed.
func (c *factsCmd) software(out io.Writer) error {
	list, err := posture.Software(posture.Here())
	if err != nil {
		return fmt.Errorf("list software: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(list)
	}
	for _, p := range list {
		fmt.Fprintf(out, "%s %s\n", p.Name, p.Version)
	}
	return nil
}
