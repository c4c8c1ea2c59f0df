package store_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"breakwater/internal/event"
	"breakwater/internal/store"
)

func rounds() int {
	if os.Getenv("BREAKWATER_LONG") == "1" {
		return 200
	}
	if testing.Short() {
		return 2
	}
	return 8
}

// TestCrash kills a process that appends to three logs, again and again, and
// checks the database each time: it is whole, and nothing acknowledged is lost.
// (A kill does not test the loss of power: what the kernel has it still writes.)
func TestCrash(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		s := e.open(t, e.options())
		for _, name := range []string{"a", "b", "c"} {
			newLog(t, s, name)
		}
		s.Close()
		acknowledged := map[string]bool{}
		for round := range rounds() {
			p := startChild(t, e.target, fmt.Sprint("r", round))
			<-p.first
			time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
			p.kill(t, acknowledged)
			s := must(tryOpen(e.target, e.options()))
			checkClean(t, s)
			nothingLost(t, s, acknowledged)
			s.Close()
			if t.Failed() {
				t.Fatalf("after round %d", round)
			}
		}
		t.Logf("%d submissions acknowledged in %d rounds", len(acknowledged), rounds())
		if len(acknowledged) == 0 {
			t.Error("nothing was appended")
		}
	})
}

// TestProcesses lets three processes append to the same logs at once and kills
// one of them.
func TestProcesses(t *testing.T) {
	eachDatabase(t, func(t *testing.T, e *env) {
		s := e.open(t, e.options())
		for _, name := range []string{"a", "b", "c"} {
			newLog(t, s, name)
		}
		acknowledged := map[string]bool{}
		var children []*childProcess
		for n := range 3 {
			children = append(children, startChild(t, e.target, fmt.Sprint(n)))
		}
		for _, c := range children {
			<-c.first
		}
		time.Sleep(500 * time.Millisecond)
		children[1].kill(t, acknowledged)
		before := len(acknowledged)
		time.Sleep(500 * time.Millisecond)
		children[0].kill(t, acknowledged)
		children[2].kill(t, acknowledged)
		if len(acknowledged) == before {
			t.Error("the others did not go on")
		}
		checkClean(t, s)
		nothingLost(t, s, acknowledged)
	})
}

// nothingLost: what was acknowledged is there, but for entries erased since.
func nothingLost(t *testing.T, s *store.Store, acknowledged map[string]bool) {
	t.Helper()
	ctx := context.Background()
	stored, erased := map[string]bool{}, map[store.LogID]int{}
	for _, l := range must(s.Logs(ctx)) {
		for st, err := range s.Entries(ctx, l.ID, 0, 1<<40) {
			if err != nil {
				t.Fatal(err)
			}
			if st.Erased {
				erased[l.ID]++
				continue
			}
			key := fmt.Sprintf("%d %s", l.ID, must(event.Decode(st.Envelope)).Key)
			if stored[key] {
				t.Errorf("%s is there twice", key)
			}
			stored[key] = true
		}
	}
	lost := map[store.LogID]int{}
	for key := range acknowledged {
		if !stored[key] {
			var log store.LogID
			fmt.Sscan(key, &log)
			lost[log]++
		}
	}
	for log, n := range lost {
		if n > erased[log] {
			t.Errorf("log %d: %d acknowledged entries are lost, %d erased", log, n, erased[log])
		}
	}
}

type childProcess struct {
	cmd   *exec.Cmd
	first chan struct{} // closed when it has acknowledged something or ended
	done  chan struct{}
	out   []string
	errs  bytes.Buffer
}

func startChild(t *testing.T, target, name string) *childProcess {
	t.Helper()
	p := &childProcess{cmd: exec.Command(os.Args[0]), first: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "BREAKWATER_TEST_CHILD=append "+target+" "+name)
	p.cmd.Stderr = &p.errs
	out := must(p.cmd.StdoutPipe())
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if p.out = append(p.out, lines.Text()); len(p.out) == 1 {
				close(p.first)
			}
		}
		if len(p.out) == 0 {
			close(p.first)
		}
	}()
	return p
}

// kill ends the process without warning and takes what it acknowledged. The
// last line may be cut off in the pipe.
func (p *childProcess) kill(t *testing.T, acknowledged map[string]bool) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
	p.cmd.Wait()
	if p.errs.Len() > 0 {
		t.Errorf("the appending process says: %s", p.errs.String())
	}
	for _, line := range p.out[:max(0, len(p.out)-1)] {
		acknowledged[line] = true
	}
}
