package posture_test

import (
	"bytes"
	"strings"
	"testing"

	"breakwater/internal/agent/posture"
)

func FuzzMountinfo(f *testing.F) {
	f.Add([]byte("28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n30 28 8:3 / /a\\040b rw - ext4 x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		points, err := posture.ParseMountinfo(data)
		for _, p := range points {
			if err == nil && !strings.HasPrefix(p, "/") {
				t.Errorf("mount point %q", p)
			}
		}
	})
}

func FuzzDpkgStatus(f *testing.F) {
	f.Add([]byte(stanza("bash", "5.2", "amd64") + "\n\nPackage: x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := posture.ParseStanzas(data)
		if err == nil && n > bytes.Count(data, []byte("Package:")) {
			t.Errorf("%d stanzas from %d names", n, bytes.Count(data, []byte("Package:")))
		}
	})
}

func FuzzSSHDConfig(f *testing.F) {
	f.Add([]byte("PermitRootLogin no\nMatch User x\nPermitRootLogin \"yes\"\nInclude /etc/*\n=\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for key, value := range posture.ParseSSHD(data) {
			if value == "" || strings.ToLower(key) != key {
				t.Errorf("setting %q = %q", key, value)
			}
		}
	})
}

func FuzzNFT(f *testing.F) {
	for _, name := range []string{"nft-drop.json", "nft-firewalld.json", "nft-iptables.json"} {
		f.Add([]byte(testdata(f, name)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := posture.ParseNFT(data)
		if err != nil && got != (posture.Filter{}) {
			t.Errorf("an answer %+v beside the error %v", got, err)
		}
	})
}

func FuzzIptables(f *testing.F) {
	f.Add([]byte(ufwRules))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := posture.ParseIptables(data)
		if err != nil && got != "" {
			t.Errorf("an answer %q beside the error %v", got, err)
		}
	})
}

func FuzzCompareDebian(f *testing.F) {
	f.Add("1:2.3~rc1-4", "2.3-4+b1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if posture.CompareDebian(a, b) != -posture.CompareDebian(b, a) || posture.CompareDebian(a, a) != 0 {
			t.Errorf("%q and %q are not ordered", a, b)
		}
	})
}

func FuzzLUKS(f *testing.F) {
	f.Add([]byte(testdata(f, "luks1.header")))
	f.Add([]byte(testdata(f, "luks2.header")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := posture.ParseLUKS(bytes.NewReader(data)); err == nil && !bytes.HasPrefix(data, []byte("LUKS\xba\xbe")) {
			t.Error("a header without its magic was read")
		}
	})
}

func FuzzGVDB(f *testing.F) {
	for _, name := range []string{"dconf-site", "dconf-user", "gschemas.compiled"} {
		f.Add([]byte(testdata(f, name)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := posture.ParseGVDB(data); err == nil && n > len(data) {
			t.Errorf("%d keys from %d bytes", n, len(data))
		}
	})
}

func FuzzAptConf(f *testing.F) {
	f.Add([]byte("APT { Periodic { A \"1\"; }; }; // x\n/* y */ B::C \"2\";"))
	f.Fuzz(func(t *testing.T, data []byte) {
		conf, err := posture.ParseAptConf(data)
		for name := range conf {
			if err == nil && strings.ToLower(name) != name {
				t.Errorf("name %q", name)
			}
		}
	})
}
