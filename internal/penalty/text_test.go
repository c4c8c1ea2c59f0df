package penalty_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"breakwater/internal/penalty"

	"github.com/google/go-cmp/cmp"
)

const textInput = `{"assessed":"2018-06-01","notice":"2017-03-24","cap":"discretion","reduction":{"percent":20},"violations":[
 {"provision":"164.312(a)(2)(iv)","tier":2,"unit":"day","from":"2011-03-20","to":"2013-01-25","rate":2000},
 {"provision":"164.502(a)","tier":2,"unit":"individual","counts":{"2012":30000,"2013":3500},"rate":1000},
 {"provision":"164.530(i)","tier":1,"unit":"day","from":"2015-10-30","to":"2015-11-04","known":"2015-11-01","corrected":"2015-11-05","rate":200}]}`

// TestText compares the page with testdata/text.golden; UPDATE=1 rewrites it.
func TestText(t *testing.T) {
	var got bytes.Buffer
	if err := compute(t, parse(t, textInput)).WriteText(&got); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/text.golden"
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

type closedPipe struct{ err error }

func (c closedPipe) Write([]byte) (int, error) { return 0, c.err }

func TestTextWriteError(t *testing.T) {
	closed := errors.New("pipe closed")
	if err := compute(t, parse(t, textInput)).WriteText(closedPipe{closed}); !errors.Is(err, closed) {
		t.Errorf("got %v, want the writer's error inside", err)
	}
}

func parse(t testing.TB, text string) penalty.Input {
	t.Helper()
	in, err := penalty.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func BenchmarkCompute(b *testing.B) {
	in := parse(b, textInput)
	for b.Loop() {
		if _, err := penalty.Compute(in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkComputeLargest takes as many violations of one provision as are let in.
func BenchmarkComputeLargest(b *testing.B) {
	in := parse(b, textInput)
	for len(in.Violations) < 1000 {
		in.Violations = append(in.Violations, in.Violations[0])
	}
	for b.Loop() {
		if _, err := penalty.Compute(in); err != nil {
			b.Fatal(err)
		}
	}
}
