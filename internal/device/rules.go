package device

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Limits of what a device may say of itself.
const (
	maxID      = 64
	MaxDevices = 50_000 // in one log
	MaxFacts   = 64     // facts in one report
)

// ErrNotFound is returned for a device that is not in the inventory.
var ErrNotFound = errors.New("not in the inventory")

// ErrExists is returned for an identifier that is taken.
var ErrExists = errors.New("exists already")

// ErrSignature is returned for a report that the enrolled key did not sign.
var ErrSignature = errors.New("not signed by the key that this device enrolled")

// Classes are the classes a device may be of.
var Classes = []string{
	"laptop", "desktop", "server", "tablet", "phone", "network", "printer", "medical", "nas", "iot", "saas", "medium", "other",
}

// Platforms are the systems that rules know.
var Platforms = []string{"linux", "windows", "darwin", "ios", "android"}

// Check refuses a listing when a field is wrong.
func (l Listing) Check() error {
	if strings.TrimSpace(l.ID) == "" || len(l.ID) > maxID || strings.IndexFunc(l.ID, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }) >= 0 {
		return fmt.Errorf("device identifier %q: use 1 to %d characters without spaces", l.ID, maxID)
	}
	if l.Class != "" && !slices.Contains(Classes, l.Class) {
		return fmt.Errorf("device %s: class %q is not known: use %s", l.ID, l.Class, strings.Join(Classes, ", "))
	}
	if l.Platform != "" && !slices.Contains(Platforms, l.Platform) {
		return fmt.Errorf("device %s: platform %q is not known: use %s", l.ID, l.Platform, strings.Join(Platforms, ", "))
	}
	return nil
}

// MayAdd refuses a device that is in the inventory now, and a full inventory.
func (s *State) MayAdd(id string) error {
	if d := s.Devices[id]; d != nil && d.In {
		return fmt.Errorf("device %s %w: change or retire it instead", id, ErrExists)
	}
	if len(s.Devices) >= MaxDevices {
		return fmt.Errorf("the inventory is full at %d devices: retire some first", MaxDevices)
	}
	return nil
}

// Find returns a device of the inventory, in use or retired.
func (s *State) Find(id string) (*Device, error) {
	if d := s.Devices[id]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("device %s is %w: add it with `breakwater subject add --kind device`", id, ErrNotFound)
}

// ParseKey reads a public key as Enrolled.Key holds it.
func ParseKey(key string) (any, error) {
	der, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("device key is not base64: enroll the device again")
	}
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("device key is not a public key: enroll the device again")
	}
	switch pub.(type) {
	case ed25519.PublicKey, *ecdsa.PublicKey:
		return pub, nil
	}
	return nil, fmt.Errorf("device key is of a sort that is not used: enroll with Ed25519 or ECDSA P-256")
}

// VerifyLine reports whether sig, in base64, is the enrolled key's signature
// over a line.
func (e Enrolled) VerifyLine(line, sig string) error {
	pub, err := ParseKey(e.Key)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(sig)
	if err != nil {
		return fmt.Errorf("report of %s: signature is not base64: %w", e.ID, ErrSignature)
	}
	ok := false
	switch k := pub.(type) {
	case ed25519.PublicKey:
		ok = ed25519.Verify(k, []byte(line), raw)
	case *ecdsa.PublicKey:
		h := sha256.Sum256([]byte(line))
		ok = ecdsa.VerifyASN1(k, h[:], raw)
	}
	if !ok {
		return fmt.Errorf("report of %s: %w", e.ID, ErrSignature)
	}
	return nil
}
