// Package house_test holds the rules of the house as tests: which package may
// import which, which words may be said, and which documents must be whole.
// It knows the files of the module and nothing of what they do. It parses the
// files itself: a list made by a child process would be kept by `go test` and
// be out of date.
package house_test

import (
	"bufio"
	"bytes"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const modulePath = "breakwater"

// root is the folder that holds go.mod, found upward from the test's own.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test; run it inside the module")
		}
		dir = up
	}
}

// files lists the module's files, slash-separated and relative to its root,
// that keep returns true for. Hidden folders, data folders and what a build
// leaves are not the module's.
func files(t *testing.T, keep func(name string) bool) []string {
	t.Helper()
	var list []string
	top := root(t)
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			if skipFolder(name) {
				return fs.SkipDir
			}
			return nil
		}
		if keep(name) {
			list = append(list, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func skipFolder(name string) bool {
	base := path.Base(name)
	if name == "." {
		return false
	}
	return (strings.HasPrefix(base, ".") && name != ".ci") || base == "node_modules" ||
		name == "bin" || name == "breakwater-data" || name == "breakwater-sample"
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func isGo(name string) bool     { return strings.HasSuffix(name, ".go") && !inTestdata(name) }
func isTest(name string) bool   { return strings.HasSuffix(name, "_test.go") }
func inTestdata(n string) bool  { return strings.Contains("/"+n, "/testdata/") }
func isSource(name string) bool { return isGo(name) && !isTest(name) }

// importsOf reads the import lines of one Go file, whatever its build tags.
func importsOf(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range f.Imports {
		list = append(list, strings.Trim(s.Path.Value, "`\""))
	}
	return list
}

// packages maps each package path of the module, relative to its root, to
// the distinct imports of its files that keep returns true for.
func packages(t *testing.T, keep func(name string) bool) map[string][]string {
	t.Helper()
	pkgs := map[string][]string{}
	for _, name := range files(t, keep) {
		dir := path.Dir(name)
		pkgs[dir] = append(pkgs[dir], importsOf(t, filepath.Join(root(t), filepath.FromSlash(name)))...)
	}
	for dir, imports := range pkgs {
		slices.Sort(imports)
		pkgs[dir] = slices.Compact(imports)
	}
	return pkgs
}

// goMod is what the tests need of go.mod: module path to version, what a
// replace line puts in a module's place, and the packages named as tools.
type goMod struct {
	require map[string]string
	replace map[string]string // module path to "path@version"
	tools   []string
}

func readGoMod(t *testing.T) goMod {
	t.Helper()
	m := goMod{require: map[string]string{}, replace: map[string]string{}}
	block := ""
	lines := bufio.NewScanner(bytes.NewReader(read(t, "go.mod")))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "//")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0] == ")":
			block = ""
		case len(words) == 2 && words[1] == "(":
			block = words[0]
		case block != "":
			m.add(block, words)
		default:
			m.add(words[0], words[1:])
		}
	}
	if len(m.require) == 0 {
		t.Fatal("go.mod: no requirement was read")
	}
	return m
}

func (m *goMod) add(verb string, words []string) {
	switch {
	case verb == "require" && len(words) == 2:
		m.require[words[0]] = words[1]
	case verb == "tool" && len(words) == 1:
		m.tools = append(m.tools, words[0])
	case verb == "replace" && len(words) == 4:
		m.replace[words[0]] = words[2] + "@" + words[3]
	}
}

// moduleOf is the required module that holds the package, or "".
func (m goMod) moduleOf(pkg string) string {
	best := ""
	for mod := range m.require {
		if (pkg == mod || strings.HasPrefix(pkg, mod+"/")) && len(mod) > len(best) {
			best = mod
		}
	}
	return best
}

// moduleCache is where `go` keeps the modules that it fetched.
func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	return filepath.Join(filepath.SplitList(build.Default.GOPATH)[0], "pkg", "mod")
}

// escape writes a module's path as the cache does: "!b" for "B".
func escape(p string) string {
	var b strings.Builder
	for _, r := range p {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
