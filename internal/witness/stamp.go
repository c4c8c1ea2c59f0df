package witness

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"breakwater/internal/ledger"
)

const (
	stampQuery = "application/timestamp-query"
	stampReply = "application/timestamp-reply"
	nonceSize  = 16
	maxPEM     = 1 << 20 // bytes of a file of certificates
)

// Authority is one time stamp authority and what is believed of it.
type Authority struct {
	Name  string // by which its stamps are stored
	URL   string
	Trust ledger.StampTrust
}

// NewAuthority reads an authority's certificates from PEM: pinned are signing
// certificates, roots those that one leads to. At least one of either is needed,
// since a stamp that cannot be checked is worth nothing.
func NewAuthority(name, addr string, pinned, roots []byte) (Authority, error) {
	a := Authority{Name: name, URL: addr}
	if name == "" {
		return a, errors.New("a time stamp authority needs a name; give one")
	}
	if err := checkURL(addr, true); err != nil {
		return a, fmt.Errorf("authority %s: %w", name, err)
	}
	var err error
	if a.Trust.Pinned, err = certificates(pinned); err != nil {
		return a, fmt.Errorf("authority %s: pinned certificates: %w", name, err)
	}
	list, err := certificates(roots)
	if err != nil {
		return a, fmt.Errorf("authority %s: root certificates: %w", name, err)
	}
	if len(list)+len(a.Trust.Pinned) == 0 {
		return a, fmt.Errorf("authority %s: no certificate is configured; get its root certificate from its operator, since a stamp is worth nothing without", name)
	}
	if len(list) > 0 {
		a.Trust.Roots = x509.NewCertPool()
	}
	for _, c := range list {
		a.Trust.Roots.AddCert(c)
	}
	return a, nil
}

// certificates reads PEM that holds certificates and nothing else.
func certificates(data []byte) ([]*x509.Certificate, error) {
	if len(data) > maxPEM {
		return nil, fmt.Errorf("over %d bytes", maxPEM)
	}
	var list []*x509.Certificate
	for len(data) > 0 {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a %s; give certificates alone", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Stamped is what one authority answered. Err is nil iff Token is a time stamp
// of the message that was verified.
type Stamped struct {
	Authority Authority
	Token     []byte // the answer, DER
	Stamp     ledger.Stamp
	Err       error
}

// Stamp asks an authority for a time stamp of a message. Only its SHA-256 hash
// and a random number are sent.
//
// Errors: those of ledger.VerifyTimestamp, or what was wrong with the exchange.
func (c *Client) Stamp(ctx context.Context, a Authority, message []byte) Stamped {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	out := Stamped{Authority: a}
	token, stamp, err := c.stamp(ctx, a, message)
	if err != nil {
		out.Err = fmt.Errorf("time stamp authority %s: %w", a.Name, err)
		return out
	}
	out.Token, out.Stamp = token, stamp
	return out
}

func (c *Client) stamp(ctx context.Context, a Authority, message []byte) ([]byte, ledger.Stamp, error) {
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	query, err := ledger.TimestampRequest(sha256.Sum256(message), nonce[:])
	if err != nil {
		return nil, ledger.Stamp{}, err
	}
	got, err := c.post(ctx, a.URL, stampQuery, query)
	if err != nil {
		return nil, ledger.Stamp{}, err
	}
	if got.status != http.StatusOK {
		return nil, ledger.Stamp{}, got.refusal()
	}
	if got.kind != stampReply {
		return nil, ledger.Stamp{}, fmt.Errorf("it answers with %q, not with %s; is the address right?", got.kind, stampReply)
	}
	stamp, err := ledger.VerifyTimestamp(got.body, message, a.Trust)
	if err != nil {
		return nil, ledger.Stamp{}, err
	}
	if !stamp.Answers(nonce[:]) {
		return nil, ledger.Stamp{}, errors.New("its answer is to another question: the nonce differs")
	}
	return got.body, stamp, nil
}

// StampAll asks all authorities at once and waits for each, at most for the
// client's timeout.
func (c *Client) StampAll(ctx context.Context, as []Authority, message []byte) []Stamped {
	out := make([]Stamped, len(as))
	var wg sync.WaitGroup
	for i, a := range as {
		wg.Go(func() { out[i] = c.Stamp(ctx, a, message) })
	}
	wg.Wait()
	return out
}
