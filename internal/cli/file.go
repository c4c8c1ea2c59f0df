package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// maxSetup bounds a file of settings: a policy, certificates.
const maxSetup = 1 << 20

// openFile opens a regular file that a person named; a pipe would be waited
// for, maybe for ever.
func openFile(name string) (*os.File, error) {
	if err := regular(name); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, problem("cannot read %s: %v: check the name", name, errors.Unwrap(err))
	}
	return f, nil
}

// regular refuses what is there and is no regular file.
func regular(name string) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return problem("%s is not a file: give the name of a file", name)
	}
	return nil
}

// read reads a file, or standard input where its name is "-", up to a limit.
func (a *App) read(name string, limit int64) ([]byte, error) {
	if name == "-" {
		return readUpTo(a.in, "standard input", limit)
	}
	f, err := openFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, name, limit)
}

func readUpTo(r io.Reader, name string, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, problem("cannot read %s: %v: give a file", name, err)
	}
	if int64(len(raw)) > limit {
		return nil, problem("%s is over %d MB: give a smaller file", name, limit>>20)
	}
	return raw, nil
}

// optional reads a file of settings; no name is nil.
func (a *App) optional(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return a.read(name, maxSetup)
}

// readLocal reads one file of a folder by its path with slashes.
func readLocal(dir, path string, limit int64) ([]byte, error) {
	f, err := openFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, path, limit)
}

// free refuses the name of a file that is there: nothing is written over.
func free(name string) error {
	if _, err := os.Lstat(name); err == nil {
		return problem("%s is there already: choose another name", name)
	}
	return nil
}
