package cli

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is the certificate of `serve`, read again when its files change:
// what renews it need not restart anything.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	of     version   // of the files that loaded was read from
	failed string    // why newer files could not be used, said once
	asked  time.Time // when the files were looked at last
}

// version tells one state of the two files from another.
type version struct {
	certAt, keyAt     time.Time
	certSize, keySize int64
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// newCertificate reads the files, or says what is wrong with them.
func newCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log}
	c.asked = time.Now()
	of, err := c.version()
	if err == nil {
		err = c.load(of)
	}
	if err != nil {
		return nil, problem("the certificate cannot be used: %v: check --cert and --cert-key", err)
	}
	return c, nil
}

func (c *certificate) version() (v version, err error) {
	cert, err := os.Stat(c.cert)
	if err != nil {
		return v, err
	}
	key, err := os.Stat(c.key)
	if err != nil {
		return v, err
	}
	return version{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

// load reads the files. The caller holds mu, or is alone.
func (c *certificate) load(of version) error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.loaded, c.of = &pair, of
	return nil
}

// get is the certificate to show now. Files that cannot be used, as when one of
// the two is new and the other is not yet, leave the one before in place.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asked) < lookEvery {
		return c.loaded, nil
	}
	c.asked = time.Now()
	of, err := c.version()
	if err == nil && of != c.of {
		err = c.load(of)
	}
	why := ""
	if err != nil {
		why = err.Error()
	}
	if why != "" && why != c.failed {
		c.log.Error("the new certificate cannot be used, the one before stays", "error", err)
	}
	c.failed = why
	return c.loaded, nil
}
