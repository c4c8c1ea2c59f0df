package sample

import (
	"context"
	"fmt"
	"strings"
	"time"

	"breakwater/internal/client"
	"breakwater/internal/document"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
)

// duty is something the office's people do again and again.
type duty struct {
	practice string
	every    int // days
	first    int // days after the office was taken on
	state    string
	note     string
	paper    bool // with a document
	subjects func(*office) []string
	term     int // days that an agreement runs; 0 is no term
	skip     []interval.Span
	last     int64
}

// extra is something that happens once.
type extra struct {
	at int64 // midnight of its day
	do func(context.Context, *office) error
}

// usual is what every office does.
func usual() []*duty {
	return []*duty{
		{practice: "gov-security-official", every: 350, first: 2, paper: true, note: "Security official named in writing, with a deputy."},
		{practice: "gov-responsibility-matrix", every: 700, first: 4, paper: true, note: "Responsibility matrix signed by both sides.", term: 760},
		{practice: "gov-policies-approved", every: 350, first: 6, paper: true, note: "Policy set approved by the owner.", term: 400},
		{practice: "gov-policies-acknowledged", every: 345, first: 9, subjects: people, note: "Read and acknowledged the policies in force."},
		{practice: "risk-analysis", every: 350, first: 12, paper: true, note: "Risk analysis approved by the security official."},
		{practice: "risk-management-plan", every: 30, first: 14, note: "Plan gone through; every open item has an owner and a date."},
		{practice: "asset-inventory", every: 28, first: 3, note: "Inventory compared with what is there."},
		{practice: "dev-lost-stolen", every: 84, first: 1, state: document.Nil, note: "No device was reported lost or stolen."},
		{practice: "iam-mfa-remote", every: 6, first: 1, subjects: privileged, paper: true, note: "Account export: second factor enforced."},
		{practice: "iam-mfa-email", every: 6, first: 1, subjects: mailboxes, paper: true, note: "Account export: second factor enforced, legacy sign-in off."},
		{practice: "iam-access-review", every: 90, first: 10, paper: true, note: "Quarterly access review signed off."},
		{practice: "iam-offboarding", every: 28, first: 1, state: document.Nil, note: "Nobody left."},
		{practice: "mail-authentication", every: 6, first: 1, subjects: domains, paper: true, note: "SPF, DKIM and DMARC checked."},
		{practice: "vuln-scan", every: 28, first: 5, paper: true, note: "Inside and outside scan finished; every system in scope was reached."},
		{practice: "log-activity-review", every: 30, first: 7, paper: true, note: "Monthly review of sign-ins and record access."},
		{practice: "bc-backup-jobs", every: 3, first: 1, subjects: servers, paper: true, note: "Nightly jobs succeeded."},
		{practice: "bc-restore-test", every: 90, first: 8, paper: true, note: "Patient schedule restored to a spare machine and compared."},
		{practice: "train-annual", every: 345, first: 11, subjects: people, paper: true, note: "Yearly course passed."},
		{practice: "train-phishing-sim", every: 88, first: 13, paper: true, note: "Simulated phishing mail sent to everyone; those who clicked were coached."},
		{practice: "ir-plan", every: 350, first: 9, paper: true, note: "Incident response plan approved."},
		{practice: "ir-incident-log", every: 28, first: 1, state: document.Nil, note: "No incident was suspected."},
		{practice: "vendor-baa-in-force", every: 10_000, first: 2, subjects: vendors, paper: true, note: "Business associate agreement signed.", term: 1095},
		{practice: "vendor-msp-client-baa", every: 10_000, first: 0, paper: true, note: "Business associate agreement between client and MSP signed.", term: 1095},
		{practice: "priv-media-authorization", every: 28, first: 1, state: document.Nil, note: "Nothing that shows a patient was published or proposed."},
	}
}

// ownDuties is what the MSP does for itself besides.
func ownDuties() []*duty {
	return []*duty{
		{practice: "iam-msp-remote-tools", every: 28, first: 1, paper: true, note: "Remote tools: second factor, named technicians, session log."},
		{practice: "train-msp-technicians", every: 345, first: 3, paper: true, note: "Every technician passed the course for business associates."},
		{practice: "vendor-subcontractor-baa", every: 10_000, first: 1, paper: true, note: "Agreements with all subcontractors signed.", term: 1095},
		{practice: "risk-threat-intel", every: 30, first: 2, note: "Alerts triaged."},
		{practice: "log-detection-response", every: 30, first: 2, paper: true, note: "Monitoring report of the month."},
		{practice: "bc-dr-plan", every: 350, first: 8, paper: true, note: "Disaster recovery plan approved."},
		{practice: "ir-tabletop", every: 350, first: 20, paper: true, note: "Incident exercise held."},
	}
}

func people(o *office) []string {
	var ids []string
	for n := range o.plan.people {
		id, _ := o.person(n)
		ids = append(ids, id)
	}
	return ids
}

func mailboxes(o *office) []string {
	var ids []string
	for n := range accounts {
		id, _ := o.person(n)
		ids = append(ids, id+"@"+o.domain())
	}
	return ids
}

func privileged(o *office) []string { return mailboxes(o)[:1] }

func domains(o *office) []string { return []string{o.domain()} }

func servers(o *office) []string {
	var ids []string
	for _, m := range o.devices {
		if m.class == "server" {
			ids = append(ids, m.id)
		}
	}
	return ids
}

func vendors(o *office) []string {
	var ids []string
	for _, v := range o.plan.vendors {
		ids = append(ids, client.IDFrom(v))
	}
	return ids
}

// schedule draws up the office's agenda and what goes wrong in it.
func (o *office) schedule() {
	o.agenda = usual()
	if o.msp {
		o.agenda = append(o.agenda, ownDuties()...)
	}
	for _, d := range o.agenda {
		if d.every > 40 {
			d.first += o.rand.IntN(4)
		}
	}
	end := o.w.options.Now
	day := func(daysAgo int) int64 { return end - int64(daysAgo)*interval.Day }
	span := func(from, to int) interval.Span { return interval.Span{From: day(from), To: day(to)} }
	for _, q := range o.plan.quirks {
		o.misfortune(q, day, span)
	}
}

func (o *office) misfortune(q quirk, day func(int) int64, span func(int, int) interval.Span) {
	once := func(ago int, do func(context.Context, *office) error) {
		if day(ago) > o.from+20*interval.Day {
			o.extra = append(o.extra, extra{day(ago), do})
		}
	}
	switch q {
	case suspendedBitLocker:
		o.devices[1].suspended = span(257, 255)
	case missedRiskAnalysis:
		o.find("risk-analysis").every = 10_000
	case retiredVendor:
		once(140, func(ctx context.Context, o *office) error {
			v := vendors(o)[0]
			if _, err := o.w.door.RetireSubject(ctx, me, o.id, framework.ScopeVendor, v, "contract ended", o.now(), "retire:"+v); err != nil {
				return err
			}
			o.say("vendor-offboarding", document.Statement{State: document.Answer, Ref: "ended:" + v, Subject: v, Note: "Access removed, data returned."}, "")
			return nil
		})
	case deviceOnLeave:
		m := o.devices[2]
		m.away = append(m.away, span(170, 128))
		once(170, func(ctx context.Context, o *office) error {
			_, err := o.w.door.Unused(ctx, me, o.id, framework.ScopeDevice, m.id, day(170), day(127), "the office manager", "on leave, locked in the safe", "leave:"+m.id)
			return err
		})
	case silentDevice:
		o.devices[3].away = append(o.devices[3].away, span(16, -1))
	case legacySignIn:
		box := mailboxes(o)[2]
		o.find("iam-mfa-email").skip = append(o.find("iam-mfa-email").skip, span(19, -1))
		once(18, func(ctx context.Context, o *office) error {
			o.say("iam-mfa-email", document.Statement{State: document.Fails, Subject: box, Note: "legacy sign-in was turned back on for the front-desk mailbox"}, "Account export")
			return nil
		})
		once(14, repeatMail(box))
		once(8, repeatMail(box))
		once(2, repeatMail(box))
	default:
		o.misfortune2(q, day, span, once)
	}
}

// repeatMail records the export for all mailboxes but the failing one.
func repeatMail(failing string) func(context.Context, *office) error {
	return func(ctx context.Context, o *office) error {
		for _, box := range mailboxes(o) {
			if box == failing {
				continue
			}
			o.say("iam-mfa-email", document.Statement{State: document.Holds, Subject: box, Note: "Account export: second factor enforced, legacy sign-in off."}, "Account export")
		}
		return nil
	}
}

func (o *office) misfortune2(q quirk, day func(int) int64, span func(int, int) interval.Span, once func(int, func(context.Context, *office) error)) {
	switch q {
	case lateRestoreTest:
		o.find("bc-restore-test").skip = append(o.find("bc-restore-test").skip, span(230, 190))
	case untrained:
		o.find("train-annual").subjects = func(o *office) []string {
			all := people(o)
			if o.now() > day(60) {
				return all[:len(all)-3]
			}
			return all
		}
	case alternativeLock:
		m := o.devices[4]
		m.lockOff = true
		o.extra = append(o.extra, extra{o.from + 2*interval.Day, func(ctx context.Context, o *office) error {
			o.say("dev-screen-lock", document.Statement{
				State: document.Alternative, Subject: m.id, Note: "The group-room console stays on; its room is locked whenever staff leave it.", By: "the owner", To: o.now() + 365*interval.Day,
			}, "Decision on an addressable specification")
			return nil
		}})
		once(70, func(ctx context.Context, o *office) error {
			o.say("dev-screen-lock", document.Statement{
				State: document.Alternative, Subject: m.id, Note: "Decided again for a year: the room is still locked whenever staff leave it.", By: "the owner", To: o.now() + 365*interval.Day,
			}, "Decision on an addressable specification")
			return nil
		})
	case lateEvidence:
		once(90, func(ctx context.Context, o *office) error {
			o.sayAt("dev-host-firewall", day(100)+15*hour, document.Statement{
				State: document.Fails, Subject: o.devices[5].id, Note: "the firewall was found off during a repair on site",
			}, "Technician's note")
			return nil
		})
	}
}

func (o *office) find(practice string) *duty {
	for _, d := range o.agenda {
		if d.practice == practice {
			return d
		}
	}
	panic("sample: no duty for " + practice)
}

// record does what is on the agenda of the day.
func (o *office) record(ctx context.Context, midnight int64) error {
	if !o.open {
		return nil
	}
	for _, d := range o.agenda {
		o.tend(d, midnight)
	}
	for _, x := range o.extra {
		if x.at == midnight {
			if err := x.do(ctx, o); err != nil {
				return err
			}
		}
	}
	_, err := o.w.door.RecordAll(ctx, me, o.id, o.said)
	o.said = nil
	return err
}

// due reports whether a duty is to be done on a day.
func (d *duty) due(o *office, midnight int64) bool {
	for _, s := range d.skip {
		if s.Contains(midnight) {
			return false
		}
	}
	if d.last > 0 {
		return midnight-d.last >= int64(d.every)*interval.Day
	}
	return (midnight-o.from)/interval.Day == int64(d.first)
}

// states reports whether the MSP says something on a day that is issued to
// every client.
func (o *office) states(midnight int64) bool {
	for _, d := range o.agenda {
		if p, ok := framework.Embedded().Practice(d.practice); ok && p.Scope == framework.ScopeMSP && o.msp && d.due(o, midnight) {
			return true
		}
	}
	return false
}

// tend does one duty if it is due.
func (o *office) tend(d *duty, midnight int64) {
	if !d.due(o, midnight) {
		return
	}
	from := d.last
	if from == 0 {
		from = o.from - 30*interval.Day
	}
	d.last = midnight
	subjects := []string{""}
	if d.subjects != nil {
		subjects = d.subjects(o)
	}
	for _, s := range subjects {
		st := document.Statement{State: d.state, Subject: s, Note: d.note}
		if st.State == "" {
			st.State = document.Holds
		}
		if st.State == document.Nil {
			st.From, st.To = from, midnight
		}
		if d.term > 0 {
			st.From, st.To = o.now(), o.now()+int64(d.term)*interval.Day
		}
		title := ""
		if d.paper {
			title = titles(d.practice)
		}
		o.say(d.practice, st, title)
	}
}

func titles(practice string) string { return strings.ReplaceAll(practice, "-", " ") }

// say states something now; with a title it carries a document. All that is
// said on a day is recorded together.
func (o *office) say(practice string, st document.Statement, title string) {
	o.sayAt(practice, o.now(), st, title)
}

func (o *office) sayAt(practice string, at int64, st document.Statement, title string) {
	st.Practice = practice
	e := intake.Evidence{Statement: st, At: at, Key: fmt.Sprintf("%s:%s:%s:%d", practice, st.Subject, st.State, o.now())}
	if title != "" {
		e.Name = strings.ReplaceAll(title, " ", "-") + "-" + interval.Civil(at, time.UTC) + ".txt"
		e.File = strings.NewReader(fmt.Sprintf("SAMPLE, NOT REAL\n%s\n%s\n%s\n%s\n", o.plan.name, title, interval.Civil(at, time.UTC), st.Note))
	}
	o.said = append(o.said, e)
}
