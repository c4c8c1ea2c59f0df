package posture

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

const aptLists = "/var/lib/apt/lists"

// release is one downloaded release of a security suite with its package lists.
type release struct {
	file  string // InRelease or Release
	dated time.Time
	lists []string
}

// readApt compares dpkg's status with the lists of the security suites, as apt downloaded them.
func (m *machine) readApt(ctx context.Context) Fact {
	const how = "dpkg status, apt lists"
	installed, err := m.packages()
	if err != nil {
		return unknown(reason("the list of installed packages", err), how)
	}
	suites, err := m.securitySuites()
	if err != nil {
		return unknown(reason("the package lists", err), how)
	}
	if len(suites) == 0 {
		return unknown("no package list of a security suite has been downloaded", how)
	}
	refreshed, ok := m.refreshed(suites)
	if !ok {
		return unknown("the package lists carry no date", how)
	}
	newest, err := m.newestVersions(ctx, suites)
	if err != nil {
		return unknown(reason("a package list", err), how)
	}
	value := m.pendingValue("apt", refreshed, outdated(installed, newest))
	if value["pending_security"] != int64(0) {
		value["oldest_known"] = false
	}
	return known(value, how+" of "+refreshed)
}

// outdated are the installed packages for which a newer version is known, built for the same
// architecture, for all, or, where a package for all became one for this machine, for dpkg's own.
func outdated(installed []Package, newest map[string]string) []string {
	native := ""
	for _, p := range installed {
		if p.Name == "dpkg" {
			native = p.Arch
		}
	}
	var names []string
	for _, p := range installed {
		other := "all"
		if p.Arch == "all" {
			other = native
		}
		for _, arch := range []string{p.Arch, other} {
			if v, ok := newest[p.Name+":"+arch]; ok && compareDebian(v, p.Version) > 0 {
				names = append(names, p.Name)
				break
			}
		}
	}
	return names
}

// securitySuites finds the releases whose name or label says security: "bookworm-security",
// "jammy-security", "buster/updates" of debian-security.
func (m *machine) securitySuites() ([]release, error) {
	names, err := m.names(aptLists)
	if err != nil {
		return nil, err
	}
	var all []release
	for _, n := range names {
		base, ok := strings.CutSuffix(n, "_InRelease")
		if !ok {
			base, ok = strings.CutSuffix(n, "_Release")
		}
		if !ok || !strings.Contains(base, "_dists_") {
			continue
		}
		one := release{file: aptLists + "/" + n}
		security, err := m.readRelease(&one)
		if err != nil {
			return nil, err
		}
		for _, l := range names {
			if rest, under := strings.CutPrefix(l, base+"_"); under && isPackageList(rest) {
				one.lists = append(one.lists, aptLists+"/"+l)
			}
		}
		if (security || strings.Contains(base, "-security")) && len(one.lists) > 0 {
			all = append(all, one)
		}
	}
	return all, nil
}

// isPackageList matches "main_binary-amd64_Packages" with any compression.
func isPackageList(rest string) bool {
	_, ext, ok := strings.Cut(rest, "_Packages")
	return ok && strings.Contains(rest, "_binary-") && (ext == "" || unpackedBy[ext] != "")
}

// unpackedBy says what unpacks a list: this program or apt's own helper.
var unpackedBy = map[string]string{
	".gz": "gzip", ".lz4": "apt", ".xz": "apt", ".zst": "apt", ".bz2": "apt", ".lzma": "apt",
}

// readRelease reads the date of a release and whether its label says security. The date is the
// archive's own: lists that are older than it are not on this machine.
func (m *machine) readRelease(r *release) (security bool, err error) {
	data, err := m.file(r.file, maxFile)
	if err != nil {
		return false, err
	}
	err = eachLine(data, func(line string) bool {
		key, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); key {
		case "Label", "Suite", "Codename":
			security = security || strings.Contains(strings.ToLower(value), "security")
		case "Date":
			r.dated, _ = parseReleaseDate(value)
		}
		return key != "MD5Sum" && key != "SHA256"
	})
	return security, err
}

func parseReleaseDate(s string) (time.Time, error) {
	for _, layout := range []string{http.TimeFormat, "Mon, 2 Jan 2006 15:04:05 MST", time.RFC1123Z} {
		if t, err := time.Parse(layout, strings.Replace(s, "UTC", "GMT", 1)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("parse release date")
}

// refreshed is the day of the oldest security release here.
func (m *machine) refreshed(suites []release) (string, bool) {
	oldest := suites[0].dated
	for _, s := range suites {
		if s.dated.Before(oldest) {
			oldest = s.dated
		}
	}
	return m.day(oldest)
}

// newestVersions maps "name:arch" to the newest version in the lists.
func (m *machine) newestVersions(ctx context.Context, suites []release) (map[string]string, error) {
	newest := map[string]string{}
	for _, s := range suites {
		for _, name := range s.lists {
			if err := m.readList(ctx, name, newest); err != nil {
				return nil, err
			}
		}
	}
	return newest, nil
}

func (m *machine) readList(ctx context.Context, name string, newest map[string]string) error {
	r, err := m.openList(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	counted := &countingReader{r: r}
	err = eachStanza(counted, func(s stanza) {
		key := s.pkg + ":" + s.arch
		if old, ok := newest[key]; !ok || compareDebian(s.version, old) > 0 {
			newest[key] = s.version
		}
	})
	return err
}

// openList unpacks a list: plain and gzip here, other compressions by apt's own helper.
func (m *machine) openList(ctx context.Context, name string) (io.ReadCloser, error) {
	switch unpackedBy[path.Ext(name)] {
	case "gzip":
		f, err := m.FS.Open(rel(name))
		if err != nil {
			return nil, err
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("unpack package list: %w", err), f.Close())
		}
		return struct {
			io.Reader
			io.Closer
		}{z, f}, nil
	case "apt":
		out, err := m.command(ctx, "/usr/lib/apt/apt-helper", "cat-file", name)
		return io.NopCloser(bytes.NewReader(out)), err
	}
	return m.FS.Open(rel(name))
}

// countingReader turns a list past the limit into an error instead of a shorter list.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n += int64(n); c.n > maxPackages {
		return 0, errTooBig
	}
	return n, err
}
