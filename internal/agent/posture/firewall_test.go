package posture_test

import (
	"fmt"
	"strings"
	"testing"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
)

// ufwServer is a server whose ufw runs on iptables.
func ufwServer() tree {
	return desktop.with(tree{
		"/etc/ufw/ufw.conf":  "ENABLED=yes\nLOGLEVEL=low\n",
		"/proc/net/if_inet6": "fe80 02 40 20 80 eth0\n",
	})
}

const ufwRules = "*filter\n:INPUT DROP [0:0]\n:ufw-before-input - [0:0]\n:ufw-after-input - [0:0]\n" +
	"-A INPUT -j ufw-before-input\n-A INPUT -j ufw-after-input\n" +
	"-A ufw-before-input -i lo -j ACCEPT\n-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n" +
	"-A ufw-after-input -p udp -m udp --dport 137 -j DROP\nCOMMIT\n"

func TestFirewall(t *testing.T) {
	const nft, v4, v6 = "nft -j list ruleset", "iptables-save", "ip6tables-save"
	ruleset := func(chain, rules string) string {
		return fmt.Sprintf(`{"nftables":[{"metainfo":{}},{"chain":{"family":"inet","table":"f","name":"in",%s}}%s]}`, chain, rules)
	}
	const hook = `"type":"filter","hook":"input","policy":`
	for name, c := range map[string]struct {
		machine tree
		answers commands
		want    map[string]any
		unknown string
	}{
		"ufw": {
			ufwServer(),
			commands{v4: ufwRules, v6: ufwRules},
			map[string]any{"manager": "ufw", "inbound": "drop", "ipv4": "drop", "ipv6": "drop", "active": true},
			"",
		},
		"ufw configured, rules not loaded": {
			ufwServer(),
			commands{v4: "", v6: ""},
			map[string]any{"manager": "ufw", "inbound": "accept", "ipv4": "accept", "ipv6": "accept", "active": false},
			"",
		},
		"IPv6 left open": {
			ufwServer(),
			commands{v4: ufwRules, v6: "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"},
			map[string]any{"manager": "ufw", "inbound": "accept", "ipv4": "drop", "ipv6": "accept", "active": true},
			"",
		},
		"nftables": {
			desktop,
			commands{nft: testdata(t, "nft-drop.json")},
			map[string]any{"manager": "nftables", "inbound": "drop", "ipv4": "drop", "active": true},
			"",
		},
		"firewalld": {
			desktop,
			commands{nft: testdata(t, "nft-firewalld.json")},
			map[string]any{"manager": "firewalld", "inbound": "reject", "ipv4": "reject", "active": true},
			"",
		},
		"iptables kept in nftables": {
			desktop,
			commands{nft: testdata(t, "nft-iptables.json")},
			map[string]any{"manager": "nftables", "inbound": "reject", "ipv4": "reject", "active": true},
			"",
		},
		"rules but an accepting policy": {
			desktop,
			commands{nft: ruleset(hook+`"accept"`, `,{"rule":{"family":"inet","table":"f","chain":"in","expr":[{"match":{}},{"drop":null}]}}`)},
			map[string]any{"manager": "nftables", "inbound": "accept", "ipv4": "accept", "active": true},
			"",
		},
		"dropping policy behind a rule that accepts everything": {
			desktop,
			commands{nft: ruleset(hook+`"drop"`, `,{"rule":{"family":"inet","table":"f","chain":"in","expr":[{"counter":{}},{"accept":null}]}}`)},
			map[string]any{"manager": "nftables", "inbound": "accept", "ipv4": "accept", "active": true},
			"",
		},
		"nothing loaded": {
			desktop,
			commands{nft: `{"nftables":[{"metainfo":{}}]}`},
			map[string]any{"manager": "none", "inbound": "accept", "ipv4": "accept", "active": false},
			"",
		},
		"kernel without a filter": {
			desktop.with(tree{"/proc/modules": "ext4 1 0\n", "/lib/modules/6.1.0-40-amd64/modules.builtin": "kernel/fs/x.ko\n"}), nil,
			map[string]any{"manager": "none", "inbound": "accept", "active": false},
			"",
		},
		"no program": {desktop, nil, nil, "neither nft nor iptables is installed, so the rules in the kernel could not be listed"},
		"bad answer": {desktop, commands{nft: "oops"}, nil, "the rules of the firewall could not be listed"},
		"half an answer": {
			desktop,
			commands{nft: testdata(t, "nft-drop.json")[:400]},
			nil, "the rules of the firewall could not be listed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := fact(t, c.machine.root(c.answers), "firewall")
			if diff := cmp.Diff(c.want, f.Value); diff != "" || f.Unknown != c.unknown {
				t.Errorf("unknown %q, want %q\n%s", f.Unknown, c.unknown, diff)
			}
		})
	}
	r := desktop.root(commands{nft: testdata(t, "nft-drop.json")})
	r.Euid = 1000
	if f := fact(t, r, "firewall"); !strings.Contains(f.Unknown, "run it as root") {
		t.Errorf("as a user: got %+v", f)
	}
}

// TestChainsThatCallEachOther: a rule set made to keep a walker busy ends at the policy.
func TestChainsThatCallEachOther(t *testing.T) {
	var b strings.Builder
	b.WriteString("*filter\n:INPUT DROP [0:0]\n-A INPUT -j c0\n")
	for i := range 200 {
		for j := range 200 {
			fmt.Fprintf(&b, "-A c%d -j c%d\n", i, j)
		}
	}
	b.WriteString("COMMIT\n")
	if got, err := posture.ParseIptables([]byte(b.String())); got != "drop" || err != nil {
		t.Errorf("got %q, %v, want drop", got, err)
	}
}
