package coverage_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

const (
	benchDevices  = 200
	benchDays     = 365
	benchMeasures = 9
)

// benchCatalog is 88 practices in the proportions of the real catalog:
// devices by measures, statements, terms and events.
func benchCatalog(t testing.TB) *framework.Catalog {
	var list []framework.Practice
	add := func(p framework.Practice) {
		p.Number = uint16(10001 + len(list))
		p.ID = fmt.Sprintf("practice-%d", p.Number)
		list = append(list, p)
	}
	for i := range 16 {
		p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Freshness: age(7), OnboardDays: 3}
		p.Feeds = []framework.Feed{{Measure: fmt.Sprintf("m%d", i%benchMeasures), Required: true}}
		if i%4 == 0 {
			p.Feeds = append(p.Feeds, framework.Feed{Measure: fmt.Sprintf("m%d", (i+1)%benchMeasures), Required: true})
		}
		add(p)
	}
	for i := range 16 {
		add(framework.Practice{Scope: framework.ScopeClient, Mode: framework.Event, Freshness: age(90), Event: &framework.EventRule{DeadlineDays: i}})
	}
	for range 6 {
		add(framework.Practice{Scope: framework.ScopeVendor, Mode: framework.InForce, Freshness: age(365)})
	}
	for len(list) < 88 {
		add(framework.Practice{Scope: framework.ScopeClient, Mode: framework.Periodic, Freshness: age(365)})
	}
	return catalog(t, list...)
}

// benchBook is a year of a client: 3 % of days missed, holidays, one device in
// ten joining or leaving, one in twenty-five with a bad week, statements,
// agreements and monthly events.
func benchBook(t testing.TB) (*evidence.Book, int) {
	c := benchCatalog(t)
	rnd := rand.New(rand.NewPCG(1, 1))
	b := evidence.NewBook(evidence.NewPlan())
	b.Adoptions = append(b.Adoptions, evidence.Adoption{Point: evidence.Point{At: start, Recorded: start}, Catalog: c, Slots: slotted(c, 0)})
	b.Profiles = append(b.Profiles, evidence.Dated[framework.Profile]{Point: evidence.Point{At: start, Recorded: start}, Value: framework.ProfileAll})
	index := uint64(1)
	at := func(t int64) evidence.Point {
		index++
		return evidence.Point{At: t, Recorded: t + 3*hour, Index: index}
	}
	runs := 0
	for d := range benchDevices {
		id := fmt.Sprintf("LT-%04d", d)
		from, to := int64(0), int64(benchDays)
		switch d % 20 {
		case 0:
			from = rnd.Int64N(benchDays)
		case 1:
			to = rnd.Int64N(benchDays)
		}
		b.Live(framework.ScopeDevice, id, evidence.Life{Point: at(start + from*interval.Day), In: true, Attrs: &evidence.Attrs{Name: id, Platform: "windows"}})
		if to < benchDays {
			b.Live(framework.ScopeDevice, id, evidence.Life{Point: at(start + to*interval.Day)})
		}
		s := b.Registers[framework.ScopeDevice].Subject(id)
		bad, badAt := rnd.IntN(benchMeasures*25/10), rnd.Int64N(benchDays)
		for day := from; day < to; day++ {
			if rnd.IntN(100) < 3 || day%90 > 86 || day > 355 {
				continue
			}
			p := at(start + day*interval.Day + rnd.Int64N(6*hour))
			for m := range benchMeasures {
				v, why := framework.Holds, ""
				if m == bad && day >= badAt && day < badAt+7 {
					v, why = framework.Fails, "it is off"
				}
				b.ObserveOn(framework.ScopeDevice, s, fmt.Sprintf("m%d", m), "agent", evidence.Observation{
					Point: p, Verdicts: evidence.Verdicts(0).With(0, v), Reason: why, Grade: evidence.Measured,
				})
			}
		}
		for _, series := range s.Series {
			runs += len(series.Runs)
		}
	}
	benchStatements(b, c, at)
	return b, runs
}

func benchStatements(b *evidence.Book, c *framework.Catalog, at func(int64) evidence.Point) {
	for v := range 10 {
		b.Live(framework.ScopeVendor, fmt.Sprint("vendor", v), evidence.Life{Point: at(start), In: true})
	}
	for _, p := range c.Practices {
		for month := range int64(12) {
			t := at(start + month*30*interval.Day)
			switch {
			case p.Mode == framework.Event:
				ref := fmt.Sprint(month)
				b.On(p.Number).Triggers = append(b.On(p.Number).Triggers, evidence.Trigger{Point: t, Ref: ref, Grade: evidence.Recorded})
				b.On(p.Number).Answers = append(b.On(p.Number).Answers, evidence.Answer{Point: at(t.At + hour), Ref: ref, Grade: evidence.Recorded})
			case p.Mode == framework.InForce:
				b.State(p.Number, evidence.Statement{Point: t, Subject: fmt.Sprint("vendor", month), State: evidence.Holds, Grade: evidence.Recorded, Ref: "baa"})
			case p.Mode == framework.Periodic && month == 0:
				b.State(p.Number, evidence.Statement{Point: t, State: evidence.Holds, Grade: evidence.Attested})
			}
		}
	}
}

func benchQuery(r coverage.Reading) coverage.Query {
	return coverage.Query{On: start + benchDays*interval.Day, Months: 12, Reading: r, Zone: time.UTC}
}

func BenchmarkClientYear(b *testing.B) {
	book, runs := benchBook(b)
	for _, r := range readings {
		for _, brief := range []bool{true, false} {
			name := fmt.Sprintf("%s/brief=%v", r, brief)
			b.Run(name, func(b *testing.B) {
				q := benchQuery(r)
				q.Brief = brief
				b.ReportAllocs()
				defer func() { b.ReportMetric(float64(runs), "runs") }()
				for b.Loop() {
					if _, err := coverage.Evaluate(book, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkHeldAt(b *testing.B) {
	book, _ := benchBook(b)
	at := start + int64(benchDays)*interval.Day - 40*interval.Day
	for _, r := range readings {
		b.Run(string(r)+"/from the book", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				heldAt(b, book, "practice-10002", at, r)
			}
		})
		rep, err := coverage.Evaluate(book, benchQuery(r))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(r)+"/from a report", func(b *testing.B) {
			for b.Loop() {
				p, ok := rep.Practice("practice-10002")
				if !ok {
					b.Fatal("not in the report")
				}
				if _, ok := p.At(at); !ok {
					b.Fatal("not in the window")
				}
			}
		})
	}
}
