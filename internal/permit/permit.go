// Package permit knows who may do what: permissions, roles, and the table that
// joins them. It answers from a list of grants and an instant. It refuses to
// know how anyone proved who they are, what a page or command does, where
// grants are kept, and whether a client exists.
//
// Words:
//
//   - permission: one thing that may be done. Every route, API call and command
//     declares exactly one.
//   - role: a set of permissions under a name of the trade.
//   - grant: a role that a member holds for one client, or for the whole MSP,
//     over a half-open span of time. Grants only add: no grant takes away what
//     another gives, so nobody can be shut out by being given something.
//   - reach: what a permission is asked about: one client, the MSP as a whole,
//     or the asking person.
//   - the MSP is also its own first client. Its log is reached under its client
//     identifier like any other; the empty identifier stands for the MSP as a
//     whole, not for that log.
//
// Instants are milliseconds since 1970-01-01 UTC; 0 stands for absent.
package permit

// Permission is one thing that may be done. Its text is stable: it stands in
// entries of the MSP's log and in scripts.
type Permission string

// Permissions that need no role.
const (
	Public       Permission = "public"        // without signing in: sign-in page, health, checkpoints
	ByDevice     Permission = "device.secret" // a device's own key or enrollment secret; no grant carries it
	EnrollFactor Permission = "own.factor"    // set up one's own second factor
	ViewOwn      Permission = "own.view"
	ChangeOwn    Permission = "own.change"
)

// Permissions about one client: reading.
const (
	ViewClient       Permission = "client.view"
	ViewGaps         Permission = "gap.view"
	ViewDocuments    Permission = "document.view"
	ViewLog          Permission = "log.view"
	ViewExposure     Permission = "exposure.view"
	ViewMatter       Permission = "matter.view"
	ViewClientPeople Permission = "client.people.view"
	Portal           Permission = "portal.use"
)

// Permissions about one client: daily work.
const (
	RecordEvidence   Permission = "evidence.record"
	ImportFile       Permission = "import.run"
	EditSubjects     Permission = "subject.edit"
	EditClient       Permission = "client.edit"
	EnrollDevices    Permission = "device.enroll"
	ManageSecrets    Permission = "enrollment.manage"
	ReportLost       Permission = "device.report_lost"
	ReportIncident   Permission = "incident.report"
	ManageIncident   Permission = "incident.manage"
	ManageNotices    Permission = "notice.manage"
	EditMatter       Permission = "matter.edit"
	CheckPublication Permission = "publication.check"
	ClearPublication Permission = "publication.clear"
	ManageTraining   Permission = "training.manage"
	RunPhishing      Permission = "phishing.run"
	ManageConnectors Permission = "connector.manage"
	ManageAgreements Permission = "agreement.manage"
	WorkTasks        Permission = "task.work"
)

// Permissions about one client: what binds, discloses or removes.
const (
	SignScope          Permission = "scope.sign"
	SignAgreement      Permission = "agreement.sign"
	ApprovePolicy      Permission = "policy.approve"
	AcceptRisk         Permission = "risk.accept"
	ProduceBundle      Permission = "bundle.produce"
	ConsentBundle      Permission = "bundle.consent"
	RecordConsent      Permission = "bundle.record_consent"
	AnswerRequest      Permission = "request.answer"
	RetractEntry       Permission = "entry.retract"
	ProposeErasure     Permission = "erasure.propose"
	ApproveErasure     Permission = "erasure.approve"
	PlaceHold          Permission = "hold.place"
	ReleaseHold        Permission = "hold.release"
	ManageClientPeople Permission = "client.people.manage"
)

// Permissions about the MSP as a whole.
const (
	ViewPortfolio  Permission = "portfolio.view"
	AddClient      Permission = "client.add"
	AdoptCatalog   Permission = "catalog.adopt"
	ViewPeople     Permission = "people.view"
	ManagePeople   Permission = "people.manage"
	IssueToken     Permission = "token.issue"
	ViewSettings   Permission = "settings.view"
	ManageSettings Permission = "settings.manage"
	Operate        Permission = "system.operate"
)

// Role is a set of permissions under a name of the trade.
type Role string

// The roles.
const (
	Administrator Role = "administrator"  // of the MSP, all clients
	Technician    Role = "technician"     // of the MSP, assigned clients only
	ClientOfficer Role = "client_officer" // answers for HIPAA at the client
	ClientStaff   Role = "client_staff"   // works at the client
	Auditor       Role = "auditor"        // reads, until a date
	Counsel       Role = "counsel"        // lawyer of the MSP or of a client
)

// Roles lists all roles in the order in which they are shown.
func Roles() []Role {
	return []Role{Administrator, Technician, ClientOfficer, ClientStaff, Auditor, Counsel}
}

// Title is the role's name for people.
func (r Role) Title() string {
	switch r {
	case Administrator:
		return "Administrator"
	case Technician:
		return "Technician"
	case ClientOfficer:
		return "Client officer"
	case ClientStaff:
		return "Client staff"
	case Auditor:
		return "Auditor"
	case Counsel:
		return "Counsel"
	}
	return string(r)
}

// Known reports whether r is one of Roles.
func (r Role) Known() bool { return r.bit() != 0 }

// roleSet is a set of roles, one bit each.
type roleSet uint8

const (
	adm roleSet = 1 << iota
	tec
	off
	sta
	aud
	cou
	everyone = adm | tec | off | sta | aud | cou
)

func (r Role) bit() roleSet {
	for n, known := range Roles() {
		if r == known {
			return 1 << n
		}
	}
	return 0
}

// Reach is what a permission is asked about.
type Reach uint8

// The reaches.
const (
	OfNobody Reach = iota // no grant is looked at
	OfSelf                // any grant in force carries it; what is shown is what the grants reach
	OfClient              // asked about one client; a grant for it or for the whole MSP carries it
	OfMSP                 // only a grant for the whole MSP carries it
)

func (r Reach) String() string {
	return [...]string{"nobody", "self", "client", "MSP"}[r]
}
