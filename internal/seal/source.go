package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// maxSource bounds what is read from a file or a command in search of a key.
const maxSource = 4 << 10

// ErrNoMaster means that there is no master key where it was looked for.
var ErrNoMaster = errors.New("no master key")

// ParseMaster reads a master key as CreateFile writes it: 64 hexadecimal digits,
// white space around them ignored.
func ParseMaster(text []byte) (*Master, error) {
	raw, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(raw) != KeySize {
		return nil, fmt.Errorf("master key is not %d hexadecimal digits: check where it comes from", 2*KeySize)
	}
	return NewMaster(raw)
}

// FromFile reads the master key from a file that nobody but its owner may read.
// A file that is not there is ErrNoMaster.
func FromFile(path string) (*Master, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read master key %s: %w: put the file back from your copy", path, ErrNoMaster)
	}
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("master key %s may be read by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSource))
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	return ParseMaster(text)
}

// CreateFile draws a master key and writes it to a new file of mode 0600, which
// is durable when it returns. It refuses a file that exists.
func CreateFile(path string) (*Master, error) {
	var raw [KeySize]byte
	rand.Read(raw[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create master key: %w", err)
	}
	_, err = fmt.Fprintf(f, "%x\n", raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write master key: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("write master key: %w", err)
	}
	return NewMaster(raw[:])
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// FromEnv reads the master key from an environment variable. An unset or empty
// one is ErrNoMaster.
func FromEnv(name string) (*Master, error) {
	text := os.Getenv(name)
	if text == "" {
		return nil, fmt.Errorf("environment variable %s: %w: set it", name, ErrNoMaster)
	}
	return ParseMaster([]byte(text))
}

// FromCommand runs a command line through the system's shell and reads the
// master key from what it prints. What it writes to standard error is shown.
func FromCommand(ctx context.Context, line string) (*Master, error) {
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, shell, flag, line)
	cmd.Stdout, cmd.Stderr = &limited{&out}, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("command for the master key: %w: run it by hand to see why", err)
	}
	return ParseMaster(out.Bytes())
}

type limited struct{ b *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.b.Len()+len(p) > maxSource {
		return 0, errors.New("it printed too much for a key")
	}
	return l.b.Write(p)
}
