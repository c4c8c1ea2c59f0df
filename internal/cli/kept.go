package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"breakwater/internal/store"
)

// Where the database remembers when it was backed up last.
const (
	backupArea = "backup"
	backupName = "last"
)

// noteBackup remembers when a backup was made, ms UTC.
func (s *site) noteBackup(ctx context.Context, at int64) error {
	_, err := s.store.PutSetting(ctx, store.Setting{
		Log: store.InstanceLog, Area: backupArea, Name: backupName, Value: strconv.AppendInt(nil, at, 10), Revision: store.AnyRevision,
	})
	return err
}

// lastBackup is when the last backup was made, ms UTC; 0 when none is known.
func (s *site) lastBackup(ctx context.Context) (int64, error) {
	v, err := s.store.GetSetting(ctx, store.InstanceLog, backupArea, backupName)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("when the last backup was made: %w", err)
	}
	at, err := strconv.ParseInt(string(v.Value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("when the last backup was made: %w", err)
	}
	return at, nil
}

// size is how much the data folder holds, counted again after ten minutes at
// the earliest: there may be many files.
type size struct {
	mu    sync.Mutex
	bytes int64
	at    time.Time
}

func (z *size) of(dir string) int64 {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.at.IsZero() && time.Since(z.at) < 10*time.Minute {
		return z.bytes
	}
	z.bytes = folderSize(dir)
	z.at = time.Now()
	return z.bytes
}

// folderSize adds up the files of a folder. What goes away meanwhile counts for
// nothing.
func folderSize(dir string) int64 {
	total := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
