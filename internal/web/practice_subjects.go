package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
)

// mostSubjects is how many subjects a page draws.
const mostSubjects = 2000

// Subjects is a practice's subjects, worst first.
type Subjects struct {
	Title   string // "Devices"
	One     string // "Device"
	Filters []Pick
	Rows    []SubjectRow
	Rest    string // how many more there are
	RestAt  string
	Cut     string // that not all were asked about
	known   map[string]int
}

// SubjectRow is one subject over the twelve months.
type SubjectRow struct {
	Href, Name, About string
	Strip             Strip
	Standing          Standing
	GapDays           string
	Last              string
}

// judged is a subject with its answer.
type judged struct {
	subject *evidence.Subject
	answer
}

// shownFirst is how many subjects a page shows before it is asked for all.
const shownFirst = 25

// subjectsOf asks about each subject of a practice by itself; nil where the
// practice has no register of subjects.
func subjectsOf(v *Visit, st *projection.State, a asked, row *framework.Practice) (*Subjects, error) {
	noun := nounOf[row.Scope]
	register := st.Book.Registers[row.Scope]
	if noun == "" || row.Mode == framework.Event || register == nil {
		return nil, nil
	}
	var list []judged
	for _, s := range register.Subjects {
		if s.ID == "" || len(s.Lives) == 0 || len(list) >= mostSubjects {
			continue
		}
		one, err := a.answersOf(st, row.Scope, s, []string{row.ID})
		if err != nil {
			return nil, err
		}
		if len(one) == 1 && len(one[0].spans) > 0 {
			list = append(list, judged{s, one[0]})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(list, func(x, y judged) int {
		return cmp.Or(cmp.Compare(x.rank(a.On), y.rank(a.On)), cmp.Compare(y.gap, x.gap), strings.Compare(x.subject.ID, y.subject.ID))
	})
	many := plural(noun)
	res := &Subjects{Title: upper(many), One: upper(noun), known: map[string]int{}}
	if n := len(register.Subjects) - mostSubjects; n > 0 {
		res.Cut = "Only the first " + Count(mostSubjects, noun) + " of the register are drawn here; the line above speaks of all."
	}
	res.pick(v, st, a, row, list)
	return res, nil
}

// subjectFilters pick subjects of a practice's page.
var subjectFilters = []struct {
	value, title string
	picks        func(*judged, asked) bool
}{
	{"", "Worst first", func(*judged, asked) bool { return true }},
	{"failed", "Failed", func(x *judged, a asked) bool { return x.at(a.On).class == "fa" }},
	{"unproven", "Unproven", func(x *judged, a asked) bool { return x.at(a.On).class == "un" }},
	{"gap", "Any gap", func(x *judged, a asked) bool { return x.gap > 0 }},
	{"alternative", "By alternative", func(x *judged, a asked) bool { return x.at(a.On).class == "alt" }},
}

func (s *Subjects) pick(v *Visit, st *projection.State, a asked, row *framework.Practice, list []judged) {
	at := 0
	for n, f := range subjectFilters {
		if f.value == v.Field("show") {
			at = n
		}
	}
	for n, f := range subjectFilters {
		count := 0
		for i := range list {
			if f.picks(&list[i], a) {
				count++
			}
		}
		if n == 0 || count > 0 || n == at {
			s.Filters = append(s.Filters, Pick{f.title, v.with("show", f.value, "all", ""), count, n == at})
		}
	}
	for i := range list {
		if x := list[i].at(a.On); x.class == "in" || x.class == "alt" {
			s.known[x.grade]++
		}
	}
	list = slices.DeleteFunc(list, func(x judged) bool { return !subjectFilters[at].picks(&x, a) })
	if n := len(list) - shownFirst; n > 3 && v.Field("all") == "" {
		s.Rest, s.RestAt = "Show the other "+Count(n, strings.ToLower(s.One)), v.with("all", "1")
		list = list[:shownFirst]
	}
	c := says{v.Zone, a.On}
	for i := range list {
		s.Rows = append(s.Rows, c.subjectRow(v, st, a, row, &list[i]))
	}
}

func (c says) subjectRow(v *Visit, st *projection.State, a asked, row *framework.Practice, x *judged) SubjectRow {
	r := SubjectRow{Name: x.subject.ID, Strip: x.strip(a, st), Standing: c.subjectStanding(x, a)}
	r.About, r.Href = v.subjectAbout(st, row.Scope, x.subject.ID)
	if m := st.Client.Registers[row.Scope][x.subject.ID]; m != nil && m.Name != "" {
		r.Name = m.Name
	}
	if x.gap > 0 {
		r.GapDays = Count(int((x.gap+day-1)/day), "day")
	}
	if last := spoken(st, row, x.subject); last > 0 {
		r.Last = When(last, v.Now(), v.Zone)
	}
	return r
}

const day = int64(24 * 60 * 60 * 1000)

// subjectStanding is how a subject stands at the end of the window.
func (c says) subjectStanding(x *judged, a asked) Standing {
	last := x.at(a.On)
	switch last.class {
	case "":
		end := x.spans[len(x.spans)-1]
		return Standing{"none", "Not in scope", "since " + c.short(end.To)}
	case "fa", "un":
		return Standing{last.class, words[last.class], "since " + c.short(last.From) + colon(strings.TrimPrefix(reason(last.gaps), x.subjectID()+": "))}
	}
	small := ""
	for n := len(x.spans) - 2; n >= 0; n-- {
		if s := x.spans[n]; s.class == "fa" || s.class == "un" {
			small = strings.ToLower(words[s.class]) + " " + long(s.Span) + ", " + c.short(s.From)
			break
		}
	}
	if w := a.Window(); small == "" && x.spans[0].From > w.From {
		small = "since " + c.short(x.spans[0].From)
	}
	return Standing{last.class, words[last.class], small}
}

func (x *judged) subjectID() string {
	if x.subject == nil {
		return ""
	}
	return x.subject.ID
}

// subjectAbout is the quiet line about a subject, and its page.
func (v *Visit) subjectAbout(st *projection.State, scope framework.Scope, id string) (about, href string) {
	if scope == framework.ScopeDevice {
		href = v.base() + "/devices/" + pathPart(id)
		dev := st.Device.Devices[id]
		if dev == nil {
			return "", ""
		}
		return deviceLine(st, dev), href
	}
	m := st.Client.Registers[scope][id]
	if m == nil {
		return "", ""
	}
	var parts []string
	if m.Name != "" {
		parts = append(parts, id)
	}
	parts = append(parts, m.Uses...)
	parts = append(parts, m.Roles...)
	if p := st.Client.Registers[framework.ScopePerson][m.Person]; p != nil && p.Name != "" {
		parts = append(parts, p.Name)
	}
	return strings.Join(parts, ", "), ""
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
