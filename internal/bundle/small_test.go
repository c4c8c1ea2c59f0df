package bundle_test

import (
	"testing"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/record"
)

var onSmall = instant("2026-08-14")

// smallLog is a client of two laptops over eight months: reports, statements
// with and without a document, an erasure, a retraction, a custody change.
func smallLog(t testing.TB) *testLog {
	l := newLog(t)
	at := instant("2026-01-05T09:00:00Z")
	l.adopt(at)
	l.add(event.ClientAdded, at, client.Added{ID: l.client, Name: "Lakeside Dental", Zone: "America/Chicago", Region: "TX"})
	l.add(event.LegalKindStated, at, client.KindStated{Kind: framework.CoveredEntity})
	for _, id := range []string{"LT-0001", "LT-0002"} {
		l.add(event.DeviceAdded, at, device.Listing{ID: id, Class: "laptop", Platform: "linux", Serial: "S" + id})
	}
	l.add(event.PersonAdded, at, client.Listing{ID: "quill", Name: "Dr. Lena Quill", Roles: []string{"security"}})
	l.publish(at + hour)
	l.say("risk-analysis", "holds", at+day, map[string]any{"file": l.file("risk-analysis-2026.pdf", []byte("%PDF risk analysis"))})
	wrong := l.say("bc-restore-test", "holds", at+2*day, map[string]any{"note": "restore of the wrong client"})
	l.say("bc-restore-test", "holds", at+3*day, map[string]any{"note": "Chart server restored in 41 minutes"})
	gone := l.say("train-annual", "holds", at+4*day, map[string]any{"subject": "quill"})
	l.add(event.CustodyChanged, at+5*day, device.Custody{ID: "LT-0001", Person: "quill"})
	for week := range int64(31) {
		now := at + week*7*day
		for i, id := range []string{"LT-0001", "LT-0002"} {
			l.add(event.DeviceReported, now, report(id, uint64(week+1), week != 9 || i != 0))
		}
		if week == 10 {
			l.add(event.EntryRetracted, now+hour, record.Retracted{Index: wrong, Kind: l.entries[wrong].Kind, By: "dana", Why: "another client"})
			l.publish(now + 2*hour)
		}
		if week == 12 {
			l.erase(gone, now+hour)
		}
	}
	l.add(event.SubjectUnused, at+220*day, client.Unused{Kind: framework.ScopePerson, ID: "quill", From: at + 210*day, To: at + 230*day, By: "dana"})
	l.publish(at + 220*day + hour)
	return l
}

// report is a device's report with its volumes encrypted or not.
func report(id string, seq uint64, encrypted bool) device.Reported {
	facts := map[string]any{
		"disk_encryption": map[string]any{"volumes": []any{map[string]any{"mount": "/", "device": "/dev/mapper/root", "fs": "ext4", "encrypted": encrypted, "method": "LUKS2"}}},
		"auto_update":     map[string]any{"enabled": true},
	}
	h, err := device.FactsHash(facts, nil)
	if err != nil {
		panic(err)
	}
	return device.Reported{Device: id, Seq: seq, Source: "agent", Platform: "linux", Facts: facts, Hash: h}
}
