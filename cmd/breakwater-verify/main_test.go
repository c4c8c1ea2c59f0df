package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakwater/internal/bundle"
	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/ledger"
	"breakwater/internal/record"
)

const origin = "breakwater-sample/00112233445566aa"

// example writes a bundle of two entries and returns its name and key.
func example(t *testing.T) (file, key string) {
	t.Helper()
	c := framework.Embedded()
	var entries []bundle.Entry
	var tree ledger.Frontier
	for i, x := range []struct {
		kind event.Kind
		body any
	}{
		{event.CatalogAdopted, record.Adopted{SHA256: fmt.Sprintf("%x", c.Hash()), Version: c.Version, By: "breakwater"}},
		{event.ClientAdded, client.Added{ID: "lakeside", Name: "Lakeside Dental", Zone: "America/Chicago"}},
	} {
		body, err := event.Marshal(x.body)
		if err != nil {
			t.Fatal(err)
		}
		env, err := event.Envelope{Actor: "member:dana", At: 1767600000000, Body: body, Key: fmt.Sprint(i), Kind: x.kind, Log: "lakeside", Source: "form"}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		e := bundle.Entry{Index: uint64(i), Recorded: 1767600000000, Kind: uint16(x.kind), Envelope: env}
		sum, err := ledger.Commit(e.Salt[:], env)
		if err != nil {
			t.Fatal(err)
		}
		tree.Append(ledger.Leaf{Kind: e.Kind, Recorded: e.Recorded, Commitment: sum}.Hash())
		entries = append(entries, e)
	}
	s, err := ledger.NewSigner(origin, ledger.Ed25519, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	note, err := ledger.Sign(ledger.Checkpoint{Origin: origin, Size: 2, Root: tree.Root()}, s)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = bundle.Write(&out, bundle.Input{
		Client: "lakeside", MSP: "Fernhollow IT", On: 1786000000000, Months: 12, Origin: origin, Size: 2,
		Entries: func() iter.Seq2[bundle.Entry, error] {
			return func(yield func(bundle.Entry, error) bool) {
				for _, e := range entries {
					if !yield(e, nil) {
						return
					}
				}
			}
		},
		Catalogs:   func([32]byte) (*framework.Catalog, error) { return c, nil },
		Checkpoint: note.Encode(), Keys: []*ledger.Verifier{s.Verifier()}, Signer: s,
	})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "lakeside.zip")
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file, s.Verifier().String()
}

func TestExitStatus(t *testing.T) {
	file, key := example(t)
	stranger, err := ledger.NewSigner(origin, ledger.Ed25519, bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(policy, []byte("log "+key+"\nquorum none\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{file}, 0, "integrity, not origin"},
		{[]string{file, "--key", key}, 0, "the key that you gave"},
		{[]string{"--key", key, file}, 0, "the key that you gave"},
		{[]string{file, "--policy", policy}, 0, "the key that you gave"},
		{[]string{file, "--key", stranger.Verifier().String()}, 1, "another key than the one given"},
		{[]string{"--help"}, 0, "usage:"},
		{nil, 2, "no file is named"},
		{[]string{file, file}, 2, "one file too many"},
		{[]string{file, "--color"}, 2, "color"},
		{[]string{"no-such.zip"}, 2, "no-such.zip"},
		{[]string{policy}, 2, "not a bundle"},
		{[]string{file, "--policy", "no-such"}, 2, "no-such"},
		{[]string{file, "--instance", "https://log.example"}, 2, "no network"},
	} {
		var out, errs bytes.Buffer
		if got := run(c.args, &out, &errs); got != c.want || !strings.Contains(out.String()+errs.String(), c.says) {
			t.Errorf("%v: got %d, want %d and %q: %s%s", c.args, got, c.want, c.says, out.String(), errs.String())
		}
		if lines := strings.Count(errs.String(), "\n"); c.want == 2 && lines != 1 {
			t.Errorf("%v: %d lines on stderr, want one", c.args, lines)
		}
	}
}

func TestJSON(t *testing.T) {
	file, key := example(t)
	var out, errs bytes.Buffer
	if got := run([]string{file, "--json", "--key", key}, &out, &errs); got != 0 {
		t.Fatalf("got %d: %s", got, errs.String())
	}
	var r struct {
		OK      bool   `json:"ok"`
		Client  string `json:"client"`
		LogSize int    `json:"log_size"`
		Key     struct {
			Trusted bool `json:"trusted"`
		} `json:"key"`
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if !r.OK || r.Client != "lakeside" || r.LogSize != 2 || !r.Key.Trusted {
		t.Errorf("got %+v", r)
	}
}
