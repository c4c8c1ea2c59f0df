package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"breakwater/internal/ledger"
)

// ErrRolledBack: the database holds less than, or other than, what was signed.
var ErrRolledBack = errors.New("the database is not the one that was signed for")

const (
	guardHeader  = "breakwater guard 1"
	maxGuardLine = 256
)

// Guard is a file outside the database that remembers for each log the largest
// checkpoint that was signed. A database restored from an old copy is noticed by
// it before a second history is signed. Any number of processes share it.
type Guard struct {
	path string
}

// Signed is what a log's largest signed checkpoint said.
type Signed struct {
	Size uint64
	Root ledger.Hash
}

// OpenGuard names the file; it is made by the first Advance.
func OpenGuard(path string) *Guard { return &Guard{path: path} }

// Read returns what was signed, by origin.
func (g *Guard) Read() (map[string]Signed, error) {
	f, err := os.Open(g.path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Signed{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read guard: %w", err)
	}
	defer f.Close()
	signed, err := parseGuard(f)
	if err != nil {
		return nil, fmt.Errorf("read guard %s: %w", g.path, err)
	}
	return signed, nil
}

// parseGuard reads a header and one line "origin size root" per log.
func parseGuard(r io.Reader) (map[string]Signed, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, maxGuardLine), maxGuardLine)
	if !lines.Scan() || lines.Text() != guardHeader {
		return nil, errors.New("it is not a guard file of this version: do not delete it, find the right one")
	}
	signed := map[string]Signed{}
	for n := 2; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), " ")
		if len(fields) != 3 || !ledger.ValidOrigin(fields[0]) {
			return nil, fmt.Errorf("line %d is damaged", n)
		}
		size, err := strconv.ParseUint(fields[1], 10, 63)
		if err != nil || strconv.FormatUint(size, 10) != fields[1] {
			return nil, fmt.Errorf("line %d is damaged", n)
		}
		root, err := ledger.ParseHash(fields[2])
		if err != nil {
			return nil, fmt.Errorf("line %d is damaged", n)
		}
		if _, twice := signed[fields[0]]; twice {
			return nil, fmt.Errorf("line %d names a log a second time", n)
		}
		signed[fields[0]] = Signed{size, root}
	}
	return signed, lines.Err()
}

// Advance remembers checkpoints, by origin, and returns when that is on the
// disk; only then may they leave. A smaller size than remembered is fine and
// changes nothing; the same size with another root is ErrRolledBack.
//
// If the power goes before the rename, the old file stands; after it, the new.
func (g *Guard) Advance(points map[string]Signed) error {
	return g.change(func(signed map[string]Signed) (bool, error) {
		changed := false
		for origin, p := range points {
			have, ok := signed[origin]
			if ok && have.Size == p.Size && have.Root != p.Root {
				return false, fmt.Errorf("guard: %s has another root at size %d: %w", origin, p.Size, ErrRolledBack)
			}
			if !ok || have.Size < p.Size {
				signed[origin], changed = p, true
			}
		}
		return changed, nil
	})
}

// change runs f on what is remembered, alone among processes.
func (g *Guard) change(f func(map[string]Signed) (bool, error)) error {
	lock, err := os.OpenFile(g.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock guard: %w", fileError(err))
	}
	defer lock.Close()
	if err := lockFile(lock); err != nil {
		return fmt.Errorf("lock guard: %w", err)
	}
	signed, err := g.Read()
	if err != nil {
		return err
	}
	changed, err := f(signed)
	if err != nil || !changed {
		return err
	}
	if err := g.replace(signed); err != nil {
		return fmt.Errorf("write guard: %w", err)
	}
	return nil
}

// Forget drops logs from the guard. It is for logs whose loss was accepted and
// is recorded elsewhere; nothing notices their loss any more.
func (g *Guard) Forget(origins ...string) error {
	return g.change(func(signed map[string]Signed) (bool, error) {
		before := len(signed)
		for _, o := range origins {
			delete(signed, o)
		}
		return len(signed) != before, nil
	})
}

func (g *Guard) replace(signed map[string]Signed) error {
	origins := make([]string, 0, len(signed))
	for o := range signed {
		origins = append(origins, o)
	}
	slices.Sort(origins)
	var b bytes.Buffer
	fmt.Fprintln(&b, guardHeader)
	for _, o := range origins {
		fmt.Fprintf(&b, "%s %d %s\n", o, signed[o].Size, signed[o].Root)
	}
	return writeDurably(g.path, b.Bytes())
}

// writeDurably replaces a file whole, by a name beside it.
func writeDurably(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fileError(err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fileError(err)
	}
	return syncDir(filepath.Dir(path))
}

// CheckGuard compares logs with what was signed for them: none may be shorter,
// and each must have the signed root at the signed size. Without logs it checks
// all, and a signed log that is missing is a failure too.
func (s *Store) CheckGuard(ctx context.Context, g *Guard, logs ...Log) error {
	signed, err := g.Read()
	if err != nil {
		return err
	}
	all := len(logs) == 0
	if all {
		if logs, err = s.allLogs(ctx); err != nil {
			return fmt.Errorf("check guard: %w", err)
		}
	}
	followed := map[string]bool{} // epochs whose loss the next one admits
	for _, l := range logs {
		if base, epoch, err := ledger.SplitOrigin(l.Origin); err == nil {
			for e := 1; e < epoch; e++ {
				followed[epochOrigin(base, e)] = true
			}
		}
	}
	for _, l := range logs {
		p, ok := signed[l.Origin]
		delete(signed, l.Origin)
		if !ok || followed[l.Origin] {
			continue
		}
		if err := s.checkSigned(ctx, l, p); err != nil {
			return fmt.Errorf("check guard: %w", err)
		}
	}
	if all {
		for origin := range signed {
			if followed[origin] {
				continue
			}
			return fmt.Errorf("check guard: log %s was signed for and is missing: %w", origin, ErrRolledBack)
		}
	}
	return nil
}

func epochOrigin(base string, epoch int) string {
	if epoch == 1 {
		return base
	}
	return base + "/e" + strconv.Itoa(epoch)
}

func (s *Store) allLogs(ctx context.Context) ([]Log, error) {
	logs, err := s.Logs(ctx)
	if err != nil {
		return nil, err
	}
	instance, err := s.LogByID(ctx, InstanceLog)
	return append(logs, instance), err
}

func (s *Store) checkSigned(ctx context.Context, l Log, p Signed) error {
	return s.Tree(ctx, l.ID, func(h Head, r ledger.HashReader) error {
		if h.Size < p.Size {
			return fmt.Errorf("log %s holds %d entries and was signed at %d: an old copy was put back? Find the newest database, or restore with --new-epoch: %w", l.Origin, h.Size, p.Size, ErrRolledBack)
		}
		root, err := rootAt(h, p.Size, r)
		if err != nil {
			return err
		}
		if root != p.Root {
			return fmt.Errorf("log %s has another history than was signed at size %d: run fsck: %w", l.Origin, p.Size, ErrRolledBack)
		}
		return nil
	})
}

// Publish stores signed checkpoints, then moves the guard, and returns what may
// leave, in the same order. It is the only way for a checkpoint to leave.
func (s *Store) Publish(ctx context.Context, g *Guard, points ...Checkpoint) ([]Checkpoint, error) {
	kept := make([]Checkpoint, len(points))
	signed := map[string]Signed{}
	for n, c := range points {
		l, err := s.LogByID(ctx, c.Log)
		if err != nil {
			return nil, fmt.Errorf("publish checkpoint: %w", err)
		}
		if kept[n], err = s.PutCheckpoint(ctx, c); err != nil {
			return nil, err
		}
		if have, ok := signed[l.Origin]; !ok || have.Size < kept[n].Size {
			signed[l.Origin] = Signed{kept[n].Size, kept[n].Root}
		}
	}
	if err := g.Advance(signed); err != nil {
		return nil, err
	}
	return kept, nil
}
