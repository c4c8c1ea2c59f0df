package duty_test

import (
	"encoding/hex"
	"fmt"
	"testing"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// written is a log that a test writes, entry by entry, recorded when it held.
type written struct {
	t     testing.TB
	state *projection.State
	clock int64
}

// newLog begins the log of a client at an instant.
func newLog(t testing.TB, at int64) *written {
	catalog := framework.Embedded()
	l := &written{t: t, clock: at, state: projection.New(func([32]byte) (*framework.Catalog, error) { return catalog, nil })}
	l.add(at, event.ClientAdded, client.Added{ID: "quillmoor-dental", Name: "Quillmoor Dental", Zone: "America/Chicago", Line: "Dental"})
	hash := catalog.Hash()
	l.add(at, event.CatalogAdopted, record.Adopted{SHA256: hex.EncodeToString(hash[:]), Version: catalog.Version, By: "system"})
	return l
}

func (l *written) add(at int64, kind event.Kind, body any) uint64 {
	l.t.Helper()
	b, err := event.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	index := l.state.Size
	l.clock = max(l.clock, at)
	err = l.state.Apply(event.Entry{Index: index, Recorded: l.clock, Envelope: event.Envelope{
		Actor: "member:dana", At: at, Body: b, Key: fmt.Sprint(index), Kind: kind, Log: "quillmoor-dental", Source: "form",
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	return index
}

// say records a statement on a practice, with a document.
func (l *written) say(at int64, practice, state string, fill ...func(*document.Statement)) uint64 {
	l.t.Helper()
	p, ok := framework.Embedded().Practice(practice)
	if !ok {
		l.t.Fatalf("no practice %s", practice)
	}
	s := document.Statement{Practice: practice, State: state, File: &document.File{Name: "a.pdf", Size: 1, Salt: "00", Hash: "00", Place: "x"}}
	for _, f := range fill {
		f(&s)
	}
	return l.add(at, event.Kind(p.Number), s)
}

// facts is what a Linux laptop reports of itself.
func facts(encrypted bool) map[string]any {
	return map[string]any{
		"disk_encryption": map[string]any{"volumes": []any{map[string]any{"mount": "/", "device": "/dev/dm-0", "fs": "ext4", "encrypted": encrypted}}},
		"screen_lock":     map[string]any{"enabled": true, "timeout_seconds": int64(300), "password_required": true},
	}
}

func (l *written) device(at int64, id string) {
	l.add(at, event.DeviceAdded, device.Listing{ID: id, Class: "laptop", Platform: "linux"})
}

func (l *written) report(at int64, id string, seq uint64, encrypted bool) uint64 {
	l.t.Helper()
	f := facts(encrypted)
	hash, err := device.FactsHash(f, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.add(at, event.DeviceReported, device.Reported{Device: id, Seq: seq, Source: "agent", Platform: "linux", Facts: f, Hash: hash})
}

// seen logs that devices reported nothing new on each day up to to.
func (l *written) seen(from, to int64, ids ...string) {
	l.t.Helper()
	hash, err := device.FactsHash(facts(true), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	for at := from; at <= to; at += interval.Day {
		var lines []device.Line
		for i, id := range ids {
			lines = append(lines, device.Line{Device: id, Seq: uint64(at/interval.Day) + uint64(i), At: at, Hash: hash})
		}
		l.add(at, event.DeviceSeen, device.Seen{Source: "agent", Reports: lines})
	}
}

func subject(id string) func(*document.Statement) {
	return func(s *document.Statement) { s.Subject = id }
}

func until(from, to int64) func(*document.Statement) {
	return func(s *document.Statement) { s.From, s.To = from, to }
}
