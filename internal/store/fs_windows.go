package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

var errReadOnlyFS = errors.New("read-only file system")

// lockFile waits for the exclusive lock of an open file. Closing releases it.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{})
}

// syncDir does nothing: folders cannot be synced on Windows.
func syncDir(string) error { return nil }
