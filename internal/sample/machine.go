package sample

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"breakwater/internal/device"
	"breakwater/internal/interval"
)

// machine is one simulated device.
type machine struct {
	id, class, platform string
	owner               string
	backedUp            bool
	private             ed25519.PrivateKey
	public              string
	seq                 uint64
	facts               map[string]any
	hash                string
	stamp               string // of what the facts were made from
	away                []interval.Span
	suspended           interval.Span // BitLocker
	lockOff             bool          // the screen lock is off for good
}

// equip makes the office's machines.
func (o *office) equip() {
	n := 0
	add := func(prefix, class, platform string, count int) {
		for i := range count {
			m := &machine{id: fmt.Sprintf("%s-%04d", prefix, i+1), class: class, platform: platform, backedUp: class == "server"}
			m.owner, _ = o.person(n % max(1, o.plan.people))
			m.keys(o.id, o.w.options.Seed)
			o.devices = append(o.devices, m)
			n++
		}
	}
	add("LT", "laptop", "windows", o.plan.laptops)
	add("MB", "laptop", "darwin", o.plan.macs)
	add("WS", "desktop", "windows", o.plan.desktops)
	add("SRV", "server", "linux", 1)
	add("TB", "tablet", "ios", o.plan.tablets)
}

// keys derives the machine's key from the seed, so that the same options give
// the same envelopes. A real machine draws its key.
func (m *machine) keys(office string, seed uint64) {
	h := sha256.Sum256(fmt.Appendf(nil, "sample key %d %s %s", seed, office, m.id))
	m.private = ed25519.NewKeyFromSeed(h[:])
	der, err := x509.MarshalPKIXPublicKey(m.private.Public())
	if err != nil {
		panic("sample: an Ed25519 key does not encode: " + err.Error())
	}
	m.public = base64.StdEncoding.EncodeToString(der)
}

func (m *machine) sign(line string) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(m.private, []byte(line)))
}

func (m *machine) enrollment(secret string) device.Enrollment {
	h := sha256.Sum256([]byte(m.public))
	machine := hex.EncodeToString(h[:8])
	return device.Enrollment{
		Secret: secret, Device: m.id, Class: m.class, Platform: m.platform, Hostname: m.id, Serial: "SAMPLE-" + machine[:8], MachineID: machine,
		Key: m.public, Protection: "file", Proof: m.sign(device.EnrollLine(m.public, machine)),
	}
}

// report lets every machine that is on report once a day.
func (o *office) report(ctx context.Context, midnight int64) error {
	if !o.open {
		return nil
	}
	var list []device.Report
	for n, m := range o.devices {
		at := midnight + 13*hour + int64(n%50)*minute
		if at < o.from || !o.on(m, at) {
			continue
		}
		if err := m.read(at); err != nil {
			return err
		}
		m.seq++
		r := device.Report{Key: m.public, Device: m.id, Seq: m.seq, At: at, Platform: m.platform, Facts: m.facts}
		r.Sig = m.sign(device.SignedLine(m.id, m.seq, at, m.hash))
		list = append(list, r)
	}
	_, err := o.w.door.Reports(ctx, list)
	return err
}

// on reports whether a machine is in use: laptops rest on weekends, all rest
// while the office is closed, and some are away.
func (o *office) on(m *machine, at int64) bool {
	for _, s := range m.away {
		if s.Contains(at) {
			return false
		}
	}
	if m.class == "server" {
		return true
	}
	t := time.UnixMilli(at).UTC()
	if wd := t.Weekday(); m.class != "desktop" && (wd == time.Saturday || wd == time.Sunday) {
		return false
	}
	return !o.closed(t)
}

// closed reports whether the office is shut: public holidays, the days around
// the year's end, and for some a summer closure longer than our target.
func (o *office) closed(t time.Time) bool {
	m, d := t.Month(), t.Day()
	switch {
	case m == time.December && d >= 24 && d <= 26, m == time.January && d == 1, m == time.July && d == 4:
		return true
	case m == time.November && t.Weekday() == time.Thursday && d >= 22 && d <= 28:
		return true
	}
	return o.has(summerClosure) && m == time.July && d >= 3 && d <= 14
}

// read makes the machine's facts as of an instant. They stay the same until
// something changes.
func (m *machine) read(at int64) error {
	patched := lastPatchDay(time.UnixMilli(at).UTC())
	stamp := fmt.Sprint(patched, m.suspended.Contains(at))
	if m.platform == "linux" {
		stamp += interval.Civil(at, time.UTC)
	}
	if m.platform == "darwin" {
		stamp += lastMonday(at)
	}
	if m.platform == "ios" {
		stamp += time.UnixMilli(at).UTC().Format("2006-01")
	}
	if stamp == m.stamp {
		return nil
	}
	facts, err := device.Plain(m.posture(at, patched))
	if err != nil {
		return err
	}
	if m.hash, err = device.FactsHash(facts, nil); err != nil {
		return err
	}
	m.facts, m.stamp = facts, stamp
	return nil
}

// lastPatchDay is the second Tuesday before t, and two days for the roll-out.
func lastPatchDay(t time.Time) string {
	for back := range 2 {
		first := time.Date(t.Year(), t.Month()-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
		tuesday := first.AddDate(0, 0, (int(time.Tuesday)-int(first.Weekday())+7)%7+7)
		if done := tuesday.AddDate(0, 0, 2); !done.After(t) {
			return done.Format(time.DateOnly)
		}
	}
	return t.Format(time.DateOnly)
}

func lastMonday(at int64) string {
	t := time.UnixMilli(at).UTC()
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7).Format(time.DateOnly)
}

func (m *machine) posture(at int64, patched string) map[string]any {
	switch m.platform {
	case "windows":
		return m.windows(at, patched)
	case "darwin":
		return m.darwin(lastMonday(at))
	case "linux":
		return m.linux(at)
	}
	return map[string]any{
		"mdm": map[string]any{
			"encrypted": true, "passcode": true, "passcode_length": 6, "lock_seconds": 300, "enrolled": true, "compromised": false, "wipe": true,
			"patch_level": time.UnixMilli(at).UTC().Format("2006-01") + "-01",
		},
		"os_version": map[string]any{"id": "ipados", "name": "iPadOS", "version": "18.6"},
	}
}

func (m *machine) windows(at int64, patched string) map[string]any {
	protection := 1
	if m.suspended.Contains(at) {
		protection = 0
	}
	idle := 600
	if m.lockOff {
		idle = 7200
	}
	return map[string]any{
		"disk_encryption": map[string]any{"volumes": []any{map[string]any{
			"mount": "C:", "conversion_status": 1, "protection_status": protection, "percentage_encrypted": 100, "method": "XTS-AES-256", "protector_types": "TPM, recovery password",
		}}},
		"screen_lock": map[string]any{"inactivity_seconds": idle},
		"auto_login":  map[string]any{"enabled": false},
		"firewall": map[string]any{"profiles": []any{
			map[string]any{"name": "domain", "enabled": true}, map[string]any{"name": "private", "enabled": true}, map[string]any{"name": "public", "enabled": true},
		}},
		"patches": map[string]any{"latest_cumulative": patched, "failed_last": false},
		"malware_protection": map[string]any{
			"products": []any{map[string]any{"name": "Microsoft Defender Antivirus", "state": "on", "signatures_current": true}},
			"services": []any{map[string]any{"name": "HuntressAgent", "running": true}},
		},
		"os_version":   map[string]any{"id": "windows", "name": "Windows 11 Pro", "version": "10.0.26200", "build": "26200"},
		"local_admins": map[string]any{"members": []any{"sandbar-admin"}},
		"software":     map[string]any{"count": 84, "sha256": hex.EncodeToString(sha256.New().Sum(nil))},
	}
}

func (m *machine) darwin(refreshed string) map[string]any {
	return map[string]any{
		"disk_encryption":    map[string]any{"volumes": []any{map[string]any{"mount": "/", "encrypted": true, "filevault": "on"}, map[string]any{"mount": "/System/Volumes/Data", "encrypted": true, "filevault": "on"}}},
		"screen_lock":        map[string]any{"enabled": true, "grace_seconds": 5, "idle_seconds": 300},
		"auto_login":         map[string]any{"enabled": false, "guest": false},
		"firewall":           map[string]any{"global_state": 1},
		"patches":            map[string]any{"manager": "softwareupdate", "lists_refreshed": refreshed, "pending_security": 0},
		"malware_protection": map[string]any{"gatekeeper": true, "sip": true},
		"os_version":         map[string]any{"id": "macos", "name": "macOS", "version": "15.6"},
		"software":           map[string]any{"count": 61, "sha256": hex.EncodeToString(sha256.New().Sum(nil))},
	}
}

func (m *machine) linux(at int64) map[string]any {
	return map[string]any{
		"disk_encryption":    map[string]any{"volumes": []any{map[string]any{"mount": "/", "device": "dm-0", "fs": "ext4", "encrypted": true, "method": "LUKS2", "swap": false}}},
		"firewall":           map[string]any{"manager": "nftables", "inbound": "drop", "active": true},
		"patches":            map[string]any{"manager": "apt", "lists_refreshed": interval.Civil(at, time.UTC), "pending_security": 0},
		"malware_protection": map[string]any{"products": []any{map[string]any{"name": "HuntressAgent", "running": true}}},
		"os_version":         map[string]any{"id": "debian", "name": "Debian GNU/Linux", "version": "12", "codename": "bookworm"},
		"screen_lock":        map[string]any{"desktop": false},
		"accounts":           map[string]any{"login_accounts": 2, "empty_passwords": []any{}, "uid0": []any{"root"}},
		"local_admins":       map[string]any{"members": []any{"root", "sandbar-admin"}},
		"ssh_settings":       map[string]any{"installed": true, "permit_root_login": "no", "permit_empty_passwords": false},
		"software":           map[string]any{"count": 412, "sha256": hex.EncodeToString(sha256.New().Sum(nil))},
		"time_sync":          map[string]any{"synchronized": true},
	}
}
