package duty

import (
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// inActions is what stands for one subject in the actions of the catalog.
var inActions = map[framework.Scope][]string{
	framework.ScopeDevice:  {"the device"},
	framework.ScopeSite:    {"the site"},
	framework.ScopeAccount: {"the shared account", "the unused account", "the account"},
	framework.ScopeVendor:  {"the vendor"},
}

// joins is how a subject is put behind an action that does not name it.
var joins = map[framework.Scope]string{
	framework.ScopeDevice:  " on ",
	framework.ScopeSite:    " at ",
	framework.ScopeAccount: " for ",
	framework.ScopeDomain:  " for ",
	framework.ScopePerson:  " to ",
	framework.ScopeVendor:  " with ",
}

// personally are actions about people that do not take "to".
var personally = [...]string{"Record", "Close", "Ask"}

// action says what closes the gap, of whom it asks it, in one sentence.
func (w *work) action(d *Duty, p *framework.Practice, g *coverage.Gap, inScope int) {
	switch {
	case w.lost(d, p, g):
	case len(d.Subjects) == 0 && inScope == 0 && nouns[p.Scope].one != "" && p.Mode != framework.Event:
		d.Action = "List the first " + nouns[p.Scope].one + ", or state that there is none"
		switch {
		case p.Scope == framework.ScopeVendor:
			d.Action = "List the vendors that touch PHI, or state that there are none"
		case w.registered(p.Scope) > 0:
			d.Action = "Name the " + nouns[p.Scope].many + " that it applies to, or state that there are none: " + inSentence(p.Title)
		}
	case p.Mode == framework.Event && g.Kind == coverage.Unproven && !strings.Contains(p.Action, "state that"):
		d.Action = "State whether anything happened: " + inSentence(p.Title)
	case p.Mode == framework.InForce && p.Scope == framework.ScopeVendor && d.Kind != KindBegin && len(d.Subjects) > 0:
		d.Action = "Renew the agreement with " + w.whom(p.Scope, d.Subjects, g.More)
	case d.Kind == KindDue && p.Mode == framework.State:
		d.Action = "Show again: " + inSentence(p.Title)
		if whom, ok := joins[p.Scope]; ok && len(d.Subjects) > 0 {
			d.Action += "," + whom + w.whom(p.Scope, d.Subjects, g.More)
		}
	default:
		d.Action = w.adapt(p, d.Subjects, g.More)
	}
}

// registered is how many subjects of a scope are on record.
func (w *work) registered(scope framework.Scope) int {
	if scope == framework.ScopeDevice {
		return w.State.Device.Count()
	}
	return w.State.Client.Count(scope)
}

// adapt puts the subjects into the catalog's action.
func (w *work) adapt(p *framework.Practice, subjects []string, more int) string {
	join, ok := joins[p.Scope]
	if !ok || len(subjects) == 0 || p.Mode == framework.Event && p.Scope == framework.ScopeClient {
		return p.Action
	}
	whom := w.whom(p.Scope, subjects, more)
	for _, words := range inActions[p.Scope] {
		if strings.Contains(p.Action, words+"'s") && len(subjects) > 1 {
			break
		}
		if strings.Contains(p.Action, words) {
			return strings.Replace(p.Action, words, whom, 1)
		}
	}
	if p.Scope == framework.ScopePerson {
		for _, verb := range personally {
			if strings.HasPrefix(p.Action, verb) {
				return p.Action + ": " + whom
			}
		}
	}
	return p.Action + join + whom
}

// whom names one subject, and counts several: "LT-0042", "three people".
func (w *work) whom(scope framework.Scope, subjects []string, more int) string {
	if len(subjects) == 1 && more == 0 {
		return w.name(scope, subjects[0])
	}
	n := nouns[scope].count(len(subjects))
	if more > 0 {
		return "more than " + n
	}
	return n
}

// name is what people call a subject.
func (w *work) name(scope framework.Scope, id string) string {
	if scope == framework.ScopeDevice {
		return id
	}
	if m := w.State.Client.Registers[scope][id]; m != nil && m.Name != "" {
		return m.Name
	}
	return id
}

// holder is who has a subject, "" where that is not on record.
func (w *work) holder(scope framework.Scope, id string) string {
	switch scope {
	case framework.ScopeDevice:
		if dev := w.State.Device.Devices[id]; dev != nil && dev.Custody != nil && dev.Custody.Person != "" {
			return w.name(framework.ScopePerson, dev.Custody.Person)
		}
	case framework.ScopePerson:
		return w.name(scope, id)
	case framework.ScopeAccount:
		if m := w.State.Client.Registers[scope][id]; m != nil && m.Person != "" {
			return w.name(framework.ScopePerson, m.Person)
		}
	}
	return ""
}

// lost is the duty to find devices that fell silent, where silence is why the
// practice is unproven.
func (w *work) lost(d *Duty, p *framework.Practice, g *coverage.Gap) bool {
	if p.Scope != framework.ScopeDevice || len(p.Feeds) == 0 || g.Kind != coverage.Unproven || len(d.Subjects) == 0 || d.Kind == KindDue {
		return false
	}
	silent := 0
	for _, id := range d.Subjects {
		if dev := w.State.Device.Devices[id]; dev != nil && dev.Last.At+int64(p.Freshness.MaxAgeDays)*interval.Day <= w.Now {
			silent++
		}
	}
	if silent < len(d.Subjects) {
		return false
	}
	if len(d.Subjects) > 1 || g.More > 0 {
		d.Action = "Find " + w.whom(p.Scope, d.Subjects, g.More) + " that do not report"
		return true
	}
	dev := w.State.Device.Devices[d.Subjects[0]]
	if dev.Last.At == 0 {
		d.Action = "Enroll " + dev.ID + ": it has never reported"
		return true
	}
	d.Action = "Find " + dev.ID + ": it has not reported since " + w.cal.day(dev.Last.At)
	return true
}
