package vouch_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each outsider is listed with what it said last; one that fell silent keeps
// its last time and is not current any more.
func TestOutsiders(t *testing.T) {
	w := newWorld(t)
	if list, err := w.open().Outsiders(t.Context()); err != nil || list != nil {
		t.Fatalf("nobody is configured: %+v, %v", list, err)
	}
	w.addWitnesses(2)
	w.addAuthority()
	l := w.newLog("Smile Dental")
	w.add(l, 1)
	v := w.open()
	type row struct {
		Name               string
		Authority, Current bool
		Ago                time.Duration
	}
	check := func(want ...row) {
		t.Helper()
		list, err := v.Outsiders(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []row
		for _, o := range list {
			r := row{Name: o.Name, Authority: o.Authority, Current: o.Current, Ago: -1}
			if o.At != 0 {
				r.Ago = w.now().Sub(time.UnixMilli(o.At)).Round(time.Minute)
			}
			got = append(got, r)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	check(row{"w1", false, false, -1}, row{"w2", false, false, -1}, row{"tsa", true, false, -1})
	w.round(v)
	check(row{"w1", false, true, 0}, row{"w2", false, true, 0}, row{"tsa", true, true, 0})
	w.fakes["w2"].refuse = http.StatusServiceUnavailable
	for range 3 {
		w.advance(time.Hour)
		w.add(l, 1)
		w.round(v)
	}
	check(row{"w1", false, true, 0}, row{"w2", false, false, 3 * time.Hour}, row{"tsa", true, true, 0})
	w.advance(100 * time.Hour) // nothing is written: what covers everything is current, however old
	check(row{"w1", false, true, 100 * time.Hour}, row{"w2", false, false, 103 * time.Hour}, row{"tsa", true, true, 100 * time.Hour})
}
