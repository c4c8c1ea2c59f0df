package posture_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
)

// closed is a machine on which some files may not be read.
type closed struct {
	fstest.MapFS
	files []string
}

func (c closed) Open(name string) (fs.File, error) {
	for _, f := range c.files {
		if name == strings.TrimPrefix(f, "/") {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
	}
	return c.MapFS.Open(name)
}

func TestAccounts(t *testing.T) {
	m := desktop.with(tree{
		"/etc/passwd": "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nold:x:1001:1001::/home/old:\n" +
			"open:x:1002:27::/home/open:/bin/zsh\nsvc:x:2:2::/:/usr/sbin/nologin\n# comment\nbroken\n",
		"/etc/shadow": "root:$6$a$b:1::::::\ntoor:!*:1::::::\nold:$1$x$y:1::::::\nopen::1::::::\nsvc:*:1::::::\n",
	}).root(nil)
	want := map[string]any{"login_accounts": int64(4), "empty_passwords": []any{"open"}, "uid0": []any{"root", "toor"}}
	if diff := cmp.Diff(want, fact(t, m, "accounts").Value); diff != "" {
		t.Errorf("accounts: %s", diff)
	}
	want = map[string]any{"active": int64(2), "locked": int64(1), "empty": []any{"open"}, "weak": []any{"old"}}
	if diff := cmp.Diff(want, fact(t, m, "password_state").Value); diff != "" {
		t.Errorf("password_state: %s", diff)
	}
	// "open" has sudo as its primary group
	want = map[string]any{"members": []any{"open", "pat", "root", "toor"}}
	if diff := cmp.Diff(want, fact(t, m, "local_admins").Value); diff != "" {
		t.Errorf("local_admins: %s", diff)
	}
}

func TestFilesThatMayNotBeRead(t *testing.T) {
	m := desktop.with(tree{"/etc/sudoers": "", "/usr/sbin/sshd": "", "/etc/ssh/sshd_config": "", "/etc/gdm3/daemon.conf": ""})
	for name, file := range map[string]string{
		"accounts": "/etc/shadow", "password_state": "/etc/shadow", "local_admins": "/etc/sudoers",
		"ssh_settings": "/etc/ssh/sshd_config", "auto_login": "/etc/gdm3/daemon.conf", "disk_encryption": "/proc/self/mountinfo",
	} {
		r := m.root(nil)
		r.FS = closed{m.fs(), []string{file}}
		if f := fact(t, r, name); !strings.Contains(f.Unknown, "may not be read by this agent; run it as root") {
			t.Errorf("%s without %s: got %+v", name, file, f)
		}
	}
}

func TestSudoRules(t *testing.T) {
	for rules, want := range map[string][]string{
		"root ALL=(ALL:ALL) ALL\n%ops ALL = NOPASSWD: ALL # team": {"root", "%ops"},
		"alice, bob ALL=(root) /bin/ls, ALL":                      {"alice", "bob"},
		"carol ALL=(ALL) /usr/bin/apt":                            nil,
		"User_Alias TEAM = dan, eve\nTEAM ALL=(ALL) ALL":          {"dan", "eve"},
		"Cmnd_Alias ANY = ALL\nfrank ALL = ANY":                   {"frank"},
		"#1000 ALL=(ALL) ALL\n# a comment = ALL":                  {"#1000"},
		"Defaults env_reset\nDefaults secure_path=\"ALL\"":        nil,
		"User_Alias A = B\nUser_Alias B = A\nA ALL=(ALL) ALL":     nil,
		"ALL ALL=(ALL) NOPASSWD:ALL":                              {"ALL"},
	} {
		if diff := cmp.Diff(want, posture.Granted(rules)); diff != "" {
			t.Errorf("%q: %s", rules, diff)
		}
	}
	m := desktop.with(tree{
		"/etc/sudoers":        "root ALL=(ALL:ALL) ALL\nUser_Alias TEAM = dan\n@includedir /etc/sudoers.d\n",
		"/etc/sudoers.d/team": "TEAM ALL = \\\n (ALL) ALL\n", "/etc/sudoers.d/old~": "gone ALL=(ALL) ALL\n",
	})
	want := map[string]any{"members": []any{"dan", "pat", "root"}}
	if diff := cmp.Diff(want, fact(t, m.root(nil), "local_admins").Value); diff != "" {
		t.Error(diff)
	}
	circle := desktop.with(tree{"/etc/sudoers": "@include /etc/sudoers\n"})
	if f := fact(t, circle.root(nil), "local_admins"); f.Unknown == "" {
		t.Errorf("a file that includes itself: got %v", f.Value)
	}
}

func TestSSHSettings(t *testing.T) {
	server := desktop.with(tree{
		"/usr/sbin/sshd": "", "/proc/700/comm": "sshd\n",
		"/etc/ssh/sshd_config":           "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nPasswordAuthentication yes\n",
		"/etc/ssh/sshd_config.d/10.conf": "permitrootlogin=no\n",
		"/etc/ssh/sshd_config.d/20.conf": "PermitRootLogin yes\nPasswordAuthentication \"no\" # keys only\n",
	})
	says := func(root, password string) map[string]any {
		return map[string]any{
			"installed": true, "running": true, "permit_root_login": root, "password_authentication": password,
			"permit_empty_passwords": "no", "keyboard_interactive": "yes",
		}
	}
	matched := says("prohibit-password", "yes")
	matched["match"] = []any{"permitrootlogin yes"}
	for name, c := range map[string]struct {
		machine tree
		answers commands
		want    map[string]any
	}{
		"first match wins": {server, nil, says("no", "no")},
		"sshd itself is asked": {
			server, commands{"sshd -T": "permitrootlogin without-password\npasswordauthentication yes\n"}, says("prohibit-password", "yes"),
		},
		"built-in": {server.with(tree{"/etc/ssh/sshd_config": "# nothing\n"}), nil, says("prohibit-password", "yes")},
		"match": {
			server.with(tree{"/etc/ssh/sshd_config": "Match User bob\n PermitRootLogin yes\nMatch all\nPermitRootLogin prohibit-password\n"}),
			nil, matched,
		},
		"absent": {desktop, nil, map[string]any{"installed": false}},
	} {
		f := fact(t, c.machine.root(c.answers), "ssh_settings")
		if diff := cmp.Diff(c.want, f.Value); diff != "" {
			t.Errorf("%s: %s %s", name, f.Unknown, diff)
		}
	}
	circle := server.with(tree{"/etc/ssh/sshd_config": "Include sshd_config\n"})
	if f := fact(t, circle.root(nil), "ssh_settings"); f.Unknown == "" {
		t.Errorf("a file that includes itself: got %v", f.Value)
	}
	if f := fact(t, desktop.with(tree{"/usr/sbin/dropbear": ""}).root(nil), "ssh_settings"); f.Unknown == "" {
		t.Errorf("another SSH server: got %v", f.Value)
	}
}

func TestRemoteAccess(t *testing.T) {
	line := func(local, state, inode string) string {
		return "   0: " + local + " 00000000:0000 " + state + " 0:0 0:0 0 0 0 " + inode + " 1\n"
	}
	m := desktop.with(tree{
		"/proc/net/tcp": "header\n" + line("00000000:0016", "0A", "77") + line("0100007F:170C", "0A", "78") +
			line("0201A8C0:0D3D", "0A", "79") + line("00000000:0016", "01", "80") + line("00000000:0050", "0A", "81"),
		"/proc/net/tcp6": "header\n" + line("00000000000000000000000000000000:0016", "0A", "82") +
			line("00000000000000000000000001000000:0016", "0A", "83"),
		"/proc/700/comm": "sshd\n",
	})
	files := m.fs()
	files["proc/700/fd/3"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("socket:[77]")}
	files["proc/700/fd/4"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("socket:[82]")}
	r := m.root(nil)
	r.FS = files
	want := map[string]any{"listeners": []any{
		map[string]any{"port": int64(22), "address": "any", "process": "sshd"},
		map[string]any{"port": int64(3389), "address": "one"},
	}}
	if diff := cmp.Diff(want, fact(t, r, "remote_access").Value); diff != "" {
		t.Error(diff)
	}
}
