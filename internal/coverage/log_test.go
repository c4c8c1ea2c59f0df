package coverage_test

import (
	"encoding/json"
	"testing"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
)

// entry is one entry of a log drawn in a test, as its subject would tell it.
type entry struct {
	evidence.Point
	body any
}

// What an entry may say.
type (
	observed struct {
		scope                    framework.Scope
		subject, measure, source string
		verdicts                 evidence.Verdicts
		reason                   string
		grade                    evidence.Grade
	}
	stated struct {
		number uint16
		evidence.Statement
	}
	lived struct {
		scope   framework.Scope
		subject string
		in      bool
		attrs   *evidence.Attrs
	}
	unused struct {
		scope    framework.Scope
		subject  string
		from, to int64
	}
	triggered struct {
		number uint16
		evidence.Trigger
	}
	answered struct {
		number uint16
		evidence.Answer
	}
	quiet struct {
		number uint16
		evidence.Nil
	}
	relieved struct {
		number uint16
		evidence.Relief
	}
	retracted struct {
		target uint64
		inRun  bool
	}
	closed struct {
		target uint64
		inRun  bool
	}
	adopted struct {
		catalog *framework.Catalog
		slots   map[string]int
	}
	bound   struct{ kind framework.LegalKind }
	enters  struct{ profile framework.Profile }
	elected struct{ framework string }
)

// tell adds an entry to a book.
func (e entry) tell(b *evidence.Book) {
	b.Size = max(b.Size, e.Index+1)
	if e.Index == 0 {
		b.Started = e.Point
	}
	switch v := e.body.(type) {
	case observed:
		b.Observe(v.scope, v.subject, v.measure, v.source, evidence.Observation{Point: e.Point, Verdicts: v.verdicts, Reason: v.reason, Grade: v.grade})
	case stated:
		v.Point = e.Point
		b.State(v.number, v.Statement)
	case lived:
		b.Live(v.scope, v.subject, evidence.Life{Point: e.Point, In: v.in, Attrs: v.attrs})
	case unused:
		b.Absent(v.scope, v.subject, evidence.Absence{Point: e.Point, From: v.from, To: v.to})
	case triggered:
		v.Point = e.Point
		b.On(v.number).Triggers = append(b.On(v.number).Triggers, v.Trigger)
	case answered:
		v.Point = e.Point
		b.On(v.number).Answers = append(b.On(v.number).Answers, v.Answer)
	case quiet:
		v.Point = e.Point
		b.On(v.number).Nils = append(b.On(v.number).Nils, v.Nil)
	case relieved:
		v.Point = e.Point
		b.On(v.number).Reliefs = append(b.On(v.number).Reliefs, v.Relief)
	case retracted:
		b.Retract(v.target, e.Point, v.inRun)
	case closed:
		b.Close(v.target, evidence.Closure{Point: e.Point}, v.inRun)
	case adopted:
		b.Adoptions = append(b.Adoptions, evidence.Adoption{Point: e.Point, Catalog: v.catalog, Slots: v.slots})
	case bound:
		b.LegalKinds = append(b.LegalKinds, evidence.Dated[framework.LegalKind]{Point: e.Point, Value: v.kind})
	case enters:
		b.Profiles = append(b.Profiles, evidence.Dated[framework.Profile]{Point: e.Point, Value: v.profile})
	case elected:
		b.Programs = append(b.Programs, evidence.Dated[string]{Point: e.Point, Value: v.framework})
	}
}

// fold tells all entries to a book, again for as long as the plan asks.
func fold(entries []entry) *evidence.Book {
	plan := evidence.NewPlan()
	for {
		b := evidence.NewBook(plan)
		for _, e := range entries {
			e.tell(b)
		}
		if !plan.Again {
			return b
		}
	}
}

// catalog makes a catalog of practices, filling what a test leaves out, with
// a measure for each feed.
func catalog(t testing.TB, practices ...framework.Practice) *framework.Catalog {
	t.Helper()
	c := framework.Catalog{
		Version: 1, Checked: "2026-11-21", Source: "a test",
		Measures: []*framework.Measure{}, Parameters: []framework.Parameter{}, Support: []framework.SupportEnd{},
	}
	known := map[string]bool{}
	for i := range practices {
		p := &practices[i]
		p.Title, p.Statement, p.Theme, p.Action = p.ID, p.ID, "Theme", "Do it"
		p.EvidenceKinds = []string{"attestation"}
		p.Freshness.Basis, p.Freshness.Why = framework.BasisProduct, "a test"
		if p.Freshness.Limit == "" {
			p.Freshness.Limit = framework.LimitTarget
		}
		if p.Links == nil {
			p.Links = map[string][]string{}
		}
		if p.Binds == nil {
			p.Binds = []framework.LegalKind{framework.CoveredEntity, framework.BusinessAssociate}
		}
		if p.Relief == "" {
			p.Relief = framework.ReliefAcceptedRisk
		}
		if p.Set == "" {
			p.Set = "core"
		}
		if p.Profile == "" {
			p.Profile = framework.ProfileSmall
		}
		if p.Event != nil {
			p.Event.Trigger, p.Event.DeadlineLimit = "something", framework.LimitRule
		}
		for _, f := range p.Feeds {
			if !known[f.Measure] {
				known[f.Measure] = true
				rule := &framework.Rule{Field: "x", Is: true}
				c.Measures = append(c.Measures, &framework.Measure{
					ID: f.Measure, Title: f.Measure, Kinds: []string{"device.reported"},
					Rules: map[string]*framework.Rule{"any": rule}, Passes: map[string]string{"any": "it is so"}, Fails: "it is not so",
				})
			}
		}
		c.Practices = append(c.Practices, p)
	}
	raw, err := json.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := framework.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// age is a freshness of so many days.
func age(days int) framework.Freshness { return framework.Freshness{MaxAgeDays: days} }

// slotted maps every measure of a catalog to one slot.
func slotted(c *framework.Catalog, slot int) map[string]int {
	res := map[string]int{}
	for _, m := range c.Measures {
		res[m.ID] = slot
	}
	return res
}
