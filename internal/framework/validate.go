package framework

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Limits of a catalog.
const (
	maxPractices  = 2000
	maxMeasures   = 500
	maxParameters = 500
	maxSupport    = 5000
	maxAgeLimit   = 3660 // days
	maxText       = 2000 // bytes of one text
)

// Statements have kind numbers in this range; the register of kinds in
// package event reserves it.
const (
	firstNumber = 10001
	lastNumber  = 19999
)

// MinimumAge is the shortest maximum age, in days, of a practice that is fed
// by measures: unchanging reports are kept as runs, which are then exact.
const MinimumAge = 3

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*([-_][a-z0-9]+)*$`)
	kindForm    = regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)
	modes       = []Mode{State, Periodic, InForce, Event}
	scopes      = []Scope{ScopeClient, ScopeDevice, ScopeSite, ScopeAccount, ScopeDomain, ScopePerson, ScopeVendor, ScopeMSP}
	limits      = []Limit{LimitRule, LimitAgreement, LimitClientPolicy, LimitTarget}
	bases       = []Basis{BasisRule, BasisGuidance, BasisProposed, BasisProduct}
	reliefs     = []Relief{ReliefAlternative, ReliefAcceptedRisk}
	profiles    = []Profile{ProfileSmall, ProfileCore, ProfileExtended}
	boundKinds  = []LegalKind{CoveredEntity, BusinessAssociate}
	evidentness = []string{"checked", "from memory, unchecked"}
)

// index checks a decoded catalog, makes its look-ups and compiles its rules.
func (c *Catalog) index() error {
	if c.Version < 1 || c.Source == "" || !isDate(c.Checked) {
		return fmt.Errorf("a catalog needs version, source and the date checked")
	}
	if len(c.Practices) > maxPractices || len(c.Measures) > maxMeasures || len(c.Parameters) > maxParameters || len(c.Support) > maxSupport {
		return fmt.Errorf("a catalog has too many rows")
	}
	for _, step := range []func() error{c.indexParameters, c.indexSupport, c.indexMeasures, c.indexPractices} {
		if err := step(); err != nil {
			return err
		}
	}
	encoded, err := encode(c)
	if err != nil {
		return err
	}
	c.encoded, err = canonical(encoded)
	return err
}

func (c *Catalog) indexParameters() error {
	c.parameter = make(map[string]*Parameter, len(c.Parameters))
	for i := range c.Parameters {
		p := &c.Parameters[i]
		switch {
		case !idForm.MatchString(p.ID) || len(p.ID) > 80:
			return fmt.Errorf("parameter %.80q: the id is not one", p.ID)
		case c.parameter[p.ID] != nil:
			return fmt.Errorf("parameter %s: the id is used twice", p.ID)
		case p.Value < 0 || p.Value > 1<<31:
			return fmt.Errorf("parameter %s: the value is out of range", p.ID)
		case p.Unit == "" || p.Why == "" || len(p.Why) > maxText:
			return fmt.Errorf("parameter %s: unit or reason is missing", p.ID)
		case !slices.Contains(bases, p.Basis):
			return fmt.Errorf("parameter %s: basis %.40q is not one", p.ID, p.Basis)
		case p.Stricter != "lower" && p.Stricter != "higher":
			return fmt.Errorf("parameter %s: stricter is neither lower nor higher", p.ID)
		}
		c.parameter[p.ID] = p
	}
	return nil
}

func (c *Catalog) indexSupport() error {
	c.support = map[string][]*SupportEnd{}
	for i := range c.Support {
		s := &c.Support[i]
		switch {
		case s.OS == "" || s.Version == "" || s.Name == "" || s.Source == "":
			return fmt.Errorf("support end %.40q %.40q: os, version, name or source is missing", s.OS, s.Version)
		case !slices.Contains(evidentness, s.Status):
			return fmt.Errorf("support end of %s: status %.40q is not one", s.Name, s.Status)
		case s.Ends != "" && !isDate(s.Ends), s.KnownTo != "" && !isDate(s.KnownTo):
			return fmt.Errorf("support end of %s: a date is not one", s.Name)
		case s.Ends != "" && s.KnownTo != "":
			return fmt.Errorf("support end of %s: it has both ends and known_to", s.Name)
		}
		for _, other := range c.support[s.OS] {
			if other.Version == s.Version {
				return fmt.Errorf("support end of %s: %s %s stands twice", s.Name, s.OS, s.Version)
			}
		}
		c.support[s.OS] = append(c.support[s.OS], s)
	}
	return nil
}

func (c *Catalog) indexMeasures() error {
	c.byMeasure = make(map[string]*compiled, len(c.Measures))
	used := map[string]bool{}
	for _, m := range c.Measures {
		if m == nil {
			return fmt.Errorf("a measure is null")
		}
		if !idForm.MatchString(m.ID) || len(m.ID) > 80 || c.byMeasure[m.ID] != nil {
			return fmt.Errorf("measure %.80q: the id is not one or is used twice", m.ID)
		}
		ready, err := c.compile(m, used)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.ID, err)
		}
		c.byMeasure[m.ID] = ready
	}
	for _, p := range c.Parameters {
		if !used[p.ID] {
			return fmt.Errorf("parameter %s: no rule reads it", p.ID)
		}
	}
	return nil
}

func (c *Catalog) compile(m *Measure, used map[string]bool) (*compiled, error) {
	if m.Title == "" || m.Fails == "" || len(m.Rules) == 0 || len(m.Rules) > 20 || len(m.Kinds) == 0 || len(m.Kinds) > 20 {
		return nil, fmt.Errorf("title, fails, rules or kinds are missing")
	}
	for _, k := range m.Kinds {
		if !kindForm.MatchString(k) {
			return nil, fmt.Errorf("kind %.80q is not the name of a kind", k)
		}
	}
	if len(m.Passes) != len(m.Rules) {
		return nil, fmt.Errorf("passes and rules do not have the same platforms")
	}
	out := &compiled{measure: m, rules: make(map[string]*node, len(m.Rules))}
	for platform, r := range m.Rules {
		if m.Passes[platform] == "" || len(m.Passes[platform]) > maxText {
			return nil, fmt.Errorf("platform %.80q: what passes is not said", platform)
		}
		k := compiler{parameter: c.parameter, used: used}
		n, err := k.rule(r, 1)
		if err != nil {
			return nil, fmt.Errorf("platform %.80q: %w", platform, err)
		}
		out.rules[platform] = n
	}
	return out, nil
}

func (c *Catalog) indexPractices() error {
	c.byID = make(map[string]*Practice, len(c.Practices))
	c.byNumber = make(map[uint16]*Practice, len(c.Practices))
	for _, p := range c.Practices {
		if p == nil {
			return fmt.Errorf("a practice is null")
		}
		if !idForm.MatchString(p.ID) || len(p.ID) > 80 || c.byID[p.ID] != nil {
			return fmt.Errorf("practice %.80q: the id is not one or is used twice", p.ID)
		}
		if p.Number < firstNumber || p.Number > lastNumber || c.byNumber[p.Number] != nil {
			return fmt.Errorf("practice %s: number %d is out of range or used twice", p.ID, p.Number)
		}
		if err := c.checkPractice(p); err != nil {
			return fmt.Errorf("practice %s: %w", p.ID, err)
		}
		c.byID[p.ID], c.byNumber[p.Number] = p, p
	}
	return nil
}

func (c *Catalog) checkPractice(p *Practice) error {
	for _, text := range []string{p.Title, p.Statement, p.Theme, p.Action, p.Freshness.Why} {
		if text == "" || len(text) > maxText {
			return fmt.Errorf("title, statement, theme, action or the reason of its age is missing or too long")
		}
	}
	switch {
	case !slices.Contains(modes, p.Mode):
		return fmt.Errorf("mode %.40q is not one", p.Mode)
	case !slices.Contains(scopes, p.Scope):
		return fmt.Errorf("scope %.40q is not one", p.Scope)
	case !slices.Contains(reliefs, p.Relief):
		return fmt.Errorf("relief %.40q is not one", p.Relief)
	case !slices.Contains(profiles, p.Profile):
		return fmt.Errorf("profile %.40q is not one", p.Profile)
	case p.Set != "core" && p.Set != "extended":
		return fmt.Errorf("set %.40q is neither core nor extended", p.Set)
	case p.Freshness.MaxAgeDays < 1 || p.Freshness.MaxAgeDays > maxAgeLimit:
		return fmt.Errorf("max_age_days %d is out of range", p.Freshness.MaxAgeDays)
	case p.Freshness.MaxAgeDays < MinimumAge && (p.Mode == State || slices.ContainsFunc(p.Feeds, func(f Feed) bool { return f.Required })):
		return fmt.Errorf("max_age_days %d: what measures decide needs at least %d, so that runs of observations are exact", p.Freshness.MaxAgeDays, MinimumAge)
	case !slices.Contains(bases, p.Freshness.Basis) || !slices.Contains(limits, p.Freshness.Limit):
		return fmt.Errorf("basis or limit of its age is not one")
	case p.OnboardDays < 0 || p.OnboardDays > maxAgeLimit || p.Weight < 0 || p.Weight > 100:
		return fmt.Errorf("onboarding_days or weight is out of range")
	case len(p.EvidenceKinds) == 0 || len(p.Binds) == 0:
		return fmt.Errorf("evidence_kinds or binds is missing")
	}
	for _, k := range p.Binds {
		if !slices.Contains(boundKinds, k) {
			return fmt.Errorf("binds %.40q is not one", k)
		}
	}
	for _, check := range []func(*Practice) error{checkEvent, c.checkFeeds, checkLinks} {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

func checkEvent(p *Practice) error {
	if (p.Mode == Event) != (p.Event != nil) {
		return fmt.Errorf("mode event and the event rule go together")
	}
	if p.Event == nil {
		return nil
	}
	if p.Event.Trigger == "" || p.Event.DeadlineDays < 0 || p.Event.DeadlineDays > maxAgeLimit || !slices.Contains(limits, p.Event.DeadlineLimit) {
		return fmt.Errorf("trigger, deadline or its limit is missing or out of range")
	}
	if p.Freshness.Limit != LimitTarget {
		return fmt.Errorf("the heartbeat of an event practice is always our target")
	}
	return nil
}

// checkFeeds checks that each feed names a measure and that no measure both
// decides and supports on one platform.
func (c *Catalog) checkFeeds(p *Practice) error {
	seen := map[string]bool{}
	for _, f := range p.Feeds {
		m := c.byMeasure[f.Measure]
		if m == nil {
			return fmt.Errorf("feed %.80q names no measure", f.Measure)
		}
		platforms := f.Platforms
		if len(platforms) == 0 {
			platforms = []string{""}
		}
		for _, platform := range platforms {
			key := f.Measure + " " + platform
			if seen[key] || seen[f.Measure+" "] {
				return fmt.Errorf("feed %s stands twice for a platform", f.Measure)
			}
			seen[key] = true
			if platform != "" && m.rules[platform] == nil && m.rules["any"] == nil {
				return fmt.Errorf("feed %s has no rule for %.40q", f.Measure, platform)
			}
		}
	}
	return nil
}

func checkLinks(p *Practice) error {
	for framework, ids := range p.Links {
		if _, ok := FrameworkNamed(framework); !ok {
			return fmt.Errorf("it links to the framework %.80q, which is not known", framework)
		}
		for i, id := range ids {
			if _, ok := Control(framework, id); !ok || slices.Contains(ids[:i], id) {
				return fmt.Errorf("its link %.80q in %s is not known or stands twice", id, framework)
			}
		}
	}
	return nil
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
