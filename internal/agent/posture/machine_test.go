package posture_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"breakwater/internal/agent/posture"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// tree is a fake machine: absolute paths and their texts. A path that ends in a slash is an empty folder.
type tree map[string]string

// commands are the answers of programs by their whole command line.
type commands map[string]string

// with lays more files over a tree.
func (t tree) with(more tree) tree {
	out := maps.Clone(t)
	maps.Copy(out, more)
	return out
}

func (t tree) fs() fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range t {
		name = strings.TrimPrefix(name, "/")
		if dir, ok := strings.CutSuffix(name, "/"); ok {
			out[dir] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
			continue
		}
		out[name] = &fstest.MapFile{Data: []byte(text), ModTime: now.Add(-48 * time.Hour)}
	}
	return out
}

func (t tree) root(answers commands) posture.Root {
	run := func(_ context.Context, name string, args ...string) ([]byte, error) {
		line := strings.Join(append([]string{name}, args...), " ")
		if out, ok := answers[line]; ok {
			return []byte(out), nil
		}
		return nil, fmt.Errorf("run %s: %w", name, exec.ErrNotFound)
	}
	return posture.WithClock(posture.Root{FS: t.fs(), Run: run, Now: func() time.Time { return now }}, true)
}

// fact reads one fact of a machine.
func fact(t *testing.T, r posture.Root, name string) posture.Fact {
	t.Helper()
	for _, f := range posture.Collect(t.Context(), r) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no fact %q", name)
	return posture.Fact{}
}

// testdata is what real tools wrote from settings made for these tests: cryptsetup 2.6 (LUKS headers
// without key slots), nft 1.0.6, iptables 1.8.9, dconf 0.40, glib-compile-schemas 2.74.
func testdata(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// linux is what every machine here has: accounts, processes, a name.
var linux = tree{
	"/etc/os-release": "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n" +
		"VERSION_CODENAME=bookworm\n",
	"/proc/sys/kernel/osrelease": "6.1.0-40-amd64\n",
	"/proc/sys/kernel/hostname":  "front-desk\n",
	"/etc/machine-id":            "3d1219c7c4c5404aaa1f6d2a48adfda4\n",
	"/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n" +
		"pat:x:1000:1000:Pat:/home/pat:/bin/bash\n",
	"/etc/shadow":         "root:!:20000::::::\ndaemon:*:20000::::::\npat:$y$j9T$abc$def:20000:0:99999:7:::\n",
	"/etc/group":          "root:x:0:\nsudo:x:27:pat\npat:x:1000:\n",
	"/proc/1/comm":        "systemd\n",
	"/proc/2/comm":        "kthreadd\n",
	"/proc/swaps":         "Filename\tType\tSize\tUsed\tPriority\n",
	"/proc/net/tcp":       "  sl  local_address rem_address   st\n",
	"/sys/class/dmi/id/":  "",
	"/sys/firmware/acpi/": "",
}

// laptop is a Debian laptop as its installer makes it with encryption: LVM inside LUKS2, swap in it.
func laptop(t testing.TB) tree {
	return linux.with(tree{
		"/proc/self/mountinfo": "22 28 0:21 / /proc rw - proc proc rw\n" +
			"28 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n" +
			"40 28 259:2 / /boot rw,relatime - ext4 /dev/nvme0n1p2 rw\n" +
			"41 40 259:1 / /boot/efi rw,relatime - vfat /dev/nvme0n1p1 rw\n" +
			"42 28 0:40 / /tmp rw - tmpfs tmpfs rw\n",
		"/proc/swaps":                            "Filename Type Size Used Priority\n/dev/dm-2 partition 1000 0 -2\n",
		"/sys/block/nvme0n1/dev":                 "259:0",
		"/sys/block/nvme0n1/nvme0n1p1/dev":       "259:1",
		"/sys/block/nvme0n1/nvme0n1p2/dev":       "259:2",
		"/sys/block/nvme0n1/nvme0n1p3/dev":       "259:3",
		"/sys/block/nvme0n1/nvme0n1p1/partition": "1", "/sys/block/nvme0n1/nvme0n1p2/partition": "2",
		"/sys/block/nvme0n1/nvme0n1p3/partition": "3",
		"/sys/block/dm-0/dev":                    "253:0", "/sys/block/dm-0/dm/name": "nvme0n1p3_crypt",
		"/sys/block/dm-0/dm/uuid":          "CRYPT-LUKS2-27b2909ac3e9418da13b7f5eb2628f5e-nvme0n1p3_crypt\n",
		"/sys/block/dm-0/slaves/nvme0n1p3": "",
		"/sys/block/dm-1/dev":              "253:1", "/sys/block/dm-1/dm/name": "vg-root",
		"/sys/block/dm-1/dm/uuid": "LVM-abc", "/sys/block/dm-1/slaves/dm-0": "",
		"/sys/block/dm-2/dev": "253:2", "/sys/block/dm-2/dm/name": "vg-swap",
		"/sys/block/dm-2/dm/uuid": "LVM-def", "/sys/block/dm-2/slaves/dm-0": "",
		"/dev/nvme0n1p3":                        testdata(t, "luks2.header"),
		"/sys/class/dmi/id/chassis_type":        "10",
		"/sys/class/dmi/id/product_serial":      "LT-0042",
		"/sys/class/dmi/id/product_name":        "ThinkPad T14",
		"/sys/class/dmi/id/sys_vendor":          "LENOVO",
		"/sys/class/tpm/tpm0/tpm_version_major": "2\n",
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": "\x06\x00\x00\x00\x01",
		"/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c":  "\x06\x00\x00\x00\x00",
	})
}

// desktop is a machine with one plain disk.
var desktop = linux.with(tree{
	"/proc/self/mountinfo": "28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n" +
		"30 28 8:3 / /home rw,relatime - ext4 /dev/sda3 rw\n",
	"/sys/block/sda/dev":            "8:0",
	"/sys/block/sda/sda2/dev":       "8:2",
	"/sys/block/sda/sda2/partition": "2",
	"/sys/block/sda/sda3/dev":       "8:3",
	"/sys/block/sda/sda3/partition": "3",
})

// container is the inside of a Docker container.
var container = linux.with(tree{
	"/proc/self/mountinfo": "1 0 0:50 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/var/lib/docker/overlay2/x/diff\n",
	"/.dockerenv":          "",
	"/proc/1/comm":         "sh\n",
	"/proc/2/comm":         "top\n",
	"/sys/block/sda/dev":   "8:0",
})
