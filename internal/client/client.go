// Package client knows the organization that the MSP looks after: its legal
// kind by date, time zone, elected program and profile, what it says holds
// ePHI, and its registers of sites, accounts, domains, people and vendors. It
// refuses to know devices, other clients, SQL and HTTP.
//
// Words: a register is a list of subjects of one sort. A scope statement is
// what the client signs: what holds ePHI, which of it feeds this log, and
// what does not. A baseline is what the client approves on its devices. The
// MSP is its own first client.
package client

import (
	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
)

// Added is the body of client.added.
type Added struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Zone   string `json:"zone"`
	Region string `json:"state,omitempty"` // US state or territory, two letters
	Line   string `json:"line,omitempty"`  // line of work: "Dental", "Therapy"
	MSP    bool   `json:"msp,omitempty"`
	Sample bool   `json:"sample,omitempty"`
}

// Described is the body of client.described; a field that is absent stays.
type Described struct {
	Name   string `json:"name,omitempty"`
	Zone   string `json:"zone,omitempty"`
	Region string `json:"state,omitempty"`
	Line   string `json:"line,omitempty"`
}

// KindStated is the body of client.kind_stated; it holds from the event's At.
type KindStated struct {
	Kind framework.LegalKind `json:"kind"`
}

// Elected is the body of client.program_elected.
type Elected struct {
	Framework string `json:"framework"`
}

// Profiled is the body of client.profile_set.
type Profiled struct {
	Profile framework.Profile `json:"profile"`
}

// ScopeStatement is the body of client.scope_stated, signed by the client.
type ScopeStatement struct {
	Holds    []string `json:"holds"`               // what holds ePHI
	Feeds    []string `json:"feeds"`               // which of it feeds this log
	NotFed   []string `json:"not_fed"`             // which of it does not
	SignedBy string   `json:"signed_by"`           // name
	Title    string   `json:"title,omitempty"`     // of the signer
	Paper    bool     `json:"on_paper,omitempty"`  // signed on paper, kept by the MSP
	Statute  string   `json:"statement,omitempty"` // what was agreed to, verbatim
}

// Baseline is the body of client.baseline_set: what the client approves.
type Baseline struct {
	Admins    []string `json:"admins,omitempty"`
	EDR       []string `json:"edr,omitempty"`
	Listeners []string `json:"listeners,omitempty"`
}

// Listing is the body of every "added" and "changed" of a register. On a
// change a field that is absent stays.
type Listing struct {
	ID     string   `json:"id"`
	Name   string   `json:"name,omitempty"`
	Uses   []string `json:"uses,omitempty"`  // account: remote, privileged, email; domain: mail, website, service
	Roles  []string `json:"roles,omitempty"` // person: it, privacy, security
	PHI    *bool    `json:"phi,omitempty"`   // vendor, account: reaches PHI
	Site   string   `json:"site,omitempty"`
	Person string   `json:"person,omitempty"` // account: whose it is
	Mail   string   `json:"mail,omitempty"`
	Note   string   `json:"note,omitempty"`
}

// Retired is the body of every "retired" of a register.
type Retired struct {
	ID  string `json:"id"`
	Why string `json:"why,omitempty"`
}

// Unused is the body of subject.unused: declared out of use for a time.
type Unused struct {
	Kind framework.Scope `json:"kind"`
	ID   string          `json:"id"`
	From int64           `json:"from"`
	To   int64           `json:"to"`
	By   string          `json:"by"`
	Why  string          `json:"why,omitempty"`
}

// Member is a subject in a register as it stands now.
type Member struct {
	Listing
	In    bool
	Since int64 // at of the entry that added it
	Entry uint64
}

// Statement is the scope statement with its place in the log.
type Statement struct {
	evidence.Point
	ScopeStatement
}

// State is what the client's entries say up to now.
type State struct {
	Added
	AddedAt   evidence.Point
	Kind      framework.LegalKind
	Program   string
	Profile   framework.Profile
	Scope     *Statement
	Baseline  Baseline
	Registers map[framework.Scope]map[string]*Member
}

// New is the state of an empty log.
func New() State {
	return State{
		Kind: framework.CoveredEntity, Profile: framework.ProfileSmall,
		Registers: map[framework.Scope]map[string]*Member{},
	}
}

// registers names the register of each kind, and what the kind does.
var registers = map[event.Kind]struct {
	scope framework.Scope
	act   act
}{
	event.SiteAdded: {framework.ScopeSite, added}, event.SiteChanged: {framework.ScopeSite, changed}, event.SiteRetired: {framework.ScopeSite, retired},
	event.AccountAdded: {framework.ScopeAccount, added}, event.AccountChanged: {framework.ScopeAccount, changed}, event.AccountRetired: {framework.ScopeAccount, retired},
	event.DomainAdded: {framework.ScopeDomain, added}, event.DomainChanged: {framework.ScopeDomain, changed}, event.DomainRetired: {framework.ScopeDomain, retired},
	event.PersonAdded: {framework.ScopePerson, added}, event.PersonChanged: {framework.ScopePerson, changed}, event.PersonRetired: {framework.ScopePerson, retired},
	event.VendorAdded: {framework.ScopeVendor, added}, event.VendorChanged: {framework.ScopeVendor, changed}, event.VendorRetired: {framework.ScopeVendor, retired},
}

type act uint8

const (
	added act = iota
	changed
	retired
)
