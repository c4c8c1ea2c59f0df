package ledger_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakwater/internal/ledger"
)

const opensslConfig = `
[ tsa ]
default_tsa = stamps
[ stamps ]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

// openssl runs in a folder that holds an authority's files.
func openssl(t *testing.T, a *authority) func(args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: time stamps are not compared with it")
	}
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(a.certKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"conf": []byte(opensslConfig), "serial": []byte("01\n"), "message": stampMessage,
		"root.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}),
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(args ...string) string {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return dir
	}
}

func TestOpensslStampsForUs(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, key := range map[string]crypto.Signer{"ECDSA": ecKey(t), "RSA": rsaKey} {
		a := newAuthority(t, key, nil)
		run := openssl(t, a)
		nonce := []byte{7, 7, 7, 7, 7, 7, 7, 7}
		dir := run("version")
		if err := os.WriteFile(filepath.Join(dir, "query"), request(t, stampMessage, nonce), 0o600); err != nil {
			t.Fatal(err)
		}
		run("ts", "-reply", "-config", "conf", "-queryfile", "query", "-signer", "cert.pem", "-inkey", "key.pem", "-out", "reply")
		run("ts", "-reply", "-in", "reply", "-token_out", "-out", "token")
		for _, file := range []string{"reply", "token"} {
			der, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ledger.VerifyTimestamp(der, stampMessage, a.roots())
			if err != nil {
				t.Errorf("%s %s: %v", name, file, err)
				continue
			}
			off := time.UnixMilli(got.At).Sub(now)
			if off < -time.Hour || off > time.Hour || got.Serial != "2" || !got.Answers(nonce) {
				t.Errorf("%s %s: %+v", name, file, got)
			}
		}
	}
}

// Authorities name their certificate by SHA-1 (RFC 3161) or by any SHA-2 (RFC
// 5816), digest by any SHA-2, and leave the certificate out when not asked.
func TestOpensslVariants(t *testing.T) {
	a := newAuthority(t, ecKey(t), nil)
	run := openssl(t, a)
	dir := run("version")
	pinned := ledger.StampTrust{Pinned: []*x509.Certificate{a.cert}}
	for _, ess := range []string{"sha1", "sha256", "sha512"} {
		for _, digest := range []string{"sha256", "sha384", "sha512"} {
			config := strings.Replace(opensslConfig, "ess_cert_id_alg = sha256", "ess_cert_id_alg = "+ess, 1)
			config = strings.Replace(config, "signer_digest = sha256", "signer_digest = "+digest, 1)
			if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			run("ts", "-query", "-data", "message", "-sha256", "-out", "query")
			run("ts", "-reply", "-config", "conf", "-queryfile", "query", "-signer", "cert.pem", "-inkey", "key.pem", "-out", "reply")
			der, err := os.ReadFile(filepath.Join(dir, "reply"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ledger.VerifyTimestamp(der, stampMessage, pinned); err != nil {
				t.Errorf("certificate by %s, digest %s: %v", ess, digest, err)
			}
			if _, err := ledger.VerifyTimestamp(der, stampMessage, a.roots()); !errors.Is(err, ledger.ErrAuthority) {
				t.Errorf("without its certificate: %v, want ErrAuthority", err)
			}
		}
	}
}

func TestOpensslVerifiesOurRequest(t *testing.T) {
	a := newAuthority(t, ecKey(t), nil)
	run := openssl(t, a)
	dir := run("version")
	query := request(t, stampMessage, []byte{5})
	for name, data := range map[string][]byte{"query": query, "reply": a.answer(t, query, time.Now())} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("ts", "-query", "-in", "query", "-text")
	run("ts", "-verify", "-in", "reply", "-queryfile", "query", "-CAfile", "root.pem")
	run("ts", "-verify", "-in", "reply", "-data", "message", "-CAfile", "root.pem")
}

// storedTrust is the root of the stored time stamp, testdata/timestamp.tsr.
func storedTrust(t testing.TB) ledger.StampTrust {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "timestamp-root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		t.Fatal("timestamp-root.pem holds no certificate")
	}
	return ledger.StampTrust{Roots: pool}
}

// The stored stamp was made by openssl for stampMessage and must verify for
// ever, whatever the day: certificates are judged at the stamped time.
func TestStoredTimestamp(t *testing.T) {
	if _, err := os.Stat(filepath.Join("testdata", "timestamp.tsr")); os.Getenv("UPDATE") == "1" && err != nil {
		storeTimestamp(t)
	}
	der, err := os.ReadFile(filepath.Join("testdata", "timestamp.tsr"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledger.VerifyTimestamp(der, stampMessage, storedTrust(t))
	if err != nil || got.Authority != "CN=Test Stamps" || got.Serial != "2" {
		t.Errorf("%+v, %v", got, err)
	}
}

// storeTimestamp makes the files anew when they were removed.
func storeTimestamp(t *testing.T) {
	t.Helper()
	a := newAuthority(t, ecKey(t), nil)
	run := openssl(t, a)
	dir := run("version")
	if err := os.WriteFile(filepath.Join(dir, "query"), request(t, stampMessage, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	run("ts", "-reply", "-config", "conf", "-queryfile", "query", "-signer", "cert.pem", "-inkey", "key.pem", "-out", "reply")
	for from, to := range map[string]string{"reply": "timestamp.tsr", "root.pem": "timestamp-root.pem"} {
		data, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
