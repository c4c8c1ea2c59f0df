package ledger_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"breakwater/internal/ledger"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := ledger.Leaf{Kind: rapid.Uint16().Draw(t, "kind"), Recorded: rapid.Int64().Draw(t, "recorded")}
		copy(want.Commitment[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "commitment"))
		b := want.Bytes()
		got, err := ledger.ParseLeaf(b[:])
		if err != nil || got != want {
			t.Fatalf("ParseLeaf = %v, %v, want %v", got, err, want)
		}
		if got.Hash() != ledger.LeafHash(b[:]) {
			t.Fatal("Hash differs from LeafHash of the bytes")
		}
	})
}

func TestLeafLayout(t *testing.T) {
	b := ledger.Leaf{Kind: 0x0102, Recorded: 0x030405060708090a, Commitment: ledger.Hash{0: 0xff, 31: 0xee}}.Bytes()
	want := [43]byte{0: 1, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10, 11: 0xff, 42: 0xee}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("leaf bytes (-want +got):\n%s", diff)
	}
}

func TestParseLeafRefuses(t *testing.T) {
	good := ledger.Leaf{Kind: 1}.Bytes()
	for name, b := range map[string][]byte{
		"nothing": nil, "short": good[:42], "long": append(good[:], 0), "version 0": make([]byte, 43),
		"version 2": append([]byte{2}, good[1:]...),
	} {
		if _, err := ledger.ParseLeaf(b); err == nil {
			t.Errorf("ParseLeaf took %s", name)
		}
	}
}

func TestCommitIsHMAC(t *testing.T) {
	var c ledger.Committer
	rapid.Check(t, func(t *rapid.T) {
		salt := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "salt")
		envelope := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "envelope")
		mac := hmac.New(sha256.New, salt)
		mac.Write(envelope)
		want := ledger.Hash(mac.Sum(nil))
		if got, err := c.Commit(salt, envelope); err != nil || got != want {
			t.Fatalf("Committer.Commit = %s, %v, want %s", got, err, want)
		}
		if got, err := ledger.Commit(salt, envelope); err != nil || got != want {
			t.Fatalf("Commit = %s, %v, want %s", got, err, want)
		}
	})
}

func TestSaltIsExactly32Bytes(t *testing.T) {
	for _, n := range []int{0, 1, 31, 33, 64} {
		if _, err := ledger.Commit(make([]byte, n), nil); err == nil {
			t.Errorf("Commit took a salt of %d bytes", n)
		}
		if _, err := ledger.SaltedHash(make([]byte, n), nil); err == nil {
			t.Errorf("SaltedHash took a salt of %d bytes", n)
		}
	}
	salt := make([]byte, 32)
	want := ledger.Hash(sha256.Sum256(append(salt[:32:32], "scan"...)))
	if got, err := ledger.SaltedHash(salt, []byte("scan")); err != nil || got != want {
		t.Errorf("SaltedHash = %s, %v, want %s", got, err, want)
	}
}

func TestInstanceLeaf(t *testing.T) {
	want := ledger.InstanceLeaf{Pseudonym: [32]byte{1, 31: 2}, Size: 0x0102030405060708, Root: ledger.Hash{9}}
	b := want.Bytes()
	if len(b) != 72 || b[0] != 1 || b[31] != 2 || b[32] != 1 || b[39] != 8 || b[40] != 9 {
		t.Errorf("instance leaf bytes = %x", b)
	}
	if got, err := ledger.ParseInstanceLeaf(b[:]); err != nil || got != want {
		t.Errorf("ParseInstanceLeaf = %v, %v", got, err)
	}
	if want.Hash() != ledger.LeafHash(b[:]) {
		t.Error("Hash differs from LeafHash of the bytes")
	}
	huge := want
	huge.Size = 1 << 63
	hb := huge.Bytes()
	empty := ledger.InstanceLeaf{Root: ledger.Hash{1}}.Bytes()
	for name, bad := range map[string][]byte{"short": b[:71], "long": append(b[:], 0), "size": hb[:], "empty tree": empty[:]} {
		if _, err := ledger.ParseInstanceLeaf(bad); err == nil {
			t.Errorf("ParseInstanceLeaf took %s", name)
		}
	}
}
