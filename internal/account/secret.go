package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// TokenPrefix begins every API token, so that a scanner finds one that was
// published by mistake.
const TokenPrefix = "bw_"

const (
	secretBytes = 32
	secretChars = 43 // of base64url without padding
)

// code is strict: one secret has one text.
var code = base64.RawURLEncoding.Strict()

var errSecret = errors.New("not a secret of this program")

// newSecret draws 256 bits.
func newSecret() string {
	var b [secretBytes]byte
	rand.Read(b[:])
	return code.EncodeToString(b[:])
}

// rowKey is what is kept of a secret: the SHA-256 of its bytes, in hexadecimal.
// A plain hash is enough, for nobody can guess 256 random bits.
func rowKey(secret string) (string, error) {
	if len(secret) != secretChars {
		return "", errSecret
	}
	raw, err := code.DecodeString(secret)
	if err != nil || len(raw) != secretBytes {
		return "", errSecret
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// ParseToken returns the row key of an API token's text, or ErrToken.
func ParseToken(text string) (key string, err error) {
	secret, ok := strings.CutPrefix(text, TokenPrefix)
	if !ok {
		return "", ErrToken
	}
	if key, err = rowKey(secret); err != nil {
		return "", ErrToken
	}
	return key, nil
}

// handle is the short name of a session or token, for lists and entries. It
// opens nothing.
func handle(key string) string { return key[:12] }
