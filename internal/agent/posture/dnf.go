package posture

import (
	"context"
	"errors"
	"strings"
	"time"
)

// readDnf asks dnf for the pending security advisories in its cache, without touching the network.
func (m *machine) readDnf(ctx context.Context) Fact {
	const how = "dnf updateinfo, from its cache"
	refreshed, err := m.dnfRefreshed()
	if err != nil {
		return unknown("when dnf last refreshed its lists could not be read", how)
	}
	out, err := m.dnfAdvisories(ctx)
	if err != nil {
		return unknown("dnf could not list the security advisories in its cache", how)
	}
	names, oldest, dated, err := parseAdvisories(out)
	if err != nil {
		return unknown("dnf listed the advisories in a form that this agent does not read", how)
	}
	value := m.pendingValue("dnf", refreshed, names)
	if len(names) > 0 {
		value["oldest_known"] = dated
		if dated {
			value["oldest_pending"] = oldest
		}
	}
	return known(value, how+" of "+refreshed)
}

func (m *machine) dnfAdvisories(ctx context.Context) ([]byte, error) {
	if m.program("dnf5") {
		return m.command(ctx, "dnf5", "-q", "-C", "advisory", "list", "--security", "--updates")
	}
	return m.command(ctx, "dnf", "-q", "-C", "updateinfo", "list", "--updates", "security")
}

// parseAdvisories reads both forms:
//
//	dnf 4: ADVISORY  Important/Sec.  name-version-release.arch
//	dnf 5: ADVISORY  security  Important  name-version-release.arch  2026-10-03 00:12:21
//
// Only the second tells days; oldest is the earliest, and dated says that every line had one.
func parseAdvisories(out []byte) (names []string, oldest string, dated bool, err error) {
	dated = true
	var bad error
	err = eachLine(out, func(line string) bool {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "Name" {
			return true
		}
		pkg, day, ok := advisory(f)
		if !ok {
			bad = errors.New("parse advisories: unknown line")
			return false
		}
		names = append(names, pkg)
		dated = dated && day != ""
		if oldest == "" || day < oldest {
			oldest = day
		}
		return len(names) <= maxStanzas
	})
	if err == nil {
		err = bad
	}
	return names, oldest, dated && len(names) > 0, err
}

func advisory(f []string) (pkg, day string, ok bool) {
	nevra := f[len(f)-1]
	if len(f) >= 5 {
		nevra, day = f[3], f[4]
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return "", "", false
		}
	}
	pkg, ok = packageName(nevra)
	return pkg, day, ok && len(f) >= 3
}

// packageName cuts name-version-release.arch before its last two dashes.
func packageName(nevra string) (string, bool) {
	i := strings.LastIndexByte(nevra, '-')
	if i < 1 {
		return "", false
	}
	i = strings.LastIndexByte(nevra[:i], '-')
	if i < 1 {
		return "", false
	}
	return nevra[:i], true
}

// dnfRefreshed is the day of the oldest list of an enabled repository: dnf touches the lists in its
// cache each time it has found them current. An enabled repository without lists is an error.
func (m *machine) dnfRefreshed() (string, error) {
	enabled, err := m.enabledRepositories()
	if err != nil {
		return "", err
	}
	touched, err := m.dnfLists()
	if err != nil {
		return "", err
	}
	var oldest time.Time
	for id := range enabled {
		at, ok := touched[id]
		if !ok {
			return "", errors.New("find dnf lists: a repository has none")
		}
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	day, ok := m.day(oldest)
	if !ok {
		return "", errors.New("find dnf lists: none")
	}
	return day, nil
}

// dnfLists says when the lists of each repository were last touched; folders are named ID-HASH.
func (m *machine) dnfLists() (map[string]time.Time, error) {
	touched := map[string]time.Time{}
	for _, cache := range []string{"/var/cache/dnf", "/var/cache/libdnf5"} {
		dirs, err := m.names(cache)
		if err != nil {
			return nil, err
		}
		for _, d := range dirs {
			id := d[:max(strings.LastIndexByte(d, '-'), 0)]
			if at, err := m.newestIn(cache + "/" + d + "/repodata"); err == nil && at.After(touched[id]) {
				touched[id] = at
			}
		}
	}
	return touched, nil
}

func (m *machine) newestIn(dir string) (time.Time, error) {
	var newest time.Time
	names, err := m.names(dir)
	for _, n := range names {
		if at, err := m.modified(dir + "/" + n); err == nil && at.After(newest) {
			newest = at
		}
	}
	if err == nil && newest.IsZero() {
		err = errors.New("find dnf lists: empty folder")
	}
	return newest, err
}

// enabledRepositories are the ids in /etc/yum.repos.d that are not switched off.
func (m *machine) enabledRepositories() (map[string]bool, error) {
	files, err := m.filesIn("/etc/yum.repos.d", ".repo")
	if err != nil {
		return nil, err
	}
	all, err := m.readINI(files...)
	if err != nil {
		return nil, err
	}
	enabled := map[string]bool{}
	for id, keys := range all {
		if keys["enabled"] == "" || yes(keys["enabled"]) {
			enabled[id] = true
		}
	}
	return enabled, nil
}
