package web

import (
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func (s *Server) startRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/start", Permission: permit.AddClient, Handle: s.start},
		{Method: "GET", Path: "/start/clients", Permission: permit.AddClient, Handle: s.pasteClients},
		{Method: "POST", Path: "/start/clients", Permission: permit.AddClient, Handle: s.pasteClientsSend, File: true, Slow: true},
		{Method: "GET", Path: "/start/devices", Permission: permit.ViewPortfolio, Handle: s.startDevices},
	}
}

// Start is the page of the next steps.
type Start struct {
	Clients, Devices int // clients beside the MSP; devices with a key
	Own              []StartDevice
	Sample           string
}

// StartDevices is the page that chooses the client whose devices to enroll.
type StartDevices struct{ Clients []DeviceCount }

// DeviceCount is one client with how many of its devices report.
type DeviceCount struct {
	Name, Href, Devices string
	MSP                 bool
}

var (
	startPage        = newPage[Start]("start.html")
	startDevicesPage = newPage[StartDevices]("start_devices.html")
)

func (s *Server) start(v *Visit) error {
	p := Start{Sample: s.cfg.SampleAddress}
	err := s.eachClient(v, permit.ViewClient, func(c intake.ClientInfo, st *projection.State) error {
		if !c.MSP {
			p.Clients++
		}
		p.Devices += enrolled(st)
		var err error
		if c.MSP {
			p.Own, err = startOwn(v, c.ID, st)
		}
		return err
	})
	if err != nil {
		return err
	}
	return render(v, startPage, v.Frame("Next steps", inClients), p)
}

// enrolled counts devices in the inventory that have a key of their own.
func enrolled(st *projection.State) int {
	n := 0
	for _, d := range st.Device.Devices {
		if d.In && d.Key != nil {
			n++
		}
	}
	return n
}

// eachClient gives f the state of each client about which who asks may do p,
// the MSP's own first.
func (s *Server) eachClient(v *Visit, p permit.Permission, f func(intake.ClientInfo, *projection.State) error) error {
	list, err := s.door().Clients(v.Context())
	if err != nil {
		return err
	}
	for _, c := range list {
		if !v.MayFor(p, c.ID) {
			continue
		}
		err := s.door().Read(v.Context(), c.ID, func(st *projection.State) error { return f(c, st) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) startDevices(v *Visit) error {
	var p StartDevices
	err := s.eachClient(v, permit.ManageSecrets, func(c intake.ClientInfo, st *projection.State) error {
		d := DeviceCount{Name: c.Name, Href: "/clients/" + c.ID + "/enroll", MSP: c.MSP, Devices: "none yet"}
		if n := enrolled(st); n > 0 {
			d.Devices = Count(n, "device")
		}
		p.Clients = append(p.Clients, d)
		return nil
	})
	if err != nil {
		return err
	}
	return render(v, startDevicesPage, v.Frame("Enroll devices", inClients, Crumb{"Next steps", "/start"}), p)
}
