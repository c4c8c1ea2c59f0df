package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"breakwater/internal/web"

	"github.com/jba/templatecheck"
)

// Every template fits the struct of its page: no field is misspelled, no part
// is given what it does not know.
func TestTemplatesFitTheirPages(t *testing.T) {
	for _, p := range web.Pages() {
		if err := templatecheck.CheckHTML(p.Layout, p.Zero); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

// Every template belongs to a page, and nothing in one needs a looser content
// security policy.
func TestTemplatesAreStrict(t *testing.T) {
	known := map[string]bool{"layout.html": true}
	for _, p := range web.Pages() {
		known[p.Name] = true
	}
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	loose := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<style|javascript:|<script(?:>|[^>]*[^>r]>[^<])`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !known[filepath.Base(name)] && !strings.HasSuffix(name, "parts.html") {
			t.Errorf("%s belongs to no page: remove it", name)
		}
		if at := loose.FindString(string(text)); at != "" {
			t.Errorf("%s has %q, which the policy refuses", name, at)
		}
		if strings.Contains(string(text), "!</") {
			t.Errorf("%s has an exclamation mark", name)
		}
	}
}

// Our own script stays small: pages work without it.
func TestScriptStaysSmall(t *testing.T) {
	files, err := filepath.Glob("static/*.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no script: %v", err)
	}
	n := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n += strings.Count(string(text), "\n")
	}
	if n >= 500 {
		t.Errorf("%d lines of script: under 500 is the bar", n)
	}
}
