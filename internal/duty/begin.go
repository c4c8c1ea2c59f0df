package duty

import "breakwater/internal/framework"

const (
	firstDevice      = "Enroll the first device"
	firstDeviceTakes = "about 4 minutes"
)

// begin is the steps of a new client that are no practice, one action each.
func (w *work) begin() []Duty {
	c := &w.State.Client
	var list []Duty
	step := func(do, title, action, why string, weight int) {
		list = append(list, Duty{
			Kind: KindBegin, Title: title, Action: action, Word: "To begin", Why: "To begin: " + why,
			Link: Link{Do: do}, weight: weight,
		})
	}
	if !w.enrolled() {
		step("enroll", "First device", firstDevice+", "+firstDeviceTakes, "no device has reported yet", 103)
	}
	if c.Scope == nil && !c.MSP {
		step("scope", "Scope statement", "Have the client sign the scope statement",
			"until then every report speaks of the systems managed by us only", 102)
	}
	if c.Program == "" {
		step("elect", "Program", "Elect the client's program of recognized security practices",
			"the twelve-month clock then follows its practices", 101)
	}
	if c.Count(framework.ScopePerson) == 0 {
		step("people", "People", "List the client's people", "training and access are judged for each of them", 100)
	}
	return list
}

func (w *work) enrolled() bool {
	for _, d := range w.State.Device.Devices {
		if d.Last.At > 0 {
			return true
		}
	}
	return false
}
