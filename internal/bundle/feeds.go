package bundle

import (
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/framework"
)

// always are the kinds that decide how every other entry is read. No scope
// leaves them out, and each feeds every practice.
var always = []event.Kind{
	event.CatalogAdopted, event.EntryErased, event.EntryRetracted, event.FailureClosed,
	event.BlobDisposed, event.EpochBegun,
	event.ClientAdded, event.ClientDescribed, event.LegalKindStated, event.ProgramElected,
	event.ProfileSet, event.ScopeStated,
}

// inventory are the kinds by which the register of devices changes.
var inventory = []event.Kind{
	event.DeviceAdded, event.DeviceChanged, event.DeviceRetired, event.DeviceReturned, event.DeviceUnused,
}

// registers are the kinds by which the register of a scope changes.
var registers = map[framework.Scope][]event.Kind{
	framework.ScopeDevice:  append(slices.Clone(inventory), event.SubjectUnused),
	framework.ScopeSite:    {event.SiteAdded, event.SiteChanged, event.SiteRetired, event.SubjectUnused},
	framework.ScopeAccount: {event.AccountAdded, event.AccountChanged, event.AccountRetired, event.SubjectUnused},
	framework.ScopeDomain:  {event.DomainAdded, event.DomainChanged, event.DomainRetired, event.SubjectUnused},
	framework.ScopePerson:  {event.PersonAdded, event.PersonChanged, event.PersonRetired, event.SubjectUnused},
	framework.ScopeVendor:  {event.VendorAdded, event.VendorChanged, event.VendorRetired, event.SubjectUnused},
}

// triggers are the kinds that package device turns into triggers and answers
// of event practices.
var triggers = map[string][]event.Kind{
	"asset-movement-log": {event.CustodyChanged},
	"asset-disposal":     {event.DeviceRetired},
}

// Evidence is the kinds of entries that speak to a practice themselves:
// statements on it, reports that its measures judge, triggers, and the MSP's
// statements. It is a part of Feeds.
func Evidence(c *framework.Catalog, p *framework.Practice) []event.Kind {
	kinds := append([]event.Kind{event.Kind(p.Number)}, triggers[p.ID]...)
	for _, name := range c.FeedKinds(p) {
		if k, ok := event.KindNamed(name); ok {
			kinds = append(kinds, k)
		}
	}
	if slices.Contains(kinds, event.DeviceReported) {
		kinds = append(kinds, event.DeviceSeen)
	}
	if p.Scope == framework.ScopeMSP {
		kinds = append(kinds, event.MSPStated)
	}
	return sorted(kinds)
}

// Feeds is every kind whose entries can change what coverage says of a
// practice under a catalog: Evidence, the kinds of its register, and those
// that decide how all entries are read.
func Feeds(c *framework.Catalog, p *framework.Practice) []event.Kind {
	kinds := slices.Concat(Evidence(c, p), registers[p.Scope], always)
	if slices.Contains(kinds, event.DeviceReported) { // a report counts for devices in the inventory only
		kinds = append(kinds, inventory...)
	}
	return sorted(kinds)
}

func sorted(kinds []event.Kind) []event.Kind {
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// kindSet is a set of kind numbers.
type kindSet map[event.Kind]bool

func (s kindSet) add(kinds ...event.Kind) {
	for _, k := range kinds {
		s[k] = true
	}
}

// feeding is the kinds that feed a practice under any of these catalogs.
func feeding(catalogs []*framework.Catalog, id string, of func(*framework.Catalog, *framework.Practice) []event.Kind) kindSet {
	set := kindSet{}
	for _, c := range catalogs {
		if p, ok := c.Practice(id); ok {
			set.add(of(c, p)...)
		}
	}
	return set
}

// notVouched lists those practices that a withheld entry may feed. A kind
// that this version does not know, or that nothing proves, feeds them all.
func notVouched(ids []string, catalogs []*framework.Catalog, withheld map[event.Kind]uint64, unproven bool) []string {
	res := []string{}
	for _, id := range ids {
		set := feeding(catalogs, id, Feeds)
		bad := unproven || len(set) == 0
		for k := range withheld {
			bad = bad || set[k] || !k.Known()
		}
		if bad {
			res = append(res, id)
		}
	}
	return res
}
