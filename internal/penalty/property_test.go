package penalty_test

import (
	"fmt"
	"testing"

	"breakwater/internal/penalty"

	"pgregory.net/rapid"
)

// failer is what both a test and a rapid check can be told.
type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// holds checks what is true of every result.
func holds(t failer, in penalty.Input, res penalty.Result) {
	t.Helper()
	var total penalty.Range
	for i, v := range res.Violations {
		var sum penalty.Range
		years := map[int]*[2]int64{}
		for _, y := range v.Years {
			ordered(t, y.Raw)
			ordered(t, y.Amount)
			if y.Amount.Max > y.Cap || y.Amount.Max > y.Raw.Max || y.Amount.Min < 0 {
				t.Fatalf("row beyond its cap or its count: %+v", y)
			}
			if (y.Rate == nil) != (in.Violations[i].Rate == nil) || (y.Amount.Imposed == nil) != (y.Rate == nil) {
				t.Fatalf("imposed without a rate, or the reverse: %+v", y)
			}
			if years[y.Year] == nil {
				years[y.Year] = new([2]int64)
			}
			years[y.Year][0] += y.Amount.Max
			years[y.Year][1] = max(years[y.Year][1], y.Cap)
			sum.Min, sum.Max = sum.Min+y.Amount.Min, sum.Max+y.Amount.Max
		}
		for year, both := range years {
			if both[0] > both[1] {
				t.Fatalf("%s %d costs %d, over its cap %d", v.Provision, year, both[0], both[1])
			}
		}
		if sum.Min != v.Total.Min || sum.Max != v.Total.Max {
			t.Fatalf("years add up to %+v, total is %+v", sum, v.Total)
		}
		total.Min, total.Max = total.Min+v.Total.Min, total.Max+v.Total.Max
	}
	ordered(t, res.Total)
	if total.Min != res.Total.Min || total.Max != res.Total.Max {
		t.Fatalf("violations add up to %+v, total is %+v", total, res.Total)
	}
}

func ordered(t failer, r penalty.Range) {
	t.Helper()
	if r.Min > r.Max || (r.Imposed != nil && (*r.Imposed < r.Min || *r.Imposed > r.Max)) {
		t.Fatalf("range out of order: %+v", r)
	}
}

// drawInput draws violations of few provisions, so that caps are shared.
func drawInput(t *rapid.T, tiers ...int) penalty.Input {
	in := penalty.Input{
		Assessed: penalty.Day(rapid.IntRange(int(day(2008, 1, 1)), int(day(2027, 1, 1))).Draw(t, "assessed")),
		Cap:      rapid.SampledFrom([]penalty.CapMode{penalty.Regulation, penalty.Discretion, penalty.DiscretionAdjusted}).Draw(t, "cap"),
	}
	if rapid.Bool().Draw(t, "limited") {
		in.Notice = in.Assessed - penalty.Day(rapid.IntRange(0, 900).Draw(t, "notice"))
	}
	for range rapid.IntRange(1, 5).Draw(t, "violations") {
		in.Violations = append(in.Violations, drawViolation(t, in.Assessed, tiers))
	}
	return in
}

func drawViolation(t *rapid.T, assessed penalty.Day, tiers []int) penalty.Violation {
	v := penalty.Violation{
		Provision: rapid.SampledFrom([]string{"164.502(a)", "164.312(a)(2)(iv)"}).Draw(t, "provision"),
		Tier:      rapid.SampledFrom(tiers).Draw(t, "tier"), Unit: penalty.PerDay,
	}
	v.To = assessed - penalty.Day(rapid.IntRange(0, 4000).Draw(t, "age"))
	v.From = v.To - penalty.Day(rapid.IntRange(0, 1200).Draw(t, "length"))
	switch rapid.IntRange(0, 2).Draw(t, "unit") {
	case 1:
		v.Unit, v.Individuals = penalty.PerIndividualDay, int64(rapid.IntRange(1, 50).Draw(t, "individuals"))
	case 2:
		v.Unit, v.Counts = penalty.PerIndividual, map[string]int64{fmt.Sprint(v.To.Year()): int64(rapid.IntRange(0, 5000).Draw(t, "count"))}
	}
	if rapid.Bool().Draw(t, "rated") {
		// Inside every schedule's range for tiers 1 to 3.
		rate := int64(rapid.IntRange(14602, 50000).Draw(t, "rate"))
		if v.Tier == 4 {
			rate = 73011
		}
		v.Rate = &rate
	}
	return v
}

func day(year, month, dayOfMonth int) penalty.Day {
	d, err := penalty.ParseDay(fmt.Sprintf("%04d-%02d-%02d", year, month, dayOfMonth))
	if err != nil {
		panic(err)
	}
	return d
}

func compute(t failer, in penalty.Input) penalty.Result {
	t.Helper()
	res, err := penalty.Compute(in)
	if err != nil {
		t.Fatalf("compute: %v", err)
	}
	return res
}

func TestResultHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 1, 2, 3, 4)
		holds(t, in, compute(t, in))
	})
}

func TestMoreCostsNoLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 1, 2, 3, 4)
		before := compute(t, in).Total
		v := &in.Violations[len(in.Violations)-1]
		switch v.Unit {
		case penalty.PerDay:
			v.From -= penalty.Day(rapid.IntRange(1, 400).Draw(t, "more days"))
		case penalty.PerIndividualDay:
			v.Individuals += 7
		case penalty.PerIndividual:
			for year := range v.Counts {
				v.Counts[year] += 7
			}
		}
		after := compute(t, in).Total
		if after.Min < before.Min || after.Max < before.Max {
			t.Fatalf("more violations cost less: %+v, then %+v", before, after)
		}
		if before.Imposed != nil && *after.Imposed < *before.Imposed {
			t.Fatalf("more violations cost less: %d, then %d", *before.Imposed, *after.Imposed)
		}
	})
}

func TestRegulationIsHighest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		by := compute(t, drawInput(t, 1, 2, 3)).ByCap
		high, middle, low := by[penalty.Regulation], by[penalty.DiscretionAdjusted], by[penalty.Discretion]
		if high.Max < middle.Max || middle.Max < low.Max || high.Min < middle.Min || middle.Min < low.Min {
			t.Fatalf("caps out of order: %+v", by)
		}
	})
}

// TestOrderDoesNotMatter: listing the violations backward costs the same.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 1, 2, 3, 4)
		forward := compute(t, in).Total
		for i, j := 0, len(in.Violations)-1; i < j; i, j = i+1, j-1 {
			in.Violations[i], in.Violations[j] = in.Violations[j], in.Violations[i]
		}
		back := compute(t, in).Total
		if forward.Min != back.Min || forward.Max != back.Max {
			t.Fatalf("order matters: %+v and %+v", forward, back)
		}
	})
}

// TestCountsAgainstCalendar compares day counts with a walk over the calendar.
func TestCountsAgainstCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t, 2)
		v := &in.Violations[0]
		v.Unit, v.Counts, v.Individuals, v.Rate = penalty.PerDay, nil, 0, nil
		want := map[string]int64{}
		for d := v.From; d <= v.To; d++ {
			want[fmt.Sprint(d.Year(), penalty.ScheduleFor(d, in.Assessed).ID)]++
		}
		in.Notice = 0
		got := map[string]int64{}
		for _, y := range compute(t, in).Violations[0].Years {
			got[fmt.Sprint(y.Year, y.Schedule)] += y.Count
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
