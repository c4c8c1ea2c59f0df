package duty

import (
	"fmt"
	"time"

	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// CureDays is the length of the cure period (45 CFR 160.410(c)), in civil
// days of the client's zone from the day on which the failure was known.
const CureDays = 30

// Cure is the cure period of a failure, or of silence past a limit that the
// rule itself sets. Known is when the MSP first knew of it: in the reading
// proven, which duties are judged in, a gap never begins before the entry that
// shows it was recorded, so it is known from its first instant.
type Cure struct {
	Known   int64
	Ends    int64 // first instant after its last day
	ShownTo string
	ShownAt int64 // to the client, 0 if it was not yet
}

// cureOf is the cure period of a gap of a practice that began at since.
func cureOf(s *projection.State, practice, kind string, since int64, zone *time.Location) Cure {
	c := Cure{Known: since, Ends: cureEnds(since, zone)}
	for _, x := range s.Record.Shown {
		if shows(x, practice, kind, since) && (c.ShownAt == 0 || x.At < c.ShownAt) {
			c.ShownTo, c.ShownAt = x.To, x.At
		}
	}
	return c
}

// cureEnds is the first instant after the cure period of what was known at t.
func cureEnds(t int64, zone *time.Location) int64 {
	y, m, d := time.UnixMilli(t).In(zone).Date()
	return interval.DayEnd(y, m, d+CureDays, zone)
}

// clientSide marks, in a showing of a gap, that the client saw it.
const clientSide = "client"

func shows(x record.ShownEntry, practice, kind string, since int64) bool {
	return x.Practice == practice && x.Kind == kind && x.Side == clientSide && x.Since >= since
}

// Day is how many days of the cure period have passed.
func (c Cure) Day(now int64, zone *time.Location) int { return civil(now, zone) - civil(c.Known, zone) }

// Over reports whether the cure period has ended.
func (c Cure) Over(now int64) bool { return now >= c.Ends }

// Word is "day 19 of 30", or that the period is over.
func (c Cure) Word(now int64, zone *time.Location) string {
	n := c.Day(now, zone)
	switch {
	case c.Over(now):
		return fmt.Sprintf("%d days past the cure period", civil(now, zone)-civil(c.Ends-1, zone))
	case n == 0:
		return "known since today"
	}
	return fmt.Sprintf("day %d of %d", n, CureDays)
}
