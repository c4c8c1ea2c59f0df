package web

import (
	"cmp"
	"slices"
	"strings"

	"breakwater/internal/device"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// perPage is how many devices a page draws.
const perPage = 100

// Devices is a client's inventory.
type Devices struct {
	Base    string
	Places  []Link
	Lede    string
	Filters []Pick
	Find    string
	Show    string
	Axis    Axis
	Rows    []DeviceRow
	Pages   []Link
	Empty   *Empty
	Enroll  string // "" for who may not
	Add     *DeviceForm
	Fits    string
}

// DeviceRow is one device over the last twelve months.
type DeviceRow struct {
	Href, Name, About string
	Holder            string
	Strip             Strip
	Standing          Standing
	Last, How         string
	Off               bool
}

// DeviceForm is what the register says of a device.
type DeviceForm struct {
	ID, Name, Model, Serial, Owner, Note string
	Classes, Platforms, Sites            []Choice
	EPHI, BackedUp                       []Choice
}

var devicesPage = newEvidencePage[Devices]("devices.html")

func (d *desk) devices(v *Visit) error {
	p := Devices{Base: v.base(), Places: v.places("Devices"), Find: v.query("find"), Show: v.query("show")}
	if v.May(permit.ManageSecrets) {
		p.Enroll = v.base() + "/enroll"
	}
	err := d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		if v.May(permit.EditSubjects) {
			p.Add = deviceForm(v, st, nil)
		}
		return p.fill(v, st)
	})
	if err != nil {
		return err
	}
	return render(v, devicesPage, v.Frame("Devices, "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

// query is a parameter of the address, not of a form that was sent.
func (v *Visit) query(name string) string { return strings.TrimSpace(v.URL.Query().Get(name)) }

// listed is a device with how it stands.
type listed struct {
	*device.Device
	answers []answer
	state   stretch
	title   string // of the practice that is worst
}

func (p *Devices) fill(v *Visit, st *projection.State) error {
	all := st.Device.Inventory(true)
	in := slices.DeleteFunc(slices.Clone(all), func(x *device.Device) bool { return !x.In })
	p.Lede = deviceLede(v, in)
	a := v.asks()
	p.Axis = axisOf(a.Window(), v.Zone, false)
	if len(all) == 0 {
		p.Empty = &Empty{
			What:   "Every device will be listed here, with what it last said of itself.",
			Detail: "On Linux: sudo breakwater-agent enroll --server ADDRESS --secret SECRET. A secret is made on the next page; one serves all devices of this client.",
		}
		if p.Enroll != "" {
			p.Empty.Step, p.Empty.Href, p.Empty.Takes = "Enroll the first device", p.Enroll, "about 4 minutes"
		}
		return nil
	}
	return p.rows(v, st, a, all)
}

func deviceLede(v *Visit, in []*device.Device) string {
	var never, silent int
	for _, x := range in {
		switch {
		case x.Last.At == 0:
			never++
		case v.Now()-x.Last.At > 7*interval.Day:
			silent++
		}
	}
	say := Count(len(in), "device") + " in use. " + Comma(int64(len(in)-never-silent)) + " reported in the last 7 days"
	if silent > 0 {
		say += ", " + Comma(int64(silent)) + " did not"
	}
	if never > 0 {
		say += ", " + Comma(int64(never)) + " never did"
	}
	return say + "."
}

// deviceFilters pick devices.
var deviceFilters = []struct {
	value, title string
	picks        func(x *listed, now int64) bool
}{
	{"", "In use", func(x *listed, now int64) bool { return x.In }},
	{"failed", "Failed", func(x *listed, now int64) bool { return x.In && x.state.class == "fa" }},
	{"unproven", "Unproven", func(x *listed, now int64) bool { return x.In && x.state.class == "un" }},
	{"silent", "Silent for 7 days", func(x *listed, now int64) bool { return x.In && now-x.Last.At > 7*interval.Day }},
	{"unused", "Out of use", func(x *listed, now int64) bool { return x.In && away(x.Device, now) != nil }},
	{"retired", "Retired", func(x *listed, now int64) bool { return !x.In }},
}

// away is the declared time out of use that holds at an instant, nil for none.
func away(x *device.Device, now int64) *device.Unused {
	for n := range x.Unused {
		if u := &x.Unused[n]; u.From <= now && (u.To == 0 || now < u.To) {
			return u
		}
	}
	return nil
}

func (p *Devices) rows(v *Visit, st *projection.State, a asked, all []*device.Device) error {
	practices := devicePractices(st)
	var list []listed
	for n, x := range all {
		y := listed{Device: x}
		if n < mostSubjects {
			var err error
			if y.answers, err = a.deviceAnswers(st, x.ID, practices); err != nil {
				return err
			}
		}
		y.state, y.title = worst(st, y.answers, a.On)
		list = append(list, y)
	}
	at := 0
	for n, f := range deviceFilters {
		if f.value == p.Show {
			at = n
		}
	}
	for n, f := range deviceFilters {
		count := 0
		for i := range list {
			if f.picks(&list[i], v.Now()) {
				count++
			}
		}
		if n == 0 || count > 0 || n == at {
			p.Filters = append(p.Filters, Pick{f.title, v.with("show", f.value, "page", ""), count, n == at})
		}
	}
	words := strings.ToLower(p.Find)
	list = slices.DeleteFunc(list, func(x listed) bool {
		return !deviceFilters[at].picks(&x, v.Now()) || !strings.Contains(strings.ToLower(x.ID+" "+x.Name+" "+deviceLine(st, x.Device)+" "+holder(st, x.Device)), words)
	})
	rank := map[string]int{"fa": 0, "un": 1, "alt": 3, "in": 3, "": 4}
	slices.SortStableFunc(list, func(x, y listed) int {
		return cmp.Or(cmp.Compare(rank[x.state.class], rank[y.state.class]), strings.Compare(x.ID, y.ID))
	})
	if len(list) == 0 {
		p.Fits = "No device fits this filter and these words."
	}
	var first, last int
	p.Pages, first, last = v.pages(len(list), perPage)
	c := says{v.Zone, a.On}
	for n := first; n < last; n++ {
		p.Rows = append(p.Rows, c.deviceRow(v, st, a, &list[n]))
	}
	return nil
}

// pages are links to the pages of a long list, and what is on this one.
func (v *Visit) pages(n, size int) (links []Link, first, last int) {
	if n <= size {
		return nil, 0, n
	}
	count := (n + size - 1) / size
	at := min(max(int(number(v.query("page"))), 1), count)
	for i := 1; i <= count; i++ {
		links = append(links, Link{Comma(int64(i)), v.with("page", Comma(int64(i))), i == at})
	}
	return links, (at - 1) * size, min(at*size, n)
}

// number reads a small number, 0 for anything else.
func number(s string) uint64 {
	n := uint64(0)
	for _, r := range s {
		if r < '0' || r > '9' || n > 1<<50 {
			return 0
		}
		n = 10*n + uint64(r-'0')
	}
	return n
}

// devicePractices are the practices of the client's profile that ask about
// devices.
func devicePractices(st *projection.State) []string {
	var ids []string
	for _, row := range st.Catalog().Practices {
		if row.Scope == framework.ScopeDevice && row.Mode != framework.Event && row.In(st.Client.Profile) {
			ids = append(ids, row.ID)
		}
	}
	return ids
}

// deviceAnswers asks about one device, in the practices that it is in scope of.
func (a asked) deviceAnswers(st *projection.State, id string, practices []string) ([]answer, error) {
	s := st.Book.Registers[framework.ScopeDevice].Subject(id)
	if s == nil || len(practices) == 0 {
		return nil, nil
	}
	list, err := a.answersOf(st, framework.ScopeDevice, s, practices)
	return slices.DeleteFunc(list, func(x answer) bool { return len(x.spans) == 0 }), err
}

// worst is the worst of a device's answers at an instant, and its title.
func worst(st *projection.State, list []answer, on int64) (stretch, string) {
	var res stretch
	title := ""
	for n := range list {
		x := list[n].at(on)
		if states[x.class] > states[res.class] || x.class == res.class && x.class != "" && x.From < res.From {
			res = x
			if row, ok := st.Catalog().Practice(list[n].id); ok {
				title = row.Title
			}
		}
	}
	return res, title
}

func (c says) deviceRow(v *Visit, st *projection.State, a asked, x *listed) DeviceRow {
	r := DeviceRow{
		Href: v.base() + "/devices/" + pathPart(x.ID), Name: x.ID, About: deviceLine(st, x.Device), Holder: holder(st, x.Device),
		Strip: allOf(x.answers, a, st), Standing: c.deviceStanding(x, a.On), Off: !x.In, Last: "never", How: "listed by hand",
	}
	if x.Key != nil {
		r.How = "signed by its key"
	}
	if x.Last.At > 0 {
		r.Last = When(x.Last.At, v.Now(), v.Zone)
	}
	if u := away(x.Device, v.Now()); u != nil && x.In {
		r.Standing = Standing{"none", "Out of use", "until " + c.short(u.To-1)}
	}
	return r
}

// allOf draws the worst of each day over a device's practices.
func allOf(list []answer, a asked, st *projection.State) Strip {
	var runs []duty.Run
	began := duty.Began(st.Book)
	for n := range list {
		for _, s := range list[n].spans {
			if s.class == "un" {
				s.From = max(s.From, began)
			}
			if !s.Empty() {
				runs = append(runs, duty.Run{Span: s.Span, State: states[s.class]})
			}
		}
	}
	return Strip(duty.Draw(a.Window(), st.Client.Location(), runs))
}

func (c says) deviceStanding(x *listed, on int64) Standing {
	held, judged := 0, 0
	for n := range x.answers {
		switch x.answers[n].at(on).class {
		case "in", "alt":
			held++
			judged++
		case "un", "fa":
			judged++
		}
	}
	switch {
	case !x.In:
		return Standing{"none", "Retired", ""}
	case judged == 0:
		return Standing{"none", "Not asked", "no practice of the profile applies"}
	case held == judged:
		return Standing{"in", "All in place", Count(judged, "practice")}
	}
	return Standing{x.state.class, words[x.state.class], x.title + ", since " + c.short(x.state.From) + andMore(judged-held-1, "more practice")}
}

// deviceLine is the quiet line about a device: "Laptop, Windows, front desk".
func deviceLine(st *projection.State, x *device.Device) string {
	var parts []string
	if x.Name != "" && x.Name != x.ID {
		parts = append(parts, x.Name)
	}
	if x.Class != "" {
		parts = append(parts, classWords(x.Class))
	}
	if p := either(x.Platform, x.Listing.Platform); p != "" {
		parts = append(parts, platformWords[p])
	}
	if s := subjectName(st, framework.ScopeSite, x.Site); s != "" {
		parts = append(parts, s)
	}
	return upper(strings.Join(parts, ", "))
}

// upper is s with its first letter in upper case.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var platformWords = map[string]string{"linux": "Linux", "windows": "Windows", "darwin": "macOS", "ios": "iOS", "android": "Android"}

func classWords(class string) string {
	switch class {
	case "nas":
		return "NAS"
	case "iot":
		return "IoT device"
	case "saas":
		return "service"
	}
	return class
}

// holder is who has a device now.
func holder(st *projection.State, x *device.Device) string {
	if x.Custody != nil && x.Custody.Person != "" {
		return subjectName(st, framework.ScopePerson, x.Custody.Person)
	}
	return subjectName(st, framework.ScopePerson, x.Owner)
}
