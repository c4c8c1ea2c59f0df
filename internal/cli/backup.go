package cli

import (
	"bufio"
	"fmt"
	"os"

	"breakwater/internal/permit"
	"breakwater/internal/store"
)

type backupCmd struct {
	File string `arg:"" type:"path" help:"New file for the backup."`
}

func (backupCmd) Permission() permit.Permission { return permit.Operate }

func (backupCmd) Help() string {
	return example("Others may go on writing. The master key is not in the backup: keep a copy of it elsewhere, or nothing can be read.",
		"breakwater backup /mnt/backup/breakwater-2026-03-01.bwb")
}

// BackedUp answers backup.
type BackedUp struct {
	File    string `json:"file"`
	Rows    int64  `json:"rows"`
	Files   int64  `json:"files"`
	Missing int64  `json:"missing"`
	Bytes   int64  `json:"bytes"`
}

func (c *backupCmd) Run(a *App) error {
	if err := free(c.File); err != nil {
		return err
	}
	return a.with(func(s *site) error {
		bar := a.progress(-1, "Backing up")
		defer bar.done()
		last := int64(0)
		report, err := s.store.BackupFile(a.ctx, c.File, s.files, func(r store.BackupReport) {
			bar.step(int(r.Rows + r.Files - last))
			last = r.Rows + r.Files
		})
		if err != nil {
			return advised(err)
		}
		if err := reread(c.File); err != nil {
			return err
		}
		if err := s.noteBackup(a.ctx, a.now().UnixMilli()); err != nil { // the backup is whole
			a.log.Warn("note that a backup was made", "error", err)
		}
		answer := BackedUp{c.File, report.Rows, report.Files, report.Missing, report.Bytes}
		return a.show(answer, func(w *bufio.Writer) {
			fmt.Fprintf(w, "%s: %d rows, %d files, %d bytes.\n", c.File, answer.Rows, answer.Files, answer.Bytes)
			if answer.Missing > 0 {
				fmt.Fprintf(w, "%s could not be read: run `breakwater fsck`.\n", count(int(answer.Missing), "file", "files"))
			}
			if a.KeyEnv == "" && a.KeyCommand == "" {
				fmt.Fprintf(w, "The master key is not in it. Keep a copy of %s in another place.\n", a.masterPath())
			}
		})
	})
}

// reread reads the backup once more, as restoring it would.
func reread(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the backup again: %w", err)
	}
	defer f.Close()
	if _, err := store.VerifyBackup(bufio.NewReaderSize(f, 1<<20)); err != nil {
		return fmt.Errorf("the backup was written and does not read back whole: %w", advised(err))
	}
	return nil
}
