package witness_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"breakwater/internal/ledger"
	"breakwater/internal/witness"
)

const origin = "breakwater/0123456789abcdef"

// nowSeconds is what the clocks of these witnesses show.
const nowSeconds = 1_790_000_000

// fakeWitness does what c2sp.org/tlog-witness asks of a witness.
type fakeWitness struct {
	log     []*ledger.Verifier
	signers []*ledger.Signer

	mu    sync.Mutex
	size  uint64
	root  ledger.Hash
	calls int
}

func (f *fakeWitness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/w/add-checkpoint" {
		http.Error(w, "no such call", http.StatusNotFound)
		return
	}
	status, answer := f.add(body)
	if status == http.StatusConflict {
		w.Header().Set("Content-Type", "text/x.tlog.size")
	}
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

func (f *fakeWitness) add(body []byte) (int, string) {
	req, err := ledger.ParseWitnessRequest(body)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	cp, note, err := ledger.Open(req.Checkpoint.Encode(), f.log...)
	switch {
	case err != nil:
		return http.StatusForbidden, err.Error()
	case req.Old != f.size, req.Old == cp.Size && f.root != cp.Root:
		return http.StatusConflict, fmt.Sprintf("%d\n", f.size)
	case ledger.VerifyConsistency(req.Proof, req.Old, cp.Size, f.root, cp.Root) != nil:
		return http.StatusUnprocessableEntity, "bad proof"
	}
	f.size, f.root = cp.Size, cp.Root
	var out string
	for _, s := range f.signers {
		sig, err := s.At(nowSeconds).Sign([]byte(note.Text))
		if err != nil {
			return http.StatusInternalServerError, err.Error()
		}
		out += ledger.Signature{Name: s.Name(), KeyID: s.KeyHash(), Bytes: sig}.Line()
	}
	return http.StatusOK, out
}

// toyLog is a log in memory with its key.
type toyLog struct {
	tree *ledger.Tree
	key  *ledger.Signer
}

func newToyLog(t testing.TB, name string, leaves int, prefix string) *toyLog {
	t.Helper()
	hashes := make([]ledger.Hash, leaves)
	for i := range hashes {
		hashes[i] = ledger.LeafHash([]byte(prefix + strconv.Itoa(i)))
	}
	return &toyLog{tree: ledger.NewTree(hashes), key: newKey(t, name, ledger.Ed25519, 1)}
}

func newKey(t testing.TB, name string, kind ledger.KeyType, seed byte) *ledger.Signer {
	t.Helper()
	s := make([]byte, 32)
	s[0] = seed
	key, err := ledger.NewSigner(name, kind, s)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (l *toyLog) note(t testing.TB, size uint64) ledger.Note {
	t.Helper()
	root, err := l.tree.Root(size)
	if err != nil {
		t.Fatal(err)
	}
	n, err := ledger.Sign(ledger.Checkpoint{Origin: l.key.Name(), Size: size, Root: root}, l.key)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (l *toyLog) prove(size uint64) witness.Prover {
	return func(_ context.Context, old uint64) ([]ledger.Hash, error) { return l.tree.Consistency(old, size) }
}

// newFake starts a witness with an Ed25519 and an ML-DSA-44 key.
func newFake(t testing.TB, name string, seed byte, log *toyLog) (*fakeWitness, witness.Witness) {
	t.Helper()
	f := &fakeWitness{
		root: ledger.EmptyRoot(), log: []*ledger.Verifier{log.key.Verifier()},
		signers: []*ledger.Signer{newKey(t, name, ledger.CosignEd25519, seed), newKey(t, name, ledger.MLDSA44, seed)},
	}
	return f, serveAs(t, f, name, f.signers...)
}

func serveAs(t testing.TB, h http.Handler, name string, signers ...*ledger.Signer) witness.Witness {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	w := witness.Witness{Name: name, URL: srv.URL + "/w"}
	for _, s := range signers {
		w.Keys = append(w.Keys, s.Verifier())
	}
	return w
}
