package posture_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const lists = "/var/lib/apt/lists/"

func stanza(name, version, arch string) string {
	return fmt.Sprintf("Package: %s\nStatus: install ok installed\nArchitecture: %s\nVersion: %s\nDescription: x\n more: text\n\n", name, arch, version)
}

// debian is a server with security lists of the day before yesterday.
var debian = desktop.with(tree{
	"/var/lib/dpkg/status": stanza("dpkg", "1.21.22", "amd64") + stanza("openssl", "3.0.15-1~deb12u1", "amd64") +
		stanza("ca-certificates", "20230311", "all") + stanza("bash", "5.2.15-2+b8", "amd64") +
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n",
	lists + "deb.debian.org_debian-security_dists_bookworm-security_InRelease": "-----BEGIN PGP SIGNED MESSAGE-----\n\n" +
		"Label: Debian-Security\nDate: Thu, 19 Nov 2026 00:12:41 UTC\nMD5Sum:\n",
	lists + "deb.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages": stanza("openssl", "3.0.17-1~deb12u2", "amd64") +
		stanza("openssl", "3.0.16-1~deb12u1", "amd64") + stanza("ca-certificates", "20250419~deb12u2", "all") +
		stanza("gone", "2", "amd64") + stanza("bash", "5.2.15-2", "amd64"),
	lists + "deb.debian.org_debian_dists_bookworm_InRelease":                  "Label: Debian\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n",
	lists + "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages": stanza("bash", "9", "amd64"),
})

func TestAptPatches(t *testing.T) {
	const file = lists + "deb.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages"
	pending := map[string]any{
		"manager": "apt", "lists_refreshed": "2026-11-19", "pending_security": int64(2),
		"pending": []any{"ca-certificates", "openssl"}, "oldest_known": false,
	}
	compressed := func(ext, text string) tree {
		m := debian.with(tree{file + ext: text})
		delete(m, file)
		return m
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(debian[file])); err != nil || w.Close() != nil {
		t.Fatal("gzip")
	}
	for name, c := range map[string]struct {
		machine tree
		answers commands
		want    map[string]any
		unknown string
	}{
		"pending":                  {debian, nil, pending, ""},
		"gzip":                     {compressed(".gz", z.String()), nil, pending, ""},
		"lz4":                      {compressed(".lz4", "?"), commands{"/usr/lib/apt/apt-helper cat-file " + file + ".lz4": debian[file]}, pending, ""},
		"lz4 without apt's helper": {compressed(".lz4", "?"), nil, nil, "a package list is not installed"},
		"gzip cut short":           {compressed(".gz", z.String()[:60]), nil, nil, "a package list could not be read"},
		"up to date": {
			debian.with(tree{file: stanza("openssl", "3.0.15-1~deb12u1", "amd64"), "/run/reboot-required": ""}), nil,
			map[string]any{
				"manager": "apt", "lists_refreshed": "2026-11-19", "pending_security": int64(0), "pending": []any{},
				"reboot_required": true,
			},
			"",
		},
		"no security list": {compressed(".diff_Index", ""), nil, nil, "no package list of a security suite has been downloaded"},
		"a date in the future": {
			debian.with(tree{strings.Replace(file, "main_binary-amd64_Packages", "InRelease", 1): "Date: Thu, 19 Nov 2099 00:12:41 UTC\n"}),
			nil, nil, "the package lists carry no date",
		},
		"no package manager": {desktop, nil, nil, "no package manager that this agent reads (apt, dnf)"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fact(t, c.machine.root(c.answers), "patches")
			if diff := cmp.Diff(c.want, f.Value); diff != "" || f.Unknown != c.unknown {
				t.Errorf("unknown %q, want %q\n%s", f.Unknown, c.unknown, diff)
			}
		})
	}
}

// rpmHost is a Fedora-like server.
var rpmHost = linux.with(tree{
	"/usr/bin/dnf": "", "/usr/bin/rpm": "", "/var/lib/rpm/rpmdb.sqlite": "",
	"/etc/yum.repos.d/os.repo":                                    "[baseos]\nname=x\nenabled=1\n[extras]\nenabled=0\n",
	"/var/cache/dnf/baseos-0123/repodata/p.xml":                   "",
	"/proc/self/mountinfo":                                        "28 1 8:2 / / rw - xfs /dev/sda2 rw\n",
	"/etc/dnf/automatic.conf":                                     "[commands]\napply_updates = yes\n",
	"/etc/systemd/system/timers.target.wants/dnf-automatic.timer": "",
})

func TestDnfPatches(t *testing.T) {
	const ask = "dnf -q -C updateinfo list --updates security"
	f := fact(t, rpmHost.root(commands{ask: "RHSA-2026:1 Important/Sec. kernel-core-5.14.0-503.el9.x86_64\n" +
		"RHSA-2026:2 Moderate/Sec.  openssl-libs-1:3.2.2-6.el9.x86_64\n"}), "patches")
	want := map[string]any{
		"manager": "dnf", "lists_refreshed": "2026-11-19", "pending_security": int64(2),
		"pending": []any{"kernel-core", "openssl-libs"}, "oldest_known": false,
	}
	if diff := cmp.Diff(want, f.Value); diff != "" {
		t.Errorf("dnf 4: %s %s", f.Unknown, diff)
	}
	five := rpmHost.with(tree{"/usr/bin/dnf5": ""})
	f = fact(t, five.root(commands{"dnf5 -q -C advisory list --security --updates": "Name Type Severity Package Issued\n" +
		"FEDORA-1 security Important curl-8.9.1-3.fc41.x86_64 2026-11-02 01:02:03\n" +
		"FEDORA-2 security Moderate vim-minimal-9.1-1.fc41.x86_64 2026-10-30 00:00:00\n"}), "patches")
	want["pending"], want["oldest_known"], want["oldest_pending"] = []any{"curl", "vim-minimal"}, true, "2026-10-30"
	if diff := cmp.Diff(want, f.Value); diff != "" {
		t.Errorf("dnf 5: %s %s", f.Unknown, diff)
	}
	for name, m := range map[string]tree{
		"an enabled repository without lists": rpmHost.with(tree{"/etc/yum.repos.d/b.repo": "[appstream]\n"}),
		"a failing dnf":                       rpmHost,
	} {
		if f := fact(t, m.root(nil), "patches"); f.Unknown == "" {
			t.Errorf("%s: got %v", name, f.Value)
		}
	}
	if _, _, _, err := posture.ParseAdvisories([]byte("Error: something else\n")); err == nil {
		t.Error("an error message was read as an advisory")
	}
}

func TestSoftware(t *testing.T) {
	got, err := posture.Software(rpmHost.root(commands{
		`rpm -qa --qf %{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\n`: "vim\t2:9.1-1\tx86_64\nbash\t0:5.2-1\tx86_64\ngpg-pubkey\t0:1-1\t(none)\n",
	}))
	want := []posture.Package{{"bash", "5.2-1", "x86_64", "rpm"}, {"vim", "2:9.1-1", "x86_64", "rpm"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("rpm: %v %s", err, diff)
	}
	if f := fact(t, debian.root(nil), "software"); f.Value["count"] != int64(4) || len(f.Value["sha256"].(string)) != 64 {
		t.Errorf("dpkg: got %+v", f)
	}
	if f := fact(t, rpmHost.root(nil), "software"); f.Unknown == "" {
		t.Errorf("an rpm database without rpm: got %v", f.Value)
	}
}

func TestAutoUpdate(t *testing.T) {
	on := debian.with(tree{
		"/var/lib/dpkg/status":                                            stanza("unattended-upgrades", "2.9", "all"),
		"/etc/apt/apt.conf.d/20auto-upgrades":                             "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n",
		"/etc/apt/apt.conf.d/50other.conf":                                "APT { Periodic { Verbose \"1\"; /* no */ }; }; // end\n",
		"/etc/apt/apt.conf.d/99ignored.dpkg-old":                          "APT::Periodic::Unattended-Upgrade \"0\";\n",
		"/etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer": "",
	})
	for name, c := range map[string]struct {
		machine tree
		want    map[string]any
	}{
		"on":        {on, map[string]any{"tool": "unattended-upgrades", "enabled": true}},
		"off later": {on.with(tree{"/etc/apt/apt.conf.d/90local": `apt::periodic { unattended-upgrade "0"; };`}), map[string]any{"tool": "unattended-upgrades", "enabled": false}},
		"masked":    {on.with(tree{"/etc/systemd/system/apt-daily-upgrade.timer": ""}), map[string]any{"tool": "unattended-upgrades", "enabled": false}},
		"absent":    {debian, map[string]any{"tool": "none", "enabled": false}},
		"dnf":       {rpmHost, map[string]any{"tool": "dnf-automatic", "enabled": true}},
		"dnf only downloads": {
			rpmHost.with(tree{"/etc/dnf/automatic.conf": "[commands]\napply_updates = no\n"}),
			map[string]any{"tool": "dnf-automatic", "enabled": false},
		},
	} {
		f := fact(t, c.machine.root(nil), "auto_update")
		if diff := cmp.Diff(c.want, f.Value); diff != "" {
			t.Errorf("%s: %s %s", name, f.Unknown, diff)
		}
	}
}

// TestDebianVersionsInOrder: each is older than the next (Debian Policy 5.6.12 and its examples).
func TestDebianVersionsInOrder(t *testing.T) {
	ordered := []string{
		"0.9~~", "0.9~~a", "0.9~", "0.9", "1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0-1", "1.0-1a", "1.0-1+b1",
		"1.0-1.1", "1.0a-1", "1.0+dfsg-1", "1.0.5", "1.2.3", "1.10", "20230311", "1:0.1", "2:0", "10:0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got := posture.CompareDebian(a, b); got != want {
				t.Errorf("compare %q with %q: got %d, want %d", a, b, got, want)
			}
		}
	}
	if posture.CompareDebian("0:1.0", "1.0") != 0 || posture.CompareDebian("1.0-0", "1.0") != 0 || posture.CompareDebian("1.01", "1.1") != 0 {
		t.Error("an epoch of 0, a revision of 0 and leading zeros change nothing")
	}
}

var debianVersion = rapid.StringMatching(`([0-9]:)?[0-9][0-9a-zA-Z.+~]{0,6}(-[0-9a-z.+~]{1,4})?`)

func TestDebianVersionsAreAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := debianVersion.Draw(t, "a"), debianVersion.Draw(t, "b"), debianVersion.Draw(t, "c")
		if posture.CompareDebian(a, b) != -posture.CompareDebian(b, a) {
			t.Errorf("%q and %q: not antisymmetric", a, b)
		}
		if posture.CompareDebian(a, b) <= 0 && posture.CompareDebian(b, c) <= 0 && posture.CompareDebian(a, c) > 0 {
			t.Errorf("%q, %q, %q: not transitive", a, b, c)
		}
	})
}

// TestDebianVersionsAsDpkgSays asks dpkg itself where there is one.
func TestDebianVersionsAsDpkgSays(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("no dpkg on this machine")
	}
	for i := range 200 {
		a, b := debianVersion.Example(i), debianVersion.Example(i+1000)
		got := posture.CompareDebian(a, b)
		op := map[int]string{-1: "lt", 0: "eq", 1: "gt"}[got]
		if err := exec.Command(dpkg, "--compare-versions", a, op, b).Run(); err != nil {
			t.Errorf("dpkg says that %q is not %s %q", a, op, b)
		}
	}
}
