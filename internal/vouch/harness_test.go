package vouch_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/seal"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
	"breakwater/internal/witness"

	"github.com/digitorus/timestamp"
)

// world is a database, a guard file, and the outsiders of one test.
type world struct {
	t       testing.TB
	db      *store.Store
	guard   *store.Guard
	base    time.Time    // what the clock stands at; it stands still but for advance. Zero: it runs
	offset  atomic.Int64 // of the clock
	fault   func(op string) store.Fault
	config  vouch.Config
	hosts   hosts
	fakes   map[string]*fakeWitness
	stamper *fakeAuthority
	reports reports
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, hosts: hosts{}, fakes: map[string]*fakeWitness{}, base: time.Now().Truncate(time.Second)}
	w.guard = store.OpenGuard(filepath.Join(t.TempDir(), "guard"))
	opts := store.Options{Sealer: ring(t), Now: w.now, Fault: func(op string) store.Fault {
		if w.fault == nil {
			return store.NoFault
		}
		return w.fault(op)
	}}
	db, err := store.OpenMemory(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.config = vouch.Config{Now: w.now, HTTP: &http.Client{Transport: w.hosts}, Report: w.reports.add}
	return w
}

func ring(t testing.TB) *seal.Keyring {
	t.Helper()
	m, err := seal.NewMaster(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return seal.NewKeyring(m)
}

func (w *world) now() time.Time {
	base := w.base
	if base.IsZero() {
		base = time.Now()
	}
	return base.Add(time.Duration(w.offset.Load()))
}

func (w *world) advance(d time.Duration) { w.offset.Add(int64(d)) }

// open is a process that starts.
func (w *world) open() *vouch.Voucher {
	w.t.Helper()
	v, err := vouch.Open(context.Background(), w.db, w.guard, w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) newLog(name string) store.Log {
	w.t.Helper()
	l, err := w.db.CreateLog(context.Background(), store.Log{Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

var itemCount atomic.Int64

// add appends n entries to a log.
func add(t testing.TB, db *store.Store, log store.LogID, n int) {
	t.Helper()
	sub := store.Submission{Log: log}
	for range n {
		k := itemCount.Add(1)
		sub.Items = append(sub.Items, store.Item{Kind: 3, Envelope: fmt.Appendf(nil, "envelope %d of Smile Dental", k), Source: "test", Key: fmt.Sprint(k)})
	}
	res, err := db.Commit(context.Background(), []store.Submission{sub})
	if err != nil || res[0].Err != nil {
		t.Fatal(err, res[0].Err)
	}
}

func (w *world) add(log store.Log, n int) { w.t.Helper(); add(w.t, w.db, log.ID, n) }

func (w *world) round(v *vouch.Voucher) {
	w.t.Helper()
	if err := v.Round(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) line(v *vouch.Voucher, logs ...store.LogID) string {
	w.t.Helper()
	st, err := v.Status(context.Background(), logs...)
	if err != nil {
		w.t.Fatal(err)
	}
	return st.Line()
}

func (w *world) instance() store.Log {
	w.t.Helper()
	l, err := w.db.LogByID(context.Background(), store.InstanceLog)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// addWitnesses configures n witnesses, all of whom the quorum needs.
func (w *world) addWitnesses(n int) {
	w.t.Helper()
	keys := w.open().Keys().Verifiers(w.instance().Origin)
	policy, names := "", ""
	for i := range n {
		name := fmt.Sprintf("w%d", i+1)
		f := &fakeWitness{root: ledger.EmptyRoot(), log: keys, now: w.now}
		for _, kind := range []ledger.KeyType{ledger.CosignEd25519, ledger.MLDSA44} {
			key, err := ledger.GenerateKey(name+".example", kind, rand.Reader)
			if err != nil {
				w.t.Fatal(err)
			}
			f.signers = append(f.signers, key)
		}
		policy += fmt.Sprintf("witness %s %s https://%s.example\n", name, f.signers[0].Verifier(), name)
		policy += fmt.Sprintf("witness %s-pq %s https://%s.example\n", name, f.signers[1].Verifier(), name)
		policy += fmt.Sprintf("group %s-any any %s %s-pq\n", name, name, name)
		names += " " + name + "-any"
		w.fakes[name], w.hosts[name+".example"] = f, f
	}
	w.config.Policy = []byte(policy + "group all all" + names + "\nquorum all\n")
}

func (w *world) addAuthority() {
	w.t.Helper()
	w.stamper = newFakeAuthority(w.t, w.now)
	w.hosts["tsa.example"] = w.stamper
	a, err := witness.NewAuthority("tsa", "https://tsa.example", w.stamper.pem, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.config.Authorities = []witness.Authority{a}
}

func (w *world) policy() ledger.Policy {
	w.t.Helper()
	p, err := ledger.ParsePolicy(w.config.Policy)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// hosts answers calls in this process, by host name.
type hosts map[string]http.Handler

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := h[r.URL.Host]
	if handler == nil {
		return nil, fmt.Errorf("no host %s", r.URL.Host)
	}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	return rec.Result(), r.Context().Err()
}

type reports struct {
	mu   sync.Mutex
	list []string
}

func (r *reports) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, err.Error())
}

func (r *reports) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.list, "\n")
}

// fakeWitness does what c2sp.org/tlog-witness asks of a witness.
type fakeWitness struct {
	log     []*ledger.Verifier
	signers []*ledger.Signer
	now     func() time.Time

	mu     sync.Mutex
	origin string // that size and root are of
	size   uint64
	root   ledger.Hash
	refuse int    // status to answer with instead
	log422 int    // how often it saw another history
	sizes  []int  // of what it cosigned
	during func() // called in the middle of a call
}

func (f *fakeWitness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/add-checkpoint" {
		http.NotFound(w, r)
		return
	}
	if f.during != nil {
		f.during()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	status, answer := f.refuse, "out of order"
	if status == 0 {
		status, answer = f.add(body)
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
	if err == nil && cp.Origin != f.origin { // a log of its own
		f.origin, f.size, f.root = cp.Origin, 0, ledger.EmptyRoot()
	}
	switch {
	case err != nil:
		return http.StatusForbidden, err.Error()
	case req.Old != f.size, req.Old == cp.Size && f.root != cp.Root:
		return http.StatusConflict, fmt.Sprintf("%d\n", f.size)
	case ledger.VerifyConsistency(req.Proof, req.Old, cp.Size, f.root, cp.Root) != nil:
		f.log422++
		return http.StatusUnprocessableEntity, "bad proof"
	}
	f.size, f.root, f.sizes = cp.Size, cp.Root, append(f.sizes, int(cp.Size))
	var out string
	for _, s := range f.signers {
		sig, err := s.At(f.now().Unix()).Sign([]byte(note.Text))
		if err != nil {
			return http.StatusInternalServerError, err.Error()
		}
		out += ledger.Signature{Name: s.Name(), KeyID: s.KeyHash(), Bytes: sig}.Line()
	}
	return http.StatusOK, out
}

// fakeAuthority is a time stamp authority.
type fakeAuthority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	now  func() time.Time
}

func newFakeAuthority(t testing.TB, now func() time.Time) *fakeAuthority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test Stamps"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().AddDate(10, 0, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeAuthority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), now}
}

func (a *fakeAuthority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req, err := timestamp.ParseRequest(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	stamp := timestamp.Timestamp{
		HashAlgorithm: req.HashAlgorithm, HashedMessage: req.HashedMessage, Time: a.now(), Nonce: req.Nonce,
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: req.Certificates,
	}
	der, err := stamp.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.Write(der)
}
