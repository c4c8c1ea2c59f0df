package posture

import (
	"errors"
	"io/fs"
	"strings"
)

// ini is a parsed key file: section, then key, then value. Keys of no section lie under "".
// A later line replaces an earlier one. Section and key names are kept as written.
type ini map[string]map[string]string

// parseINI reads the key files of display managers, desktops, dnf and systemd.
func parseINI(data []byte) (ini, error) {
	out := ini{}
	section := ""
	err := eachLine(data, func(line string) bool {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			return true
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			return true
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return true
		}
		if out[section] == nil {
			out[section] = map[string]string{}
		}
		out[section][strings.TrimSpace(key)] = strings.TrimSpace(value)
		return true
	})
	return out, err
}

// merge lays later over in: later keys win.
func (in ini) merge(later ini) {
	for section, keys := range later {
		if in[section] == nil {
			in[section] = map[string]string{}
		}
		for k, v := range keys {
			in[section][k] = v
		}
	}
}

// readINI reads the files in order, later over earlier; files that are absent are skipped.
func (m *machine) readINI(files ...string) (ini, error) {
	all := ini{}
	for _, name := range files {
		data, err := m.file(name, maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		one, err := parseINI(data)
		if err != nil {
			return nil, err
		}
		all.merge(one)
	}
	return all, nil
}

// filesIn are the files of a folder with the given ending, in order, as absolute paths.
func (m *machine) filesIn(dir, suffix string) ([]string, error) {
	names, err := m.names(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		if strings.HasSuffix(n, suffix) && !strings.HasPrefix(n, ".") {
			out = append(out, dir+"/"+n)
		}
	}
	return out, nil
}

// yes reads the ways in which key files say true.
func yes(s string) bool {
	switch strings.ToLower(strings.Trim(s, `"'`)) {
	case "true", "yes", "1", "on":
		return true
	}
	return false
}
