package coverage_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

const goldenYear = "testdata/golden_year.txt"

// yearPractices is what the golden year is about.
func yearPractices() []framework.Practice {
	rule := func(days int) framework.Freshness {
		return framework.Freshness{MaxAgeDays: days, Limit: framework.LimitRule}
	}
	return []framework.Practice{
		{
			ID: "disk-encryption", Scope: framework.ScopeDevice, Mode: framework.State, OnboardDays: 5, Relief: framework.ReliefAlternative,
			Feeds: []framework.Feed{{Measure: "m", Required: true}},
		},
		{ID: "risk-analysis", Freshness: rule(365)},
		{ID: "restore-test", Freshness: age(92)},
		{ID: "training", Scope: framework.ScopePerson, Freshness: age(365), OnboardDays: 30},
		{ID: "vendor-agreements", Scope: framework.ScopeVendor, Mode: framework.InForce, Freshness: rule(365)},
		{ID: "access-removal", Scope: framework.ScopePerson, Mode: framework.Event, Freshness: age(92), Event: &framework.EventRule{DeadlineDays: 1}},
		{ID: "wireless-review", Freshness: age(92), Relief: framework.ReliefAlternative},
		{ID: "faxes", Scope: framework.ScopeSite, Freshness: age(180)},
		{ID: "msp-monitoring", Scope: framework.ScopeMSP, Freshness: age(40)},
	}
}

func of(number uint16, subject string, state evidence.State, grade evidence.Grade) stated {
	return stated{number, evidence.Statement{Subject: subject, State: state, Grade: grade}}
}

// tellYear is the year 2026 of a clinic with six laptops. Reports come on
// working days at 14:00 UTC and are logged two hours later.
func tellYear(t *testing.T) *story {
	t.Helper()
	s := tell(t, yearPractices()...)
	s.on(0, enters{framework.ProfileSmall}).on(0, bound{framework.CoveredEntity})
	steps := map[int][]func(){}
	at := func(d int, f func()) { steps[d] = append(steps[d], f) }
	say := func(d int, body any) { at(d, func() { s.on(float64(d)+0.4, body) }) }
	tellPeople(say, func(d int, from float64, body any) { at(d, func() { s.late(from, float64(d)+0.4, body) }) })
	for d := range 365 {
		for _, f := range steps[d] {
			f()
		}
		tellReports(s, d)
	}
	return s
}

// tellPeople is everything that is not a laptop's report.
func tellPeople(say func(d int, body any), late func(d int, from float64, body any)) {
	for i := range 5 {
		say(0, device(fmt.Sprintf("LT-%d", i+1)))
	}
	say(160, device("LT-6"))                                            // bought in June
	say(243, lived{framework.ScopeDevice, "LT-2", false, nil})          // retired in September
	say(180, unused{framework.ScopeDevice, "LT-3", day(180), day(215)}) // owner on leave in July
	say(300, relieved{10001, evidence.Relief{Kind: evidence.Alternative, Subject: "LT-5", From: day(300), To: day(330), Grade: evidence.Recorded, Reason: "kept in the safe"}})
	say(20, of(10002, "", evidence.Holds, evidence.Recorded)) // risk analysis, none before
	for _, d := range []int{10, 95, 230, 320} {               // the restore test of July was missed
		say(d, of(10003, "", evidence.Holds, evidence.Recorded))
	}
	say(190, relieved{10003, evidence.Relief{Kind: evidence.AcceptedRisk, From: day(190), To: day(240), By: "owner", Reason: "the new server comes in August"}})
	for _, id := range []string{"amy", "ben", "cho"} {
		say(5, lived{framework.ScopePerson, id, true, nil})
		say(25, of(10004, id, evidence.Holds, evidence.Recorded))
	}
	say(200, lived{framework.ScopePerson, "dee", true, nil}) // hired in July, trained late
	say(255, of(10004, "dee", evidence.Holds, evidence.Recorded))
	say(2, lived{framework.ScopeVendor, "cloud", true, &evidence.Attrs{PHI: new(true)}})
	say(2, stated{10005, evidence.Statement{Subject: "cloud", State: evidence.Holds, Grade: evidence.Recorded, Ref: "baa-1", From: day(2), To: day(280)}})
	say(290, stated{10005, evidence.Statement{Subject: "cloud", State: evidence.Holds, Grade: evidence.Recorded, Ref: "baa-2", From: day(290)}})
	say(121, lived{framework.ScopeVendor, "shredder", true, &evidence.Attrs{PHI: new(true)}})
	say(121, stated{10005, evidence.Statement{Subject: "shredder", State: evidence.Fails, Grade: evidence.Recorded, Ref: "baa", Note: "had access before a signature"}})
	say(128, stated{10005, evidence.Statement{Subject: "shredder", State: evidence.Holds, Grade: evidence.Recorded, Ref: "baa", From: day(128)}})
	for _, d := range []int{89, 179, 270} {
		say(d, quiet{10006, evidence.Nil{From: day(float64(d - 89)), To: day(float64(d)), Grade: evidence.Attested}})
	}
	late(145, 139, triggered{10006, evidence.Trigger{Ref: "leaver eli", Subject: "eli", Grade: evidence.Recorded}}) // told late
	say(146, answered{10006, evidence.Answer{Ref: "leaver eli", Grade: evidence.Recorded}})
	say(60, of(10007, "", evidence.Holds, evidence.Attested))
	say(170, relieved{10007, evidence.Relief{Kind: evidence.Alternative, From: day(170), Grade: evidence.Recorded, Reason: "no wireless network since the move"}})
	say(15, of(10008, "", evidence.NoneExist, evidence.Attested))
	for month := range 12 {
		v := of(10009, "", evidence.Holds, evidence.Recorded)
		v.FromMSP = true
		say(month*30, v)
	}
	late(350, 335, of(10002, "", evidence.Fails, evidence.Attested)) // an auditor finds that it left out the new site
}

// tellReports is one day of reports.
func tellReports(s *story, d int) {
	weekday := time.UnixMilli(day(float64(d))).UTC().Weekday()
	holiday := d >= 357 || d == 330 || d == 331 // end of the year, Thanksgiving
	if weekday == time.Saturday || weekday == time.Sunday || holiday {
		return
	}
	for i := 1; i <= 6; i++ {
		switch {
		case i == 6 && d < 163, i == 2 && d >= 243, i == 3 && d >= 178 && d < 217, // not there
			i == 4 && d >= 60 && d < 75,  // no report: in a drawer
			i == 1 && d > 270 && d < 280: // no report: agent broken
			continue
		}
		v := measures(fmt.Sprintf("LT-%d", i), "agent", framework.Holds)
		if i == 5 && d >= 98 && d < 101 || i == 5 && d >= 303 && d < 320 {
			v = measures("LT-5", "agent", framework.Fails)
			v.reason = "BitLocker is suspended: the key lies in clear"
		}
		s.late(float64(d)+14.0/24, float64(d)+16.0/24, v)
	}
}

// weeks draws one letter a week: the worst of it, strictly.
func weeks(p *coverage.Practice) string {
	asked := func(from, to float64) byte {
		if len(p.Exempt) == 0 {
			return ' '
		}
		for _, x := range p.Exempt {
			if int64(x.From) < day(to) && day(from) < int64(x.To) {
				return '-'
			}
		}
		return ' '
	}
	var b strings.Builder
	for w := 1; w+7 <= 365; w += 7 {
		week := days(p.Strip(start), w, w+7)
		letter := asked(float64(w), float64(w+7))
		for _, worst := range "=a.x" {
			if strings.ContainsRune(week, worst) {
				letter = byte(worst)
			}
		}
		switch {
		case letter == 'x':
			letter = 'X'
		case letter == '=' && disputed(p, interval.Format(day(float64(w)))):
			letter = '!'
		}
		b.WriteByte(letter)
	}
	return b.String()
}

func disputed(p *coverage.Practice, monday string) bool {
	from, err := interval.Parse(monday)
	if err != nil {
		return false
	}
	for _, c := range p.Covered {
		if len(c.DisputedBy) > 0 && int64(c.From) < from+7*interval.Day && from < int64(c.To) {
			return true
		}
	}
	return false
}

func drawYear(t *testing.T) string {
	b := fold(tellYear(t).log)
	var w strings.Builder
	w.WriteString("A clinic's 2026, one letter a week, the worst of the week:\n")
	w.WriteString("= in place   ! in place, disputed by a later entry   a by an alternative   . unproven   X failed   - nothing asked\n")
	w.WriteString("Regenerate with UPDATE=1 and read the difference.\n")
	for _, r := range readings {
		rep := evaluate(t, b, r, interval.Span{From: start, To: day(365)})
		fmt.Fprintf(&w, "\n%s\n", r)
		for i := range rep.Practices {
			p := &rep.Practices[i]
			fmt.Fprintf(&w, "%-18s %s %s\n", p.ID, weeks(p), p.Status)
		}
		for _, p := range rep.Practices {
			d := p.SubjectDays
			fmt.Fprintf(&w, "\n%s: %d of %d subjects at the end; subject-days %.2f held, %.2f unproven, %.2f failed\n", p.ID, p.Subjects.Held, p.Subjects.InScope, d.Held, d.Unproven, d.Failed)
			drawSpans(&w, p)
		}
	}
	return w.String()
}

func drawSpans(w *strings.Builder, p coverage.Practice) {
	date := func(t coverage.Time) string { return time.UnixMilli(int64(t)).UTC().Format("Jan 02 15:04") }
	for _, c := range p.Covered {
		if len(c.DisputedBy) > 0 || c.Alternative {
			fmt.Fprintf(w, "  %s to %s  in place (%s) alternative=%v disputed by %v\n", date(c.From), date(c.To), c.Grade, c.Alternative, c.DisputedBy)
		}
	}
	for _, x := range p.Exempt {
		fmt.Fprintf(w, "  %s to %s  %s %v\n", date(x.From), date(x.To), x.Why, x.DisputedBy)
	}
	for _, g := range p.Gaps {
		limit := ""
		if g.Limit != nil {
			limit = " past a limit of " + string(*g.Limit)
		}
		fmt.Fprintf(w, "  %s to %s  %s%s\n", date(g.From), date(g.To), g.Kind, limit)
		for _, c := range g.Causes {
			marks := ""
			if c.Accepted != nil {
				marks = fmt.Sprintf(" (risk accepted by entry %d)", *c.Accepted)
			}
			fmt.Fprintf(w, "      %s to %s  %s %v%s\n", date(c.From), date(c.To), c.Reason, c.Entries, marks)
		}
	}
}

func TestGoldenYear(t *testing.T) {
	got := drawYear(t)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(goldenYear, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(goldenYear)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("line %d of %s:\ngot  %s\nwant %s", i+1, goldenYear, g[i], w[i])
			}
		}
		t.Fatalf("%s has %d lines, want %d", goldenYear, len(g), len(w))
	}
}
