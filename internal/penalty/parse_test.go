package penalty_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"breakwater/internal/penalty"

	"github.com/google/go-cmp/cmp"
)

func sortedJoin(words []string) string {
	slices.Sort(words)
	return strings.Join(words, " ")
}

type refusal struct{ ID, Input, Error string }

// TestRefusals holds every refusal to one line that says what to do next.
func TestRefusals(t *testing.T) {
	var refusals []refusal
	readJSON(t, "testdata/refusals.json", &refusals)
	for _, r := range refusals {
		t.Run(r.ID, func(t *testing.T) {
			in, err := penalty.Parse(strings.NewReader(r.Input))
			if err == nil {
				_, err = penalty.Compute(in)
			}
			if err == nil {
				t.Fatalf("accepted: %s", r.Input)
			}
			said := err.Error()
			if !strings.Contains(said, r.Error) {
				t.Errorf("said %q, want %q in it", said, r.Error)
			}
			if strings.ContainsAny(said, "\n\r") || !strings.Contains(said, ": ") {
				t.Errorf("%q is not one line that says what to do next", said)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	one := `{"provision":"164.502(a)","tier":1,"unit":"individual","counts":{"2020":1}}`
	span := `{"from":"2020-01-01","to":"2020-01-02"}`
	for name, c := range map[string]struct{ input, want string }{
		"long":       {`{"assessed":"2020-01-01"` + strings.Repeat(" ", 1<<20), "longer than 1048576 bytes"},
		"violations": {`{"assessed":"2020-12-31","violations":[` + one + strings.Repeat(","+one, 1000) + `]}`, "more than 1000 entries"},
		"tolled":     {`{"assessed":"2020-12-31","tolled":[` + span + strings.Repeat(","+span, 100) + `],"violations":[` + one + `]}`, "more than 100 spans"},
		"provision":  {strings.Replace(`{"assessed":"2020-12-31","violations":[`+one+`]}`, "164.502(a)", strings.Repeat("1", 101), 1), "longer than 100 characters"},
	} {
		if _, err := penalty.Parse(strings.NewReader(c.input)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestParseReadError(t *testing.T) {
	broken := errors.New("cable out")
	if _, err := penalty.Parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error inside", err)
	}
}

// FuzzParse: what is accepted computes or is refused in one line, encodes, and
// reads back as the same input.
func FuzzParse(f *testing.F) {
	var vectors []vector
	readJSON(f, "testdata/vectors.json", &vectors)
	for _, v := range vectors {
		f.Add([]byte(v.Input))
	}
	f.Add([]byte(`{"assessed":"2018-06-01","violations":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := penalty.Parse(strings.NewReader(string(raw)))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("error has two lines: %q", err)
			}
			return
		}
		again, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		back, err := penalty.Parse(strings.NewReader(string(again)))
		if err != nil {
			t.Fatalf("own encoding refused: %v\n%s", err, again)
		}
		if diff := cmp.Diff(json.RawMessage(again), marshal(t, back)); diff != "" {
			t.Fatal(diff)
		}
		if res, err := penalty.Compute(in); err == nil {
			holds(t, in, res)
		}
	})
}

func marshal(t *testing.T, value any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
