package cli

import (
	"time"

	"breakwater/internal/interval"
)

// instant is a time on the command line: RFC 3339, or a bare date, which is
// midnight UTC. Absent is told apart from every instant.
type instant struct {
	ms  int64
	set bool
}

// UnmarshalText reads an instant.
func (t *instant) UnmarshalText(text []byte) error {
	ms, err := interval.Parse(string(text))
	if err != nil {
		return err // it says what to write
	}
	*t = instant{ms, true}
	return nil
}

// or is the instant, or another when none was given.
func (t instant) or(ms int64) int64 {
	if t.set {
		return t.ms
	}
	return ms
}

// given is the instant in ms UTC, 0 when none was given; the first
// millisecond of 1970 is as good as the next.
func (t instant) given() int64 {
	if t.set && t.ms == 0 {
		return 1
	}
	return t.or(0)
}

// moment is how a time is shown to people: to the second, in UTC.
func moment(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05Z")
}

// civil is a time as a date where it is a midnight, else to the minute.
func civil(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if ms%interval.Day == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04Z")
}
