package posture_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"breakwater/internal/agent/posture"

	"github.com/google/go-cmp/cmp"
)

// checkFacts holds for whatever machine was read.
func checkFacts(t *testing.T, facts []posture.Fact) {
	t.Helper()
	if len(facts) != 20 {
		t.Errorf("got %d facts, want 20", len(facts))
	}
	if !slices.IsSortedFunc(facts, func(a, b posture.Fact) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("facts are not sorted by name")
	}
	for _, f := range facts {
		if (f.Value == nil) == (f.Unknown == "") {
			t.Errorf("%s: value %v and unknown %q: want exactly one", f.Name, f.Value, f.Unknown)
		}
		if f.Value != nil {
			checkValue(t, f.Name, f.Value)
		}
	}
}

func checkValue(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			checkValue(t, where+"."+k, one)
		}
	case []any:
		for _, one := range v {
			checkValue(t, where, one)
		}
	case string:
		if v != posture.Clean(v) {
			t.Errorf("%s: unclean text %q", where, v)
		}
	case bool, int64:
	default:
		t.Errorf("%s: %T may not be in a value", where, v)
	}
}

func TestEveryMachineGivesEveryFactOnce(t *testing.T) {
	for name, m := range map[string]tree{
		"nothing": {}, "laptop": laptop(t), "desktop": desktop, "container": container,
		"server": ufwServer(), "rpm": rpmHost, "gnome": gnome(t),
	} {
		t.Run(name, func(t *testing.T) {
			facts := posture.Collect(t.Context(), m.root(nil))
			checkFacts(t, facts)
			if again := posture.Collect(t.Context(), m.root(nil)); !cmp.Equal(facts, again) {
				t.Errorf("a second reading differs: %s", cmp.Diff(facts, again))
			}
		})
	}
}

func TestAnEmptyMachineKnowsNothing(t *testing.T) {
	may := []string{"auto_login", "malware_protection", "screen_lock", "ssh_settings"} // absence is what these say
	for _, f := range posture.Collect(t.Context(), posture.Root{FS: fstest.MapFS{}}) {
		if f.Unknown == "" && !slices.Contains(may, f.Name) {
			t.Errorf("%s = %v from a machine without files", f.Name, f.Value)
		}
	}
}

func TestHere(t *testing.T) {
	start := time.Now()
	facts := posture.Collect(t.Context(), posture.Here())
	checkFacts(t, facts)
	for _, f := range facts {
		t.Logf("%s: %v%s [%s]", f.Name, f.Value, f.Unknown, f.How)
	}
	t.Logf("read in %v", time.Since(start))
}

// TestAStuckCommandLeavesItsFactUnknown: a firewall command that never returns.
func TestAStuckCommandLeavesItsFactUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		r := desktop.root(nil)
		r.Run = func(context.Context, string, ...string) ([]byte, error) {
			<-over
			return nil, os.ErrDeadlineExceeded
		}
		start := time.Now()
		facts := posture.Collect(t.Context(), r)
		if took := time.Since(start); took != posture.ReadLimit {
			t.Errorf("took %v, want the limit of one reading, %v", took, posture.ReadLimit)
		}
		checkFacts(t, facts)
		i := slices.IndexFunc(facts, func(f posture.Fact) bool { return f.Name == "firewall" })
		if got, want := facts[i].Unknown, "the reading did not finish in time"; got != want {
			t.Errorf("firewall: got %q, want %q", got, want)
		}
		close(over)
		synctest.Wait()
	})
}

// TestAReaderThatPanicsLeavesItsFactUnknown: a command that panics.
func TestAReaderThatPanicsLeavesItsFactUnknown(t *testing.T) {
	r := desktop.root(nil)
	r.Run = func(context.Context, string, ...string) ([]byte, error) { panic("broken") }
	f := fact(t, r, "firewall")
	if want := "the agent stumbled over this machine's data"; f.Unknown != want {
		t.Errorf("got %+v, want %q", f, want)
	}
}

func TestFilesPastTheirLimitAreUnknown(t *testing.T) {
	huge := strings.Repeat("x", posture.MaxFile+1)
	for name, file := range map[string]string{
		"os_version": "/etc/os-release", "accounts": "/etc/passwd", "local_admins": "/etc/group",
		"disk_encryption": "/proc/swaps",
	} {
		f := fact(t, desktop.with(tree{file: huge}).root(nil), name)
		if !strings.Contains(f.Unknown, "larger than this agent reads") {
			t.Errorf("%s with a huge %s: got %+v", name, file, f)
		}
	}
	long := strings.Repeat("y", 2<<20)
	f := fact(t, desktop.with(tree{"/var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nX: " + long}).root(nil), "software")
	if f.Unknown == "" {
		t.Errorf("software with an endless line: got %v", f.Value)
	}
}

func TestTextsAreCleaned(t *testing.T) {
	hostile := "ID=debian\nVERSION_ID=\"1\x1b[31m2\xff\"\nPRETTY_NAME=\"" + strings.Repeat("é", 400) + "\"\n"
	f := fact(t, linux.with(tree{"/etc/os-release": hostile}).root(nil), "os_version")
	if got := f.Value["version"]; got != "1[31m2" {
		t.Errorf("version: got %q", got)
	}
	if got := len(f.Value["name"].(string)); got > 256 {
		t.Errorf("name: got %d bytes", got)
	}
}

func TestIdentify(t *testing.T) {
	got := posture.Identify(laptop(t).root(nil))
	want := posture.Device{
		Hostname: "front-desk", OS: "linux", OSVersion: "Debian GNU/Linux 12 (bookworm)", Serial: "LT-0042",
		Model: "ThinkPad T14", Vendor: "LENOVO", Class: "laptop", ClassHow: "chassis type in DMI",
	}
	if len(got.MachineID) != 32 || strings.HasPrefix(got.MachineID, "3d1219c7") {
		t.Errorf("machine id %q: want 32 digits that are not the machine's own", got.MachineID)
	}
	got.MachineID = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	vm := posture.Identify(desktop.with(tree{
		"/sys/class/dmi/id/product_name": "Virtual Machine", "/sys/class/dmi/id/chassis_type": "3",
		"/sys/class/dmi/id/product_serial": "To be filled by O.E.M.",
	}).root(nil))
	if vm.Class != "server" || vm.Serial != "" {
		t.Errorf("virtual machine: got %+v", vm)
	}
	if bare := posture.Identify(tree{}.root(nil)); bare.Class != "" {
		t.Errorf("a machine that says nothing: got class %q", bare.Class)
	}
}
