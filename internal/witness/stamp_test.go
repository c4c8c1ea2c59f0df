package witness_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/witness"

	"github.com/digitorus/timestamp"
)

var message = []byte("breakwater/0123456789abcdef\n20\nroot\n")

// authority is a self-signed time stamp authority.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
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
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
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
	return &authority{cert, key}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// answer stamps what a query asks for; edit changes the stamp before.
func (a *authority) answer(query []byte, edit func(*timestamp.Timestamp)) ([]byte, error) {
	r, err := timestamp.ParseRequest(query)
	if err != nil {
		return nil, err
	}
	stamp := timestamp.Timestamp{
		HashAlgorithm: r.HashAlgorithm, HashedMessage: r.HashedMessage, Time: time.Now(), Nonce: r.Nonce,
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: r.Certificates,
	}
	if edit != nil {
		edit(&stamp)
	}
	return stamp.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256)
}

func (a *authority) handler(edit func(*timestamp.Timestamp)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "no query", http.StatusBadRequest)
			return
		}
		der, err := a.answer(query, edit)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(der)
	}
}

func stampBy(t *testing.T, a *authority, h http.Handler) witness.Stamped {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	who, err := witness.NewAuthority("tsa", srv.URL, a.pem(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := witness.Client{Timeout: 2 * time.Second}
	return c.Stamp(t.Context(), who, message)
}

func TestStamp(t *testing.T) {
	a := newAuthority(t)
	got := stampBy(t, a, a.handler(nil))
	if got.Err != nil || time.Since(time.UnixMilli(got.Stamp.At)).Abs() > time.Minute {
		t.Fatalf("%+v", got)
	}
	again, err := ledger.VerifyTimestamp(got.Token, message, got.Authority.Trust)
	if err != nil || again.Serial != got.Stamp.Serial {
		t.Errorf("the token that is kept: %+v, %v", again, err)
	}
}

func TestHostileAuthority(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	old, err := ledger.TimestampRequest(ledger.LeafHash(nil), []byte{1})
	if err != nil {
		t.Fatal(err)
	}
	replay, err := a.answer(old, nil)
	if err != nil {
		t.Fatal(err)
	}
	say := func(kind string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Write(body)
		}
	}
	const reply = "application/timestamp-reply"
	for name, test := range map[string]struct {
		handler http.Handler
		want    error
		text    string
	}{
		"another authority's": {stranger.handler(nil), nil, "certificate"},
		"of other bytes":      {say(reply, replay), ledger.ErrImprint, ""},
		"another nonce":       {a.handler(func(s *timestamp.Timestamp) { s.Nonce = big.NewInt(7) }), nil, "nonce"},
		"no nonce":            {a.handler(func(s *timestamp.Timestamp) { s.Nonce = nil }), nil, "nonce"},
		"a web page":          {say("text/html; charset=utf-8", []byte("<p>hello")), nil, "text/html"},
		"garbage":             {say(reply, []byte("hello")), nil, "time stamp"},
		"refused":             {say(reply, []byte{0x30, 5, 0x30, 3, 2, 1, 2}), ledger.ErrRefused, ""},
		"too long":            {say(reply, make([]byte, 1<<20)), nil, "over 65536"},
		"not found":           {http.NotFoundHandler(), nil, "404"},
		"redirect":            {http.RedirectHandler("/elsewhere", http.StatusFound), nil, "redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			got := stampBy(t, a, test.handler)
			if got.Err == nil || got.Token != nil || !strings.Contains(got.Err.Error(), test.text) {
				t.Fatalf("%+v, want an error with %q", got, test.text)
			}
			if test.want != nil && !errors.Is(got.Err, test.want) {
				t.Errorf("%v, want %v", got.Err, test.want)
			}
		})
	}
}

func TestStampAllIsOneEach(t *testing.T) {
	good, stranger := newAuthority(t), newAuthority(t)
	var list []witness.Authority
	for name, h := range map[string]http.Handler{"good": good.handler(nil), "bad": stranger.handler(nil)} {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		a, err := witness.NewAuthority(name, srv.URL, nil, good.pem())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	for i, got := range new(witness.Client).StampAll(t.Context(), list, message) {
		if got.Authority.Name != list[i].Name || (got.Err == nil) != (list[i].Name == "good") {
			t.Errorf("%s: %v", got.Authority.Name, got.Err)
		}
	}
}

func TestNewAuthorityRefuses(t *testing.T) {
	cert := newAuthority(t).pem()
	for name, test := range map[string]struct{ name, addr, pinned string }{
		"no name":        {"", "https://tsa.example", string(cert)},
		"no certificate": {"tsa", "https://tsa.example", ""},
		"a key":          {"tsa", "https://tsa.example", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
		"damaged":        {"tsa", "https://tsa.example", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
		"file":           {"tsa", "file:///etc/passwd", string(cert)},
	} {
		if _, err := witness.NewAuthority(test.name, test.addr, []byte(test.pinned), nil); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := witness.NewAuthority("tsa", "http://tsa.example/stamp", cert, nil); err != nil {
		t.Errorf("plain http to an authority: %v", err)
	}
}

const opensslConfig = `
[ tsa ]
default_tsa = stamps
[ stamps ]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
`

// TestOpensslStampsOverHTTP asks an authority that is not ours.
func TestOpensslStampsOverHTTP(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: no other authority stamps for us")
	}
	a, dir := newAuthority(t), t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "conf", []byte(opensslConfig))
	write(t, dir, "serial", []byte("01\n"))
	write(t, dir, "cert.pem", a.pem())
	write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	got := stampBy(t, a, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, _ := io.ReadAll(r.Body)
		write(t, dir, "query", query)
		cmd := exec.Command("openssl", "ts", "-reply", "-config", "conf", "-queryfile", "query", "-signer", "cert.pem", "-inkey", "key.pem")
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("openssl ts: %v\n%s", err, stderr.String())
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(out)
	}))
	if got.Err != nil || got.Stamp.Serial != "2" {
		t.Errorf("%+v", got)
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Error(err)
	}
}
