package ledger_test

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"breakwater/internal/ledger"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/tlog"
)

// small is the size up to which every tree, leaf and prefix is tried.
const small = 40

func TestEverySmallTree(t *testing.T) {
	leaves := leafHashes(small)
	tree := ledger.NewTree(leaves)
	reader := newMemoryLog(leaves)
	var f ledger.Frontier
	for n := 0; n <= small; n++ {
		root := naiveRoot(leaves[:n])
		if got := f.Root(); got != root {
			t.Fatalf("size %d: frontier root %s, want %s", n, got, root)
		}
		if got, err := tree.Root(uint64(n)); err != nil || got != root {
			t.Fatalf("size %d: tree root %s, %v, want %s", n, got, err, root)
		}
		if got, err := ledger.RootAt(uint64(n), reader); err != nil || got != root {
			t.Fatalf("size %d: tile root %s, %v, want %s", n, got, err, root)
		}
		if got, err := ledger.FrontierAt(uint64(n), reader); err != nil || got != f {
			t.Fatalf("size %d: frontier from tiles differs, %v", n, err)
		}
		for i := range n {
			checkInclusion(t, tree, reader, leaves, i, n, root)
		}
		for m := 0; m <= n; m++ {
			checkConsistency(t, tree, reader, leaves, m, n, root)
		}
		if n < small {
			f.Append(leaves[n])
		}
	}
}

func checkInclusion(t *testing.T, tree *ledger.Tree, r ledger.HashReader, leaves []ledger.Hash, i, n int, root ledger.Hash) {
	t.Helper()
	want := naivePath(i, leaves[:n])
	got, err := tree.Inclusion(uint64(i), uint64(n))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Fatalf("inclusion of %d in %d: %v (-want +got):\n%s", i, n, err, diff)
	}
	got, err = ledger.ProveInclusion(uint64(i), uint64(n), r)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Fatalf("inclusion of %d in %d from tiles: %v (-want +got):\n%s", i, n, err, diff)
	}
	if err := tlog.CheckRecord(toTlog(got), int64(n), tlog.Hash(root), int64(i), tlog.Hash(leaves[i])); err != nil {
		t.Fatalf("inclusion of %d in %d: tlog says %v", i, n, err)
	}
	verify := func(p []ledger.Hash) error {
		return ledger.VerifyInclusion(p, uint64(i), uint64(n), leaves[i], root)
	}
	if err := verify(got); err != nil {
		t.Fatal(err)
	}
	refuseChanged(t, fmt.Sprintf("inclusion of %d in %d", i, n), got, verify)
	for j := range n + 2 {
		if j != i && ledger.VerifyInclusion(got, uint64(j), uint64(n), leaves[i], root) == nil {
			t.Fatalf("inclusion of %d in %d verifies as %d", i, n, j)
		}
	}
}

func checkConsistency(t *testing.T, tree *ledger.Tree, r ledger.HashReader, leaves []ledger.Hash, m, n int, root ledger.Hash) {
	t.Helper()
	var want []ledger.Hash
	if m > 0 {
		want = naiveSubproof(m, leaves[:n], true)
	}
	got, err := tree.Consistency(uint64(m), uint64(n))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Fatalf("consistency of %d and %d: %v (-want +got):\n%s", m, n, err, diff)
	}
	got, err = ledger.ProveConsistency(uint64(m), uint64(n), r)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Fatalf("consistency of %d and %d from tiles: %v (-want +got):\n%s", m, n, err, diff)
	}
	old := naiveRoot(leaves[:m])
	verify := func(p []ledger.Hash) error { return ledger.VerifyConsistency(p, uint64(m), uint64(n), old, root) }
	if err := verify(got); err != nil {
		t.Fatal(err)
	}
	refuseChanged(t, fmt.Sprintf("consistency of %d and %d", m, n), got, verify)
	for k := range n + 1 {
		if k != m && ledger.VerifyConsistency(got, uint64(k), uint64(n), old, root) == nil {
			t.Fatalf("consistency of %d and %d verifies for %d", m, n, k)
		}
	}
	other := old
	other[0] ^= 1
	if ledger.VerifyConsistency(got, uint64(m), uint64(n), other, root) == nil {
		t.Fatalf("consistency of %d and %d verifies for another old root", m, n)
	}
}

// refuseChanged tries a right proof with a hash changed, missing, doubled and
// added: each must be ErrProof.
func refuseChanged(t *testing.T, what string, proof []ledger.Hash, verify func([]ledger.Hash) error) {
	t.Helper()
	for i := range proof {
		changed := append([]ledger.Hash(nil), proof...)
		changed[i][5] ^= 0x40
		cut := append(append([]ledger.Hash(nil), proof[:i]...), proof[i+1:]...)
		for _, p := range [][]ledger.Hash{changed, cut} {
			if err := verify(p); !errors.Is(err, ledger.ErrProof) {
				t.Fatalf("%s with hash %d spoiled: %v", what, i, err)
			}
		}
	}
	longer := append(append([]ledger.Hash(nil), proof...), ledger.Hash{1})
	if err := verify(longer); !errors.Is(err, ledger.ErrProof) {
		t.Fatalf("%s with a hash added: %v", what, err)
	}
}

func toTlog(p []ledger.Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(p))
	for i, h := range p {
		out[i] = tlog.Hash(h)
	}
	return out
}

func TestProofsOfALargeTree(t *testing.T) {
	const n = 70_000
	leaves := leafHashes(n)
	tree := ledger.NewTree(leaves)
	reader := newMemoryLog(leaves)
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := []uint64{1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_999, n}
	for range 40 {
		sizes = append(sizes, 1+rng.Uint64N(n))
	}
	for _, size := range sizes {
		root, err := tree.Root(size)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range []uint64{0, size / 2, size - 1, rng.Uint64N(size)} {
			proof, err := ledger.ProveInclusion(index, size, reader)
			if err != nil {
				t.Fatal(err)
			}
			if err := ledger.VerifyInclusion(proof, index, size, leaves[index], root); err != nil {
				t.Errorf("size %d: %v", size, err)
			}
			direct, err := tree.Inclusion(index, size)
			if diff := cmp.Diff(direct, proof, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("inclusion of %d in %d: tiles and tree differ", index, size)
			}
		}
		old := rng.Uint64N(size + 1)
		proof, err := ledger.ProveConsistency(old, size, reader)
		if err != nil {
			t.Fatal(err)
		}
		oldRoot, err := tree.Root(old)
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.VerifyConsistency(proof, old, size, oldRoot, root); err != nil {
			t.Error(err)
		}
	}
}

func TestProofsRefuseWhatIsNotThere(t *testing.T) {
	tree := ledger.NewTree(leafHashes(5))
	reader := newMemoryLog(leafHashes(5))
	for _, v := range []struct{ index, size uint64 }{{5, 5}, {0, 0}, {0, 6}, {9, 6}} {
		if _, err := tree.Inclusion(v.index, v.size); err == nil {
			t.Errorf("tree proves %d in %d", v.index, v.size)
		}
		if _, err := ledger.ProveInclusion(v.index, v.size, reader); err == nil {
			t.Errorf("tiles prove %d in %d", v.index, v.size)
		}
	}
	if _, err := tree.Consistency(3, 6); err == nil {
		t.Error("tree proves consistency with a size that it has not")
	}
	if _, err := ledger.ProveConsistency(4, 3, reader); err == nil {
		t.Error("tiles prove that 4 is a prefix of 3")
	}
	if _, err := tree.Root(6); err == nil {
		t.Error("tree has a root for a size that it has not")
	}
	if err := ledger.VerifyInclusion(nil, 0, 1<<63, ledger.Hash{}, ledger.Hash{}); err == nil {
		t.Error("a size above MaxSize verifies")
	}
}

func TestTreeAppend(t *testing.T) {
	leaves := leafHashes(small)
	var grown ledger.Tree
	for n, h := range leaves {
		grown.Append(h)
		if got, err := grown.Root(uint64(n + 1)); err != nil || got != naiveRoot(leaves[:n+1]) {
			t.Fatalf("root after %d appends = %s, %v", n+1, got, err)
		}
	}
	if grown.Size() != small || grown.Leaf(7) != leaves[7] {
		t.Errorf("size %d, leaf 7 %s", grown.Size(), grown.Leaf(7))
	}
}

func TestFrontierMarshal(t *testing.T) {
	var f ledger.Frontier
	for n, h := range leafHashes(300) {
		b := f.Marshal()
		if want := 8 + 32*bits.OnesCount(uint(n)); len(b) != want {
			t.Fatalf("size %d takes %d bytes, want %d", n, len(b), want)
		}
		back, err := ledger.UnmarshalFrontier(b)
		if err != nil || back != f {
			t.Fatalf("size %d comes back as size %d, %v", n, back.Size(), err)
		}
		for _, bad := range [][]byte{b[:len(b)-1], append(b, 0), append(b, make([]byte, 32)...), b[:4]} {
			if _, err := ledger.UnmarshalFrontier(bad); err == nil {
				t.Fatalf("size %d with %d bytes was taken", n, len(bad))
			}
		}
		before := f.Clone()
		f.Append(h)
		if before.Size() != uint64(n) || before.Root() == f.Root() {
			t.Fatal("a clone grew with its original")
		}
	}
	if _, err := ledger.UnmarshalFrontier(append([]byte{0x80}, make([]byte, 39)...)); err == nil {
		t.Error("a size above MaxSize was taken")
	}
}
