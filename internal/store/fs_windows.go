package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// What the system says when nothing can be written.
var (
	errReadOnlyFS error = windows.ERROR_WRITE_PROTECT
	errFullFS     error = windows.ERROR_DISK_FULL
	errQuotaFS    error = windows.ERROR_DISK_QUOTA_EXCEEDED
)

// lockFile waits for the exclusive lock of an open file. Closing releases it.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{})
}

// syncDir does nothing: folders cannot be synced on Windows.
func syncDir(string) error { return nil }
