package agent_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"breakwater/internal/agent"
	"breakwater/internal/agent/posture"
	"breakwater/internal/device"
)

// desk is the other side: it checks what the device signed and remembers it.
type desk struct {
	key     device.Enrolled
	seqs    []uint64
	offline bool
	refuse  bool
}

func (d *desk) Enroll(_ context.Context, e device.Enrollment) (device.Place, error) {
	d.key = device.Enrolled{ID: e.Device, Key: e.Key}
	if err := d.key.VerifyLine(device.EnrollLine(e.Key, e.MachineID), e.Proof); err != nil {
		return device.Place{}, err
	}
	return device.Place{Client: "lakeside", Device: e.Device}, nil
}

func (d *desk) Report(_ context.Context, r device.Report) (device.Ack, error) {
	if d.offline {
		return device.Ack{}, errors.New("no route")
	}
	if d.refuse {
		return device.Ack{}, fmt.Errorf("%w: the key was revoked", agent.ErrRefused)
	}
	hash, err := device.FactsHash(r.Facts, r.Unknown)
	if err != nil {
		return device.Ack{}, err
	}
	if err := d.key.VerifyLine(device.SignedLine(r.Device, r.Seq, r.At, hash), r.Sig); err != nil {
		return device.Ack{}, err
	}
	d.seqs = append(d.seqs, r.Seq)
	return device.Ack{Device: r.Device, Seq: r.Seq, Logged: true}, nil
}

func newAgent(t *testing.T, to agent.Transport) *agent.Agent {
	t.Helper()
	return &agent.Agent{
		Dir: filepath.Join(t.TempDir(), "agent"), To: to, Now: time.Now,
		Root: posture.Root{
			FS:  fstest.MapFS{"etc/os-release": {Data: []byte("ID=debian\nVERSION_ID=\"12\"\n")}, "etc/hostname": {Data: []byte("ws-0103\n")}},
			Run: func(context.Context, string, ...string) ([]byte, error) { return nil, os.ErrNotExist },
			Now: time.Now,
		},
	}
}

func TestReportsAreSignedAndNumbered(t *testing.T) {
	d := &desk{}
	a := newAgent(t, d)
	ctx := context.Background()
	if _, err := a.Once(ctx); !errors.Is(err, agent.ErrNotEnrolled) {
		t.Fatalf("before enrolling: got %v, want ErrNotEnrolled", err)
	}
	if _, err := a.Enroll(ctx, "secret", "http://127.0.0.1:1", "", ""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s, err := a.Once(ctx); err != nil || s.Waiting != 0 || s.Offline != nil {
			t.Fatalf("got %+v, %v", s, err)
		}
	}
	if got := fmt.Sprint(d.seqs); got != "[1 2]" {
		t.Errorf("got sequence %s, want [1 2]", got)
	}
}

func TestReportsWaitWhileOfflineAndGoOutInOrder(t *testing.T) {
	d := &desk{}
	a := newAgent(t, d)
	ctx := context.Background()
	if _, err := a.Enroll(ctx, "secret", "", "", ""); err != nil {
		t.Fatal(err)
	}
	d.offline = true
	for n := range 3 {
		s, err := a.Once(ctx)
		if err != nil || s.Waiting != n+1 || s.Offline == nil {
			t.Fatalf("round %d: got %+v, %v; want %d waiting", n, s, err, n+1)
		}
	}
	d.offline = false
	if s, err := a.Once(ctx); err != nil || s.Waiting != 0 {
		t.Fatalf("got %+v, %v", s, err)
	}
	if got := fmt.Sprint(d.seqs); got != "[1 2 3 4]" {
		t.Errorf("got sequence %s, want [1 2 3 4]", got)
	}
}

func TestARefusedReportIsSetAside(t *testing.T) {
	d := &desk{refuse: true}
	a := newAgent(t, d)
	ctx := context.Background()
	if _, err := a.Enroll(ctx, "secret", "", "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Once(ctx); !errors.Is(err, agent.ErrRefused) {
		t.Fatalf("got %v, want ErrRefused", err)
	}
	aside, _ := filepath.Glob(filepath.Join(a.Dir, "queue", "*.refused"))
	if len(aside) != 1 {
		t.Errorf("%d reports set aside, want 1", len(aside))
	}
}

func TestAKeyThatOthersMayReadIsRefused(t *testing.T) {
	a := newAgent(t, &desk{})
	ctx := context.Background()
	if _, err := a.Enroll(ctx, "secret", "", "", ""); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(a.Dir, "device.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Once(ctx); err == nil {
		t.Error("a key that others may read was used")
	}
}

func TestPlainHTTPIsForThisMachineAlone(t *testing.T) {
	for server, ok := range map[string]bool{
		"http://127.0.0.1:8480": true, "http://localhost:8480": true, "http://[::1]:8480": true, "https://breakwater.example.com": true,
		"http://breakwater.example.com": false, "http://10.0.0.5": false, "ftp://localhost": false, "localhost:8480": false, "https://user@host": false,
	} {
		if _, err := agent.NewHTTP(server, ""); (err == nil) != ok {
			t.Errorf("NewHTTP(%q): got error %v, want accepted %v", server, err, ok)
		}
	}
}
