package posture

import (
	"context"
	"strings"
)

// efiSecureBoot and efiSetupMode are the UEFI variables of the global GUID: four bytes of attributes
// and one of value (UEFI specification, section 3.3).
const (
	efiVars       = "/sys/firmware/efi/efivars"
	efiSecureBoot = efiVars + "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	efiSetupMode  = efiVars + "/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c"
)

// readSecureBoot: {"firmware":"uefi"|"other","secure_boot","setup_mode"}. A machine that was not
// started by UEFI has no secure boot. In setup mode the keys may be replaced, so nothing is enforced.
func readSecureBoot(_ context.Context, m *machine) Fact {
	const how = efiVars
	if !m.sysfs() {
		return unknown("the kernel's view of the firmware is not there", how)
	}
	if m.inContainer() {
		return unknown("this runs inside a container, and the firmware of its host cannot be seen from here", how)
	}
	if !m.exists("/sys/firmware/efi") {
		return known(map[string]any{"firmware": "other", "secure_boot": false}, "/sys/firmware")
	}
	secure, ok := m.efiFlag(efiSecureBoot)
	if !ok {
		return unknown("the UEFI variables could not be read", how)
	}
	value := map[string]any{"firmware": "uefi", "secure_boot": secure}
	if setup, ok := m.efiFlag(efiSetupMode); ok {
		value["setup_mode"] = setup
		value["secure_boot"] = secure && !setup
	}
	return known(value, how)
}

func (m *machine) efiFlag(name string) (on, ok bool) {
	data, err := m.file(name, 16)
	if err != nil || len(data) != 5 {
		return false, false
	}
	return data[4] == 1, true
}

func (m *machine) sysfs() bool {
	return m.exists("/sys/firmware") || m.exists("/sys/class")
}

func (m *machine) inContainer() bool {
	mounts, err := m.mounts()
	if err != nil {
		return false
	}
	kind, _ := m.containerKind(mounts)
	return kind != "none"
}

// readTPM: {"present","version"}.
func readTPM(_ context.Context, m *machine) Fact {
	const how = "/sys/class/tpm"
	if !m.sysfs() {
		return unknown("the kernel's view of the hardware is not there", how)
	}
	if m.inContainer() {
		return unknown("this runs inside a container, and the hardware of its host cannot be seen from here", how)
	}
	if !m.exists("/sys/class/tpm/tpm0") {
		return known(map[string]any{"present": false}, how)
	}
	value := map[string]any{"present": true}
	if v := clean(m.text("/sys/class/tpm/tpm0/tpm_version_major")); v != "" {
		value["version"] = v
	}
	return known(value, how)
}

// readUSBPolicy: {"blocked","by":[names]}: what keeps USB storage from being used: usbguard,
// modprobe, udev or the kernel's default of authorizing no device. blocked is false when nothing
// was found; that a driver is loaded already takes modprobe off the list.
func readUSBPolicy(_ context.Context, m *machine) Fact {
	const how = "usbguard, /etc/modprobe.d, /etc/udev/rules.d, usbcore"
	if !m.sysfs() {
		return unknown("the kernel's view of the hardware is not there", how)
	}
	by := []string{}
	for name, check := range map[string]func(*machine) (bool, error){
		"usbguard": (*machine).usbguardBlocks, "modprobe": (*machine).modprobeBlocks, "udev": (*machine).udevBlocks,
		"usbcore": func(m *machine) (bool, error) {
			return m.text("/sys/module/usbcore/parameters/authorized_default") == "0", nil
		},
	} {
		on, err := check(m)
		if err != nil {
			return unknown(reason("the rules for USB devices", err), how)
		}
		if on {
			by = append(by, name)
		}
	}
	return known(map[string]any{"blocked": len(by) > 0, "by": list(by)}, how)
}

func (m *machine) usbguardBlocks() (bool, error) {
	conf, err := m.readINI("/etc/usbguard/usbguard-daemon.conf")
	if err != nil || len(conf) == 0 {
		return false, err
	}
	on, err := m.running("usbguard-daemon")
	target := conf[""]["ImplicitPolicyTarget"]
	return on && (target == "block" || target == "reject"), err
}

// modprobeBlocks: "install usb-storage /bin/false" or "blacklist usb-storage", with the driver not loaded.
func (m *machine) modprobeBlocks() (bool, error) {
	if m.exists("/sys/module/usb_storage") {
		return false, nil
	}
	for _, dir := range []string{"/etc/modprobe.d", "/usr/lib/modprobe.d"} {
		found, err := m.anyLine(dir, ".conf", func(line string) bool {
			f := strings.Fields(strings.ReplaceAll(line, "usb_storage", "usb-storage"))
			switch {
			case len(f) >= 2 && f[0] == "blacklist":
				return f[1] == "usb-storage"
			case len(f) >= 3 && f[0] == "install" && f[1] == "usb-storage":
				return strings.HasSuffix(f[2], "/true") || strings.HasSuffix(f[2], "/false")
			}
			return false
		})
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// udevBlocks: a rule about USB mass storage (class 08) that takes the authorization away.
func (m *machine) udevBlocks() (bool, error) {
	return m.anyLine("/etc/udev/rules.d", ".rules", func(line string) bool {
		return !strings.HasPrefix(strings.TrimSpace(line), "#") && strings.Contains(line, `authorized}="0"`) &&
			(strings.Contains(line, `bInterfaceClass}=="08"`) || strings.Contains(line, `DRIVERS=="usb-storage"`) ||
				strings.Contains(line, `DRIVER=="usb-storage"`))
	})
}

// anyLine says whether a line in the files of a folder fits.
func (m *machine) anyLine(dir, suffix string, fits func(string) bool) (bool, error) {
	files, err := m.filesIn(dir, suffix)
	if err != nil {
		return false, err
	}
	found := false
	for _, f := range files {
		data, err := m.file(f, maxFile)
		if err != nil {
			return false, err
		}
		if err := eachLine(data, func(line string) bool { found = found || fits(line); return !found }); err != nil {
			return false, err
		}
	}
	return found, nil
}
