package ledger_test

import (
	"testing"

	"breakwater/internal/ledger"
)

func BenchmarkFrontierAppend(b *testing.B) {
	var f ledger.Frontier
	h := ledger.LeafHash(nil)
	b.ReportAllocs()
	for b.Loop() {
		f.Append(h)
	}
}

func BenchmarkFrontierRoot(b *testing.B) {
	var f ledger.Frontier
	for _, h := range leafHashes(999_999) {
		f.Append(h)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.Root()
	}
}

// BenchmarkReplay is what verify does for every entry: commitment of a 168-byte
// envelope, leaf, leaf hash, fold. One operation is a log of 1,000,000.
func BenchmarkReplay(b *testing.B) {
	salt, envelope := make([]byte, ledger.SaltSize), make([]byte, 168)
	b.ReportAllocs()
	for b.Loop() {
		var f ledger.Frontier
		var c ledger.Committer
		for i := range 1_000_000 {
			envelope[0], envelope[1], envelope[2] = byte(i), byte(i>>8), byte(i>>16)
			commitment, err := c.Commit(salt, envelope)
			if err != nil {
				b.Fatal(err)
			}
			f.Append(ledger.Leaf{Kind: 1, Recorded: int64(i), Commitment: commitment}.Hash())
		}
		f.Root()
	}
}

func BenchmarkTreeInclusion(b *testing.B) {
	const n = 1_000_000
	leaves := leafHashes(n)
	tree := ledger.NewTree(leaves)
	proof := make([]ledger.Hash, 0, 64)
	i := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if proof, err = tree.AppendInclusion(proof[:0], i%n, n); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}

func BenchmarkVerifyInclusion(b *testing.B) {
	const n, i = 1_000_000, 123_456
	leaves := leafHashes(n)
	tree := ledger.NewTree(leaves)
	proof, err := tree.Inclusion(i, n)
	if err != nil {
		b.Fatal(err)
	}
	root, err := tree.Root(n)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ledger.VerifyInclusion(proof, i, n, leaves[i], root); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProveFromTiles(b *testing.B) {
	const n = 1_000_000
	reader := newMemoryLog(leafHashes(n))
	i := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.ProveInclusion(i%n, n, reader); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}

func BenchmarkSignTwice(b *testing.B) {
	ed, pq := testKey("breakwater/0123456789abcdef", ledger.Ed25519), testKey("breakwater/0123456789abcdef", ledger.MLDSA44)
	cp := ledger.Checkpoint{Origin: ed.Name(), Size: 1, Root: ledger.Hash{7}}
	for b.Loop() {
		if _, err := ledger.Sign(cp, ed, pq); err != nil {
			b.Fatal(err)
		}
	}
}
