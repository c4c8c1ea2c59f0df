package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"breakwater/internal/event"
)

func sample() event.Envelope {
	return event.Envelope{
		Actor: "member:dana", At: 1762000000123, Body: []byte(`{"a":1,"b":["x",true]}`),
		Key: "k\n1", Kind: event.DeviceAdded, Log: "lakeside", Source: "form",
	}
}

func TestEncodeIsSortedJSONAndDecodesBack(t *testing.T) {
	e := sample()
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"actor":"member:dana","at":1762000000123,"body":{"a":1,"b":["x",true]},"key":"k\n1","kind":80,"log":"lakeside","source":"form"}`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	if !json.Valid(b) {
		t.Error("the canonical encoding is not JSON")
	}
	got, err := event.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := got.Encode()
	if !bytes.Equal(again, b) {
		t.Errorf("re-encoded to %s", again)
	}
}

func TestDecodeRefusesEverySecondEncoding(t *testing.T) {
	b, _ := sample().Encode()
	for _, change := range []struct{ name, from, to string }{
		{"space", `{"actor":`, `{ "actor":`},
		{"order", `"a":1,"b":["x",true]`, `"b":["x",true],"a":1`},
		{"duplicate key", `"a":1,`, `"a":1,"a":1,`},
		{"fraction", `"a":1`, `"a":1.0`},
		{"exponent", `"a":1`, `"a":1e0`},
		{"leading zero", `"a":1`, `"a":01`},
		{"minus zero", `"a":1`, `"a":-0`},
		{"null", `"a":1`, `"a":null`},
		{"long escape", `k\n1`, `k\u000a1`},
		{"needless escape", `"x"`, `"\u0078"`},
		{"solidus escape", `"x"`, `"\/"`},
		{"upper hex", `"x"`, `"\u001F"`},
		{"kind too large", `"kind":80`, `"kind":65536`},
		{"empty log", `"lakeside"`, `""`},
		{"body not an object", `{"a":1,"b":["x",true]}`, `[1]`},
		{"bad UTF-8", `"x"`, "\"\xff\""},
		{"trailing", `"form"}`, `"form"} `},
		{"beyond 53 bits", `"a":1`, `"a":9007199254740993`},
	} {
		bad := bytes.Replace(b, []byte(change.from), []byte(change.to), 1)
		if bytes.Equal(bad, b) {
			t.Fatalf("%s: the change changes nothing", change.name)
		}
		if _, err := event.Decode(bad); !errors.Is(err, event.ErrNotCanonical) {
			t.Errorf("%s: got error %v, want ErrNotCanonical", change.name, err)
		}
	}
}

func TestMarshalSortsAndRefusesFractions(t *testing.T) {
	got, err := event.Marshal(struct {
		Z string         `json:"z"`
		A map[string]any `json:"a"`
		N *int           `json:"n"`
	}{"<\u2028>", map[string]any{"y": 2, "b": "\x01"}, nil})
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\"a\":{\"b\":\"\\u0001\",\"y\":2},\"z\":\"<\u2028>\"}"; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := event.Canonical(got); err != nil {
		t.Error(err)
	}
	if _, err := event.Marshal(map[string]any{"share": 0.5}); !errors.Is(err, event.ErrNotCanonical) {
		t.Errorf("fraction: got error %v, want ErrNotCanonical", err)
	}
}

func TestKindsHaveNamesAndNumbersOfTheirOwn(t *testing.T) {
	seen := map[string]event.Kind{}
	for n := range 400 {
		k := event.Kind(n)
		if !k.Known() {
			continue
		}
		if other, dup := seen[k.String()]; dup {
			t.Errorf("kinds %d and %d share the name %s", other, k, k)
		}
		seen[k.String()] = k
		if back, ok := event.KindNamed(k.String()); !ok || back != k {
			t.Errorf("%s names kind %d, want %d", k, back, k)
		}
		if k.Retention() == 0 {
			t.Errorf("%s has no retention", k)
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d kinds registered", len(seen))
	}
}

func FuzzDecode(f *testing.F) {
	b, _ := sample().Encode()
	f.Add(b)
	f.Add([]byte(`{"actor":"a","at":-1,"body":{},"key":"k","kind":1,"log":"l","source":"s"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := event.Decode(in)
		if err != nil {
			return
		}
		out, err := e.Encode()
		if err != nil || !bytes.Equal(in, out) {
			t.Errorf("decodes, then encodes to %q (%v), from %q", out, err, in)
		}
	})
}

func FuzzCanonicalize(f *testing.F) {
	f.Add([]byte(`{"b":[1,"\u00e9"],"a":{"c":"\u001f"}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := event.Canonicalize(in)
		if err != nil {
			return
		}
		if err := event.Canonical(out); err != nil {
			t.Fatalf("canonicalized %q to %q: %v", in, out, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	in, _ := sample().Encode()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := event.Decode(in); err != nil {
			b.Fatal(err)
		}
	}
}
