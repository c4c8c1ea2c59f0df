package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxInteger is the largest integer that every JSON reader keeps exactly.
const maxInteger = 1<<53 - 1

// Marshal encodes v, a struct of a kind's body, canonically: JSON with keys
// sorted by bytes, no white space, integers only, no null, strings escaped
// only where JSON demands it.
func Marshal(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return Canonicalize(raw)
}

// Unmarshal decodes a canonical body into v and refuses unknown fields.
func Unmarshal(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode body: %w", err)
	}
	return nil
}

// Canonicalize rewrites any JSON value into its canonical encoding. Null
// members of objects are dropped; a null elsewhere, a fraction, a duplicate
// key or depth over 32 is refused.
func Canonicalize(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("read JSON: %w: text follows the value", ErrNotCanonical)
	}
	return appendValue(make([]byte, 0, len(raw)), v, 0)
}

func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d: %w", maxDepth, ErrNotCanonical)
	}
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v), nil
	case string:
		return appendString(b, v), nil
	case json.Number:
		n, err := v.Int64()
		if err != nil || n > maxInteger || n < -maxInteger {
			return nil, fmt.Errorf("number %q is not a whole number within 53 bits: %w", v.String(), ErrNotCanonical)
		}
		return strconv.AppendInt(b, n, 10), nil
	case []any:
		return appendList(b, v, depth)
	case map[string]any:
		return appendObject(b, v, depth)
	}
	return nil, fmt.Errorf("null has no place here: %w", ErrNotCanonical)
}

func appendList(b []byte, list []any, depth int) ([]byte, error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, v, depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, m map[string]any, depth int) ([]byte, error) {
	keys := make([]string, 0, len(m))
	for k, v := range m {
		if v != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		var err error
		if b, err = appendValue(b, m[k], depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

const hexDigits = "0123456789abcdef"

// appendString quotes s with the fewest escapes JSON allows.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		if e := shortEscape(c); e != 0 {
			b = append(b, '\\', e)
		} else {
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

func shortEscape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}

func validText(s string) bool { return utf8.ValidString(s) }

// Canonical returns ErrNotCanonical, with the place, unless b is one JSON
// value in canonical encoding.
func Canonical(b []byte) error {
	s := scanner{b: b}
	if !s.value(0) || s.i != len(b) {
		return fmt.Errorf("JSON at byte %d: %w", s.i, ErrNotCanonical)
	}
	return nil
}

// Body decodes the body of an envelope into the type of its kind and refuses
// unknown fields.
func Body[T any](e Envelope) (T, error) {
	var v T
	if err := Unmarshal(e.Body, &v); err != nil {
		return v, fmt.Errorf("%s: %w", e.Kind, err)
	}
	return v, nil
}
