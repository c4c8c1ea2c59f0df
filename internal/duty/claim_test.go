package duty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

var chicago = func() *time.Location {
	z, err := time.LoadLocation("America/Chicago")
	if err != nil {
		panic(err)
	}
	return z
}()

// on is noon of a day in Chicago; end is the first instant after the day.
func on(day string) int64 {
	d, err := time.ParseInLocation(time.DateOnly, day, chicago)
	if err != nil {
		panic(err)
	}
	return d.Add(12 * time.Hour).UnixMilli()
}

func end(day string) int64 {
	return on(day) + int64(12*time.Hour/time.Millisecond)
}

func quillmoor(size uint64) *projection.State {
	s := projection.New(func([32]byte) (*framework.Catalog, error) { return framework.Embedded(), nil })
	s.Client.ID, s.Client.Name, s.Client.Zone = "quillmoor-dental", "Quillmoor Dental", "America/Chicago"
	s.Size = size
	s.Book.Adoptions = []evidence.Adoption{{Catalog: framework.Embedded()}}
	return s
}

func said(s *projection.State, practice string, indexes ...uint64) {
	p, _ := framework.Embedded().Practice(practice)
	for _, i := range indexes {
		s.Book.State(p.Number, evidence.Statement{Point: evidence.Point{At: int64(i), Recorded: int64(i), Index: i}, State: evidence.Holds})
	}
}

// answer is a practice over the window, held but for its gaps.
func answer(id string, w interval.Span, subjects coverage.Subjects, gaps ...coverage.Gap) coverage.Practice {
	a := coverage.Practice{ID: id, Subjects: subjects, AtOn: true, Status: coverage.StatusHeld, Gaps: gaps}
	var open []interval.Span
	for _, g := range gaps {
		open = append(open, interval.Span{From: int64(g.From), To: int64(g.To)})
		a.Status = coverage.StatusGap
		if int64(g.To) == w.To {
			a.AtOn = false
		}
	}
	for _, s := range interval.Of(open...).Gaps(w) {
		a.Covered = append(a.Covered, coverage.Covered{From: coverage.Time(s.From), To: coverage.Time(s.To), Grade: "measured"})
	}
	if len(a.Covered) == 0 {
		a.Status = coverage.StatusNever
	}
	return a
}

func gap(kind string, from, to int64, subjects ...string) coverage.Gap {
	g := coverage.Gap{From: coverage.Time(from), To: coverage.Time(to), Kind: kind}
	for _, s := range subjects {
		g.Causes = append(g.Causes, coverage.Cause{Subject: s, From: g.From, To: g.To, Reason: s + ": no report"})
	}
	return g
}

func report(w interval.Span, practices ...coverage.Practice) coverage.Report {
	return coverage.Report{
		On: coverage.Time(w.To), Window: coverage.Window{From: coverage.Time(w.From), To: coverage.Time(w.To)}, Practices: practices,
	}
}

func year(to int64) interval.Span { return interval.Span{From: interval.MonthsBefore(to, 12), To: to} }

func of(held, all int) coverage.Subjects { return coverage.Subjects{InScope: all, Held: held} }

const (
	unproven = coverage.Unproven
	failed   = coverage.Failed
)

func TestPracticeClaim(t *testing.T) {
	now := on("2026-11-21")
	w := year(now)
	never := answer("bc-restore-test", w, of(0, 1), gap(unproven, w.From, w.To))
	alternative := answer("dev-screen-lock", w, of(41, 41))
	alternative.Covered[0].Alternative = true
	none := coverage.Practice{ID: "vendor-baa-in-force", Status: coverage.StatusNotApplicable, Exempt: []coverage.Exempt{{Why: coverage.NotApplicable}}}
	begun := answer("risk-analysis", w, of(1, 1), gap(unproven, w.From, on("2026-03-03")))
	begun.Exempt, begun.Gaps, begun.Status = []coverage.Exempt{{From: coverage.Time(w.From), To: coverage.Time(on("2026-03-03")), Why: coverage.NotStarted}}, nil, coverage.StatusHeld
	for _, c := range []struct {
		name   string
		answer coverage.Practice
		want   string
	}{
		{
			"one device silent",
			answer("dev-disk-encryption", w, of(40, 41),
				gap(failed, on("2026-03-09"), on("2026-03-11"), "LT-0009"),
				gap(unproven, on("2026-03-10"), on("2026-03-17"), "LT-0042"),
				gap(unproven, on("2026-11-11"), now, "WS-0103")),
			"For full-disk encryption on every device in scope, entries 41 to 18,877 show it in place for 40 of 41 devices on November 21, 2026. Unproven March 10 to 17 and since November 11; failed March 9 to 11; each time for one device.",
		},
		{
			"the whole year",
			answer("dev-disk-encryption", w, of(41, 41)),
			"For full-disk encryption on every device in scope, entries 41 to 18,877 show it in place for all 41 devices on November 21, 2026 and for the whole twelve months before.",
		},
		{
			"one device in all, failed since last year",
			answer("dev-disk-encryption", w, of(0, 1), gap(failed, on("2025-12-24"), now, "LT-0001")),
			"For full-disk encryption on every device in scope, entries 41 to 18,877 do not show it in place for the one device on November 21, 2026. Failed since December 24, 2025, for one device.",
		},
		{
			"one of one",
			answer("dev-disk-encryption", w, of(1, 1), gap(unproven, on("2025-12-30"), on("2026-01-02"), "LT-0001")),
			"For full-disk encryption on every device in scope, entries 41 to 18,877 show it in place for the one device on November 21, 2026. Unproven December 30, 2025 to January 2, for one device.",
		},
		{
			"several at a time",
			answer("dev-disk-encryption", w, of(41, 41),
				gap(unproven, on("2026-03-10"), on("2026-03-17"), "LT-0042", "LT-0043"),
				gap(unproven, on("2026-05-10"), on("2026-05-10")+1, "WS-0103")),
			"For full-disk encryption on every device in scope, entries 41 to 18,877 show it in place for all 41 devices on November 21, 2026. Unproven March 10 to 17 and on May 10; each time for at most two devices.",
		},
		{
			"many times",
			answer("bc-restore-test", w, of(1, 1),
				gap(unproven, on("2026-01-10"), on("2026-01-12")), gap(unproven, on("2026-02-10"), on("2026-02-12")),
				gap(unproven, on("2026-03-10"), on("2026-03-15")), gap(unproven, on("2026-04-10"), on("2026-04-12")),
				gap(unproven, on("2026-05-10"), on("2026-05-12"))),
			"For restore tested, entries 7 to 900 show it in place on November 21, 2026. Unproven five times between January 10 and May 12, for 13 days in all, the longest March 10 to 15.",
		},
		{"never", never, "For restore tested, no entry shows it in place in the twelve months to November 21, 2026."},
		{
			"failed, for the client as a whole",
			answer("bc-restore-test", w, of(0, 1), gap(failed, on("2026-11-02"), now)),
			"For restore tested, entries 7 to 900 show it failed on November 21, 2026. Failed since November 2.",
		},
		{
			"unproven, for the client as a whole",
			answer("bc-restore-test", w, of(0, 1), gap(unproven, on("2026-11-02"), now)),
			"For restore tested, entries 7 to 900 do not show it in place on November 21, 2026. Unproven since November 2.",
		},
		{
			"by alternative", alternative,
			"For automatic lock and logoff, entry 500 shows it in place, by alternative, for all 41 devices on November 21, 2026 and for the whole twelve months before.",
		},
		{"an acronym", answer("iam-mfa-email", w, of(33, 34), gap(failed, on("2026-11-02"), now, "frontdesk@")), "For MFA on email, the entries show it in place for 33 of 34 accounts on November 21, 2026. Failed since November 2, for one account."},
		{"no vendor", none, "For BAA in force with every vendor that touches PHI, the entries show on November 21, 2026 that there is nothing it applies to."},
		{"taken up late", begun, "For risk analysis within 12 months, the entries show it in place on November 21, 2026. Not taken up to March 3."},
	} {
		s := quillmoor(18_900)
		said(s, "dev-disk-encryption", 41, 18_877)
		said(s, "bc-restore-test", 7, 900)
		said(s, "dev-screen-lock", 500)
		got, err := duty.PracticeClaim(duty.Asked{State: s, Report: report(w, c.answer)}, c.answer.ID)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got.Say); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
		if got.String() != got.Say+" "+duty.Law {
			t.Errorf("%s: the sentence of the law is missing", c.name)
		}
	}
	if _, err := duty.PracticeClaim(duty.Asked{State: quillmoor(1), Report: report(w)}, "dev-disk-encryption"); err == nil {
		t.Error("a practice that was not asked about has a claim")
	}
}

// A device that is silent while another fails is not lost from the claim.
func TestClaimCountsTheSilentBesidesTheFailed(t *testing.T) {
	now := on("2026-11-21")
	w := year(now)
	s := quillmoor(500)
	said(s, "dev-disk-encryption", 41, 499)
	a := duty.Asked{State: s, Report: report(w, answer("dev-disk-encryption", w, of(39, 41), gap(failed, on("2026-11-02"), now, "LT-0009")))}
	got, err := duty.PracticeClaim(a, "dev-disk-encryption")
	want := "For full-disk encryption on every device in scope, entries 41 to 499 show it in place for 39 of 41 devices on November 21, 2026. Failed since November 2, for one device; one more device unproven on that day."
	if err != nil || got.Say != want {
		t.Errorf("PracticeClaim = %q, %v, want %q", got.Say, err, want)
	}
}

// sample is fourteen practices elected at Quillmoor Dental on August 14.
func sample(w interval.Span) []coverage.Practice {
	d := func(day string) int64 { return on(day) }
	alternative := answer("dev-screen-lock", w, of(41, 41))
	alternative.Covered[0].Alternative = true
	return []coverage.Practice{
		answer("dev-disk-encryption", w, of(41, 41), gap(failed, d("2026-03-09"), d("2026-03-11"), "LT-0009")),
		answer("dev-malware-protection", w, of(41, 41), gap(unproven, d("2026-07-02"), d("2026-07-09"), "LT-1")),
		answer("dev-patching", w, of(41, 41)),
		alternative,
		answer("iam-mfa-email", w, of(34, 34), gap(unproven, d("2025-09-20"), d("2025-09-29"), "frontdesk@")),
		answer("iam-mfa-remote", w, of(6, 6)),
		answer("iam-access-review", w, of(1, 1), gap(unproven, d("2026-02-14"), d("2026-03-02"))),
		answer("iam-offboarding", w, of(34, 34), gap(failed, d("2026-05-18"), d("2026-05-20"), "p-1")),
		answer("train-annual", w, of(31, 34), gap(unproven, d("2026-08-03"), w.To, "p-1", "p-2", "p-3")),
		answer("train-phishing-sim", w, of(1, 1)),
		answer("bc-backup-jobs", w, of(4, 4), gap(failed, d("2026-01-06"), d("2026-01-08"), "SRV-02")),
		answer("bc-restore-test", w, of(1, 1), gap(unproven, w.From, w.From+89*interval.Day)),
		answer("vendor-baa-in-force", w, of(7, 7)),
		answer("risk-analysis", w, of(1, 1)),
	}
}

func TestClientClaim(t *testing.T) {
	w := year(end("2026-08-14"))
	all := sample(w)
	gone := func(id string) coverage.Practice { return answer(id, w, of(0, 1), gap(unproven, w.From, w.To)) }
	half := answer("risk-analysis", w, of(1, 1), gap(unproven, w.From, w.From+89*interval.Day))
	half.Covered[0].Alternative = true
	for _, c := range []struct {
		name      string
		elected   bool
		practices []coverage.Practice
		want      string
	}{
		{
			"a year with its gaps", true, all,
			"Of the 14 practices that Quillmoor Dental elected, entries 1 to 17,206 show 13 in place on August 14, 2026, six of them for the whole twelve months before, one of these by alternative. In those months three failed, for two days each, and five were unproven, for 7 to 89 days; one of the five, yearly training for everyone, still is, for 3 of 34 people.",
		},
		{
			"nothing elected", false, all[2:4],
			"Of the two practices in the profile of Quillmoor Dental, entries 1 to 17,206 show both in place on August 14, 2026, both of them for the whole twelve months before, one of these by alternative. In those months none failed and none was unproven.",
		},
		{
			"still failing, one alone", true,
			[]coverage.Practice{all[2], answer("iam-mfa-email", w, of(33, 34), gap(failed, on("2026-08-02"), w.To, "frontdesk@"))},
			"Of the two practices that Quillmoor Dental elected, entries 1 to 17,206 show one in place on August 14, 2026, for the whole twelve months before. In those months one failed, for 13 days; it, MFA on email, still does, for 1 of 34 accounts; none was unproven.",
		},
		{
			"none in place", true,
			[]coverage.Practice{
				answer("iam-mfa-email", w, of(33, 34), gap(failed, on("2026-08-02"), w.To, "frontdesk@")),
				answer("risk-analysis", w, of(0, 1), gap(unproven, on("2026-08-12"), w.To)),
				answer("bc-restore-test", w, of(0, 1), gap(unproven, on("2026-08-12"), w.To)),
				gone("vuln-scan"),
			},
			"Of the four practices that Quillmoor Dental elected, entries 1 to 17,206 show none in place on August 14, 2026. In those months one failed, for 13 days; it, MFA on email, still does, for 1 of 34 accounts; two were unproven, for three days each; both, risk analysis within 12 months and restore tested, still are; no entry shows the other one in place.",
		},
		{
			"only begun", true,
			[]coverage.Practice{gone("risk-analysis"), gone("bc-restore-test")},
			"Of the two practices that Quillmoor Dental elected, entries 1 to 17,206 show none in place on August 14, 2026. No entry shows any of them in place in those months.",
		},
		{
			"minutes", true,
			[]coverage.Practice{
				answer("risk-analysis", w, of(1, 1), gap(failed, on("2026-05-01"), on("2026-05-01")+60_000)),
				answer("bc-restore-test", w, of(1, 1), gap(failed, on("2026-05-01"), on("2026-05-05"))), half,
			},
			"Of the three practices that Quillmoor Dental elected, entries 1 to 17,206 show all three in place on August 14, 2026, one of them by alternative, none of them for the whole twelve months before. In those months two failed, for up to four days, and one was unproven, for 89 days.",
		},
		{
			"one alone", true, all[13:],
			"One practice that Quillmoor Dental elected is judged. For risk analysis within 12 months, entries 1 to 17,206 show it in place on August 14, 2026 and for the whole twelve months before.",
		},
		{"nothing bound", true, nil, "No practice that Quillmoor Dental elected is judged on August 14, 2026."},
	} {
		s := quillmoor(17_207)
		for _, p := range framework.Embedded().Practices {
			said(s, p.ID, 1, 17_206)
		}
		if c.elected {
			s.Book.Programs = []evidence.Dated[string]{{Point: evidence.Point{At: 1, Recorded: 1}, Value: "hicp"}}
			s.Client.Program = "hicp"
		}
		got, err := duty.ClientClaim(duty.Asked{State: s, Report: report(w, c.practices...)})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got.Say); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// A claim of an earlier day speaks of the entries that there were then.
func TestClaimOfEarlierSize(t *testing.T) {
	s := quillmoor(18_878)
	said(s, "risk-analysis", 12, 17_206, 18_877)
	w := year(end("2026-08-14"))
	a := duty.Asked{State: s, Report: report(w, answer("risk-analysis", w, of(1, 1))), Entries: 17_207}
	got, err := duty.PracticeClaim(a, "risk-analysis")
	if err != nil || !strings.Contains(got.Say, "entries 12 to 17,206 show") {
		t.Errorf("PracticeClaim = %q, %v", got.Say, err)
	}
}
