package house_test

import (
	"errors"
	"fmt"
	"go/build"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors is the architecture: imports go strictly down. A package that is not
// here fails the test, so that whoever adds one says where it lives. A name
// that ends in "/..." stands for every package below it, on the same floor.
var floors = [][]string{
	1: {"interval", "phi", "penalty"},
	2: {"event", "framework"},
	3: {"ledger", "evidence"},
	4: { // subjects, and what every log has
		"client", "member", "device", "document", "record",
		"access", "vulnerability", "mail", "incident", "publication", "agreement", "assessment",
		"policy", "training", "phishing", "correction",
	},
	5:  {"projection", "coverage"},
	6:  {"duty", "loss", "notice", "exposure", "request", "bundle", "permit"},
	7:  {"store", "blob", "seal", "witness", "importer", "importer/...", "osquery", "agent", "agent/...", "account", "mailer", "report"},
	8:  {"intake", "vouch"},
	9:  {"web", "web/...", "api", "cli", "sample", "figures"},
	10: {"cmd/..."},
}

// siblings lists the imports within one floor that are allowed, each way
// apart. There are none on floor 4 and never will be: what joins two subjects
// sits a floor above them.
var siblings = map[[2]string]string{
	{"agent", "agent/..."}: "the agent runs its collectors",
}

const (
	subjects    = 4
	verifyFloor = 6 // cmd/breakwater-verify links nothing above it
	cmdFloor    = 10
	verify      = "cmd/breakwater-verify"
)

// place says on which floor the package at dir (relative to the module's
// root) lives, and under which name of the table.
func place(dir string) (floor int, name string, ok bool) {
	dir = strings.TrimPrefix(dir, "internal/")
	for floor, names := range floors {
		for _, name := range names {
			under, whole := strings.CutSuffix(name, "/...")
			if name == dir || whole && strings.HasPrefix(dir, under+"/") {
				return floor, name, true
			}
		}
	}
	return 0, "", false
}

// outside says of a package that it is on no floor: tests of the house, and
// the tools of the Makefile, which may import nothing of the module at all.
func outside(dir string) bool {
	return dir == "internal/house" || strings.HasPrefix(dir, "scripts/")
}

// judge says what is wrong with one import, or "".
func judge(from, to string) string {
	if outside(from) || outside(to) {
		return fmt.Sprintf("%s imports %s, but what is beside the floors neither imports nor is imported", from, to)
	}
	above, fromName, ok := place(from)
	if !ok {
		return from + " is on no floor; place it in the table of floors_test.go"
	}
	below, toName, ok := place(to)
	switch {
	case !ok:
		return to + " is on no floor; place it in the table of floors_test.go"
	case below < above:
		return ""
	case below > above:
		return fmt.Sprintf("%s (floor %d) imports %s (floor %d): imports go down", from, above, to, below)
	case above == subjects:
		return fmt.Sprintf("%s imports %s: subjects are siblings; what joins them sits a floor above", from, to)
	case above == cmdFloor || siblings[[2]string{fromName, toName}] == "":
		return fmt.Sprintf("%s imports %s: both are on floor %d, and the list of siblings has no such line", from, to, above)
	}
	return ""
}

func ours(imports []string) []string {
	var list []string
	for _, p := range imports {
		if dir, ok := strings.CutPrefix(p, modulePath+"/"); ok {
			list = append(list, dir)
		}
	}
	return list
}

func TestImportsGoDown(t *testing.T) {
	pkgs := packages(t, isSource)
	if len(pkgs) == 0 {
		t.Fatal("no package was found")
	}
	for _, from := range slices.Sorted(maps.Keys(pkgs)) {
		if _, _, ok := place(from); !ok && !outside(from) {
			t.Errorf("%s is on no floor; place it in the table of floors_test.go", from)
		}
		for _, to := range ours(pkgs[from]) {
			if wrong := judge(from, to); wrong != "" {
				t.Error(wrong)
			}
		}
	}
}

// A rule that cannot fail is no rule: each sort of breach is refused.
func TestJudgeRefuses(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"internal/coverage", "internal/evidence", true},
		{"internal/device", "internal/event", true},
		{"cmd/breakwater", "internal/cli", true},
		{"internal/agent", "internal/agent/posture", true},
		{"internal/agent/posture", "internal/agent", false},
		{"internal/event", "internal/ledger", false},
		{"internal/device", "internal/client", false},
		{"internal/device", "internal/record", false},
		{"internal/store", "internal/blob", false},
		{"internal/projection", "internal/coverage", false},
		{"internal/util", "internal/event", false},
		{"internal/device", "internal/util", false},
		{"internal/house", "internal/event", false},
		{"cmd/breakwater", "cmd/breakwater-agent", false},
	} {
		if got := judge(c.from, c.to); (got == "") != c.ok {
			t.Errorf("judge(%s, %s) = %q, want allowed: %v", c.from, c.to, got, c.ok)
		}
	}
}

// What a client's lawyer runs must not be able to talk to anyone or to open a
// database, whichever module would do it.
func TestVerifyLinksLittle(t *testing.T) {
	pkgs := packages(t, isSource)
	if _, ok := pkgs[verify]; !ok {
		t.Fatalf("%s does not exist", verify)
	}
	walk := walker{pkgs: pkgs, mod: readGoMod(t), from: map[string]string{}}
	if err := walk.visit(modulePath+"/"+verify, ""); err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Sorted(maps.Keys(walk.from)) {
		if p == "net/http" || p == "database/sql" {
			t.Errorf("%s links %s: %s", verify, p, walk.path(p))
		}
		dir, own := strings.CutPrefix(p, modulePath+"/")
		if floor, _, _ := place(dir); own && dir != verify && floor > verifyFloor {
			t.Errorf("%s links %s of floor %d: %s", verify, dir, floor, walk.path(p))
		}
	}
}

// walker follows imports through the module, the module cache and the
// standard library. from holds, for each package met, the one that named it.
type walker struct {
	pkgs map[string][]string
	mod  goMod
	from map[string]string
}

func (w *walker) visit(pkg, by string) error {
	if _, seen := w.from[pkg]; seen || pkg == "C" || pkg == "unsafe" {
		return nil
	}
	w.from[pkg] = by
	imports, err := w.imports(pkg)
	if err != nil {
		return fmt.Errorf("imports of %s: %w", pkg, err)
	}
	for _, p := range imports {
		if err := w.visit(p, pkg); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) imports(pkg string) ([]string, error) {
	if dir, ok := strings.CutPrefix(pkg, modulePath+"/"); ok {
		return w.pkgs[dir], nil
	}
	p, err := build.ImportDir(w.folder(pkg), 0)
	var none *build.NoGoError
	if errors.As(err, &none) {
		return nil, nil
	}
	if err != nil && w.mod.moduleOf(pkg) == "" { // the standard library keeps its own copies here
		p, err = build.ImportDir(filepath.Join(build.Default.GOROOT, "src", "vendor", filepath.FromSlash(pkg)), 0)
	}
	if err != nil {
		return nil, err
	}
	return p.Imports, nil
}

// folder is where a package from outside lies on this machine.
func (w *walker) folder(pkg string) string {
	mod := w.mod.moduleOf(pkg)
	if mod == "" {
		return filepath.Join(build.Default.GOROOT, "src", filepath.FromSlash(pkg))
	}
	at := mod + "@" + w.mod.require[mod]
	if other, ok := w.mod.replace[mod]; ok {
		at = other
	}
	return filepath.Join(moduleCache(), filepath.FromSlash(escape(at)+strings.TrimPrefix(pkg, mod)))
}

func (w *walker) path(pkg string) string {
	way := pkg
	for by := w.from[pkg]; by != ""; by = w.from[by] {
		way = by + " > " + way
	}
	return way
}

// The walk reaches through modules and the standard library's own copies; if
// it stopped at the first folder, the test above could not fail.
func TestWalkReachesFar(t *testing.T) {
	walk := walker{mod: readGoMod(t), from: map[string]string{}}
	for _, p := range []string{"net/http/httptest", "github.com/google/go-cmp/cmp", "filippo.io/mldsa"} {
		if err := walk.visit(p, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"net/http", "golang.org/x/net/http/httpguts", "github.com/google/go-cmp/cmp/internal/diff"} {
		if _, ok := walk.from[p]; !ok {
			t.Errorf("the walk did not reach %s", p)
		}
	}
}
