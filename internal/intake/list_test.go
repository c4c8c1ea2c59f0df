package intake_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
)

// names is the list of clients without loading anything.
func (d *desk) names() string {
	d.t.Helper()
	list, err := d.Clients(d.ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	var all []string
	for _, c := range list {
		all = append(all, c.Name)
	}
	return strings.Join(all, ", ")
}

// another opens a second door on the same store, as another process would.
func (d *desk) another(change ...func(*intake.Config)) *desk {
	d.t.Helper()
	x := &desk{t: d.t, ctx: d.ctx}
	c := intake.Config{Store: d.Store(), Now: func() time.Time { return time.UnixMilli(d.ms.Load()) }}
	for _, f := range change {
		f(&c)
	}
	var err error
	if x.Door, err = intake.Open(d.ctx, c); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(x.Close)
	return x
}

func TestTheListFollowsNamesWithoutStates(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	d.add("Harborview")
	if got := d.names(); got != "Harborview, Lakeside Dental" {
		t.Errorf("got %s", got)
	}
	other := d.another()
	r, err := other.Change(d.ctx, dana, c, 0, client.Described{Name: "Lakeside Dental of Jane Doe"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.names(); got != "Harborview, Lakeside Dental of Jane Doe" {
		t.Errorf("after a change elsewhere: got %s", got)
	}
	if err := d.ProposeErasure(d.ctx, dana, c, r.Index, "a person's name"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ApproveErasure(d.ctx, intake.Caller{Actor: "member:rowan", Source: "form"}, c, r.Index); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*desk{"here": d, "elsewhere": other, "later": d.another()} {
		if got := x.names(); got != "Harborview, Lakeside Dental" {
			t.Errorf("after its erasure, %s: got %s", name, got)
		}
	}
}

func TestTheListWaitsForNoSummary(t *testing.T) {
	d := newDesk(t)
	for n := range 5 {
		d.add(fmt.Sprint("Client ", n))
	}
	made := func(x *desk) (n int) {
		t.Helper()
		list, err := x.Listed(d.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 5 {
			t.Fatalf("%d clients are listed, want 5", len(list))
		}
		for _, l := range list {
			if l.Summary != nil && !l.Making {
				n++
			}
		}
		return n
	}
	if n := made(d); n != 0 {
		t.Errorf("%d of 5 summaries were waited for", n)
	}
	if _, err := d.Summaries(d.ctx); err != nil {
		t.Fatal(err)
	}
	if n := made(d); n != 5 {
		t.Errorf("%d of 5 summaries are there, want all", n)
	}
	if n := made(d.another()); n != 5 {
		t.Errorf("another process finds %d of 5 summaries kept, want all", n)
	}
	d.say("client-3", "ir-plan", "holds", "2026-05-01")
	if n := made(d); n != 4 {
		t.Errorf("%d of 5 summaries are up to date after one log grew, want 4", n)
	}
}

func TestReportsOfADayAreLoggedTogether(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	other := d.add("Harborview")
	one, two, far := d.enroll(c, "LT-1"), d.enroll(c, "LT-2"), d.enroll(other, "LT-1")
	now := at(t, "2026-06-01T12:00:00Z")
	list := []device.Report{
		one.report(t, "LT-1", now, bitLocker(1)), two.report(t, "LT-2", now, bitLocker(1)), one.report(t, "LT-1", now+1, bitLocker(1)), one.report(t, "LT-1", now+2, bitLocker(0)),
	}
	acks, err := d.Reports(d.ctx, list)
	if err != nil {
		t.Fatal(err)
	}
	for n, logged := range []bool{true, true, false, true} {
		if acks[n].Logged != logged || (acks[n].Index != nil) != logged {
			t.Errorf("report %d: got %+v, want logged %v", n, acks[n], logged)
		}
	}
	if *acks[3].Index != *acks[0].Index+2 {
		t.Errorf("entries %d and %d, want the changed reports one after another", *acks[0].Index, *acks[3].Index)
	}
	again, err := d.Reports(d.ctx, list)
	if err != nil {
		t.Fatal(err)
	}
	for n, ack := range again {
		if ack.Logged || ack.Note == "" {
			t.Errorf("report %d again: got %+v, want it repeated", n, ack)
		}
	}
	_, err = d.Reports(d.ctx, []device.Report{one.report(t, "LT-1", now+3, bitLocker(1)), far.report(t, "LT-1", now+3, bitLocker(1))})
	if !errors.Is(err, intake.ErrInvalid) {
		t.Errorf("reports of two clients: got %v, want them refused", err)
	}
}

// newer is the program's catalog with a higher version.
func newer(t *testing.T) *framework.Catalog {
	t.Helper()
	c := framework.Embedded()
	old, next := fmt.Appendf(nil, `"version":%d`, c.Version), fmt.Appendf(nil, `"version":%d`, c.Version+1)
	raw := c.Encode()
	if !bytes.Contains(raw, old) {
		t.Fatal("the catalog's encoding names no version")
	}
	up, err := framework.Parse(bytes.Replace(raw, old, next, 1))
	if err != nil {
		t.Fatal(err)
	}
	if up.Version != c.Version+1 {
		t.Fatalf("version %d, want %d", up.Version, c.Version+1)
	}
	return up
}

func TestAnUpgradeAdoptsOnceInEveryLog(t *testing.T) {
	d := newDesk(t)
	for n := range 3 {
		d.add(fmt.Sprint("Client ", n))
	}
	if n, err := d.Upgrade(d.ctx); n != 0 || err != nil {
		t.Errorf("the same catalog: adopted in %d logs (%v), want none", n, err)
	}
	up := d.another(func(c *intake.Config) { c.Catalog = newer(t) })
	if n, err := up.Upgrade(d.ctx); n != 3 || err != nil {
		t.Errorf("a newer catalog: adopted in %d logs (%v), want 3", n, err)
	}
	for name, x := range map[string]*desk{"again": up, "the older program": d} {
		if n, err := x.Upgrade(d.ctx); n != 0 || err != nil {
			t.Errorf("%s: adopted in %d logs (%v), want none", name, n, err)
		}
	}
}
