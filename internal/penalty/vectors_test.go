package penalty_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakwater/internal/penalty"
)

// vector is one computation: want holds only what the case is about, and every
// value in it must stand in the output at the same place.
type vector struct {
	ID    string          `json:"id"`
	Input json.RawMessage `json:"input"`
	Want  map[string]any  `json:"want"`
}

func TestVectors(t *testing.T) {
	var vectors []vector
	readJSON(t, "testdata/vectors.json", &vectors)
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			contains(t, "", computeJSON(t, v.Input), v.Want)
		})
	}
}

// TestOutputFields pins the names and the places of the output.
func TestOutputFields(t *testing.T) {
	got := computeJSON(t, []byte(`{"assessed":"2018-06-01","violations":[
		{"provision":"164.502(a)","tier":2,"unit":"individual","counts":{"2012":3},"rate":null}]}`)).(map[string]any)
	for path, keys := range map[string]string{
		"total":                    "max min",
		"violations.0":             "provision tier total years",
		"violations.0.years.0":     "amount cap count from rate raw schedule to year",
		"violations.0.years.0.raw": "max min",
	} {
		if have := keysAt(got, path); have != keys {
			t.Errorf("%s has %q, want %q", path, have, keys)
		}
	}
}

// TestSharedCases runs the published cases of the facts folder, where present.
func TestSharedCases(t *testing.T) {
	var cases []struct {
		ID    string           `json:"id"`
		Input json.RawMessage  `json:"input"`
		Want  map[string]int64 `json:"want"`
	}
	readJSON(t, sharedFile(t, "facts/law/penalty_cases.json"), &cases)
	for _, c := range cases {
		total := computeJSON(t, c.Input).(map[string]any)["total"].(map[string]any)
		for key, want := range c.Want {
			if fmt.Sprint(total[key]) != fmt.Sprint(want) {
				t.Errorf("%s: %s is %v, want %d", c.ID, key, total[key], want)
			}
		}
	}
}

func computeJSON(t *testing.T, input []byte) any {
	t.Helper()
	in, err := penalty.Parse(strings.NewReader(string(input)))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	res, err := penalty.Compute(in)
	if err != nil {
		t.Fatalf("compute: %v", err)
	}
	raw, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// contains checks that want stands inside got; the text "absent" wants no such key.
func contains(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for key, value := range want {
			if _, there := have[key]; value == "absent" || !there {
				if there || value != "absent" {
					t.Errorf("%s.%s: there %t, want %v", path, key, there, value)
				}
				continue
			}
			contains(t, path+"."+key, have[key], value)
		}
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			t.Fatalf("%s has %d, want %d: %v", path, len(have), len(want), got)
		}
		for i := range want {
			contains(t, fmt.Sprintf("%s[%d]", path, i), have[i], want[i])
		}
	default:
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func keysAt(value any, path string) string {
	for step := range strings.SplitSeq(path, ".") {
		if list, ok := value.([]any); ok {
			value = list[0]
			continue
		}
		value = value.(map[string]any)[step]
	}
	var keys []string
	for key := range value.(map[string]any) {
		keys = append(keys, key)
	}
	return sortedJoin(keys)
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// sharedFile finds a file of the facts folder beside the repository.
func sharedFile(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
	}
	file := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("%s is not beside this repository", name)
	}
	return file
}
