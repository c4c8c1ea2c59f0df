// Package framework knows the frameworks, the practices, the crosswalk
// between them, how fresh evidence must be, and whom each item binds. It
// refuses to know any client and any log.
//
// Words: a practice is a recognized security practice in the sense of
// 42 USC 17941, one thing that can be in place or not. A catalog is all
// practices with the measures and parameters that judge them. A measure is a
// named rule that turns the raw facts of one report into holds, fails,
// unknown or not applicable. A parameter is a number that rules refer to. An
// overlay is a file by which an MSP tightens a catalog. A control is an item
// of an outside framework (HIPAA, CSF 2.0, ...).
package framework

import "slices"

// Mode is how evidence of a practice covers time; see docs/spec/coverage.md.
type Mode string

// The four modes.
const (
	State    Mode = "state"
	Periodic Mode = "periodic"
	InForce  Mode = "in_force"
	Event    Mode = "event"
)

// Scope names the register whose subjects a practice is judged for.
type Scope string

// The scopes. ScopeClient has one subject, the client itself; practices of
// ScopeMSP live in the MSP's own log.
const (
	ScopeClient  Scope = "client"
	ScopeDevice  Scope = "device"
	ScopeSite    Scope = "site"
	ScopeAccount Scope = "account"
	ScopeDomain  Scope = "domain"
	ScopePerson  Scope = "person"
	ScopeVendor  Scope = "vendor"
	ScopeMSP     Scope = "msp"
)

// Limit says what sets the number that a gap passed.
type Limit string

// The limits. LimitTarget is ours and is never called a gap in anything that
// leaves the house.
const (
	LimitRule         Limit = "rule"
	LimitAgreement    Limit = "agreement"
	LimitClientPolicy Limit = "client_policy"
	LimitTarget       Limit = "target"
)

// Basis says where a number comes from: the regulation, a published
// framework, a proposal (NPRM 90 FR 898, not final), or our own choice.
type Basis string

// The bases.
const (
	BasisRule     Basis = "rule"
	BasisGuidance Basis = "guidance"
	BasisProposed Basis = "proposed"
	BasisProduct  Basis = "product"
)

// LegalKind is what HIPAA calls an organization.
type LegalKind string

// The legal kinds. Hybrid and Part2 are bound as covered entities, None by
// nothing.
const (
	CoveredEntity     LegalKind = "covered_entity"
	BusinessAssociate LegalKind = "business_associate"
	Hybrid            LegalKind = "hybrid"
	Part2             LegalKind = "part2"
	NoKind            LegalKind = "none"
)

// Relief is which relief the rule leaves for a practice: an alternative only
// where every linked specification is addressable (164.306(d)(3)).
type Relief string

// The reliefs.
const (
	ReliefAlternative  Relief = "alternative"
	ReliefAcceptedRisk Relief = "accepted_risk"
)

// Profile selects practices: small is in core, core is in all.
type Profile string

// The profiles. A practice marked ProfileExtended is only in ProfileAll.
const (
	ProfileSmall    Profile = "small"
	ProfileCore     Profile = "core"
	ProfileExtended Profile = "extended"
	ProfileAll      Profile = "all"
)

// Freshness says how long one piece of evidence lasts, in days of 24 hours.
type Freshness struct {
	MaxAgeDays int    `json:"max_age_days"`
	Basis      Basis  `json:"basis"`
	Limit      Limit  `json:"limit"`
	Why        string `json:"why"`
}

// Applies narrows a practice to some subjects of its scope. Within a field
// any value may match; between fields all must. An unknown attribute is in
// scope.
type Applies struct {
	Class   []string `json:"class,omitempty"`   // device classes
	EPHI    bool     `json:"ephi,omitempty"`    // holds ePHI, unless known not to
	Backup  bool     `json:"backup,omitempty"`  // meant to be backed up, unless known not to
	Account []string `json:"account,omitempty"` // remote, privileged, email
	Domain  []string `json:"domain,omitempty"`  // mail, website, service
	Role    []string `json:"role,omitempty"`    // it, privacy, security
	Vendor  []string `json:"vendor,omitempty"`  // phi
}

// EventRule is the deadline of an event practice. DeadlineLimit says what an
// unanswered deadline passes; its heartbeat is always our target.
type EventRule struct {
	Trigger       string `json:"trigger"`
	DeadlineDays  int    `json:"deadline_days"`
	DeadlineLimit Limit  `json:"deadline_limit"`
	Note          string `json:"note,omitempty"`
}

// Feed names a measure that a practice needs. A required measure decides; a
// supporting one is shown beside it. No platforms means every platform.
type Feed struct {
	Measure   string   `json:"measure"`
	Required  bool     `json:"required"`
	Platforms []string `json:"platforms,omitempty"`
}

// Practice is one row of the catalog.
type Practice struct {
	ID            string              `json:"id"`
	Number        uint16              `json:"number"` // kind number of its statements, never reused
	Title         string              `json:"title"`
	Statement     string              `json:"statement"`
	Theme         string              `json:"theme"`  // group head on pages, e.g. "Devices"
	Action        string              `json:"action"` // what to do when it is unproven, e.g. "Record a restore test"
	EvidenceKinds []string            `json:"evidence_kinds"`
	Scope         Scope               `json:"scope"`
	Applies       *Applies            `json:"applies,omitempty"`
	Mode          Mode                `json:"mode"`
	Freshness     Freshness           `json:"freshness"`
	Event         *EventRule          `json:"event,omitempty"`
	Feeds         []Feed              `json:"feeds,omitempty"`
	Links         map[string][]string `json:"links"`
	Binds         []LegalKind         `json:"binds"`
	Relief        Relief              `json:"relief"`
	Set           string              `json:"set"`
	Profile       Profile             `json:"profile"`
	OnboardDays   int                 `json:"onboarding_days"`
	Weight        int                 `json:"weight"`
	Asked         string              `json:"asked_at_onboarding,omitempty"`
}

// Core reports whether the practice counts for an elected program.
func (p *Practice) Core() bool { return p.Set == "core" }

// In reports whether the practice belongs to a profile.
func (p *Practice) In(profile Profile) bool {
	switch profile {
	case ProfileAll:
		return true
	case ProfileCore:
		return p.Profile == ProfileSmall || p.Profile == ProfileCore
	default:
		return p.Profile == ProfileSmall
	}
}

// BindsKind reports whether the practice binds an organization of kind k.
func (p *Practice) BindsKind(k LegalKind) bool {
	if k == Hybrid || k == Part2 {
		k = CoveredEntity
	}
	return slices.Contains(p.Binds, k)
}

// Parameter is a number that rules refer to as "$id". Stricter says which
// direction tightens it: "lower" or "higher".
type Parameter struct {
	ID       string `json:"id"`
	Value    int64  `json:"value"`
	Unit     string `json:"unit"`
	Basis    Basis  `json:"basis"`
	Why      string `json:"why"`
	Stricter string `json:"stricter"`
}

// Measure turns the raw facts of one report into a verdict, by platform;
// the key "scan" serves a scanner's report on a device, whatever the device
// runs, and "any" serves platforms without a rule of their own. Kinds are the
// names of the event kinds whose entries carry its facts.
type Measure struct {
	ID     string            `json:"id"`
	Title  string            `json:"title"`
	Kinds  []string          `json:"kinds"`
	Rules  map[string]*Rule  `json:"rules"`
	Passes map[string]string `json:"passes"` // what passes, in plain words, by the keys of Rules
	Fails  string            `json:"fails"`  // reason in plain words, e.g. "a fixed volume is not encrypted"
}

// Catalog is everything that judges. It is data: it is kept as a blob, its
// hash is an entry of every log, and an instant is judged by the catalog
// adopted then. A catalog comes from Embedded, Parse or Apply and is not
// changed afterwards, so any number of goroutines may read it.
type Catalog struct {
	Version    int          `json:"version"`
	Checked    string       `json:"checked"` // civil date on which the law behind it was checked
	Source     string       `json:"source"`
	Practices  []*Practice  `json:"practices"`
	Measures   []*Measure   `json:"measures"`
	Parameters []Parameter  `json:"parameters"`
	Support    []SupportEnd `json:"support"`

	byID      map[string]*Practice
	byNumber  map[uint16]*Practice
	byMeasure map[string]*compiled
	parameter map[string]*Parameter
	support   map[string][]*SupportEnd // by OS
	encoded   []byte
}
