//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// What the system says when nothing can be written.
var (
	errReadOnlyFS error = syscall.EROFS
	errFullFS     error = syscall.ENOSPC
	errQuotaFS    error = syscall.EDQUOT
)

// lockFile waits for the exclusive lock of an open file. Closing releases it.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// syncDir makes names in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
