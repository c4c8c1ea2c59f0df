package posture

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// dconf is the settings of one user as dconf(7) stacks them: the first source of the profile that
// has a key gives it, unless a later one locks it.
type dconf struct {
	sources []dconfSource // in the order of the profile
}

type dconfSource struct {
	values map[string]setting
	locks  map[string]bool
	user   bool
}

// readDconf opens what the profile names for the user with this home. A database that is there and
// cannot be read is an error; one that is absent is empty.
func (m *machine) readDconf(home string) (dconf, error) {
	lines, err := m.dconfProfile()
	if err != nil {
		return dconf{}, err
	}
	var all dconf
	for _, l := range lines {
		kind, name, _ := strings.Cut(l, ":")
		file := map[string]string{
			"user-db": path.Join(home, ".config/dconf", name), "system-db": path.Join("/etc/dconf/db", name),
			"file-db": name, "service-db": "",
		}[kind]
		if file == "" {
			return dconf{}, errors.New("read dconf profile: a source of an unknown kind")
		}
		one, err := m.readDconfFile(file)
		if err != nil {
			return dconf{}, err
		}
		one.user = kind == "user-db"
		all.sources = append(all.sources, one)
	}
	return all, nil
}

// dconfProfile is the profile "user"; without the file dconf uses the user's own database only.
func (m *machine) dconfProfile() ([]string, error) {
	for _, name := range []string{"/etc/dconf/profile/user", "/usr/share/dconf/profile/user"} {
		data, err := m.file(name, maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var lines []string
		err = eachLine(data, func(line string) bool {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
			return len(lines) <= maxIncludes
		})
		return lines, err
	}
	return []string{"user-db:user"}, nil
}

func (m *machine) readDconfFile(name string) (dconfSource, error) {
	data, err := m.file(name, maxGVDB)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) == 0 {
		return dconfSource{}, nil
	}
	if err != nil {
		return dconfSource{}, err
	}
	db, err := parseGVDB(data)
	if err != nil {
		return dconfSource{}, err
	}
	one := dconfSource{values: db.values, locks: map[string]bool{}}
	if locks, ok := db.table(".locks"); ok {
		for key := range locks.values {
			one.locks[key] = true
		}
	}
	return one, nil
}

// get is the effective value of a key and whether the user cannot change it: the last source that
// locks a key, and those behind it, decide alone.
func (d dconf) get(key string) (s setting, mandatory, ok bool) {
	from := 0
	for i, src := range d.sources {
		if src.locks[key] && !src.user {
			from, mandatory = i, true
		}
	}
	for _, src := range d.sources[from:] {
		if v, found := src.values[key]; found {
			return v, mandatory, true
		}
	}
	return setting{}, mandatory, false
}
