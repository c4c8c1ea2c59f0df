package framework

import (
	"fmt"
	"strings"
)

// SupportEnd says until when the maker of an operating system release ships
// security fixes for it without a paid extension. Dates are civil dates; the
// last day counts in full, UTC.
type SupportEnd struct {
	OS      string `json:"os"`      // os-release id, "windows", "windows-enterprise", "windows-ltsc", "windows-server", "macos", "ios", "ipados", "android"
	Version string `json:"version"` // matched as a whole or as a prefix before a dot
	Name    string `json:"name"`
	// Ends is the last day of support. Without it, KnownTo is the last day
	// for which support is known or may be expected; after it the answer is
	// unknown.
	Ends    string `json:"ends,omitempty"`
	KnownTo string `json:"known_to,omitempty"`
	Source  string `json:"source"`
	Status  string `json:"status"` // "checked", or "from memory, unchecked"
	Note    string `json:"note,omitempty"`
}

// Release finds the row for a release: os as in os-release, or the platform,
// with its edition for Windows; version as reported. False when the table has
// no such release.
func (c *Catalog) Release(os, version string) (SupportEnd, bool) {
	var best *SupportEnd
	for _, s := range c.support[os] {
		if version != s.Version && !strings.HasPrefix(version, s.Version+".") {
			continue
		}
		if best == nil || len(s.Version) > len(best.Version) {
			best = s
		}
	}
	if best == nil {
		return SupportEnd{}, false
	}
	return *best, true
}

// release reads the release that a report names.
func (e *env) release(n *node, el any) (row SupportEnd, known, reported bool) {
	v, _ := at(el, n.path)
	m, ok := v.(map[string]any)
	if !ok {
		return SupportEnd{}, false, false
	}
	version, ok := m["version"].(string)
	if !ok || version == "" {
		return SupportEnd{}, false, false
	}
	os, _ := m["id"].(string)
	if os == "" {
		os = e.platform
	}
	name, _ := m["name"].(string)
	row, known = e.catalog.Release(edition(os, name), version)
	return row, known, true
}

// edition tells Windows editions with dates of their own apart by name, for
// client and server share build numbers.
func edition(os, name string) string {
	if os == "darwin" {
		return "macos"
	}
	if os != "windows" {
		return os
	}
	switch {
	case strings.Contains(name, "Server"):
		return "windows-server"
	case strings.Contains(name, "LTSC"), strings.Contains(name, "LTSB"):
		return "windows-ltsc"
	case strings.Contains(name, "Enterprise"), strings.Contains(name, "Education") && !strings.Contains(name, "Pro Education"):
		return "windows-enterprise"
	}
	return "windows"
}

func (e *env) supported(n *node, el any) Verdict {
	row, known, reported := e.release(n, el)
	if !reported {
		return n.absent
	}
	if !known {
		return Unknown
	}
	if end, _, ok := instant(row.Ends); ok {
		return verdict(e.before(end + dayMillis))
	}
	if to, _, ok := instant(row.KnownTo); ok && e.before(to+dayMillis) {
		return Holds
	}
	return Unknown
}

func (e *env) whySupported(n *node, el any, v Verdict) string {
	row, known, reported := e.release(n, el)
	switch {
	case !reported:
		return "the report does not name a release in " + n.field
	case !known:
		return "the release is not in the table of support ends"
	case v == Fails:
		return fmt.Sprintf("support for %s ended on %s", row.Name, row.Ends)
	}
	return fmt.Sprintf("the maker gives no support end for %s", row.Name)
}
