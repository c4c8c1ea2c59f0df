package web

import (
	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/projection"
)

// deviceForm is the form of what the register says of a device; of a new one
// where x is nil.
func deviceForm(v *Visit, st *projection.State, x *device.Device) *DeviceForm {
	l := device.Listing{}
	if x != nil {
		l = x.Listing
	}
	if v.Method == "POST" {
		l = listingOf(v, l.ID)
	}
	f := &DeviceForm{ID: l.ID, Name: l.Name, Model: l.Model, Serial: l.Serial, Owner: l.Owner, Note: l.Note}
	f.Classes = []Choice{{"", "not known", l.Class == ""}}
	for _, c := range device.Classes {
		f.Classes = append(f.Classes, Choice{c, classWords(c), c == l.Class})
	}
	f.Platforms = []Choice{{"", "not known", l.Platform == ""}}
	for _, p := range device.Platforms {
		f.Platforms = append(f.Platforms, Choice{p, platformWords[p], p == l.Platform})
	}
	f.Sites = []Choice{{"", "not known", l.Site == ""}}
	for _, m := range st.Client.Members(framework.ScopeSite, false) {
		f.Sites = append(f.Sites, Choice{m.ID, either(m.Name, m.ID), m.ID == l.Site})
	}
	f.EPHI, f.BackedUp = threeWay(l.HoldsEPHI), threeWay(l.BackedUp)
	return f
}

func threeWay(b *bool) []Choice {
	chosen := ""
	if b != nil {
		chosen = map[bool]string{true: "yes", false: "no"}[*b]
	}
	return choices(chosen, "", "not known", "yes", "yes", "no", "no")
}

// listingOf is what the form says of a device.
func listingOf(v *Visit, id string) device.Listing {
	l := device.Listing{
		ID: id, Name: v.Field("name"), Class: v.Field("class"), Platform: v.Field("platform"), Serial: v.Field("serial"), Model: v.Field("model"),
		Site: v.Field("site"), Note: v.Field("note"), HoldsEPHI: answered(v.Field("ephi")), BackedUp: answered(v.Field("backed_up")),
	}
	if id == "" {
		l.ID = v.Field("id")
	}
	return l
}

// answered is a yes, a no, or nil for an answer that was not given.
func answered(s string) *bool {
	switch s {
	case "yes":
		return new(true)
	case "no":
		return new(false)
	}
	return nil
}

func (d *desk) deviceAddSend(v *Visit) error {
	l := listingOf(v, "")
	_, err := d.door().AddSubject(v.Context(), v.Caller(), v.Client, intake.Subject{Kind: framework.ScopeDevice, ID: l.ID, Device: l}, v.Key())
	if err != nil {
		return v.again(err, d.devices)
	}
	return v.Go(v.base()+"/devices/"+pathPart(l.ID), l.ID+" is in the inventory. Until it is enrolled only what people record speaks for it.")
}

// here is the page of the device that the visit is about.
func (v *Visit) deviceHere() string {
	return v.base() + "/devices/" + pathPart(v.PathValue("device"))
}

func (d *desk) deviceChangeSend(v *Visit) error {
	l := listingOf(v, v.PathValue("device"))
	_, err := d.door().ChangeSubject(v.Context(), v.Caller(), v.Client, intake.Subject{Kind: framework.ScopeDevice, ID: l.ID, Device: l}, v.Key())
	if err != nil {
		return v.again(err, d.device)
	}
	return v.Go(v.deviceHere(), "Changed.")
}

func (d *desk) deviceCustodySend(v *Visit) error {
	at, err := momentOf(v, "at")
	if err != nil {
		return v.again(err, d.device)
	}
	_, err = d.door().Custody(v.Context(), v.Caller(), v.Client, v.PathValue("device"), v.Field("person"), v.Field("note"), at, v.Key())
	if err != nil {
		return v.again(err, d.device)
	}
	return v.Go(v.deviceHere(), "Who has it is recorded.")
}

func (d *desk) deviceUnusedSend(v *Visit) error {
	from, err := civilDay(v.Field("from"), v.Zone)
	if err != nil {
		return v.again(err, d.device)
	}
	to, err := dayEnd(v.Field("to"), v.Zone)
	if err != nil {
		return v.again(err, d.device)
	}
	by := either(v.Field("by"), v.Who.Name)
	_, err = d.door().Unused(v.Context(), v.Caller(), v.Client, framework.ScopeDevice, v.PathValue("device"), from, to, by, v.Field("why"), v.Key())
	if err != nil {
		return v.again(err, d.device)
	}
	return v.Go(v.deviceHere(), "Out of use for that time. What was on record before keeps counting as it did.")
}

func (d *desk) deviceRetireSend(v *Visit) error {
	at, err := momentOf(v, "at")
	if err != nil {
		return v.again(err, d.device)
	}
	_, err = d.door().RetireSubject(v.Context(), v.Caller(), v.Client, framework.ScopeDevice, v.PathValue("device"), v.Field("why"), at, v.Key())
	if err != nil {
		return v.again(err, d.device)
	}
	return v.Go(v.deviceHere(), "Retired. It is no longer asked about; its history stays.")
}

func (d *desk) deviceReturnSend(v *Visit) error {
	at, err := momentOf(v, "at")
	if err != nil {
		return v.again(err, d.device)
	}
	_, err = d.door().ReturnDevice(v.Context(), v.Caller(), v.Client, v.PathValue("device"), v.Field("why"), at, v.Key())
	if err != nil {
		return v.again(err, d.device)
	}
	return v.Go(v.deviceHere(), "Back in use and asked about again.")
}
