// Command breakwater-verify checks a bundle without the program that wrote it
// and without a network. It opens the files that it is given and nothing else.
//
// Exit status: 0 everything holds, 1 something does not, 2 nothing could be
// checked.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	_ "time/tzdata" // reasons have dates in the client's zone, also where the system has no zones

	"breakwater/internal/bundle"
)

const usage = `usage: breakwater-verify F.zip [--key VKEY] [--policy FILE] [--authorities FILE] [--instance DIR] [--json]

  --key          the key of the MSP's log, got by another way than the bundle
  --policy       whose signature and cosignatures you believe (c2sp.org/tlog-policy)
  --authorities  certificates of time-stamping authorities you believe, in PEM
  --instance     a copy of the instance log, to check that no checkpoint was left
                 out: a folder with checkpoint and tile/entries. This program has
                 no network; from an address get one with: wget -r -np -nH URL
  --json         the result as JSON

Exit status: 0 everything holds, 1 something does not, 2 nothing could be checked.
`

type options struct {
	file, key, policy, authorities, instance string
	json                                     bool
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return 0
	}
	var r bundle.Result
	if err == nil {
		r, err = o.verify()
	}
	if err == nil {
		err = o.print(out, r)
	}
	switch {
	case err != nil:
		fmt.Fprintf(errs, "breakwater-verify: %v\n", err)
		return 2
	case !r.OK:
		return 1
	}
	return 0
}

// parse takes flags before and behind the file.
func parse(args []string) (o options, err error) {
	set := flag.NewFlagSet("breakwater-verify", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.key, "key", "", "")
	set.StringVar(&o.policy, "policy", "", "")
	set.StringVar(&o.authorities, "authorities", "", "")
	set.StringVar(&o.instance, "instance", "", "")
	set.BoolVar(&o.json, "json", false, "")
	for {
		if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
			return o, err
		} else if err != nil {
			return o, fmt.Errorf("%w: see breakwater-verify --help", err)
		}
		if set.NArg() == 0 {
			break
		}
		if o.file != "" {
			return o, fmt.Errorf("%q is one file too many: name one bundle", set.Arg(0))
		}
		o.file, args = set.Arg(0), set.Args()[1:]
	}
	if o.file == "" {
		return o, errors.New("no file is named: give the bundle, such as breakwater-verify F.zip")
	}
	if strings.Contains(o.instance, "://") {
		return o, errors.New("this program has no network: get a copy of the instance log with wget -r -np -nH and name its folder, or use `breakwater verify`")
	}
	return o, nil
}

func (o options) verify() (bundle.Result, error) {
	opt := bundle.Options{Key: o.key}
	var err error
	if opt.Policy, err = read(o.policy); err != nil {
		return bundle.Result{}, err
	}
	if opt.Authorities, err = read(o.authorities); err != nil {
		return bundle.Result{}, err
	}
	if o.instance != "" {
		opt.Fetch = func(path string) ([]byte, error) {
			return os.ReadFile(filepath.Join(o.instance, filepath.FromSlash(path)))
		}
	}
	if err := regular(o.file); err != nil {
		return bundle.Result{}, err
	}
	f, err := os.Open(o.file)
	if err != nil {
		return bundle.Result{}, fmt.Errorf("%w: check its name and your right to read it", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return bundle.Result{}, err
	}
	return bundle.Verify(f, info.Size(), opt)
}

func read(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	if err := regular(name); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// regular refuses what is no file before it is opened: to open a pipe that
// nobody writes to takes for ever.
func regular(name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("%w: check its name", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file: name a file", name)
	}
	return nil
}

func (o options) print(out io.Writer, r bundle.Result) error {
	if !o.json {
		_, err := io.WriteString(out, r.Text())
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
