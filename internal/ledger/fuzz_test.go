package ledger_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"breakwater/internal/ledger"
)

// Every parser here has one encoding for what it accepts: what parses encodes
// back to the same bytes.

// seedVectors adds the bodies of a folder of test vectors.
func seedVectors(f *testing.F, kind string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", kind, "*.txt"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no vectors of %s, %v", kind, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := bytes.Cut(data, []byte("\n\n"))
		f.Add(body)
	}
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("parses, then encodes to other bytes\n got %q\nwant %q", got, want)
	}
}

func FuzzLeaf(f *testing.F) {
	seed := ledger.Leaf{Kind: 3, Recorded: 4}.Bytes()
	f.Add(seed[:])
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := ledger.ParseLeaf(data); err == nil {
			b := l.Bytes()
			same(t, b[:], data)
		}
		if l, err := ledger.ParseInstanceLeaf(data); err == nil {
			b := l.Bytes()
			same(t, b[:], data)
		}
	})
}

func FuzzFrontier(f *testing.F) {
	var frontier ledger.Frontier
	for _, h := range leafHashes(7) {
		f.Add(frontier.Marshal())
		frontier.Append(h)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := ledger.UnmarshalFrontier(data); err == nil {
			same(t, got.Marshal(), data)
			got.Root()
		}
	})
}

func FuzzTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/1/x001/x234/067", "tile/0/273.p/112", "tile/entries/x001/067.p/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tile, err := ledger.ParseTilePath(s); err == nil {
			same(t, []byte(tile.Path()), []byte(s))
		}
		if n, w, err := ledger.ParseBundlePath(s); err == nil {
			same(t, []byte(ledger.BundlePath(n, w)), []byte(s))
		}
	})
}

func FuzzEntries(f *testing.F) {
	f.Add([]byte{0, 1, 9, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		leaves, err := ledger.ParseEntries(data)
		if err != nil {
			return
		}
		var b []byte
		for _, leaf := range leaves {
			if b, err = ledger.AppendEntry(b, leaf); err != nil {
				t.Fatal(err)
			}
		}
		same(t, b, data)
	})
}

func FuzzNote(f *testing.F) {
	seedVectors(f, "checkpoint")
	seedVectors(f, "cosigned")
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := ledger.ParseNote(data)
		if err != nil {
			return
		}
		same(t, n.Encode(), data)
		if cp, err := n.Checkpoint(); err == nil {
			same(t, []byte(cp.Body()), []byte(n.Text))
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add(testKey("example.com/k", ledger.Ed25519).Verifier().String())
	f.Add(testKey("example.com/k", ledger.CosignEd25519).Secret())
	f.Add("breakwater/0123456789abcdef/e2")
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ledger.ParseVerifier(s); err == nil {
			same(t, []byte(v.String()), []byte(s))
		}
		if k, err := ledger.ParseSigner(s); err == nil {
			same(t, []byte(k.Secret()), []byte(s))
		}
		if h, err := ledger.ParseHash(s); err == nil {
			same(t, []byte(h.String()), []byte(s))
		}
		if next, err := ledger.NextEpoch(s); err == nil && !ledger.ValidOrigin(next) {
			t.Fatalf("%q is followed by %q", s, next)
		}
	})
}

func FuzzPolicy(f *testing.F) {
	seedVectors(f, "policy")
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ledger.ParsePolicy(data)
		if err != nil {
			return
		}
		again, err := ledger.ParsePolicy(p.Encode())
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Encode())
		}
		same(t, again.Encode(), p.Encode())
	})
}

func FuzzProof(f *testing.F) {
	seedVectors(f, "proof")
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := ledger.ParseProof(data); err == nil {
			same(t, p.Encode(), data)
		}
	})
}

func FuzzWitnessRequest(f *testing.F) {
	seedVectors(f, "witness-request")
	f.Fuzz(func(t *testing.T, data []byte) {
		if w, err := ledger.ParseWitnessRequest(data); err == nil {
			same(t, w.Encode(), data)
		}
		if n, err := ledger.ParseWitnessSize(data); err == nil && n > ledger.MaxSize {
			t.Fatalf("size %d", n)
		}
	})
}

// FuzzTimestamp looks for a panic, and for a stamp that the authority did not
// make.
func FuzzTimestamp(f *testing.F) {
	der, err := os.ReadFile(filepath.Join("testdata", "timestamp.tsr"))
	if err != nil {
		f.Fatal(err)
	}
	trust := storedTrust(f)
	want, err := ledger.VerifyTimestamp(der, stampMessage, trust)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ledger.VerifyTimestamp(data, stampMessage, trust)
		if err == nil && (got.At != want.At || got.Serial != want.Serial) {
			t.Fatalf("forged: %+v", got)
		}
	})
}
