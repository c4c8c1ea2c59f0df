package posture

import (
	"context"
	"errors"
	"os/exec"
	"strings"
)

// readFirewall: {"manager":"nftables"|"iptables"|"ufw"|"firewalld"|"none","inbound":"drop"|"reject"|"accept",
// "ipv4","ipv6","active"}. inbound is the default for a packet that no rule picks out, the weaker of
// both families; ipv6 is absent when the machine has no IPv6. The rules that the kernel runs decide,
// not what a configuration file intends.
func readFirewall(ctx context.Context, m *machine) Fact {
	const how = "nft list ruleset, iptables-save, ip6tables-save, /etc/ufw/ufw.conf"
	if m.Euid != 0 {
		return unknown("the rules of the firewall may not be read by this agent; run it as root", how)
	}
	nft, nftErr := m.nftFilter(ctx)
	ipt, iptErr := m.iptablesFilter(ctx)
	for _, err := range []error{nftErr, iptErr} {
		if err != nil && !errors.Is(err, exec.ErrNotFound) {
			return unknown("the rules of the firewall could not be listed", how)
		}
	}
	if nftErr != nil && iptErr != nil {
		if m.filterImpossible() {
			return known(map[string]any{"manager": "none", "inbound": "accept", "active": false}, "kernel modules")
		}
		return unknown("neither nft nor iptables is installed, so the rules in the kernel could not be listed", how)
	}
	return known(m.describeFilter(nft, ipt), how)
}

func (m *machine) nftFilter(ctx context.Context) (filter, error) {
	out, err := m.command(ctx, "nft", "-j", "list", "ruleset")
	if err != nil {
		return filter{}, err
	}
	return parseNFT(out)
}

// iptablesFilter reads both families; with one program missing the other still counts.
func (m *machine) iptablesFilter(ctx context.Context) (filter, error) {
	var f filter
	out, err := m.command(ctx, "iptables-save")
	if err == nil {
		f.v4, err = parseIptables(out)
	}
	if err != nil {
		return filter{}, err
	}
	if out, err = m.command(ctx, "ip6tables-save"); err == nil {
		f.v6, err = parseIptables(out)
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = nil
	}
	return f, err
}

func (m *machine) describeFilter(nft, ipt filter) map[string]any {
	v4, v6 := open(stricter(nft.v4, ipt.v4)), open(stricter(nft.v6, ipt.v6))
	value := map[string]any{
		"manager": m.filterManager(nft, ipt),
		"active":  nft.loaded() || ipt.loaded(),
		"ipv4":    string(v4),
	}
	value["inbound"] = string(v4)
	if m.text("/proc/net/if_inet6") != "" {
		value["ipv6"] = string(v6)
		value["inbound"] = string(weaker(v4, v6))
	}
	return value
}

func weaker(a, b verdict) verdict {
	for _, v := range []verdict{accept, reject} {
		if a == v || b == v {
			return v
		}
	}
	return drop
}

// open turns "nobody looks" into what it means for a packet.
func open(v verdict) verdict {
	if v == undecided {
		return accept
	}
	return v
}

func (m *machine) filterManager(nft, ipt filter) string {
	ufw, _ := parseINI([]byte(m.text("/etc/ufw/ufw.conf")))
	switch {
	case nft.firewalld:
		return "firewalld"
	case yes(ufw[""]["ENABLED"]):
		return "ufw"
	case nft.loaded():
		return "nftables"
	case ipt.loaded():
		return "iptables"
	}
	return "none"
}

// filterImpossible says that the running kernel has no packet filter at all: neither loaded nor built in.
func (m *machine) filterImpossible() bool {
	loaded, err := m.file("/proc/modules", maxFile)
	if err != nil {
		return false
	}
	builtin, err := m.file("/lib/modules/"+m.text("/proc/sys/kernel/osrelease")+"/modules.builtin", maxFile)
	if err != nil {
		return false
	}
	for _, name := range []string{"nf_tables", "ip_tables", "ip6_tables", "bpfilter"} {
		if strings.Contains("\n"+string(loaded), "\n"+name+" ") || strings.Contains(string(builtin), "/"+name+".ko") {
			return false
		}
	}
	return true
}
