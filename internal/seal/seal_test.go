package seal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"breakwater/internal/seal"
)

func master(t testing.TB, fill byte) *seal.Master {
	t.Helper()
	m, err := seal.NewMaster(bytes.Repeat([]byte{fill}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSealAndOpen(t *testing.T) {
	ring := seal.NewKeyring(master(t, 1))
	wrapped, err := ring.NewKey("data")
	if err != nil {
		t.Fatal(err)
	}
	again := seal.NewKeyring(master(t, 1))
	if err := again.Load("data", wrapped); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		ad := rapid.SliceOf(rapid.Byte()).Draw(t, "ad")
		sealed, err := ring.Seal("data", []byte("x"), text, ad)
		if err != nil || sealed[0] != 'x' {
			t.Fatalf("seal: %v", err)
		}
		sealed = sealed[1:]
		got, err := again.Open("data", nil, sealed, ad)
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("open: got %x, %v; want %x", got, err, text)
		}
		if len(sealed) != len(text)+seal.Overhead {
			t.Fatalf("sealed %d bytes into %d", len(text), len(sealed))
		}
		bad := bytes.Clone(sealed)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := again.Open("data", nil, bad, ad); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("altered: got %v, want ErrOpen", err)
		}
		if _, err := again.Open("data", nil, sealed, append(ad, 0)); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("other place: got %v, want ErrOpen", err)
		}
	})
}

func TestKeysAreBoundToLabelAndMaster(t *testing.T) {
	ring := seal.NewKeyring(master(t, 1))
	wrapped, err := ring.NewKey("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Load("b", wrapped); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("other label: got %v, want ErrOpen", err)
	}
	other := seal.NewKeyring(master(t, 2))
	if err := other.Load("a", wrapped); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("other master: got %v, want ErrOpen", err)
	}
	if bytes.Equal(ring.CheckValue(), other.CheckValue()) {
		t.Error("two master keys have one check value")
	}
	if !bytes.Equal(ring.CheckValue(), seal.NewKeyring(master(t, 1)).CheckValue()) {
		t.Error("one master key has two check values")
	}
	ring.Forget("a")
	if _, err := ring.Seal("a", nil, nil, nil); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("forgotten: got %v, want ErrNoKey", err)
	}
}

func TestRewrapKeepsTheKey(t *testing.T) {
	old, next := seal.NewKeyring(master(t, 1)), seal.NewKeyring(master(t, 2))
	wrapped, err := old.NewKey("name")
	if err != nil {
		t.Fatal(err)
	}
	want, err := old.Name("name", []byte("row 1"))
	if err != nil {
		t.Fatal(err)
	}
	moved, err := old.RewrapFor(next, "name", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Load("name", moved); err != nil {
		t.Fatal(err)
	}
	if got, err := next.Name("name", []byte("row 1")); err != nil || got != want {
		t.Errorf("after rewrap: got %x, %v; want %x", got, err, want)
	}
	if other, _ := next.Name("name", []byte("row 2")); other == want {
		t.Error("two rows have one name")
	}
}

func TestMasterFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := seal.FromFile(path); !errors.Is(err, seal.ErrNoMaster) {
		t.Errorf("missing: got %v, want ErrNoMaster", err)
	}
	made, err := seal.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.CreateFile(path); err == nil {
		t.Error("a second key was written over the first")
	}
	read, err := seal.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(seal.NewKeyring(made).CheckValue(), seal.NewKeyring(read).CheckValue()) {
		t.Error("another key was read than written")
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.FromFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("mode 0640: got %v, want a refusal that says chmod 600", err)
	}
}

func TestMasterFromEnvAndCommand(t *testing.T) {
	const text = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	want, err := seal.ParseMaster([]byte(text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BREAKWATER_TEST_KEY", text)
	env, err := seal.FromEnv("BREAKWATER_TEST_KEY")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.FromEnv("BREAKWATER_TEST_NO_KEY"); !errors.Is(err, seal.ErrNoMaster) {
		t.Errorf("unset: got %v, want ErrNoMaster", err)
	}
	sources := map[string]*seal.Master{"env": env}
	if runtime.GOOS != "windows" {
		if sources["command"], err = seal.FromCommand(context.Background(), "echo "+text); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.FromCommand(context.Background(), "exit 3"); err == nil {
			t.Error("a command that fails gave a key")
		}
		if _, err := seal.FromCommand(context.Background(), "head -c 9000 /dev/zero"); err == nil {
			t.Error("9000 bytes gave a key")
		}
	}
	for name, m := range sources {
		if !bytes.Equal(seal.NewKeyring(m).CheckValue(), seal.NewKeyring(want).CheckValue()) {
			t.Errorf("%s gave another key", name)
		}
	}
	for _, bad := range []string{"", "00", text + "00", strings.Repeat("z", 64)} {
		if _, err := seal.ParseMaster([]byte(bad)); err == nil || strings.Contains(err.Error(), "00010203") {
			t.Errorf("ParseMaster of %d digits: got %v, want an error without the key", len(bad), err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	ring := seal.NewKeyring(master(b, 1))
	if _, err := ring.NewKey("data"); err != nil {
		b.Fatal(err)
	}
	text, ad, buf := make([]byte, 400), make([]byte, 40), make([]byte, 0, 1024)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.Seal("data", buf, text, ad); err != nil {
			b.Fatal(err)
		}
	}
}
