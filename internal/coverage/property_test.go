package coverage_test

import (
	"fmt"
	"slices"
	"testing"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const (
	hour  = interval.Day / 24
	start = int64(20454) * interval.Day // 2026-01-01
	span  = 24                          // days of a random log
)

// practices of the random logs: one of every sort.
func mixed(longer int) []framework.Practice {
	either := []framework.LegalKind{framework.CoveredEntity, framework.BusinessAssociate}
	return []framework.Practice{
		{
			ID: "dev-one", Number: 10001, Scope: framework.ScopeDevice, Mode: framework.State, Freshness: age(3 + longer), OnboardDays: 2, Relief: framework.ReliefAlternative,
			Applies: &framework.Applies{EPHI: true}, Feeds: []framework.Feed{{Measure: "m1", Required: true}},
		},
		{ID: "dev-two", Number: 10002, Scope: framework.ScopeDevice, Mode: framework.State, Freshness: age(4), Feeds: []framework.Feed{
			{Measure: "m1", Required: true}, {Measure: "m2", Required: true, Platforms: []string{"windows"}}, {Measure: "m3"},
		}},
		{ID: "dev-said", Number: 10003, Scope: framework.ScopeDevice, Mode: framework.Periodic, Freshness: age(5 + longer), Profile: framework.ProfileCore},
		{
			ID: "whole", Number: 10004, Scope: framework.ScopeClient, Mode: framework.State, Freshness: age(3), Relief: framework.ReliefAlternative,
			Feeds: []framework.Feed{{Measure: "m2", Required: true}}, Binds: either[:1],
		},
		{ID: "vendor-terms", Number: 10005, Scope: framework.ScopeVendor, Mode: framework.InForce, Freshness: age(9), Applies: &framework.Applies{Vendor: []string{"phi"}}, OnboardDays: 1},
		{ID: "terms", Number: 10006, Scope: framework.ScopeClient, Mode: framework.InForce, Freshness: age(9), Relief: framework.ReliefAlternative},
		{ID: "leavers", Number: 10007, Scope: framework.ScopePerson, Mode: framework.Event, Freshness: age(5 + longer), Event: &framework.EventRule{DeadlineDays: 2}},
		{ID: "incidents", Number: 10008, Scope: framework.ScopeClient, Mode: framework.Event, Freshness: age(4), Event: &framework.EventRule{}, Relief: framework.ReliefAlternative},
		{ID: "ours", Number: 10009, Scope: framework.ScopeMSP, Mode: framework.Periodic, Freshness: age(6), Binds: either[1:], Profile: framework.ProfileExtended},
	}
}

// scopes in which random evidence lives.
var scopes = []framework.Scope{framework.ScopeDevice, framework.ScopeVendor}

// draw makes a random log. The first entry adopts a catalog; a second catalog
// with other ages, another rule and one more practice may follow.
func draw(t *rapid.T, c1, c2 *framework.Catalog) []entry {
	log := []entry{{evidence.Point{At: start, Recorded: start}, adopted{c1, slotted(c1, 0)}}}
	log = everybody(t, log)
	recorded := start
	n := rapid.IntRange(1, 22).Draw(t, "entries")
	second := rapid.IntRange(0, 2*n).Draw(t, "second")
	topic := rapid.SampledFrom(topics).Draw(t, "topic")
	if topic.dense {
		log = append(log, entry{evidence.Point{At: start, Recorded: start, Index: uint64(len(log))}, lived{framework.ScopeDevice, "A", true, nil}})
	}
	for i := range n {
		index := uint64(len(log))
		recorded += rapid.Int64Range(0, 3).Draw(t, "step") * 6 * hour
		lag := rapid.SampledFrom([]int64{0, 0, 1, 6 * hour, 12 * hour, 30 * hour, 3 * interval.Day, 6 * interval.Day, -12 * hour}).Draw(t, "lag")
		p := evidence.Point{At: recorded - lag, Recorded: recorded, Index: index}
		if i == second {
			log = append(log, entry{p, adopted{c2, slotted(c2, 1)}})
			continue
		}
		log = append(log, entry{p, drawBody(t, log, topic)})
	}
	return log
}

func when(t *rapid.T, name string) int64 {
	return start + rapid.Int64Range(-4, 4*span).Draw(t, name)*6*hour
}

// A topic is what a random log is about, so that entries meet: which
// practices, which sorts of entries (see drawBody), which scope.
type topic struct {
	numbers []uint16
	sorts   []int
	scope   framework.Scope
	dense   bool // one measure of one subject by one source
}

var topics = []topic{
	{[]uint16{10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008, 10009}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "", false},
	{[]uint16{10001, 10002}, []int{0, 0, 0, 0, 2, 10, 11}, framework.ScopeDevice, false},
	{[]uint16{10001, 10002}, []int{0, 0, 0, 1, 2, 8, 10, 11}, framework.ScopeDevice, false},
	{[]uint16{10003}, []int{1, 1, 2, 3, 9, 10, 11}, framework.ScopeDevice, false},
	{[]uint16{10005, 10006}, []int{1, 1, 1, 1, 2, 8, 10, 11}, framework.ScopeVendor, false},
	{[]uint16{10007, 10008}, []int{1, 4, 4, 5, 6, 8, 10, 11}, "", false},
	{[]uint16{10001}, []int{0, 0, 0, 0, 0, 0, 11}, framework.ScopeDevice, true},
	{[]uint16{10004, 10009}, []int{0, 1, 1, 8, 9, 10, 11}, "", false},
}

func drawBody(t *rapid.T, log []entry, about topic) any {
	grade := rapid.SampledFrom([]evidence.Grade{evidence.Attested, evidence.Recorded, evidence.Measured}).Draw(t, "grade")
	scope := about.scope
	if scope == "" {
		scope = rapid.SampledFrom(scopes).Draw(t, "scope")
	}
	subject := rapid.SampledFrom([]string{"A", "A", "B"}).Draw(t, "subject")
	perhaps := rapid.SampledFrom([]string{"", "", "A", "B"}).Draw(t, "perhaps")
	ref := rapid.SampledFrom([]string{"", "r", "s"}).Draw(t, "ref")
	number := rapid.SampledFrom(about.numbers).Draw(t, "number")
	switch rapid.SampledFrom(about.sorts).Draw(t, "sort") {
	case 0:
		return drawObserved(t, subject, grade, about.dense)
	case 1:
		s := evidence.Statement{Subject: perhaps, Grade: grade, Ref: ref, State: rapid.SampledFrom([]evidence.State{evidence.Holds, evidence.Holds, evidence.Fails, evidence.Unknown, evidence.NoneExist}).Draw(t, "state")}
		if rapid.IntRange(0, 2).Draw(t, "bounded") == 0 {
			s.From, s.To = when(t, "from"), when(t, "to")
		}
		if rapid.IntRange(0, 3).Draw(t, "msp") == 0 {
			s.FromMSP, s.Until = true, when(t, "until")
		}
		return stated{number, s}
	case 2:
		return lived{scope, subject, rapid.IntRange(0, 3).Draw(t, "in") > 0, drawAttrs(t)}
	case 3:
		return unused{scope, subject, when(t, "from"), when(t, "to")}
	case 4:
		return triggered{number, evidence.Trigger{Ref: ref, Subject: perhaps, Grade: grade}}
	case 5:
		return answered{number, evidence.Answer{Ref: ref, Grade: grade}}
	case 6:
		return quiet{number, evidence.Nil{From: when(t, "from"), To: when(t, "to"), Grade: grade}}
	case 7, 8:
		kind := rapid.SampledFrom([]evidence.ReliefKind{evidence.Alternative, evidence.Alternative, evidence.AcceptedRisk, evidence.Declined}).Draw(t, "relief")
		return relieved{number, evidence.Relief{Kind: kind, Subject: perhaps, From: when(t, "from"), To: when(t, "to") * rapid.Int64Range(0, 1).Draw(t, "ends"), Grade: grade}}
	case 9:
		if rapid.Bool().Draw(t, "kind") {
			return bound{rapid.SampledFrom([]framework.LegalKind{framework.CoveredEntity, framework.BusinessAssociate, framework.Hybrid, framework.NoKind}).Draw(t, "legal")}
		}
		return enters{rapid.SampledFrom([]framework.Profile{framework.ProfileSmall, framework.ProfileCore, framework.ProfileAll}).Draw(t, "profile")}
	}
	return drawCorrection(t, log, func() any { return drawObserved(t, subject, grade, about.dense) })
}

// drawCorrection takes an earlier entry back, or closes it.
func drawCorrection(t *rapid.T, log []entry, otherwise func() any) any {
	target := rapid.IntRange(0, len(log)-1).Draw(t, "target")
	switch log[target].body.(type) {
	case adopted, retracted:
		return otherwise()
	}
	_, isObserved := log[target].body.(observed)
	if rapid.Bool().Draw(t, "retract") {
		return retracted{uint64(target), isObserved}
	}
	return closed{uint64(target), isObserved}
}

func drawObserved(t *rapid.T, subject string, grade evidence.Grade, dense bool) observed {
	v := func(name string) framework.Verdict {
		return rapid.SampledFrom([]framework.Verdict{framework.Holds, framework.Holds, framework.Holds, framework.Fails, framework.Unknown, framework.NotApplicable}).Draw(t, name)
	}
	o := observed{scope: framework.ScopeDevice, subject: subject, source: rapid.SampledFrom([]string{"agent", "agent", "scan"}).Draw(t, "source"), grade: grade}
	o.measure = rapid.SampledFrom([]string{"m1", "m1", "m2", "m3"}).Draw(t, "measure")
	first := v("verdict")
	second := first
	if rapid.IntRange(0, 3).Draw(t, "differs") == 0 {
		second = v("second")
	}
	o.verdicts = o.verdicts.With(0, first).With(1, second)
	if first == framework.Fails {
		o.reason = "it is off"
	}
	if dense {
		o.subject, o.source, o.measure, o.grade = "A", "agent", "m1", evidence.Measured
		return o
	}
	switch rapid.IntRange(0, 7).Draw(t, "of") {
	case 0:
		o.scope, o.subject, o.measure = framework.ScopeClient, "", "m2"
	case 1:
		o.subject = ""
	}
	return o
}

func drawAttrs(t *rapid.T) *evidence.Attrs {
	tri := func(name string) *bool {
		switch rapid.IntRange(0, 3).Draw(t, name) {
		case 0:
			return new(false)
		case 1:
			return new(true)
		}
		return nil
	}
	if rapid.IntRange(0, 4).Draw(t, "attrs") == 0 {
		return nil
	}
	return &evidence.Attrs{HoldsEPHI: tri("ephi"), PHI: tri("phi"), Platform: rapid.SampledFrom([]string{"", "windows", "linux"}).Draw(t, "platform")}
}

func catalogs(t testing.TB) (c1, c2 *framework.Catalog) {
	later := mixed(2)
	later[0].Freshness.Limit = framework.LimitRule
	return catalog(t, mixed(0)...), catalog(t, append(later, framework.Practice{
		ID: "newer", Number: 10010, Scope: framework.ScopeClient, Mode: framework.Periodic, Freshness: age(4),
	})...)
}

// look is what the engine says at t, from an answer whose window holds t.
func look(p coverage.Practice, t int64) moment {
	in := func(from, to coverage.Time) bool { return int64(from) <= t && t < int64(to) }
	var m moment
	n := 0
	for _, c := range p.Covered {
		if in(c.From, c.To) {
			m, n = moment{kind: "covered", grade: c.Grade, alt: c.Alternative, disputed: c.DisputedBy}, n+1
		}
	}
	for _, x := range p.Exempt {
		if in(x.From, x.To) {
			m, n = moment{kind: "exempt", why: x.Why, disputed: x.DisputedBy}, n+1
		}
	}
	for _, g := range p.Gaps {
		if in(g.From, g.To) {
			m, n = moment{kind: g.Kind}, n+1
			if g.Limit != nil {
				m.limit = string(*g.Limit)
			}
		}
	}
	if n != 1 {
		m.kind = fmt.Sprintf("in %d spans", n)
	}
	return m
}

// samples is every instant of the log at which something may change, and the
// instants beside it, inside a window.
func samples(log []entry, w interval.Span) []int64 {
	var all []int64
	for _, t := range (model{log: log}).instants() {
		for _, at := range []int64{t - 1, t, t + 1} {
			if w.Contains(at) {
				all = append(all, at)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var window = interval.Span{From: start - 7*interval.Day, To: start + (span+12)*interval.Day}

func evaluate(t rapid.TB, b *evidence.Book, r coverage.Reading, w interval.Span) coverage.Report {
	rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: r}, w)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// everybody begins most random logs with the widest profile, so that all
// practices are asked for.
func everybody(t *rapid.T, log []entry) []entry {
	if rapid.IntRange(0, 4).Draw(t, "all") > 0 {
		log = append(log, entry{evidence.Point{At: start, Recorded: start, Index: 1}, enters{framework.ProfileAll}})
	}
	return log
}

// one evaluates one practice at one instant under the profile by date.
func one(t rapid.TB, b *evidence.Book, r coverage.Reading, id string, at int64) (coverage.Practice, bool) {
	rep := evaluate(t, b, r, interval.Span{From: at, To: at + 1})
	i := slices.IndexFunc(rep.Practices, func(p coverage.Practice) bool { return p.ID == id })
	if i < 0 {
		return coverage.Practice{}, false
	}
	return rep.Practices[i], true
}

func TestEngineAgreesWithTheModel(t *testing.T) {
	c1, c2 := catalogs(t)
	rapid.Check(t, func(t *rapid.T) {
		log := draw(t, c1, c2)
		b := fold(log)
		for _, r := range []coverage.Reading{coverage.Proven, coverage.Best} {
			rep := evaluate(t, b, r, window)
			if rep.Practices == nil {
				t.Fatal("no practices")
			}
			all := samples(log, window)
			stride := max(1, len(all)/40)
			offset := rapid.IntRange(0, stride-1).Draw(t, "offset")
			for _, p := range rep.Practices {
				for i := offset; i < len(all); i += stride {
					agree(t, log, b, r, p, all[i])
				}
			}
		}
	})
}

func agree(t *rapid.T, log []entry, b *evidence.Book, r coverage.Reading, p coverage.Practice, at int64) {
	want := model{log: log, proven: r == coverage.Proven, t: at}.practice(p.ID)
	counts := [2]int{want.inScope, want.held}
	want.inScope, want.held, want.unproven, want.bad = 0, 0, 0, 0
	got := look(p, at)
	if d := cmp.Diff(want, got, cmp.AllowUnexported(moment{}), cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s of %s at %s (-model +engine):\n%s\n%s", r, p.ID, interval.Format(at), d, drawLog(log))
	}
	if now, asked := one(t, b, r, p.ID, at); asked {
		if n := [2]int{now.Subjects.InScope, now.Subjects.Held}; n != counts {
			t.Fatalf("%s of %s at %s: subjects: model %v, engine %v\n%s", r, p.ID, interval.Format(at), counts, n, drawLog(log))
		}
	}
}

// drawLog prints a log for a failed test.
func drawLog(log []entry) string {
	s := ""
	for _, e := range log {
		if _, ok := e.body.(adopted); ok {
			s += fmt.Sprintf("%2d %s  adopted\n", e.Index, interval.Format(e.Recorded))
			continue
		}
		s += fmt.Sprintf("%2d at %s recorded %s  %T%+v", e.Index, interval.Format(e.At), interval.Format(e.Recorded), e.body, e.body)
		if l, ok := e.body.(lived); ok && l.attrs != nil {
			s += fmt.Sprintf(" %+v", *l.attrs)
		}
		s += "\n"
	}
	return s
}
