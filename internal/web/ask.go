package web

import (
	"context"
	"fmt"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// asked is a question about one client, as a page's address puts it: a civil
// day in the client's zone, a reading and a profile.
type asked struct {
	Day     string // 2026-08-14
	On      int64  // the instant that is asked about; the window ends here
	Today   bool   // the day is today, so that On is now
	Future  bool
	Best    bool // as known today, rather than as shown then
	Profile framework.Profile
	Problem string
}

// asks reads the question. Of a day in the past or the future the end of that
// day is asked about; of today, now.
func (v *Visit) asks() asked {
	now := v.Now()
	a := asked{Day: interval.Civil(now, v.Zone), On: now, Today: true, Best: v.FormValue("reading") == string(coverage.Best)}
	switch p := framework.Profile(v.FormValue("profile")); p {
	case framework.ProfileSmall, framework.ProfileCore, framework.ProfileAll:
		a.Profile = p
	}
	day := v.Field("on")
	if day == "" || day == a.Day {
		return a
	}
	t, err := time.ParseInLocation(time.DateOnly, day, v.Zone)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		a.Problem = "Give the date as a year, a month and a day. This is today."
		return a
	}
	a.Day, a.Today = day, false
	a.On = interval.DayEnd(t.Year(), t.Month(), t.Day(), v.Zone)
	a.Future = a.On > now
	return a
}

// Window is the twelve months before the instant that is asked about.
func (a asked) Window() interval.Span { return yearBefore(a.On) }

func (a asked) reading() coverage.Reading {
	if a.Best {
		return coverage.Best
	}
	return coverage.Proven
}

// evaluate answers the question for a state.
func (a asked) evaluate(st *projection.State, brief bool, practices ...string) (coverage.Report, error) {
	r, err := coverage.Evaluate(st.Book, coverage.Query{
		On: a.On, Months: 12, Reading: a.reading(), Practices: practices, Profile: a.Profile, Zone: st.Client.Location(), Brief: brief,
	})
	if err != nil {
		return r, fmt.Errorf("evaluate %s: %w", st.Client.ID, err)
	}
	return r, nil
}

// days names the window: "August 15, 2025 to August 14, 2026", "November 22,
// 2025 to today".
func (a asked) days(zone *time.Location) string {
	w := a.Window()
	if a.Today {
		return Day(w.From, zone) + " to today"
	}
	return Day(w.From, zone) + " to " + Day(w.To-1, zone)
}

// on names the day: "today", "August 14, 2026".
func (a asked) on(zone *time.Location) string {
	if a.Today {
		return "today"
	}
	return Day(a.On-1, zone)
}

// projected says from where on an answer about the future is a projection.
func (a asked) projected(now int64, zone *time.Location) string {
	if !a.Future {
		return ""
	}
	return "Projected from " + Moment(now, zone) + ": what is in place runs on until its evidence grows too old, if nothing is added."
}

// sizeAt is how many entries of a client's log were recorded up to an
// instant.
func (d *desk) sizeAt(ctx context.Context, client string, t int64) (uint64, error) {
	list, err := d.volumesOf(ctx, client)
	if err != nil {
		return 0, err
	}
	lo, hi := uint64(0), list.size()
	for lo < hi {
		mid := lo + (hi-lo)/2
		if hi == list.size() && lo == 0 {
			mid = hi - 1 // mostly now is asked about
		}
		at := int64(0)
		if err := d.raw(ctx, list, mid, mid+1, func(_ uint64, e store.Raw) error { at = e.Recorded; return nil }); err != nil {
			return 0, err
		}
		if at <= t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, nil
}
