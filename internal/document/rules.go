package document

import (
	"fmt"
	"slices"
	"strings"

	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Limits of one statement.
const (
	maxNote = 8000 // bytes
	maxRef  = 128
	// maxRelief is how long an accepted risk, an alternative or a declined
	// service may last before someone decides again.
	maxRelief = 366 * interval.Day
)

// Check refuses a statement that the practice cannot take, and fills in what
// follows from its mode. At is when it held, ms UTC.
func (v *Statement) Check(p *framework.Practice, at int64) error {
	if !slices.Contains(States, v.State) {
		return fmt.Errorf("state %q is not known: use %s", v.State, strings.Join(States, ", "))
	}
	if len(v.Note) > maxNote {
		return fmt.Errorf("note of %d bytes is over the limit of %d: attach it as a file", len(v.Note), maxNote)
	}
	if len(v.Ref) > maxRef || len(v.Subject) > maxRef {
		return fmt.Errorf("subject or reference is over %d bytes: shorten it", maxRef)
	}
	if v.From != 0 && v.To != 0 && v.To <= v.From {
		return fmt.Errorf("the period ends (%s) before it begins (%s): correct --from and --to", interval.Format(v.To), interval.Format(v.From))
	}
	whole := p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP
	if whole && v.Subject != "" && p.Mode != framework.Event {
		return fmt.Errorf("practice %s is about the whole client: leave out the subject", p.ID)
	}
	switch v.State {
	case Trigger, Answer:
		return v.checkEvent(p)
	case Nil:
		return v.checkNil(p, whole)
	case Alternative, AcceptedRisk, Declined:
		return v.checkRelief(p, at)
	}
	return v.checkPlain(p, at)
}

func (v *Statement) checkEvent(p *framework.Practice) error {
	if p.Mode != framework.Event {
		return fmt.Errorf("practice %s has no triggers: record that it holds or fails", p.ID)
	}
	if v.Ref == "" {
		return fmt.Errorf("a %s needs a reference that joins it with its %s: give --ref", v.State, map[string]string{Trigger: "answer", Answer: "trigger"}[v.State])
	}
	return nil
}

func (v *Statement) checkNil(p *framework.Practice, whole bool) error {
	switch {
	case p.Mode == framework.Event && (v.From == 0 || v.To == 0):
		return fmt.Errorf("a nil statement on %s says that nothing happened in a period: give --from and --to", p.ID)
	case p.Mode != framework.Event && whole:
		return fmt.Errorf("practice %s has no register that could be empty: record that it holds or fails", p.ID)
	case p.Mode != framework.Event && v.Subject != "":
		return fmt.Errorf("a nil statement says that there is no %s: leave out the subject", p.Scope)
	}
	return nil
}

func (v *Statement) checkRelief(p *framework.Practice, at int64) error {
	if strings.TrimSpace(v.Note) == "" {
		return fmt.Errorf("%s needs its reason: give --note", words[v.State])
	}
	if v.State == Alternative && p.Relief != framework.ReliefAlternative {
		return fmt.Errorf("practice %s has a required specification, so no alternative can meet it (164.306(d)(3)): record an accepted risk instead", p.ID)
	}
	if v.State != Alternative && strings.TrimSpace(v.By) == "" {
		return fmt.Errorf("%s needs who answers for it at the client: give --by", words[v.State])
	}
	if v.From == 0 {
		v.From = at
	}
	if v.To == 0 {
		v.To = v.From + 365*interval.Day
	}
	if v.To-v.From > maxRelief {
		return fmt.Errorf("%s may last twelve months at most: end it by %s and decide again", words[v.State], interval.Format(v.From+maxRelief))
	}
	return nil
}

var words = map[string]string{Alternative: "an alternative", AcceptedRisk: "an accepted risk", Declined: "a declined service"}

func (v *Statement) checkPlain(p *framework.Practice, at int64) error {
	if p.Mode != framework.InForce {
		if v.From != 0 || v.To != 0 {
			return fmt.Errorf("practice %s is shown at an instant: give --at alone, without --from and --to", p.ID)
		}
		return nil
	}
	if v.State == Holds && v.From == 0 {
		v.From = at
	}
	return nil
}
