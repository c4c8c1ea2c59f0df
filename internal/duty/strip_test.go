package duty_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/interval"
)

func run(state duty.State, from, to int64) duty.Run {
	return duty.Run{Span: interval.Span{From: from, To: to}, State: state}
}

func TestDraw(t *testing.T) {
	w := year(end("2026-11-21"))
	whole := run(duty.InPlace, w.From, w.To)
	for _, c := range []struct {
		name string
		runs []duty.Run
		want duty.Strip
	}{
		{"nothing", nil, duty.Strip{Days: 365, Base: "M0 9H365", Label: "Nothing shown yet"}},
		{"the whole year", []duty.Run{whole}, duty.Strip{Days: 365, In: "M0 9H365", Label: "In place without a gap"}},
		{
			"two days failed",
			[]duty.Run{whole, run(duty.Failed, on("2026-03-09"), end("2026-03-10"))},
			duty.Strip{Days: 365, In: "M0 9H107M109 9H365", Fa: "M107 1V17H109V1z", Label: "In place but for failed March 9 to 10"},
		},
		{
			"a failed minute is a day",
			[]duty.Run{whole, run(duty.Failed, on("2026-03-09"), on("2026-03-09")+60_000)},
			duty.Strip{Days: 365, In: "M0 9H107M108 9H365", Fa: "M107 1V17H108V1z", Label: "In place but for failed March 9"},
		},
		{
			"failed and unproven",
			[]duty.Run{whole, run(duty.Failed, on("2026-11-02"), w.To), run(duty.Unproven, on("2026-08-03"), on("2026-11-02"))},
			duty.Strip{
				Days: 365, In: "M0 9H254", Un: "M254 9H345", Fa: "M345 1V17H365V1z",
				Label: "Failed since November 2; unproven August 3 to November 1; else in place",
			},
		},
		{
			"started",
			[]duty.Run{run(duty.Unproven, on("2026-08-20"), end("2026-09-07")), run(duty.InPlace, end("2026-09-07"), w.To)},
			duty.Strip{
				Days: 365, In: "M290 9H365", Un: "M271 9H290", Base: "M0 9H271",
				Label: "Begins August 20; in place but for unproven August 20 to September 7",
			},
		},
		{
			"by alternative",
			[]duty.Run{run(duty.Alternative, w.From, w.To)},
			duty.Strip{Days: 365, Alt: "M0 9H365", Label: "By alternative throughout"},
		},
		{
			"by alternative in part",
			[]duty.Run{whole, run(duty.Alternative, on("2026-02-10"), w.To), run(duty.Unproven, w.From, on("2025-12-01"))},
			duty.Strip{
				Days: 365, In: "M10 9H80", Alt: "M80 9H365", Un: "M0 9H10",
				Label: "Unproven to December 1; by alternative since February 10; else in place",
			},
		},
		{
			"out of use",
			[]duty.Run{run(duty.InPlace, w.From, end("2026-05-31")), run(duty.InPlace, end("2026-07-12"), w.To)},
			duty.Strip{
				Days: 365, In: "M0 9H191M233 9H365", Base: "M191 9H233",
				Label: "Out of scope June 1 to July 12; else in place",
			},
		},
	} {
		if diff := cmp.Diff(c.want, duty.Draw(w, chicago, c.runs)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestLabelOfManySpans(t *testing.T) {
	w := year(end("2026-11-21"))
	runs := []duty.Run{run(duty.InPlace, w.From, w.To)}
	for m := 1; m <= 6; m++ {
		at := on(fmt.Sprintf("2026-%02d-10", m))
		runs = append(runs, run(duty.Failed, at, at+1))
	}
	if got, want := duty.Draw(w, chicago, runs).Label, "In place but for failed 6 times from January 10 to June 10"; got != want {
		t.Errorf("label = %q, want %q", got, want)
	}
}

// The same month a year earlier is told apart by its year.
func TestLabelNamesTheYear(t *testing.T) {
	w := year(on("2026-11-21"))
	got := duty.Draw(w, chicago, []duty.Run{run(duty.InPlace, w.From, w.To), run(duty.Failed, on("2025-11-25"), on("2025-11-26"))})
	if want := "In place but for failed November 25 to 26, 2025"; got.Label != want {
		t.Errorf("label = %q, want %q", got.Label, want)
	}
	if got.Days != 366 {
		t.Errorf("a year from noon to noon touches %d days, want 366", got.Days)
	}
}

func TestAxis(t *testing.T) {
	w := year(end("2026-11-21"))
	if got, want := duty.Ticks(w, chicago), "M9 0V18M40 0V18M71 0V18M99 0V18M130 0V18M160 0V18M191 0V18M221 0V18M252 0V18M283 0V18M313 0V18M344 0V18"; got != want {
		t.Errorf("ticks = %q, want %q", got, want)
	}
	want := []duty.Month{{X: "11.0%", Text: "Jan 2026", Quarter: true}, {X: "35.6%", Text: "Apr", Quarter: true}, {X: "60.5%", Text: "Jul", Quarter: true}, {X: "85.8%", Text: "Oct", Quarter: true}}
	if diff := cmp.Diff(want, duty.Axis(w, chicago, true)); diff != "" {
		t.Errorf("axis (-want +got)\n%s", diff)
	}
	all := duty.Axis(w, chicago, false)
	if len(all) != 12 || all[0] != (duty.Month{X: "2.5%", Text: "Dec"}) || all[1] != (duty.Month{X: "11.0%", Text: "2026", Quarter: true}) {
		t.Errorf("axis = %v", all)
	}
	leap := year(end("2028-03-15"))
	if d := duty.Draw(leap, chicago, nil); d.Days != 366 {
		t.Errorf("a leap year has %d days", d.Days)
	}
}

func TestClientRuns(t *testing.T) {
	w := interval.Span{From: 0, To: 100 * interval.Day}
	day := func(n int64) int64 { return n * interval.Day }
	silent := answer("a", w, of(9, 10), gap(unproven, day(10), day(20), "x"), gap(unproven, day(30), day(40), "x", "y"))
	silent.Wide = interval.Set{{From: 0, To: day(30)}, {From: day(40), To: day(100)}}
	broken := answer("b", w, of(1, 1), gap(failed, day(35), day(50)))
	relieved := answer("c", w, of(1, 1))
	relieved.Covered = []coverage.Covered{{From: 0, To: coverage.Time(day(60))}, {From: coverage.Time(day(60)), To: coverage.Time(day(100)), Alternative: true}}
	r := report(w, silent, broken, relieved)
	got := r.Strip()
	want := []duty.Run{
		run(duty.InPlace, 0, day(30)), run(duty.Unproven, day(30), day(35)), run(duty.Failed, day(35), day(50)),
		run(duty.InPlace, day(50), day(60)), run(duty.Alternative, day(60), day(100)),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Every day of a window is in exactly one path, and no failure is drawn away.
func TestDrawPartitions(t *testing.T) {
	zones := []*time.Location{time.UTC, chicago}
	rapid.Check(t, func(t *rapid.T) {
		zone := zones[rapid.IntRange(0, 1).Draw(t, "zone")]
		to := rapid.Int64Range(on("2024-01-01"), on("2028-12-31")).Draw(t, "to")
		w := year(to)
		var runs []duty.Run
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			from := rapid.Int64Range(w.From-interval.Day, w.To).Draw(t, "from")
			runs = append(runs, run(duty.State(rapid.IntRange(1, 4).Draw(t, "state")), from, from+rapid.Int64Range(0, 40*interval.Day).Draw(t, "for")))
		}
		s := duty.Draw(w, zone, runs)
		days := make([]duty.State, s.Days)
		seen := 0
		for state, path := range map[duty.State]string{duty.Outside: s.Base, duty.InPlace: s.In, duty.Alternative: s.Alt, duty.Unproven: s.Un, duty.Failed: s.Fa} {
			for part := range strings.SplitSeq(path, "M") {
				var a, b int
				if n, _ := fmt.Sscanf(part, "%d 9H%d", &a, &b); n < 2 {
					if n, _ = fmt.Sscanf(part, "%d 1V17H%dV1z", &a, &b); n < 2 {
						continue
					}
				}
				for i := a; i < b; i++ {
					days[i] = state
					seen++
				}
			}
		}
		if seen != s.Days {
			t.Fatalf("%d days are drawn of %d", seen, s.Days)
		}
		first := time.UnixMilli(w.From).In(zone)
		for i := range days {
			d := time.Date(first.Year(), first.Month(), first.Day()+i, 0, 0, 0, 0, zone)
			day := interval.Span{From: d.UnixMilli(), To: d.AddDate(0, 0, 1).UnixMilli()}.Clip(w)
			worst := duty.Outside
			for _, r := range runs {
				if !r.Clip(day).Empty() {
					worst = max(worst, r.State)
				}
			}
			if days[i] != worst {
				t.Fatalf("%s is drawn %v, want %v", d.Format(time.DateOnly), days[i], worst)
			}
		}
	})
}
