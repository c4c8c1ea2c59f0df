package ledger_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"breakwater/internal/ledger"

	"github.com/digitorus/timestamp"
)

var (
	stampTime    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stampMessage = []byte("breakwater/0123456789abcdef\n20\n...\n")
	stampEKU     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
)

// authority is a root and a time-stamping certificate below it.
type authority struct {
	root, cert       *x509.Certificate
	rootKey, certKey crypto.Signer
}

// newAuthority makes an authority; edit changes the signing certificate before
// it is issued.
func newAuthority(t *testing.T, key crypto.Signer, edit func(*x509.Certificate)) *authority {
	t.Helper()
	a := &authority{certKey: key}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.rootKey = rootKey
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: stampTime.AddDate(-5, 0, 0), NotAfter: stampTime.AddDate(15, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	a.root = issue(t, root, root, rootKey.Public(), rootKey)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test Stamps"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: stampTime.AddDate(-1, 0, 0), NotAfter: stampTime.AddDate(10, 0, 0), SubjectKeyId: []byte{1, 2, 3, 4},
		ExtraExtensions: []pkix.Extension{usageExtension(t, true, stampEKU)},
	}
	if edit != nil {
		edit(leaf)
	}
	a.cert = issue(t, leaf, a.root, key.Public(), rootKey)
	return a
}

func usageExtension(t *testing.T, critical bool, usages ...asn1.ObjectIdentifier) pkix.Extension {
	t.Helper()
	der, err := asn1.Marshal(usages)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: der}
}

func issue(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// answer is the authority's reply to a request.
func (a *authority) answer(t *testing.T, request []byte, at time.Time) []byte {
	t.Helper()
	r, err := timestamp.ParseRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	stamp := timestamp.Timestamp{
		HashAlgorithm: r.HashAlgorithm, HashedMessage: r.HashedMessage, Time: at, Nonce: r.Nonce,
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: r.Certificates, Accuracy: time.Second,
	}
	der, err := stamp.CreateResponseWithOpts(a.cert, a.certKey, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (a *authority) roots() ledger.StampTrust {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return ledger.StampTrust{Roots: pool}
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func request(t *testing.T, message, nonce []byte) []byte {
	t.Helper()
	der, err := ledger.TimestampRequest(sha256.Sum256(message), nonce)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestTimestamp(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"ECDSA": ecKey(t), "RSA": rsaKey} {
		a := newAuthority(t, key, nil)
		nonce := []byte{0, 1, 2, 3}
		reply := a.answer(t, request(t, stampMessage, nonce), stampTime)
		got, err := ledger.VerifyTimestamp(reply, stampMessage, a.roots())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.At != stampTime.UnixMilli() || got.Authority != "CN=Test Stamps" || got.Serial == "" || !got.Answers(nonce) || got.Answers([]byte{9}) {
			t.Errorf("%s: %+v", name, got)
		}
		token, err := timestamp.ParseResponse(reply)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := ledger.VerifyTimestamp(token.RawToken, stampMessage, a.roots()); err != nil || same.Serial != got.Serial {
			t.Errorf("%s: the bare token: %+v, %v", name, same, err)
		}
		if _, err := ledger.VerifyTimestamp(reply, stampMessage, ledger.StampTrust{Pinned: []*x509.Certificate{a.cert}}); err != nil {
			t.Errorf("%s: pinned: %v", name, err)
		}
	}
}

func TestTimestampRefused(t *testing.T) {
	a, b := newAuthority(t, ecKey(t), nil), newAuthority(t, ecKey(t), nil)
	reply := a.answer(t, request(t, stampMessage, nil), stampTime)
	refused, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name    string
		der     []byte
		message string
		trust   ledger.StampTrust
		want    error
	}{
		{"other message", reply, "other", a.roots(), ledger.ErrImprint},
		{"other root", reply, string(stampMessage), b.roots(), ledger.ErrAuthority},
		{"no trust", reply, string(stampMessage), ledger.StampTrust{}, ledger.ErrAuthority},
		{"other pinned", reply, string(stampMessage), ledger.StampTrust{Pinned: []*x509.Certificate{b.root}}, ledger.ErrAuthority},
		{"refusal", refused, string(stampMessage), a.roots(), ledger.ErrRefused},
		{"too late", a.answer(t, request(t, stampMessage, nil), stampTime.AddDate(11, 0, 0)), string(stampMessage), a.roots(), ledger.ErrAuthority},
		{"too early", a.answer(t, request(t, stampMessage, nil), stampTime.AddDate(-2, 0, 0)), string(stampMessage), a.roots(), ledger.ErrAuthority},
		{"too late, pinned", a.answer(t, request(t, stampMessage, nil), stampTime.AddDate(11, 0, 0)), string(stampMessage), ledger.StampTrust{Pinned: []*x509.Certificate{a.cert}}, ledger.ErrAuthority},
	} {
		if got, err := ledger.VerifyTimestamp(v.der, []byte(v.message), v.trust); !errors.Is(err, v.want) {
			t.Errorf("%s: %+v, %v, want %v", v.name, got, err, v.want)
		}
	}
	for name, der := range map[string][]byte{
		"nothing": nil, "trailing byte": append(bytes.Clone(reply), 0), "cut": reply[:len(reply)-1], "certificate": a.cert.Raw, "huge": make([]byte, 1<<17),
	} {
		if got, err := ledger.VerifyTimestamp(der, stampMessage, a.roots()); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Every byte of the token, changed, must fail or leave the statement as it was.
func TestTimestampBytes(t *testing.T) {
	a := newAuthority(t, ecKey(t), nil)
	reply := a.answer(t, request(t, stampMessage, nil), stampTime)
	want, err := ledger.VerifyTimestamp(reply, stampMessage, a.roots())
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for i := range reply {
		changed := bytes.Clone(reply)
		changed[i] ^= 0x01
		got, err := ledger.VerifyTimestamp(changed, stampMessage, a.roots())
		if err != nil {
			continue
		}
		taken++
		if got.At != want.At || got.Serial != want.Serial || got.Authority != want.Authority {
			t.Errorf("byte %d changed: %+v", i, got)
		}
	}
	if taken != 1 { // the status: granted, or granted with changes
		t.Errorf("%d of %d changed bytes are taken", taken, len(reply))
	}
}

func TestTimestampCertificates(t *testing.T) {
	serverAuth := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	for name, extensions := range map[string][]pkix.Extension{
		"no usage":           nil,
		"usage not critical": {usageExtension(t, false, stampEKU)},
		"server":             {usageExtension(t, true, serverAuth)},
		"stamps and server":  {usageExtension(t, true, stampEKU, serverAuth)},
	} {
		a := newAuthority(t, ecKey(t), func(c *x509.Certificate) { c.ExtraExtensions = extensions })
		reply := a.answer(t, request(t, stampMessage, nil), stampTime)
		for _, trust := range []ledger.StampTrust{a.roots(), {Pinned: []*x509.Certificate{a.cert}}} {
			if got, err := ledger.VerifyTimestamp(reply, stampMessage, trust); !errors.Is(err, ledger.ErrAuthority) {
				t.Errorf("%s: %+v, %v, want ErrAuthority", name, got, err)
			}
		}
	}
	// Another certificate of the same key is not the one that the token names.
	a := newAuthority(t, ecKey(t), nil)
	reply := a.answer(t, request(t, stampMessage, nil), stampTime)
	twin := issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Twin"}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		ExtraExtensions: []pkix.Extension{usageExtension(t, true, stampEKU)},
	}, a.root, a.certKey.Public(), a.rootKey)
	if got, err := ledger.VerifyTimestamp(reply, stampMessage, ledger.StampTrust{Pinned: []*x509.Certificate{twin}}); err == nil {
		t.Errorf("a twin certificate: %+v", got)
	}
}

func TestTimestampRequestNonce(t *testing.T) {
	if _, err := ledger.TimestampRequest(ledger.Hash{}, make([]byte, 33)); err == nil {
		t.Error("a nonce of 33 bytes was taken")
	}
	r, err := timestamp.ParseRequest(request(t, stampMessage, nil))
	if err != nil || r.Nonce != nil || !r.Certificates || r.HashAlgorithm != crypto.SHA256 {
		t.Errorf("request = %+v, %v", r, err)
	}
}
