package device

import (
	"bytes"
	"encoding/json"
	"strconv"

	"breakwater/internal/event"
)

// Reports are nearly all of a long log, and the general decoder is nearly all
// of the time that a fold takes. What follows reads the shapes that Seen and
// Reported encode to, several times as fast; whatever else it meets, such as
// an escape in a string, goes the general way and has the same result.

func decodeSeen(e event.Envelope) (Seen, error) {
	if v, ok := plainSeen(e.Body); ok {
		return v, nil
	}
	return event.Body[Seen](e)
}

func decodeReported(e event.Envelope) (Reported, error) {
	if v, ok := plainReported(e.Body); ok {
		return v, nil
	}
	return event.Body[Reported](e)
}

func plainSeen(body []byte) (Seen, bool) {
	p := plain{b: body, ok: true}
	var v Seen
	p.literal(`{"reports":[`)
	v.Reports = make([]Line, 0, bytes.Count(body, []byte(`{"at":`)))
	for p.ok {
		v.Reports = append(v.Reports, p.line())
		if !p.next(',') {
			break
		}
	}
	p.literal(`],"source":`)
	v.Source = p.text()
	p.literal(`}`)
	return v, p.ok && len(p.b) == 0
}

func (p *plain) line() (l Line) {
	p.literal(`{"at":`)
	l.At = p.integer()
	p.literal(`,"device":`)
	l.Device = p.text()
	p.literal(`,"hash":`)
	l.Hash = p.text()
	p.literal(`,"seq":`)
	l.Seq = p.natural()
	if p.member(`,"sig":`) {
		l.Sig = p.text()
	}
	p.literal(`}`)
	return l
}

// plainReported reads members in any order; the canonical encoding sorts them
// and has none twice.
func plainReported(body []byte) (Reported, bool) {
	p := plain{b: body, ok: true}
	var v Reported
	p.literal(`{`)
	for p.ok {
		name := p.text()
		p.literal(`:`)
		switch name {
		case "device":
			v.Device = p.text()
		case "seq":
			v.Seq = p.natural()
		case "source":
			v.Source = p.text()
		case "platform":
			v.Platform = p.text()
		case "facts":
			v.Facts = p.object(0)
		case "baseline":
			v.Baseline = p.object(0)
		case "hash":
			v.Hash = p.text()
		case "line":
			v.Line = p.text()
		case "sig":
			v.Sig = p.text()
		case "claimed":
			v.Claimed = p.integer()
		case "missed":
			v.Missed = p.natural()
		case "submitted":
			v.Submit = p.text()
		default: // unknown, which only the general decoder may judge
			p.ok = false
		}
		if !p.next(',') {
			break
		}
	}
	p.literal(`}`)
	return v, p.ok && len(p.b) == 0
}

// plain walks canonical JSON. Once ok is false nothing else is read.
type plain struct {
	b  []byte
	ok bool
}

func (p *plain) literal(s string) {
	if p.ok = p.ok && len(p.b) >= len(s) && string(p.b[:len(s)]) == s; p.ok {
		p.b = p.b[len(s):]
	}
}

// member takes s if it is there.
func (p *plain) member(s string) bool {
	if !p.ok || len(p.b) < len(s) || string(p.b[:len(s)]) != s {
		return false
	}
	p.b = p.b[len(s):]
	return true
}

func (p *plain) next(c byte) bool {
	if !p.ok || len(p.b) == 0 || p.b[0] != c {
		return false
	}
	p.b = p.b[1:]
	return true
}

// number takes the digits of a whole number.
func (p *plain) number() string {
	n := 0
	if len(p.b) > 0 && p.b[0] == '-' {
		n = 1
	}
	for n < len(p.b) && p.b[n] >= '0' && p.b[n] <= '9' {
		n++
	}
	s := string(p.b[:n])
	p.b, p.ok = p.b[n:], p.ok && s != "" && s != "-"
	return s
}

func (p *plain) integer() int64 {
	v, err := strconv.ParseInt(p.number(), 10, 64)
	p.ok = p.ok && err == nil
	return v
}

func (p *plain) natural() uint64 {
	v, err := strconv.ParseUint(p.number(), 10, 64)
	p.ok = p.ok && err == nil
	return v
}

func (p *plain) text() string {
	if !p.next('"') {
		p.ok = false
		return ""
	}
	n := bytes.IndexByte(p.b, '"')
	if n < 0 || bytes.IndexByte(p.b[:n], '\\') >= 0 {
		p.ok = false
		return ""
	}
	s := string(p.b[:n])
	p.b = p.b[n+1:]
	return s
}

// deepest is how deep facts are read here.
const deepest = 16

func (p *plain) object(depth int) map[string]any {
	m := map[string]any{}
	p.literal(`{`)
	if p.next('}') {
		return m
	}
	for p.ok {
		name := p.text()
		p.literal(`:`)
		m[name] = p.value(depth + 1)
		if !p.next(',') {
			break
		}
	}
	p.literal(`}`)
	return m
}

func (p *plain) list(depth int) []any {
	l := []any{}
	p.literal(`[`)
	if p.next(']') {
		return l
	}
	for p.ok {
		l = append(l, p.value(depth+1))
		if !p.next(',') {
			break
		}
	}
	p.literal(`]`)
	return l
}

// value reads what the general decoder reads with UseNumber.
func (p *plain) value(depth int) any {
	if !p.ok || len(p.b) == 0 || depth > deepest {
		p.ok = false
		return nil
	}
	switch p.b[0] {
	case '"':
		return p.text()
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case 't':
		p.literal("true")
		return true
	case 'f':
		p.literal("false")
		return false
	}
	return json.Number(p.number())
}
