package event

import (
	"bytes"
	"unicode/utf8"
)

// scanner walks canonical JSON without allocating. Every method returns
// false, with i near the fault, on anything that is not canonical.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) literal(want string) bool {
	if len(s.b)-s.i < len(want) || string(s.b[s.i:s.i+len(want)]) != want {
		return false
	}
	s.i += len(want)
	return true
}

func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) value(depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch c := s.peek(); {
	case c == '"':
		_, ok := s.quoted()
		return ok
	case c == '{':
		return s.members(depth)
	case c == '[':
		return s.elements(depth)
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	default:
		var n int64
		return s.integer(&n)
	}
}

func (s *scanner) elements(depth int) bool {
	s.i++
	if s.peek() == ']' {
		s.i++
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		if s.peek() == ']' {
			s.i++
			return true
		}
		if !s.literal(",") {
			return false
		}
	}
}

func (s *scanner) members(depth int) bool {
	s.i++
	if s.peek() == '}' {
		s.i++
		return true
	}
	var last []byte
	for first := true; ; first = false {
		key, ok := s.quoted()
		if !ok || !first && compareQuoted(last, key) >= 0 || !s.literal(":") || !s.value(depth+1) {
			return false
		}
		last = key
		if s.peek() == '}' {
			s.i++
			return true
		}
		if !s.literal(",") {
			return false
		}
	}
}

// compareQuoted orders two quoted strings by their unescaped bytes.
func compareQuoted(a, b []byte) int {
	if bytes.IndexByte(a, '\\') >= 0 || bytes.IndexByte(b, '\\') >= 0 {
		a, b = unescape(a), unescape(b)
	}
	return bytes.Compare(a, b)
}

// quoted returns what stands between the quotes, still escaped.
func (s *scanner) quoted() ([]byte, bool) {
	if s.peek() != '"' {
		return nil, false
	}
	start := s.i + 1
	ascii := true
	for i := start; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			text := s.b[start:i]
			return text, ascii || utf8.Valid(text)
		case c == '\\':
			n := escapeLength(s.b[i:])
			if n == 0 {
				s.i = i
				return nil, false
			}
			i += n - 1
		case c < 0x20:
			s.i = i
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.i = len(s.b)
	return nil, false
}

// escapeLength is the length of the canonical escape that b starts with, or 0.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && b[2] == '0' && b[3] == '0' && (b[4] == '0' || b[4] == '1') {
			low := bytes.IndexByte([]byte(hexDigits), b[5])
			if low >= 0 && shortEscape((b[4]-'0')<<4|byte(low)) == 0 {
				return 6
			}
		}
	}
	return 0
}

func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		i++
		switch b[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			low := bytes.IndexByte([]byte(hexDigits), b[i+4])
			out = append(out, (b[i+3]-'0')<<4|byte(low))
			i += 4
		default:
			out = append(out, b[i])
		}
	}
	return out
}

func (s *scanner) text(out *string) bool {
	q, ok := s.quoted()
	if !ok {
		return false
	}
	if bytes.IndexByte(q, '\\') >= 0 {
		q = unescape(q)
	}
	*out = string(q)
	return true
}

func (s *scanner) object(out *[]byte) bool {
	start := s.i
	if s.peek() != '{' || !s.value(1) {
		return false
	}
	*out = s.b[start:s.i:s.i]
	return true
}

func (s *scanner) integer(out *int64) bool {
	neg := s.peek() == '-'
	if neg {
		s.i++
	}
	start := s.i
	var n int64
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		n = n*10 + int64(c-'0')
		if n > maxInteger {
			return false
		}
		s.i++
	}
	digits := s.i - start
	if digits == 0 || digits > 1 && s.b[start] == '0' || neg && n == 0 {
		return false
	}
	if neg {
		n = -n
	}
	*out = n
	return true
}
