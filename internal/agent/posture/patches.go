package posture

import (
	"context"
	"sort"
)

// maxPending bounds the names of pending updates in a value; the count is always whole.
const maxPending = 50

// readPatches: {"manager","lists_refreshed":"YYYY-MM-DD","pending_security":N,"pending":[names],
// "oldest_pending","oldest_known","reboot_required"}. It says what the lists on this machine say;
// lists_refreshed says how old they are. oldest_known is false while updates are pending whose day
// of publication the lists do not tell.
func readPatches(ctx context.Context, m *machine) Fact {
	switch {
	case m.exists(dpkgStatus):
		return m.readApt(ctx)
	case m.program("dnf") || m.program("dnf5"):
		return m.readDnf(ctx)
	}
	return unknown("no package manager that this agent reads (apt, dnf)", "")
}

// pendingValue describes pending updates by package name; names may repeat.
func (m *machine) pendingValue(manager, refreshed string, names []string) map[string]any {
	unique := map[string]bool{}
	for _, n := range names {
		unique[clean(n)] = true
	}
	sorted := make([]string, 0, len(unique))
	for n := range unique {
		sorted = append(sorted, n)
	}
	sort.Strings(sorted)
	value := map[string]any{
		"manager": manager, "lists_refreshed": refreshed,
		"pending_security": int64(len(sorted)), "pending": list(sorted[:min(len(sorted), maxPending)]),
	}
	if m.exists("/run/reboot-required") || m.exists("/var/run/reboot-required") {
		value["reboot_required"] = true
	}
	return value
}
