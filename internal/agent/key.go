package agent

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// key is the machine's own key. Its private half never leaves its file.
type key struct {
	private ed25519.PrivateKey
	public  string // base64 of PKIX
}

// loadKey reads the key from a file that nobody else may read, making it if
// asked to.
func loadKey(path string, make bool) (key, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && make {
		return makeKey(path)
	}
	if err != nil {
		return key{}, fmt.Errorf("read the device key: %w", err)
	}
	if err := checkMode(path); err != nil {
		return key{}, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return key{}, fmt.Errorf("%s is not a key: enroll the machine again", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return key{}, fmt.Errorf("%s does not hold a key: enroll the machine again", path)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return key{}, fmt.Errorf("%s holds a key of another sort: enroll the machine again", path)
	}
	return keyOf(private)
}

func makeKey(path string) (key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return key{}, fmt.Errorf("make the device key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return key{}, fmt.Errorf("make the device key: %w", err)
	}
	// If the power goes now there is no key, or a whole one that nobody enrolled.
	if err := writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return key{}, err
	}
	return keyOf(private)
}

func keyOf(private ed25519.PrivateKey) (key, error) {
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return key{}, fmt.Errorf("encode the device key: %w", err)
	}
	return key{private, base64.StdEncoding.EncodeToString(der)}, nil
}

func (k key) sign(line string) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(k.private, []byte(line)))
}
