package web

import (
	"fmt"
	"strings"

	"breakwater/internal/device"
	"breakwater/internal/projection"
)

// StartDevice is a device of the MSP's own that reports already: on a first
// start, the machine that the program runs on.
type StartDevice struct {
	Device Link
	About  string
	Says   string
}

// mostStartDevices is how many of them the page of the next steps shows.
const mostStartDevices = 3

// startOwn shows how the MSP's first devices stand.
func startOwn(v *Visit, msp string, st *projection.State) ([]StartDevice, error) {
	a, practices := v.asks(), devicePractices(st)
	var list []StartDevice
	for _, x := range st.Device.Inventory(false) {
		if x.Key == nil || x.Last.At == 0 {
			continue
		}
		if len(list) == mostStartDevices {
			break
		}
		answers, err := a.deviceAnswers(st, x.ID, practices)
		if err != nil {
			return nil, err
		}
		list = append(list, startDevice(v, msp, st, x, answers))
	}
	return list, nil
}

func startDevice(v *Visit, msp string, st *projection.State, x *device.Device, answers []answer) StartDevice {
	held, judged := 0, 0
	var failed []string
	for n := range answers {
		s := answers[n].at(v.Now())
		if s.class != "" {
			judged++
		}
		switch s.class {
		case "in", "alt":
			held++
		case "fa":
			if p, ok := st.Catalog().Practice(answers[n].id); ok {
				failed = append(failed, p.Title)
			}
		}
	}
	says := fmt.Sprintf("It shows %d of %s in place.", held, Count(judged, "practice"))
	if len(failed) > 0 {
		says += " Not in place: " + strings.Join(failed, "; ") + "."
	}
	return StartDevice{Link{Title: x.ID, Href: "/clients/" + msp + "/devices/" + pathPart(x.ID)}, deviceLine(st, x), says}
}
