package coverage_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

func TestRule12WhatDoesNotBindIsNeverAGap(t *testing.T) {
	p := framework.Practice{Binds: []framework.LegalKind{framework.CoveredEntity}}
	s := tell(t, p)
	s.both(4, "0.4")
	s.on(1, bound{framework.BusinessAssociate}).on(3, bound{framework.Part2})
	s.both(4, "0-3 3.4") // the first one stated holds for all time before
	if got := s.ask(coverage.Best, 4).Exempt[0].Why; got != coverage.NotBound {
		t.Errorf("exempt as %q", got)
	}
}

func TestRule13AlternativesCountAndAcceptedRisksDoNot(t *testing.T) {
	alternative := relieved{10001, evidence.Relief{Kind: evidence.Alternative, Grade: evidence.Recorded, To: day(3)}}
	s := tell(t, framework.Practice{Relief: framework.ReliefAlternative}).on(1, alternative)
	s.both(5, "0.1 1a3 3.5")
	s = tell(t, framework.Practice{}).on(1, alternative)
	s.both(5, "0.5")

	risk := relieved{10001, evidence.Relief{Kind: evidence.AcceptedRisk}}
	s = tell(t, framework.Practice{}).on(1, risk).on(2, relieved{10001, evidence.Relief{Kind: evidence.Declined}})
	s.both(5, "0.5")
	said := func() string {
		list := ""
		for _, c := range s.ask(coverage.Best, 5).Gaps[0].Causes {
			list += fmt.Sprintf(" %g-%g", float64(int64(c.From)-day(0))/float64(interval.Day), float64(int64(c.To)-day(0))/float64(interval.Day))
			if c.Accepted != nil {
				list += fmt.Sprintf(" accepted by %d", *c.Accepted)
			}
			if c.Declined != nil {
				list += fmt.Sprintf(" declined by %d", *c.Declined)
			}
		}
		return strings.TrimSpace(list)
	}
	if got, want := said(), "0-1 1-2 accepted by 1 2-5 accepted by 1 declined by 2"; got != want {
		t.Errorf("causes %s, want %s", got, want)
	}
	risk.To = day(3)
	s = tell(t, framework.Practice{}).on(1, risk).on(2, risk).on(4, relieved{10001, evidence.Relief{Kind: evidence.Declined, Subject: "another"}})
	if got, want := said(), "0-1 1-2 accepted by 1 2-3 accepted by 2 3-5"; got != want {
		t.Errorf("causes %s, want %s", got, want)
	}
}

func TestRule15AnEmptyScopeNamesWhoIsGone(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Applies: &framework.Applies{EPHI: true}}
	listed := func(name string) lived {
		return lived{framework.ScopeDevice, name, true, &evidence.Attrs{Name: "LT-" + name}}
	}
	s := tell(t, p).on(0, lived{framework.ScopeDevice, "S", true, &evidence.Attrs{HoldsEPHI: new(false)}})
	reason := func() string {
		g := s.ask(coverage.Proven, 9).Gaps
		last := g[len(g)-1].Causes
		return last[len(last)-1].Reason
	}
	if got, want := reason(), "no device is registered for this, and nobody says that none exist"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	s.on(1, listed("1")).on(1, listed("2")).on(1, unused{framework.ScopeDevice, "1", day(1), day(20)}).
		on(1, lived{framework.ScopeDevice, "2", false, &evidence.Attrs{Name: "LT-2"}})
	if got, want := reason(), "no device is in scope, and nobody says that none exist: LT-1 is out of use until January 21, 2026, LT-2 is retired since January 2, 2026"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

func TestRule2LateLeavingDisputesWhatWasCovered(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice}
	s := tell(t, p).on(0, device("A")).on(0, about("A", evidence.Holds)).late(3, 5, lived{framework.ScopeDevice, "A", false, nil})
	if got, want := s.strip(coverage.Proven, 6), "0=3 3!5 5.6"; got != want {
		t.Errorf("retired late: %s, want %s", got, want)
	}
	s = tell(t, p).on(0, device("A")).on(0, about("A", evidence.Holds)).late(4, 5, unused{framework.ScopeDevice, "A", day(2), day(6)})
	if got, want := s.strip(coverage.Proven, 7), "0=2 2!5 5.6 6=7"; got != want {
		t.Errorf("out of use, said late: %s, want %s", got, want)
	}
	s = tell(t, p).on(0, device("A")).on(0, about("A", evidence.Holds)).on(0, device("B")).on(0, about("B", evidence.Holds)).
		late(3, 5, lived{framework.ScopeDevice, "A", false, nil})
	if got, want := s.strip(coverage.Proven, 6), "0=6"; got != want {
		t.Errorf("another device is left: %s, want %s", got, want)
	}
}

func TestRule14TheCatalogAdoptedThenJudges(t *testing.T) {
	s := tell(t, framework.Practice{Freshness: age(4)}).on(0, says(evidence.Holds))
	shorter := catalog(t, framework.Practice{ID: "it", Number: 10001, Scope: framework.ScopeClient, Mode: framework.Periodic, Freshness: framework.Freshness{MaxAgeDays: 2, Limit: framework.LimitRule}},
		framework.Practice{ID: "newer", Number: 10002, Scope: framework.ScopeClient, Mode: framework.Periodic, Freshness: age(4)})
	s.late(1, 3, adopted{shorter, nil})
	s.both(6, "0=3 3.6")
	if g := s.ask(coverage.Best, 6).Gaps[0]; *g.Limit != framework.LimitRule {
		t.Errorf("limit %s, want that of the new catalog", *g.Limit)
	}
	if m := heldAt(t, fold(s.log), "newer", day(1), coverage.Proven); m.Gap != coverage.Unproven {
		t.Errorf("before the first catalog that has it: %+v", m)
	}
}

func TestRule15GapsNameKindLimitAndCauses(t *testing.T) {
	p := framework.Practice{Scope: framework.ScopeDevice, Mode: framework.State, Freshness: framework.Freshness{MaxAgeDays: 3, Limit: framework.LimitAgreement}, Feeds: []framework.Feed{{Measure: "m", Required: true}}}
	s := tell(t, p).on(0, lived{framework.ScopeDevice, "A", true, &evidence.Attrs{Name: "LT-0042"}}).on(0, device("B")).
		on(0, measures("A", "agent", framework.Holds)).on(0, measures("B", "agent", framework.Holds)).
		on(2, measures("B", "agent", framework.Holds)).on(4, measures("B", "agent", framework.Fails))
	s.both(6, "0=3 3.4 4x6")
	gaps := s.ask(coverage.Proven, 6).Gaps
	if *gaps[0].Limit != framework.LimitAgreement || gaps[1].Limit != nil {
		t.Errorf("limits %v and %v", gaps[0].Limit, gaps[1].Limit)
	}
	if c := gaps[0].Causes; len(c) != 1 || c[0].Reason != "LT-0042: no report that shows this since January 1, 2026" || !slices.Equal(c[0].Entries, []uint64{3}) {
		t.Errorf("causes of the silence: %+v", c)
	}
	if c := gaps[1].Causes; len(c) != 1 || c[0].Reason != "B: it is off" || !slices.Equal(c[0].Entries, []uint64{6}) {
		t.Errorf("causes of the failure: %+v", c)
	}
}

func TestRule15AtMostTwentyCauses(t *testing.T) {
	s := tell(t, framework.Practice{Scope: framework.ScopeDevice})
	for i := range 25 {
		s.on(0, device(string(rune('A'+i))))
	}
	if g := s.ask(coverage.Proven, 3).Gaps[0]; len(g.Causes) != coverage.MaxCauses || g.More != 5 {
		t.Errorf("%d causes and %d more", len(g.Causes), g.More)
	}
}

func TestRule17OutsideTheProfileIsNotStartedUnlessHeld(t *testing.T) {
	s := tell(t, framework.Practice{Profile: framework.ProfileCore}).on(0, enters{framework.ProfileSmall}).on(1, says(evidence.Holds)).
		on(10, enters{framework.ProfileCore})
	s.both(12, "0-1 1=8 8-10 10.12")
	p := s.ask(coverage.Best, 12)
	if p.Exempt[0].Why != coverage.NotStarted || p.Status != coverage.StatusGap {
		t.Errorf("exempt as %q, status %s", p.Exempt[0].Why, p.Status)
	}
}

func TestRule17AProfileSaysNothingOfTheTimeBeforeUnlessStatedWhenTheLogBegan(t *testing.T) {
	s := tell(t, framework.Practice{Profile: framework.ProfileCore}).on(10, enters{framework.ProfileCore})
	s.both(12, "0-10 10.12")
	s = tell(t, framework.Practice{Profile: framework.ProfileCore}).on(0, enters{framework.ProfileCore}).on(10, enters{framework.ProfileSmall})
	s.both(12, "0.10 10-12")
}

func TestRule12ErasedEvidenceIsSaid(t *testing.T) {
	s := tell(t, framework.Practice{})
	b := fold(s.log)
	b.Erasures = []evidence.Erasure{{Point: evidence.Point{At: day(2), Recorded: day(2), Index: 9}, Erased: 3, Kind: 10001}}
	rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: coverage.Proven, Zone: time.UTC}, interval.Span{From: day(0), To: day(5)})
	if err != nil {
		t.Fatal(err)
	}
	if c := rep.Practices[0].Gaps[0].Causes[0]; !strings.HasSuffix(c.Reason, "evidence erased on January 3, 2026") || !slices.Contains(c.Entries, 9) {
		t.Errorf("cause %+v", c)
	}
}

func TestRule15ListsAreWrittenThoughTheyAreEmpty(t *testing.T) {
	s := tell(t, framework.Practice{}).on(1, says(evidence.Holds)).on(3, bound{framework.NoKind})
	for _, r := range readings {
		raw, err := json.Marshal(s.ask(r, 12))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "null,") && !strings.Contains(string(raw), `"limit":null`) || !strings.Contains(string(raw), `"disputed_by":[]`) || !strings.Contains(string(raw), `"gaps":[]`) {
			t.Errorf("%s: %s", r, raw)
		}
	}
}
