// Package posture reads what a Linux machine says about its own security, as facts.
//
// It knows where Linux keeps each setting and how to read it without changing anything. It refuses
// to judge: whether a fact is good enough, and for how long it stays so, is decided far from here.
// It never reads patient data, user documents, passwords or keys.
//
// Words: a fact is one thing read about this device, a small JSON object that stays the same while
// the device stays the same (dates instead of ages, sorted lists). A fact that cannot be read is
// unknown and says why in plain words; it is never replaced by a default or a guess. How names the
// source of the reading. A volume is a mounted local writable file system or a swap area.
//
// Absent members of a value mean "not known", never "no".
package posture

import (
	"context"
	"io/fs"
	"sort"
	"time"
)

// Fact is one thing read about this device. Exactly one of Value and Unknown is set.
type Fact struct {
	// Name is the name of the fact, such as "disk_encryption".
	Name string
	// Value holds only map[string]any, []any, string, bool and int64: no floats, no nulls.
	Value map[string]any
	// Unknown says in plain words, without user data, why the fact could not be read.
	Unknown string
	// How names the source, such as "mountinfo and /sys/block".
	How string
}

// Root is the machine that is read. Tests give a fake one; Here gives the real one.
type Root struct {
	// FS is rooted at "/".
	FS fs.FS
	// Run runs a command and returns its standard output. A program that is not installed is
	// an error that wraps exec.ErrNotFound.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// Now is the clock; it names the day of file dates that lie in the future as unusable.
	Now func() time.Time
	// Euid is the effective user id; 0 may read everything.
	Euid int

	kernelClock func() (synchronized bool, err error) // nil: the kernel cannot be asked
}

// readLimit bounds one fact; a reader that hangs (a dead network mount, a stuck command) leaves
// its fact unknown and the others untouched.
const readLimit = 20 * time.Second

// readersAtOnce keeps the agent from taking a small machine over while it looks.
const readersAtOnce = 4

type reader func(ctx context.Context, m *machine) Fact

var readers = map[string]reader{
	"accounts":           readAccounts,
	"auto_login":         readAutoLogin,
	"auto_update":        readAutoUpdate,
	"container":          readContainer,
	"disk_encryption":    readDiskEncryption,
	"firewall":           readFirewall,
	"hardware":           readHardware,
	"local_admins":       readLocalAdmins,
	"malware_protection": readMalwareProtection,
	"os_version":         readOSVersion,
	"password_state":     readPasswordState,
	"patches":            readPatches,
	"remote_access":      readRemoteAccess,
	"screen_lock":        readScreenLock,
	"secureboot":         readSecureBoot,
	"software":           readSoftware,
	"ssh_settings":       readSSHSettings,
	"time_sync":          readTimeSync,
	"tpm":                readTPM,
	"usb_policy":         readUSBPolicy,
}

// Collect reads every fact, each within its own time limit, and returns them sorted by name.
// A reader that panics or runs out of time leaves its fact unknown.
func Collect(ctx context.Context, r Root) []Fact {
	m := newMachine(r)
	found := make(chan Fact, len(readers))
	slots := make(chan struct{}, readersAtOnce)
	for name, read := range readers {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found <- readOne(ctx, m, name, read)
		}()
	}
	facts := make([]Fact, 0, len(readers))
	for range readers {
		facts = append(facts, <-found)
	}
	sort.Slice(facts, func(i, j int) bool { return facts[i].Name < facts[j].Name })
	return facts
}

// readOne runs one reader; a reader past its limit is left behind and its answer is dropped.
func readOne(ctx context.Context, m *machine, name string, read reader) Fact {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	done := make(chan Fact, 1)
	go func() {
		defer func() {
			if recover() != nil {
				done <- unknown("the agent stumbled over this machine's data", "")
			}
		}()
		done <- read(ctx, m)
	}()
	var f Fact
	select {
	case f = <-done:
	case <-ctx.Done():
		f = unknown("the reading did not finish in time", "")
	}
	f.Name = name
	return f
}

func known(value map[string]any, how string) Fact { return Fact{Value: value, How: how} }

func unknown(why, how string) Fact { return Fact{Unknown: why, How: how} }
