package sample

import (
	"context"
	"fmt"
	"math/rand/v2"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
)

// office is one client of the sample.
type office struct {
	w       *world
	id      string
	plan    plan
	rand    *rand.Rand
	from    int64 // when the MSP took it on
	open    bool
	msp     bool
	devices []*machine
	agenda  []*duty
	extra   []extra           // what happens once
	said    []intake.Evidence // today, to be recorded together
}

// plan says what sort of office it is and what goes wrong there.
type plan struct {
	name, line, state string
	kind              framework.LegalKind
	program           string
	profile           framework.Profile
	sites, people     int
	laptops, desktops int
	macs, tablets     int
	vendors           []string
	months            int // of history; 0 is all
	quirks            []quirk
}

// quirk is something that happens at an office.
type quirk uint8

const (
	suspendedBitLocker quirk = iota + 1
	missedRiskAnalysis
	retiredVendor
	deviceOnLeave
	silentDevice
	legacySignIn
	lateRestoreTest
	summerClosure
	alternativeLock
	untrained
	lateEvidence
)

// plans are the first twelve offices; further ones repeat them under other
// names.
var plans = []plan{
	{name: "Alder Street Dental", line: "Dental", state: "IL", program: "hicp", sites: 2, people: 9, laptops: 6, desktops: 12, tablets: 2, vendors: []string{"Claimwise Billing", "Northpane Imaging", "Tidemark Cloud"}, quirks: []quirk{legacySignIn, suspendedBitLocker}},
	{name: "Bellweather Urgent Care", line: "Medical", state: "OH", program: "csf2.0", sites: 3, people: 14, laptops: 10, desktops: 18, tablets: 4, vendors: []string{"Claimwise Billing", "Medscribe Notes"}, quirks: []quirk{silentDevice, summerClosure}},
	{name: "Cedar Hollow Oral Surgery", line: "Dental", state: "TX", program: "hicp", sites: 1, people: 8, laptops: 4, desktops: 9, macs: 2, vendors: []string{"Northpane Imaging", "Paperfall Shredding"}, quirks: []quirk{missedRiskAnalysis}},
	{name: "Driftwood Behavioral Health", line: "Behavioral", state: "WA", kind: framework.Part2, program: "csf2.0", sites: 1, people: 10, laptops: 12, desktops: 2, tablets: 2, vendors: []string{"Quietline Telehealth", "Claimwise Billing"}, quirks: []quirk{alternativeLock}},
	{name: "Eastgate Family Medicine", line: "Medical", state: "GA", program: "hicp", sites: 2, people: 12, laptops: 7, desktops: 14, tablets: 3, vendors: []string{"Medscribe Notes", "Tidemark Cloud"}, quirks: []quirk{deviceOnLeave}},
	{name: "Fennel Court Pediatrics", line: "Medical", state: "AZ", program: "hicp", sites: 1, people: 9, laptops: 5, desktops: 8, tablets: 2, vendors: []string{"Claimwise Billing", "Bluebird Reminders"}, quirks: []quirk{suspendedBitLocker}},
	{name: "Granite Ridge Dermatology", line: "Medical", state: "CO", program: "csf2.0", sites: 2, people: 11, laptops: 6, desktops: 10, macs: 3, vendors: []string{"Northpane Imaging"}, quirks: []quirk{untrained, lateEvidence}},
	{name: "Harbor Point Eye Care", line: "Optometry", state: "ME", program: "hicp", sites: 1, people: 7, laptops: 3, desktops: 7, vendors: []string{"Lenswright Labs", "Claimwise Billing"}, quirks: []quirk{retiredVendor}},
	{name: "Ironwood Physical Therapy", line: "Therapy", state: "NM", program: "hicp", sites: 1, people: 6, laptops: 5, desktops: 2, tablets: 2, vendors: []string{"Bluebird Reminders"}, quirks: []quirk{lateRestoreTest}},
	{name: "Juniper Lane Women's Health", line: "Medical", state: "NC", program: "csf2.0", sites: 1, people: 10, laptops: 6, desktops: 9, vendors: []string{"Medscribe Notes", "Claimwise Billing"}, quirks: nil},
	{name: "Kestrel Endodontics", line: "Dental", state: "OR", program: "hicp", sites: 1, people: 5, laptops: 3, desktops: 5, vendors: []string{"Northpane Imaging"}, months: 3},
	{name: "Larkspur Orthodontics", line: "Dental", state: "MN", program: "hicp", sites: 1, people: 6, laptops: 3, desktops: 6, vendors: []string{"Claimwise Billing"}, quirks: []quirk{summerClosure}},
}

func newOffice(w *world, n int) *office {
	p := plans[n%len(plans)]
	if round := n / len(plans); round > 0 {
		p.name = fmt.Sprintf("%s %d", p.name, round+1)
	}
	o := &office{w: w, plan: p, rand: w.random(uint64(n)), from: w.start, id: client.IDFrom(p.name)}
	if p.months > 0 {
		o.from = max(w.start, interval.MonthsBefore(w.options.Now, p.months))
	}
	o.equip()
	o.schedule()
	return o
}

// newMSPOffice is the MSP as its own client.
func newMSPOffice(w *world) *office {
	o := &office{
		w: w, id: MSPID, msp: true, rand: w.random(1 << 32), from: w.start,
		plan: plan{name: MSPName, people: 6, laptops: 5, sites: 1, profile: framework.ProfileAll},
	}
	o.equip()
	o.schedule()
	return o
}

func (o *office) has(q quirk) bool {
	for _, x := range o.plan.quirks {
		if x == q {
			return true
		}
	}
	return false
}

// opens takes the client on, on its first day.
func (o *office) opens(ctx context.Context, midnight int64) error {
	if o.open || midnight < o.from {
		return nil
	}
	o.open = true
	if !o.msp {
		p := o.plan
		if _, err := o.w.door.AddClient(ctx, me, intake.NewClient{
			Added: client.Added{ID: o.id, Name: p.name, Region: p.state, Line: p.line, Zone: intake.ZoneOf(p.state)},
			Kind:  p.kind, Program: p.program, Profile: p.profile, At: o.now(),
		}); err != nil {
			return err
		}
	}
	return o.fillRegisters(ctx)
}

func (o *office) now() int64 { return o.w.clock.ms.Load() }

// words are given names for people who do not exist.
var given = []string{"Avery", "Blair", "Casey", "Devon", "Emery", "Finley", "Gray", "Harper", "Indigo", "Jules", "Kendall", "Logan", "Marlow", "Noel", "Oakley", "Parker"}

var family = []string{"Ashdown", "Brackwater", "Coldwell", "Dunmere", "Eastlake", "Farrow", "Greenhalgh", "Hartwick", "Inglewood", "Juneau", "Kirkbride", "Langmoor", "Merriday", "Northcott", "Oakhurst", "Pemberly"}

func (o *office) person(n int) (id, name string) {
	g, f := given[(n*7+len(o.id))%len(given)], family[(n*5+3*len(o.id))%len(family)]
	name = g + " " + f
	return client.IDFrom(name) + fmt.Sprintf("-%d", n+1), name
}

func (o *office) domain() string { return o.id + ".example" }

func (o *office) site(n int) string { return fmt.Sprintf("site-%d", n+1) }

// fillRegisters lists sites, people, accounts, domains, vendors and the
// baseline, and signs the scope statement.
func (o *office) fillRegisters(ctx context.Context) error {
	add := func(kind framework.Scope, id, class string, l client.Listing) error {
		_, err := o.w.door.AddSubject(ctx, me, o.id, intake.Subject{Kind: kind, ID: id, Class: class, Other: l, At: o.now()}, "add:"+string(kind)+":"+id)
		return err
	}
	for n := range o.plan.sites {
		if err := add(framework.ScopeSite, o.site(n), "", client.Listing{Name: fmt.Sprintf("Office %d", n+1)}); err != nil {
			return err
		}
	}
	for n := range o.plan.people {
		id, name := o.person(n)
		role := ""
		if n == 0 {
			role = "security"
		}
		if err := add(framework.ScopePerson, id, role, client.Listing{Name: name}); err != nil {
			return err
		}
	}
	for n := range accounts {
		id, _ := o.person(n)
		uses := []string{"email"}
		if n == 0 {
			uses = []string{"email", "privileged", "remote"}
		}
		if err := add(framework.ScopeAccount, fmt.Sprintf("%s@%s", id, o.domain()), "", client.Listing{Uses: uses, Person: id}); err != nil {
			return err
		}
	}
	if err := add(framework.ScopeDomain, o.domain(), "", client.Listing{Uses: []string{"mail", "website"}}); err != nil {
		return err
	}
	for _, v := range o.plan.vendors {
		if err := add(framework.ScopeVendor, client.IDFrom(v), "phi", client.Listing{Name: v}); err != nil {
			return err
		}
	}
	return o.statements(ctx)
}

// accounts is how many accounts of an office are followed.
const accounts = 4

func (o *office) statements(ctx context.Context) error {
	_, signer := o.person(0)
	if _, err := o.w.door.Change(ctx, me, o.id, o.now(), client.Baseline{
		Admins: []string{"root", "sandbar-admin"}, EDR: []string{"HuntressAgent"}, Listeners: []string{"22"},
	}, "baseline"); err != nil {
		return err
	}
	if o.msp {
		return o.enrollAll(ctx)
	}
	if _, err := o.w.door.Change(ctx, me, o.id, o.now(), client.ScopeStatement{
		Holds: []string{"Practice management system", "Laptops and workstations", "Imaging server", "Mail"},
		Feeds: []string{"Laptops and workstations", "Imaging server", "Mail"}, NotFed: []string{"Practice management system, run by its maker"},
		SignedBy: "Dr. " + signer, Title: "Owner",
	}, "scope"); err != nil {
		return err
	}
	return o.enrollAll(ctx)
}

func (o *office) enrollAll(ctx context.Context) error {
	secret, _, err := o.secret(ctx)
	if err != nil {
		return err
	}
	for _, m := range o.devices {
		if err := o.enroll(ctx, m, secret); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) secret(ctx context.Context) (string, string, error) {
	return o.w.door.MakeSecret(ctx, me, o.id, "", 0)
}

// flush logs the unchanged reports that wait.
func (o *office) flush(ctx context.Context, _ int64) error {
	if !o.open {
		return nil
	}
	return o.w.door.FlushSeen(ctx, o.id, true)
}

func (o *office) enroll(ctx context.Context, m *machine, secret string) error {
	place, err := o.w.door.Enroll(ctx, m.enrollment(secret))
	if err != nil {
		return err
	}
	m.id = place.Device
	held := true
	_, err = o.w.door.ChangeSubject(ctx, me, o.id, intake.Subject{
		Kind: framework.ScopeDevice, ID: m.id, At: o.now(),
		Device: device.Listing{HoldsEPHI: &held, BackedUp: &m.backedUp, Owner: m.owner, Site: o.site(0)},
	}, "ephi:"+m.id)
	return err
}
