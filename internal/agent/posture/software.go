package posture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"sort"
	"strings"
	"time"
)

// Package is one installed package.
type Package struct {
	Name, Version, Arch string
	// Source is the package manager: "dpkg" or "rpm".
	Source string
}

// Software lists the installed packages sorted by name, version and architecture. A machine without
// dpkg and rpm is an error.
func Software(r Root) ([]Package, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readLimit)
	defer cancel()
	return newMachine(r).software(ctx)
}

func (m *machine) software(ctx context.Context) ([]Package, error) {
	all, err := m.packages()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list software: %w", err)
	}
	all = append([]Package(nil), all...)
	rpms, rpmErr := m.rpms(ctx)
	if rpmErr != nil && !errors.Is(rpmErr, exec.ErrNotFound) {
		return nil, fmt.Errorf("list software: %w", rpmErr)
	}
	if all = append(all, rpms...); len(all) == 0 {
		return nil, errors.New("list software: no package manager that this agent reads (dpkg, rpm)")
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.Name != b.Name {
			return a.Name < b.Name
		}
		if a.Version != b.Version {
			return a.Version < b.Version
		}
		return a.Arch < b.Arch
	})
	return all, nil
}

// rpms asks rpm; its database has changed format three times, so it is not read here.
func (m *machine) rpms(ctx context.Context) ([]Package, error) {
	if m.firstExisting("/var/lib/rpm", "/usr/lib/sysimage/rpm") == "" {
		return nil, exec.ErrNotFound
	}
	out, err := m.command(ctx, "rpm", "-qa", "--qf", `%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\n`)
	if err != nil {
		return nil, err
	}
	var all []Package
	err = eachLine(out, func(line string) bool {
		f := strings.Split(line, "\t")
		if len(f) == 3 && f[0] != "gpg-pubkey" {
			all = append(all, Package{f[0], strings.TrimPrefix(f[1], "0:"), f[2], "rpm"})
		}
		return len(all) <= maxStanzas
	})
	if err == nil && len(all) > maxStanzas {
		err = errTooBig
	}
	return all, err
}

// readSoftware: {"count","sha256"}: the hash is over the lines "name version\n" in order of Software.
func readSoftware(ctx context.Context, m *machine) Fact {
	const how = "dpkg status, rpm -qa"
	all, err := m.software(ctx)
	if err != nil {
		return unknown(reason("the list of installed packages", err), how)
	}
	h := sha256.New()
	for _, p := range all {
		fmt.Fprintf(h, "%s %s\n", p.Name, p.Version)
	}
	return known(map[string]any{"count": int64(len(all)), "sha256": hex.EncodeToString(h.Sum(nil))}, how)
}

// readOSVersion: {"id","name","version","codename","kernel"}; what os-release does not say is absent.
func readOSVersion(_ context.Context, m *machine) Fact {
	const how = "/etc/os-release, /proc/sys/kernel/osrelease"
	release, err := m.osRelease()
	if err != nil {
		return unknown(reason("os-release", err), how)
	}
	value := map[string]any{}
	for key, field := range map[string]string{
		"id": "ID", "name": "PRETTY_NAME", "version": "VERSION_ID", "codename": "VERSION_CODENAME",
	} {
		if v := clean(release[field]); v != "" {
			value[key] = v
		}
	}
	if value["id"] == nil {
		return unknown("os-release does not name the system", how)
	}
	if k := clean(m.text("/proc/sys/kernel/osrelease")); k != "" {
		value["kernel"] = k
	}
	return known(value, how)
}

// osRelease reads os-release(5): shell assignments, with quotes.
func (m *machine) osRelease() (map[string]string, error) {
	data, err := m.file("/etc/os-release", maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = m.file("/usr/lib/os-release", maxFile)
	}
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	err = eachLine(data, func(line string) bool {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			out[key] = unquote(value)
		}
		return true
	})
	return out, err
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = s[1 : len(s)-1]
	}
	return strings.ReplaceAll(s, `\`, "")
}

// modified is when a file was last written.
func (m *machine) modified(name string) (time.Time, error) {
	info, err := fs.Stat(m.FS, rel(name))
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
