// Package blob keeps files that envelopes cite: documents, scanner output,
// photos, one sealed file each under a folder. It refuses to know what is in
// them, who cites them, and how they are sealed.
//
// Words:
//
//   - content: the bytes of a file as they were handed in.
//   - name: HMAC of the content's SHA-256 under the log's naming key. The same
//     content has one name within a log, and names of two logs have nothing in
//     common.
//   - citation: what an envelope says of a file: a random salt, SHA-256 of salt
//     and content, size; and the name, by which it is found.
//   - orphan: a file that no entry cites, left by a crash between storing it and
//     logging what cites it.
package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"breakwater/internal/ledger"
)

// DefaultMax is the largest content taken unless Open is told otherwise.
const DefaultMax = 64 << 20

// sealedMore bounds what sealing adds to a content, in bytes.
const sealedMore = 1 << 10

var (
	// ErrNotFound: there is no such file. It is fs.ErrNotExist too.
	ErrNotFound = fmt.Errorf("file is not stored: %w", fs.ErrNotExist)
	// ErrAltered: the stored bytes are not those of the name.
	ErrAltered = errors.New("stored file was altered")
	// ErrTooLarge: the content is over the limit.
	ErrTooLarge = errors.New("file is too large")
)

// A Sealer seals and names files for a log.
type Sealer interface {
	SealBlob(log int64, name [32]byte, content []byte) ([]byte, error)
	OpenBlob(log int64, name [32]byte, sealed []byte) ([]byte, error)
	BlobName(log int64, sum [32]byte) ([32]byte, error)
}

// Citation is what an envelope says of a file.
type Citation struct {
	Salt [32]byte // random
	Hash [32]byte // SHA-256(Salt || content)
	Name [32]byte // where it is stored; says nothing outside
	Size int64    // of the content, in bytes
}

// Holds reports whether content is what was cited.
func (c Citation) Holds(content []byte) bool {
	hash, err := ledger.SaltedHash(c.Salt[:], content)
	return err == nil && int64(len(content)) == c.Size && hash == ledger.Hash(c.Hash)
}

// Files is a folder of files. Several goroutines and processes may share it.
type Files struct {
	dir    string
	sealer Sealer
	max    int64
}

// Open names the folder, which is made when the first file is stored. limit is
// the largest content in bytes; DefaultMax if 0.
func Open(dir string, sealer Sealer, limit int64) *Files {
	if limit == 0 {
		limit = DefaultMax
	}
	return &Files{dir: dir, sealer: sealer, max: limit}
}

// Cite draws a salt for a content and says how an envelope cites it, without
// storing it.
func (f *Files) Cite(log int64, content []byte) (Citation, error) {
	c := Citation{Size: int64(len(content))}
	if c.Size > f.max {
		return Citation{}, fmt.Errorf("%w: %d bytes, the limit is %d: split or shrink it", ErrTooLarge, c.Size, f.max)
	}
	rand.Read(c.Salt[:])
	hash, err := ledger.SaltedHash(c.Salt[:], content)
	if err != nil {
		return Citation{}, fmt.Errorf("cite file: %w", err)
	}
	c.Hash = hash
	if c.Name, err = f.sealer.BlobName(log, sha256.Sum256(content)); err != nil {
		return Citation{}, fmt.Errorf("cite file: %w", err)
	}
	return c, nil
}

// Put stores a content and returns how an envelope cites it. It is on the disk
// when Put returns. The same content is stored once in a log.
func (f *Files) Put(log int64, content []byte) (Citation, error) {
	c, err := f.Cite(log, content)
	if err != nil {
		return Citation{}, fmt.Errorf("store file: %w", err)
	}
	path := f.path(log, c.Name)
	if f.Verify(log, c.Name) == nil {
		// A sweep must not take it for an old orphan before it is cited.
		now := time.Now()
		if os.Chtimes(path, now, now) == nil {
			return c, nil
		}
	}
	sealed, err := f.sealer.SealBlob(log, c.Name, content)
	if err != nil {
		return Citation{}, fmt.Errorf("store file: %w", err)
	}
	if err := f.PutRaw(log, c.Name, sealed); err != nil {
		return Citation{}, err
	}
	return c, nil
}

// PutFrom is Put of all that r gives, up to the limit.
func (f *Files) PutFrom(log int64, r io.Reader) (Citation, error) {
	content, err := io.ReadAll(io.LimitReader(r, f.max+1))
	if err != nil {
		return Citation{}, fmt.Errorf("store file: %w", err)
	}
	return f.Put(log, content)
}

// Get returns a content. It is ErrNotFound, ErrAltered, or the Sealer's error.
func (f *Files) Get(log int64, name [32]byte) ([]byte, error) {
	sealed, err := f.Raw(log, name)
	if err != nil {
		return nil, err
	}
	content, err := f.sealer.OpenBlob(log, name, sealed)
	if err != nil {
		return nil, fmt.Errorf("read file %x: %w: %w", name[:8], ErrAltered, err)
	}
	is, err := f.sealer.BlobName(log, sha256.Sum256(content))
	if err != nil {
		return nil, fmt.Errorf("read file %x: %w", name[:8], err)
	}
	if is != name {
		return nil, fmt.Errorf("read file %x: %w", name[:8], ErrAltered)
	}
	return content, nil
}

// GetCited returns the content that an envelope cites, and refuses any other.
func (f *Files) GetCited(log int64, c Citation) ([]byte, error) {
	content, err := f.Get(log, c.Name)
	if err != nil {
		return nil, err
	}
	if !c.Holds(content) {
		return nil, fmt.Errorf("read file %x: it is not what was cited: %w", c.Name[:8], ErrAltered)
	}
	return content, nil
}

// Verify reads a file and compares its content with its name.
func (f *Files) Verify(log int64, name [32]byte) error {
	_, err := f.Get(log, name)
	return err
}

// Delete removes a file for good. One that is not there is fine.
func (f *Files) Delete(log int64, name [32]byte) error {
	path := f.path(log, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file %x: %w", name[:8], err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file %x: %w", name[:8], err)
	}
	return nil
}

// Raw returns a file as it is stored, sealed.
func (f *Files) Raw(log int64, name [32]byte) ([]byte, error) {
	file, err := os.Open(f.path(log, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read file %x: %w", name[:8], ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read file %x: %w", name[:8], err)
	}
	defer file.Close()
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(file, f.max+sealedMore+1))
	if err != nil {
		return nil, fmt.Errorf("read file %x: %w", name[:8], err)
	}
	if n > f.max+sealedMore {
		return nil, fmt.Errorf("read file %x: %w", name[:8], ErrTooLarge)
	}
	return b.Bytes(), nil
}

// PutRaw stores a file as Raw returned it. If the power goes before the rename,
// only a file of another name is left, which Sweep removes; after it, the whole.
func (f *Files) PutRaw(log int64, name [32]byte, sealed []byte) error {
	path := f.path(log, name)
	if err := writeFile(path, sealed); err != nil {
		return fmt.Errorf("store file %x: %w", name[:8], err)
	}
	return nil
}

func writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := makeDir(dir); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return err
	}
	return syncDir(dir)
}

// makeDir makes a folder and those above it, durably, for the owner alone.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// path spreads the files of a log over 256 folders.
func (f *Files) path(log int64, name [32]byte) string {
	text := hex.EncodeToString(name[:])
	return filepath.Join(f.dir, strconv.FormatInt(log, 10), text[:2], text)
}

// Sweep removes files last written before an instant that keep says nobody
// needs, and what interrupted writes left. It returns how many.
func (f *Files) Sweep(ctx context.Context, before time.Time, keep func(ctx context.Context, log int64, name [32]byte) (bool, error)) (int, error) {
	removed := 0
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
			return nil
		}
		if err != nil {
			return err
		}
		if log, name, ok := f.parse(path); ok {
			needed, err := keep(ctx, log, name)
			if err != nil || needed {
				return err
			}
		}
		removed++
		return os.Remove(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return removed, fmt.Errorf("sweep files: %w", err)
	}
	return removed, nil
}

func (f *Files) parse(path string) (log int64, name [32]byte, ok bool) {
	raw, err := hex.DecodeString(filepath.Base(path))
	if err != nil || len(raw) != len(name) {
		return 0, name, false
	}
	name = [32]byte(raw)
	log, err = strconv.ParseInt(filepath.Base(filepath.Dir(filepath.Dir(path))), 10, 64)
	return log, name, err == nil && f.path(log, name) == path
}
