package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"breakwater/internal/permit"
	"breakwater/internal/seal"
)

type keyCmd struct {
	Rotate keyRotateCmd `cmd:"" help:"Draw a new key for a client, or wrap every key under a new master key."`
	Make   keyMakeCmd   `cmd:"" help:"Draw a master key into a new file."`
}

func (keyCmd) Help() string {
	return example("", "breakwater key rotate --client lakeside", "breakwater key make new.key", "breakwater key rotate --to-file new.key")
}

type keyMakeCmd struct {
	File string `arg:"" type:"path" help:"New file, readable by its owner alone."`
}

func (keyMakeCmd) Permission() permit.Permission { return permit.Operate }

func (keyMakeCmd) Help() string { return example("", "breakwater key make new.key") }

func (c *keyMakeCmd) Run(a *App) error {
	if _, err := seal.CreateFile(c.File); err != nil {
		if errors.Is(err, os.ErrExist) {
			return problem("%s is there already: choose another name", c.File)
		}
		return err
	}
	return a.show(map[string]string{"file": c.File}, func(w *bufio.Writer) {
		fmt.Fprintf(w, "A new master key is in %s. Keep a copy in another place.\n", c.File)
	})
}

type keyRotateCmd struct {
	Client    string `placeholder:"ID" xor:"what" help:"Draw a new key for this client: what is recorded from now on is sealed under it."`
	ToFile    string `placeholder:"FILE" type:"path" xor:"what" help:"Wrap every key under the master key in this file."`
	ToEnv     string `placeholder:"NAME" xor:"what" help:"Wrap every key under the master key in this environment variable."`
	ToCommand string `placeholder:"COMMAND" xor:"what" help:"Wrap every key under the master key that this command prints."`
}

func (keyRotateCmd) Permission() permit.Permission { return permit.Operate }

func (keyRotateCmd) Help() string {
	return example("After a new master key, stop `serve` and start it with the new one. Backups made before need the old one.",
		"breakwater key rotate --client lakeside", "breakwater key rotate --to-file new.key")
}

func (c *keyRotateCmd) Run(a *App) error {
	switch {
	case c.Client != "":
		return c.client(a)
	case c.ToFile == "" && c.ToEnv == "" && c.ToCommand == "":
		return problem("say which key: --client ID, or a new master key with --to-file, --to-env or --to-command")
	}
	next, err := c.next(a)
	if err != nil {
		return advised(err)
	}
	return a.with(func(s *site) error {
		ring := seal.NewKeyring(next)
		if string(ring.CheckValue()) == string(s.ring.CheckValue()) {
			return problem("this is the master key in use: make another one with `breakwater key make`")
		}
		err := s.store.RotateMaster(a.ctx, ring, func(label string, wrapped []byte) ([]byte, error) {
			return s.ring.RewrapFor(ring, label, wrapped)
		})
		if err != nil {
			return err
		}
		return a.show(map[string]any{"ok": true}, func(w *bufio.Writer) {
			fmt.Fprintf(w, "Every key is wrapped under the new master key. Give it from now on with %s; keep the old one for the backups made before.\n", c.flag())
		})
	})
}

func (c *keyRotateCmd) next(a *App) (*seal.Master, error) {
	switch {
	case c.ToFile != "":
		if err := regular(c.ToFile); err != nil {
			return nil, err
		}
		m, err := seal.FromFile(c.ToFile)
		if errors.Is(err, seal.ErrNoMaster) {
			return nil, problem("there is no master key in %s: make it with `breakwater key make %s`", c.ToFile, c.ToFile)
		}
		return m, err
	case c.ToEnv != "":
		return seal.FromEnv(c.ToEnv)
	}
	return seal.FromCommand(a.ctx, c.ToCommand)
}

func (c *keyRotateCmd) flag() string {
	switch {
	case c.ToFile != "":
		return "--key-file " + c.ToFile
	case c.ToEnv != "":
		return "--key-env " + c.ToEnv
	}
	return "--key-command"
}

func (c *keyRotateCmd) client(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		l, _, err := s.head(c.Client)
		if err != nil {
			return err
		}
		version, err := s.store.RotateDataKey(a.ctx, l.ID)
		if err != nil {
			return err
		}
		return a.show(map[string]any{"client": c.Client, "version": version}, func(w *bufio.Writer) {
			fmt.Fprintf(w, "What is recorded for %s from now on is sealed under key %d.\n", c.Client, version)
		})
	})
}
