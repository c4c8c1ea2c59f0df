package posture

import (
	"context"
	"strings"
)

// readAutoLogin: {"enabled","by":[names]}: which of gdm, lightdm, sddm and getty logs someone in
// without a password. The account's name is not reported.
func readAutoLogin(_ context.Context, m *machine) Fact {
	const how = "settings of gdm, lightdm, sddm and getty"
	by := []string{}
	for name, check := range map[string]func(*machine) (bool, error){
		"gdm": (*machine).gdmLogsIn, "lightdm": (*machine).lightdmLogsIn,
		"sddm": (*machine).sddmLogsIn, "getty": (*machine).gettyLogsIn,
	} {
		on, err := check(m)
		if err != nil {
			return unknown(reason("the login settings", err), how)
		}
		if on {
			by = append(by, name)
		}
	}
	return known(map[string]any{"enabled": len(by) > 0, "by": list(by)}, how)
}

func (m *machine) gdmLogsIn() (bool, error) {
	for _, name := range []string{
		"/etc/gdm3/daemon.conf", "/etc/gdm3/custom.conf", "/etc/gdm/custom.conf", "/etc/gdm/daemon.conf",
	} {
		conf, err := m.readINI(name)
		if err != nil {
			return false, err
		}
		d := conf["daemon"]
		if yes(d["AutomaticLoginEnable"]) && d["AutomaticLogin"] != "" || yes(d["TimedLoginEnable"]) && d["TimedLogin"] != "" {
			return true, nil
		}
	}
	return false, nil
}

func (m *machine) lightdmLogsIn() (bool, error) {
	conf, err := m.stackedINI("/etc/lightdm/lightdm.conf", "/usr/share/lightdm/lightdm.conf.d",
		"/usr/local/share/lightdm/lightdm.conf.d", "/etc/xdg/lightdm/lightdm.conf.d", "/etc/lightdm/lightdm.conf.d")
	for section, keys := range conf {
		if strings.HasPrefix(section, "Seat") && (keys["autologin-user"] != "" || yes(keys["autologin-guest"])) {
			return true, nil
		}
	}
	return false, err
}

func (m *machine) sddmLogsIn() (bool, error) {
	conf, err := m.stackedINI("/etc/sddm.conf", "/usr/lib/sddm/sddm.conf.d", "/etc/sddm.conf.d")
	return conf["Autologin"]["User"] != "", err
}

// stackedINI reads the files of folders, then one main file over them.
func (m *machine) stackedINI(main string, dirs ...string) (ini, error) {
	var files []string
	for _, d := range dirs {
		some, err := m.filesIn(d, ".conf")
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	return m.readINI(append(files, main)...)
}

// gettyLogsIn looks for agetty's --autologin in the changes that an administrator made to getty units.
func (m *machine) gettyLogsIn() (bool, error) {
	const base = "/etc/systemd/system"
	names, err := m.names(base)
	if err != nil {
		return false, err
	}
	for _, n := range names {
		if !strings.Contains(n, "getty@") {
			continue
		}
		files := []string{base + "/" + n}
		if strings.HasSuffix(n, ".d") {
			if files, err = m.filesIn(base+"/"+n, ".conf"); err != nil {
				return false, err
			}
		}
		for _, f := range files {
			if on, err := m.startsLogin(f); on || err != nil {
				return on, err
			}
		}
	}
	return false, nil
}

func (m *machine) startsLogin(unit string) (bool, error) {
	conf, err := m.readINI(unit)
	if err != nil {
		return false, err
	}
	command := " " + strings.ReplaceAll(conf["Service"]["ExecStart"], "=", " ") + " "
	return strings.Contains(command, " --autologin ") || strings.Contains(command, " -a "), nil
}
