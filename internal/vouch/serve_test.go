package vouch_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// remote reads a log over HTTP, as anybody can.
type remote struct {
	t      testing.TB
	h      http.Handler
	prefix string
	size   uint64
	seen   bytes.Buffer // all that was answered
}

func (r *remote) get(name string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r.h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, r.prefix+name, nil))
	for key, values := range rec.Header() {
		r.seen.WriteString(key + strings.Join(values, " "))
	}
	r.seen.Write(rec.Body.Bytes())
	return rec
}

func (r *remote) body(name, kind, cache string) []byte {
	r.t.Helper()
	rec := r.get(name)
	head := rec.Result().Header
	if rec.Code != http.StatusOK || head.Get("Content-Type") != kind || head.Get("Cache-Control") != cache {
		r.t.Fatalf("%s: %d %v", name, rec.Code, head)
	}
	return rec.Body.Bytes()
}

func (r *remote) tile(name string) []byte {
	r.t.Helper()
	return r.body(name, "application/octet-stream", "public, max-age=31536000, immutable")
}

func (r *remote) LeafHashes(from, to uint64) ([]ledger.Hash, error) {
	n := from / ledger.TileWidth
	width := min(ledger.TileWidth, r.size-n*ledger.TileWidth)
	data := r.tile(ledger.Tile{Level: 0, Index: n, Width: int(width)}.Path())
	var out []ledger.Hash
	for i := from % ledger.TileWidth; i < from%ledger.TileWidth+to-from; i++ {
		out = append(out, ledger.Hash(data[i*ledger.HashSize:(i+1)*ledger.HashSize]))
	}
	return out, nil
}

func (r *remote) FullTile(level int, index uint64) ([]byte, error) {
	return r.tile(ledger.Tile{Level: level, Index: index, Width: ledger.TileWidth}.Path()), nil
}

// checkRemote reads a log whole and verifies it; it returns the leaves.
func checkRemote(t testing.TB, r *remote, keys []*ledger.Verifier) (ledger.Note, [][]byte) {
	t.Helper()
	cp, note, err := ledger.Open(r.body("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"), keys...)
	if err != nil {
		t.Fatal(err)
	}
	r.size = cp.Size
	if root, err := ledger.RootAt(cp.Size, r); err != nil || root != cp.Root {
		t.Errorf("%s: root %s, %v; want %s", r.prefix, root, err, cp.Root)
	}
	var leaves [][]byte
	var tree ledger.Frontier
	for from := uint64(0); from < cp.Size; from += ledger.TileWidth {
		list, err := ledger.ParseEntries(r.tile(ledger.BundlePath(from/ledger.TileWidth, int(min(ledger.TileWidth, cp.Size-from)))))
		if err != nil {
			t.Fatal(err)
		}
		for _, leaf := range list {
			tree.Append(ledger.LeafHash(leaf))
			leaves = append(leaves, leaf)
		}
	}
	if tree.Size() != cp.Size || tree.Root() != cp.Root {
		t.Errorf("%s: the entries make size %d and root %s; want %d and %s", r.prefix, tree.Size(), tree.Root(), cp.Size, cp.Root)
	}
	return note, leaves
}

func TestServedLogsVerify(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(2)
	l := w.newLog("Smile Dental")
	w.add(l, 700)
	v := w.open()
	w.round(v)
	h := vouch.Handler(w.db)
	client := &remote{t: t, h: h, prefix: vouch.Path(l)}
	_, entries := checkRemote(t, client, v.Keys().Verifiers(l.Origin))
	if len(entries) != 700 || len(entries[0]) != ledger.LeafSize {
		t.Errorf("%d leaves of %d bytes", len(entries), len(entries[0]))
	}
	instance := &remote{t: t, h: h, prefix: vouch.Path(w.instance())}
	note, list := checkRemote(t, instance, v.Keys().Verifiers(w.instance().Origin))
	if leaf, err := ledger.ParseInstanceLeaf(list[0]); err != nil || leaf.Size != 700 || leaf.Pseudonym != l.Pseudonym {
		t.Errorf("leaf of the instance log: %+v, %v", leaf, err)
	}
	if _, says, err := w.policy().Check(note, v.Keys().Verifiers(w.instance().Origin)...); err != nil || len(says) != 4 {
		t.Errorf("the served instance checkpoint has %d cosignatures, %v", len(says), err)
	}
	if all := client.seen.String() + instance.seen.String(); strings.Contains(all, "Smile") || strings.Contains(all, "envelope") {
		t.Error("a name or content was served")
	}
}

func TestServeRefuses(t *testing.T) {
	w := newWorld(t)
	l, empty := w.newLog("Smile Dental"), w.newLog("Quiet Practice")
	w.add(l, 300)
	w.round(w.open())
	h := vouch.Handler(w.db)
	r := &remote{t: t, h: h, prefix: vouch.Path(l)}
	for _, name := range []string{
		"", "checkpoint/", "checkpoints", "tile/0/001", "tile/0/001.p/45", "tile/0/1", "tile/2/000", "tile/0/000.p/256", "tile/0/000.p/0",
		"tile/entries/001.p/45", "tile/entries/002", "tile/entries/x999/x999/x999/x999/x999/x999/000", "tile/63/000", "../instance/checkpoint", "tile/0/..%2f000",
	} {
		if rec := r.get(name); rec.Code == http.StatusOK || rec.Code >= 500 {
			t.Errorf("%q: %d", name, rec.Code)
		}
	}
	for _, prefix := range []string{vouch.Path(empty), "/log/0123456789abcdef/", "/log/Smile Dental/", "/log/", "/"} {
		req := &http.Request{Method: http.MethodGet, URL: httptest.NewRequest(http.MethodGet, "/", nil).URL}
		req.URL.Path = prefix + "checkpoint"
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code != http.StatusNotFound {
			t.Errorf("%q: %d, want 404", prefix, rec.Code)
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, vouch.Path(l)+"checkpoint", nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", rec.Code)
	}
}

// Erasure takes the leaf, which needs the salt, and leaves the tree.
func TestErasedEntryIsGone(t *testing.T) {
	w := newWorld(t)
	l := w.newLog("Smile Dental")
	w.add(l, 300)
	w.round(w.open())
	index := uint64(3)
	sub := store.Submission{Log: l.ID, Erase: &index, Items: []store.Item{{Kind: 1, Envelope: []byte("erased"), Source: "test", Key: "erase"}}}
	if res, err := w.db.Commit(t.Context(), []store.Submission{sub}); err != nil || res[0].Err != nil {
		t.Fatal(err, res[0].Err)
	}
	r := &remote{t: t, h: vouch.Handler(w.db), prefix: vouch.Path(l)}
	if rec := r.get("tile/entries/000"); rec.Code != http.StatusGone {
		t.Errorf("the bundle: %d, want 410", rec.Code)
	}
	r.tile("tile/entries/001.p/44")
	r.tile("tile/0/000")
}

func TestProofFor(t *testing.T) {
	w := newWorld(t)
	w.addWitnesses(2)
	l := w.newLog("Smile Dental")
	w.add(l, 300)
	v := w.open()
	w.round(v)
	w.add(l, 10)
	hashes, err := w.db.LeafHashes(t.Context(), l.ID, 0, 310)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range []uint64{0, 255, 299, 305} { // the last is not signed for yet
		data, err := v.ProofFor(t.Context(), l.ID, index)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ledger.ParseProof(data)
		if err != nil {
			t.Fatal(err)
		}
		none := ledger.Policy{Quorum: "none"}
		cp, _, err := p.Verify(hashes[index], none, v.Keys().Verifiers(l.Origin)...)
		if err != nil || cp.Origin != l.Origin || p.Index != index {
			t.Errorf("entry %d: %+v, %v", index, cp, err)
		}
	}
	data, err := v.ProofFor(t.Context(), store.InstanceLog, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ledger.ParseProof(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, says, err := p.Verify(leaves(t, w.db)[0].Leaf.Hash(), w.policy(), v.Keys().Verifiers(w.instance().Origin)...); err != nil || len(says) != 4 {
		t.Errorf("leaf of the instance log: %d cosignatures, %v", len(says), err)
	}
	for log, index := range map[store.LogID]uint64{l.ID: 310, store.InstanceLog: 1} {
		if _, err := v.ProofFor(t.Context(), log, index); err == nil {
			t.Errorf("entry %d of log %d was proven", index, log)
		}
	}
}
