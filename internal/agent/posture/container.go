package posture

import (
	"bytes"
	"context"
	"strings"
)

// readContainer: {"container":"none"|"docker"|"podman"|"lxc"|"kubernetes"|...}.
func readContainer(_ context.Context, m *machine) Fact {
	const how = "/run/systemd/container, /proc/1, marker files, the root mount"
	mounts, err := m.mounts()
	if err != nil {
		return unknown(reason("the list of mounts", err), how)
	}
	kind, ok := m.containerKind(mounts)
	if !ok {
		return unknown("the root file system looks like a container's, but nothing names one", how)
	}
	return known(map[string]any{"container": kind}, how)
}

// containerKind names the container that this runs in, or "none". ok is false when only the root
// file system suggests one; the kind is then "unnamed".
//
// The marker files of Docker and Podman also lie in disk images that were built from a container
// image and run as machines of their own, so they count only with a root file system to match.
func (m *machine) containerKind(mounts []mount) (kind string, ok bool) {
	if kind := m.text("/run/systemd/container"); kind != "" {
		return clean(kind), true
	}
	if kind := m.initEnvironment("container"); kind != "" {
		return clean(kind), true
	}
	cgroup := m.text("/proc/1/cgroup")
	for _, c := range [][2]string{{"kubepods", "kubernetes"}, {"/docker", "docker"}, {"/libpod", "podman"}, {"/lxc", "lxc"}} {
		if strings.Contains(cgroup, c[0]) {
			return c[1], true
		}
	}
	if !borrowedRoot(mounts) {
		return "none", true
	}
	switch {
	case m.exists("/.dockerenv"):
		return "docker", true
	case m.exists("/run/.containerenv"):
		return "podman", true
	case m.text("/proc/2/comm") == "kthreadd":
		return "none", true // kernel threads are visible: a live system, not a container
	}
	return "unnamed", false
}

// borrowedRoot says whether "/" is an overlay or a folder of a larger file system.
func borrowedRoot(mounts []mount) bool {
	for _, on := range mounts {
		if on.point == "/" && on.fs != "rootfs" {
			return on.fs == "overlay" || on.fs == "aufs" || on.root != "/" && on.fs != "btrfs"
		}
	}
	return false
}

// initEnvironment is one variable that process 1 was started with.
func (m *machine) initEnvironment(name string) string {
	data, err := m.file("/proc/1/environ", maxFile)
	if err != nil {
		return ""
	}
	for one := range bytes.SplitSeq(data, []byte{0}) {
		if v, ok := strings.CutPrefix(string(one), name+"="); ok {
			return v
		}
	}
	return ""
}
