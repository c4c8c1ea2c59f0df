package intake

import (
	"context"
	"fmt"
	"slices"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// Subject is one member of a register on its way in. Class is the short way
// to say what it is: a device's class, an account's or domain's use, a
// person's role, "phi" or "no-phi" for a vendor.
type Subject struct {
	Kind   framework.Scope
	ID     string
	Class  string
	Device device.Listing // more about a device
	Other  client.Listing // more about any other subject
	At     int64          // ms UTC; now if 0
}

// AddSubject puts a subject into its register.
func (d *Door) AddSubject(ctx context.Context, by Caller, id string, s Subject, key string) (Receipt, error) {
	return d.listSubject(ctx, by, id, s, key, "added")
}

// ChangeSubject changes what the register says of a subject.
func (d *Door) ChangeSubject(ctx context.Context, by Caller, id string, s Subject, key string) (Receipt, error) {
	return d.listSubject(ctx, by, id, s, key, "changed")
}

func (d *Door) listSubject(ctx context.Context, by Caller, id string, s Subject, key, what string) (Receipt, error) {
	undated := s.At == 0
	if undated {
		s.At = d.Now()
	}
	if s.Kind == framework.ScopeDevice {
		return d.listDevice(ctx, by, id, s, undated, key, what)
	}
	l := s.Other
	l.ID = s.ID
	if err := classify(s.Kind, s.Class, &l); err != nil {
		return Receipt{}, invalid{err}
	}
	kind, err := client.KindOf(s.Kind, what)
	if err != nil {
		return Receipt{}, invalid{err}
	}
	return d.Submit(ctx, Submission{
		Client: id, Caller: by, Key: key,
		Check: func(st *projection.State) error {
			if err := client.CheckListing(s.Kind, l); err != nil {
				return err
			}
			if what == "added" {
				return d.repeatable(st.Client.MayAdd(s.Kind, l.ID), key)
			}
			return st.Client.MayRetire(s.Kind, l.ID)
		},
		Events: func() ([]New, error) { return []New{{Kind: kind, At: s.At, Undated: undated, Body: l}}, nil },
	})
}

// repeatable lets a submission with a key of its own reach the log though the
// rule now refuses it: the log answers a repetition, and refuses a conflict.
func (d *Door) repeatable(err error, key string) error {
	if key != "" {
		return nil
	}
	return err
}

func (d *Door) listDevice(ctx context.Context, by Caller, id string, s Subject, undated bool, key, what string) (Receipt, error) {
	l := s.Device
	l.ID = s.ID
	if s.Class != "" {
		l.Class = s.Class
	}
	kind := event.DeviceAdded
	if what == "changed" {
		kind = event.DeviceChanged
	}
	return d.Submit(ctx, Submission{
		Client: id, Caller: by, Key: key,
		Check: func(st *projection.State) error {
			if err := l.Check(); err != nil {
				return err
			}
			if what == "added" {
				return d.repeatable(st.Device.MayAdd(l.ID), key)
			}
			_, err := st.Device.Find(l.ID)
			return err
		},
		Events: func() ([]New, error) { return []New{{Kind: kind, At: s.At, Undated: undated, Body: l}}, nil },
	})
}

func classify(kind framework.Scope, class string, l *client.Listing) error {
	if class == "" {
		return nil
	}
	switch kind {
	case framework.ScopeAccount, framework.ScopeDomain:
		if class == "web" {
			class = "website"
		}
		if !slices.Contains(l.Uses, class) {
			l.Uses = append(l.Uses, class)
		}
	case framework.ScopePerson:
		l.Roles = append(l.Roles, class)
	case framework.ScopeVendor:
		phi := class == "phi"
		if !phi && class != "no-phi" {
			return fmt.Errorf("vendor class %q is not known: use phi or no-phi", class)
		}
		l.PHI = &phi
	default:
		return fmt.Errorf("a %s has no class: leave out --class", kind)
	}
	return nil
}

// RetireSubject takes a subject out of its register.
func (d *Door) RetireSubject(ctx context.Context, by Caller, id string, kind framework.Scope, subject, why string, at int64, key string) (Receipt, error) {
	undated := at == 0
	if undated {
		at = d.Now()
	}
	if kind == framework.ScopeDevice {
		return d.Submit(ctx, Submission{
			Client: id, Caller: by, Key: key,
			Check: func(st *projection.State) error {
				dev, err := st.Device.Find(subject)
				switch {
				case err == nil && !dev.In:
					err = fmt.Errorf("device %s was retired before: bring it back with `breakwater subject return`", subject)
				case err == nil && at < dev.Since:
					return before("device", subject, dev.Since)
				}
				return d.repeatable(err, key)
			},
			Events: func() ([]New, error) {
				return []New{{Kind: event.DeviceRetired, At: at, Undated: undated, Body: device.Retired{ID: subject, Why: why}}}, nil
			},
		})
	}
	k, err := client.KindOf(kind, "retired")
	if err != nil {
		return Receipt{}, invalid{err}
	}
	return d.Submit(ctx, Submission{
		Client: id, Caller: by, Key: key,
		Check: func(st *projection.State) error {
			if m := st.Client.Registers[kind][subject]; m != nil && m.In && at < m.Since {
				return before(string(kind), subject, m.Since)
			}
			return d.repeatable(st.Client.MayRetire(kind, subject), key)
		},
		Events: func() ([]New, error) {
			return []New{{Kind: k, At: at, Undated: undated, Body: client.Retired{ID: subject, Why: why}}}, nil
		},
	})
}

func before(kind, subject string, since int64) error {
	return fmt.Errorf("%s %s is in the register only since %s: it cannot leave before that, give a later time", kind, subject, interval.Format(since))
}

// ReturnDevice brings a retired device back into scope.
func (d *Door) ReturnDevice(ctx context.Context, by Caller, id, subject, why string, at int64, key string) (Receipt, error) {
	undated := at == 0
	if undated {
		at = d.Now()
	}
	return d.Submit(ctx, Submission{
		Client: id, Caller: by, Key: key,
		Check: func(st *projection.State) error {
			dev, err := st.Device.Find(subject)
			if err == nil && dev.In {
				err = fmt.Errorf("device %s is in scope already: nothing to bring back", subject)
			}
			return d.repeatable(err, key)
		},
		Events: func() ([]New, error) {
			return []New{{Kind: event.DeviceReturned, At: at, Undated: undated, Body: device.Retired{ID: subject, Why: why}}}, nil
		},
	})
}

// Unused declares a subject out of use for a time: locked away, on leave.
func (d *Door) Unused(ctx context.Context, by Caller, id string, kind framework.Scope, subject string, from, to int64, who, why, key string) (Receipt, error) {
	if to <= from {
		return Receipt{}, invalid{fmt.Errorf("the time out of use ends before it begins: correct --from and --to")}
	}
	now := d.Now()
	return d.Submit(ctx, Submission{
		Client: id, Caller: by, Key: key,
		Check: func(st *projection.State) error {
			if kind == framework.ScopeDevice {
				_, err := st.Device.Find(subject)
				return err
			}
			return st.Client.MayRetire(kind, subject)
		},
		Events: func() ([]New, error) {
			if kind == framework.ScopeDevice {
				return []New{{Kind: event.DeviceUnused, At: now, Undated: true, Body: device.Unused{ID: subject, From: from, To: to, By: who, Why: why}}}, nil
			}
			return []New{{Kind: event.SubjectUnused, At: now, Undated: true, Body: client.Unused{Kind: kind, ID: subject, From: from, To: to, By: who, Why: why}}}, nil
		},
	})
}

// Custody records who has a device from an instant on.
func (d *Door) Custody(ctx context.Context, by Caller, id, subject, person, note string, at int64, key string) (Receipt, error) {
	undated := at == 0
	if undated {
		at = d.Now()
	}
	return d.Submit(ctx, Submission{
		Client: id, Caller: by, Key: key,
		Check: func(st *projection.State) error {
			_, err := st.Device.Find(subject)
			return err
		},
		Events: func() ([]New, error) {
			return []New{{Kind: event.CustodyChanged, At: at, Undated: undated, Body: device.Custody{ID: subject, Person: person, Note: note}}}, nil
		},
	})
}
