package posture

import (
	"context"
	"sort"
	"strings"
)

// maxVolumes bounds the value; a machine with more is not described in part.
const maxVolumes = 200

// volume is a mounted local writable file system or a swap area.
type volume struct {
	mount, device, fs string
	swap              bool
	cipher
}

// startPartitions hold what the machine needs before it can ask for a passphrase.
var startPartitions = map[string]bool{"/boot": true, "/boot/efi": true, "/efi": true, "/boot/firmware": true}

// readDiskEncryption: {"platform":"linux","volumes":[{"mount","device","fs","encrypted","method","swap","why"}]}.
// A volume without "encrypted" is one whose encryption is not known, and "why" says the reason.
func readDiskEncryption(_ context.Context, m *machine) Fact {
	const how = "/proc/self/mountinfo, /proc/swaps, /sys/block, LUKS headers"
	mounts, err := m.mounts()
	if err != nil {
		return unknown(reason("the list of mounts", err), how)
	}
	if kind, _ := m.containerKind(mounts); kind != "none" {
		return unknown("this runs inside a container, and the disk of its host cannot be seen from here", how)
	}
	disks, err := m.disks()
	if err != nil {
		return unknown(reason("the list of disks", err), how)
	}
	s := &stack{m: m, disks: disks, mounts: mounts, seen: map[string]cipher{}}
	swaps, err := s.swaps()
	if err != nil {
		return unknown(reason("the list of swap areas", err), how)
	}
	volumes := append(s.volumes(), swaps...)
	if len(volumes) == 0 || len(volumes) > maxVolumes {
		return unknown("no list of volumes that this agent could describe was found", how)
	}
	return known(map[string]any{"platform": "linux", "volumes": describe(volumes)}, how)
}

// volumes are the file systems that keep what is written to them, each once, at its shortest mount point.
func (s *stack) volumes() []volume {
	var all []volume
	at := map[string]int{}
	for _, on := range s.mounts {
		if s.leftOut(on) {
			continue
		}
		key := on.device()
		if i, ok := at[key]; ok {
			if len(on.point) < len(all[i].mount) {
				all[i].mount = on.point
			}
			continue
		}
		at[key] = len(all)
		all = append(all, volume{mount: on.point, device: on.source, fs: on.fs, cipher: s.cipherOfMount(on, 0)})
	}
	for i := range all {
		all[i].mount = withoutLabel(all[i].mount)
	}
	return all
}

// leftOut says which mounts are not volumes: not written to, kept in memory, needed to start, or
// lying on another volume that is listed itself.
func (s *stack) leftOut(on mount) bool {
	if on.readOnly || startPartitions[on.point] {
		return true
	}
	switch on.storage() {
	case inKernel, stacked:
		return true
	case unheardOf:
		return on.fs == "overlay" && on.point != "/" && s.overlay(on, 0).encrypted != notKnown
	}
	return false
}

// withoutLabel drops the name that someone gave a removable disk, which may say anything.
func withoutLabel(point string) string {
	for _, p := range []string{"/run/media/", "/media/", "/mnt/"} {
		if strings.HasPrefix(point, p) {
			return p + "*"
		}
	}
	return point
}

// swaps are the active swap areas but those in compressed memory.
func (s *stack) swaps() ([]volume, error) {
	data, err := s.m.file("/proc/swaps", maxFile)
	if err != nil {
		return nil, err
	}
	var all []volume
	first := true
	err = eachLine(data, func(line string) bool {
		f := strings.Fields(line)
		if !first && len(f) >= 2 {
			if v, ok := s.swap(unescape(f[0]), f[1]); ok {
				all = append(all, v)
			}
		}
		first = false
		return len(all) <= maxVolumes
	})
	return all, err
}

func (s *stack) swap(name, kind string) (volume, bool) {
	v := volume{mount: "swap", device: name, fs: "swap", swap: true}
	if kind == "file" {
		if on, ok := mountOf(s.mounts, name); ok {
			v.cipher = s.cipherOfMount(on, 0)
			v.device = on.source
			return v, true
		}
	}
	one, ok := s.disks.byPath(s.m, name)
	if strings.HasPrefix(one.name, "zram") {
		backing := s.m.text("/sys/block/" + one.name + "/backing_dev")
		if backing == "" || backing == "none" {
			return volume{}, false
		}
		one, ok = s.disks.byPath(s.m, backing)
	}
	v.cipher = cipher{why: "the device of this swap area could not be found"}
	if ok {
		v.cipher = s.cipherOf(one, 0)
	}
	return v, true
}

func describe(volumes []volume) []any {
	sort.SliceStable(volumes, func(i, j int) bool {
		a, b := volumes[i], volumes[j]
		if a.mount != b.mount {
			return a.mount < b.mount
		}
		return a.device < b.device
	})
	out := make([]any, len(volumes))
	for i, v := range volumes {
		one := map[string]any{"mount": clean(v.mount), "device": clean(v.device), "fs": clean(v.fs), "swap": v.swap}
		if v.encrypted != notKnown {
			one["encrypted"] = v.encrypted == yesItIs
		}
		if v.method != "" {
			one["method"] = v.method
		}
		if v.why != "" {
			one["why"] = v.why
		}
		out[i] = one
	}
	return out
}
