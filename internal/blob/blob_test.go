package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"breakwater/internal/blob"
	"breakwater/internal/seal"
)

// sealer is a Sealer with one key for every log, bound to log and name.
type sealer struct{ ring *seal.Keyring }

func newSealer(t testing.TB) sealer {
	t.Helper()
	m, err := seal.NewMaster(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s := sealer{seal.NewKeyring(m)}
	if _, err := s.ring.NewKey("k"); err != nil {
		t.Fatal(err)
	}
	return s
}

func ad(log int64, name [32]byte) []byte { return append([]byte{byte(log)}, name[:]...) }

func (s sealer) SealBlob(log int64, name [32]byte, content []byte) ([]byte, error) {
	return s.ring.Seal("k", nil, content, ad(log, name))
}

func (s sealer) OpenBlob(log int64, name [32]byte, sealed []byte) ([]byte, error) {
	return s.ring.Open("k", nil, sealed, ad(log, name))
}

func (s sealer) BlobName(log int64, sum [32]byte) ([32]byte, error) {
	return s.ring.Name("k", ad(log, sum))
}

// paths lists the files below a folder.
func paths(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func TestPutAndGet(t *testing.T) {
	dir := t.TempDir()
	f := blob.Open(dir, newSealer(t), 1000)
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "content")
		c, err := f.Put(1, content)
		if err != nil {
			t.Fatal(err)
		}
		again, err := f.PutFrom(1, bytes.NewReader(content))
		if err != nil || again.Name != c.Name || again.Salt == c.Salt || again.Hash == c.Hash {
			t.Fatalf("cited again: %+v, %v; want the same name, another salt and hash", again, err)
		}
		for _, cited := range []blob.Citation{c, again} {
			got, err := f.GetCited(1, cited)
			if err != nil || !bytes.Equal(got, content) || !cited.Holds(got) {
				t.Fatalf("got %x, %v; want %x", got, err, content)
			}
		}
		again.Salt[0]++
		if _, err := f.GetCited(1, again); !errors.Is(err, blob.ErrAltered) {
			t.Fatalf("another salt: got %v, want ErrAltered", err)
		}
	})
	for _, p := range paths(t, dir) {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of a file: %v, %v", info.Mode(), err)
		}
	}
}

func TestStoredBytesSayNothing(t *testing.T) {
	dir := t.TempDir()
	f := blob.Open(dir, newSealer(t), 0)
	const content = "risk analysis of Lakeside Dental"
	one, err := f.Put(1, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	two, err := f.Put(2, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if one.Name == two.Name {
		t.Error("the same content has one name in two logs")
	}
	files := paths(t, dir)
	for _, p := range files {
		b, err := os.ReadFile(p)
		if err != nil || strings.Contains(string(b), "Lakeside") {
			t.Errorf("content stands in clear: %v", err)
		}
	}
	if len(files) != 2 {
		t.Errorf("got %d files, want 2", len(files))
	}
}

func TestLimits(t *testing.T) {
	f := blob.Open(t.TempDir(), newSealer(t), 10)
	if _, err := f.Put(1, make([]byte, 11)); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if _, err := f.PutFrom(1, bytes.NewReader(make([]byte, 5000))); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("from a reader: got %v, want ErrTooLarge", err)
	}
	c, err := f.Put(1, make([]byte, 10))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.PutRaw(1, c.Name, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(1, c.Name); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("a swollen file: got %v, want ErrTooLarge", err)
	}
}

func TestAlteredAndMissing(t *testing.T) {
	dir := t.TempDir()
	f := blob.Open(dir, newSealer(t), 0)
	c, err := f.Put(1, []byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.Put(1, []byte("other"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := f.Raw(1, c.Name)
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		bad := bytes.Clone(raw)
		bad[n] ^= 1
		if err := f.PutRaw(1, c.Name, bad); err != nil {
			t.Fatal(err)
		}
		if err := f.Verify(1, c.Name); !errors.Is(err, blob.ErrAltered) {
			t.Fatalf("byte %d: got %v, want ErrAltered", n, err)
		}
	}
	swapped, err := f.Raw(1, other.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.PutRaw(1, c.Name, swapped); err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(1, c.Name); !errors.Is(err, blob.ErrAltered) {
		t.Errorf("another file's bytes: got %v, want ErrAltered", err)
	}
	if _, err := f.Put(1, []byte("content")); err != nil { // mends it
		t.Fatal(err)
	}
	if err := f.Verify(1, c.Name); err != nil {
		t.Errorf("stored again: %v", err)
	}
	for range 2 {
		if err := f.Delete(1, c.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Get(1, c.Name); !errors.Is(err, blob.ErrNotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted: got %v, want ErrNotFound", err)
	}
}

func TestSweep(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	f := blob.Open(dir, newSealer(t), 0)
	cited, err := f.Put(1, []byte("cited"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"orphan", "old orphan, just put again"} {
		if _, err := f.Put(7, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	torn := filepath.Join(filepath.Dir(paths(t, dir)[0]), "new-123")
	if err := os.WriteFile(torn, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	for _, p := range paths(t, dir) {
		if err := os.Chtimes(p, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Put(7, []byte("old orphan, just put again")); err != nil {
		t.Fatal(err)
	}
	keep := func(_ context.Context, log int64, name [32]byte) (bool, error) {
		return log == 1 && name == cited.Name, nil
	}
	n, err := f.Sweep(ctx, time.Now().Add(-24*time.Hour), keep)
	if err != nil || n != 2 {
		t.Errorf("swept %d, %v; want the orphan and the torn file", n, err)
	}
	if left := paths(t, dir); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
	if n, err := blob.Open(filepath.Join(dir, "none"), newSealer(t), 0).Sweep(ctx, time.Now(), keep); n != 0 || err != nil {
		t.Errorf("no folder: %d, %v", n, err)
	}
}
