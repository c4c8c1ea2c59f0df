package coverage_test

import (
	"slices"
	"testing"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

func TestRule1WindowsAreHalfOpenAndMonthsAreCivil(t *testing.T) {
	on, err := interval.Parse("2024-02-29")
	if err != nil {
		t.Fatal(err)
	}
	if w := (coverage.Query{On: on, Months: 12}).Window(); interval.Format(w.From) != "2023-02-28T00:00:00Z" || w.To != on {
		t.Errorf("window is %s to %s", interval.Format(w.From), interval.Format(w.To))
	}
	s := tell(t, framework.Practice{}).on(0, says(evidence.Holds))
	s.both(10, "0=7 7.10")
	if m := heldAt(t, fold(s.log), "it", day(7), coverage.Proven); m.Held {
		t.Error("it holds at the instant at which it is 7 days old")
	}
	if m := heldAt(t, fold(s.log), "it", day(7)-1, coverage.Proven); !m.Held {
		t.Error("it does not hold at the last instant before")
	}
}

func TestRule2LateEvidenceCountsFromWhenItWasLogged(t *testing.T) {
	s := tell(t, framework.Practice{}).late(1, 3, says(evidence.Holds))
	s.want(coverage.Proven, 10, "0.3 3=8 8.10")
	s.want(coverage.Best, 10, "0.1 1=8 8.10")
}

func TestRule2EvidenceTooLateCountsNowhereInProven(t *testing.T) {
	s := tell(t, framework.Practice{}).late(1, 9, says(evidence.Holds))
	s.want(coverage.Proven, 10, "0.10")
	s.want(coverage.Best, 10, "0.1 1=8 8.10")
}

func TestRule2LaterFailureDisputesAndDoesNotRewrite(t *testing.T) {
	s := tell(t, framework.Practice{}).on(0, says(evidence.Holds)).late(2, 4, says(evidence.Fails))
	s.want(coverage.Proven, 6, "0=2 2!4 4x6")
	s.want(coverage.Best, 6, "0=2 2x6")
	if got := s.ask(coverage.Proven, 6).Covered[1].DisputedBy; !slices.Equal(got, []uint64{2}) {
		t.Errorf("disputed by %v, want entry 2", got)
	}
}

func TestRule2OfOneInstantAFailureDecides(t *testing.T) {
	s := tell(t, framework.Practice{}).on(1, says(evidence.Fails)).on(1, says(evidence.Holds)).on(2, says(evidence.Unknown))
	s.both(4, "0.1 1x4")
}

func TestRule3AlternativesBeginWhenSaid(t *testing.T) {
	r := relieved{10001, evidence.Relief{Kind: evidence.Alternative, From: day(1), To: day(8), Grade: evidence.Recorded}}
	s := tell(t, framework.Practice{Relief: framework.ReliefAlternative}).late(3, 5, r)
	s.want(coverage.Proven, 10, "0.5 5a8 8.10")
	s.want(coverage.Best, 10, "0.3 3a8 8.10")
}

func TestRule3ADeviceAddedLateIsInScopeLater(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice}).
		on(0, device("A")).on(0, about("A", evidence.Holds)).late(1, 4, device("B"))
	s.want(coverage.Proven, 6, "0=1 1!4 4.6")
	s.want(coverage.Best, 6, "0=1 1.6")
}

func TestRule4RetractedMemberOfARunIsTakenOut(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Freshness: age(3), Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	s := tell(t, p).on(0, device("A"))
	for d := range 5 {
		s.on(float64(d), measures("A", "agent", framework.Holds))
	}
	s.late(5, 5, retracted{6, true}) // the report of day 4
	s.want(coverage.Best, 9, "0=6 6.9")
	s.want(coverage.Proven, 9, "0=6 6.9")
	s.late(5, 6, retracted{5, true}) // the report of day 3
	s.want(coverage.Best, 9, "0=5 5.9")
	s.want(coverage.Proven, 9, "0=5 5!6 6.9")
}

func TestRule5StateCoversUntilContradictedOrStale(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	s := tell(t, p).on(0, device("A")).on(0, measures("A", "agent", framework.Holds)).
		on(3, measures("A", "agent", framework.Fails)).on(20, measures("A", "agent", framework.Holds))
	s.both(30, "0=3 3x20 20=27 27.30")
}

func TestRule5AFailureIsClosedByItsSourceOrByName(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	s := tell(t, p).on(0, device("A")).on(1, measures("A", "scan", framework.Fails)).
		on(2, measures("A", "agent", framework.Holds)).on(4, closed{2, true})
	s.both(6, "0.1 1x4 4=6")
}

func TestRule5AClosedFailureIsUnprovenUntilNewEvidence(t *testing.T) {
	s := tell(t, framework.Practice{}).on(0, says(evidence.Holds)).on(1, says(evidence.Fails)).on(3, closed{2, false}).on(5, says(evidence.Holds))
	s.both(8, "0=1 1x3 3.5 5=8")
	if got := s.ask(coverage.Best, 8).Gaps[1].Causes[0].Reason; got != "the failure was closed on January 4, 2026 without new evidence" {
		t.Errorf("reason %q", got)
	}
}

func TestRule5PersonsCountOnlyWithoutMeasurement(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Freshness: age(3), Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	s := tell(t, p).on(0, device("A")).on(0, about("A", evidence.Holds)).
		on(1, measures("A", "agent", framework.Fails)).on(2, about("A", evidence.Holds)).
		on(4, measures("A", "agent", framework.Holds)).on(5, about("A", evidence.Fails))
	s.both(10, "0=1 1x4 4=7 7x10")
}

func TestRule5AllRequiredFactsAreNeeded(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Feeds: []framework.Feed{
		{Measure: "m", Required: true}, {Measure: "n", Required: true, Platforms: []string{"windows"}}, {Measure: "o"},
	}}
	n, o := measures("A", "agent", framework.Holds), measures("A", "agent", framework.Fails)
	n.measure, o.measure = "n", "o"
	s := tell(t, p).on(0, lived{framework.ScopeDevice, "A", true, &evidence.Attrs{Platform: "windows"}}).
		on(0, measures("A", "agent", framework.Holds)).on(0, o).on(2, n).
		on(4, lived{framework.ScopeDevice, "A", true, &evidence.Attrs{Platform: "linux"}})
	s.both(6, "0.2 2=6")
	n.verdicts = evidence.Verdicts(0).With(0, framework.NotApplicable)
	s.late(4, 4, n)
	s.both(6, "0.2 2=6")
}

func term(state evidence.State, ref string, from, to float64) stated {
	v := says(state)
	v.Ref, v.From, v.Grade = ref, day(from), evidence.Recorded
	if to > 0 {
		v.To = day(to)
	}
	return v
}

func TestRule6TermsHoldFromSignatureToEnd(t *testing.T) {
	s := tell(t, framework.Practice{Mode: framework.InForce, Freshness: age(1)}).
		on(2, term(evidence.Holds, "baa", 4, 9))
	s.both(12, "0.4 4=9 9.12")
	if got := s.ask(coverage.Best, 12).Gaps[1].Causes[0].Reason; got != "ended on January 10, 2026" {
		t.Errorf("reason %q", got)
	}
}

func TestRule6TerminationFailsUntilANewTerm(t *testing.T) {
	s := tell(t, framework.Practice{Mode: framework.InForce}).on(1, term(evidence.Holds, "baa", 1, 0)).
		on(5, term(evidence.Fails, "baa", 5, 0)).on(8, term(evidence.Holds, "baa", 8, 0))
	s.both(50, "0.1 1=5 5x8 8=50")
}

func TestRule6AccessBeforeSignatureIsFailed(t *testing.T) {
	s := tell(t, framework.Practice{Mode: framework.InForce}).on(2, term(evidence.Fails, "baa", 2, 0)).on(6, term(evidence.Holds, "baa", 6, 0))
	s.both(9, "0.2 2x6 6=9")
}

func TestRule6ANewVersionSupersedes(t *testing.T) {
	s := tell(t, framework.Practice{Mode: framework.InForce}).on(1, term(evidence.Holds, "baa", 1, 0)).
		on(3, term(evidence.Holds, "baa", 5, 7)).on(3, term(evidence.Holds, "other", 8, 9))
	s.both(12, "0.1 1=7 7.8 8=9 9.12")
}

func eventPractice(deadline int) framework.Practice {
	return framework.Practice{Mode: framework.Event, Event: &framework.EventRule{DeadlineDays: deadline}}
}

func TestRule7TriggersMustBeAnswered(t *testing.T) {
	s := tell(t, eventPractice(2)).on(1, triggered{10001, evidence.Trigger{Ref: "r"}}).on(5, answered{10001, evidence.Answer{Ref: "r"}})
	s.both(14, "0.1 1=3 3x5 5=12 12.14")
	cause := s.ask(coverage.Proven, 14).Gaps[1].Causes[0]
	if cause.Reason != "no answer to r of January 2, 2026 within 2 days" || !slices.Equal(cause.Entries, []uint64{1}) {
		t.Errorf("cause %+v", cause)
	}
}

func TestRule7DeadlineZeroIsAnsweredAtOrBefore(t *testing.T) {
	s := tell(t, eventPractice(0)).on(1, answered{10001, evidence.Answer{Ref: "r"}}).on(2, triggered{10001, evidence.Trigger{Ref: "r"}}).
		on(3, triggered{10001, evidence.Trigger{Ref: "s"}})
	s.both(5, "0.1 1=3 3x5")
}

func TestRule7ANilIsAHeartbeatAndCoversItsPeriodInBest(t *testing.T) {
	s := tell(t, eventPractice(2)).on(10, quiet{10001, evidence.Nil{From: day(0), To: day(10)}})
	s.want(coverage.Proven, 20, "0.10 10=17 17.20")
	s.want(coverage.Best, 20, "0=17 17.20")
	s.late(5, 12, triggered{10001, evidence.Trigger{Ref: "r"}}).on(12, answered{10001, evidence.Answer{Ref: "r"}})
	s.want(coverage.Proven, 20, "0.10 10!12 12=19 19.20")
	s.want(coverage.Best, 20, "0.5 5=7 7x12 12=19 19.20")
}

func TestRule8OnlyWhatAppliesIsJudged(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Applies: &framework.Applies{EPHI: true}}
	s := tell(t, p).on(0, device("A")).on(0, about("A", evidence.Holds)).
		on(1, lived{framework.ScopeDevice, "B", true, &evidence.Attrs{HoldsEPHI: new(false)}}).
		on(3, lived{framework.ScopeDevice, "B", true, &evidence.Attrs{}})
	s.both(5, "0=3 3.5")
}

func TestRule8OnboardingExcusesAbsenceOnly(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, OnboardDays: 3}
	s := tell(t, p).on(0, device("A"))
	s.both(5, "0-3 3.5")
	s.on(1, about("A", evidence.Fails)).on(2, about("A", evidence.Holds))
	s.both(5, "0-1 1x2 2=5")
}

func TestRule8OutOfUseIsOutOfScope(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice}).on(0, device("A")).on(0, device("B")).
		on(0, about("A", evidence.Holds)).on(2, unused{framework.ScopeDevice, "B", day(2), day(5)})
	s.both(7, "0.2 2=5 5.7")
}

func TestRule9SubjectsAreCounted(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice})
	for _, id := range []string{"A", "B", "C", "D"} {
		s.on(0, device(id))
	}
	s.on(0, about("A", evidence.Holds)).on(0, about("B", evidence.Holds)).on(0, about("C", evidence.Fails))
	p := s.ask(coverage.Proven, 7)
	if got, want := p.Subjects, (coverage.Subjects{InScope: 4, Held: 2, Share: 0.5}); got != want {
		t.Errorf("subjects %+v, want %+v", got, want)
	}
	if got, want := p.SubjectDays, (coverage.SubjectDays{InScope: 28, Held: 14, Unproven: 7, Failed: 7}); got != want {
		t.Errorf("subject-days %+v, want %+v", got, want)
	}
}

func TestRule9WideIsNineteenOfTwenty(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice})
	for i := range 20 {
		s.on(0, device(string(rune('A'+i))))
	}
	for i := range 18 {
		s.on(0, about(string(rune('A'+i)), evidence.Holds))
	}
	s.on(2, about("S", evidence.Holds))
	p := s.ask(coverage.Proven, 6)
	if want := (interval.Set{{From: day(2), To: day(6)}}); !slices.Equal(p.Wide, want) {
		t.Errorf("wide %v, want %v", p.Wide, want)
	}
	if len(p.Covered) > 0 {
		t.Errorf("strictly covered %v with one device missing", p.Covered)
	}
}

func TestRule10EvidenceForAllCountsUntilTheFirstEntry(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice}).on(0, says(evidence.Holds)).on(3, device("A"))
	s.both(5, "0=3 3.5")
}

func TestRule10NoneExistExpiresAndEndsAtTheFirstSubject(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeVendor})
	s.both(5, "0.5")
	s.on(1, says(evidence.NoneExist))
	s.both(5, "0.1 1-5")
	s.on(3, lived{framework.ScopeVendor, "A", true, nil}).on(4, lived{framework.ScopeVendor, "A", false, nil})
	s.both(6, "0.1 1-3 3.6")

	s = tell(t, framework.Practice{Scope: framework.ScopeVendor}).on(0, says(evidence.NoneExist))
	p, err := coverage.EvaluateWindow(fold(s.log), coverage.Query{Reading: coverage.Best}, interval.Span{From: day(0), To: day(400)})
	if err != nil {
		t.Fatal(err)
	}
	if g := p.Practices[0].Gaps; len(g) != 1 || int64(g[0].From) != day(365) {
		t.Errorf("gaps %+v, want one from day 365", g)
	}
}

func TestRule11TheMSPsStatementIsASourceOfItsOwn(t *testing.T) {
	msp := says(evidence.Holds)
	msp.FromMSP, msp.Until = true, day(4)
	s := tell(t, framework.Practice{Scope: framework.ScopeMSP}).on(1, msp)
	s.both(6, "0.1 1=4 4.6")
	fails := says(evidence.Fails)
	fails.FromMSP = true
	s.on(4, fails).on(5, says(evidence.Holds))
	s.both(6, "0.1 1=4 4x6")
}

func TestRule2EachCatalogOrdersOneInstantByItsOwnVerdicts(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	for slot, want := range []string{"0.1 1x5", "0.1 1=5"} {
		s := tell(t, p).on(0, device("A"))
		c := s.log[0].body.(adopted).catalog
		s.log[0].body = adopted{c, slotted(c, slot)}
		both := measures("A", "agent", framework.Fails) // fails by the first rule only
		both.verdicts = both.verdicts.With(1, framework.Holds)
		other := measures("A", "agent", framework.Holds)
		other.verdicts = other.verdicts.With(1, framework.Holds)
		s.on(1, both).on(1, other)
		s.both(5, want)
	}
}

func TestRule2OfOneInstantTheLastLoggedDecidesByEachRule(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	first := measures("A", "agent", framework.NotApplicable)
	first.verdicts = first.verdicts.With(1, framework.Fails) // another rule's failure sorts it last
	s := tell(t, p).on(0, device("A")).on(1, first).on(1, measures("A", "agent", framework.Holds))
	s.both(5, "0.1 1=5")
}

func TestRule5ARetractedClosureDisputesWhatStoodOnIt(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	s := tell(t, p).on(0, device("A")).on(0, measures("A", "agent", framework.Fails)).on(1, closed{2, true}).
		on(2, about("A", evidence.Holds)).on(4, retracted{3, false})
	s.want(coverage.Proven, 6, "0x1 1.2 2!4 4x6")
	s.want(coverage.Best, 6, "0x6")
	if got := s.ask(coverage.Proven, 6).Covered[0].DisputedBy; !slices.Equal(got, []uint64{5}) {
		t.Errorf("disputed by %v, want the retraction, entry 5", got)
	}
}
