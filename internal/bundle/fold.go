package bundle

import (
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// Coverage is coverage.json: what the disclosed entries alone show of the
// practices asked for, in both readings, by the evaluator of that version.
type Coverage struct {
	Evaluator  string          `json:"evaluator"`
	Client     string          `json:"client"`
	On         coverage.Time   `json:"on"`
	Months     int             `json:"months"`
	LogSize    uint64          `json:"log_size"`
	Zone       string          `json:"zone"` // of the dates in reasons
	NotVouched []string        `json:"not_vouched"`
	Proven     coverage.Report `json:"proven"`
	Best       coverage.Report `json:"best"`
}

// question is what coverage is asked.
type question struct {
	client    string
	size      uint64
	on        int64
	months    int
	practices []string
	profile   framework.Profile
}

func (a About) question() question {
	return question{a.Client, a.Size, a.On, a.Months, a.Practices, a.Profile}
}

// folded is the state after the disclosed entries, and the answer.
type folded struct {
	state      *projection.State
	coverage   Coverage
	file       []byte // coverage.json
	notVouched []string
}

// fold replays the disclosed entries and asks coverage. It is the writer's
// and the verifier's one way from entries to coverage.json.
func fold(entries func() iter.Seq2[projection.Stored, error], catalogs record.Catalogs, q question, vouch func(ids []string) []string) (*folded, error) {
	state, err := projection.Replay(entries, catalogs, nil)
	if err != nil {
		return nil, fmt.Errorf("fold the entries: %w", err)
	}
	zone := state.Client.Location()
	f := &folded{state: state, coverage: Coverage{
		Evaluator: coverage.Version, Client: q.client, On: coverage.Time(q.on), Months: q.months, LogSize: q.size, Zone: zone.String(),
	}}
	if f.coverage.Proven, err = ask(state, q, coverage.Proven, zone); err != nil {
		return nil, err
	}
	if f.coverage.Best, err = ask(state, q, coverage.Best, zone); err != nil {
		return nil, err
	}
	ids := make([]string, len(f.coverage.Proven.Practices))
	for i, p := range f.coverage.Proven.Practices {
		ids[i] = p.ID
	}
	f.notVouched = vouch(ids)
	f.coverage.NotVouched = f.notVouched
	if f.file, err = json.MarshalIndent(f.coverage, "", " "); err != nil {
		return nil, fmt.Errorf("encode coverage: %w", err)
	}
	f.file = append(f.file, '\n')
	return f, nil
}

func ask(s *projection.State, q question, r coverage.Reading, zone *time.Location) (coverage.Report, error) {
	rep, err := coverage.Evaluate(s.Book, coverage.Query{
		On: q.on, Months: q.months, Reading: r, Practices: q.practices, Profile: q.profile, Zone: zone,
	})
	if err != nil {
		return coverage.Report{}, fmt.Errorf("coverage, reading %s: %w", r, err)
	}
	return rep, nil
}
