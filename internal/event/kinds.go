package event

import "fmt"

// Kind is the number of a kind in the register below. A number is never
// reused; a changed meaning is a new number.
type Kind uint16

// Kinds that every log has (package record).
const (
	CatalogAdopted  Kind = 1 // the catalog that judges from here on
	MSPStated       Kind = 2 // the MSP's own statement, issued to a client
	EntryErased     Kind = 3
	EntryRetracted  Kind = 4
	FailureClosed   Kind = 5 // a named failing entry is closed, and why
	HoldPlaced      Kind = 6
	HoldReleased    Kind = 7
	BlobDisposed    Kind = 8
	BundleConsented Kind = 9
	BundleProduced  Kind = 10
	EpochBegun      Kind = 11
	GapShown        Kind = 12
)

// Kinds of package client.
const (
	ClientAdded     Kind = 20
	ClientDescribed Kind = 21
	LegalKindStated Kind = 22
	ProgramElected  Kind = 23
	ProfileSet      Kind = 24
	ScopeStated     Kind = 25 // scope statement signed by the client
	BaselineSet     Kind = 26 // approved administrators, security services, listeners
	SiteAdded       Kind = 30
	SiteChanged     Kind = 31
	SiteRetired     Kind = 32
	AccountAdded    Kind = 33
	AccountChanged  Kind = 34
	AccountRetired  Kind = 35
	DomainAdded     Kind = 36
	DomainChanged   Kind = 37
	DomainRetired   Kind = 38
	PersonAdded     Kind = 39
	PersonChanged   Kind = 40
	PersonRetired   Kind = 41
	VendorAdded     Kind = 42
	VendorChanged   Kind = 43
	VendorRetired   Kind = 44
	SubjectUnused   Kind = 45 // out of use: from, to, by whom
)

// Kinds of package member.
const (
	MemberAdded   Kind = 60
	MemberChanged Kind = 61
	GrantMade     Kind = 62
	GrantRevoked  Kind = 63
	MemberLeft    Kind = 64
	SignedIn      Kind = 65
	Refused       Kind = 66
	ClientOpened  Kind = 67
	AccountSet    Kind = 68 // password, second factor or sessions changed
)

// Kinds of package device.
const (
	DeviceAdded      Kind = 80
	DeviceChanged    Kind = 81
	DeviceRetired    Kind = 82
	DeviceReturned   Kind = 83
	DeviceUnused     Kind = 84 // locked away, on leave: from, to, by whom
	CustodyChanged   Kind = 85
	DeviceReported   Kind = 86
	DeviceSeen       Kind = 87
	DeviceEnrolled   Kind = 88
	DeviceKeyRevoked Kind = 89
	SourceLost       Kind = 90
	SecretMade       Kind = 91
	SecretRevoked    Kind = 92
)

// FirstStatement is the kind number of the first practice's statements.
// Statements on a practice (package document) have a kind number per
// practice, so that a bundle can be scoped to practices.
const (
	FirstStatement Kind = 10001
	LastStatement  Kind = 19999
)

// Retention is how long an entry of a kind is kept at least.
type Retention uint8

// The retention classes of the log's rules.
const (
	SixYears   Retention = iota + 1 // from creation or last in effect, 164.316(b)(2)(i), 164.530(j)
	WholeChain                      // as long as the log: proofs and scope rest on it
)

type registered struct {
	name string
	keep Retention
}

var register = map[Kind]registered{
	CatalogAdopted:  {"catalog.adopted", WholeChain},
	MSPStated:       {"msp.stated", SixYears},
	EntryErased:     {"entry.erased", WholeChain},
	EntryRetracted:  {"entry.retracted", WholeChain},
	FailureClosed:   {"failure.closed", SixYears},
	HoldPlaced:      {"hold.placed", WholeChain},
	HoldReleased:    {"hold.released", WholeChain},
	BlobDisposed:    {"blob.disposed", WholeChain},
	BundleConsented: {"bundle.consented", SixYears},
	BundleProduced:  {"bundle.produced", SixYears},
	EpochBegun:      {"epoch.begun", WholeChain},
	GapShown:        {"gap.shown", SixYears},

	ClientAdded:     {"client.added", WholeChain},
	ClientDescribed: {"client.described", WholeChain},
	LegalKindStated: {"client.kind_stated", WholeChain},
	ProgramElected:  {"client.program_elected", SixYears},
	ProfileSet:      {"client.profile_set", SixYears},
	ScopeStated:     {"client.scope_stated", SixYears},
	BaselineSet:     {"client.baseline_set", SixYears},
	SiteAdded:       {"site.added", SixYears},
	SiteChanged:     {"site.changed", SixYears},
	SiteRetired:     {"site.retired", SixYears},
	AccountAdded:    {"account.added", SixYears},
	AccountChanged:  {"account.changed", SixYears},
	AccountRetired:  {"account.retired", SixYears},
	DomainAdded:     {"domain.added", SixYears},
	DomainChanged:   {"domain.changed", SixYears},
	DomainRetired:   {"domain.retired", SixYears},
	PersonAdded:     {"person.added", SixYears},
	PersonChanged:   {"person.changed", SixYears},
	PersonRetired:   {"person.retired", SixYears},
	VendorAdded:     {"vendor.added", SixYears},
	VendorChanged:   {"vendor.changed", SixYears},
	VendorRetired:   {"vendor.retired", SixYears},
	SubjectUnused:   {"subject.unused", SixYears},

	MemberAdded:   {"member.added", SixYears},
	MemberChanged: {"member.changed", SixYears},
	GrantMade:     {"member.granted", SixYears},
	GrantRevoked:  {"member.revoked", SixYears},
	MemberLeft:    {"member.left", SixYears},
	SignedIn:      {"member.signed_in", SixYears},
	Refused:       {"member.refused", SixYears},
	ClientOpened:  {"client.opened", SixYears},
	AccountSet:    {"member.account_set", SixYears},

	DeviceAdded:      {"device.added", SixYears},
	DeviceChanged:    {"device.changed", SixYears},
	DeviceRetired:    {"device.retired", SixYears},
	DeviceReturned:   {"device.returned", SixYears},
	DeviceUnused:     {"device.unused", SixYears},
	CustodyChanged:   {"device.custody", SixYears},
	DeviceReported:   {"device.reported", SixYears},
	DeviceSeen:       {"device.seen", SixYears},
	DeviceEnrolled:   {"device.enrolled", SixYears},
	DeviceKeyRevoked: {"device.key_revoked", SixYears},
	SourceLost:       {"source.lost", SixYears},
	SecretMade:       {"enrollment.secret_made", SixYears},
	SecretRevoked:    {"enrollment.secret_revoked", SixYears},
}

var byName = func() map[string]Kind {
	m := make(map[string]Kind, len(register))
	for k, r := range register {
		m[r.name] = k
	}
	return m
}()

// IsStatement reports whether k is the kind of statements on one practice.
func (k Kind) IsStatement() bool { return k >= FirstStatement && k <= LastStatement }

// Known reports whether k is in the register.
func (k Kind) Known() bool {
	_, ok := register[k]
	return ok || k.IsStatement()
}

// String is the registered name, "document.N" for the statements on the
// practice numbered N, or "kind N" for a number this version does not know.
func (k Kind) String() string {
	if r, ok := register[k]; ok {
		return r.name
	}
	if k.IsStatement() {
		return fmt.Sprintf("document.%d", uint16(k))
	}
	return fmt.Sprintf("kind %d", uint16(k))
}

// KindNamed returns the kind with a registered name.
func KindNamed(name string) (Kind, bool) {
	k, ok := byName[name]
	return k, ok
}

// Retention is how long entries of k are kept.
func (k Kind) Retention() Retention {
	if r, ok := register[k]; ok {
		return r.keep
	}
	return SixYears
}
