package witness_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/witness"
)

// omniwitnessModule is the independent witness that judges our client, at the
// newest version that could be fetched when this was written (2026-11-21).
const omniwitnessModule = "github.com/transparency-dev/witness/cmd/omniwitness@v0.0.0-20260617164027-9332986a94a4"

// omniwitness finds the program: named by the environment, on the path, or,
// where the long tests run, built outside this module.
func omniwitness(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("BREAKWATER_OMNIWITNESS"); path != "" {
		return path
	}
	if path, err := exec.LookPath("omniwitness"); err == nil {
		return path
	}
	if os.Getenv("BREAKWATER_LONG") == "" && os.Getenv("CI") != "true" {
		t.Skip("omniwitness is not installed; BREAKWATER_LONG=1 builds it, BREAKWATER_OMNIWITNESS names it")
	}
	dir := t.TempDir()
	cmd := exec.Command("go", "install", omniwitnessModule)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build omniwitness: %v\n%s", err, out)
	}
	return filepath.Join(dir, "omniwitness")
}

// startOmniwitness runs the program with two keys, knowing one log. A proxy that
// does not answer keeps it from polling the public logs that it is shipped with.
func startOmniwitness(t *testing.T, log *ledger.Verifier) witness.Witness {
	t.Helper()
	program, dir := omniwitness(t), t.TempDir()
	note, pq := newKey(t, "omni.example/ed", ledger.Ed25519, 21), newKey(t, "omni.example/pq", ledger.MLDSA44, 22)
	write(t, dir, "ed.key", []byte(note.Secret()))
	write(t, dir, "pq.key", []byte(pq.Secret()))
	write(t, dir, "logs.yaml", fmt.Appendf(nil, "Logs:\n- Origin: %s\n  URL: http://127.0.0.1:1/\n  PublicKey: %s\n", log.Name(), log))
	addr := freeAddr(t)
	cmd := exec.Command(program, "-listen", addr, "-metrics_listen", freeAddr(t), "-db_file", "db",
		"-private_key_path", "ed.key", "-private_key_path", "pq.key", "-additional_logs", "logs.yaml")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("omniwitness said:\n%s", out.String())
		}
	})
	awaitServer(t, "http://"+addr)
	ed, err := ledger.NewVerifier(note.Name(), ledger.CosignEd25519, note.Verifier().PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return witness.Witness{Name: "omni", URL: "http://" + addr, Keys: []*ledger.Verifier{ed, pq.Verifier()}}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitServer(t *testing.T, addr string) {
	t.Helper()
	for range 300 {
		if res, err := http.Get(addr); err == nil {
			res.Body.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("omniwitness did not start within 30 s")
}

func TestOmniwitness(t *testing.T) {
	log, fork := newToyLog(t, origin, 1000, "leaf "), newToyLog(t, origin, 1000, "fork ")
	w := startOmniwitness(t, log.key.Verifier())
	var c witness.Client
	for _, step := range []struct{ size, old uint64 }{{600, 0}, {1000, 600}, {1000, 1000}, {1000, 0}, {1000, 700}} {
		got := c.Cosign(t.Context(), w, log.note(t, step.size), step.old, log.prove(step.size))
		if got.Err != nil || len(got.Signatures) != 2 {
			t.Fatalf("size %d from %d: %d signatures, %v", step.size, step.old, len(got.Signatures), got.Err)
		}
		if ago := time.Since(time.UnixMilli(got.Statements[0].At)).Abs(); ago > time.Minute {
			t.Errorf("its clock is %v from ours", ago)
		}
	}
	if got := c.Cosign(t.Context(), w, log.note(t, 999), 0, log.prove(999)); !errors.Is(got.Err, witness.ErrAhead) {
		t.Errorf("an older checkpoint: %v, want ErrAhead", got.Err)
	}
	if got := c.Cosign(t.Context(), w, fork.note(t, 1000), 1000, fork.prove(1000)); !errors.Is(got.Err, witness.ErrForked) {
		t.Errorf("another root at its size: %v, want ErrForked", got.Err)
	}
	grown, forkedOn := newToyLog(t, origin, 1200, "leaf "), newToyLog(t, origin, 1200, "fork ")
	if got := c.Cosign(t.Context(), w, forkedOn.note(t, 1200), 1000, forkedOn.prove(1200)); !errors.Is(got.Err, witness.ErrForked) {
		t.Errorf("another history: %v, want ErrForked", got.Err)
	}
	if got := c.Cosign(t.Context(), w, grown.note(t, 1200), 1000, grown.prove(1200)); got.Err != nil {
		t.Errorf("after the fork was refused: %v", got.Err)
	}
	other := newToyLog(t, "breakwater/ffffffffffffffff", 10, "leaf ")
	if got := c.Cosign(t.Context(), w, other.note(t, 10), 0, other.prove(10)); got.Err == nil { // it answers 500, not 404
		t.Error("a log that it does not know was cosigned")
	}
}
