// Package coverage knows how evidence and a practice become spans and gaps of
// a window, in two readings. It refuses to know SQL, HTTP, and which subject
// spoke; the rules are in docs/spec/coverage.md.
//
// Words: a reading is how late evidence is taken: proven judges every instant
// by what had been recorded by then, best by everything known now. A span is
// covered, a gap (unproven or failed), or exempt; the three partition the
// window. A cause is one subject's part in a gap.
package coverage

import (
	"fmt"
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Version names the evaluator. It rises when the same entries may give
// another answer.
const Version = "2"

// Reading is how late evidence is taken.
type Reading string

// The two readings.
const (
	Proven Reading = "proven"
	Best   Reading = "best"
)

// Statuses of a practice over a window.
const (
	StatusHeld          = "held"
	StatusGap           = "gap"
	StatusNotApplicable = "not_applicable"
	StatusNotBound      = "not_bound"
	StatusNever         = "never"
)

// Kinds of gaps.
const (
	Unproven = "unproven"
	Failed   = "failed"
)

// Why a span is exempt.
const (
	NotApplicable = "not_applicable"
	NotBound      = "not_bound"
	NotStarted    = "not_started"
	Onboarding    = "onboarding"
)

// maxMonths bounds a window.
const maxMonths = 120

// MaxCauses is how many causes a gap lists; More counts the rest.
const MaxCauses = 20

// WideShare is the share of subjects at which the second clock counts a
// practice as held (basis: ours).
const WideShare = 0.95

// Query asks about the window [On - Months, On).
type Query struct {
	On        int64 // instant, ms UTC
	Months    int
	Reading   Reading
	Practices []string          // ask about these, whatever the profile
	Profile   framework.Profile // "" is the client's own, by date
	Zone      *time.Location    // for dates in reasons; nil is UTC
	Brief     bool              // leave out causes
}

// Window is the span that the query asks about.
func (q Query) Window() interval.Span {
	return interval.Span{From: interval.MonthsBefore(q.On, q.Months), To: q.On}
}

// Time is an instant in ms UTC that is written as RFC 3339.
type Time int64

// MarshalText writes the instant as RFC 3339.
func (t Time) MarshalText() ([]byte, error) { return []byte(interval.Format(int64(t))), nil }

// UnmarshalText reads RFC 3339.
func (t *Time) UnmarshalText(b []byte) error {
	at, err := interval.Parse(string(b))
	*t = Time(at)
	return err
}

// Seconds is a length in ms that is written in seconds with fractions.
type Seconds int64

// MarshalJSON writes seconds with at most three decimals.
func (s Seconds) MarshalJSON() ([]byte, error) {
	if s%1000 == 0 {
		return fmt.Appendf(nil, "%d", s/1000), nil
	}
	return fmt.Appendf(nil, "%d.%03d", s/1000, s%1000), nil
}

// Covered is a span in which the practice was held.
type Covered struct {
	From        Time     `json:"from"`
	To          Time     `json:"to"`
	Grade       string   `json:"grade"`
	Alternative bool     `json:"alternative"`
	DisputedBy  []uint64 `json:"disputed_by"`
}

// Exempt is a span that is neither covered nor a gap.
type Exempt struct {
	From       Time     `json:"from"`
	To         Time     `json:"to"`
	Why        string   `json:"why"`
	DisputedBy []uint64 `json:"disputed_by"`
}

// Cause is one subject's part in a gap: what happened, in plain words, and
// the entries that show it. Accepted is the entry by which someone answers
// for the gap, declined by the client or as a risk; it stays a gap.
type Cause struct {
	Subject  string   `json:"subject"`
	From     Time     `json:"from"`
	To       Time     `json:"to"`
	Reason   string   `json:"reason"`
	Entries  []uint64 `json:"entries"`
	Accepted *uint64  `json:"accepted,omitempty"`
	Declined *uint64  `json:"declined,omitempty"`

	// Known is when the MSP first knew, by the entry that shows it, or when
	// the silence passed its limit. It is for the cure clock.
	Known Time `json:"-"`
}

// Gap is a span in which the practice was not held. Limit is what the
// silence passed; nil on a failed gap.
type Gap struct {
	From   Time             `json:"from"`
	To     Time             `json:"to"`
	Kind   string           `json:"kind"`
	Limit  *framework.Limit `json:"limit"`
	Causes []Cause          `json:"causes"`
	More   int              `json:"more"`
}

// Subjects counts subjects at the last instant of the window.
type Subjects struct {
	InScope int     `json:"in_scope"`
	Held    int     `json:"held"`
	Share   float64 `json:"share"`
}

// SubjectDays sums days of 24 hours over subjects.
type SubjectDays struct {
	InScope  float64 `json:"in_scope"`
	Held     float64 `json:"held"`
	Unproven float64 `json:"unproven"`
	Failed   float64 `json:"failed"`
}

// Practice is the answer for one practice.
type Practice struct {
	ID          string      `json:"id"`
	Status      string      `json:"status"`
	AtOn        bool        `json:"at_on"`
	Covered     []Covered   `json:"covered"`
	Exempt      []Exempt    `json:"exempt"`
	Gaps        []Gap       `json:"gaps"`
	CoveredSecs Seconds     `json:"covered_seconds"`
	AltSecs     Seconds     `json:"alternative_seconds"`
	WindowSecs  Seconds     `json:"window_seconds"`
	Subjects    Subjects    `json:"subjects"`
	SubjectDays SubjectDays `json:"subject_days"`

	// Wide is where at least WideShare of subjects held (exempt spans count);
	// it is for clocks and strips and is not part of the written answer.
	Wide interval.Set `json:"-"`
}

// Report is the answer to a query.
type Report struct {
	On        Time       `json:"on"`
	Reading   Reading    `json:"reading"`
	Window    Window     `json:"window"`
	Practices []Practice `json:"practices"`

	// Started is when the log began, for strips.
	Started Time `json:"-"`
}

// Window is a span as it is written.
type Window struct {
	From Time `json:"from"`
	To   Time `json:"to"`
}

// ErrUnknownPractice is returned for a practice in no catalog of the log.
type ErrUnknownPractice struct{ ID string }

func (e ErrUnknownPractice) Error() string {
	return fmt.Sprintf("no practice is called %q: list them with `breakwater practices`", e.ID)
}

// Evaluate answers a query from a book.
func Evaluate(b *evidence.Book, q Query) (Report, error) {
	if q.Months < 1 || q.Months > maxMonths {
		return Report{}, fmt.Errorf("a window of %d months: ask for 1 to %d", q.Months, maxMonths)
	}
	return evaluate(b, q, q.Window())
}

func evaluate(b *evidence.Book, q Query, window interval.Span) (Report, error) {
	e, err := newEvaluator(b, q, window)
	if err != nil {
		return Report{}, err
	}
	ids, err := e.asked()
	if err != nil {
		return Report{}, err
	}
	r := Report{
		On: Time(window.To), Reading: q.Reading, Window: Window{Time(window.From), Time(window.To)},
		Practices: make([]Practice, 0, len(ids)), Started: Time(b.Started.Recorded),
	}
	for _, id := range ids {
		r.Practices = append(r.Practices, e.practice(id))
	}
	return r, nil
}

// AnyGap reports whether any practice of the answer has a gap.
func (r Report) AnyGap() bool {
	for _, p := range r.Practices {
		if p.Status == StatusGap || p.Status == StatusNever {
			return true
		}
	}
	return false
}
