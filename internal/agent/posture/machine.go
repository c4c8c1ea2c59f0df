package posture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Limits of what is read. A file past its limit is an error, never read in part: half a
// configuration says the wrong thing.
const (
	maxFile      = 8 << 20  // an ordinary configuration or kernel file
	maxPackages  = 96 << 20 // a package database or list, unpacked
	maxLine      = 1 << 20
	maxEntries   = 20_000 // entries of one directory
	maxProcesses = 20_000
	maxText      = 256 // bytes of a text that ends up in a value
	maxNames     = 500 // names in one list of a value
)

var errTooBig = errors.New("larger than this agent reads")

// machine is a Root with what several readers share, read once.
type machine struct {
	Root
	processes func() ([]process, error)
	packages  func() ([]Package, error)
}

func newMachine(r Root) *machine {
	m := &machine{Root: r}
	m.processes = sync.OnceValues(m.readProcesses)
	m.packages = sync.OnceValues(func() ([]Package, error) { return readDpkg(m) })
	return m
}

// file reads a whole file of at most limit bytes. Names are absolute paths.
func (m *machine) file(name string, limit int64) ([]byte, error) {
	f, err := m.FS.Open(rel(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: %w", name, errTooBig)
	}
	return data, nil
}

// text is a small file without surrounding blanks, or "".
func (m *machine) text(name string) string {
	data, err := m.file(name, maxFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.Trim(string(data), "\x00"))
}

// names lists a directory in order; a directory that is absent is empty.
func (m *machine) names(dir string) ([]string, error) {
	entries, err := fs.ReadDir(m.FS, rel(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("list %s: %w", dir, errTooBig)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	sort.Strings(names)
	return names, nil
}

func (m *machine) exists(name string) bool {
	_, err := fs.Stat(m.FS, rel(name))
	return err == nil
}

// firstExisting is the first of the names that exists, or "".
func (m *machine) firstExisting(names ...string) string {
	for _, n := range names {
		if m.exists(n) {
			return n
		}
	}
	return ""
}

// program says whether a program is in one of the system's own folders.
func (m *machine) program(name string) bool {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"} {
		if m.exists(dir + "/" + name) {
			return true
		}
	}
	return false
}

// command runs a program; without a Run every program is absent.
func (m *machine) command(ctx context.Context, name string, args ...string) ([]byte, error) {
	if m.Run == nil {
		return nil, exec.ErrNotFound
	}
	return m.Run(ctx, name, args...)
}

// process is one running program as the kernel names it (at most 15 bytes).
type process struct {
	pid  int
	name string
}

func (m *machine) readProcesses() ([]process, error) {
	names, err := m.names("/proc")
	if err != nil {
		return nil, err
	}
	var all []process
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil {
			continue
		}
		if comm := m.text("/proc/" + n + "/comm"); comm != "" {
			all = append(all, process{pid, comm})
		}
		if len(all) > maxProcesses {
			return nil, errTooBig
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no process is visible")
	}
	return all, nil
}

// running says whether one of the named programs runs.
func (m *machine) running(names ...string) (bool, error) {
	all, err := m.processes()
	if err != nil {
		return false, err
	}
	for _, p := range all {
		for _, n := range names {
			if p.name == n || len(n) > 15 && p.name == n[:15] {
				return true, nil
			}
		}
	}
	return false, nil
}

// day is a date as values carry it; a time in the future is not believed.
func (m *machine) day(t time.Time) (string, bool) {
	if t.IsZero() || t.Year() < 1980 || m.Now != nil && t.After(m.Now().Add(24*time.Hour)) {
		return "", false
	}
	return t.UTC().Format(time.DateOnly), true
}

// eachLine calls do for every line, without its line end, until it returns false.
func eachLine(data []byte, do func(line string) bool) error {
	return scanLines(bytes.NewReader(data), do)
}

func scanLines(r io.Reader, do func(line string) bool) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	for s.Scan() {
		if !do(s.Text()) {
			return nil
		}
	}
	return s.Err()
}

func rel(name string) string { return strings.TrimPrefix(path.Clean(name), "/") }

// clean makes a text from the machine fit for a value: valid, short, without control characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > maxText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}

// list is a sorted list without repetitions for a value, cut at maxNames.
func list(names []string) []any {
	sorted := make([]string, 0, len(names))
	for _, n := range names {
		sorted = append(sorted, clean(n))
	}
	sort.Strings(sorted)
	out := make([]any, 0, len(sorted))
	for i, n := range sorted {
		if i > 0 && n == sorted[i-1] {
			continue
		}
		if len(out) == maxNames {
			break
		}
		out = append(out, n)
	}
	return out
}

// reason says why a file could not be read, in plain words and without its content.
func reason(what string, err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return what + " may not be read by this agent; run it as root"
	case errors.Is(err, fs.ErrNotExist):
		return what + " is not there"
	case errors.Is(err, errTooBig), errors.Is(err, bufio.ErrTooLong):
		return what + " is larger than this agent reads"
	case errors.Is(err, exec.ErrNotFound):
		return what + " is not installed"
	case errors.Is(err, context.DeadlineExceeded):
		return what + " did not answer in time"
	}
	return what + " could not be read"
}
