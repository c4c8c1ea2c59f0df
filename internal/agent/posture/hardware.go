package posture

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Device is who this machine is. Members that cannot be read are empty.
type Device struct {
	Hostname  string
	OS        string // "linux"
	OSVersion string // "Debian GNU/Linux 12 (bookworm)"
	Serial    string
	Model     string
	Vendor    string
	// MachineID is derived from /etc/machine-id for this program alone: machine-id(5) asks that the
	// id itself not leave the machine.
	MachineID string
	// Class is "laptop", "desktop" or "server", or empty when nothing tells.
	Class string
	// ClassHow names what Class was read from.
	ClassHow string
}

// Identify reads who this machine is.
func Identify(r Root) Device {
	m := newMachine(r)
	hw := m.readIdentity()
	d := Device{
		Hostname: clean(m.text("/proc/sys/kernel/hostname")), OS: "linux",
		Serial: hw["serial"], Model: hw["model"], Vendor: hw["vendor"], MachineID: m.machineID(),
	}
	if release, err := m.osRelease(); err == nil {
		d.OSVersion = clean(release["PRETTY_NAME"])
	}
	d.Class, d.ClassHow = m.class(hw)
	return d
}

func (m *machine) machineID() string {
	id := m.text("/etc/machine-id")
	if len(id) != 32 {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(id))
	mac.Write([]byte("breakwater device"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

const dmi = "/sys/class/dmi/id/"

// fillers are what makers leave in fields that they did not fill.
var fillers = []string{
	"to be filled by o.e.m.", "default string", "system serial number", "system product name",
	"system manufacturer", "not specified", "not applicable", "none", "n/a", "o.e.m.", "0", "unknown", "invalid",
}

// readIdentity reads serial, model and vendor from DMI, or the model from the device tree.
func (m *machine) readIdentity() map[string]string {
	out := map[string]string{}
	for key, names := range map[string][]string{
		"serial": {dmi + "product_serial", dmi + "board_serial", "/sys/firmware/devicetree/base/serial-number"},
		"model":  {dmi + "product_name", "/sys/firmware/devicetree/base/model"},
		"vendor": {dmi + "sys_vendor"},
	} {
		for _, n := range names {
			if v := filled(m.text(n)); v != "" {
				out[key] = v
				break
			}
		}
	}
	return out
}

func filled(s string) string {
	s = clean(s)
	for _, f := range fillers {
		if strings.EqualFold(s, f) {
			return ""
		}
	}
	return s
}

// readHardware: {"serial","model","vendor"}, each as far as the maker filled it in.
func readHardware(_ context.Context, m *machine) Fact {
	const how = "DMI, device tree"
	value := map[string]any{}
	for k, v := range m.readIdentity() {
		value[k] = v
	}
	if len(value) == 0 {
		return unknown("this machine has no table of its hardware (DMI or device tree)", how)
	}
	return known(value, how)
}

// chassis is the class of an SMBIOS chassis type (DSP0134, section 7.4.1).
var chassis = map[string]string{
	"3": "desktop", "4": "desktop", "5": "desktop", "6": "desktop", "7": "desktop", "13": "desktop", "15": "desktop",
	"16": "desktop", "24": "desktop", "34": "desktop", "35": "desktop", "36": "desktop",
	"8": "laptop", "9": "laptop", "10": "laptop", "14": "laptop", "30": "laptop", "31": "laptop", "32": "laptop",
	"17": "server", "22": "server", "23": "server", "25": "server", "28": "server", "29": "server",
}

// hypervisors are what virtual machines call their maker or model.
var hypervisors = []string{
	"qemu", "kvm", "vmware", "virtualbox", "innotek", "xen", "bochs", "bhyve", "parallels", "virtual machine",
	"amazon ec2", "google compute engine", "openstack", "digitalocean", "hetzner", "firecracker",
}

// class tells laptops, desktops and servers apart. A virtual machine counts as a server; whoever uses
// one as a workstation says so when enrolling it.
func (m *machine) class(hw map[string]string) (class, how string) {
	names := strings.ToLower(hw["vendor"] + " " + hw["model"])
	for _, h := range hypervisors {
		if strings.Contains(names, h) {
			return "server", "a virtual machine by its maker's name in DMI"
		}
	}
	if m.hypervisorFlag() {
		return "server", "a virtual machine by the processor's hypervisor flag"
	}
	if c := chassis[m.text(dmi+"chassis_type")]; c != "" {
		return c, "chassis type in DMI"
	}
	if names, err := m.names("/sys/class/power_supply"); err == nil {
		for _, n := range names {
			if strings.HasPrefix(n, "BAT") {
				return "laptop", "a battery"
			}
		}
	}
	return "", "nothing on this machine tells"
}

func (m *machine) hypervisorFlag() bool {
	data, err := m.file("/proc/cpuinfo", maxFile)
	if err != nil {
		return false
	}
	found := false
	if err := eachLine(data, func(line string) bool {
		if strings.HasPrefix(line, "flags") {
			found = strings.Contains(line+" ", " hypervisor ")
			return false
		}
		return true
	}); err != nil {
		return false
	}
	return found
}
