package device

import (
	"testing"

	"breakwater/internal/event"

	"github.com/google/go-cmp/cmp"
)

func TestPlainDecodersAgreeWithTheGeneralOne(t *testing.T) {
	for _, v := range []any{
		Seen{Source: "agent", Reports: []Line{{Device: "LT-1", Seq: 4, At: 5, Hash: "ab", Sig: "cd"}, {Device: "LT-2", Seq: 1, At: -7, Hash: "ef"}}},
		Seen{Source: "a\"b", Reports: []Line{{Device: "ü"}}},
		Seen{Reports: []Line{}},
		Reported{
			Device: "LT-1", Seq: 1 << 53, Source: "agent", Platform: "linux", Hash: "h", Line: "l", Sig: "s", Claimed: -3, Missed: 2, Submit: "x",
			Facts: map[string]any{"a": []any{}, "b": map[string]any{}, "c": []any{1, "x", true, false, map[string]any{"d": -4}}}, Baseline: map[string]any{"edr": []any{"x"}},
		},
		Reported{Device: "LT-1", Unknown: map[string]string{"a": "b"}, Facts: map[string]any{"q": "\n"}},
		Reported{},
	} {
		body, err := event.Marshal(v)
		if err != nil {
			continue // beyond 53 bits
		}
		e := event.Envelope{Body: body}
		switch v.(type) {
		case Seen:
			want, err1 := event.Body[Seen](e)
			got, err2 := decodeSeen(e)
			if diff := cmp.Diff(want, got); diff != "" || (err1 == nil) != (err2 == nil) {
				t.Errorf("%s: %s", body, diff)
			}
		case Reported:
			want, err1 := event.Body[Reported](e)
			got, err2 := decodeReported(e)
			if diff := cmp.Diff(want, got); diff != "" || (err1 == nil) != (err2 == nil) {
				t.Errorf("%s: %s", body, diff)
			}
		}
	}
}

func FuzzPlainDecoders(f *testing.F) {
	f.Add([]byte(`{"device":"a","facts":{"x":[1,{"y":true}]},"hash":"h","platform":"p","seq":1,"source":"s"}`))
	f.Add([]byte(`{"reports":[{"at":1,"device":"d","hash":"h","seq":2}],"source":"s"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if event.Canonical(b) != nil {
			return
		}
		e := event.Envelope{Body: b}
		if got, ok := plainSeen(b); ok {
			if want, err := event.Body[Seen](e); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("%s: %v %s", b, err, cmp.Diff(want, got))
			}
		}
		if got, ok := plainReported(b); ok {
			if want, err := event.Body[Reported](e); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("%s: %v %s", b, err, cmp.Diff(want, got))
			}
		}
	})
}
