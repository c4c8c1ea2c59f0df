package bundle

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"breakwater/internal/ledger"
)

// encodeAuthorities writes certificates as one fixed PEM text.
func encodeAuthorities(text []byte) ([]byte, error) {
	var out bytes.Buffer
	for len(bytes.TrimSpace(text)) > 0 {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil || b.Type != "CERTIFICATE" || len(b.Headers) > 0 {
			return nil, errors.New("certificates of authorities: not PEM of certificates alone")
		}
		if err := pem.Encode(&out, &pem.Block{Type: b.Type, Bytes: b.Bytes}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// ParseAuthorities reads certificates of time-stamping authorities in PEM.
// Roots are believed, as are certificates that may sign nothing but stamps;
// others only help to build a chain.
func ParseAuthorities(text []byte) (ledger.StampTrust, error) {
	var t ledger.StampTrust
	for len(bytes.TrimSpace(text)) > 0 {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return t, errors.New("certificates of authorities: not PEM")
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return t, errors.New("certificates of authorities: one is malformed")
		}
		switch {
		case bytes.Equal(c.RawSubject, c.RawIssuer):
			if t.Roots == nil {
				t.Roots = x509.NewCertPool()
			}
			t.Roots.AddCert(c)
		case c.IsCA:
			t.Intermediates = append(t.Intermediates, c)
		default:
			t.Pinned = append(t.Pinned, c)
		}
	}
	return t, nil
}
