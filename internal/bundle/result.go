package bundle

import (
	"breakwater/internal/interval"
)

// Whole, partly, not at all: how much of the coverage file follows from
// disclosed entries alone.
const (
	CoverageFull    = "full"
	CoveragePartial = "partial"
	CoverageNone    = "none"
)

// Result is what a verification found.
type Result struct {
	OK            bool          `json:"ok"`
	Client        string        `json:"client"`
	LogSize       uint64        `json:"log_size"`
	Root          string        `json:"root"` // hexadecimal
	Checkpoint    string        `json:"checkpoint"`
	Key           Key           `json:"key"`
	Cosignatures  []Cosignature `json:"cosignatures"`
	Timestamps    []Timestamp   `json:"timestamps"`
	VouchedWithin *int64        `json:"vouched_within_minutes"` // null: nobody outside vouches
	Vouched       uint64        `json:"vouched_entries"`        // from entry 0 on
	Entries       uint64        `json:"entries"`                // disclosed
	Erased        uint64        `json:"erased"`
	Coverage      string        `json:"coverage"`
	Withheld      []KindCount   `json:"withheld"`
	NotVouched    []string      `json:"not_vouched"`
	Complete      *bool         `json:"checkpoints_complete"` // null: not checked
	Differences   []string      `json:"differences"`          // to another version's coverage
	Notes         []string      `json:"notes"`
	Failures      []Failure     `json:"failures"`

	about About
	lost  []string // what epoch.begun entries say
}

// Key is the key that signed, and whether the reader knew it beforehand.
type Key struct {
	VKey    string `json:"vkey"`
	Trusted bool   `json:"trusted"`
}

// At is an instant, ms UTC, written as RFC 3339.
type At int64

// MarshalText writes RFC 3339.
func (t At) MarshalText() ([]byte, error) { return []byte(interval.Format(int64(t))), nil }

// Cosignature is a witness's statement about the newest checkpoint.
type Cosignature struct {
	Name string `json:"name"`
	At   At     `json:"at"`
}

// Timestamp is an authority's stamp of a checkpoint. Trusted says that the
// reader named the authority; else its certificate came with the bundle.
type Timestamp struct {
	Authority string `json:"authority"`
	At        At     `json:"at"`
	Trusted   bool   `json:"trusted"`
}

// Failure is something that does not hold, and where.
type Failure struct {
	What  string `json:"what"`
	Where string `json:"where"`
}

func (r *Result) fail(where, what string) {
	if len(r.Failures) < maxFailures {
		r.Failures = append(r.Failures, Failure{what, where})
	}
}

// failErr records an error as a failure, if it is one.
func (r *Result) failErr(where string, err error) bool {
	if err != nil {
		r.fail(where, err.Error())
	}
	return err != nil
}

func (r *Result) note(text string) { r.Notes = append(r.Notes, text) }
