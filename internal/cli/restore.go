package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"breakwater/internal/blob"
	"breakwater/internal/permit"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

type restoreCmd struct {
	File     string `arg:"" optional:"" type:"path" help:"Backup; leave it out to begin new epochs in the folder as it is."`
	NewEpoch bool   `help:"Go on after entries were lost: each log that lost some begins a new epoch, whose first entry says so."`
	Why      string `placeholder:"TEXT" help:"Why entries were lost; it stands in the log."`
}

func (restoreCmd) Permission() permit.Permission { return permit.Operate }

func (restoreCmd) Help() string {
	return example("The folder must hold no database. The master key must be there, or be given: it is in no backup.",
		"breakwater restore breakwater-2026-03-01.bwb --data ./restored --key-file master.key",
		`breakwater restore --new-epoch --why "disk failed on March 2; the backup was a day old"`)
}

// Restored answers restore.
type Restored struct {
	OK     bool       `json:"ok"`
	Logs   int        `json:"logs"`
	Epochs []NewEpoch `json:"epochs"`
}

// NewEpoch is a log that lost entries. Size and root are of what was signed
// last; Log is empty for a log of which nothing is left but that.
type NewEpoch struct {
	Log    string `json:"log"`
	Before string `json:"before"`
	Origin string `json:"origin,omitempty"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"`
}

func (c *restoreCmd) Run(a *App) error {
	switch {
	case c.File == "" && !c.NewEpoch:
		return problem("no backup is named: give the file")
	case c.NewEpoch && strings.TrimSpace(c.Why) == "":
		return problem("a new epoch says why entries were lost: give --why")
	}
	if c.File != "" {
		if err := c.restore(a); err != nil {
			return err
		}
	}
	return a.with(func(s *site) error {
		logs, err := s.store.Logs(a.ctx)
		if err != nil {
			return err
		}
		answer := Restored{OK: true, Logs: len(logs), Epochs: []NewEpoch{}}
		if c.NewEpoch {
			answer.Epochs, err = s.newEpochs(logs, c.Why)
		} else {
			err = s.store.CheckGuard(a.ctx, s.guard)
		}
		if err != nil {
			return err
		}
		return a.show(answer, answer.text)
	})
}

// restore fills the folder from the backup.
func (c *restoreCmd) restore(a *App) error {
	f, err := openFile(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(a.Data, 0o700); err != nil {
		return problem("cannot make the folder %s: %v: name another one with --data", a.Data, errors.Unwrap(err))
	}
	m, err := a.master()
	if errors.Is(err, seal.ErrNoMaster) {
		return problem("the master key is not in a backup: put it into %s, or give it with --key-file, --key-env or --key-command", a.masterPath())
	}
	if err != nil {
		return err
	}
	bar := a.progress(-1, "Restoring")
	defer bar.done()
	files := counted{blob.Open(a.path(filesName), nil, 0), bar}
	options := store.Options{Sealer: seal.NewKeyring(m), Now: a.now}
	if a.DB != "" {
		return advised(store.RestorePostgres(a.ctx, a.DB, options, f, files))
	}
	if _, err := os.Stat(a.path(databaseName)); err == nil {
		return problem("there is a database in %s: restore into another folder with --data", a.Data)
	}
	return advised(store.RestoreSQLite(a.ctx, a.path(databaseName), options, f, files))
}

// counted shows each file that is written.
type counted struct {
	*blob.Files
	bar progress
}

// PutRaw stores a file and counts it.
func (c counted) PutRaw(log int64, name [32]byte, sealed []byte) error {
	c.bar.step(1)
	return c.Files.PutRaw(log, name, sealed)
}

func (r Restored) text(w *bufio.Writer) {
	fmt.Fprintf(w, "%s. Check everything with `breakwater fsck`.\n", count(r.Logs, "log is there", "logs are there"))
	for _, e := range r.Epochs {
		if e.Log == "" {
			fmt.Fprintf(w, "Lost: %s, signed at size %d with root %s.\n", e.Before, e.Size, e.Root)
			continue
		}
		fmt.Fprintf(w, "%s begins a new epoch: %s was signed at size %d with root %s.\n", e.Log, e.Before, e.Size, e.Root)
	}
}
