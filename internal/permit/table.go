package permit

// rule is one row of the table.
type rule struct {
	p      Permission
	reach  Reach
	roles  roleSet
	reads  bool // changes nothing in any log; an auditor holds no other kind
	person bool // needs a person who is signed in: no API token may do it
	what   string
}

// What a role may do stands here and nowhere else. Two rows are promises:
// gap.view belongs to the client's officer and there is no permission to hide
// a gap; bundle.consent belongs to the client's officer alone, so the MSP can
// not consent in the client's place.
var rules = []rule{
	{Public, OfNobody, everyone, true, false, "pages and calls that need no sign-in"},
	{ByDevice, OfNobody, 0, false, false, "what a device does under its own key or enrollment secret"},
	{EnrollFactor, OfSelf, everyone, false, true, "set up one's own second factor"},
	{ViewOwn, OfSelf, everyone, true, false, "see one's own roles, sessions and training"},
	{ChangeOwn, OfSelf, everyone, false, true, "change one's own password, factors and sessions"},

	{ViewClient, OfClient, adm | tec | off | aud | cou, true, false, "open a client: practices, devices, history on any date"},
	{ViewGaps, OfClient, adm | tec | off | aud | cou, true, false, "see every gap with its causes"},
	{ViewDocuments, OfClient, adm | tec | off | aud | cou, true, false, "read documents and raw files kept as evidence"},
	{ViewLog, OfClient, adm | tec | off | aud | cou, true, false, "read log entries, check proofs, run verify"},
	{ViewExposure, OfClient, adm | off | cou, true, false, "compute what an incident could cost"},
	{ViewMatter, OfClient, adm | off | cou, true, false, "read matters and lists of affected individuals"},
	{ViewClientPeople, OfClient, adm | tec | off | aud | cou, true, false, "see who has access to a client"},
	{Portal, OfClient, off | sta, false, true, "staff portal: own training, policies, reports"},

	{RecordEvidence, OfClient, adm | tec | off, false, false, "record evidence"},
	{ImportFile, OfClient, adm | tec, false, false, "import scanner files and lists"},
	{EditSubjects, OfClient, adm | tec | off, false, false, "edit devices, people, sites, vendors and the like"},
	{EditClient, OfClient, adm, false, false, "change a client's description, legal kind, program, profile"},
	{EnrollDevices, OfClient, adm | tec, false, false, "enroll devices"},
	{ManageSecrets, OfClient, adm | tec, false, false, "make and revoke enrollment secrets"},
	{ReportLost, OfClient, adm | tec | off | sta, false, false, "report a device lost or found"},
	{ReportIncident, OfClient, adm | tec | off | sta, false, false, "report an incident"},
	{ManageIncident, OfClient, adm | tec | off | cou, false, false, "work on an incident, assess its four factors, close it"},
	{ManageNotices, OfClient, adm | off | cou, false, false, "prepare and record notices"},
	{EditMatter, OfClient, adm | off | cou, false, false, "edit matters and lists of affected individuals"},
	{CheckPublication, OfClient, adm | tec | off | sta, false, false, "check a text, photo or page before it is published"},
	{ClearPublication, OfClient, off, false, true, "clear a publication, or take it down"},
	{ManageTraining, OfClient, adm | tec | off, false, false, "assign courses, record training"},
	{RunPhishing, OfClient, adm | tec, false, false, "run phishing exercises"},
	{ManageConnectors, OfClient, adm | tec, false, false, "connect tools and their credentials"},
	{ManageAgreements, OfClient, adm | off | cou, false, false, "draft and record agreements"},
	{WorkTasks, OfClient, adm | tec | off, false, false, "assign, work on and close tasks"},

	{SignScope, OfClient, off, false, true, "sign the scope statement for the client"},
	{SignAgreement, OfClient, adm | off, false, true, "sign an agreement, each for its own side"},
	{ApprovePolicy, OfClient, off, false, true, "approve a policy"},
	{AcceptRisk, OfClient, off, false, true, "accept a risk, approve an alternative, decline a practice"},
	{ProduceBundle, OfClient, adm | tec | off | cou, false, false, "produce a bundle; for a recipient, only after consent"},
	{ConsentBundle, OfClient, off, false, true, "consent to handing a bundle to a recipient"},
	{RecordConsent, OfClient, adm, false, true, "record a consent that the client gave on paper, with the document"},
	{AnswerRequest, OfClient, adm | off | cou, false, false, "prepare the answer to a data request"},
	{RetractEntry, OfClient, adm | tec | off, false, true, "retract a mistaken entry; it stays visible"},
	{ProposeErasure, OfClient, adm | off, false, true, "propose that an entry's content be erased"},
	{ApproveErasure, OfClient, adm | off, false, true, "approve an erasure that someone else proposed"},
	{PlaceHold, OfClient, adm | off | cou, false, true, "place a legal hold"},
	{ReleaseHold, OfClient, adm | cou, false, true, "release a legal hold"},
	{ManageClientPeople, OfClient, adm | off, false, true, "give and end access to one client"},

	{ViewPortfolio, OfSelf, adm | tec | aud | cou, true, false, "see the portfolio of the clients one reaches"},
	{AddClient, OfMSP, adm, false, false, "add clients"},
	{AdoptCatalog, OfMSP, adm, false, true, "adopt a catalog or an overlay"},
	{ViewPeople, OfMSP, adm | aud, true, false, "see all people and roles"},
	{ManagePeople, OfMSP, adm, false, true, "add people, give and end roles, reset their access"},
	{IssueToken, OfSelf, adm | tec, false, true, "make API tokens no wider than one's own roles"},
	{ViewSettings, OfMSP, adm | aud, true, false, "see settings"},
	{ManageSettings, OfMSP, adm, false, true, "change settings"},
	{Operate, OfMSP, adm, false, false, "check, rebuild, back up and restore the store; rotate keys"},
}

var byPermission = func() map[Permission]*rule {
	m := make(map[Permission]*rule, len(rules))
	for n := range rules {
		m[rules[n].p] = &rules[n]
	}
	return m
}()

// Permissions lists every permission in the order of the table.
func Permissions() []Permission {
	list := make([]Permission, len(rules))
	for n := range rules {
		list[n] = rules[n].p
	}
	return list
}

// Known reports whether p is one of Permissions.
func (p Permission) Known() bool { return byPermission[p] != nil }

// What says in words what p allows, or "" of an unknown permission.
func (p Permission) What() string {
	if r := byPermission[p]; r != nil {
		return r.what
	}
	return ""
}

// Reach says what p is asked about. An unknown permission reaches nobody.
func (p Permission) Reach() Reach {
	if r := byPermission[p]; r != nil {
		return r.reach
	}
	return OfNobody
}

// Reads reports whether p changes nothing in any log.
func (p Permission) Reads() bool {
	r := byPermission[p]
	return r != nil && r.reads
}

// NeedsPerson reports whether p takes a person who is signed in, so that no
// API token may do it. It is true of an unknown permission.
func (p Permission) NeedsPerson() bool {
	r := byPermission[p]
	return r == nil || r.person
}

// Carries reports whether the role has the permission at all.
func (r Role) Carries(p Permission) bool {
	row := byPermission[p]
	return row != nil && row.roles&r.bit() != 0
}
