package posture

import "context"

// timeServices are the programs that keep a Linux clock, by process name.
var timeServices = []struct{ process, service string }{
	{"chronyd", "chronyd"},
	{"systemd-timesyncd", "systemd-timesyncd"},
	{"ntpd", "ntpd"},
	{"ntpsec", "ntpsec"},
	{"ptp4l", "ptp4l"},
	{"phc2sys", "phc2sys"},
	{"VBoxService", "VBoxService"},
	{"vmtoolsd", "vmtoolsd"},
}

// readTimeSync: {"service", "synchronized"}. service is "none" when no known one runs.
func readTimeSync(_ context.Context, m *machine) Fact {
	const how = "adjtimex, process list"
	if m.kernelClock == nil {
		return unknown("the kernel could not be asked about its clock", how)
	}
	synchronized, err := m.kernelClock()
	if err != nil {
		return unknown("the kernel could not be asked about its clock", how)
	}
	service := "none"
	for _, s := range timeServices {
		on, err := m.running(s.process)
		if err != nil {
			return unknown(reason("the list of processes", err), how)
		}
		if on {
			service = s.service
			break
		}
	}
	return known(map[string]any{"service": service, "synchronized": synchronized}, how)
}
