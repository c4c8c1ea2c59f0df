package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"breakwater/internal/ledger"
)

// naiveRoot is MTH of RFC 6962, section 2.1, word for word.
func naiveRoot(leaves []ledger.Hash) ledger.Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := naiveSplit(len(leaves))
	l, r := naiveRoot(leaves[:k]), naiveRoot(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

func naiveSplit(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// naivePath is PATH of RFC 6962, section 2.1.1.
func naivePath(m int, leaves []ledger.Hash) []ledger.Hash {
	if len(leaves) == 1 {
		return nil
	}
	k := naiveSplit(len(leaves))
	if m < k {
		return append(naivePath(m, leaves[:k]), naiveRoot(leaves[k:]))
	}
	return append(naivePath(m-k, leaves[k:]), naiveRoot(leaves[:k]))
}

// naiveSubproof is SUBPROOF of RFC 6962, section 2.1.2.
func naiveSubproof(m int, leaves []ledger.Hash, complete bool) []ledger.Hash {
	if m == len(leaves) {
		if complete {
			return nil
		}
		return []ledger.Hash{naiveRoot(leaves)}
	}
	k := naiveSplit(len(leaves))
	if m <= k {
		return append(naiveSubproof(m, leaves[:k], complete), naiveRoot(leaves[k:]))
	}
	return append(naiveSubproof(m-k, leaves[k:], false), naiveRoot(leaves[:k]))
}

// leafHashes are n different leaf hashes.
func leafHashes(n int) []ledger.Hash {
	leaves := make([]ledger.Hash, n)
	for i := range leaves {
		leaves[i] = ledger.LeafHash([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
	}
	return leaves
}

// The inputs and roots used by the Certificate Transparency implementations.
var rfcRoots = []struct{ leaf, root string }{
	{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
}

func TestKnownRoots(t *testing.T) {
	var f ledger.Frontier
	if got := f.Root().Hex(); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("root of the empty tree = %s", got)
	}
	for _, v := range rfcRoots {
		leaf, err := hex.DecodeString(v.leaf)
		if err != nil {
			t.Fatal(err)
		}
		f.Append(ledger.LeafHash(leaf))
		if got := f.Root().Hex(); got != v.root {
			t.Errorf("root of %d leaves = %s, want %s", f.Size(), got, v.root)
		}
	}
}

func TestLeafHashOfAnyLength(t *testing.T) {
	for n := range 300 {
		data := bytes.Repeat([]byte{7}, n)
		want := ledger.Hash(sha256.Sum256(append([]byte{0}, data...)))
		if got := ledger.LeafHash(data); got != want {
			t.Errorf("LeafHash of %d bytes = %s, want %s", n, got, want)
		}
	}
}

func TestHashText(t *testing.T) {
	h := ledger.LeafHash([]byte("x"))
	if back, err := ledger.ParseHash(h.String()); err != nil || back != h {
		t.Errorf("ParseHash(%s) = %s, %v", h, back, err)
	}
	var fromJSON struct{ Root ledger.Hash }
	text, err := json.Marshal(map[string]ledger.Hash{"Root": h})
	if err != nil || json.Unmarshal(text, &fromJSON) != nil || fromJSON.Root != h {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	if json.Unmarshal([]byte(`{"Root":"AAAA"}`), &fromJSON) == nil {
		t.Error("JSON with a short hash was taken")
	}
	for _, bad := range []string{"", "AAAA", h.String() + "\n", h.Hex(), h.String()[:43], "A" + h.String()} {
		if got, err := ledger.ParseHash(bad); err == nil {
			t.Errorf("ParseHash(%q) = %s, want an error", bad, got)
		}
	}
	// The last character of 32 bytes in base64 carries two unused bits.
	s := []byte(ledger.Hash{}.String())
	s[42] = 'B'
	if _, err := ledger.ParseHash(string(s)); err == nil {
		t.Error("ParseHash took base64 with unused bits set")
	}
}
