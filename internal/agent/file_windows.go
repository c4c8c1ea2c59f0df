package agent

import (
	"fmt"
	"os"
)

// syncDir does nothing: NTFS journals renames.
func syncDir(string) error { return nil }

// checkMode does nothing: the folder's access list decides.
func checkMode(string) error { return nil }

// lock keeps a second agent out of the folder; Windows refuses to remove a
// file that is open.
func lock(path string) (func(), error) {
	os.Remove(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("another agent uses this folder: stop it, or name another folder with --dir")
	}
	return func() { f.Close(); os.Remove(path) }, nil
}
