// Package seal knows keys: the master key and where it comes from, the keys
// wrapped under it, and what is done with them. It refuses to know what is
// sealed, which client it belongs to, and where wrapped keys are stored.
//
// Words:
//
//   - master key: 32 bytes held outside the database, in a file of mode 0600,
//     an environment variable, or printed by a command. It seals nothing but
//     other keys.
//   - key: 32 random bytes with a label. A key seals (XChaCha20-Poly1305) or
//     names (HMAC-SHA256).
//   - wrapped key: a key sealed under the master key and bound to its label, so
//     that two rows cannot be exchanged.
//   - check value: a value derived from the master key that says whether a key
//     is the right one, and nothing else about it.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeySize is the size of the master key and of every other key in bytes.
const KeySize = chacha20poly1305.KeySize

// Overhead is what sealing adds to a plaintext, in bytes.
const Overhead = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

var (
	// ErrNoKey means that no key with this label was loaded.
	ErrNoKey = errors.New("key is not loaded")
	// ErrOpen means that sealed bytes do not open: they were altered, moved, or
	// sealed under another key.
	ErrOpen = errors.New("sealed bytes do not open under this key")
)

// Uses of the master key. Each derives its own key, so that none of them says
// anything about another.
const (
	useWrap  = "breakwater/1 wrap keys"
	useCheck = "breakwater/1 check value"
)

// Master is the master key.
type Master struct {
	wrap  cipher.AEAD
	check []byte
}

// NewMaster takes the 32 bytes of a master key.
func NewMaster(key []byte) (*Master, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("master key has %d bytes: give %d", len(key), KeySize)
	}
	wrapKey, err := hkdf.Key(sha256.New, key, nil, useWrap, KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive wrapping key: %w", err)
	}
	check, err := hkdf.Key(sha256.New, key, nil, useCheck, KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive check value: %w", err)
	}
	aead, err := chacha20poly1305.NewX(wrapKey)
	if err != nil {
		return nil, fmt.Errorf("make wrapping cipher: %w", err)
	}
	return &Master{wrap: aead, check: check}, nil
}

// Keyring holds the keys in use, unwrapped in memory. It is safe for use by
// several goroutines.
type Keyring struct {
	master *Master

	mu   sync.RWMutex
	keys map[string]*key
}

type key struct {
	aead cipher.AEAD
	macs sync.Pool // of hash.Hash, keyed
}

// NewKeyring returns a ring without keys.
func NewKeyring(m *Master) *Keyring {
	return &Keyring{master: m, keys: map[string]*key{}}
}

// CheckValue is the same for the same master key, always.
func (k *Keyring) CheckValue() []byte { return k.master.check }

// NewKey draws a key, loads it under the label and returns it wrapped.
func (k *Keyring) NewKey(label string) ([]byte, error) {
	var raw [KeySize]byte
	rand.Read(raw[:])
	if err := k.put(label, raw); err != nil {
		return nil, err
	}
	return sealWith(k.master.wrap, nil, raw[:], []byte(label)), nil
}

// Load unwraps a key and keeps it under its label. It returns ErrOpen when the
// row is another label's or was wrapped under another master key.
func (k *Keyring) Load(label string, wrapped []byte) error {
	raw, err := openWith(k.master.wrap, nil, wrapped, []byte(label))
	if err != nil {
		return fmt.Errorf("unwrap key %s: %w", label, err)
	}
	if len(raw) != KeySize {
		return fmt.Errorf("unwrap key %s: %d bytes, want %d", label, len(raw), KeySize)
	}
	return k.put(label, [KeySize]byte(raw))
}

func (k *Keyring) put(label string, raw [KeySize]byte) error {
	aead, err := chacha20poly1305.NewX(raw[:])
	if err != nil {
		return fmt.Errorf("make cipher for key %s: %w", label, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	made := &key{aead: aead}
	made.macs.New = func() any { return hmac.New(sha256.New, raw[:]) }
	k.keys[label] = made
	return nil
}

// Forget drops a key from memory.
func (k *Keyring) Forget(label string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, label)
}

func (k *Keyring) get(label string) (*key, error) {
	k.mu.RLock()
	found := k.keys[label]
	k.mu.RUnlock()
	if found == nil {
		return nil, fmt.Errorf("key %s: %w", label, ErrNoKey)
	}
	return found, nil
}

// Seal appends to dst a random nonce and the sealed plaintext. What is in ad is
// not kept, but must be the same when opening.
func (k *Keyring) Seal(label string, dst, plaintext, ad []byte) ([]byte, error) {
	found, err := k.get(label)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealWith(found.aead, dst, plaintext, ad), nil
}

// Open appends to dst what Seal was given. It returns ErrNoKey or ErrOpen.
func (k *Keyring) Open(label string, dst, sealed, ad []byte) ([]byte, error) {
	found, err := k.get(label)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return openWith(found.aead, dst, sealed, ad)
}

// Name is HMAC-SHA256 of data under the labeled key.
func (k *Keyring) Name(label string, data []byte) ([sha256.Size]byte, error) {
	found, err := k.get(label)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("name: %w", err)
	}
	mac := found.macs.Get().(hash.Hash)
	defer found.macs.Put(mac)
	mac.Reset()
	mac.Write(data)
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	return sum, nil
}

// RewrapFor unwraps a key of this ring's master key and wraps it under the
// next one's. The key itself stays the same.
func (k *Keyring) RewrapFor(next *Keyring, label string, wrapped []byte) ([]byte, error) {
	raw, err := openWith(k.master.wrap, nil, wrapped, []byte(label))
	if err != nil {
		return nil, fmt.Errorf("rewrap key %s: %w", label, err)
	}
	return sealWith(next.master.wrap, nil, raw, []byte(label)), nil
}

func sealWith(aead cipher.AEAD, dst, plaintext, ad []byte) []byte {
	var nonce [chacha20poly1305.NonceSizeX]byte
	rand.Read(nonce[:])
	dst = append(dst, nonce[:]...)
	return aead.Seal(dst, nonce[:], plaintext, ad)
}

func openWith(aead cipher.AEAD, dst, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrOpen
	}
	nonce, text := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(dst, nonce, text, ad)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
