package web

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certFiles serves a certificate from files and looks at most once a minute
// whether they changed. Files that cannot be read, halfway through a renewal,
// leave the certificate as it was.
type certFiles struct {
	cert, key string

	mu      sync.Mutex
	held    *tls.Certificate
	changed time.Time
	looked  time.Time
}

func (c *certFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil && time.Since(c.looked) < time.Minute {
		return c.held, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.cert)
	if err == nil && c.held != nil && info.ModTime().Equal(c.changed) {
		return c.held, nil
	}
	pair, err2 := tls.LoadX509KeyPair(c.cert, c.key)
	switch {
	case err == nil && err2 == nil:
		c.held, c.changed = &pair, info.ModTime()
	case c.held == nil:
		return nil, fmt.Errorf("read certificate %s: %w: give PEM files of a certificate and its key", c.cert, err2)
	}
	return c.held, nil
}
