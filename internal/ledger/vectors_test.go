package ledger_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakwater/internal/ledger"
)

// A vector is a file that another implementation can use too: header lines
// "name: value", the first of them "expect:", a blank line, then the body byte
// for byte. testdata/README.md says what each expectation means.
type vector struct {
	headers map[string][]string
	body    []byte
}

func readVector(t *testing.T, path string) vector {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := bytes.Cut(data, []byte("\n\n"))
	if !ok {
		t.Fatalf("%s has no blank line", path)
	}
	v := vector{headers: map[string][]string{}, body: body}
	for _, line := range strings.Split(string(head), "\n") {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("%s: header %q", path, line)
		}
		v.headers[name] = append(v.headers[name], value)
	}
	return v
}

func (v vector) one(name string) string {
	if len(v.headers[name]) == 0 {
		return ""
	}
	return v.headers[name][0]
}

func (v vector) verifiers(t *testing.T) []*ledger.Verifier {
	t.Helper()
	var out []*ledger.Verifier
	for _, s := range v.headers["vkey"] {
		key, err := ledger.ParseVerifier(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, key)
	}
	return out
}

// outcome is the word of an expect line for what happened.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ledger.ErrUnsigned):
		return "unsigned"
	case errors.Is(err, ledger.ErrSignature):
		return "bad signature"
	case errors.Is(err, ledger.ErrQuorum):
		return "no quorum"
	case errors.Is(err, ledger.ErrProof):
		return "wrong proof"
	}
	return "malformed"
}

var vectorKinds = map[string]func(*testing.T, vector) error{
	"checkpoint":      tryCheckpoint,
	"policy":          tryPolicy,
	"cosigned":        tryCosigned,
	"proof":           tryProof,
	"witness-request": tryWitnessRequest,
	"leaf":            tryLeaf,
}

func TestVectors(t *testing.T) {
	if os.Getenv("UPDATE") == "1" {
		writeVectors(t)
	}
	for kind, try := range vectorKinds {
		paths, err := filepath.Glob(filepath.Join("testdata", kind, "*.txt"))
		if err != nil || len(paths) < 5 {
			t.Fatalf("%d vectors of %s, %v", len(paths), kind, err)
		}
		for _, path := range paths {
			v := readVector(t, path)
			if err := try(t, v); outcome(err) != v.one("expect") {
				t.Errorf("%s: %s (%v), want %s", path, outcome(err), err, v.one("expect"))
			}
		}
	}
}

func tryCheckpoint(t *testing.T, v vector) error {
	cp, n, err := ledger.Open(v.body, v.verifiers(t)...)
	if err != nil {
		return err
	}
	if string(n.Encode()) != string(v.body) || cp.Body() != n.Text {
		t.Errorf("%s: encodes to other bytes", v.one("about"))
	}
	return nil
}

func tryPolicy(t *testing.T, v vector) error {
	p, err := ledger.ParsePolicy(v.body)
	if err != nil {
		return err
	}
	again, err := ledger.ParsePolicy(p.Encode())
	if err != nil || string(again.Encode()) != string(p.Encode()) {
		t.Errorf("%s: the encoded policy is not its own: %v", v.one("about"), err)
	}
	return nil
}

func tryCosigned(t *testing.T, v vector) error {
	policy := namedPolicy(t, v.one("policy"))
	n, err := ledger.ParseNote(v.body)
	if err != nil {
		return err
	}
	_, cosigs, err := policy.Check(n, v.verifiers(t)...)
	var names []string
	for _, c := range cosigs {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != v.one("witnesses") {
		t.Errorf("%s: cosigned by %q, want %q", v.one("about"), got, v.one("witnesses"))
	}
	return err
}

func tryProof(t *testing.T, v vector) error {
	p, err := ledger.ParseProof(v.body)
	if err != nil {
		return err
	}
	if string(p.Encode()) != string(v.body) {
		t.Errorf("%s: encodes to other bytes", v.one("about"))
	}
	leaf, err := hex.DecodeString(v.one("leaf"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = p.Verify(ledger.LeafHash(leaf), namedPolicy(t, v.one("policy")))
	return err
}

func tryWitnessRequest(t *testing.T, v vector) error {
	w, err := ledger.ParseWitnessRequest(v.body)
	if err != nil {
		return err
	}
	if string(w.Encode()) != string(v.body) {
		t.Errorf("%s: encodes to other bytes", v.one("about"))
	}
	cp, err := w.Checkpoint.Checkpoint()
	if err != nil {
		return err
	}
	old, err := ledger.ParseHash(v.one("old-root"))
	if err != nil {
		t.Fatal(err)
	}
	return ledger.VerifyConsistency(w.Proof, w.Old, cp.Size, old, cp.Root)
}

func tryLeaf(t *testing.T, v vector) error {
	raw, err := hex.DecodeString(strings.TrimSpace(string(v.body)))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ledger.ParseLeaf(raw)
	if err != nil {
		return err
	}
	if got := leaf.Hash().Hex(); got != v.one("hash") {
		t.Errorf("%s: leaf hash %s, want %s", v.one("about"), got, v.one("hash"))
	}
	return nil
}

func namedPolicy(t *testing.T, name string) ledger.Policy {
	t.Helper()
	p, err := ledger.ParsePolicy(readVector(t, filepath.Join("testdata", "policy", name+".txt")).body)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
