package figures_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// program is the real program, built as it is given out: without symbols.
func program(tb testing.TB) (path string, size int64) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "breakwater")
	out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "breakwater/cmd/breakwater").CombinedOutput()
	if err != nil {
		tb.Fatalf("build the program: %v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return path, info.Size()
}

// served is `breakwater serve` while it runs.
type served struct {
	tb      testing.TB
	cmd     *exec.Cmd
	address string
	ready   time.Duration // until /healthz answered 200
}

func serve(tb testing.TB, program, data string) *served {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &served{tb: tb, address: l.Addr().String()}
	l.Close()
	s.cmd = exec.Command(program, "serve", "--data", data, "--addr", s.address)
	s.cmd.Stderr = os.Stderr
	start := time.Now()
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.stop)
	for s.get("/healthz") != 200 {
		if time.Since(start) > time.Minute {
			tb.Fatal("not ready after a minute")
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.ready = time.Since(start)
	return s
}

func (s *served) get(path string) int {
	r, err := http.Get("http://" + s.address + path)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

func (s *served) stop() {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Signal(syscall.SIGTERM)
		s.cmd.Wait()
	}
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory is what a process occupies now, in bytes, and -1 where the system
// does not say.
func memory(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return -1
	}
	m := resident.FindSubmatch(raw)
	if m == nil {
		return -1
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return -1
	}
	return kb << 10
}

// After an upgrade that changes the fold nothing that was kept can be used:
// what is listed is still listed at once, and one client is read while all
// others are being made again.
func TestListedAfterTheFoldChanged(t *testing.T) {
	f := made(t, spec{clients: 6, devices: 10, days: 60})
	ctx := context.Background()
	f.must(f.store.DropDerived(ctx))
	f.close()
	f.open()
	list, err := f.door.Listed(ctx)
	f.must(err)
	if len(list) != 7 {
		t.Fatalf("%d clients are listed, want 7", len(list))
	}
	for _, l := range list {
		if l.Name == "" || !l.Making {
			t.Errorf("%s is listed as %q, being made: %v", l.ID, l.Name, l.Making)
		}
	}
	f.must(f.door.Read(ctx, clientID(5), nothing))
	for range 600 {
		if _, of := f.door.Behind(); of == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	list, err = f.door.Listed(ctx)
	f.must(err)
	for _, l := range list {
		if l.Making || l.Summary == nil {
			t.Errorf("%s is not made again", l.ID)
		}
	}
}
