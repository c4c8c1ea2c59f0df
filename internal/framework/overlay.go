package framework

import (
	"fmt"
	"maps"
	"slices"
)

// maxOverlay bounds an overlay file, in bytes.
const maxOverlay = 256 << 10

// Overlay is a file by which an MSP tightens a catalog. It can only tighten:
// shorten an age, an onboarding time or a deadline, move a parameter in its
// stricter direction, judge a practice in a smaller profile (which makes it
// owed by more clients), or say that an agreement or the client's policy sets
// the limit.
type Overlay struct {
	Name       string                `json:"name"`
	Why        string                `json:"why"`
	Practices  map[string]Tightening `json:"practices,omitempty"`
	Parameters map[string]int64      `json:"parameters,omitempty"`
}

// Tightening is what an overlay changes of one practice. What is absent
// stays.
type Tightening struct {
	MaxAgeDays   *int    `json:"max_age_days,omitempty"`
	OnboardDays  *int    `json:"onboarding_days,omitempty"`
	DeadlineDays *int    `json:"deadline_days,omitempty"`
	Profile      Profile `json:"profile,omitempty"`
	// Limit, agreement or client_policy, says what sets the numbers above;
	// without it a number that an overlay shortened is our target.
	Limit Limit `json:"limit,omitempty"`
}

// ParseOverlay reads an overlay file, strictly.
func ParseOverlay(b []byte) (*Overlay, error) {
	if len(b) > maxOverlay {
		return nil, fmt.Errorf("parse overlay: %d bytes, at most %d are read: check that the file is an overlay", len(b), maxOverlay)
	}
	o := &Overlay{}
	if err := strict(b, o); err != nil {
		return nil, fmt.Errorf("parse overlay: %w", err)
	}
	if o.Name == "" || len(o.Name) > 80 || o.Why == "" || len(o.Why) > maxText {
		return nil, fmt.Errorf("parse overlay: give it a name of at most 80 bytes and say why")
	}
	return o, nil
}

// Apply returns a tightened copy; c stays as it is. The copy's Source names
// the overlay.
func (c *Catalog) Apply(o *Overlay) (*Catalog, error) {
	out := &Catalog{}
	if err := strict(c.encoded, out); err != nil {
		return nil, fmt.Errorf("apply overlay %q: %w", o.Name, err)
	}
	out.Source += "; overlay " + o.Name
	for _, id := range slices.Sorted(maps.Keys(o.Parameters)) {
		if err := out.tightenParameter(id, o.Parameters[id]); err != nil {
			return nil, fmt.Errorf("apply overlay %q: %w", o.Name, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(o.Practices)) {
		if err := out.tightenPractice(id, o.Practices[id]); err != nil {
			return nil, fmt.Errorf("apply overlay %q: %w", o.Name, err)
		}
	}
	if err := out.index(); err != nil {
		return nil, fmt.Errorf("apply overlay %q: %w", o.Name, err)
	}
	return out, nil
}

func (c *Catalog) tightenParameter(id string, value int64) error {
	i := slices.IndexFunc(c.Parameters, func(p Parameter) bool { return p.ID == id })
	if i < 0 {
		return fmt.Errorf("parameters.%.80s: the catalog has no such parameter: remove it or mend the name", id)
	}
	p := &c.Parameters[i]
	if p.Stricter == "lower" && value > p.Value {
		return fmt.Errorf("parameters.%s: %d is looser than the catalog's %d: give at most %d", id, value, p.Value, p.Value)
	}
	if p.Stricter == "higher" && value < p.Value {
		return fmt.Errorf("parameters.%s: %d is looser than the catalog's %d: give at least %d", id, value, p.Value, p.Value)
	}
	p.Value = value
	return nil
}

func (c *Catalog) tightenPractice(id string, t Tightening) error {
	i := slices.IndexFunc(c.Practices, func(p *Practice) bool { return p.ID == id })
	if i < 0 {
		return fmt.Errorf("practices.%.80s: the catalog has no such practice: remove it or mend the name", id)
	}
	p := c.Practices[i]
	name := "practices." + id
	if err := p.tightenNumbers(name, t); err != nil {
		return err
	}
	if t.Profile != "" {
		if rank(t.Profile) < 0 || rank(t.Profile) < rank(p.Profile) {
			return fmt.Errorf("%s.profile: %.40q is narrower than the catalog's %q: give small or core, or leave it out", name, t.Profile, p.Profile)
		}
		p.Profile = t.Profile
	}
	return p.tightenLimit(name, t)
}

func (p *Practice) tightenNumbers(name string, t Tightening) error {
	if err := shorten(name+".max_age_days", t.MaxAgeDays, &p.Freshness.MaxAgeDays); err != nil {
		return err
	}
	if err := shorten(name+".onboarding_days", t.OnboardDays, &p.OnboardDays); err != nil {
		return err
	}
	if t.DeadlineDays == nil {
		return nil
	}
	if p.Event == nil {
		return fmt.Errorf("%s.deadline_days: the practice has no deadline: remove it", name)
	}
	before := p.Event.DeadlineDays
	if err := shorten(name+".deadline_days", t.DeadlineDays, &p.Event.DeadlineDays); err != nil {
		return err
	}
	if p.Event.DeadlineDays < before { // the rule or agreement did not set this number
		p.Event.DeadlineLimit = LimitTarget
	}
	return nil
}

func (p *Practice) tightenLimit(name string, t Tightening) error {
	if t.Limit == "" {
		return nil
	}
	if t.Limit != LimitAgreement && t.Limit != LimitClientPolicy {
		return fmt.Errorf("%s.limit: %.40q may not be set by an overlay: give agreement or client_policy", name, t.Limit)
	}
	if p.Event != nil {
		if p.Event.DeadlineLimit == LimitTarget {
			p.Event.DeadlineLimit = t.Limit
		}
		return nil
	}
	if p.Freshness.Limit == LimitTarget {
		p.Freshness.Limit = t.Limit
	}
	return nil
}

func shorten(field string, to, from *int) error {
	if to == nil {
		return nil
	}
	if *to > *from {
		return fmt.Errorf("%s: %d is looser than the catalog's %d: give at most %d", field, *to, *from, *from)
	}
	if *to < 0 {
		return fmt.Errorf("%s: %d is below zero: give a number of days", field, *to)
	}
	*from = *to
	return nil
}

// rank orders profiles from narrow to wide use of a practice.
func rank(p Profile) int {
	return slices.Index([]Profile{ProfileExtended, ProfileCore, ProfileSmall}, p)
}
