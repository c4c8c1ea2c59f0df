// Command gotest runs `go test` with the arguments it is given and says what
// happened so that nothing hides: the output of each test that failed, each
// test that was skipped and why, and at the end the summary lines of `go test`
// itself. With BREAKWATER_NOSKIP=1 a skipped test is a failure, unless its
// reason is one of those that no machine can mend (see excused).
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// excused are the reasons for a skip that stand even where nothing may be
// skipped: material that is not part of the repository, and tests that
// `make long` runs.
var excused = regexp.MustCompile(`\bshared\b|\bmake long\b|\bBREAKWATER_LONG\b`)

// event is a line of `go test -json` (see `go doc test2json`).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

type run struct {
	output  map[string][]string // by package and test, until it ends
	summary []string
	skipped []string // "package Test: reason"
	refused int      // skips that are not excused
	failed  []string
	passed  int
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		fatal(err)
	}
	if err := cmd.Start(); err != nil {
		fatal(err)
	}
	r := run{output: map[string][]string{}}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		r.line(lines.Bytes())
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	r.report()
	if err != nil {
		fatal(err)
	}
	if r.refused > 0 && os.Getenv("BREAKWATER_NOSKIP") == "1" {
		fatal(fmt.Errorf("%d tests were skipped where nothing may be; install what they ask for", r.refused))
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "gotest:", err)
	os.Exit(1)
}

func (r *run) line(b []byte) {
	var e event
	if err := json.Unmarshal(b, &e); err != nil {
		fmt.Println(string(b))
		return
	}
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.said(name, e)
	case "build-output":
		fmt.Print(e.Output)
	case "pass", "fail", "skip":
		r.ended(name, e)
		delete(r.output, name)
	}
}

var summaryLine = regexp.MustCompile(`^(ok  |FAIL|---|\?   )\s*\t`)

func (r *run) said(name string, e event) {
	if e.Test == "" && summaryLine.MatchString(e.Output) {
		fmt.Print(e.Output)
		r.summary = append(r.summary, e.Output)
		return
	}
	r.output[name] = append(r.output[name], e.Output)
}

func (r *run) ended(name string, e event) {
	switch {
	case e.Action == "fail":
		fmt.Printf("\n%s failed:\n%s\n", name, strings.Join(r.output[name], ""))
		r.failed = append(r.failed, name)
	case e.Test == "":
	case e.Action == "pass":
		r.passed++
	case e.Action == "skip":
		why := reason(r.output[name])
		r.skipped = append(r.skipped, name+": "+why)
		if !excused.MatchString(why) {
			r.refused++
		}
	}
}

// reason is what the test said last before it was skipped.
func reason(output []string) string {
	for _, l := range slices.Backward(output) {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "---") && !strings.HasPrefix(l, "===") {
			return l
		}
	}
	return "no reason given"
}

func (r *run) report() {
	if len(r.skipped) > 0 {
		fmt.Println("\nSkipped:")
		for _, s := range r.skipped {
			fmt.Println("  " + s)
		}
	}
	if len(r.failed) > 0 {
		fmt.Println("\nFailed:")
		for _, f := range r.failed {
			fmt.Println("  " + strings.TrimSpace(f))
		}
	}
	fmt.Println("\nSummary of go test:")
	fmt.Print(strings.Join(r.summary, ""))
	fmt.Printf("%d tests passed, %d skipped, %d packages and tests failed\n", r.passed, len(r.skipped), len(r.failed))
}
