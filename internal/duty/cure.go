package duty

import (
	"fmt"
	"strconv"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// CureDays is the length of the cure period.
const CureDays = coverage.CureDays

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
	c := Cure{Known: since, Ends: coverage.CureEnds(since, zone)}
	for _, x := range s.Record.Shown {
		if shows(x, practice, kind, since) && (c.ShownAt == 0 || x.At < c.ShownAt) {
			c.ShownTo, c.ShownAt = x.To, x.At
		}
	}
	return c
}

// clientSide marks, in a showing of a gap, that the client saw it.
const clientSide = "client"

func shows(x record.ShownEntry, practice, kind string, since int64) bool {
	return x.Practice == practice && x.Kind == kind && x.Side == clientSide && x.Since >= since
}

// Day is the day of the cure period, from 1.
func (c Cure) Day(now int64, zone *time.Location) int { return coverage.CureDay(c.Known, now, zone) }

// Over reports whether the cure period has ended.
func (c Cure) Over(now int64) bool { return now >= c.Ends }

// Word is "day 19 of 30", or that the period is over.
func (c Cure) Word(now int64, zone *time.Location) string {
	n := c.Day(now, zone)
	if c.Over(now) {
		past := n - CureDays
		return strconv.Itoa(past) + " " + dayNoun.of(past) + " past the cure period"
	}
	return fmt.Sprintf("day %d of %d", n, CureDays)
}
