package intake

import (
	"context"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/projection"
)

// Question asks what was in place.
type Question struct {
	Client    string
	On        int64
	Months    int // 12 if 0
	Reading   coverage.Reading
	Practices []string
	Profile   string
	AsOfSize  *uint64
	Brief     bool
}

// Answer is what the coverage command and its API give.
type Answer struct {
	Client        string              `json:"client"`
	On            coverage.Time       `json:"on"`
	Reading       coverage.Reading    `json:"reading"`
	LogSize       uint64              `json:"log_size"`
	Window        coverage.Window     `json:"window"`
	ProjectedFrom *coverage.Time      `json:"projected_from,omitempty"`
	Practices     []coverage.Practice `json:"practices"`
}

// AllHeld reports whether no practice of the answer has a gap.
func (a Answer) AllHeld() bool { return !coverage.Report{Practices: a.Practices}.AnyGap() }

// Coverage answers a question about one client.
func (d *Door) Coverage(ctx context.Context, q Question) (Answer, error) {
	if q.Months == 0 {
		q.Months = 12
	}
	if q.Reading == "" {
		q.Reading = coverage.Proven
	}
	var a Answer
	ask := func(s *projection.State) error {
		r, err := coverage.Evaluate(s.Book, coverage.Query{
			On: q.On, Months: q.Months, Reading: q.Reading, Practices: q.Practices, Profile: profileOf(q.Profile),
			Zone: time.UTC, Brief: q.Brief, // as every time in the answer
		})
		if err != nil {
			return invalid{err}
		}
		a = Answer{Client: q.Client, On: r.On, Reading: r.Reading, LogSize: s.Size, Window: r.Window, Practices: r.Practices}
		return nil
	}
	var err error
	if q.AsOfSize != nil {
		err = d.ReadPrefix(ctx, q.Client, *q.AsOfSize, ask)
	} else {
		err = d.Read(ctx, q.Client, ask)
	}
	if err != nil {
		return Answer{}, err
	}
	if now := d.Now(); q.On > now {
		a.ProjectedFrom = new(coverage.Time(now))
	}
	return a, nil
}
