// Package witness talks to the outsiders who vouch for a log: witnesses
// (c2sp.org/tlog-witness), which cosign a checkpoint once they have seen that it
// extends every earlier one, and time stamp authorities (RFC 3161), which state
// that bytes existed at a time.
//
// It refuses to know what is logged, where anything is stored, and when to ask.
// It believes nothing that it has not verified: an answer whose signature does
// not verify, or that is about other bytes, is an error, never a result. What it
// sends is a checkpoint, a consistency proof, or a hash: none names a client.
//
// Words:
//
//   - witness: one operator behind one address, with a key or several.
//   - authority: one time stamp authority behind one address.
//   - old: the size that a witness cosigned last.
//
// Instants are milliseconds since 1970-01-01 UTC.
package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"breakwater/internal/ledger"
)

var (
	// ErrForked: a witness has seen another history of this log than the one it
	// was shown. Stop signing; one of the two was altered or restored.
	ErrForked = errors.New("this witness has seen another history of the log")
	// ErrAhead: a witness has cosigned a larger tree than the one it was shown.
	// The error is an AheadError, which has the size.
	ErrAhead = errors.New("this witness has seen a larger log")
	// ErrUnknownLog: the witness does not take checkpoints of this log, or not
	// under this key.
	ErrUnknownLog = errors.New("this witness does not know the log or its key")
)

// AheadError is ErrAhead with the size that the witness cosigned last.
type AheadError struct {
	Size uint64
}

func (e *AheadError) Error() string { return fmt.Sprintf("%v: size %d", ErrAhead, e.Size) }

// Is makes errors.Is(err, ErrAhead) true.
func (e *AheadError) Is(target error) bool { return target == ErrAhead }

// Witness is one operator. Its keys are of the types CosignEd25519 and MLDSA44.
type Witness struct {
	Name string // first of its names in the policy
	URL  string // submission prefix
	Keys []*ledger.Verifier
}

// FromPolicy lists the witnesses of a policy that have an address, in its order.
// Lines with one address are one witness with several keys. An address in urls,
// by the policy's name, goes before the one in the policy; a name there that the
// policy does not have is an error.
func FromPolicy(p ledger.Policy, urls map[string]string) ([]Witness, error) {
	for name := range urls {
		if !slices.ContainsFunc(p.Witnesses, func(w ledger.PolicyWitness) bool { return w.Name == name }) {
			return nil, fmt.Errorf("witnesses of the policy: no witness is named %q; write its name as the policy does", name)
		}
	}
	var list []Witness
	for _, w := range p.Witnesses {
		addr := w.URL
		if urls[w.Name] != "" {
			addr = urls[w.Name]
		}
		if addr == "" {
			continue
		}
		addr = strings.TrimSuffix(addr, "/")
		if err := checkURL(addr, false); err != nil {
			return nil, fmt.Errorf("witness %s: %w", w.Name, err)
		}
		i := slices.IndexFunc(list, func(l Witness) bool { return l.URL == addr })
		if i < 0 {
			i, list = len(list), append(list, Witness{Name: w.Name, URL: addr})
		}
		list[i].Keys = append(list[i].Keys, w.Key)
	}
	return list, nil
}

// Signed reports whether a cosignature is by one of the witness's keys.
func (w Witness) Signed(c ledger.Cosignature) bool {
	return slices.ContainsFunc(w.Keys, func(k *ledger.Verifier) bool { return k.Name() == c.Name && k.Type() == c.Type })
}

// A Prover proves that the tree of size old is a prefix of the checkpoint's.
type Prover func(ctx context.Context, old uint64) ([]ledger.Hash, error)

// Client asks outsiders. The zero value is ready.
type Client struct {
	// HTTP makes the calls; NewHTTPClient() if nil.
	HTTP *http.Client
	// Timeout bounds all that is exchanged with one outsider for one checkpoint;
	// 10 s if 0.
	Timeout time.Duration

	once sync.Once
	http *http.Client // what calls are made with, set once
}

func (c *Client) client() *http.Client {
	c.once.Do(func() {
		if c.http = c.HTTP; c.http == nil {
			c.http = NewHTTPClient()
		}
	})
	return c.http
}

func (c *Client) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	d := c.Timeout
	if d == 0 {
		d = 10 * time.Second
	}
	return context.WithTimeout(ctx, d)
}
