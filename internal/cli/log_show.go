package cli

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"breakwater/internal/ledger"
	"breakwater/internal/permit"
	"breakwater/internal/store"
)

type logShowCmd struct{ chosen }

func (logShowCmd) Permission() permit.Permission { return permit.ViewLog }

func (logShowCmd) Help() string {
	return example("Salt and envelope are what the commitment in the leaf is made of: anybody can compute it again by hand.",
		"breakwater log show 12 --client lakeside")
}

// Shown is one entry with everything that its leaf is made of, in hexadecimal.
type Shown struct {
	Listed
	Body       json.RawMessage `json:"body,omitempty"`
	Key        string          `json:"key,omitempty"`
	Salt       string          `json:"salt,omitempty"`
	Envelope   string          `json:"envelope,omitempty"` // canonical encoding, as text
	Commitment string          `json:"commitment,omitempty"`
	Leaf       string          `json:"leaf,omitempty"`
	LeafHash   string          `json:"leaf_hash"`

	number uint16
}

func (c *logShowCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		_, e, err := s.entry(c.Client, c.Index)
		if err != nil {
			return err
		}
		shown, err := showEntry(e)
		if err != nil {
			return err
		}
		return a.show(shown, func(w *bufio.Writer) { shown.text(w, c.Client) })
	})
}

func showEntry(e store.Stored) (Shown, error) {
	row, err := listed(e)
	shown := Shown{Listed: row, LeafHash: e.LeafHash.Hex(), number: e.Kind}
	if err != nil || e.Erased {
		return shown, err
	}
	commitment, err := ledger.Commit(e.Salt[:], e.Envelope)
	if err != nil {
		return shown, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	leaf := ledger.Leaf{Kind: e.Kind, Recorded: e.Recorded, Commitment: commitment}
	raw := leaf.Bytes()
	shown.Body, shown.Key = row.envelope.Body, row.envelope.Key
	shown.Salt, shown.Envelope = hex.EncodeToString(e.Salt[:]), string(e.Envelope)
	shown.Commitment, shown.Leaf = commitment.Hex(), hex.EncodeToString(raw[:])
	if leaf.Hash() != e.LeafHash {
		return shown, problem("entry %d is not what its leaf says: run `breakwater fsck`", e.Index)
	}
	return shown, nil
}

func (s Shown) text(w *bufio.Writer, client string) {
	table(w, nil, [][]string{
		{"Entry", fmt.Sprint(s.Index)},
		{"Kind", fmt.Sprintf("%s (number %d)", s.Kind, s.number)},
		{"At", s.At},
		{"Recorded", s.Recorded},
		{"Actor", s.Actor},
		{"Source", s.Source},
		{"Leaf hash", s.LeafHash},
	})
	if s.Erased {
		fmt.Fprintln(w, "\nThe content was erased; its leaf, kind and recorded time stay.")
		return
	}
	var body bytes.Buffer
	if json.Indent(&body, s.Body, "", "  ") == nil {
		fmt.Fprintf(w, "\n%s\n", body.String())
	}
	fmt.Fprintf(w, "\nBy hand, with salt and envelope in files:\n\n"+
		"  printf %%s '%s' | xxd -r -p > salt\n"+
		"  breakwater log show %d --client %s --json | jq -j .envelope > envelope\n"+
		"  openssl dgst -sha256 -mac HMAC -macopt hexkey:$(xxd -p -c 64 salt) envelope\n"+
		"    gives the commitment %s\n"+
		"  (printf '\\0'; printf %%s '%s' | xxd -r -p) | sha256sum\n"+
		"    gives the leaf hash %s\n", s.Salt, s.Index, client, s.Commitment, s.Leaf, s.LeafHash)
}
