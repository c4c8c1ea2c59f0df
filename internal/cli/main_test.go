package cli_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"breakwater/internal/cli"
	"breakwater/internal/client"
	"breakwater/internal/intake"
)

// clockVariable sets the clock of the program under test. The program itself
// reads no such variable.
const clockVariable = "BREAKWATER_TEST_CLOCK"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"breakwater": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Run(ctx, cli.Env{Args: os.Args[1:], Now: clock(), Sample: simulate})
		stop()
		os.Exit(code)
	}})
}

// simulation is a history of one client, enough to see what becomes of it.
type simulation struct{ cli.SampleOptions }

func simulate(o cli.SampleOptions) (cli.Simulation, error) {
	if o.Clients != 1 {
		return nil, fmt.Errorf("%d clients: give 1", o.Clients)
	}
	return simulation{o}, nil
}

func (s simulation) Now() time.Time { return time.UnixMilli(s.SampleOptions.Now) }

func (s simulation) Build(ctx context.Context, door *intake.Door, say func(done, total int)) error {
	say(1, 1)
	for _, n := range []client.Added{{ID: "sandbar-it", Name: "Sandbar IT", MSP: true}, {ID: "dune", Name: "Dune Dental"}} {
		if _, err := door.AddClient(ctx, intake.System, intake.NewClient{Added: n}); err != nil {
			return err
		}
	}
	return nil
}

// clock stands still at the instant of the variable, or is the real one.
func clock() func() time.Time {
	text := os.Getenv(clockVariable)
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return at }
}

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("commands from start to end take half a minute: left to the long run of the tests")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"ADDR", "OTHER"} {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				defer l.Close()
				e.Setenv(name, l.Addr().String())
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": runCode, "json": checkJSON, "now": setClock, "flip": flipByte, "ready": awaitReady, "damage": damageFile, "cert": makeCertificate, "serial": awaitSerial,
		},
		UpdateScripts: os.Getenv("UPDATE") == "1",
	})
}

// runCode is "code N args...": breakwater ends with exit code N. A code of 2
// comes with exactly one line on standard error.
func runCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: code N args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec("breakwater", args[1:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("run: %v", err)
	}
	if got != want {
		ts.Fatalf("exit code: got %d, want %d", got, want)
	}
	if errs := ts.ReadFile("stderr"); got == 2 && (strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "breakwater: ")) {
		ts.Fatalf("exit code 2 without exactly one line on standard error:\n%s", errs)
	}
}

// checkJSON is "json path value": the value at a path of the last output, such
// as practices.0.status; "len" counts a list, and value is compared as JSON or
// as text.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json path value")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		ts.Fatalf("standard output is not JSON: %v", err)
	}
	got, err := walk(v, strings.Split(args[0], "."))
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	text, err := json.Marshal(got)
	ts.Check(err)
	if s, ok := got.(string); ok {
		text = []byte(s)
	}
	if (string(text) == args[1]) == neg {
		ts.Fatalf("%s: got %s, want %s (not: %v)", args[0], text, args[1], neg)
	}
}

func walk(v any, path []string) (any, error) {
	for _, p := range path {
		switch x := v.(type) {
		case map[string]any:
			w, ok := x[p]
			if !ok {
				return "absent", nil
			}
			v = w
		case []any:
			if p == "len" {
				return len(x), nil
			}
			n, err := strconv.Atoi(p)
			if err != nil || n >= len(x) {
				return nil, fmt.Errorf("no element %q in a list of %d", p, len(x))
			}
			v = x[n]
		default:
			return nil, fmt.Errorf("nothing under %q", p)
		}
	}
	return v, nil
}

// setClock is "now T": the clock of the program stands at T from here on; "now
// real" takes the real one.
func setClock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: now TIME|real")
	}
	if args[0] == "real" {
		args[0] = ""
	}
	ts.Setenv(clockVariable, args[0])
}

// flipByte is "flip FOLDER KIND": one bit of the sealed body of the newest
// entry of a kind number is changed in the database.
func flipByte(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FOLDER KIND")
	}
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "breakwater.db"))
	ts.Check(err)
	defer db.Close()
	var log, index int64
	var body []byte
	row := db.QueryRow(`SELECT log, idx, body FROM entry WHERE kind = ? ORDER BY log DESC, idx DESC LIMIT 1`, args[1])
	ts.Check(row.Scan(&log, &index, &body))
	body[len(body)/2] ^= 1
	_, err = db.Exec(`UPDATE entry SET body = ? WHERE log = ? AND idx = ?`, body, log, index)
	ts.Check(err)
}

// browser believes every certificate: what is looked at is that there is one.
var browser = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// makeCertificate is "cert CERT KEY SERIAL": a new certificate for this machine.
func makeCertificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cert CERT KEY SERIAL")
	}
	serial, err := strconv.ParseInt(args[2], 10, 64)
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	of := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// awaitSerial is "serial ADDRESS N": within ten seconds the certificate of that
// number is shown.
func awaitSerial(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serial ADDRESS N")
	}
	got := ""
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		c, err := tls.Dial("tcp", args[0], &tls.Config{InsecureSkipVerify: true})
		ts.Check(err)
		got = c.ConnectionState().PeerCertificates[0].SerialNumber.String()
		c.Close()
		if got == args[1] {
			return
		}
	}
	ts.Fatalf("certificate: got %s, want %s", got, args[1])
}

// awaitReady is "ready URL": it answers 200 within ten seconds.
func awaitReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready URL")
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		res, err := browser.Get(args[0])
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("%s is not ready", args[0])
}

// damageFile is "damage FILE COPY": a copy with one bit changed in its middle.
func damageFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FILE COPY")
	}
	raw := []byte(ts.ReadFile(args[0]))
	raw[len(raw)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o600))
}
