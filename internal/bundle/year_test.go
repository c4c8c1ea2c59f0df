package bundle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"breakwater/internal/bundle"
	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/record"
)

var onYear = instant("2026-08-14T05:00:00Z") // the end of August 13 in Chicago

// posture is the facts of a Windows laptop. Wrong names what is not as it
// should be.
func posture(wrong string) map[string]any {
	protection, antivirus := 1, "on"
	if wrong == "encryption" {
		protection = 0
	}
	if wrong == "antivirus" {
		antivirus = "off"
	}
	lock := 600
	if wrong == "operatory" {
		lock = 0
	}
	return map[string]any{
		"disk_encryption":    map[string]any{"volumes": []any{map[string]any{"mount": "C:", "conversion_status": 1, "protection_status": protection}}},
		"malware_protection": map[string]any{"products": []any{map[string]any{"name": "Defender", "state": antivirus, "signatures_current": true}}},
		"screen_lock":        map[string]any{"inactivity_seconds": lock},
		"auto_login":         map[string]any{"enabled": false},
		"auto_update":        map[string]any{"enabled": true},
		"firewall": map[string]any{"profiles": []any{
			map[string]any{"name": "domain", "enabled": true, "inbound": "block"},
			map[string]any{"name": "private", "enabled": true, "inbound": "block"},
			map[string]any{"name": "public", "enabled": true, "inbound": "block"},
		}},
	}
}

// fleet reports for devices: in full when facts change, else as seen lines,
// one entry for all of them.
type fleet struct {
	l    *testLog
	ids  []string
	seq  []uint64
	last []string // hash of the last full report
}

func newFleet(l *testLog, n int, at int64) *fleet {
	f := &fleet{l: l}
	for i := range n {
		id := fmt.Sprintf("LT-%04d", i+1)
		f.ids = append(f.ids, id)
		l.add(event.DeviceAdded, at, device.Listing{ID: id, Class: "laptop", Platform: "windows", Serial: fmt.Sprintf("5CG%07d", i), Model: "EliteBook 840"})
	}
	f.seq, f.last = make([]uint64, n), make([]string, n)
	return f
}

// report lets all devices report at an instant; wrong says what is amiss with
// a device, "silent" that it does not speak.
func (f *fleet) report(at int64, wrong func(i int) string) {
	seen := device.Seen{Source: "agent"}
	for i, id := range f.ids {
		w := wrong(i)
		if w == "silent" {
			continue
		}
		f.seq[i]++
		facts := posture(w)
		hash, err := device.FactsHash(facts, nil)
		if err != nil {
			f.l.t.Fatal(err)
		}
		if hash != f.last[i] {
			f.last[i] = hash
			f.l.add(event.DeviceReported, at, device.Reported{
				Device: id, Seq: f.seq[i], Source: "agent", Platform: "windows", Facts: facts, Hash: hash,
				Line: device.SignedLine(id, f.seq[i], at, hash), Sig: signature,
			})
			continue
		}
		seen.Reports = append(seen.Reports, device.Line{Device: id, Seq: f.seq[i], At: at, Hash: hash, Sig: signature})
	}
	if len(seen.Reports) > 0 {
		f.l.add(event.DeviceSeen, at, seen)
	}
}

const signature = "m8rD2q0Zk6c1fQb1yJw5mVtVvJtqkY4h0n8s3bq1a0ZC8f8l8w0r6b7v2v5hQmB0Wq3yWwq3p1o2n5c7d9e1Ag=="

// yearLog is fourteen months of a dental office with eight laptops: things go
// wrong for some days, documents come late, a practice is met by alternative.
func yearLog(t testing.TB) *testLog {
	l := newLog(t)
	begin := instant("2025-06-02T15:00:00Z")
	l.adopt(begin)
	l.add(event.ClientAdded, begin, client.Added{ID: l.client, Name: "Quillmoor Dental", Zone: "America/Chicago", Region: "TX", Line: "Dental", Sample: true})
	l.add(event.LegalKindStated, begin, client.KindStated{Kind: framework.CoveredEntity})
	l.add(event.ScopeStated, begin, client.ScopeStatement{Holds: []string{"charts", "mail"}, Feeds: []string{"charts", "mail"}, NotFed: []string{}, SignedBy: "Dr. Lena Quill", Title: "Owner"})
	for i, name := range []string{"Dr. Lena Quill", "Ana Ruiz", "Tom Beck"} {
		l.add(event.PersonAdded, begin, client.Listing{ID: fmt.Sprintf("p%d", i+1), Name: name})
	}
	phi := true
	l.add(event.VendorAdded, begin, client.Listing{ID: "imaging", Name: "Northlight Imaging", PHI: &phi})
	l.add(event.DomainAdded, begin, client.Listing{ID: "quillmoor.example", Uses: []string{"mail"}})
	f := newFleet(l, 8, begin)
	plan := documents(l, begin)
	for now := begin; now < onYear; now += 12 * hour {
		for len(plan) > 0 && plan[0].at <= now {
			plan[0].do(plan[0].at)
			plan = plan[1:]
		}
		n := int((now - begin) / day)
		f.report(now, func(i int) string {
			switch {
			case i == 2 && n >= 281 && n < 283:
				return "encryption"
			case i == 5 && n >= 400 && n < 402:
				return "antivirus"
			case i == 4 && n >= 120 && n < 137:
				return "silent"
			case i == 0 && n >= 35 && n < 392:
				return "operatory"
			}
			return ""
		})
		if n%30 == 0 && (now-begin)%day == 0 {
			l.publish(now + hour)
		}
	}
	l.publish(onYear - hour)
	return l
}

type planned struct {
	at int64
	do func(at int64)
}

// documents is what people record of the year, in order of time.
func documents(l *testLog, begin int64) []planned {
	var list []planned
	on := func(days int64, practice, state string, more map[string]any) {
		list = append(list, planned{begin + days*day, func(at int64) { l.say(practice, state, at, more) }})
	}
	on(1, "gov-responsibility-matrix", "holds", map[string]any{"file": l.file("responsibility-matrix.pdf", []byte("matrix"))})
	on(1, "vendor-msp-client-baa", "holds", map[string]any{"file": l.file("baa-fernhollow.pdf", []byte("baa"))})
	on(2, "gov-policies-approved", "holds", map[string]any{"file": l.file("policies-2025.pdf", []byte("policies"))})
	on(3, "gov-security-official", "holds", map[string]any{"by": "Dr. Lena Quill", "note": "Ana Ruiz is security official"})
	on(4, "vendor-baa-in-force", "holds", map[string]any{"subject": "imaging", "file": l.file("baa-northlight.pdf", []byte("northlight"))})
	for _, d := range []int64{5, 96, 190, 281, 372} {
		on(d, "iam-access-review", "holds", map[string]any{"file": l.file(fmt.Sprintf("access-review-%d.pdf", d), []byte("review"))})
		on(d+2, "train-phishing-sim", "holds", map[string]any{"note": "24 sent, 2 clicked, 19 reported"})
	}
	for d := int64(6); d < 430; d += 30 {
		if d < 200 || d > 260 {
			on(d, "log-activity-review", "holds", map[string]any{"note": "Sign-ins from abroad checked, none unknown"})
		}
		on(d+1, "risk-management-plan", "holds", nil)
		on(d+2, "vuln-scan", "holds", map[string]any{"file": l.file(fmt.Sprintf("scan-%d.xml", d), []byte("scan"))})
		on(d+3, "ir-incident-log", "nil", map[string]any{"from": begin + (d-30)*day, "to": begin + d*day})
	}
	on(9, "risk-analysis", "holds", map[string]any{"file": l.file("risk-analysis-2025.pdf", []byte("risk"))})
	on(200, "bc-restore-test", "holds", map[string]any{"note": "Chart server restored in 41 minutes, checked by Ana Ruiz"})
	on(290, "bc-restore-test", "fails", map[string]any{"note": "Imaging share could not be restored: the repository key was missing"})
	on(293, "bc-restore-test", "holds", map[string]any{"note": "Imaging share restored in 2 hours with the key from escrow"})
	on(380, "bc-restore-test", "holds", nil)
	for i := range 3 {
		on(int64(20+40*i), "train-annual", "holds", map[string]any{"subject": fmt.Sprintf("p%d", i+1)})
		on(int64(22+i), "gov-policies-acknowledged", "holds", map[string]any{"subject": fmt.Sprintf("p%d", i+1)})
	}
	on(30, "dev-screen-lock", "alternative", map[string]any{"note": "Operatory screens stay on during treatment; the rooms are locked", "by": "Dr. Lena Quill", "from": begin + 30*day, "to": begin + 395*day})
	on(120, "iam-offboarding", "trigger", map[string]any{"ref": "leaver-1", "subject": "p3", "note": "Tom Beck left"})
	on(120, "iam-offboarding", "answer", map[string]any{"ref": "leaver-1"})
	on(250, "bc-backup-jobs", "accepted_risk", map[string]any{"note": "Two loaner laptops are not backed up", "by": "Dr. Lena Quill", "from": begin + 250*day, "to": begin + 400*day})
	on(300, "priv-media-authorization", "nil", map[string]any{"from": begin, "to": begin + 300*day})
	on(420, "gov-policies-approved", "holds", map[string]any{"file": l.file("policies-2026.pdf", []byte("policies 2026"))})
	list = append(list, planned{begin + 425*day, func(at int64) {
		l.add(event.BundleConsented, at, record.Consented{Recipient: "counsel of Quillmoor Dental", Purpose: "to answer a data request", On: onYear, By: "Dr. Lena Quill", Role: "owner"})
	}})
	slicesByTime(list)
	return list
}

func (l *testLog) yearInput() bundle.Input {
	in := l.input(onYear)
	for _, e := range l.entries {
		if event.Kind(e.Kind) == bundle.ConsentKind {
			in.Consent, in.Recipient, in.Purpose = &e.Index, "counsel of Quillmoor Dental", "to answer a data request"
		}
	}
	return in
}

// keep writes a file for people to look at, where BREAKWATER_KEEP names a
// folder.
func keep(t *testing.T, name string, b []byte) {
	t.Helper()
	dir := os.Getenv("BREAKWATER_KEEP")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestYearVerifies(t *testing.T) {
	l := yearLog(t)
	b, s := write(t, l.yearInput())
	keep(t, "year.zip", b)
	r := verify(t, b, bundle.Options{Policy: l.policy()})
	if !r.OK || r.Coverage != bundle.CoverageFull || !r.Key.Trusted || r.VouchedWithin == nil {
		t.Fatalf("ok %v, coverage %s, trusted %v:\n%s", r.OK, r.Coverage, r.Key.Trusted, failures(r))
	}
	if s.Disclosed != uint64(len(l.entries)) || len(s.Withheld) != 0 {
		t.Errorf("got %d of %d entries disclosed", s.Disclosed, len(l.entries))
	}
}

func slicesByTime(list []planned) {
	slices.SortStableFunc(list, func(a, b planned) int { return int((a.at - b.at) / hour) })
}
