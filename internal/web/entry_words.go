package web

import (
	"strings"
	"time"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/member"
	"breakwater/internal/record"
)

// teller says in plain words what an entry says.
type teller struct {
	zone    *time.Location
	names   map[string]string // of members
	catalog *framework.Catalog
}

// tells is how each kind is told. A kind that is not here is told by its name.
var tells = map[event.Kind]func(teller, event.Envelope) string{
	event.CatalogAdopted: tell(func(t teller, b record.Adopted) string {
		return "Catalog version " + Comma(int64(b.Version)) + " adopted; it judges from here on"
	}),
	event.MSPStated: tell(func(t teller, b record.Stated) string {
		return "The MSP states of " + t.practice(b.Practice) + ": " + strings.ToLower(either(stateWords[b.Statement], b.Statement))
	}),
	event.EntryErased: tell(func(t teller, b record.Erased) string {
		return "Content of entry " + Comma(int64(b.Index)) + " erased, asked for by " + t.who(b.By) + " and approved by " + t.who(b.ApprovedBy) + colon(b.Why)
	}),
	event.EntryRetracted: tell(func(t teller, b record.Retracted) string {
		return "Entry " + Comma(int64(b.Index)) + " taken back as a mistake" + colon(b.Why)
	}),
	event.FailureClosed: tell(func(t teller, b record.Closed) string {
		return "Failure in entry " + Comma(int64(b.Index)) + " closed" + colon(b.Why)
	}),
	event.HoldPlaced:   tell(func(t teller, b record.Hold) string { return "Legal hold placed on the " + heldOn(b) }),
	event.HoldReleased: tell(func(t teller, b record.Released) string { return "Legal hold " + b.ID + " released" }),
	event.BlobDisposed: tell(func(t teller, b record.Disposed) string {
		return "A file cited by entry " + Comma(int64(b.Index)) + " deleted, its time is over (" + b.Rule + ")"
	}),
	event.BundleConsented: tell(func(t teller, b record.Consented) string {
		return b.By + ", " + strings.ReplaceAll(b.Role, "_", " ") + ", consented to a bundle for " + b.Recipient + colon(b.Purpose)
	}),
	event.BundleProduced: tell(func(t teller, b record.Produced) string {
		if b.Recipient == "" {
			return "Bundle produced for our own records"
		}
		return "Bundle produced for " + b.Recipient + colon(b.Purpose)
	}),
	event.EpochBegun: tell(func(t teller, b record.Epoch) string {
		return "New epoch: entries after " + Comma(int64(b.Size)) + " were lost" + colon(b.Why)
	}),
	event.GapShown: tell(func(t teller, b record.Shown) string {
		return t.practice(b.Practice) + ", " + b.Kind + " since " + ShortDay(b.Since, t.zone) + ", shown to " + b.To
	}),

	event.ClientAdded:     tell(func(t teller, b client.Added) string { return b.Name + " added" }),
	event.ClientDescribed: tell(func(t teller, b client.Described) string { return "Description of the client changed" }),
	event.LegalKindStated: tell(func(t teller, b client.KindStated) string { return "Legal kind: " + legalKinds[b.Kind] }),
	event.ProgramElected: tell(func(t teller, b client.Elected) string {
		f, _ := framework.FrameworkNamed(b.Framework)
		return "Program elected: " + either(f.Title, b.Framework)
	}),
	event.ProfileSet:  tell(func(t teller, b client.Profiled) string { return "Profile: " + string(b.Profile) }),
	event.ScopeStated: tell(func(t teller, b client.ScopeStatement) string { return "Scope statement signed by " + b.SignedBy }),
	event.BaselineSet: tell(func(t teller, b client.Baseline) string { return "What the client approves on its devices" }),
	event.SubjectUnused: tell(func(t teller, b client.Unused) string {
		return upper(string(b.Kind)) + " " + b.ID + " out of use, " + period(b.From, b.To, t.zone) + colon(b.Why)
	}),
	event.SiteAdded:      listing("Site", "listed"),
	event.SiteChanged:    listing("Site", "changed"),
	event.SiteRetired:    retired("Site"),
	event.AccountAdded:   listing("Account", "listed"),
	event.AccountChanged: listing("Account", "changed"),
	event.AccountRetired: retired("Account"),
	event.DomainAdded:    listing("Domain", "listed"),
	event.DomainChanged:  listing("Domain", "changed"),
	event.DomainRetired:  retired("Domain"),
	event.PersonAdded:    listing("Person", "listed"),
	event.PersonChanged:  listing("Person", "changed"),
	event.PersonRetired:  retired("Person"),
	event.VendorAdded:    listing("Vendor", "listed"),
	event.VendorChanged:  listing("Vendor", "changed"),
	event.VendorRetired:  retired("Vendor"),

	event.MemberAdded:   tell(func(t teller, b member.Added) string { return either(b.Name, b.ID) + " added as a member" }),
	event.MemberChanged: tell(func(t teller, b member.Added) string { return either(b.Name, b.ID) + ": name or mail changed" }),
	event.GrantMade:     tell(func(t teller, b member.Granted) string { return t.member(b.Member) + " made " + grantWords(b) }),
	event.GrantRevoked: tell(func(t teller, b member.Granted) string {
		return t.member(b.Member) + " no longer " + grantWords(b) + colon(b.Why)
	}),
	event.MemberLeft: tell(func(t teller, b member.Left) string { return t.member(b.ID) + " left" }),
	event.SignedIn: tell(func(t teller, b member.SignedIn) string {
		if !b.OK {
			return "Sign-in of " + t.member(b.Member) + " refused (" + b.How + ")"
		}
		return t.member(b.Member) + " signed in (" + b.How + ")"
	}),
	event.Refused: tell(func(t teller, b member.Refused) string {
		return t.member(b.Member) + " was refused: " + b.Permission + about(b.Client)
	}),
	event.ClientOpened: tell(func(t teller, b member.Opened) string { return t.member(b.Member) + " opened " + b.Client }),
	event.AccountSet:   tell(func(t teller, b member.AccountSet) string { return "Account of " + t.member(b.Member) + colon(b.What) }),

	event.DeviceAdded:    tell(func(t teller, b device.Listing) string { return "Device " + b.ID + " listed" }),
	event.DeviceChanged:  tell(func(t teller, b device.Listing) string { return "Device " + b.ID + " changed in the inventory" }),
	event.DeviceRetired:  tell(func(t teller, b device.Retired) string { return "Device " + b.ID + " retired" + colon(b.Why) }),
	event.DeviceReturned: tell(func(t teller, b device.Retired) string { return "Device " + b.ID + " back in use" + colon(b.Why) }),
	event.DeviceUnused: tell(func(t teller, b device.Unused) string {
		return "Device " + b.ID + " out of use, " + period(b.From, b.To, t.zone) + colon(b.Why)
	}),
	event.CustodyChanged: tell(func(t teller, b device.Custody) string {
		return "Device " + b.ID + " with " + either(b.Person, "nobody named") + colon(b.Note)
	}),
	event.DeviceReported: tell(func(t teller, b device.Reported) string {
		return b.Device + " reported " + Count(len(b.Facts), "fact") + couldNot(len(b.Unknown))
	}),
	event.DeviceSeen: tell(func(t teller, b device.Seen) string {
		return Count(len(b.Reports), "device") + " reported that nothing changed"
	}),
	event.DeviceEnrolled: tell(func(t teller, b device.Enrolled) string {
		return "Device " + b.ID + " enrolled with a key of its own"
	}),
	event.DeviceKeyRevoked: tell(func(t teller, b device.KeyRevoked) string { return "Key of device " + b.ID + " revoked" + colon(b.Why) }),
	event.SourceLost:       tell(func(t teller, b device.Lost) string { return "No longer heard from " + b.Source + colon(b.Why) }),
	event.SecretMade:       tell(func(t teller, b device.SecretMade) string { return "Enrollment secret " + b.ID + " made" }),
	event.SecretRevoked:    tell(func(t teller, b device.SecretRevoked) string { return "Enrollment secret " + b.ID + " revoked" }),
}

// tell makes a teller of one kind from its body's own type.
func tell[T any](say func(teller, T) string) func(teller, event.Envelope) string {
	return func(t teller, e event.Envelope) string {
		b, err := event.Body[T](e)
		if err != nil {
			return e.Kind.String()
		}
		return say(t, b)
	}
}

func listing(noun, what string) func(teller, event.Envelope) string {
	return tell(func(_ teller, b client.Listing) string { return noun + " " + either(b.Name, b.ID) + " " + what })
}

func retired(noun string) func(teller, event.Envelope) string {
	return tell(func(_ teller, b client.Retired) string {
		return noun + " " + b.ID + " taken out of the register" + colon(b.Why)
	})
}

// says is an entry in one sentence without its period.
func (t teller) says(e event.Envelope) string {
	if e.Kind.IsStatement() {
		return t.statement(e)
	}
	if f := tells[e.Kind]; f != nil {
		return f(t, e)
	}
	return e.Kind.String()
}

func (t teller) statement(e event.Envelope) string {
	b, err := event.Body[document.Statement](e)
	if err != nil {
		return e.Kind.String()
	}
	say := t.practice(b.Practice) + ": " + strings.ToLower(either(stateWords[b.State], b.State))
	if b.State == document.Nil {
		say = t.practice(b.Practice) + ": nothing to report"
	}
	if b.Subject != "" {
		say += ", " + b.Subject
	}
	if b.Ref != "" {
		say += " (" + b.Ref + ")"
	}
	if note := strings.TrimRight(firstOf(b.Note, 160), ". "); note != "" {
		say += ". " + upper(note)
	}
	if b.File != nil {
		say += " (" + b.File.Name + ")"
	}
	return say
}

// firstOf cuts a text that is long.
func firstOf(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func (t teller) practice(id string) string {
	if p, ok := t.catalog.Practice(id); ok {
		return p.Title
	}
	return id
}

func (t teller) who(actor string) string {
	if id, ok := strings.CutPrefix(actor, "device:"); ok {
		return id
	}
	return actorName(actor, t.names)
}

func (t teller) member(id string) string { return either(t.names[id], id) }

func heldOn(b record.Hold) string {
	if b.Subject != "" {
		return b.On + " " + b.Subject
	}
	return b.On
}

func grantWords(b member.Granted) string {
	return strings.ReplaceAll(b.Role, "_", " ") + about(b.Client)
}

func about(client string) string {
	if client == "" {
		return ""
	}
	return " for " + client
}

func couldNot(n int) string {
	if n == 0 {
		return ""
	}
	return ", and could not read " + Comma(int64(n))
}
