package bundle_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"breakwater/internal/bundle"
	"breakwater/internal/ledger"

	"github.com/digitorus/timestamp"
)

// stamper is a time-stamping authority with a self-made root.
type stamper struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // root and certificate
}

func newStamper(t testing.TB, named string) *stamper {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	must(err)
	from, to := time.UnixMilli(instant("2020-01-01")), time.UnixMilli(instant("2040-01-01"))
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: named}, IsCA: true, BasicConstraintsValid: true, NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Stamps of Tidewater"}, NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	must(err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	must(err)
	s := &stamper{key: key}
	s.cert, err = x509.ParseCertificate(leafDER)
	must(err)
	for _, der := range [][]byte{rootDER, leafDER} {
		s.pem = append(s.pem, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return s
}

func (s *stamper) stamp(t testing.TB, message string, at int64) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(message))
	ts := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.UnixMilli(at), Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true,
	}
	der, err := ts.CreateResponseWithOpts(s.cert, s.key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestTimeStamps(t *testing.T) {
	l, s := smallLog(t), newStamper(t, "Stamp Root")
	in := l.input(onSmall)
	inst, err := ledger.ParseNote(in.Instance.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	c, err := inst.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	in.Stamps = []bundle.Stamp{
		{Size: in.Size, DER: s.stamp(t, l.checkpoint(int(in.Size)).Text, onSmall)},
		{Instance: true, Size: c.Size, DER: s.stamp(t, inst.Text, onSmall-hour)},
	}
	in.Authorities = s.pem
	b, _ := write(t, in)
	r := verify(t, b, bundle.Options{})
	if !r.OK || len(r.Timestamps) != 2 || r.Timestamps[0].Trusted || !strings.Contains(r.Timestamps[0].Authority, "Tidewater") {
		t.Fatalf("got %v: %s", r.Timestamps, failures(r))
	}
	r = verify(t, b, bundle.Options{Authorities: s.pem})
	if !r.OK || len(r.Timestamps) != 2 || !r.Timestamps[0].Trusted {
		t.Errorf("with the reader's authorities: %v: %s", r.Timestamps, failures(r))
	}
	if r = verify(t, b, bundle.Options{Authorities: newStamper(t, "Another Root").pem}); r.OK || !strings.Contains(failures(r), "not trusted") {
		t.Errorf("with other authorities: ok %v: %s", r.OK, failures(r))
	}
	in.Stamps[0].DER = s.stamp(t, "something else", onSmall)
	b, _ = write(t, in)
	if r = verify(t, b, bundle.Options{}); r.OK || !strings.Contains(failures(r), "of other bytes") {
		t.Errorf("a stamp of something else: ok %v: %s", r.OK, failures(r))
	}
}

// An entry that claims to be newer than a stamp that covers it.
func TestRecordedAfterItWasSeen(t *testing.T) {
	l, s := smallLog(t), newStamper(t, "Stamp Root")
	in := l.input(onSmall)
	in.Stamps = []bundle.Stamp{{Size: in.Size, DER: s.stamp(t, l.checkpoint(int(in.Size)).Text, instant("2026-07-01"))}}
	in.Authorities = s.pem
	b, _ := write(t, in)
	if r := verify(t, b, bundle.Options{}); r.OK || !strings.Contains(failures(r), "was seen outside at 2026-07-01") {
		t.Errorf("ok %v: %s", r.OK, failures(r))
	}
}

func TestNobodyOutside(t *testing.T) {
	l := smallLog(t)
	in := l.input(onSmall)
	in.Instance, in.Policy = nil, nil
	b, _ := write(t, in)
	r := verify(t, b, bundle.Options{})
	if !r.OK || r.VouchedWithin != nil || r.Vouched != 0 || !strings.Contains(r.Text(), "Nobody outside vouches") {
		t.Errorf("ok %v, vouched %v: %s", r.OK, r.VouchedWithin, failures(r))
	}
}

// tiles serves the instance log as files.
func (l *testLog) tiles(note []byte) func(string) ([]byte, error) {
	files := map[string][]byte{"checkpoint": note}
	for n := 0; n < len(l.instance); n += ledger.TileWidth {
		var b []byte
		part := l.instance[n:min(n+ledger.TileWidth, len(l.instance))]
		for _, leaf := range part {
			b, _ = ledger.AppendEntry(b, leaf)
		}
		files[ledger.BundlePath(uint64(n/ledger.TileWidth), len(part))] = b
	}
	return func(path string) ([]byte, error) {
		if b, ok := files[path]; ok {
			return b, nil
		}
		return nil, fmt.Errorf("no file %s", path)
	}
}

func TestCompletenessOfCheckpoints(t *testing.T) {
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	same := l.tiles(l.instanceNote(0))
	check := func(name string, fetch func(string) ([]byte, error), want string) {
		t.Helper()
		r := verify(t, b, bundle.Options{Fetch: fetch})
		if ok := want == ""; r.OK != ok || r.Complete == nil || *r.Complete != ok || !strings.Contains(failures(r), want) {
			t.Errorf("%s: ok %v, %q", name, r.OK, failures(r))
		}
	}
	check("the same log", same, "")
	check("nothing there", func(p string) ([]byte, error) { return nil, fmt.Errorf("no file %s", p) }, "read its checkpoint")
	check("leaves missing", func(p string) ([]byte, error) {
		if p == "checkpoint" {
			return same(p)
		}
		return nil, nil
	}, "does not hold")

	in := l.input(onSmall)
	in.Instance = nil
	b, _ = write(t, in)
	check("a bundle without the instance log", same, "has nothing of the instance log")
	b, _ = write(t, l.input(onSmall))

	l.publish(onSmall + hour)
	check("a later leaf of the same log", l.tiles(l.instanceNote(0)), "")

	fork := *l
	fork.instance = append(append([][]byte{}, l.instance...), instanceLeaf(l, 70, 1))
	check("a later leaf with another history", fork.tiles(fork.instanceNote(0)), "shrank")
	fork.instance[len(fork.instance)-1] = instanceLeaf(l, len(l.entries), 1)
	check("a later leaf with another root", fork.tiles(fork.instanceNote(0)), "rewritten")
	fork.instance = append([][]byte{}, l.instance...)
	fork.instance[1] = instanceLeaf(l, 5, 1)
	check("another version of the instance log", fork.tiles(fork.instanceNote(0)), "leaves out leaf 1")
}

func instanceLeaf(l *testLog, size int, fill byte) []byte {
	b := ledger.InstanceLeaf{Pseudonym: l.pseudonym, Size: uint64(size), Root: ledger.Hash{fill}}.Bytes()
	return b[:]
}

// A bundle whose coverage another version computed: differences are listed
// and are no failure.
func TestOtherEvaluator(t *testing.T) {
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	list := edit(unzip(t, b), "coverage.json", func(c []byte) []byte {
		c = bytes.Replace(c, []byte(`"evaluator": "`), []byte(`"evaluator": "0.`), 1)
		return bytes.Replace(c, []byte(`"kind": "failed"`), []byte(`"kind": "unproven"`), 1)
	})
	r := verify(t, pack(t, l.sign(list)), bundle.Options{})
	if !r.OK || len(r.Differences) != 1 || !strings.Contains(r.Differences[0], "dev-disk-encryption, proven") {
		t.Errorf("ok %v, differences %v: %s", r.OK, r.Differences, failures(r))
	}
}

// The result has the fields that others rely on.
func TestResultAsJSON(t *testing.T) {
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	var got map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, verify(t, b, bundle.Options{}))), &got); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{
		"ok", "client", "log_size", "root", "checkpoint", "key", "cosignatures", "timestamps", "vouched_within_minutes",
		"entries", "coverage", "withheld", "not_vouched", "failures",
	} {
		if _, ok := got[k]; !ok {
			t.Errorf("there is no field %s", k)
		}
	}
	cosig := got["cosignatures"].([]any)[0].(map[string]any)
	if cosig["name"] != "witness.example/w1" || cosig["at"] != "2026-08-13T10:00:00Z" {
		t.Errorf("cosignature %v", cosig)
	}
	if got["failures"] == nil || got["withheld"] == nil || got["not_vouched"] == nil {
		t.Error("an empty list is written as null")
	}
}
