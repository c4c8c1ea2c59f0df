package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"breakwater/internal/ledger"

	"golang.org/x/mod/sumdb/note"
)

// testKey is the same key for the same name and type, always.
func testKey(name string, kind ledger.KeyType) *ledger.Signer {
	seed := sha256.Sum256([]byte("test key of " + name))
	s, err := ledger.NewSigner(name, kind, seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

var allTypes = []ledger.KeyType{ledger.Ed25519, ledger.CosignEd25519, ledger.MLDSA44}

func TestKeysRoundTrip(t *testing.T) {
	for _, kind := range allTypes {
		s, err := ledger.GenerateKey("example.com/k", kind, bytes.NewReader(bytes.Repeat([]byte{byte(kind)}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		back, err := ledger.ParseSigner(s.Secret())
		if err != nil || back.Secret() != s.Secret() || back.KeyHash() != s.KeyHash() {
			t.Errorf("type %#x: signer does not come back: %v", kind, err)
		}
		vkey := s.Verifier().String()
		v, err := ledger.ParseVerifier(vkey)
		if err != nil || v.String() != vkey || v.Type() != kind || v.Name() != "example.com/k" {
			t.Errorf("type %#x: verifier does not come back: %v", kind, err)
		}
		if !bytes.Equal(v.PublicKey(), s.Verifier().PublicKey()) || !v.SameKey(s.Verifier()) {
			t.Errorf("type %#x: another public key", kind)
		}
		for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%s", s)} {
			if printed != `ledger.Signer("example.com/k")` {
				t.Errorf("type %#x: printing shows %q", kind, printed)
			}
		}
	}
}

// Keys and notes of this package and of golang.org/x/mod/sumdb/note are the same.
func TestKeysAreNoteKeys(t *testing.T) {
	skey, vkey, err := note.GenerateKey(nil, "breakwater/0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.ParseSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	if s.Verifier().String() != vkey {
		t.Errorf("vkey = %s, want %s", s.Verifier(), vkey)
	}
	cp := ledger.Checkpoint{Origin: s.Name(), Size: 3, Root: ledger.Hash{1}}
	ours, err := ledger.Sign(cp, s)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := note.Sign(&note.Note{Text: cp.Body()}, s)
	if err != nil || string(theirs) != string(ours.Encode()) {
		t.Errorf("note.Sign = %q, %v, want %q", theirs, err, ours.Encode())
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(ours.Encode(), note.VerifierList(verifier)); err != nil {
		t.Errorf("note.Open: %v", err)
	}
}

func TestVerifierKeysRefused(t *testing.T) {
	good := testKey("example.com/k", ledger.Ed25519).Verifier().String()
	parts := strings.SplitN(good, "+", 3)
	for name, vkey := range map[string]string{
		"nothing": "", "no key": parts[0] + "+" + parts[1], "no name": "+" + parts[1] + "+" + parts[2],
		"other name": "example.com/j+" + parts[1] + "+" + parts[2], "upper case": parts[0] + "+" + strings.ToUpper(parts[1]) + "+" + parts[2],
		"trailing newline": good + "\n", "space": "example.com/ k+" + parts[1] + "+" + parts[2], "empty key": parts[0] + "+" + parts[1] + "+",
		"long name": strings.Repeat("n", 256) + "+" + parts[1] + "+" + parts[2], "huge": good + strings.Repeat("A", 5000),
	} {
		if _, err := ledger.ParseVerifier(vkey); err == nil {
			t.Errorf("ParseVerifier took %s: %s", name, vkey)
		}
	}
	for _, kind := range []ledger.KeyType{0, 2, 3, 5, 7, 0xff} {
		if _, err := ledger.NewVerifier("a", kind, make([]byte, 32)); err == nil {
			t.Errorf("NewVerifier took type %#x", kind)
		}
		if _, err := ledger.NewSigner("a", kind, make([]byte, 32)); err == nil {
			t.Errorf("NewSigner took type %#x", kind)
		}
	}
	for _, kind := range allTypes {
		if _, err := ledger.NewVerifier("a", kind, make([]byte, 31)); err == nil {
			t.Errorf("NewVerifier took 31 bytes for type %#x", kind)
		}
		if _, err := ledger.NewSigner("a", kind, make([]byte, 31)); err == nil {
			t.Errorf("NewSigner took 31 bytes for type %#x", kind)
		}
	}
	secret := testKey("example.com/k", ledger.Ed25519).Secret()
	for _, bad := range []string{"", "PRIVATE+KEY", secret + "A", secret[:len(secret)-4], strings.Replace(secret, "PRIVATE", "PUBLIC", 1), strings.Replace(secret, "/k", "/j", 1)} {
		if _, err := ledger.ParseSigner(bad); err == nil {
			t.Errorf("ParseSigner took %q", bad)
		}
	}
}

func TestOneKeyUnderManyNames(t *testing.T) {
	instance := testKey("breakwater/0000000000000000", ledger.Ed25519)
	s, err := instance.WithName("breakwater/1111111111111111")
	if err != nil {
		t.Fatal(err)
	}
	cp := ledger.Checkpoint{Origin: s.Name(), Size: 1, Root: ledger.Hash{1}}
	n, err := ledger.Sign(cp, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ledger.Open(n.Encode(), instance.Verifier()); !errors.Is(err, ledger.ErrUnsigned) {
		t.Errorf("Open under the instance's name: %v, want ErrUnsigned", err)
	}
	v, err := instance.Verifier().WithName(cp.Origin)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := ledger.Open(n.Encode(), v); err != nil || got != cp {
		t.Errorf("Open = %v, %v", got, err)
	}
}

func TestCosignatures(t *testing.T) {
	log := testKey("breakwater/0123456789abcdef", ledger.Ed25519)
	cp := ledger.Checkpoint{Origin: log.Name(), Size: 7, Root: ledger.Hash{7}}
	for _, kind := range []ledger.KeyType{ledger.CosignEd25519, ledger.MLDSA44} {
		witness := testKey("witness.example/w", kind).At(1_700_000_000)
		n, err := ledger.Sign(cp, log, witness)
		if err != nil {
			t.Fatal(err)
		}
		sig := n.Signatures[1]
		got, err := ledger.VerifyCosignature(n, sig, witness.Verifier())
		want := ledger.Cosignature{Name: "witness.example/w", At: 1_700_000_000_000, Type: kind}
		if err != nil || got != want {
			t.Errorf("type %#x: %+v, %v, want %+v", kind, got, err, want)
		}
		for _, i := range []int{0, 7, 8, 40} {
			bad := sig
			bad.Bytes = bytes.Clone(sig.Bytes)
			bad.Bytes[i] ^= 1
			if _, err := ledger.VerifyCosignature(n, bad, witness.Verifier()); !errors.Is(err, ledger.ErrSignature) {
				t.Errorf("type %#x with byte %d changed: %v", kind, i, err)
			}
		}
		moved := n
		moved.Text = ledger.Checkpoint{Origin: cp.Origin, Size: 8, Root: cp.Root}.Body()
		if _, err := ledger.VerifyCosignature(moved, sig, witness.Verifier()); !errors.Is(err, ledger.ErrSignature) {
			t.Errorf("type %#x on another checkpoint: %v", kind, err)
		}
		if _, err := witness.Sign([]byte("any text\n")); err == nil {
			t.Errorf("type %#x signs any text", kind)
		}
	}
	if _, err := testKey("w", ledger.CosignEd25519).Sign([]byte(cp.Body())); err == nil {
		t.Error("a witness signs without a time")
	}
	n, err := ledger.Sign(cp, log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.VerifyCosignature(n, n.Signatures[0], log.Verifier()); err == nil {
		t.Error("a log's signature passes as a cosignature")
	}
}

// A log signs with ML-DSA-44 beside Ed25519, without a time: it makes no
// witness's statement.
func TestLogSignsTwice(t *testing.T) {
	ed, pq := testKey("breakwater/0123456789abcdef", ledger.Ed25519), testKey("breakwater/0123456789abcdef", ledger.MLDSA44)
	cp := ledger.Checkpoint{Origin: ed.Name(), Size: 1, Root: ledger.Hash{7}}
	n, err := ledger.Sign(cp, ed, pq)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.Sign(cp, ed, pq)
	if err != nil || string(again.Encode()) != string(n.Encode()) {
		t.Errorf("a second signing gives other bytes, %v", err)
	}
	for _, v := range []*ledger.Verifier{ed.Verifier(), pq.Verifier()} {
		if got, _, err := ledger.Open(n.Encode(), v); err != nil || got != cp {
			t.Errorf("Open with type %#x = %v, %v", v.Type(), got, err)
		}
	}
	if _, err := ledger.VerifyCosignature(n, n.Signatures[1], pq.Verifier()); err == nil {
		t.Error("a signature without a time passes as a cosignature")
	}
}

func TestOrigins(t *testing.T) {
	raw := bytes.NewReader([]byte("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"))
	live, err1 := ledger.NewOrigin(false, raw)
	sample, err2 := ledger.NewOrigin(true, raw)
	if err1 != nil || err2 != nil || live != "breakwater/0123456789abcdef" || sample != "breakwater-sample/0123456789abcdef" {
		t.Errorf("origins %s, %s, %v, %v", live, sample, err1, err2)
	}
	if _, err := ledger.NewOrigin(false, raw); err == nil {
		t.Error("an origin without randomness")
	}
	if ledger.SampleOrigin(live) || !ledger.SampleOrigin(sample) {
		t.Error("sample and live origins are mixed up")
	}
	next := sample
	for _, suffix := range []string{"/e2", "/e3", "/e4"} {
		var err error
		if next, err = ledger.NextEpoch(next); err != nil || next != sample+suffix {
			t.Errorf("next epoch %s, %v, want %s%s", next, err, sample, suffix)
		}
	}
	if base, epoch, err := ledger.SplitOrigin(next); base != sample || epoch != 4 || err != nil {
		t.Errorf("SplitOrigin(%s) = %s, %d, %v", next, base, epoch, err)
	}
	if _, err := ledger.NextEpoch(live + "/e9999"); err == nil {
		t.Error("an epoch past the limit")
	}
	for _, bad := range []string{
		"", "breakwater", "breakwater/", "breakwater/0123456789abcde", "breakwater/0123456789abcdef0", "breakwater/0123456789ABCDEF",
		"breakwater/0123456789abcdef/", "breakwater/0123456789abcdef/e1", "breakwater/0123456789abcdef/e02", "breakwater/0123456789abcdef/2",
		"breakwater/0123456789abcdef/e2/e3", "breakwater/0123456789abcdef/e10000", "breakwater-sample/", "example.com/0123456789abcdef", "breakwater/0123456789abcdeg", "breakwater/0123456789abcdef\n",
	} {
		if ledger.ValidOrigin(bad) {
			t.Errorf("ValidOrigin(%q)", bad)
		}
		if _, err := ledger.NextEpoch(bad); err == nil {
			t.Errorf("NextEpoch(%q) has an answer", bad)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	log := testKey("breakwater/0123456789abcdef", ledger.Ed25519)
	for name, cp := range map[string]ledger.Checkpoint{
		"no origin":              {Size: 1},
		"an origin of two lines": {Origin: "a\nb", Size: 1},
		"an empty tree's root":   {Origin: log.Name()},
		"a size above MaxSize":   {Origin: log.Name(), Size: 1 << 63},
	} {
		if _, err := ledger.Sign(cp, log); err == nil {
			t.Errorf("signed a checkpoint with %s", name)
		}
	}
	if _, err := ledger.Sign(ledger.Checkpoint{Origin: log.Name(), Root: ledger.EmptyRoot()}); err == nil {
		t.Error("signed without a signer")
	}
	for _, text := range []string{"", "no newline", "a\tb\n", "\xff\n"} {
		if _, err := ledger.SignText(text, log); err == nil {
			t.Errorf("signed %q", text)
		}
	}
	if _, err := ledger.GenerateKey("a", ledger.Ed25519, strings.NewReader("short")); err == nil {
		t.Error("a key from too little randomness")
	}
}

func TestWithReplacesTheLineOfAKey(t *testing.T) {
	log, witness := testKey("breakwater/0123456789abcdef", ledger.Ed25519), testKey("w.example", ledger.CosignEd25519)
	cp := ledger.Checkpoint{Origin: log.Name(), Size: 1, Root: ledger.Hash{1}}
	first, err1 := ledger.Sign(cp, log, witness.At(100))
	second, err2 := ledger.Sign(cp, witness.At(200))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	// The second comes as a witness answers: signature lines alone.
	lines, err := ledger.ParseSignatureLines([]byte(second.Signatures[0].Line()))
	if err != nil {
		t.Fatal(err)
	}
	merged := first.With(lines...)
	if len(merged.Signatures) != 2 || len(first.Signatures) != 2 {
		t.Fatalf("%d lines, want 2", len(merged.Signatures))
	}
	got, err := ledger.VerifyCosignature(merged, merged.Signatures[1], witness.Verifier())
	if err != nil || got.At != 200_000 {
		t.Errorf("%+v, %v", got, err)
	}
	if before, err := ledger.VerifyCosignature(first, first.Signatures[1], witness.Verifier()); err != nil || before.At != 100_000 {
		t.Errorf("the first note changed: %+v, %v", before, err)
	}
}

func TestWitnessSize(t *testing.T) {
	if n, err := ledger.ParseWitnessSize([]byte("20852163\n")); n != 20852163 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"", "\n", "7", "07\n", "7\n\n", "-7\n", "9223372036854775808\n"} {
		if n, err := ledger.ParseWitnessSize([]byte(bad)); err == nil {
			t.Errorf("ParseWitnessSize(%q) = %d", bad, n)
		}
	}
}
