package posture_test

import (
	"strings"
	"testing"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
)

// volumes is the disk_encryption of a machine as "mount: encrypted|plain|unknown method".
func volumes(t *testing.T, r posture.Root) []string {
	t.Helper()
	f := fact(t, r, "disk_encryption")
	if f.Unknown != "" {
		return []string{"unknown: " + f.Unknown}
	}
	var out []string
	for _, v := range f.Value["volumes"].([]any) {
		v := v.(map[string]any)
		state := "unknown"
		if on, ok := v["encrypted"].(bool); ok {
			state = map[bool]string{true: "encrypted", false: "plain"}[on]
		} else if v["why"] == nil {
			t.Errorf("%v is unknown without a reason", v)
		}
		line := v["mount"].(string) + ": " + state
		if m, ok := v["method"].(string); ok {
			line += " " + m
		}
		out = append(out, line)
	}
	return out
}

func TestDiskEncryption(t *testing.T) {
	ld := laptop(t)
	mounts := func(lines ...string) tree {
		return tree{"/proc/self/mountinfo": strings.Join(lines, "\n") + "\n"}
	}
	for name, c := range map[string]struct {
		machine tree
		want    []string
	}{
		"laptop": {ld, []string{"/: encrypted LUKS2 aes-xts-plain64", "swap: encrypted LUKS2 aes-xts-plain64"}},
		"plain":  {desktop, []string{"/: plain none", "/home: plain none"}},
		"container": {container, []string{
			"unknown: this runs inside a container, and the disk of its host cannot be seen from here",
		}},
		"header not readable": {
			ld.with(tree{"/dev/nvme0n1p3": "not a header"}),
			[]string{"/: encrypted LUKS2", "swap: encrypted LUKS2"},
		},
		"null cipher": {
			ld.with(tree{"/dev/nvme0n1p3": strings.Replace(testdata(t, "luks2.header"), `"encryption":"aes-xts-plain64","sector_size"`, `"encryption":"cipher_null-ecb","sector_size"`, 1)}),
			[]string{"/: plain LUKS2 cipher_null-ecb", "swap: plain LUKS2 cipher_null-ecb"},
		},
		"verity is not encryption": {
			ld.with(tree{"/sys/block/dm-0/dm/uuid": "CRYPT-VERITY-abc-root"}),
			[]string{"/: plain none", "swap: plain none"},
		},
		"volume group over an encrypted and a plain disk": {
			ld.with(tree{"/sys/block/dm-1/slaves/sdb": "", "/sys/block/sdb/dev": "8:16"}),
			[]string{"/: plain none", "swap: encrypted LUKS2 aes-xts-plain64"},
		},
		"circle of devices": {
			ld.with(tree{"/sys/block/dm-0/dm/uuid": "LVM-x", "/sys/block/dm-0/slaves/nvme0n1p3": "", "/sys/block/nvme0n1/slaves/dm-1": ""}),
			[]string{"/: unknown", "swap: unknown"},
		},
		"swap file on the plain root": {
			desktop.with(tree{"/proc/swaps": "Filename Type\n/swap\\040file file 1 0 -2\n"}),
			[]string{"/: plain none", "/home: plain none", "swap: plain none"},
		},
		"swap in memory": {
			ld.with(tree{"/proc/swaps": "Filename Type\n/dev/zram0 partition 1 0 5\n", "/sys/block/zram0/dev": "252:0"}),
			[]string{"/: encrypted LUKS2 aes-xts-plain64"},
		},
		"compressed memory that writes back to a plain disk": {
			ld.with(tree{
				"/proc/swaps": "Filename Type\n/dev/zram0 partition 1 0 5\n", "/sys/block/zram0/dev": "252:0",
				"/sys/block/zram0/backing_dev": "/dev/nvme0n1p2\n",
			}),
			[]string{"/: encrypted LUKS2 aes-xts-plain64", "swap: plain none"},
		},
		"network, zfs, fuse and an overlay": {
			desktop.with(mounts("28 1 8:2 / / rw - ext4 /dev/sda2 rw",
				"29 28 0:41 / /srv/share rw - nfs4 nas:/export rw",
				"30 28 0:42 / /pool rw - zfs pool rw",
				"31 28 0:43 / /odd rw - oddfs odd rw",
				"32 28 0:44 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/x/diff",
				"33 28 7:0 / /snap/core ro - squashfs /dev/loop0 ro")),
			[]string{"/: plain none", "/odd: unknown", "/pool: unknown", "/srv/share: unknown"},
		},
		"live system on an overlay": {
			desktop.with(mounts("28 1 0:30 / / rw - overlay overlay rw,upperdir=/cow/upper")),
			[]string{"/: unknown"},
		},
		"btrfs on an encrypted and a plain disk": {
			ld.with(mounts("28 1 0:31 /@ / rw - btrfs /dev/mapper/nvme0n1p3_crypt rw,subvol=/@")).with(tree{
				"/sys/fs/btrfs/u/devices/dm-0": "", "/sys/fs/btrfs/u/devices/sdb": "", "/sys/block/sdb/dev": "8:16",
			}),
			[]string{"/: plain none", "swap: encrypted LUKS2 aes-xts-plain64"},
		},
		"loop file on the encrypted root": {
			ld.with(mounts("28 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw", "29 28 7:1 / /mnt/image-of-smith rw - ext4 /dev/loop1 rw")).with(tree{
				"/sys/block/loop1/dev": "7:1", "/sys/block/loop1/loop/backing_file": "/srv/disk.img",
			}),
			[]string{"/: encrypted LUKS2 aes-xts-plain64", "/mnt/*: encrypted LUKS2 aes-xts-plain64", "swap: encrypted LUKS2 aes-xts-plain64"},
		},
		"a device that is not there": {
			desktop.with(mounts("28 1 8:77 / / rw - ext4 /dev/sdz9 rw")),
			[]string{"/: unknown"},
		},
		"a line that is not a mount": {
			desktop.with(mounts("28 1 8:2 / / rw - ext4 /dev/sda2 rw", "garbage")),
			[]string{"unknown: the list of mounts could not be read"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, volumes(t, c.machine.root(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLUKSHeaders(t *testing.T) {
	for name, want := range map[string]string{"luks1.header": "LUKS aes-xts-plain64", "luks2.header": "LUKS aes-xts-plain64"} {
		on, method, err := posture.ParseLUKS(strings.NewReader(testdata(t, name)))
		if err != nil || !on || method != want {
			t.Errorf("%s: got %v %q %v, want %q", name, on, method, err, want)
		}
	}
	whole := testdata(t, "luks2.header")
	for _, n := range []int{0, 6, 200, 4096, 5000} {
		if _, _, err := posture.ParseLUKS(strings.NewReader(whole[:n])); err == nil {
			t.Errorf("header cut at %d was read", n)
		}
	}
	moving := strings.Replace(whole, `"config":{`, `"config":{"requirements":{"mandatory":["online-reencrypt"]},`, 1)
	if on, _, err := posture.ParseLUKS(strings.NewReader(moving)); err != nil || on {
		t.Errorf("a change of encryption under way: got encrypted %v, %v", on, err)
	}
}

func TestContainerNeedsMoreThanAMarkerFile(t *testing.T) {
	for name, c := range map[string]struct {
		machine tree
		want    string
	}{
		"docker":                     {container, "docker"},
		"image started as a machine": {desktop.with(tree{"/.dockerenv": ""}), "none"},
		"lxc":                        {desktop.with(tree{"/proc/1/environ": "A=b\x00container=lxc\x00"}), "lxc"},
		"nspawn":                     {desktop.with(tree{"/run/systemd/container": "systemd-nspawn\n"}), "systemd-nspawn"},
		"pod":                        {container.with(tree{"/proc/1/cgroup": "0::/kubepods/burstable/x\n"}), "kubernetes"},
	} {
		if got := fact(t, c.machine.root(nil), "container").Value["container"]; got != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}
