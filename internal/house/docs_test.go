package house_test

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const dependencies = "docs/dependencies.md"

var dependencyLine = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$")

// Each module that our code imports, or that a check runs, has one line that
// says why, and each line has its module.
func TestDependenciesHaveReasons(t *testing.T) {
	used := usedModules(t)
	lines := map[string]bool{}
	for _, m := range dependencyLine.FindAllStringSubmatch(string(read(t, dependencies)), -1) {
		mod, why := m[1], strings.TrimSpace(m[2])
		switch {
		case lines[mod]:
			t.Errorf("%s has two lines for %s", dependencies, mod)
		case why == "":
			t.Errorf("%s: the line of %s gives no reason", dependencies, mod)
		case used[mod] == "":
			t.Errorf("%s: the line of %s is stale: nothing imports it; delete the line", dependencies, mod)
		}
		lines[mod] = true
	}
	for _, mod := range slices.Sorted(maps.Keys(used)) {
		if !lines[mod] {
			t.Errorf("%s has no line for %s, which %s imports; add one that says why", dependencies, mod, used[mod])
		}
	}
}

// usedModules maps each module that is imported directly, by code or tests, or
// that is a tool, to one package that does.
func usedModules(t *testing.T) map[string]string {
	t.Helper()
	mod := readGoMod(t)
	used := map[string]string{}
	for dir, imports := range packages(t, isGo) {
		for _, p := range imports {
			if !foreign(p) {
				continue
			}
			name := mod.moduleOf(p)
			if name == "" {
				t.Errorf("%s imports %s, which no module of go.mod has", dir, p)
				continue
			}
			used[name] = dir
		}
	}
	for _, tool := range mod.tools {
		used[mod.moduleOf(tool)] = "the tool line of go.mod"
	}
	return used
}

// foreign says of an import path that it is neither ours nor the standard
// library's: its first part has a dot.
func foreign(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return strings.Contains(first, ".")
}

func isMarkdown(name string) bool { return strings.HasSuffix(name, ".md") && !inTestdata(name) }

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fence   = regexp.MustCompile("(?s)```.*?```")
)

// A link inside the repository leads to a file, and to a heading in it.
func TestLinksLead(t *testing.T) {
	every := map[string]bool{}
	for _, name := range files(t, func(string) bool { return true }) {
		for ; name != "."; name = path.Dir(name) {
			every[name] = true
		}
	}
	for _, name := range files(t, isMarkdown) {
		text := fence.ReplaceAllString(string(read(t, name)), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, ":") {
				continue
			}
			target := path.Join(path.Dir(name), to)
			if to == "" {
				target = name
			}
			switch {
			case !every[target]:
				t.Errorf("%s links to %s, which does not exist", name, m[1])
			case anchor != "" && !slices.Contains(anchors(string(read(t, target))), anchor):
				t.Errorf("%s links to %s, which has no such heading", name, m[1])
			}
		}
	}
}

var notInAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)

// anchors are the names that headings get in a rendered page.
func anchors(text string) []string {
	var list []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		plain := notInAnchor.ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(plain, " ", "-"))
	}
	return list
}

var documentName = regexp.MustCompile(`\bdocs/[A-Za-z0-9_./-]+\.md\b`)

// A comment or a message that sends its reader to a document names one that
// exists.
func TestNamedDocumentsExist(t *testing.T) {
	have := files(t, isMarkdown)
	for _, name := range files(t, isGo) {
		for _, doc := range documentName.FindAllString(string(read(t, name)), -1) {
			if !slices.Contains(have, doc) && !strings.HasPrefix(name, "internal/house/") {
				t.Errorf("%s names %s, which does not exist", name, doc)
			}
		}
	}
}

var (
	decisionName = regexp.MustCompile(`^docs/decisions/(\d{4})-[a-z0-9-]+\.md$`)
	decisionDate = regexp.MustCompile(`\A# [^\n]+\n\n[^\n]*\b20\d\d-\d\d-\d\d\b`)
)

// A decision has its number and its date, and the index lists it.
func TestDecisionsAreListed(t *testing.T) {
	index := string(read(t, "docs/decisions/README.md"))
	last := "0000"
	for _, name := range files(t, decisionName.MatchString) {
		number := decisionName.FindStringSubmatch(name)[1]
		if number == "0000" {
			continue
		}
		text := string(read(t, name))
		if number == last {
			t.Errorf("%s: the number %s is taken", name, number)
		}
		last = number
		if !strings.HasPrefix(text, "# "+number+": ") || !decisionDate.MatchString(text) {
			t.Errorf("%s: begin with \"# %s: \" and a first line that has the date, as the template does", name, number)
		}
		if !strings.Contains(index, "("+path.Base(name)+")") {
			t.Errorf("docs/decisions/README.md does not list %s", name)
		}
	}
	if last == "0000" {
		t.Error("no decision was found")
	}
}

var change = regexp.MustCompile(`\A# (Added|Changed|Fixed|Removed|Security): \S.*\n\n\S`)

// A change that users see is told in one form.
func TestChangesAreTold(t *testing.T) {
	for _, name := range files(t, func(n string) bool { return strings.HasPrefix(n, "changelog/unreleased/") }) {
		if path.Base(name) == "TEMPLATE.md" {
			continue
		}
		if !change.Match(read(t, name)) {
			t.Errorf("%s: begin with \"# Added: ...\" (or Changed, Fixed, Removed, Security) and a paragraph, as TEMPLATE.md says", name)
		}
	}
}
