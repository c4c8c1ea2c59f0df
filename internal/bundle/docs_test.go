package bundle_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"breakwater/internal/bundle"
	"breakwater/internal/event"
)

func spec(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "spec", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// snippets are the fenced parts of a page, by their names.
func snippets(page string) map[string]string {
	res := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```[a-z]+ ([a-z.]+)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		res[m[1]] = m[2]
	}
	return res
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("BREAKWATER_NOSKIP") != "" {
				t.Fatalf("%s is not here, and nothing may be skipped: install it", p)
			}
			t.Skipf("%s is not here: install it to run what the page says", p)
		}
	}
}

// unpacked is a folder with an unpacked, stamped bundle.
func unpacked(t *testing.T) (dir string, l *testLog) {
	t.Helper()
	l = smallLog(t)
	s := newStamper(t, "Stamp Root")
	in := l.input(onSmall)
	in.Stamps = []bundle.Stamp{{Size: in.Size, DER: s.stamp(t, l.checkpoint(int(in.Size)).Text, onSmall)}}
	in.Authorities = s.pem
	b, _ := write(t, in)
	if r := verify(t, b, bundle.Options{}); !r.OK {
		t.Fatal(failures(r))
	}
	dir = t.TempDir()
	for _, f := range unzip(t, b) {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, l
}

// shell runs a snippet in the folder, its temporary files elsewhere.
func shell(t *testing.T, dir, script string) (string, error) {
	t.Helper()
	script = strings.ReplaceAll(script, "/tmp/", t.TempDir()+"/")
	c := exec.Command("sh", "-e", "-c", script)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func python(t *testing.T, dir, script string, args ...string) (string, error) {
	t.Helper()
	c := exec.Command("python3", append([]string{"-c", script}, args...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestPageShellRuns(t *testing.T) {
	need(t, "sh", "sed", "sha256sum", "openssl", "base64")
	dir, _ := unpacked(t)
	parts := snippets(spec(t, "bundle.md"))
	for name, want := range map[string]string{"manifest": "", "signature": "Signature Verified Successfully\nSignature Verified Successfully\n", "stamp": "Verification: OK"} {
		if out, err := shell(t, dir, parts[name]); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	for _, name := range []string{"log/checkpoint", "report.html"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[60] ^= 1
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"manifest", "signature", "stamp"} {
		if out, err := shell(t, dir, parts[name]); err == nil {
			t.Errorf("%s: files were changed and nobody noticed: %s", name, out)
		}
	}
}

func TestPagePythonRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("every member in turn takes seconds: left to the long run of the tests")
	}
	need(t, "python3")
	dir, l := unpacked(t)
	parts := snippets(spec(t, "bundle.md"))
	documents := 0
	for i, e := range l.entries {
		if e.Erased || i%15 != 0 && i != 6 && i != 8 { // 6 cites the document
			continue
		}
		n := strconv.Itoa(i)
		if out, err := python(t, dir, parts["entry.py"], n); err != nil || !strings.Contains(out, "entry "+n+" of 76") {
			t.Fatalf("entry.py %s: %v: %s", n, err, out)
		}
		out, err := python(t, dir, parts["document.py"], n)
		if err != nil {
			t.Fatalf("document.py %s: %v: %s", n, err, out)
		}
		documents += strings.Count(out, "is the document")
	}
	if documents != 1 {
		t.Errorf("document.py found %d documents", documents)
	}
	if out, err := python(t, dir, parts["instance.py"]); err != nil || !strings.Contains(out, instanceOf) {
		t.Errorf("instance.py: %v: %s", err, out)
	}
	for name, script := range map[string][]string{"log/entries.jsonl": {"entry.py", "8"}, "instance/leaves.jsonl": {"instance.py"}} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(b), "41 minutes", "14 minutes", 1)
		if script[0] == "instance.py" {
			changed = strings.Replace(string(b), `"size":76`, `"size":75`, 1)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil || changed == string(b) {
			t.Fatal("nothing changed", err)
		}
		if out, err := python(t, dir, parts[script[0]], script[1:]...); err == nil {
			t.Errorf("%s: %s was changed and nobody noticed: %s", script[0], name, out)
		}
	}
}

// The register of kinds in the page is the one in the program.
func TestPageListsEveryKind(t *testing.T) {
	page := map[event.Kind]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| (\\d+) \\| `([a-z_.]+)` \\|$").FindAllStringSubmatch(spec(t, "log.md"), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		page[event.Kind(n)] = m[2]
	}
	for n := range event.FirstStatement {
		if got, want := page[n], n.String(); n.Known() && got != want {
			t.Errorf("docs/spec/log.md: kind %d is %q, want a row with `%s`", n, got, want)
		} else if !n.Known() && got != "" {
			t.Errorf("docs/spec/log.md: kind %d is %q and not registered", n, got)
		}
	}
}

// The page names every kind that feeds all practices.
func TestPageNamesWhatIsAlwaysDisclosed(t *testing.T) {
	page := spec(t, "bundle.md")
	l := smallLog(t)
	in := l.input(onSmall)
	in.Scope.Dates.From, in.Scope.Dates.To = 1, 2
	b, _ := write(t, in)
	for _, line := range strings.Split(strings.TrimSpace(string(content(unzip(t, b), "log/entries.jsonl"))), "\n") {
		if _, envelope, shown := strings.Cut(line, `,"envelope":`); shown {
			e, err := event.Decode([]byte(strings.TrimSuffix(envelope, "}")))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(page, "`"+e.Kind.String()+"`") {
				t.Errorf("docs/spec/bundle.md does not say that %s is always disclosed", e.Kind)
			}
		}
	}
}
