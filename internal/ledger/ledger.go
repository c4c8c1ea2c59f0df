// Package ledger knows how a log grows and how its growth is proven: the
// 43-byte leaf, the Merkle tree over leaves (RFC 6962), the frontier that lets
// a tree be extended without rereading it, tiles (c2sp.org/tlog-tiles),
// checkpoints (c2sp.org/tlog-checkpoint), inclusion and consistency proofs,
// cosignatures of witnesses, trust policies, offline proofs, and time stamps of
// RFC 3161 authorities.
//
// It refuses to know what is in an entry, where anything is stored, the
// network, and the clock. Every function is pure: instants and randomness come
// in as arguments.
//
// Words:
//
//   - leaf: the bytes that the tree hashes for one entry. They commit to the
//     entry and say its kind and when it was recorded, nothing else.
//   - commitment: HMAC-SHA256 of an envelope under its own random salt. Without
//     the salt it says nothing about the envelope.
//   - size: the number of leaves. Leaf indexes run from 0 to size-1.
//   - root: the Merkle tree hash of the first size leaves.
//   - frontier: the roots of the perfect subtrees that make up a tree, at most
//     64 hashes, enough to append and to compute the root.
//   - tile: 256 consecutive hashes of one level of the tree, eight levels apart.
//   - origin: the name of a log, random so that it names no client.
//   - checkpoint: origin, size and root, signed by the log.
//   - cosignature: a witness's statement that it saw this checkpoint at a time
//     and that it extends every earlier one it saw.
//   - stamp: an RFC 3161 authority's statement that bytes existed at a time.
//
// Instants are milliseconds since 1970-01-01 UTC unless a name says seconds.
package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// HashSize is the size of a SHA-256 hash in bytes.
const HashSize = sha256.Size

// MaxSize is the largest tree size that any encoding here accepts: sizes must
// fit a signed 64-bit integer (c2sp.org/tlog-checkpoint readers use one).
const MaxSize = 1<<63 - 1

var (
	// ErrProof means that a Merkle proof does not lead to the given root.
	ErrProof = errors.New("proof does not lead to the root")
	// ErrUnsigned means that no known key signed the text.
	ErrUnsigned = errors.New("no signature by a known key")
	// ErrSignature means that a known key's signature does not verify.
	ErrSignature = errors.New("signature does not verify")
	// ErrQuorum means that too few witnesses of a policy cosigned.
	ErrQuorum = errors.New("too few witnesses cosigned")
)

// Hash is a SHA-256 hash: of a leaf, of a tree node, or a commitment.
type Hash [HashSize]byte

// String returns the hash in standard base64, as checkpoints and proofs do.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

// Hex returns the hash in lower-case hexadecimal.
func (h Hash) Hex() string { return hex.EncodeToString(h[:]) }

// MarshalText encodes the hash in standard base64.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is the strict inverse of MarshalText.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// ParseHash decodes a hash in standard base64. It accepts exactly what String
// prints.
func ParseHash(s string) (Hash, error) {
	raw, err := decodeBase64(s)
	if err != nil {
		return Hash{}, fmt.Errorf("parse hash: %w", err)
	}
	if len(raw) != HashSize {
		return Hash{}, fmt.Errorf("parse hash: %d bytes, want %d", len(raw), HashSize)
	}
	return Hash(raw), nil
}

// decodeBase64 decodes standard base64 and refuses any other spelling of the
// same bytes (line breaks, non-zero padding bits).
func decodeBase64(s string) ([]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("not base64")
	}
	if base64.StdEncoding.EncodedLen(len(raw)) != len(s) {
		return nil, errors.New("not canonical base64")
	}
	return raw, nil
}

// Domain separation of RFC 6962, section 2.1.
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// smallLeaf bounds the leaves that are hashed without touching the heap; the
// leaves of both sorts of log (43 and 72 bytes) are below it.
const smallLeaf = 127

// LeafHash is the RFC 6962 hash of a leaf: SHA-256(0x00 || data).
func LeafHash(data []byte) Hash {
	if len(data) <= smallLeaf {
		var buf [1 + smallLeaf]byte
		buf[0] = leafPrefix
		n := copy(buf[1:], data)
		return sha256.Sum256(buf[:1+n])
	}
	h := sha256.New()
	h.Write([]byte{leafPrefix})
	h.Write(data)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

// NodeHash is the RFC 6962 hash of an inner node: SHA-256(0x01 || l || r).
func NodeHash(l, r Hash) Hash {
	var buf [1 + 2*HashSize]byte
	buf[0] = nodePrefix
	copy(buf[1:], l[:])
	copy(buf[1+HashSize:], r[:])
	return sha256.Sum256(buf[:])
}

// EmptyRoot is the root of the tree without leaves: SHA-256 of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }
