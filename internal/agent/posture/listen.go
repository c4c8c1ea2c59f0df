package posture

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/netip"
	"sort"
	"strconv"
	"strings"
)

// remotePorts are the ports of SSH, Telnet, RDP, VNC and TeamViewer.
var remotePorts = map[int64]bool{22: true, 23: true, 3389: true, 5900: true, 5938: true}

// maxSockets bounds the kernel's list; a busy server has some ten thousand.
const maxSockets = 500_000

// listener is a TCP socket that waits for connections from elsewhere.
type listener struct {
	port    int64
	any     bool // on every address, not on one
	inode   string
	process string
}

// readRemoteAccess: {"listeners":[{"port","address":"any"|"one","process"}]} on the ports for remote
// access, loopback left out. process is absent when this agent may not see whose socket it is.
func readRemoteAccess(_ context.Context, m *machine) Fact {
	const how = "/proc/net/tcp, /proc/net/tcp6, /proc/*/fd"
	var all []listener
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := m.file(name, 8*maxFile)
		if errors.Is(err, fs.ErrNotExist) && name == "/proc/net/tcp6" {
			continue
		}
		if err != nil {
			return unknown(reason("the list of open ports", err), how)
		}
		some, err := parseListeners(data)
		if err != nil {
			return unknown(reason("the list of open ports", err), how)
		}
		all = append(all, some...)
	}
	if len(all) > 0 {
		m.nameOwners(all)
	}
	return known(map[string]any{"listeners": describeListeners(all)}, how)
}

// parseListeners reads /proc/net/tcp (proc_net_tcp(5)): the local address in hexadecimal, state 0A.
func parseListeners(data []byte) ([]listener, error) {
	var all []listener
	lines := 0
	err := eachLine(data, func(line string) bool {
		lines++
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != "0A" {
			return lines <= maxSockets
		}
		host, port, _ := strings.Cut(f[1], ":")
		addr, ok := hexAddress(host)
		number, err := strconv.ParseInt(port, 16, 32)
		if ok && err == nil && remotePorts[number] && !addr.IsLoopback() {
			all = append(all, listener{port: number, any: addr.IsUnspecified(), inode: f[9]})
		}
		return lines <= maxSockets
	})
	if err == nil && lines > maxSockets {
		err = errTooBig
	}
	return all, err
}

// hexAddress reads an address as the kernel prints it on a little-endian machine: words of four bytes, reversed.
func hexAddress(s string) (netip.Addr, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw)%4 != 0 {
		return netip.Addr{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	addr, ok := netip.AddrFromSlice(raw)
	return addr.Unmap(), ok
}

// nameOwners finds whose sockets these are, as far as the file descriptors of others may be seen.
func (m *machine) nameOwners(all []listener) {
	wanted := map[string][]int{}
	for i, l := range all {
		wanted["socket:["+l.inode+"]"] = append(wanted["socket:["+l.inode+"]"], i)
	}
	processes, err := m.processes()
	if err != nil {
		return // the listeners stay without a process: absent is "not known"
	}
	for _, p := range processes {
		dir := "/proc/" + strconv.Itoa(p.pid) + "/fd"
		fds, err := m.names(dir)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			target, err := fs.ReadLink(m.FS, rel(dir+"/"+fd))
			if err != nil {
				continue
			}
			for _, i := range wanted[target] {
				all[i].process = p.name
			}
		}
	}
}

func describeListeners(all []listener) []any {
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.port != b.port {
			return a.port < b.port
		}
		if a.any != b.any {
			return a.any
		}
		return a.process < b.process
	})
	out := []any{}
	for i, l := range all {
		if i > 0 && l.port == all[i-1].port && l.any == all[i-1].any && l.process == all[i-1].process {
			continue
		}
		one := map[string]any{"port": l.port, "address": "one"}
		if l.any {
			one["address"] = "any"
		}
		if l.process != "" {
			one["process"] = clean(l.process)
		}
		out = append(out, one)
	}
	return out
}
