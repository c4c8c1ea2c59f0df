package ledger

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a note (c2sp.org/signed-note asks for at least 16 signatures).
const (
	maxNote       = 1 << 20
	maxSignatures = 64
	maxSignature  = 8 << 10 // bytes of one signature; the largest post-quantum ones take nearly 5 kB
)

const signaturePrefix = "— "

// Signature is one signature line of a note.
type Signature struct {
	Name  string
	KeyID uint32
	Bytes []byte // without the key ID
}

// Line is the signature line, with its newline.
func (s Signature) Line() string {
	raw := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(s.Bytes)), s.KeyID)
	return signaturePrefix + s.Name + " " + base64.StdEncoding.EncodeToString(append(raw, s.Bytes...)) + "\n"
}

// Is reports whether the line names this key.
func (s Signature) Is(v *Verifier) bool { return s.Name == v.name && s.KeyID == v.id }

// Note is a text and all its signature lines, known keys or not, in their
// order. Nothing about it is trusted before Verify.
type Note struct {
	Text       string // ends in a newline
	Signatures []Signature
}

// ParseNote splits a signed note (c2sp.org/signed-note). It refuses every note
// that Encode would not write back byte for byte, and two lines of one key: a
// note has one encoding.
func ParseNote(data []byte) (Note, error) {
	if len(data) > maxNote {
		return Note{}, fmt.Errorf("parse note: over %d bytes", maxNote)
	}
	s := string(data)
	if err := checkNoteBytes(s); err != nil {
		return Note{}, fmt.Errorf("parse note: %w", err)
	}
	i := strings.LastIndex(s, "\n\n")
	if i < 0 {
		return Note{}, errors.New("parse note: no blank line before the signatures")
	}
	sigs, err := ParseSignatureLines([]byte(s[i+2:]))
	if err != nil {
		return Note{}, fmt.Errorf("parse note: %w", err)
	}
	return Note{Text: s[:i+1], Signatures: sigs}, nil
}

func checkNoteBytes(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("not UTF-8")
	}
	for _, r := range s {
		if r < ' ' && r != '\n' {
			return errors.New("holds a control character")
		}
	}
	return nil
}

// ParseSignatureLines reads one or more signature lines, as a note ends in and
// as a witness answers with. It is as strict as ParseNote.
func ParseSignatureLines(data []byte) ([]Signature, error) {
	if len(data) > maxNote {
		return nil, fmt.Errorf("signature lines: over %d bytes", maxNote)
	}
	rest, ok := strings.CutSuffix(string(data), "\n")
	if !ok {
		return nil, errors.New("signature lines: no newline at the end")
	}
	lines := strings.Split(rest, "\n")
	if len(lines) > maxSignatures {
		return nil, fmt.Errorf("signature lines: more than %d", maxSignatures)
	}
	var sigs []Signature
	for i, line := range lines {
		sig, err := parseSignatureLine(line)
		if err != nil {
			return nil, fmt.Errorf("signature line %d: %w", i+1, err)
		}
		if slices.ContainsFunc(sigs, sig.sameKey) {
			return nil, fmt.Errorf("signature line %d: a second line of one key", i+1)
		}
		sigs = append(sigs, sig)
	}
	return sigs, nil
}

func (s Signature) sameKey(t Signature) bool { return s.Name == t.Name && s.KeyID == t.KeyID }

func parseSignatureLine(line string) (Signature, error) {
	rest, ok := strings.CutPrefix(line, signaturePrefix)
	if !ok {
		return Signature{}, errors.New("no em dash and space at the start")
	}
	name, b64, ok := strings.Cut(rest, " ")
	if !ok || !validName(name) {
		return Signature{}, errors.New("no key name")
	}
	raw, err := decodeBase64(b64)
	if err != nil {
		return Signature{}, err
	}
	if len(raw) < 5 || len(raw) > maxSignature {
		return Signature{}, fmt.Errorf("signature of %d bytes", len(raw))
	}
	return Signature{Name: name, KeyID: binary.BigEndian.Uint32(raw), Bytes: raw[4:]}, nil
}

// Encode writes the note: text, blank line, signature lines.
func (n Note) Encode() []byte {
	var b strings.Builder
	b.WriteString(n.Text)
	b.WriteByte('\n')
	for _, s := range n.Signatures {
		b.WriteString(s.Line())
	}
	return []byte(b.String())
}

// With is the note with these signatures added; a line of a key that already
// has one takes its place. Which signatures deserve it, Verify decides.
func (n Note) With(sigs ...Signature) Note {
	all := slices.Clone(n.Signatures)
	for _, s := range sigs {
		if i := slices.IndexFunc(all, s.sameKey); i >= 0 {
			all[i] = s
		} else {
			all = append(all, s)
		}
	}
	return Note{Text: n.Text, Signatures: all}
}

// Verify returns the signatures made by these keys. Lines of other keys are
// ignored. A line of a known key that does not verify is ErrSignature; none of
// a known key is ErrUnsigned.
func (n Note) Verify(known ...*Verifier) ([]Signature, error) {
	var good []Signature
	for _, s := range n.Signatures {
		i := slices.IndexFunc(known, s.Is)
		if i < 0 {
			continue
		}
		if !known[i].Verify([]byte(n.Text), s.Bytes) {
			return nil, fmt.Errorf("verify note: key %s: %w", s.Name, ErrSignature)
		}
		good = append(good, s)
	}
	if len(good) == 0 {
		return nil, fmt.Errorf("verify note: %w", ErrUnsigned)
	}
	return good, nil
}

// SignText signs a text as a note. MLDSA44 and CosignEd25519 sign checkpoints
// only and refuse any other text.
func SignText(text string, signers ...*Signer) (Note, error) {
	if !strings.HasSuffix(text, "\n") {
		return Note{}, errors.New("sign note: the text does not end in a newline")
	}
	if err := checkNoteBytes(text); err != nil {
		return Note{}, fmt.Errorf("sign note: %w", err)
	}
	n := Note{Text: text}
	for _, s := range signers {
		sig, err := s.Sign([]byte(text))
		if err != nil {
			return Note{}, fmt.Errorf("sign note: key %s: %w", s.Name(), err)
		}
		n = n.With(Signature{Name: s.Name(), KeyID: s.KeyHash(), Bytes: sig})
	}
	if len(n.Signatures) == 0 {
		return Note{}, errors.New("sign note: no signer")
	}
	return n, nil
}
