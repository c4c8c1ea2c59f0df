package posture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// sshKeys are the settings that are reported, with the name in the value and OpenSSH's built-in
// setting (sshd_config(5)).
var sshKeys = map[string]struct{ name, builtin string }{
	"permitrootlogin":              {"permit_root_login", "prohibit-password"},
	"passwordauthentication":       {"password_authentication", "yes"},
	"permitemptypasswords":         {"permit_empty_passwords", "no"},
	"kbdinteractiveauthentication": {"keyboard_interactive", "yes"},
}

// sshConfig is what a configuration says: the first value of a keyword counts.
type sshConfig struct {
	global map[string]string
	// matched are settings inside Match blocks as "keyword value": they hold for some connections.
	matched []string
}

// readSSHSettings: {"installed","running","permit_root_login","password_authentication",
// "permit_empty_passwords","keyboard_interactive","match":["keyword value"]}. match is absent when no
// Match block changes one of them.
func readSSHSettings(ctx context.Context, m *machine) Fact {
	const how = "sshd_config and what it includes"
	if !m.program("sshd") {
		if m.program("dropbear") {
			return unknown("the Dropbear SSH server is installed; this agent does not read its settings", how)
		}
		return known(map[string]any{"installed": false}, "program folders")
	}
	on, err := m.running("sshd")
	if err != nil {
		return unknown(reason("the list of processes", err), how)
	}
	conf := sshConfig{global: map[string]string{}}
	if err := m.readSSHD(&conf, "/etc/ssh/sshd_config", false, 0); err != nil {
		return unknown(reason("the configuration of sshd", err), how)
	}
	effective, source := conf.global, how
	if out, err := m.command(ctx, "sshd", "-T"); err == nil && m.Euid == 0 {
		if said := parseSSHD(out); len(said) > 0 {
			effective, source = said, "sshd -T, "+how
		}
	}
	value := map[string]any{"installed": true, "running": on || m.socketOn()}
	for key, k := range sshKeys {
		value[k.name] = sshValue(effective[key], k.builtin)
	}
	if len(conf.matched) > 0 {
		value["match"] = list(conf.matched)
	}
	return known(value, source)
}

func sshValue(said, builtin string) string {
	switch said {
	case "":
		return builtin
	case "without-password":
		return "prohibit-password"
	}
	return clean(said)
}

// socketOn says that systemd starts sshd when a connection comes.
func (m *machine) socketOn() bool {
	return m.exists("/etc/systemd/system/sockets.target.wants/ssh.socket") ||
		m.exists("/etc/systemd/system/sockets.target.wants/sshd.socket")
}

// parseSSHD reads "keyword value" lines as sshd -T prints them.
func parseSSHD(out []byte) map[string]string {
	conf := sshConfig{global: map[string]string{}}
	err := eachLine(out, func(line string) bool {
		key, value := sshLine(line)
		conf.set(key, value, false)
		return true
	})
	if err != nil {
		return nil
	}
	return conf.global
}

// readSSHD reads a configuration file; an Include counts where it stands.
func (m *machine) readSSHD(conf *sshConfig, name string, inMatch bool, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("read %s: %w", name, errTooBig)
	}
	data, err := m.file(name, maxFile)
	if err != nil {
		return err
	}
	var bad error
	err = eachLine(data, func(line string) bool {
		key, value := sshLine(line)
		switch key {
		case "match":
			inMatch = !strings.EqualFold(value, "all")
		case "include":
			bad = m.includeSSHD(conf, value, inMatch, depth+1)
		default:
			conf.set(key, value, inMatch)
		}
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	return err
}

func (m *machine) includeSSHD(conf *sshConfig, patterns string, inMatch bool, depth int) error {
	for p := range strings.FieldsSeq(patterns) {
		if p = unquote(p); !path.IsAbs(p) {
			p = "/etc/ssh/" + p
		}
		if _, err := path.Match(p, ""); err != nil {
			return err
		}
		files, err := fs.Glob(m.FS, rel(p))
		if err != nil {
			return err
		}
		if _, err := fs.ReadDir(m.FS, rel(path.Dir(p))); errors.Is(err, fs.ErrPermission) {
			return err
		}
		for _, f := range files {
			if err := m.readSSHD(conf, "/"+f, inMatch, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *sshConfig) set(key, value string, inMatch bool) {
	if key == "challengeresponseauthentication" {
		key = "kbdinteractiveauthentication"
	}
	if _, ok := sshKeys[key]; !ok || value == "" {
		return
	}
	value = strings.ToLower(strings.Fields(value)[0])
	if inMatch {
		c.matched = append(c.matched, key+" "+value)
		return
	}
	if _, ok := c.global[key]; !ok {
		c.global[key] = value
	}
}

// sshLine splits "Keyword value", "Keyword=value" and `Keyword "value"`; comments give an empty keyword.
func sshLine(line string) (key, value string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", ""
	}
	i := strings.IndexAny(line, " \t=")
	if i < 0 {
		return strings.ToLower(line), ""
	}
	value = strings.TrimLeft(line[i:], " \t=")
	if j := strings.Index(value, " #"); j >= 0 {
		value = value[:j]
	}
	if strings.Count(value, `"`) == 2 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
		value = strings.Trim(value, `"`)
	}
	return strings.ToLower(line[:i]), strings.TrimSpace(value)
}
