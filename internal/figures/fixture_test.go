package figures_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

// spec says what a fixture holds. Of the devices nine in ten run Windows and
// change once a month, some run macOS and change once a week, and one in
// twenty is a server that changes every day; on other days they are unchanged.
type spec struct {
	clients, devices, days int
	signed                 bool  // lines carry signatures, which nobody checks here
	memory                 int64 // for states, in bytes; the program's own limit if 0
}

// fixture is a store with its door, and a clock that the fixture moves.
type fixture struct {
	tb    testing.TB
	spec  spec
	dir   string
	ring  *seal.Keyring
	clock atomic.Int64
	store *store.Store
	door  *intake.Door
	wrote int64 // entries
	bytes atomic.Int64
}

var by = intake.Caller{Actor: "member:dana", Source: "form"}

// newest is the midnight at which every fixture ends.
var newest = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixMilli()

func (f *fixture) now() time.Time { return time.UnixMilli(f.clock.Load()) }

func (f *fixture) must(err error) {
	f.tb.Helper()
	if err != nil {
		f.tb.Fatal(err)
	}
}

// empty is the data folder of an MSP and nothing else, whose clock stands at the
// fixture's beginning.
func empty(tb testing.TB, s spec) *fixture {
	tb.Helper()
	f := &fixture{tb: tb, spec: s, dir: tb.TempDir()}
	f.clock.Store(newest - int64(s.days)*interval.Day)
	master, err := seal.CreateFile(filepath.Join(f.dir, "master.key"))
	f.must(err)
	f.ring = seal.NewKeyring(master)
	f.open()
	_, err = f.door.AddClient(context.Background(), by, intake.NewClient{Added: client.Added{ID: "msp", Name: "Northgate IT", Zone: "America/Chicago", MSP: true}})
	f.must(err)
	tb.Cleanup(func() { f.close() })
	return f
}

// open opens store and door, again after close.
func (f *fixture) open() {
	f.tb.Helper()
	var err error
	f.store, err = store.OpenSQLite(context.Background(), filepath.Join(f.dir, "breakwater.db"), store.Options{Sealer: f.ring, Now: f.now})
	f.must(err)
	f.door, err = intake.Open(context.Background(), intake.Config{
		Store: f.store, Blobs: blob.Open(filepath.Join(f.dir, "files"), f.store, 1<<20), Now: f.now, StateBytes: f.spec.memory,
	})
	f.must(err)
}

func (f *fixture) close() {
	if f.door != nil {
		f.door.Close()
		f.must(f.store.Close())
		f.door = nil
	}
}

// made is a fixture with its clients and their whole history.
func made(tb testing.TB, s spec) *fixture {
	tb.Helper()
	f := empty(tb, s)
	ctx := context.Background()
	logs := make([]*history, s.clients)
	for n := range logs {
		f.add(n)
		logs[n] = newHistory(f, n)
	}
	list, err := f.store.Logs(ctx)
	f.must(err)
	for _, l := range list {
		for _, h := range logs {
			if h.id == l.Name {
				h.log = l.ID
			}
		}
	}
	commit := store.NewCommitter(f.store)
	for day := range s.days {
		f.day(commit, logs, day)
	}
	commit.Close()
	f.clock.Store(newest)
	return f
}

// add adds client n, with nothing but itself.
func (f *fixture) add(n int) {
	f.tb.Helper()
	_, err := f.door.AddClient(context.Background(), by, intake.NewClient{
		Added: client.Added{ID: clientID(n), Name: clientName(n), Zone: "America/Chicago", Region: "IL", Line: "Medical"}, Program: "hicp",
	})
	f.must(err)
}

func clientName(n int) string { return fmt.Sprintf("Sandpiper Family Medicine %d", n+1) }

// day appends one day of every client.
func (f *fixture) day(commit *store.Committer, logs []*history, day int) {
	midnight := newest - int64(f.spec.days-day)*interval.Day
	f.clock.Store(midnight + 21*hour)
	next := make(chan *history)
	var wg sync.WaitGroup
	var wrote atomic.Int64
	for range 4 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for h := range next {
				items := h.day(day, midnight)
				if _, err := commit.Append(context.Background(), store.Submission{Log: h.log, Items: items}); err != nil {
					f.tb.Error(err)
				}
				wrote.Add(int64(len(items)))
			}
		})
	}
	for _, h := range logs {
		next <- h
	}
	close(next)
	wg.Wait()
	f.wrote += wrote.Load()
	if f.tb.Failed() {
		f.tb.FailNow()
	}
}

const hour = interval.Day / 24

func clientID(n int) string { return fmt.Sprintf("client-%03d", n) }

// history is one client's log being written.
type history struct {
	f       *fixture
	id      string
	log     store.LogID
	devices []machine
	key     int
	items   []store.Item
}

type machine struct {
	id, platform, class string
	seq                 uint64
	hash                string
}

func newHistory(f *fixture, n int) *history {
	h := &history{f: f, id: clientID(n), devices: make([]machine, f.spec.devices)}
	for i := range h.devices {
		m := machine{id: fmt.Sprintf("WS-%04d", i+1), platform: "windows", class: "desktop"}
		switch {
		case i%20 == 7:
			m = machine{id: fmt.Sprintf("SRV-%04d", i+1), platform: "linux", class: "server"}
		case i%20 == 13:
			m = machine{id: fmt.Sprintf("MB-%04d", i+1), platform: "darwin", class: "laptop"}
		case i%2 == 0:
			m = machine{id: fmt.Sprintf("LT-%04d", i+1), platform: "windows", class: "laptop"}
		}
		h.devices[i] = m
	}
	return h
}

func (h *history) add(kind event.Kind, at int64, body any) {
	raw, err := event.Marshal(body)
	h.f.must(err)
	h.raw(kind, at, "form", raw)
}

func (h *history) raw(kind event.Kind, at int64, source string, body []byte) {
	h.key++
	e := event.Envelope{Actor: "member:dana", At: at, Body: body, Key: fmt.Sprintf("f%d", h.key), Kind: kind, Log: h.id, Source: source}
	env, err := e.Encode()
	h.f.must(err)
	h.f.bytes.Add(int64(len(env)))
	h.items = append(h.items, store.Item{Kind: uint16(kind), Envelope: env, Source: source, Key: e.Key})
}

// day is one day's entries of one client.
func (h *history) day(day int, midnight int64) []store.Item {
	h.items = nil
	if day == 0 {
		h.begin(midnight)
	}
	h.report(day, midnight)
	h.state(day, midnight+20*hour)
	return h.items
}

// people is how many people, and accounts, a client has.
func (h *history) people() int { return min(40, max(1, h.f.spec.devices/5)) }

func person(n int) string { return fmt.Sprintf("person-%02d", n) }

func mailbox(n int) string { return person(n) + "@clinic.example" }

func (h *history) begin(at int64) {
	h.add(event.BaselineSet, at, client.Baseline{Admins: []string{"root", "northgate"}, EDR: []string{"HuntressAgent"}, Listeners: []string{"22"}})
	for n := range 2 {
		h.add(event.SiteAdded, at, client.Listing{ID: fmt.Sprintf("site-%d", n+1), Name: fmt.Sprintf("Office %d", n+1)})
	}
	for n := range h.people() {
		h.add(event.PersonAdded, at, client.Listing{ID: person(n), Name: "A Person"})
		h.add(event.AccountAdded, at, client.Listing{ID: mailbox(n), Uses: []string{"email"}, Person: person(n)})
	}
	h.add(event.DomainAdded, at, client.Listing{ID: "clinic.example", Uses: []string{"mail", "website"}})
	yes := true
	for n := range 5 {
		h.add(event.VendorAdded, at, client.Listing{ID: fmt.Sprintf("vendor-%d", n), PHI: &yes})
	}
	for _, m := range h.devices {
		backed := m.class == "server"
		h.add(event.DeviceAdded, at, device.Listing{ID: m.id, Name: m.id, Class: m.class, Platform: m.platform, HoldsEPHI: &yes, BackedUp: &backed, Site: "site-1"})
		h.add(event.DeviceEnrolled, at, device.Enrolled{ID: m.id, Key: publicKey, Protection: "tpm2", Secret: "s1", Hostname: m.id, MachineID: h.id + m.id})
	}
}

// publicKey stands for an Ed25519 key in PKIX and base64: as long as one.
var publicKey = base64.StdEncoding.EncodeToString(make([]byte, 44))

var signature = base64.StdEncoding.EncodeToString(make([]byte, 64))

// report has every machine that is on report: in full when it changed.
func (h *history) report(day int, midnight int64) {
	weekday := time.UnixMilli(midnight).UTC().Weekday()
	weekend := weekday == time.Saturday || weekday == time.Sunday
	seen := append(make([]byte, 0, 220*len(h.devices)), `{"reports":[`...)
	none := len(seen)
	for n := range h.devices {
		m := &h.devices[n]
		if weekend && m.class == "laptop" {
			continue
		}
		at := midnight + 13*hour + int64(n%50)*60_000
		m.seq++
		p := postureOf(m.platform, at, n)
		if m.hash != p.hash {
			m.hash = p.hash
			h.raw(event.DeviceReported, at, "agent", p.body(m, at, h.f.spec.signed))
			continue
		}
		if len(seen) > none {
			seen = append(seen, ',')
		}
		seen = fmt.Appendf(seen, `{"at":%d,"device":%q,"hash":%q,"seq":%d`, at, m.id, m.hash, m.seq)
		if h.f.spec.signed {
			seen = fmt.Appendf(seen, `,"sig":%q`, signature)
		}
		seen = append(seen, '}')
	}
	if len(seen) > none {
		h.raw(event.DeviceSeen, midnight+14*hour, "job", append(seen, `],"source":"agent"}`...))
	}
}

// posture is what a machine says of itself, encoded once for all machines that
// say the same.
type posture struct {
	platform, hash string
	facts          []byte
}

var postures sync.Map // of *posture, by platform and what they depend on

func postureOf(platform string, at int64, n int) *posture {
	t := time.UnixMilli(at).UTC()
	stamp := t.Format(time.DateOnly)
	switch platform {
	case "windows": // patched on one of the days after the second Tuesday
		stamp = t.AddDate(0, 0, -14-n%3).Format("2006-01") + "-12"
	case "darwin":
		stamp = t.AddDate(0, 0, -(int(t.Weekday())+6)%7).Format(time.DateOnly)
	}
	if p, ok := postures.Load(platform + stamp); ok {
		return p.(*posture)
	}
	facts := factsOf(platform, stamp)
	hash, err := device.FactsHash(facts, nil)
	if err != nil {
		panic(err)
	}
	raw, err := event.Marshal(facts)
	if err != nil {
		panic(err)
	}
	p := &posture{platform, hash, raw}
	postures.Store(platform+stamp, p)
	return p
}

const baseline = `{"admins":["northgate","root"],"edr":["HuntressAgent"],"listeners":["22"]}`

func (p *posture) body(m *machine, at int64, signed bool) []byte {
	b := fmt.Appendf(make([]byte, 0, len(p.facts)+600), `{"baseline":%s,"device":%q,"facts":%s,"hash":%q,"line":%q,"platform":%q,"seq":%d`,
		baseline, m.id, p.facts, p.hash, device.SignedLine(m.id, m.seq, at, p.hash), p.platform, m.seq)
	if signed {
		b = fmt.Appendf(b, `,"sig":%q`, signature)
	}
	return append(b, `,"source":"agent"}`...)
}

var softwareHash = func() string { h := sha256.Sum256([]byte("software")); return hex.EncodeToString(h[:]) }()

// factsOf are the facts that agents of three platforms read, at their size.
func factsOf(platform, stamp string) map[string]any {
	switch platform {
	case "linux":
		return map[string]any{
			"disk_encryption":    map[string]any{"volumes": []any{map[string]any{"mount": "/", "device": "dm-0", "fs": "ext4", "encrypted": true, "method": "LUKS2", "swap": false}}},
			"firewall":           map[string]any{"manager": "nftables", "inbound": "drop", "active": true},
			"patches":            map[string]any{"manager": "apt", "lists_refreshed": stamp, "pending_security": 0},
			"malware_protection": map[string]any{"products": []any{map[string]any{"name": "HuntressAgent", "running": true}}},
			"os_version":         map[string]any{"id": "debian", "name": "Debian GNU/Linux", "version": "12", "codename": "bookworm"},
			"screen_lock":        map[string]any{"desktop": false},
			"accounts":           map[string]any{"login_accounts": 2, "empty_passwords": []any{}, "uid0": []any{"root"}},
			"local_admins":       map[string]any{"members": []any{"root", "northgate"}},
			"ssh_settings":       map[string]any{"installed": true, "permit_root_login": "no", "permit_empty_passwords": false},
			"software":           map[string]any{"count": 412, "sha256": softwareHash},
			"time_sync":          map[string]any{"synchronized": true},
		}
	case "darwin":
		return map[string]any{
			"disk_encryption":    map[string]any{"volumes": []any{map[string]any{"mount": "/", "encrypted": true, "filevault": "on"}}},
			"screen_lock":        map[string]any{"enabled": true, "grace_seconds": 5, "idle_seconds": 300},
			"auto_login":         map[string]any{"enabled": false, "guest": false},
			"firewall":           map[string]any{"global_state": 1},
			"patches":            map[string]any{"manager": "softwareupdate", "lists_refreshed": stamp, "pending_security": 0},
			"malware_protection": map[string]any{"gatekeeper": true, "sip": true},
			"os_version":         map[string]any{"id": "macos", "name": "macOS", "version": "15.6"},
			"software":           map[string]any{"count": 61, "sha256": softwareHash},
		}
	}
	profile := func(name string) any { return map[string]any{"name": name, "enabled": true} }
	return map[string]any{
		"disk_encryption": map[string]any{"volumes": []any{map[string]any{
			"mount": "C:", "conversion_status": 1, "protection_status": 1, "percentage_encrypted": 100, "method": "XTS-AES-256", "protector_types": "TPM, recovery password",
		}}},
		"screen_lock": map[string]any{"inactivity_seconds": 600},
		"auto_login":  map[string]any{"enabled": false},
		"firewall":    map[string]any{"profiles": []any{profile("domain"), profile("private"), profile("public")}},
		"patches":     map[string]any{"latest_cumulative": stamp, "failed_last": false},
		"malware_protection": map[string]any{
			"products": []any{map[string]any{"name": "Microsoft Defender Antivirus", "state": "on", "signatures_current": true}},
			"services": []any{map[string]any{"name": "HuntressAgent", "running": true}},
		},
		"os_version":   map[string]any{"id": "windows", "name": "Windows 11 Pro", "version": "10.0.26100", "build": "26100"},
		"local_admins": map[string]any{"members": []any{"northgate"}},
		"software":     map[string]any{"count": 84, "sha256": softwareHash},
	}
}

// duties are what people record again and again: of the practice, every so
// many days, of one subject each.
var duties = []struct {
	practice string
	every    int
	state    string
	of       func(*history) []string
}{
	{"gov-security-official", 350, document.Holds, nil},
	{"gov-policies-approved", 350, document.Holds, nil},
	{"gov-policies-acknowledged", 345, document.Holds, (*history).staff},
	{"risk-analysis", 350, document.Holds, nil},
	{"risk-management-plan", 30, document.Holds, nil},
	{"asset-inventory", 28, document.Holds, nil},
	{"dev-lost-stolen", 84, document.Nil, nil},
	{"iam-mfa-email", 6, document.Holds, (*history).boxes},
	{"iam-access-review", 90, document.Holds, nil},
	{"iam-offboarding", 28, document.Nil, nil},
	{"mail-authentication", 6, document.Holds, func(*history) []string { return []string{"clinic.example"} }},
	{"vuln-scan", 28, document.Holds, nil},
	{"log-activity-review", 30, document.Holds, nil},
	{"bc-backup-jobs", 3, document.Holds, (*history).servers},
	{"bc-restore-test", 90, document.Holds, nil},
	{"train-annual", 345, document.Holds, (*history).staff},
	{"train-phishing-sim", 88, document.Holds, nil},
	{"ir-plan", 350, document.Holds, nil},
	{"ir-incident-log", 28, document.Nil, nil},
	{"priv-media-authorization", 28, document.Nil, nil},
}

func (h *history) staff() []string { return named(h.people(), person) }

func (h *history) boxes() []string { return named(h.people(), mailbox) }

func named(n int, f func(int) string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = f(i)
	}
	return list
}

func (h *history) servers() []string {
	var list []string
	for _, m := range h.devices {
		if m.class == "server" {
			list = append(list, m.id)
		}
	}
	return list
}

// state is what people record on a day.
func (h *history) state(day int, at int64) {
	for n, d := range duties {
		if (day+n)%d.every != 0 {
			continue
		}
		p, ok := framework.Embedded().Practice(d.practice)
		if !ok {
			h.f.tb.Fatalf("the catalog has no practice %s", d.practice)
		}
		subjects := []string{""}
		if d.of != nil {
			subjects = d.of(h)
		}
		for _, s := range subjects {
			st := document.Statement{
				Practice: d.practice, State: d.state, Subject: s, Note: "Gone through with everyone who was in; nothing had to change.",
				File: &document.File{Name: "record.pdf", Size: 48_213, Salt: softwareHash, Hash: softwareHash, Place: softwareHash},
			}
			if d.state == document.Nil {
				st.From, st.To = at-int64(d.every)*interval.Day, at
			}
			h.add(event.Kind(p.Number), at, st)
		}
	}
}
