package web

import (
	"net/url"
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
)

// practiceFilters pick practices of a client's page.
var practiceFilters = []struct {
	value, title string
	picks        func(*PracticeRow) bool
}{
	{"", "All", func(*PracticeRow) bool { return true }},
	{"gap", "With a gap", func(r *PracticeRow) bool { return r.gap }},
	{"failed", "Failed", func(r *PracticeRow) bool { return r.Standing.Class == "fa" }},
	{"unproven", "Unproven", func(r *PracticeRow) bool { return r.Standing.Class == "un" }},
	{"alternative", "By alternative", func(r *PracticeRow) bool { return r.Standing.Class == "alt" }},
	{"nothing", "Nothing yet", func(r *PracticeRow) bool { return r.Standing.Word == "Nothing yet" }},
}

// practices makes the table: the rows of the framework and grade chosen, and
// of those the ones that the filter picks.
func (p *Client) practices(v *Visit, st *projection.State, a asked, r coverage.Report) {
	against, grade := v.Field("against"), v.Field("grade")
	p.choices(v, st, a, r)
	var rows []PracticeRow
	c := says{v.Zone, a.On}
	for n := range r.Practices {
		x := &r.Practices[n]
		row, ok := st.Catalog().Practice(x.ID)
		if !ok || against != "" && len(row.Links[against]) == 0 {
			continue
		}
		y := practiceRow(v, st, c, a, x, row)
		if grade == "" || y.Grade.Word == grade {
			rows = append(rows, y)
		}
	}
	show := v.Field("show")
	at := slices.IndexFunc(practiceFilters, func(f struct {
		value, title string
		picks        func(*PracticeRow) bool
	},
	) bool {
		return f.value == show
	})
	at = max(at, 0)
	for n, f := range practiceFilters {
		count := 0
		for i := range rows {
			if f.picks(&rows[i]) {
				count++
			}
		}
		if n == 0 || count > 0 || n == at {
			p.Filters = append(p.Filters, Pick{f.title, v.with("show", f.value), count, n == at})
		}
	}
	p.group(slices.DeleteFunc(rows, func(r PracticeRow) bool { return !practiceFilters[at].picks(&r) }))
}

func practiceRow(v *Visit, st *projection.State, c says, a asked, x *coverage.Practice, row *framework.Practice) PracticeRow {
	y := PracticeRow{
		Href: v.practiceHref(row.ID), Title: row.Title, Grade: gradeAt(x), Share: share(x, row), Standing: c.standing(st, x, row),
		Strip: Strip(duty.Draw(a.Window(), v.Zone, duty.PracticeRuns(*x, duty.Began(st.Book)))),
		Marks: marks(x, v.base()), theme: row.Theme, gap: len(x.Gaps) > 0 && x.Status != coverage.StatusNever,
	}
	return y
}

// practiceHref is the page of a practice on the day and in the reading that
// this page is about.
func (v *Visit) practiceHref(id string) string {
	href := "/clients/" + v.Client + "/practices/" + id
	sep := "?"
	for _, name := range []string{"on", "reading"} {
		if x := v.URL.Query().Get(name); x != "" {
			href += sep + name + "=" + url.QueryEscape(x)
			sep = "&"
		}
	}
	return href
}

func (p *Client) group(rows []PracticeRow) {
	for _, r := range rows {
		at := slices.IndexFunc(p.Groups, func(g PracticeGroup) bool { return g.Theme == r.theme })
		if at < 0 {
			p.Groups, at = append(p.Groups, PracticeGroup{Theme: r.theme}), len(p.Groups)
		}
		p.Groups[at].Rows = append(p.Groups[at].Rows, r)
	}
	if len(p.Groups) == 0 {
		p.NoneFits = "No practice fits these choices."
	}
}

// profileTitles say what a profile asks for.
var profileTitles = []struct {
	profile framework.Profile
	title   string
}{{framework.ProfileSmall, "small, to start with"}, {framework.ProfileCore, "core"}, {framework.ProfileAll, "all"}}

// choices are the selects of the form, and what it must not lose.
func (p *Client) choices(v *Visit, st *projection.State, a asked, r coverage.Report) {
	p.Against = []Choice{{"", "all practices", v.Field("against") == ""}}
	for _, f := range framework.Frameworks() {
		linked := slices.ContainsFunc(r.Practices, func(x coverage.Practice) bool {
			row, ok := st.Catalog().Practice(x.ID)
			return ok && len(row.Links[f.ID]) > 0
		})
		if linked {
			title := shortFramework(f)
			if f.ID == st.Client.Program {
				title += ", elected"
			}
			p.Against = append(p.Against, Choice{f.ID, title, v.Field("against") == f.ID})
		}
	}
	own := st.Client.Profile
	for _, x := range profileTitles {
		value, title := string(x.profile), x.title
		if x.profile == own {
			value, title = "", title+", its own"
		}
		p.Profiles = append(p.Profiles, Choice{value, title, a.Profile == x.profile || a.Profile == "" && x.profile == own})
	}
	p.Grades = choices(v.Field("grade"), "", "in any way", "measured", "measured", "recorded", "recorded", "attested", "attested")
	for _, name := range []string{"on", "reading", "show"} {
		if x := v.Field(name); x != "" {
			p.Keep = append(p.Keep, [2]string{name, x})
		}
	}
}

// shortFramework names a framework where there is little room.
func shortFramework(f framework.Framework) string {
	switch f.ID {
	case "hipaa":
		return "HIPAA, 45 CFR part 164"
	case "csf2.0":
		return "NIST CSF 2.0"
	case "hicp":
		return "405(d) HICP"
	case "sp800-53r5":
		return "NIST SP 800-53"
	case "sp800-171r3":
		return "NIST SP 800-171"
	case "hph-cpg":
		return "HPH performance goals"
	}
	return f.Title
}
