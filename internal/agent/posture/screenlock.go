package posture

import (
	"context"
	"errors"
	"io/fs"
	"sort"
	"strconv"
	"strings"
)

// People's accounts lie in this range (login.defs(5)); services and containers lie outside.
const (
	firstPerson = 1000
	lastPerson  = 59_999
	maxPeople   = 500
)

// readScreenLock: {"desktop":false} where no desktop session is installed; otherwise
// {"desktop":true,"enabled","idle_seconds","lock_delay_seconds","mandatory","sessions":[names],"users":N}:
// the weakest over every person with an account and every session that they could start, and for
// someone who has no settings yet. enabled is false when a session never becomes idle.
func readScreenLock(_ context.Context, m *machine) Fact {
	const how = "installed sessions, dconf profile, databases and locks, schema defaults, kscreenlockerrc"
	families, err := m.sessions()
	if err != nil {
		return unknown(reason("the list of desktop sessions", err), how)
	}
	if len(families) == 0 {
		return known(map[string]any{"desktop": false}, "installed sessions")
	}
	names := make([]string, 0, len(families))
	for f := range families {
		names = append(names, f)
	}
	sort.Strings(names)
	homes, err := m.homes()
	if err != nil {
		return unknown(reason("the list of accounts", err), how)
	}
	weakest, err := m.weakestLock(names, homes)
	if err != nil {
		return unknown(lockReason(err), how)
	}
	return known(map[string]any{
		"desktop": true, "enabled": weakest.enabled, "idle_seconds": weakest.idle,
		"lock_delay_seconds": weakest.delay, "mandatory": weakest.mandatory,
		"sessions": list(names), "users": int64(len(homes)),
	}, how)
}

var errOtherDesktop = errors.New("a desktop is installed whose lock settings this agent does not read")

func lockReason(err error) string {
	if errors.Is(err, errOtherDesktop) || errors.Is(err, errSilent) {
		return err.Error()
	}
	return reason("the lock settings of a user", err)
}

// homes are the home folders of people who can log in.
func (m *machine) homes() ([]string, error) {
	all, err := m.passwd()
	if err != nil {
		return nil, err
	}
	var homes []string
	for _, a := range all {
		if a.uid >= firstPerson && a.uid <= lastPerson && a.login() {
			homes = append(homes, a.home)
		}
	}
	if len(homes) > maxPeople {
		return nil, errTooBig
	}
	return homes, nil
}

// weakestLock joins all sessions of all people; "" is someone without settings.
func (m *machine) weakestLock(families, homes []string) (lock, error) {
	schemas, err := m.schemas()
	if err != nil {
		return lock{}, err
	}
	var weakest lock
	first := true
	for _, home := range append([]string{""}, homes...) {
		for _, f := range families {
			one, err := m.lockOf(f, home, schemas)
			if err != nil {
				return lock{}, err
			}
			if !first {
				one = weakest.worse(one)
			}
			weakest, first = one, false
		}
	}
	return weakest, nil
}

func (m *machine) lockOf(family, home string, schemas *gvdb) (lock, error) {
	if home != "" {
		if err := m.readable(home); err != nil {
			return lock{}, err
		}
	}
	if family == "KDE" {
		return m.plasmaLock(home)
	}
	d, ok := dconfDesktops[family]
	if !ok {
		return lock{}, errOtherDesktop
	}
	if home == "" {
		home = "/nonexistent"
	}
	user, err := m.readDconf(home)
	if err != nil {
		return lock{}, err
	}
	return d.lockOf(user, schemas)
}

// readable says whether a home folder can be looked into; one that was never made counts as empty.
func (m *machine) readable(home string) error {
	_, err := fs.ReadDir(m.FS, rel(home))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// plasmaLock reads kscreenlockerrc: the system's file, then the user's over it. What Plasma does when
// both are silent is built into its programs and is not guessed here.
func (m *machine) plasmaLock(home string) (lock, error) {
	files := []string{"/etc/xdg/kscreenlockerrc"}
	if home != "" {
		files = append(files, home+"/.config/kscreenlockerrc")
	}
	conf, err := m.readINI(files...)
	if err != nil {
		return lock{}, err
	}
	daemon := conf["Daemon"]
	minutes, err1 := strconv.ParseInt(daemon["Timeout"], 10, 32)
	grace, err2 := strconv.ParseInt(daemon["LockGrace"], 10, 32)
	if daemon["Autolock"] == "" || err1 != nil || err2 != nil || minutes < 0 || grace < 0 {
		return lock{}, errSilent
	}
	return lock{enabled: strings.EqualFold(daemon["Autolock"], "true") && minutes > 0, idle: minutes * 60, delay: grace}, nil
}
