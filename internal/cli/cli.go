// Package cli is the command line: one file for each noun and verb, which reads
// flags, asks the door, and prints the answer as text or JSON. It refuses to
// know the rules of any subject, SQL, and how a page looks.
//
// Words: an environment is what a command is run with: arguments, streams, the
// clock. A site is what a command works on: the store, the files beside it and
// the door to them. The answer of a command is its exit code: 0 done; 1 done,
// and the answer is no; 2 could not do it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"

	"breakwater/internal/account"
	"breakwater/internal/intake"
	"breakwater/internal/store"
)

// Env is what the program is run with. The zero value of each field is the
// process's own.
type Env struct {
	Args []string
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
	Now  func() time.Time
	// Pages makes the handler of pages and the API for `serve`. Without one,
	// only health and the public parts of the log are served.
	Pages func(context.Context, Wiring) (Pages, error)
	// Accounts opens the accounts that people sign in with. Without it nobody
	// can be invited.
	Accounts func(*intake.Door, *store.Store, func() time.Time) (*account.Accounts, error)
	// Sample starts a simulation, or refuses the options. Without it there is
	// no command demo.
	Sample func(SampleOptions) (Simulation, error)
}

const defaultData = "./breakwater-data"

// The exit codes.
const (
	exitDone = 0
	exitNo   = 1
	exitBad  = 2
)

// errNo ends a command that did what was asked, and whose answer is no. It
// prints nothing.
var errNo = errors.New("the answer is no")

// App is one run of the program.
type App struct {
	Globals
	ctx       context.Context
	in        io.Reader
	out       io.Writer
	err       io.Writer
	now       func() time.Time
	log       *slog.Logger
	model     *kong.Application
	dataGiven bool
	sample    bool // what is made and shown is simulated
	pages     func(context.Context, Wiring) (Pages, error)
	account   func(*intake.Door, *store.Store, func() time.Time) (*account.Accounts, error)
}

// Run runs one command and returns its exit code.
func Run(ctx context.Context, e Env) (code int) {
	e = e.filled()
	a := &App{ctx: ctx, in: e.In, out: e.Out, err: e.Err, now: e.Now, pages: e.Pages, account: e.Accounts}
	a.log = slog.New(slog.NewTextHandler(e.Err, nil))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			code = int(p)
		default:
			panic(p)
		}
	}()
	g, parser, err := newParser(e)
	if err != nil {
		return a.end(err)
	}
	parsed, err := parser.Parse(e.Args)
	if err != nil {
		return a.end(usage(parser.Model.Name, err))
	}
	a.Globals, a.model, a.dataGiven = g.Globals, parser.Model, g.Data != ""
	if !a.dataGiven {
		a.Data = defaultData
	}
	return a.end(parsed.Run(a))
}

// stop carries an exit code out of kong's own flags (--help, --version).
type stop int

func newParser(e Env) (*grammar, *kong.Kong, error) {
	g := &grammar{}
	options := []kong.Option{
		kong.Name("breakwater"),
		kong.Description(description),
		kong.Writers(e.Out, e.Err),
		kong.Exit(func(code int) { panic(stop(code)) }),
		kong.Vars{"version": Version()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, NoExpandSubcommands: true}),
	}
	if e.Sample != nil {
		options = append(options, kong.DynamicCommand("demo", "See a sample MSP with simulated clients.", "", &demoCmd{sample: e.Sample}))
	}
	parser, err := kong.New(g, options...)
	return g, parser, err
}

func (e Env) filled() Env {
	if e.In == nil {
		e.In = os.Stdin
	}
	if e.Out == nil {
		e.Out = os.Stdout
	}
	if e.Err == nil {
		e.Err = os.Stderr
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	return e
}

// end prints what went wrong, if anything, and gives the exit code.
func (a *App) end(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNo):
		return exitNo
	}
	fmt.Fprintln(a.err, "breakwater:", sentence(err))
	return exitBad
}

// Version is the program's version, as it was built.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown version"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = "development " + s.Value[:min(12, len(s.Value))]
		}
	}
	if version == "" || version == "(devel)" {
		version = "development"
	}
	return version + " " + info.GoVersion
}
