package penalty

import (
	"fmt"
	"time"
)

// Day is a civil day, counted from 1970-01-01. The zero Day means that no day
// is given: no day of interest here is that old.
type Day int

const dayLayout = "2006-01-02"

// DayOf returns the civil day of a year, month and day of the month.
func DayOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(dayLayout, text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return 0, fmt.Errorf("%.40q is not a day from %d to %d: write it as 2018-06-01", text, firstYear, lastYear)
	}
	return DayOf(t.Date()), nil
}

// String writes YYYY-MM-DD, or nothing for the zero Day.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.time().Format(dayLayout)
}

// MarshalText writes YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Day) UnmarshalText(text []byte) error {
	day, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = day
	return nil
}

// Year is the calendar year of the day.
func (d Day) Year() int { return d.time().Year() }

func (d Day) time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// yearsBefore is the same date n years earlier; February 29 becomes March 1
// where that year has none, so that no act older than n years is let in.
func (d Day) yearsBefore(n int) Day {
	return DayOf(d.time().AddDate(-n, 0, 0).Date())
}
