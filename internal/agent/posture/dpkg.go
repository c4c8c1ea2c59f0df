package posture

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxStanzas bounds a package list; Ubuntu's universe has about 70,000.
const maxStanzas = 300_000

// stanza is one paragraph of a Debian control file with the few fields that are read here.
type stanza struct {
	pkg, status, version, arch string
}

// eachStanza reads the control file format of dpkg's status and of apt's lists (deb822(5)).
func eachStanza(r io.Reader, do func(stanza)) error {
	var s stanza
	count := 0
	flush := func() {
		if s.pkg != "" {
			do(s)
			count++
		}
		s = stanza{}
	}
	err := scanLines(r, func(line string) bool {
		if line == "" {
			flush()
			return count <= maxStanzas
		}
		s.set(line)
		return true
	})
	if err != nil {
		return fmt.Errorf("read package list: %w", err)
	}
	if count > maxStanzas {
		return fmt.Errorf("read package list: %w", errTooBig)
	}
	flush()
	return nil
}

func (s *stanza) set(line string) {
	key, value, ok := strings.Cut(line, ":")
	if !ok || line[0] == ' ' || line[0] == '\t' {
		return
	}
	switch value = strings.TrimSpace(value); key {
	case "Package":
		s.pkg = value
	case "Status":
		s.status = value
	case "Version":
		s.version = value
	case "Architecture":
		s.arch = value
	}
}

const dpkgStatus = "/var/lib/dpkg/status"

// readDpkg lists the packages that dpkg holds for installed, half-configured ones included.
func readDpkg(m *machine) ([]Package, error) {
	f, err := m.FS.Open(rel(dpkgStatus))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Package
	err = eachStanza(&countingReader{r: f}, func(s stanza) {
		if words := strings.Fields(s.status); len(words) == 3 && words[2] != "not-installed" && words[2] != "config-files" {
			all = append(all, Package{Name: s.pkg, Version: s.version, Arch: s.arch, Source: "dpkg"})
		}
	})
	if err == nil && len(all) == 0 {
		err = errors.New("read dpkg status: no package")
	}
	return all, err
}
