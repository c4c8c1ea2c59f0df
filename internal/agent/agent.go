// Package agent is the program on a client's own machine: it reads the
// machine's posture, signs it with the machine's own key, and hands it in,
// now or when it is online again. It refuses to know what the facts mean.
//
// Words: a report is all facts read at one instant. The queue is the reports
// that were not acknowledged yet. A sequence number counts reports of one key
// and never goes back; a gap in it shows.
package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"breakwater/internal/agent/posture"
	"breakwater/internal/device"
)

// ErrRefused is returned when the other side took the report and will never
// accept it: sending it again does not help.
var ErrRefused = errors.New("refused")

// ErrNotEnrolled is returned before the machine was enrolled.
var ErrNotEnrolled = errors.New("this machine is not enrolled: enroll it with the command that the client's devices page shows")

// Transport takes enrollments and reports: over HTTP, or at the door of the
// same process.
type Transport interface {
	Enroll(ctx context.Context, e device.Enrollment) (device.Place, error)
	Report(ctx context.Context, r device.Report) (device.Ack, error)
}

// Agent is one machine's agent. Its folder holds the key, the place in the
// inventory, and the queue; one process at a time may use it.
type Agent struct {
	Dir  string // made with mode 0700 if it is missing
	To   Transport
	Root posture.Root
	Now  func() time.Time
}

// place is the file that says who this machine is.
type place struct {
	device.Place
	Server string `json:"server,omitempty"`
	Seq    uint64 `json:"seq"`
}

// Enroll makes the machine's key if it has none and enrolls it. Name is the
// identifier that the machine would like; its host name if "".
func (a *Agent) Enroll(ctx context.Context, secret, server, name, class string) (device.Place, error) {
	if err := os.MkdirAll(a.Dir, 0o700); err != nil {
		return device.Place{}, fmt.Errorf("make the agent's folder: %w", err)
	}
	k, err := loadKey(a.path("device.key"), true)
	if err != nil {
		return device.Place{}, err
	}
	me := posture.Identify(a.Root)
	if name == "" {
		name = me.Hostname
	}
	if class == "" {
		class = me.Class
	}
	e := device.Enrollment{
		Secret: secret, Device: name, Class: class, Platform: me.OS, Hostname: me.Hostname,
		Serial: me.Serial, Model: me.Model, MachineID: me.MachineID, Key: k.public, Protection: "file",
	}
	e.Proof = k.sign(device.EnrollLine(e.Key, e.MachineID))
	p, err := a.To.Enroll(ctx, e)
	if err != nil {
		return device.Place{}, fmt.Errorf("enroll: %w", err)
	}
	have, err := a.place()
	if err != nil && !errors.Is(err, ErrNotEnrolled) {
		return device.Place{}, err
	}
	return p, writeJSON(a.path("place.json"), place{Place: p, Server: server, Seq: have.Seq})
}

func (a *Agent) path(name string) string { return filepath.Join(a.Dir, name) }

func (a *Agent) place() (place, error) {
	var p place
	err := readJSON(a.path("place.json"), &p)
	if errors.Is(err, os.ErrNotExist) {
		return p, ErrNotEnrolled
	}
	return p, err
}

// Server is the address that the machine was enrolled at.
func (a *Agent) Server() (string, error) {
	p, err := a.place()
	return p.Server, err
}

// Facts reads the machine's posture and prepares it as it would be sent.
func (a *Agent) Facts(ctx context.Context) (facts map[string]any, unknown map[string]string, err error) {
	facts, unknown = map[string]any{}, map[string]string{}
	for _, f := range posture.Collect(ctx, a.Root) {
		if f.Unknown != "" {
			unknown[f.Name] = f.Unknown
		} else {
			facts[f.Name] = f.Value
		}
	}
	facts, err = device.Plain(facts)
	return facts, unknown, err
}

// Sent says what became of one round.
type Sent struct {
	Acks    []device.Ack
	Waiting int   // reports still in the queue
	Offline error // why they wait; nil when none does
}

// Once reads the posture, queues the report, and hands in what waits, oldest
// first.
func (a *Agent) Once(ctx context.Context) (Sent, error) {
	if _, err := a.place(); err != nil {
		return Sent{}, err
	}
	unlock, err := lock(a.path("lock"))
	if err != nil {
		return Sent{}, err
	}
	defer unlock()
	p, err := a.place()
	if err != nil {
		return Sent{}, err
	}
	k, err := loadKey(a.path("device.key"), false)
	if err != nil {
		return Sent{}, err
	}
	r, err := a.report(ctx, p, k)
	if err != nil {
		return Sent{}, err
	}
	// The number is spent before the report is queued: after a crash in between
	// it is missing, which shows; it is never used twice.
	p.Seq = r.Seq
	if err := writeJSON(a.path("place.json"), p); err != nil {
		return Sent{}, err
	}
	q := queue{dir: a.path("queue")}
	if err := q.add(r); err != nil {
		return Sent{}, err
	}
	return a.deliver(ctx, q)
}

func (a *Agent) report(ctx context.Context, p place, k key) (device.Report, error) {
	facts, unknown, err := a.Facts(ctx)
	if err != nil {
		return device.Report{}, fmt.Errorf("read posture: %w", err)
	}
	hash, err := device.FactsHash(facts, unknown)
	if err != nil {
		return device.Report{}, err
	}
	r := device.Report{
		Key: k.public, Device: p.Device, Seq: p.Seq + 1, At: a.Now().UnixMilli(),
		Platform: posture.Identify(a.Root).OS, Facts: facts, Unknown: unknown,
	}
	r.Sig = k.sign(device.SignedLine(r.Device, r.Seq, r.At, hash))
	return r, nil
}

// deliver hands in the queue, oldest first. A report that is refused for good
// is set aside, so that it does not stop the others.
func (a *Agent) deliver(ctx context.Context, q queue) (Sent, error) {
	var s Sent
	names, err := q.list()
	if err != nil {
		return s, err
	}
	s.Waiting = len(names)
	for _, name := range names {
		r, err := q.read(name)
		if err != nil {
			return s, err
		}
		ack, err := a.To.Report(ctx, r)
		if errors.Is(err, ErrRefused) {
			if e := q.setAside(name); e != nil {
				return s, e
			}
			s.Waiting--
			return s, err
		}
		if err != nil {
			s.Offline = err
			return s, nil
		}
		s.Acks = append(s.Acks, ack)
		if err := q.done(name); err != nil {
			return s, err
		}
		s.Waiting--
	}
	return s, nil
}

// Run reports at once and then every interval until ctx ends. Say is told of
// each round; a refusal ends it.
func (a *Agent) Run(ctx context.Context, every time.Duration, say func(Sent)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s, err := a.Once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		say(s)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
