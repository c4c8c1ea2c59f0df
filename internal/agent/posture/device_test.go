package posture_test

import (
	"testing"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
)

func TestSmallFacts(t *testing.T) {
	clam := desktop.with(tree{
		"/usr/sbin/clamd": "", "/proc/900/comm": "clamd\n", "/opt/CrowdStrike/falcon-sensor": "",
		"/var/lib/clamav/daily.cld": "ClamAV-VDB:20 Nov 2026 08-43 -0500:27825:2077:90:x:y:z",
		"/var/lib/clamav/daily.cvd": "ClamAV-VDB:01 Nov 2026 08-43 -0500:27800",
	})
	guard := func(more ...any) map[string]any { return map[string]any{"products": append([]any{}, more...)} }
	uefi := laptop(t)
	setup := "/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	for _, c := range []struct {
		name, fact string
		machine    tree
		want       map[string]any // nil: unknown
	}{
		{"clam and falcon", "malware_protection", clam, guard(
			map[string]any{"name": "ClamAV", "running": true, "signatures": "2026-11-20"},
			map[string]any{"name": "CrowdStrike Falcon", "running": false})},
		{"no product", "malware_protection", desktop, guard()},
		{
			"clam from the future", "malware_protection",
			desktop.with(tree{"/usr/sbin/clamd": "", "/var/lib/clamav/daily.cvd": "ClamAV-VDB:01 Nov 2036 08-43 -0500:1"}),
			guard(map[string]any{"name": "ClamAV", "running": false}),
		},
		{"secure boot", "secureboot", uefi, map[string]any{"firmware": "uefi", "secure_boot": true, "setup_mode": false}},
		{"setup mode", "secureboot", uefi.with(tree{setup: "\x06\x00\x00\x00\x01"}), map[string]any{"firmware": "uefi", "secure_boot": false, "setup_mode": true}},
		{"no UEFI", "secureboot", desktop, map[string]any{"firmware": "other", "secure_boot": false}},
		{"variables not mounted", "secureboot", desktop.with(tree{"/sys/firmware/efi/": ""}), nil},
		{"container", "secureboot", container, nil},
		{"tpm", "tpm", uefi, map[string]any{"present": true, "version": "2"}},
		{"no tpm", "tpm", desktop, map[string]any{"present": false}},
		{"container", "tpm", container, nil},
		{"hardware", "hardware", uefi, map[string]any{"serial": "LT-0042", "model": "ThinkPad T14", "vendor": "LENOVO"}},
		{"no table", "hardware", desktop, nil},
		{"usb open", "usb_policy", desktop, map[string]any{"blocked": false, "by": []any{}}},
		{"modprobe", "usb_policy", desktop.with(tree{"/etc/modprobe.d/u.conf": "install usb_storage /bin/false\n"}), map[string]any{"blocked": true, "by": []any{"modprobe"}}},
		{"driver loaded", "usb_policy", desktop.with(tree{"/etc/modprobe.d/u.conf": "blacklist usb-storage\n", "/sys/module/usb_storage/refcnt": "0"}), map[string]any{"blocked": false, "by": []any{}}},
		{"usbguard", "usb_policy", desktop.with(tree{"/etc/usbguard/usbguard-daemon.conf": "ImplicitPolicyTarget=block\n", "/proc/55/comm": "usbguard-daemon\n"}), map[string]any{"blocked": true, "by": []any{"usbguard"}}},
		{"udev", "usb_policy", desktop.with(tree{"/etc/udev/rules.d/1.rules": `ATTR{bInterfaceClass}=="08", ATTR{authorized}="0"`}), map[string]any{"blocked": true, "by": []any{"udev"}}},
		{"clock", "time_sync", desktop.with(tree{"/proc/80/comm": "systemd-timesyn\n"}), map[string]any{"service": "systemd-timesyncd", "synchronized": true}},
		{"os", "os_version", desktop, map[string]any{
			"id": "debian", "name": "Debian GNU/Linux 12 (bookworm)", "version": "12", "codename": "bookworm", "kernel": "6.1.0-40-amd64",
		}},
		{"no os-release", "os_version", tree{}, nil},
	} {
		f := fact(t, c.machine.root(nil), c.fact)
		if diff := cmp.Diff(c.want, f.Value); diff != "" {
			t.Errorf("%s %s: %s %s", c.fact, c.name, f.Unknown, diff)
		}
	}
	if f := fact(t, posture.WithClock(desktop.root(nil), false), "time_sync"); f.Value["synchronized"] != false {
		t.Errorf("a clock that is not kept: got %+v", f)
	}
}
