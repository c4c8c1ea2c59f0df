package posture

import (
	"context"
	"errors"
	"strings"
)

// readAutoUpdate: {"tool":"unattended-upgrades"|"dnf-automatic"|"none","enabled"}. enabled says that
// updates are installed, not only downloaded, and that the timer that starts it is on.
func readAutoUpdate(_ context.Context, m *machine) Fact {
	switch {
	case m.exists(dpkgStatus):
		return m.readUnattended()
	case m.program("dnf") || m.program("dnf5"):
		return m.readDnfAutomatic()
	}
	return unknown("no package manager that this agent reads (apt, dnf)", "")
}

func (m *machine) readUnattended() Fact {
	const how = "/etc/apt/apt.conf.d, dpkg status, systemd timers"
	installed, err := m.packages()
	if err != nil {
		return unknown(reason("the list of installed packages", err), how)
	}
	if !hasPackage(installed, "unattended-upgrades") {
		return known(map[string]any{"tool": "none", "enabled": false}, how)
	}
	conf, err := m.aptConf()
	if err != nil {
		return unknown(reason("the configuration of apt", err), how)
	}
	on := every(conf["apt::periodic::unattended-upgrade"]) && conf["apt::periodic::enable"] != "0" &&
		m.timerOn("apt-daily-upgrade.timer")
	return known(map[string]any{"tool": "unattended-upgrades", "enabled": on}, how)
}

// every reads apt's intervals: a number of days (0 is never), or with a unit, or "always".
func every(s string) bool {
	return s == "always" || s != "" && strings.TrimLeft(s, "0") != "" && s[0] >= '0' && s[0] <= '9'
}

func hasPackage(all []Package, name string) bool {
	for _, p := range all {
		if p.Name == name {
			return true
		}
	}
	return false
}

// timerOn says that a systemd timer is wanted by timers.target and is not masked.
func (m *machine) timerOn(unit string) bool {
	names, err := m.names("/etc/systemd/system/timers.target.wants")
	if err != nil {
		return false
	}
	for _, n := range names {
		if n == unit {
			return !m.masked(unit)
		}
	}
	return false
}

// masked: a unit in /etc that is empty or leads to /dev/null.
func (m *machine) masked(unit string) bool {
	data, err := m.file("/etc/systemd/system/"+unit, maxFile)
	return err == nil && len(data) == 0
}

func (m *machine) readDnfAutomatic() Fact {
	const how = "/etc/dnf/automatic.conf, systemd timers"
	conf, err := m.readINI("/usr/share/dnf5/dnf5-plugins/automatic.conf", "/etc/dnf/automatic.conf", "/etc/dnf/dnf5-plugins/automatic.conf")
	if err != nil {
		return unknown(reason("the configuration of dnf-automatic", err), how)
	}
	applies := yes(conf["commands"]["apply_updates"])
	on := m.timerOn("dnf-automatic-install.timer") ||
		applies && (m.timerOn("dnf-automatic.timer") || m.timerOn("dnf5-automatic.timer"))
	tool := "none"
	if len(conf) > 0 || on {
		tool = "dnf-automatic"
	}
	return known(map[string]any{"tool": tool, "enabled": on}, how)
}

// aptConf reads apt.conf and apt.conf.d as apt does (apt.conf(5)): in order, later over earlier,
// names without case, files without an ending or with ".conf".
func (m *machine) aptConf() (map[string]string, error) {
	const dir = "/etc/apt/apt.conf.d"
	names, err := m.names(dir)
	if err != nil {
		return nil, err
	}
	conf := map[string]string{}
	for _, n := range names {
		if base := strings.TrimSuffix(n, ".conf"); strings.Contains(base, ".") {
			continue
		}
		data, err := m.file(dir+"/"+n, maxFile)
		if err != nil {
			return nil, err
		}
		if err := parseAptConf(data, conf); err != nil {
			return nil, err
		}
	}
	if !m.exists("/etc/apt/apt.conf") {
		return conf, nil
	}
	data, err := m.file("/etc/apt/apt.conf", maxFile)
	if err != nil {
		return nil, err
	}
	return conf, parseAptConf(data, conf)
}

var errAptConf = errors.New("parse apt configuration")

// parseAptConf reads `A::B "value";` and `A { B "value"; };` into lower-case names.
func parseAptConf(data []byte, into map[string]string) error {
	var scopes, words []string
	for _, tok := range aptTokens(string(data)) {
		switch tok {
		case "{":
			if len(scopes) > maxDepth {
				return errAptConf
			}
			scopes, words = append(scopes, strings.Join(words, "")), nil
		case "}":
			if len(scopes) > 0 {
				scopes = scopes[:len(scopes)-1]
			}
			words = nil
		case ";":
			if len(words) >= 2 {
				name := strings.Join(append(append([]string(nil), scopes...), words[0]), "::")
				into[strings.ToLower(name)] = strings.Trim(words[1], `"`)
			}
			words = nil
		default:
			words = append(words, tok)
		}
	}
	return nil
}

// aptTokens splits into words, quoted texts and the signs { } ; and drops comments.
func aptTokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case strings.HasPrefix(s[i:], "//") || c == '#':
			i += length(s[i:], "\n")
		case strings.HasPrefix(s[i:], "/*"):
			i += length(s[i:], "*/")
		case c == '{' || c == '}' || c == ';':
			out = append(out, s[i:i+1])
			i++
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"':
			n := 1 + length(s[i+1:], `"`)
			out = append(out, s[i:i+n])
			i += n
		default:
			n := strings.IndexAny(s[i:], " \t\r\n{};\"")
			if n < 0 {
				n = len(s) - i
			}
			out = append(out, s[i:i+n])
			i += n
		}
	}
	return out
}

// length is how much of s runs up to and with the first end.
func length(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}
