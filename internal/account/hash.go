package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Limits of an encoded hash: a row that was tampered with must not make this
// machine run out of memory.
const (
	maxEncoded  = 128
	maxMemory   = 1 << 18 // KiB
	maxPasses   = 16
	maxThreads  = 8
	saltBytes   = 16
	hashBytes   = 32
	maxWaiting  = 128 // sign-ins that wait for a core
	maxPassword = 1024
)

// Params is the cost of one argon2id hash (RFC 9106). The zero value is what
// OWASP's password storage cheat sheet recommends: 19 MiB, two passes, one
// thread. Changed parameters take effect at each member's next sign-in.
type Params struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

func (p Params) withDefaults() Params {
	if p == (Params{}) {
		return Params{Memory: 19 << 10, Passes: 2, Threads: 1}
	}
	return p
}

func (p Params) check() error {
	if p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory || p.Passes < 1 || p.Passes > maxPasses || p.Threads < 1 || p.Threads > maxThreads {
		return fmt.Errorf("argon2id with %d KiB, %d passes, %d threads: give 8 to %d KiB, 1 to %d passes, 1 to %d threads",
			p.Memory, p.Passes, p.Threads, maxMemory, maxPasses, maxThreads)
	}
	return nil
}

// Hashed is an encoded password hash taken apart.
type Hashed struct {
	Params
	Salt, Sum []byte
}

var errEncoded = errors.New("not an encoded argon2id hash")

// ParseHash reads "$argon2id$v=19$m=19456,t=2,p=1$salt$hash". It refuses what
// it would not write the same way.
func ParseHash(text string) (Hashed, error) {
	if len(text) > maxEncoded {
		return Hashed{}, errEncoded
	}
	f := strings.Split(text, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v="+strconv.Itoa(argon2.Version) {
		return Hashed{}, errEncoded
	}
	var h Hashed
	if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &h.Memory, &h.Passes, &h.Threads); err != nil {
		return Hashed{}, errEncoded
	}
	var err1, err2 error
	h.Salt, err1 = base64.RawStdEncoding.Strict().DecodeString(f[4])
	h.Sum, err2 = base64.RawStdEncoding.Strict().DecodeString(f[5])
	if err1 != nil || err2 != nil || len(h.Salt) != saltBytes || len(h.Sum) != hashBytes || h.check() != nil || h.String() != text {
		return Hashed{}, errEncoded
	}
	return h, nil
}

func (h Hashed) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.Memory, h.Passes, h.Threads, enc.EncodeToString(h.Salt), enc.EncodeToString(h.Sum))
}

// hasher runs no more hashes at once than there are cores, so that a flood of
// sign-ins takes cores x Memory and no more.
type hasher struct {
	params  Params
	slots   chan struct{}
	waiting atomic.Int32
}

func newHasher(p Params) *hasher {
	return &hasher{params: p, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// derive computes one hash. It returns ErrBusy when too many wait already.
func (h *hasher) derive(ctx context.Context, p Params, password string, salt []byte) ([]byte, error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		h.waiting.Add(-1)
	case <-ctx.Done():
		h.waiting.Add(-1)
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, p.Passes, p.Memory, p.Threads, hashBytes), nil
}

// make hashes a new password.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	sum, err := h.derive(ctx, h.params, password, salt)
	if err != nil {
		return "", err
	}
	return Hashed{h.params, salt, sum}.String(), nil
}

// verify compares in constant time. stale says that the hash was made with
// other parameters than today's. An empty encoded hash stands for an account
// that does not exist: it costs the same and is never right.
func (h *hasher) verify(ctx context.Context, encoded, password string) (ok, stale bool, err error) {
	if len(password) > maxPassword {
		password = password[:maxPassword] + "\x00" // no accepted password is so long
	}
	if encoded == "" {
		_, err := h.derive(ctx, h.params, password, make([]byte, saltBytes))
		return false, false, err
	}
	kept, err := ParseHash(encoded)
	if err != nil {
		return false, false, fmt.Errorf("check password: %w: reset it", err)
	}
	sum, err := h.derive(ctx, kept.Params, password, kept.Salt)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(sum, kept.Sum) == 1, kept.Params != h.params, nil
}
