package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"breakwater/internal/device"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// Device is one device: what it last said, how it stands, who has it.
type Device struct {
	Base, Here string
	ID, About  string
	Say        string
	Facts      []Fact
	Day        string
	Window     string
	Axis       Axis
	Rows       []DevicePractice
	Read       []FactGroup
	Unread     []FactLine
	ReadAt     string
	ReadEntry  Link
	Reports    []ReportRow
	May        bool
	In         bool
	Form       *DeviceForm
	People     []Choice
	Today      string
	Keys       [5]string // of the forms
}

// DevicePractice is one practice on one device.
type DevicePractice struct {
	Href, Title string
	Grade       Grade
	Strip       Strip
	Standing    Standing
}

// ReportRow is one report in the log.
type ReportRow struct {
	Entry Link
	At    string
	What  string
}

var devicePage = newEvidencePage[Device]("device.html")

func (d *desk) device(v *Visit) error {
	p := Device{Base: v.base(), Here: v.base() + "/devices/" + pathPart(v.PathValue("device")), May: v.May(permit.EditSubjects)}
	for n := range p.Keys {
		p.Keys[n] = randomText(16)
	}
	err := d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		x, err := st.Device.Find(v.PathValue("device"))
		if errors.Is(err, device.ErrNotFound) {
			return errNotThere
		}
		if err != nil {
			return err
		}
		return p.fill(v, st, x)
	})
	if err != nil {
		return err
	}
	if v.May(permit.ViewLog) {
		if p.Reports, err = d.reports(v, p.ID); err != nil {
			return err
		}
	}
	return render(v, devicePage, v.Frame(p.ID+", "+v.ClientName, inClients, v.clientCrumbs(Crumb{"Devices", v.base() + "/devices"})...), p)
}

func (p *Device) fill(v *Visit, st *projection.State, x *device.Device) error {
	a := v.asks()
	p.ID, p.In, p.Window, p.Axis = x.ID, x.In, a.days(v.Zone), axisOf(a.Window(), v.Zone, false)
	p.About = deviceLine(st, x)
	answers, err := a.deviceAnswers(st, x.ID, devicePractices(st))
	if err != nil {
		return err
	}
	c := says{v.Zone, a.On}
	for n := range answers {
		row, _ := st.Catalog().Practice(answers[n].id)
		y := judged{subject: st.Book.Registers[framework.ScopeDevice].Subject(x.ID), answer: answers[n]}
		now := y.at(a.On)
		p.Rows = append(p.Rows, DevicePractice{v.base() + "/practices/" + row.ID, row.Title, GradeOf(now.grade), y.strip(a, st), c.subjectStanding(&y, a)})
	}
	p.Say = c.deviceSays(x, answers, a.On)
	p.Facts = c.deviceFacts(v, st, x)
	p.readings(v, x)
	if p.May {
		p.Form, p.Today = deviceForm(v, st, x), a.Day
		p.People = []Choice{{"", "nobody named", true}}
		for _, m := range st.Client.Members(framework.ScopePerson, false) {
			p.People = append(p.People, Choice{m.ID, either(m.Name, m.ID), x.Custody != nil && x.Custody.Person == m.ID})
		}
	}
	return nil
}

// deviceSays is what the device last said of itself, in a sentence.
func (c says) deviceSays(x *device.Device, list []answer, on int64) string {
	if x.Last.At == 0 {
		if x.Key == nil {
			return x.ID + " is listed by hand. It has never reported: only what people record speaks for it."
		}
		return x.ID + " is enrolled and has not reported yet."
	}
	held, judged := 0, 0
	for n := range list {
		if s := list[n].at(on); s.class != "" {
			judged++
			if s.class == "in" || s.class == "alt" {
				held++
			}
		}
	}
	say := x.ID + " last said something of itself on " + Moment(x.Last.At, c.zone) + ", signed by its own key."
	switch {
	case judged == 0:
		return say + " No practice of the profile asks about it."
	case held == judged:
		return say + fmt.Sprintf(" All %s that ask about it are in place.", Count(judged, "practice"))
	}
	return say + fmt.Sprintf(" %d of %s that ask about it are in place.", held, Count(judged, "practice"))
}

func yesNo(b *bool) string {
	switch {
	case b == nil:
		return "not known, so it counts as yes"
	case *b:
		return "yes"
	}
	return "no"
}

func text(s string) []FactPart { return []FactPart{{Text: s}} }

func (c says) deviceFacts(v *Visit, st *projection.State, x *device.Device) []Fact {
	var list []Fact
	add := func(title, say string) {
		if say != "" {
			list = append(list, Fact{title, text(say)})
		}
	}
	who := holder(st, x)
	if x.Custody != nil && x.Custody.Note != "" {
		who = strings.TrimPrefix(who+", "+x.Custody.Note, ", ")
	}
	add("Holder", either(who, "not on record"))
	if x.Key != nil {
		where := "in a file on the device"
		if x.Key.Protection == "tpm2" {
			where = "in its TPM, which does not give it away"
		}
		list = append(list, Fact{"Key", []FactPart{{Text: "kept " + where + ", enrolled in"}, {Text: "entry " + Comma(int64(x.KeyEntry)), Href: entryLink(v.base(), x.KeyEntry).Href}}})
		if x.Key.Clone != "" {
			add("Same hardware", "as "+x.Key.Clone+": a cloned disk image, or one device under two names")
		}
	} else {
		add("Key", "none: it is not enrolled")
	}
	add("Holds ePHI", yesNo(x.HoldsEPHI))
	add("Backed up", yesNo(x.BackedUp))
	add("Model", strings.TrimPrefix(x.Model+serial(x.Serial), ", "))
	list = append(list, Fact{"In the inventory", []FactPart{{Text: "since " + c.short(x.Since) + ","}, {Text: "entry " + Comma(int64(x.Entry)), Href: entryLink(v.base(), x.Entry).Href}}})
	if !x.In {
		add("Retired", "it is no longer in scope")
	}
	for _, u := range x.Unused {
		add("Out of use", period(u.From, u.To, v.Zone)+", said by "+u.By+colon(u.Why))
	}
	if x.Missed > 0 {
		add("Missing", Count(int(x.Missed), "report")+" that it numbered never arrived")
	}
	add("Note", x.Note)
	return list
}

func serial(s string) string {
	if s == "" {
		return ""
	}
	return ", serial " + s
}

// readings are the facts of the last full report, as they were read.
func (p *Device) readings(v *Visit, x *device.Device) {
	if len(x.Facts) == 0 && len(x.Unknown) == 0 {
		return
	}
	p.ReadAt, p.ReadEntry = Moment(x.Full.At, v.Zone), entryLink(v.base(), x.Full.Index)
	p.Read = factGroups(x.Facts)
	for _, name := range sortedKeys(x.Unknown) {
		p.Unread = append(p.Unread, FactLine{factName(name), x.Unknown[name]})
	}
}

// lookBack is how many entries are searched for a device's reports, and most
// how many are listed.
const (
	lookBack    = 2000
	mostReports = 15
)

// reports are the newest entries in which a device reported.
func (d *desk) reports(v *Visit, id string) ([]ReportRow, error) {
	list, err := d.volumesOf(v.Context(), v.Client)
	if err != nil {
		return nil, err
	}
	var rows []ReportRow
	for to := list.size(); to > 0 && len(rows) < mostReports && list.size()-to < lookBack; {
		from := to - min(to, 250)
		var page []ReportRow
		err := d.opened(v.Context(), list, from, to, func(e store.Stored) error {
			row, ok, err := reportRow(v, e, id)
			if ok {
				page = append(page, row)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.Reverse(page)
		rows, to = append(rows, page...), from
	}
	return rows[:min(len(rows), mostReports)], nil
}

func reportRow(v *Visit, e store.Stored, id string) (ReportRow, bool, error) {
	k := event.Kind(e.Kind)
	if e.Erased || k != event.DeviceReported && k != event.DeviceSeen {
		return ReportRow{}, false, nil
	}
	env, err := event.Decode(e.Envelope)
	if err != nil {
		return ReportRow{}, false, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	at, what, ok := reportIn(env, id)
	return ReportRow{entryLink(v.base(), e.Index), Moment(at, v.Zone), what}, ok, nil
}

// reportIn is what an entry says of a device's report.
func reportIn(e event.Envelope, id string) (at int64, what string, ok bool) {
	if e.Kind == event.DeviceReported {
		b, err := event.Body[device.Reported](e)
		return e.At, fmt.Sprintf("report %s, all facts", Comma(int64(b.Seq))), err == nil && b.Device == id
	}
	b, err := event.Body[device.Seen](e)
	if err != nil {
		return 0, "", false
	}
	for _, l := range b.Reports {
		if l.Device == id {
			return l.At, fmt.Sprintf("report %s, unchanged", Comma(int64(l.Seq))), true
		}
	}
	return 0, "", false
}
