package coverage

import (
	"time"

	"breakwater/internal/interval"
)

// CureDays is the length of the cure period in civil days of the client's
// zone: "the 30-day period beginning on the first date" on which the
// violation was known, or would have been by reasonable diligence (45 CFR
// 160.410(c)). That first date is day 1. That the logging of an entry is that
// knowledge is our reading.
const CureDays = 30

// CureEnds is the first instant after day 30 of what was known at an instant.
func CureEnds(known int64, zone *time.Location) int64 {
	y, m, d := time.UnixMilli(known).In(zone).Date()
	return interval.DayEnd(y, m, d+CureDays-1, zone)
}

// CureDay is the day of the cure period at now, from 1; more than 30 where it
// is over.
func CureDay(known, now int64, zone *time.Location) int {
	day := func(t int64) time.Time {
		y, m, d := time.UnixMilli(t).In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return max(0, int(day(now).Sub(day(known)).Hours()/24)) + 1
}
