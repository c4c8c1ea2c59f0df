package device

import (
	"slices"
	"strings"
)

// Inventory lists the devices in the order of identifiers; with all, also
// those that were retired.
func (s *State) Inventory(all bool) []*Device {
	var res []*Device
	for _, d := range s.Devices {
		if d.In || all {
			res = append(res, d)
		}
	}
	slices.SortFunc(res, func(a, b *Device) int { return strings.Compare(a.ID, b.ID) })
	return res
}

// Count is how many devices are in the inventory now.
func (s *State) Count() int {
	n := 0
	for _, d := range s.Devices {
		if d.In {
			n++
		}
	}
	return n
}

// Twin is another device in the inventory with the same hardware, nil if
// there is none: a cloned disk image, or a name given twice.
func (s *State) Twin(id, serial, machine string) *Device {
	for _, d := range s.Inventory(false) {
		if d.ID == id || d.Key == nil {
			continue
		}
		if serial != "" && d.Key.Serial == serial || machine != "" && d.Key.MachineID == machine {
			return d
		}
	}
	return nil
}
