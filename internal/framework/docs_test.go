package framework_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breakwater/internal/framework"

	"github.com/google/go-cmp/cmp"
)

// shape is one row of testdata/facts.json: a fact as a platform reports it.
type shape struct {
	Fact      string   `json:"fact"`
	Platforms []string `json:"platforms"`
	Kind      string   `json:"kind"`
	Fields    []struct {
		Path    string `json:"path"`
		Type    string `json:"type"`
		Meaning string `json:"meaning"`
	} `json:"fields"`
	Read string `json:"read"`
}

func shapes(t *testing.T) []shape {
	t.Helper()
	b, err := os.ReadFile("testdata/facts.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []shape
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFactsDocument renders docs/facts.md from the shapes and the catalog.
// UPDATE=1 writes it.
func TestFactsDocument(t *testing.T) {
	file := filepath.Join(repo(t), "docs", "facts.md")
	want := factsDocument(t)
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/facts.md differs from the data; run with UPDATE=1 and read the change (-want +got):\n%s", diff)
	}
}

func factsDocument(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Facts\n\nWhat reports carry, and what passes. A report's facts are one JSON object; each fact is a member of it. A field that could not be read is left out: absent is *unknown*, never a failure and never a pass. Dates are `YYYY-MM-DD` or RFC 3339. Numbers of the form *idle_seconds* are parameters of the catalog.\n\nThis page is written from the catalog by a test of `internal/framework`; change the data, not the page.\n\n## Shapes\n\n| fact | platform | fields | how read |\n|---|---|---|---|\n")
	for _, s := range shapes(t) {
		var fields []string
		for _, f := range s.Fields {
			fields = append(fields, fmt.Sprintf("`%s` %s: %s", strings.TrimPrefix(f.Path, s.Fact+"."), f.Type, cell(f.Meaning)))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Fact, strings.Join(s.Platforms, ", "), strings.Join(fields, "<br>"), cell(s.Read))
	}
	c := framework.Embedded()
	b.WriteString("\n## Measures\n\nA measure turns facts into holds, fails, unknown or not applicable. `any` serves every platform without a line of its own; `scan` is a scanner's report on a device. A required measure decides its practice; a supporting one is shown beside it.\n\n| measure | platform | what passes | entries | practices |\n|---|---|---|---|---|\n")
	for _, m := range c.Measures {
		for _, platform := range keys(m.Rules) {
			fmt.Fprintf(&b, "| `%s` %s | %s | %s | %s | %s |\n", m.ID, m.Title, platform, cell(m.Passes[platform]), strings.Join(m.Kinds, ", "), fed(c, m.ID, platform))
		}
	}
	b.WriteString("\n## Parameters\n\n| parameter | value | basis | stricter | why |\n|---|---|---|---|---|\n")
	for _, p := range c.Parameters {
		fmt.Fprintf(&b, "| `%s` | %d %s | %s | %s | %s |\n", p.ID, p.Value, p.Unit, p.Basis, p.Stricter, cell(p.Why))
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func fed(c *framework.Catalog, measure, platform string) string {
	var out []string
	for _, p := range c.Practices {
		for _, f := range p.Feeds {
			if f.Measure != measure || (platform != "any" && platform != "scan" && !f.For(platform)) {
				continue
			}
			name := p.ID
			if !f.Required {
				name += " (supporting)"
			}
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return strings.Join(out, ", ")
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestRulesReadDeclaredFields checks that every field that a rule reads is in
// the shape of its fact for that platform, so that a misspelled path cannot
// be unknown for ever.
func TestRulesReadDeclaredFields(t *testing.T) {
	declared := map[string]bool{}
	for _, s := range shapes(t) {
		for _, p := range s.Platforms {
			for _, f := range s.Fields {
				declared[p+" "+f.Path] = true
				if before, _, isList := strings.Cut(f.Path, "[]"); isList {
					declared[p+" "+before] = true
				}
			}
		}
		for _, p := range s.Platforms {
			declared[p+" "+s.Fact] = true
		}
	}
	for _, m := range framework.Embedded().Measures {
		for platform, r := range m.Rules {
			for _, path := range reads(r, "") {
				if declared[platform+" "+path] || declared["any "+path] || platform == "any" && declaredAnywhere(declared, path) {
					continue
				}
				t.Errorf("measure %s on %s reads %s, which no shape declares", m.ID, platform, path)
			}
		}
	}
}

func declaredAnywhere(declared map[string]bool, path string) bool {
	for k := range declared {
		if strings.HasSuffix(k, " "+path) {
			return true
		}
	}
	return false
}

// reads lists the fields of a rule as paths of the shapes.
func reads(r *framework.Rule, prefix string) []string {
	if r == nil {
		return nil
	}
	var out []string
	for _, kids := range [][]*framework.Rule{r.All, r.Any, {r.Not, r.When, r.Then}} {
		for _, k := range kids {
			out = append(out, reads(k, prefix)...)
		}
	}
	if list := r.Each + r.Some; list != "" {
		inner := prefix + list + "[]."
		out = append(out, prefix+list)
		out = append(out, reads(r.Where, inner)...)
		out = append(out, reads(r.Must, inner)...)
	}
	if r.Field != "" && r.Field != "." {
		out = append(out, prefix+r.Field)
	}
	for _, top := range []string{r.Subset, r.InList, r.Supported} {
		if top != "" {
			out = append(out, top)
		}
	}
	if r.Plus != "" {
		out = append(out, prefix+r.Plus)
	}
	return out
}
