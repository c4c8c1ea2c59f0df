package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// LeafSize is the size of every leaf of a client's log in bytes.
	LeafSize = 1 + 2 + 8 + HashSize
	// LeafVersion is the only version of the leaf there is.
	LeafVersion = 1
	// SaltSize is the size of a salt in bytes; nothing else is a salt.
	SaltSize = 32
)

// Leaf is what the tree keeps of an entry. Kind stays readable so that a
// withheld or erased entry still shows what sort it was; nothing else of the
// entry does.
type Leaf struct {
	Kind       uint16 // number in the register of kinds
	Recorded   int64  // when the log took the entry, milliseconds UTC
	Commitment Hash   // HMAC-SHA256(salt, envelope)
}

// Bytes encodes the leaf: version, kind and recorded big endian, commitment.
func (l Leaf) Bytes() [LeafSize]byte {
	var b [LeafSize]byte
	b[0] = LeafVersion
	binary.BigEndian.PutUint16(b[1:], l.Kind)
	binary.BigEndian.PutUint64(b[3:], uint64(l.Recorded))
	copy(b[11:], l.Commitment[:])
	return b
}

// Hash is the leaf's hash in the tree, LeafHash(l.Bytes()).
func (l Leaf) Hash() Hash {
	var b [1 + LeafSize]byte
	b[0] = leafPrefix
	leaf := l.Bytes()
	copy(b[1:], leaf[:])
	return sha256.Sum256(b[:])
}

// ParseLeaf decodes a leaf. It refuses any length but LeafSize and any version
// but LeafVersion, so every leaf has one encoding.
func ParseLeaf(b []byte) (Leaf, error) {
	if len(b) != LeafSize {
		return Leaf{}, fmt.Errorf("parse leaf: %d bytes, want %d", len(b), LeafSize)
	}
	if b[0] != LeafVersion {
		return Leaf{}, fmt.Errorf("parse leaf: version %d, want %d", b[0], LeafVersion)
	}
	return Leaf{
		Kind:       binary.BigEndian.Uint16(b[1:]),
		Recorded:   int64(binary.BigEndian.Uint64(b[3:])),
		Commitment: Hash(b[11:]),
	}, nil
}

var errSalt = errors.New("a salt is exactly 32 random bytes")

// A Committer computes commitments one after another without allocating once
// its buffer has grown to the longest envelope. The zero value is ready. It is
// not for use by several goroutines at once.
type Committer struct {
	buf []byte // HMAC block of the key, then the message
}

// The block size of SHA-256 and the pads of HMAC (RFC 2104).
const (
	hmacBlock = sha256.BlockSize
	hmacInner = 0x36
	hmacOuter = 0x5c
)

// Commit returns HMAC-SHA256(salt, envelope). It refuses a salt that is not
// exactly SaltSize bytes: HMAC pads short keys and hashes long ones, so other
// lengths would let two salts give one commitment.
func (c *Committer) Commit(salt, envelope []byte) (Hash, error) {
	if len(salt) != SaltSize {
		return Hash{}, fmt.Errorf("commit: %w", errSalt)
	}
	c.buf = append(c.buf[:0], salt...)
	c.buf = append(c.buf, make([]byte, hmacBlock-SaltSize)...)
	for i := range hmacBlock {
		c.buf[i] ^= hmacInner
	}
	c.buf = append(c.buf, envelope...)
	inner := sha256.Sum256(c.buf)

	var outer [hmacBlock + HashSize]byte
	for i := range hmacBlock {
		outer[i] = c.buf[i] ^ hmacInner ^ hmacOuter
	}
	copy(outer[hmacBlock:], inner[:])
	return sha256.Sum256(outer[:]), nil
}

// Commit is Committer.Commit for a single envelope.
func Commit(salt, envelope []byte) (Hash, error) {
	var c Committer
	return c.Commit(salt, envelope)
}

// SaltedHash is SHA-256(salt || content), by which an envelope cites a blob. It
// refuses a salt that is not exactly SaltSize bytes, since only a fixed length
// keeps salt and content apart.
func SaltedHash(salt, content []byte) (Hash, error) {
	if len(salt) != SaltSize {
		return Hash{}, fmt.Errorf("salted hash: %w", errSalt)
	}
	h := sha256.New()
	h.Write(salt)
	h.Write(content)
	var sum Hash
	h.Sum(sum[:0])
	return sum, nil
}
