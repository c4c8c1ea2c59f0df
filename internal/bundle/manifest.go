package bundle

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"breakwater/internal/ledger"
)

// manifest lists every other member with its SHA-256. Its text is a head line
// and the lines that `sha256sum -c` reads, sorted by name.
type manifest struct {
	origin string
	size   uint64
	sums   map[string][32]byte
}

// The head has spaces, so that no manifest can pass for a checkpoint, whose
// first line is an origin.
const manifestHead = "Breakwater bundle 1 of "

func (m manifest) text() string {
	var b strings.Builder
	b.WriteString(manifestHead + m.origin + " " + strconv.FormatUint(m.size, 10) + "\n")
	for _, name := range slices.Sorted(maps.Keys(m.sums)) {
		sum := m.sums[name]
		b.WriteString(hex.EncodeToString(sum[:]) + "  " + name + "\n")
	}
	return b.String()
}

// parseManifest accepts exactly what text writes.
func parseManifest(text string) (manifest, error) {
	head, rest, _ := strings.Cut(text, "\n")
	words, ok := strings.CutPrefix(head, manifestHead)
	origin, size, ok2 := strings.Cut(words, " ")
	if !ok || !ok2 {
		return manifest{}, errors.New("its first line is not that of a manifest")
	}
	m := manifest{origin: origin, sums: map[string][32]byte{}}
	var err error
	if m.size, err = strconv.ParseUint(size, 10, 63); err != nil {
		return manifest{}, errors.New("its first line has no size")
	}
	for _, line := range strings.Split(strings.TrimSuffix(rest, "\n"), "\n") {
		sum, name, ok := strings.Cut(line, "  ")
		raw, ok2 := hex32(sum)
		if !ok || !ok2 || !memberForm.MatchString(name) {
			return manifest{}, fmt.Errorf("a line is not SHA-256, two spaces and the name of a member: %.100q", line)
		}
		if _, dup := m.sums[name]; dup {
			return manifest{}, fmt.Errorf("%s is listed twice", name)
		}
		m.sums[name] = raw
	}
	if m.text() != text {
		return manifest{}, errors.New("its lines are not sorted or not as they would be written")
	}
	return m, nil
}

func (m manifest) sign(s *ledger.Signer) ([]byte, error) {
	n, err := ledger.SignText(m.text(), s)
	if err != nil {
		return nil, err
	}
	return n.Encode(), nil
}
