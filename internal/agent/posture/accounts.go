package posture

import (
	"context"
	"path"
	"strconv"
	"strings"
)

// account is one line of /etc/passwd with its password field from /etc/shadow.
type account struct {
	name, home, shell string
	uid, gid          int
	password          string
}

// login says whether the shell lets someone work with this account.
func (a account) login() bool {
	switch path.Base(a.shell) {
	case "nologin", "false", "sync", "halt", "shutdown":
		return false
	}
	return true // an empty shell means /bin/sh
}

// usable says that the password field holds a hash (or nothing at all), not a lock.
func (a account) usable() bool {
	return a.password == "" || !strings.HasPrefix(a.password, "!") && !strings.HasPrefix(a.password, "*")
}

// passwd lists the local accounts; directory accounts are not in it.
func (m *machine) passwd() ([]account, error) {
	data, err := m.file("/etc/passwd", maxFile)
	if err != nil {
		return nil, err
	}
	var all []account
	err = eachLine(data, func(line string) bool {
		f := strings.Split(line, ":")
		if len(f) < 7 || f[0] == "" || strings.HasPrefix(f[0], "#") {
			return true
		}
		uid, err1 := strconv.Atoi(f[2])
		gid, err2 := strconv.Atoi(f[3])
		if err1 == nil && err2 == nil {
			all = append(all, account{name: f[0], password: f[1], uid: uid, gid: gid, home: f[5], shell: f[6]})
		}
		return true
	})
	return all, err
}

// withPasswords adds the password fields of /etc/shadow where passwd says "x".
func (m *machine) withPasswords() ([]account, error) {
	all, err := m.passwd()
	if err != nil {
		return nil, err
	}
	data, err := m.file("/etc/shadow", maxFile)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	err = eachLine(data, func(line string) bool {
		if f := strings.Split(line, ":"); len(f) >= 2 {
			fields[f[0]] = f[1]
		}
		return true
	})
	for i, a := range all {
		if a.password != "x" {
			continue
		}
		all[i].password = "*"
		if p, ok := fields[a.name]; ok {
			all[i].password = p
		}
	}
	return all, err
}

// readAccounts: {"login_accounts":N,"empty_passwords":[names],"uid0":[names]}, local accounts only.
func readAccounts(_ context.Context, m *machine) Fact {
	const how = "/etc/passwd, /etc/shadow"
	all, err := m.withPasswords()
	if err != nil {
		return unknown(reason("the list of accounts and their password state", err), how)
	}
	var empty, root []string
	logins := int64(0)
	for _, a := range all {
		if a.login() {
			logins++
		}
		if a.password == "" {
			empty = append(empty, a.name)
		}
		if a.uid == 0 {
			root = append(root, a.name)
		}
	}
	return known(map[string]any{"login_accounts": logins, "empty_passwords": list(empty), "uid0": list(root)}, how)
}

// readPasswordState: {"active":N,"locked":N,"empty":[names],"weak":[names]} of the local login
// accounts. weak are those whose hash is DES or MD5.
func readPasswordState(_ context.Context, m *machine) Fact {
	const how = "/etc/passwd, /etc/shadow"
	all, err := m.withPasswords()
	if err != nil {
		return unknown(reason("the password state of the accounts", err), how)
	}
	var empty, weak []string
	active, locked := int64(0), int64(0)
	for _, a := range all {
		switch {
		case !a.login():
		case !a.usable():
			locked++
		case a.password == "":
			empty = append(empty, a.name)
		default:
			active++
			if strings.HasPrefix(a.password, "$1$") || a.password[0] != '$' {
				weak = append(weak, a.name)
			}
		}
	}
	return known(map[string]any{"active": active, "locked": locked, "empty": list(empty), "weak": list(weak)}, how)
}

// groupMembers maps a group to its members, those by primary group included.
func (m *machine) groupMembers(accounts []account) (map[string][]string, error) {
	data, err := m.file("/etc/group", maxFile)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	err = eachLine(data, func(line string) bool {
		f := strings.Split(line, ":")
		if len(f) < 4 {
			return true
		}
		members := strings.FieldsFunc(f[3], func(r rune) bool { return r == ',' })
		for _, a := range accounts {
			if strconv.Itoa(a.gid) == f[2] {
				members = append(members, a.name)
			}
		}
		out[f[0]] = append(out[f[0]], members...)
		return true
	})
	return out, err
}
