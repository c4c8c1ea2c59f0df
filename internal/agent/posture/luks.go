package posture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
)

// LUKS on-disk format: cryptsetup's LUKS1 specification 1.2.3 and LUKS2 specification 1.1.
// Only the header is read, never a key slot's area.
var luksMagic = []byte{'L', 'U', 'K', 'S', 0xba, 0xbe}

const (
	luks2BinaryHeader = 4096
	maxLUKSHeader     = 4 << 20 // the largest LUKS2 metadata area
)

// luksHeader is what the header says about the data it heads.
type luksHeader struct {
	version     uint16
	ciphers     []string // one per segment, such as "aes-xts-plain64"
	reencrypted bool     // a conversion is under way
}

// judge says whether data behind this header is encrypted.
func (h luksHeader) judge(kind string) cipher {
	for _, c := range h.ciphers {
		if strings.Contains(c, "cipher_null") || c == "" {
			return cipher{encrypted: no, method: kind + " " + clean(c), why: "the header names the null cipher"}
		}
	}
	if h.reencrypted {
		return cipher{method: kind, why: "a change of encryption is under way"}
	}
	return cipher{encrypted: yesItIs, method: strings.TrimSpace(kind + " " + clean(strings.Join(h.ciphers, " ")))}
}

func readLUKS(m *machine, device string) (luksHeader, error) {
	f, err := m.FS.Open(rel(device))
	if err != nil {
		return luksHeader{}, err
	}
	defer f.Close()
	return parseLUKS(f)
}

func parseLUKS(r io.Reader) (luksHeader, error) {
	head := make([]byte, luks2BinaryHeader)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || n < 208 || !bytes.HasPrefix(head, luksMagic) {
		return luksHeader{}, errors.New("parse LUKS header: no header")
	}
	switch version := binary.BigEndian.Uint16(head[6:]); version {
	case 1:
		return luksHeader{version: 1, ciphers: []string{cstring(head[8:40]) + "-" + cstring(head[40:72])}}, nil
	case 2:
		return parseLUKS2(head, r)
	}
	return luksHeader{}, errors.New("parse LUKS header: unknown version")
}

func cstring(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return clean(string(b))
}

// parseLUKS2 reads the JSON area that follows the binary header; hdr_size counts both.
func parseLUKS2(head []byte, r io.Reader) (luksHeader, error) {
	size := binary.BigEndian.Uint64(head[8:])
	if size <= luks2BinaryHeader || size > maxLUKSHeader {
		return luksHeader{}, errors.New("parse LUKS header: bad size")
	}
	area := make([]byte, size-luks2BinaryHeader)
	if _, err := io.ReadFull(r, area); err != nil {
		return luksHeader{}, fmt.Errorf("parse LUKS header: %w", err)
	}
	text, _, _ := bytes.Cut(area, []byte{0})
	var meta struct {
		Segments map[string]struct {
			Type       string `json:"type"`
			Encryption string `json:"encryption"`
		} `json:"segments"`
		Config struct {
			Requirements struct {
				Mandatory []string `json:"mandatory"`
			} `json:"requirements"`
		} `json:"config"`
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return luksHeader{}, errors.New("parse LUKS header: bad JSON area")
	}
	h := luksHeader{version: 2}
	names := map[string]bool{}
	for _, s := range meta.Segments {
		if s.Type == "crypt" {
			names[clean(s.Encryption)] = true
		}
	}
	for n := range names {
		h.ciphers = append(h.ciphers, n)
	}
	sort.Strings(h.ciphers)
	for _, req := range meta.Config.Requirements.Mandatory {
		h.reencrypted = h.reencrypted || strings.Contains(req, "reencrypt")
	}
	return h, nil
}
