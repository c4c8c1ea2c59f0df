package coverage

import (
	"slices"
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// cureDays is the cure period of 45 CFR 160.410(c): it begins on the first
// day on which the violation was known, or would have been by reasonable
// diligence. That the showing of an entry is that knowledge is our reading.
const cureDays = 30

// Cure is the cure clock of one gap that a rule minds: a failed one, or one
// past a limit that the rule itself sets.
type Cure struct {
	Practice  string           `json:"practice"`
	From      Time             `json:"from"`
	To        Time             `json:"to"`
	Kind      string           `json:"kind"`
	Limit     *framework.Limit `json:"limit"`
	Known     Time             `json:"known"`           // first known by the MSP
	Shown     *Showing         `json:"shown,omitempty"` // first shown to the client
	Day       int              `json:"day"`             // of 30, when it was corrected or else now
	Corrected bool             `json:"corrected"`       // the gap ended before the report does
	Ends      Time             `json:"ends"`            // end of day 30 in the client's zone
}

// Showing is an entry by which a gap was shown to the client.
type Showing struct {
	At    Time   `json:"at"`
	To    string `json:"to"`
	Index uint64 `json:"index"`
}

// Cures lists the cure clocks of a report, which must have its causes. Now is
// an instant; the days are civil days in the client's zone.
func Cures(r Report, b *evidence.Book, now int64, zone *time.Location) []Cure {
	res := []Cure{}
	for i := range r.Practices {
		p := &r.Practices[i]
		first := len(res)
		var gaps []*Gap
		for k := range p.Gaps {
			if g := &p.Gaps[k]; g.Kind == Failed || g.Limit != nil && *g.Limit == framework.LimitRule {
				gaps = append(gaps, g)
				res = append(res, cure(p.ID, g, r.On, now, zone))
			}
		}
		showings(res[first:], gaps, b, p.ID)
	}
	return res
}

func cure(id string, g *Gap, on Time, now int64, zone *time.Location) Cure {
	c := Cure{Practice: id, From: g.From, To: g.To, Kind: g.Kind, Limit: g.Limit, Known: g.From, Corrected: g.To < on}
	for i := range g.Causes {
		if k := g.Causes[i].Known; i == 0 || k < c.Known {
			c.Known = k
		}
	}
	until := now
	if c.Corrected {
		until = min(now, int64(g.To))
	}
	known := time.UnixMilli(int64(c.Known)).In(zone)
	c.Day = max(1, civilDays(known, time.UnixMilli(until).In(zone))+1)
	y, m, d := known.Date()
	c.Ends = Time(interval.DayEnd(y, m, d+cureDays-1, zone))
	return c
}

// civilDays is how many civil days b is after a.
func civilDays(a, b time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(b).Sub(day(a)).Hours() / 24)
}

// showings finds the first showing of each gap. A showing is of the latest
// gap of its practice, and of its subject if it names one, that began before.
func showings(cures []Cure, gaps []*Gap, b *evidence.Book, practice string) {
	shown := slices.Clone(b.Shown)
	slices.SortFunc(shown, func(x, y evidence.Shown) int {
		if x.Before(false, y.Point, false) {
			return -1
		}
		return 1
	})
	for _, s := range shown {
		if s.Practice != practice {
			continue
		}
		for i := len(gaps) - 1; i >= 0; i-- {
			if int64(gaps[i].From) > s.At || !gaps[i].concerns(s.Subject) {
				continue
			}
			if cures[i].Shown == nil {
				cures[i].Shown = &Showing{Time(s.At), s.To, s.Index}
			}
			break
		}
	}
}

func (g *Gap) concerns(subject string) bool {
	return subject == "" || g.More > 0 || slices.ContainsFunc(g.Causes, func(c Cause) bool { return c.Subject == subject })
}
