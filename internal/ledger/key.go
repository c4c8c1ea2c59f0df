package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/mldsa"
)

// KeyType is the signature type byte of c2sp.org/signed-note.
type KeyType byte

const (
	// Ed25519 signs the whole text of a note.
	Ed25519 KeyType = 0x01
	// CosignEd25519 is a witness's timestamped signature of a checkpoint.
	CosignEd25519 KeyType = 0x04
	// MLDSA44 is the post-quantum signature of a checkpoint, by a log or by a
	// witness. It signs checkpoints only, no other text.
	MLDSA44 KeyType = 0x06
)

// Limits of what is parsed.
const (
	maxName    = 255  // bytes of a key name or an origin: opaque<1..255> of c2sp.org/tlog-cosignature
	maxKeyText = 4096 // bytes of an encoded key; ML-DSA-44 takes about 1,800
	seedSize   = 32   // both algorithms derive their keys from 32 bytes
)

// Verifier is a public key with its name. It satisfies note.Verifier of
// golang.org/x/mod/sumdb/note.
type Verifier struct {
	name   string
	kind   KeyType
	public []byte
	id     uint32
	mldsa  *mldsa.PublicKey // set for MLDSA44 alone
}

// NewVerifier makes a verifier from a raw public key: 32 bytes for the Ed25519
// types, 1312 for MLDSA44.
func NewVerifier(name string, kind KeyType, public []byte) (*Verifier, error) {
	if !validName(name) {
		return nil, errors.New("new verifier: a key name is 1 to 255 bytes without spaces and plus signs")
	}
	v := &Verifier{name: name, kind: kind, public: bytes.Clone(public), id: keyID(name, kind, public)}
	switch kind {
	case Ed25519, CosignEd25519:
		if len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("new verifier: Ed25519 key of %d bytes", len(public))
		}
	case MLDSA44:
		pk, err := mldsa.NewPublicKey(mldsa.MLDSA44(), public)
		if err != nil {
			return nil, fmt.Errorf("new verifier: %w", err)
		}
		v.mldsa = pk
	default:
		return nil, fmt.Errorf("new verifier: signature type %#02x is not supported", byte(kind))
	}
	return v, nil
}

// ParseVerifier reads a vkey (c2sp.org/signed-note, verifier keys):
// name+hash+base64(type || key). It accepts exactly what String prints.
func ParseVerifier(vkey string) (*Verifier, error) {
	name, rest, ok := strings.Cut(vkey, "+")
	hash, key64, ok2 := strings.Cut(rest, "+")
	if !ok || !ok2 || len(vkey) > maxKeyText {
		return nil, errors.New("parse verifier key: want NAME+HASH+KEY")
	}
	key, err := decodeBase64(key64)
	if err != nil || len(key) == 0 {
		return nil, errors.New("parse verifier key: the key is not base64")
	}
	v, err := NewVerifier(name, KeyType(key[0]), key[1:])
	if err != nil {
		return nil, fmt.Errorf("parse verifier key: %w", err)
	}
	if hash != fmt.Sprintf("%08x", v.id) {
		return nil, errors.New("parse verifier key: the hash does not fit the name and key; copy the whole line again")
	}
	return v, nil
}

// String is the vkey.
func (v *Verifier) String() string {
	key := append([]byte{byte(v.kind)}, v.public...)
	return fmt.Sprintf("%s+%08x+%s", v.name, v.id, base64.StdEncoding.EncodeToString(key))
}

// Name is the key name; for a log it is its origin.
func (v *Verifier) Name() string { return v.name }

// KeyHash is the 32-bit key ID, which depends on name, type and key.
func (v *Verifier) KeyHash() uint32 { return v.id }

// Type is the signature type.
func (v *Verifier) Type() KeyType { return v.kind }

// PublicKey is the raw public key.
func (v *Verifier) PublicKey() []byte { return bytes.Clone(v.public) }

// SameKey reports whether both wrap the same public key, whatever their names.
func (v *Verifier) SameKey(w *Verifier) bool { return bytes.Equal(v.public, w.public) }

// WithName is the same key under another name: one key of an installation signs
// each of its logs under the log's origin.
func (v *Verifier) WithName(name string) (*Verifier, error) {
	return NewVerifier(name, v.kind, v.public)
}

// Verify reports whether sig, without the key ID, is this key's signature of
// the note text.
func (v *Verifier) Verify(text, sig []byte) bool {
	if v.kind == Ed25519 {
		return ed25519.Verify(v.public, text, sig)
	}
	_, ok := v.verifyCosignature(text, sig)
	return ok
}

// keyID is SHA-256(name || 0x0A || type || key)[:4] as a number.
func keyID(name string, kind KeyType, public []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', byte(kind)})
	h.Write(public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func validName(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.Contains(name, "+") &&
		strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r < ' ' }) < 0
}

// Signer is a private key with its name. It satisfies note.Signer of
// golang.org/x/mod/sumdb/note. Its signatures are deterministic, so the same
// checkpoint is always the same bytes.
type Signer struct {
	verifier *Verifier
	seed     []byte
	at       int64 // seconds since 1970-01-01 UTC, in the timestamped types
	mldsa    *mldsa.PrivateKey
}

// NewSigner derives a key from a 32-byte seed.
func NewSigner(name string, kind KeyType, seed []byte) (*Signer, error) {
	if len(seed) != seedSize {
		return nil, fmt.Errorf("new signer: seed of %d bytes, want %d", len(seed), seedSize)
	}
	s := &Signer{seed: bytes.Clone(seed)}
	var public []byte
	switch kind {
	case Ed25519, CosignEd25519:
		public = ed25519.NewKeyFromSeed(seed)[seedSize:]
	case MLDSA44:
		sk, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
		if err != nil {
			return nil, fmt.Errorf("new signer: %w", err)
		}
		s.mldsa, public = sk, sk.PublicKey().Bytes()
	default:
		return nil, fmt.Errorf("new signer: signature type %#02x is not supported", byte(kind))
	}
	v, err := NewVerifier(name, kind, public)
	if err != nil {
		return nil, fmt.Errorf("new signer: %w", err)
	}
	s.verifier = v
	return s, nil
}

// GenerateKey makes a key from 32 bytes of random.
func GenerateKey(name string, kind KeyType, random io.Reader) (*Signer, error) {
	seed := make([]byte, seedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return NewSigner(name, kind, seed)
}

// ParseSigner reads what Secret wrote.
func ParseSigner(skey string) (*Signer, error) {
	bad := errors.New("parse signer key: want PRIVATE+KEY+NAME+HASH+KEY; the key file is damaged, restore it from a backup")
	parts := strings.Split(skey, "+") // base64 may hold a plus sign
	if len(skey) > maxKeyText || len(parts) < 5 || parts[0] != "PRIVATE" || parts[1] != "KEY" {
		return nil, bad
	}
	key, err := decodeBase64(strings.Join(parts[4:], "+"))
	if err != nil || len(key) != 1+seedSize {
		return nil, bad
	}
	s, err := NewSigner(parts[2], KeyType(key[0]), key[1:])
	if err != nil || parts[3] != fmt.Sprintf("%08x", s.verifier.id) {
		return nil, bad
	}
	return s, nil
}

// Secret is the private key as one line of text, in the form of
// golang.org/x/mod/sumdb/note. There is no String, so that it is not printed by
// accident.
func (s *Signer) Secret() string {
	key := append([]byte{byte(s.verifier.kind)}, s.seed...)
	return "PRIVATE+KEY+" + s.verifier.name + "+" + fmt.Sprintf("%08x", s.verifier.id) + "+" +
		base64.StdEncoding.EncodeToString(key)
}

// GoString keeps the seed out of %#v.
func (s *Signer) GoString() string { return "ledger.Signer(" + strconv.Quote(s.verifier.name) + ")" }

// Format keeps the seed out of %v, %+v and %s.
func (s *Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.GoString()) }

// Name is the key name.
func (s *Signer) Name() string { return s.verifier.name }

// KeyHash is the 32-bit key ID.
func (s *Signer) KeyHash() uint32 { return s.verifier.id }

// Verifier is the public half.
func (s *Signer) Verifier() *Verifier { return s.verifier }

// WithName is the same key under another name.
func (s *Signer) WithName(name string) (*Signer, error) {
	return NewSigner(name, s.verifier.kind, s.seed)
}

// At is a signer whose timestamped signatures carry this time, in seconds since
// 1970-01-01 UTC. Without it they carry none, which only a log may do, and only
// with MLDSA44.
func (s *Signer) At(seconds int64) *Signer {
	c := *s
	c.at = seconds
	return &c
}

// Sign returns the signature of a note text, without the key ID.
func (s *Signer) Sign(text []byte) ([]byte, error) {
	if s.verifier.kind == Ed25519 {
		return ed25519.Sign(ed25519.NewKeyFromSeed(s.seed), text), nil
	}
	return s.cosign(text)
}
