package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"breakwater/internal/bundle"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/ledger"
	"breakwater/internal/record"
)

const (
	origin     = "breakwater-sample/00112233445566aa"
	instanceOf = "breakwater-sample/ffeeddccbbaa0099"
	hour       = int64(3_600_000)
	day        = 24 * hour
)

// instant reads a date or RFC 3339, ms UTC.
func instant(s string) int64 {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli()
		}
	}
	panic(s)
}

func key(name string, kind ledger.KeyType, fill byte) *ledger.Signer {
	s, err := ledger.NewSigner(name, kind, bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		panic(err)
	}
	return s
}

// testLog is a log in memory, with the instance log and its outsiders.
type testLog struct {
	t        testing.TB
	client   string
	entries  []bundle.Entry
	hashes   []ledger.Hash
	blobs    map[[32]byte][]byte
	catalogs map[[32]byte]*framework.Catalog

	signer    *ledger.Signer
	witness   *ledger.Signer
	pseudonym [32]byte
	instance  [][]byte // leaves of the instance log
	mine      []bundle.InstanceLeaf
	seen      []bundle.Seen
	keys      int
}

func newLog(t testing.TB) *testLog {
	l := &testLog{
		t: t, client: "lakeside", blobs: map[[32]byte][]byte{}, catalogs: map[[32]byte]*framework.Catalog{},
		signer: key(origin, ledger.Ed25519, 7), witness: key("witness.example/w1", ledger.CosignEd25519, 9),
		pseudonym: sha256.Sum256([]byte("pseudonym")),
	}
	return l
}

// add appends an envelope recorded as soon as it held.
func (l *testLog) add(kind event.Kind, at int64, body any) uint64 {
	return l.addAt(kind, at, at, body)
}

func (l *testLog) addAt(kind event.Kind, at, recorded int64, body any) uint64 {
	l.t.Helper()
	if n := len(l.entries); n > 0 {
		recorded = max(recorded, l.entries[n-1].Recorded)
	}
	raw, err := event.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	l.keys++
	e := event.Envelope{Actor: "member:dana", At: at, Body: raw, Key: fmt.Sprintf("k%d", l.keys), Kind: kind, Log: l.client, Source: "form"}
	b, err := e.Encode()
	if err != nil {
		l.t.Fatal(err)
	}
	index := uint64(len(l.entries))
	salt := sha256.Sum256(fmt.Appendf(nil, "salt %d", index))
	sum, err := ledger.Commit(salt[:], b)
	if err != nil {
		l.t.Fatal(err)
	}
	h := ledger.Leaf{Kind: uint16(kind), Recorded: recorded, Commitment: sum}.Hash()
	l.entries = append(l.entries, bundle.Entry{Index: index, Recorded: recorded, Kind: uint16(kind), LeafHash: h, Salt: salt, Envelope: b})
	l.hashes = append(l.hashes, h)
	return index
}

// adopt makes the embedded catalog judge.
func (l *testLog) adopt(at int64) uint64 {
	c := framework.Embedded()
	h := c.Hash()
	l.catalogs[h] = c
	return l.add(event.CatalogAdopted, at, record.Adopted{SHA256: fmt.Sprintf("%x", h), Version: c.Version, By: "breakwater"})
}

// file stores a document and returns how an entry cites it.
func (l *testLog) file(name string, content []byte) map[string]any {
	salt := sha256.Sum256([]byte("file " + name))
	sum, err := ledger.SaltedHash(salt[:], content)
	if err != nil {
		l.t.Fatal(err)
	}
	l.blobs[sum] = content
	return map[string]any{"name": name, "type": "application/pdf", "size": len(content), "salt": fmt.Sprintf("%x", salt), "hash": sum.Hex(), "place": "p"}
}

// say records a statement on a practice.
func (l *testLog) say(practice, state string, at int64, more map[string]any) uint64 {
	l.t.Helper()
	p, ok := framework.Embedded().Practice(practice)
	if !ok {
		l.t.Fatalf("no practice %s", practice)
	}
	body := map[string]any{"practice": practice, "state": state}
	for k, v := range more {
		body[k] = v
	}
	return l.add(event.Kind(p.Number), at, body)
}

// erase destroys an entry by another.
func (l *testLog) erase(index uint64, at int64) uint64 {
	n := l.add(event.EntryErased, at, record.Erased{Index: index, Kind: l.entries[index].Kind, By: "dana", ApprovedBy: "quill", Why: "wrong person"})
	e := &l.entries[index]
	e.Salt, e.Envelope, e.Erased = [32]byte{}, nil, true
	return n
}

func (l *testLog) checkpoint(size int) ledger.Note {
	l.t.Helper()
	root, err := ledger.NewTree(l.hashes).Root(uint64(size))
	if err != nil {
		l.t.Fatal(err)
	}
	n, err := ledger.Sign(ledger.Checkpoint{Origin: origin, Size: uint64(size), Root: root}, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

func (l *testLog) instanceTree() *ledger.Tree {
	hashes := make([]ledger.Hash, len(l.instance))
	for i, b := range l.instance {
		hashes[i] = ledger.LeafHash(b)
	}
	return ledger.NewTree(hashes)
}

func (l *testLog) instanceNote(cosigned int64) []byte {
	l.t.Helper()
	tree := l.instanceTree()
	root, err := tree.Root(tree.Size())
	if err != nil {
		l.t.Fatal(err)
	}
	s, err := l.signer.WithName(instanceOf)
	if err != nil {
		l.t.Fatal(err)
	}
	c := ledger.Checkpoint{Origin: instanceOf, Size: tree.Size(), Root: root}
	n, err := ledger.Sign(c, s)
	if err != nil {
		l.t.Fatal(err)
	}
	if cosigned > 0 {
		w := l.witness.At(cosigned / 1000)
		sig, err := w.Sign([]byte(n.Text))
		if err != nil {
			l.t.Fatal(err)
		}
		n = n.With(ledger.Signature{Name: w.Name(), KeyID: w.KeyHash(), Bytes: sig})
	}
	return n.Encode()
}

// publish puts the log's present size into the instance log, after a leaf of
// somebody else's, and has the witness cosign it.
func (l *testLog) publish(at int64) {
	l.t.Helper()
	other := ledger.InstanceLeaf{Pseudonym: [32]byte{1}, Size: uint64(len(l.instance)), Root: sha256.Sum256([]byte{byte(len(l.instance))})}
	b := other.Bytes()
	if other.Size > 0 {
		l.instance = append(l.instance, b[:])
	}
	root, _ := ledger.NewTree(l.hashes).Root(uint64(len(l.hashes)))
	leaf := ledger.InstanceLeaf{Pseudonym: l.pseudonym, Size: uint64(len(l.hashes)), Root: root}
	raw := leaf.Bytes()
	l.mine = append(l.mine, bundle.InstanceLeaf{Index: uint64(len(l.instance)), Leaf: leaf})
	l.instance = append(l.instance, raw[:])
	note := l.instanceNote(at)
	tree := l.instanceTree()
	proof, err := tree.Inclusion(tree.Size()-1, tree.Size())
	if err != nil {
		l.t.Fatal(err)
	}
	l.seen = append(l.seen, bundle.Seen{Note: note, Index: tree.Size() - 1, Leaf: leaf, Proof: proof})
}

// outside is what the instance log says, newest checkpoint apart.
func (l *testLog) outside() *bundle.Instance {
	l.t.Helper()
	if len(l.seen) == 0 {
		return nil
	}
	tree := l.instanceTree()
	last := len(l.seen) - 1
	in := &bundle.Instance{Checkpoint: l.seen[last].Note, Seen: l.seen[:last]}
	for _, m := range l.mine {
		proof, err := tree.Inclusion(m.Index, tree.Size())
		if err != nil {
			l.t.Fatal(err)
		}
		m.Proof = proof
		in.Leaves = append(in.Leaves, m)
	}
	return in
}

func (l *testLog) policy() []byte {
	inst, err := l.signer.Verifier().WithName(instanceOf)
	if err != nil {
		l.t.Fatal(err)
	}
	return fmt.Appendf(nil, "log %s\nwitness w1 %s\nquorum w1\n", inst, l.witness.Verifier())
}

// input asks for a bundle of the whole log.
func (l *testLog) input(on int64) bundle.Input {
	return l.inputAt(on, len(l.entries))
}

func (l *testLog) inputAt(on int64, size int) bundle.Input {
	return bundle.Input{
		Client: l.client, MSP: "Fernhollow IT", On: on, Months: 12, Origin: origin, Size: uint64(size),
		Entries: func() iter.Seq2[bundle.Entry, error] {
			return func(yield func(bundle.Entry, error) bool) {
				for _, e := range l.entries[:size] {
					if !yield(e, nil) {
						return
					}
				}
			}
		},
		Blob: func(b bundle.Blob) ([]byte, error) {
			if content, ok := l.blobs[b.Hash]; ok {
				return content, nil
			}
			return nil, bundle.ErrNotHeld
		},
		Catalogs: func(h [32]byte) (*framework.Catalog, error) {
			if c := l.catalogs[h]; c != nil {
				return c, nil
			}
			return nil, errors.New("no such catalog")
		},
		Checkpoint: l.checkpoint(size).Encode(), Keys: []*ledger.Verifier{l.signer.Verifier()}, Signer: l.signer,
		Pseudonym: l.pseudonym, Instance: l.outside(), Policy: l.policy(),
	}
}

func write(t testing.TB, in bundle.Input) ([]byte, bundle.Summary) {
	t.Helper()
	var b bytes.Buffer
	s, err := bundle.Write(&b, in)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), s
}

func verify(t testing.TB, b []byte, o bundle.Options) bundle.Result {
	t.Helper()
	r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func failures(r bundle.Result) string {
	var list []string
	for _, f := range r.Failures {
		list = append(list, f.Where+": "+f.What)
	}
	return strings.Join(list, "\n")
}
