package penalty

import "slices"

// CriminalTier is one of the three offenses of 42 USC 1320d-6.
type CriminalTier struct {
	ID       string `json:"id"`
	Meaning  string `json:"meaning"`
	MaxFine  int64  `json:"max_fine"`
	MaxYears int    `json:"max_years"`
	Cite     string `json:"cite"`
}

// Criminal returns the three criminal tiers, mildest first. The Department of
// Justice prosecutes them; no civil amount includes them.
func Criminal() []CriminalTier { return slices.Clone(law().remedies.Criminal) }

// StateTerms are what a state attorney general may sue for, beside an injunction.
type StateTerms struct {
	// MaxEach is dollars for one violation; YearCap is for one calendar year
	// of violations of an identical requirement.
	MaxEach int64 `json:"max_each"`
	YearCap int64 `json:"year_cap"`
	// From is the first violation day that the power reaches.
	From Day    `json:"from"`
	Cite string `json:"cite"`
}

// AttorneyGeneral returns the terms of 42 USC 1320d-5(d). Costs and attorney
// fees come on top.
func AttorneyGeneral() StateTerms { return law().remedies.AttorneyGeneral }

// TierTerms says what a tier of culpability means.
type TierTerms struct {
	Tier    int    `json:"tier"`
	Meaning string `json:"meaning"`
	Cite    string `json:"cite"`
}

// Tiers returns the four tiers of 45 CFR 160.404(b)(2), mildest first.
func Tiers() []TierTerms { return slices.Clone(law().remedies.Tiers) }

type remedyBook struct {
	Tiers      []TierTerms `json:"tiers"`
	Discretion struct {
		Cite      string   `json:"cite"`
		Published Day      `json:"published"`
		TierCaps  [4]int64 `json:"tier_caps"`
	} `json:"discretion"`
	Limitation struct {
		Years int    `json:"years"`
		Cite  string `json:"cite"`
	} `json:"limitation"`
	Cure struct {
		Days int    `json:"days"`
		Cite string `json:"cite"`
	} `json:"cure"`
	CriminalBar     citation       `json:"criminal_bar"`
	DoubleCount     citation       `json:"double_count"`
	Criminal        []CriminalTier `json:"criminal"`
	AttorneyGeneral StateTerms     `json:"attorney_general"`
}

type citation struct {
	Cite string `json:"cite"`
}

// stateMax is the most one attorney general could win on the counted rows.
func stateMax(all []*row) int64 {
	terms := AttorneyGeneral()
	counts := map[shared]int64{}
	for _, r := range all {
		if r.From >= terms.From && !r.barred {
			counts[r.shared] += r.Count
		}
	}
	var total int64
	for _, n := range counts {
		total += min(n*terms.MaxEach, terms.YearCap)
	}
	return total
}
