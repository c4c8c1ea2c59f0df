package penalty

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"sync"
)

//go:embed data/schedules.json data/remedies.json
var files embed.FS

// Schedule is one published set of amounts.
type Schedule struct {
	ID     string `json:"id"`
	Cite   string `json:"cite"`
	Status string `json:"status"`
	// Effective is the first day of assessment that the table serves.
	Effective Day `json:"effective,omitzero"`
	// Multiplier is the inflation factor over the table before.
	Multiplier float64 `json:"multiplier"`
	Tier1Min   int64   `json:"tier1_min"`
	Tier2Min   int64   `json:"tier2_min"`
	Tier3Min   int64   `json:"tier3_min"`
	// MaxEach is the most for one violation of tiers 1 to 3 and the least for
	// one of tier 4.
	MaxEach int64 `json:"max_each"`
	YearCap int64 `json:"year_cap"`

	untiered bool     // before the HITECH Act: one amount, no tiers
	adjusted [4]int64 // the caps of the 2019 notice, carried along the multipliers
}

// Terms are the dollars that a schedule sets for one tier.
type Terms struct {
	MinEach, MaxEach, YearCap int64
}

// Terms returns what the schedule sets for a tier from 1 to 4 under a reading
// of the cap. Tier 4 has no maximum for one violation (45 CFR
// 160.404(b)(2)(iv)), so the regulation's year cap stands in, as 45 CFR 102.3
// prints it.
func (s Schedule) Terms(tier int, mode CapMode) Terms {
	if s.untiered {
		return Terms{0, s.MaxEach, s.YearCap}
	}
	terms := Terms{s.minimums()[tier-1], s.MaxEach, s.YearCap}
	if tier == 4 {
		terms.MaxEach = s.YearCap
	}
	switch mode {
	case Discretion:
		terms.YearCap = law().remedies.Discretion.TierCaps[tier-1]
	case DiscretionAdjusted:
		terms.YearCap = s.adjusted[tier-1]
	}
	return terms
}

func (s Schedule) minimums() [4]int64 {
	return [4]int64{s.Tier1Min, s.Tier2Min, s.Tier3Min, s.MaxEach}
}

// Schedules returns every schedule, oldest first.
func Schedules() []Schedule {
	l := law()
	return append([]Schedule{l.schedules.BeforeHITECH, l.schedules.Unadjusted}, l.schedules.Tables...)
}

// ScheduleFor returns the schedule for a violation on one day, assessed on
// another: the statute's first amounts before 2009-02-18, then the amounts of
// the HITECH Act, and for violations from 2015-11-02 on the newest table in
// force when the penalty is assessed (45 CFR 102.3).
func ScheduleFor(violation, assessed Day) Schedule {
	s := law().schedules
	if violation < s.HITECHFrom {
		return s.BeforeHITECH
	}
	use := s.Unadjusted
	if violation < s.AdjustedFrom {
		return use
	}
	for _, table := range s.Tables {
		if table.Effective <= assessed {
			use = table
		}
	}
	return use
}

// books are the data files, read once.
type books struct {
	schedules scheduleBook
	remedies  remedyBook
}

type scheduleBook struct {
	Checked      Day        `json:"checked"`
	HITECHFrom   Day        `json:"hitech_from"`
	AdjustedFrom Day        `json:"adjusted_from"`
	BeforeHITECH Schedule   `json:"before_hitech"`
	Unadjusted   Schedule   `json:"unadjusted"`
	Tables       []Schedule `json:"tables"`
}

var law = sync.OnceValue(func() books {
	var b books
	mustRead("data/schedules.json", &b.schedules)
	mustRead("data/remedies.json", &b.remedies)
	b.schedules.BeforeHITECH.untiered = true
	b.schedules.adjustCaps(b.remedies.Discretion.TierCaps)
	return b
})

// mustRead decodes an embedded file; one that does not decode is a broken build.
func mustRead(name string, into any) {
	raw, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		panic(fmt.Sprintf("penalty: read %s: %v", name, err))
	}
}

// adjustCaps carries the caps of the 2019 notice along the multipliers,
// rounding to the dollar at each table as 45 CFR part 102 does. Tier 4 of the
// notice is the regulation's own cap and stays so.
func (b *scheduleBook) adjustCaps(caps [4]int64) {
	b.Unadjusted.adjusted = caps
	for i := range b.Tables {
		for tier := range caps {
			caps[tier] = scale(caps[tier], b.Tables[i].Multiplier)
		}
		caps[3] = b.Tables[i].YearCap
		b.Tables[i].adjusted = caps
	}
}

// scale multiplies by a factor of five decimals, rounded half up, without
// trusting binary fractions.
func scale(dollars int64, factor float64) int64 {
	parts := int64(math.Round(factor * 100_000))
	return (dollars*parts + 50_000) / 100_000
}
