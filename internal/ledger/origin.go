package ledger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	originPrefix = "breakwater/"
	samplePrefix = "breakwater-sample/"
	originBytes  = 8    // random bytes, 16 hexadecimal digits
	maxEpoch     = 9999 // epochs of one log; each is an admitted loss of entries
)

// NewOrigin draws the name of a new log: breakwater/<16 hex>, or
// breakwater-sample/<16 hex> for sample data. It is public and random, so it
// names no client.
func NewOrigin(sample bool, random io.Reader) (string, error) {
	var b [originBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("new origin: %w", err)
	}
	if sample {
		return samplePrefix + hex.EncodeToString(b[:]), nil
	}
	return originPrefix + hex.EncodeToString(b[:]), nil
}

// ValidOrigin reports whether s is an origin of ours, with or without an epoch.
func ValidOrigin(s string) bool {
	_, _, err := SplitOrigin(s)
	return err == nil
}

// SampleOrigin reports whether s is a valid origin of sample data.
func SampleOrigin(s string) bool { return ValidOrigin(s) && strings.HasPrefix(s, samplePrefix) }

// SplitOrigin takes an origin apart into the name drawn at first and its epoch:
// 1 without a suffix, n for /en.
func SplitOrigin(s string) (base string, epoch int, err error) {
	bad := errors.New("not an origin: want breakwater/ and 16 hexadecimal digits")
	name, ok := strings.CutPrefix(s, samplePrefix)
	if !ok {
		name, ok = strings.CutPrefix(s, originPrefix)
	}
	if !ok {
		return "", 0, bad
	}
	digits, suffix, hasEpoch := strings.Cut(name, "/")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != originBytes || hex.EncodeToString(raw) != digits {
		return "", 0, bad
	}
	if !hasEpoch {
		return s, 1, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(suffix, "e"))
	if err != nil || n < 2 || n > maxEpoch || suffix != "e"+strconv.Itoa(n) {
		return "", 0, bad
	}
	return strings.TrimSuffix(s, "/"+suffix), n, nil
}

// NextEpoch is the origin that follows after entries were lost: /e2 after none,
// then /e3.
func NextEpoch(origin string) (string, error) {
	base, epoch, err := SplitOrigin(origin)
	if err != nil {
		return "", fmt.Errorf("next epoch: %w", err)
	}
	if epoch == maxEpoch {
		return "", fmt.Errorf("next epoch: %d epochs are the limit; start a new log", maxEpoch)
	}
	return base + "/e" + strconv.Itoa(epoch+1), nil
}
