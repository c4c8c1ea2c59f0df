// Package penalty computes federal civil money penalties under HIPAA from
// dates and counts alone: tiers, schedules of amounts with their dates, yearly
// caps in three readings, the six-year limitation, the thirty-day cure, the
// bar on counting one requirement twice, and the remedies beside them
// (criminal tiers, suits by a state attorney general).
//
// It refuses to know any client, any storage and the clock: every date is
// input, and the amounts are data files that name their source.
//
// Words. A violation is one failure of one provision; it is counted per day,
// per individual, or per individual per day (45 CFR 160.406). A tier is the
// state of mind, 1 to 4 (45 CFR 160.404(b)(2)). A schedule is one published
// set of amounts. A cap is the most that one calendar year can cost for
// violations of an identical provision. A range runs from the tier's minimum
// to its maximum; imposed is what the given rates come to.
//
// All amounts are whole dollars. Days are civil days without a time zone.
// docs/penalty.md says where we follow the text and where we chose a reading.
package penalty

// Input is one computation, in the JSON that people write.
type Input struct {
	// Assessed is the day the penalty is assessed; it selects the table of 45 CFR 102.3.
	Assessed Day `json:"assessed"`
	// Notice is the date of the notice of proposed determination; absent, nothing is time-barred.
	Notice Day `json:"notice,omitzero"`
	// Cap chooses the yearly caps; absent means Regulation.
	Cap CapMode `json:"cap,omitempty"`
	// Tolled are spans in which the six years did not run, half-open.
	Tolled []Span `json:"tolled,omitempty"`
	// Reduction is a percentage that the user enters; it never changes Total.
	Reduction *Reduction `json:"reduction,omitempty"`
	// Violations are what is counted, at least one.
	Violations []Violation `json:"violations"`
}

// Span is a half-open span of civil days [From, To).
type Span struct {
	From Day `json:"from"`
	To   Day `json:"to"`
}

// Reduction is taken off the total at the end: a waiver (45 CFR 160.412), the
// factors of 160.408, or recognized security practices (42 USC 17941). It is
// never guessed.
type Reduction struct {
	Percent int    `json:"percent"`
	Why     string `json:"why,omitempty"`
}

// Unit says how a violation is counted (45 CFR 160.406).
type Unit string

// The three units. PerDay and PerIndividualDay read From and To;
// PerIndividual reads Counts.
const (
	PerDay           Unit = "day"
	PerIndividual    Unit = "individual"
	PerIndividualDay Unit = "individual_day"
)

// CapMode is a reading of the yearly cap.
type CapMode string

// The three readings. Regulation is 45 CFR 160.404 and 102.3: one cap for all
// tiers. Discretion is the notice of 2019 as published (84 FR 18151).
// DiscretionAdjusted multiplies its caps by each year's inflation factor, which
// is our reading: no such table is published.
const (
	Regulation         CapMode = "regulation"
	Discretion         CapMode = "discretion"
	DiscretionAdjusted CapMode = "discretion_adjusted"
)

// Violation is one failure of one provision.
type Violation struct {
	// Provision is the citation, such as 164.312(a)(2)(iv). Entries with the
	// same provision share each year's cap.
	Provision string `json:"provision"`
	// Tier is 1 to 4.
	Tier int `json:"tier"`
	// Unit says what is counted.
	Unit Unit `json:"unit"`
	// From and To are the first and the last violation day, both inclusive.
	// With PerIndividual they are optional and say when within the years the
	// acts fell.
	From Day `json:"from,omitzero"`
	To   Day `json:"to,omitzero"`
	// Counts are individuals per calendar year (PerIndividual).
	Counts map[string]int64 `json:"counts,omitempty"`
	// Individuals are the persons to whom the duty was owed each day (PerIndividualDay).
	Individuals int64 `json:"individuals,omitempty"`
	// Rate is the dollars per violation; nil leaves the range of the tier.
	Rate *int64 `json:"rate"`
	// Known is the first day it was known, or with reasonable diligence would have been.
	Known Day `json:"known,omitzero"`
	// Corrected is the day it was corrected.
	Corrected Day `json:"corrected,omitzero"`
	// CureUntil is the last day of a longer cure period that the Secretary allowed.
	CureUntil Day `json:"cure_until,omitzero"`
	// GeneralOf names another entry's provision, of the same subpart, that
	// states the same requirement specifically; only that one is penalized.
	GeneralOf string `json:"general_of,omitempty"`
	// CriminalPenalty says that the act was already punished under 42 USC 1320d-6.
	CriminalPenalty bool `json:"criminal_penalty,omitempty"`
}

// Range is dollars at the tier's minimum, at its maximum, and at the given rate.
type Range struct {
	Min int64 `json:"min"`
	Max int64 `json:"max"`
	// Imposed is present only where every rate is given.
	Imposed *int64 `json:"imposed,omitempty"`
}

// Result is the answer to one Input.
type Result struct {
	Total Range `json:"total"`
	// Reduced is Total less the entered percentage, to the nearest dollar.
	Reduced *Range `json:"reduced,omitempty"`
	// Violations are in the order of the input.
	Violations []ViolationResult `json:"violations"`
	// Cap is the reading that Total uses; ByCap has the total under each.
	Cap   CapMode           `json:"cap"`
	ByCap map[CapMode]Range `json:"by_cap"`
	// StateMax is the most one state attorney general could win on the same
	// counts, apart from costs and fees (42 USC 1320d-5(d)).
	StateMax int64 `json:"attorney_general_max"`
	// Checked is the day the amounts and texts were last checked.
	Checked Day `json:"law_checked"`
	// Notes are what a reader must know about the whole.
	Notes []string `json:"notes,omitempty"`

	assessed Day
	percent  int
}

// ViolationResult is one violation with its years.
type ViolationResult struct {
	Provision string `json:"provision"`
	Tier      int    `json:"tier"`
	Total     Range  `json:"total"`
	// Years has a row for each calendar year, or for each part of a year in
	// which the schedule changes, in order of date.
	Years []Year `json:"years"`
	// Notes say what was left out of this violation and under which rule.
	Notes []string `json:"notes,omitempty"`
}

// Year is one calendar year, or one part of it, of one violation.
type Year struct {
	Year     int    `json:"year"`
	From     Day    `json:"from"`
	To       Day    `json:"to"`
	Schedule string `json:"schedule"`
	Count    int64  `json:"count"`
	// Rate is the rate applied: the given one, held within the schedule's
	// range; null where none was given.
	Rate *int64 `json:"rate"`
	// Raw is count times amount, before any cap.
	Raw Range `json:"raw"`
	// Cap is the yearly cap of this schedule and tier.
	Cap int64 `json:"cap"`
	// Amount is what remains after the cap and after rows that share it.
	Amount Range `json:"amount"`
}
