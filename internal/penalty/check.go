package penalty

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// check refuses an input that cannot mean what it says.
func check(in Input) error {
	switch {
	case in.Assessed == 0:
		return errors.New("assessed is missing: give the day the penalty is assessed, as 2018-06-01")
	case in.Notice > in.Assessed:
		return fmt.Errorf("notice %s is after assessed %s: the notice of proposed determination comes first, so correct one of them", in.Notice, in.Assessed)
	case len(in.Violations) == 0:
		return errors.New("violations is empty: give at least one violation")
	case len(in.Violations) > maxViolations:
		return fmt.Errorf("violations has more than %d entries: split the input", maxViolations)
	}
	if in.Cap != "" && !slices.Contains(capModes, in.Cap) {
		return fmt.Errorf("cap %.40q is unknown: use regulation, discretion or discretion_adjusted", in.Cap)
	}
	if err := checkTolled(in.Tolled); err != nil {
		return err
	}
	if err := checkReduction(in.Reduction); err != nil {
		return err
	}
	for i, v := range in.Violations {
		if err := checkViolation(v, in); err != nil {
			return fmt.Errorf("violation %d%s: %w", i+1, named(v.Provision), err)
		}
	}
	return nil
}

var capModes = []CapMode{Regulation, Discretion, DiscretionAdjusted}

func named(provision string) string {
	if badText(provision, maxProvision) || provision == "" {
		return ""
	}
	return " (" + provision + ")"
}

func checkTolled(spans []Span) error {
	if len(spans) > maxTolled {
		return fmt.Errorf("tolled has more than %d spans: join those that touch", maxTolled)
	}
	for i, s := range spans {
		if s.From == 0 || s.To == 0 {
			return fmt.Errorf("tolled span %d lacks from or to: give both days", i+1)
		}
		if s.From >= s.To {
			return fmt.Errorf("tolled span %d runs from %s to %s and is empty (to is the first day after it): correct its days", i+1, s.From, s.To)
		}
	}
	return nil
}

func checkReduction(r *Reduction) error {
	if r == nil {
		return nil
	}
	if r.Percent < 0 || r.Percent > 100 {
		return fmt.Errorf("reduction of %d percent is impossible: give 0 to 100", r.Percent)
	}
	if badText(r.Why, maxWhy) {
		return fmt.Errorf("reduction why is longer than %d characters or not one line: shorten it", maxWhy)
	}
	return nil
}

func checkViolation(v Violation, in Input) error {
	switch {
	case sameProvision(v.Provision) == "":
		return errors.New("provision is missing: give its citation, as 164.312(a)(2)(iv)")
	case badText(v.Provision, maxProvision):
		return fmt.Errorf("provision is longer than %d characters or not one line: give the citation alone", maxProvision)
	case v.Tier < 1 || v.Tier > 4:
		return fmt.Errorf("tier %d does not exist: use 1 (did not know), 2 (reasonable cause), 3 (willful neglect, corrected) or 4 (willful neglect, not corrected)", v.Tier)
	case v.Rate != nil && (*v.Rate < 0 || *v.Rate > maxRate):
		return fmt.Errorf("rate %d is not possible: give whole dollars per violation, or null for the range", *v.Rate)
	}
	if err := checkUnit(v, in.Assessed); err != nil {
		return err
	}
	if err := checkCure(v, in.Assessed); err != nil {
		return err
	}
	return checkGeneral(v, in.Violations)
}

func checkUnit(v Violation, assessed Day) error {
	if err := checkDays(v, assessed); err != nil {
		return err
	}
	switch v.Unit {
	case PerDay, PerIndividualDay:
		return checkDaily(v)
	case PerIndividual:
		return checkCounts(v, assessed)
	case "":
		return errors.New("unit is missing: use day, individual or individual_day")
	}
	return fmt.Errorf("unit %.40q is unknown: use day, individual or individual_day", v.Unit)
}

func checkDays(v Violation, assessed Day) error {
	switch {
	case (v.From == 0) != (v.To == 0):
		return errors.New("from and to go together: give the first and the last violation day")
	case v.From > v.To:
		return fmt.Errorf("from %s is after to %s: exchange or correct them", v.From, v.To)
	case v.To > assessed:
		return fmt.Errorf("the penalty is assessed on %s, before the last violation day %s: correct assessed or to", assessed, v.To)
	}
	return nil
}

func checkDaily(v Violation) error {
	switch {
	case v.From == 0:
		return fmt.Errorf("from and to are missing: unit %s needs the first and the last violation day", v.Unit)
	case len(v.Counts) > 0:
		return fmt.Errorf("counts do not go with unit %s: remove them or use unit individual", v.Unit)
	case v.Unit == PerDay && v.Individuals != 0:
		return errors.New("individuals do not go with unit day: remove them or use unit individual_day")
	case v.Unit == PerIndividualDay && (v.Individuals < 1 || v.Individuals > maxCount):
		return fmt.Errorf("individuals is %d: unit individual_day needs 1 to %d", v.Individuals, maxCount)
	}
	return nil
}

func checkCounts(v Violation, assessed Day) error {
	if len(v.Counts) == 0 {
		return errors.New(`counts are missing: unit individual needs them by year, as {"2012": 30000}`)
	}
	if v.Individuals != 0 {
		return errors.New("individuals do not go with unit individual: put them into counts by year")
	}
	for _, key := range countYears(v.Counts) {
		year, err := strconv.Atoi(key)
		n := v.Counts[key]
		switch {
		case err != nil || len(key) != 4 || year < firstYear || year > lastYear:
			return fmt.Errorf("counts has the year %.40q: write it with four digits, as 2012", key)
		case n < 0 || n > maxCount:
			return fmt.Errorf("counts for %s is %d: give 0 to %d individuals", key, n, maxCount)
		case year > assessed.Year():
			return fmt.Errorf("counts has the year %s, after the penalty is assessed on %s: correct one of them", key, assessed)
		case v.From != 0 && (year < v.From.Year() || year > v.To.Year()):
			return fmt.Errorf("counts has the year %s, outside from %s to %s: correct one of them", key, v.From, v.To)
		}
	}
	return nil
}

// checkCure holds the cure dates together and to the tier they imply.
func checkCure(v Violation, assessed Day) error {
	days := law().remedies.Cure.Days
	switch {
	case v.Corrected != 0 && v.Known == 0:
		return errors.New("corrected is given without known: give the first day it was, or should have been, known")
	case v.CureUntil != 0 && v.Known == 0:
		return errors.New("cure_until is given without known: give the first day it was, or should have been, known")
	case v.Corrected != 0 && v.Corrected < v.Known:
		return fmt.Errorf("corrected %s is before known %s: if nobody knew before it was corrected, give the same day for both", v.Corrected, v.Known)
	case v.Corrected != 0 && v.Corrected < v.To:
		return fmt.Errorf("corrected %s is before the last violation day %s: correct one of them", v.Corrected, v.To)
	case v.Known > assessed || v.Corrected > assessed:
		return fmt.Errorf("known or corrected is after the penalty is assessed on %s: correct the days, or leave out what has not happened", assessed)
	case v.CureUntil != 0 && v.CureUntil < v.Known:
		return fmt.Errorf("cure_until %s is before known %s: correct one of them", v.CureUntil, v.Known)
	case v.Corrected == 0:
		return nil
	case v.Tier == 3 && v.Corrected > v.cureEnds():
		return fmt.Errorf("tier 3 means corrected within %d days, but corrected %s is after %s: use tier 4 or correct the dates", days, v.Corrected, v.cureEnds())
	case v.Tier == 4 && v.Corrected <= v.cureEnds():
		return fmt.Errorf("tier 4 means not corrected within %d days, but corrected %s is not after %s: use tier 3 or correct the dates", days, v.Corrected, v.cureEnds())
	}
	return nil
}

// checkGeneral holds 45 CFR 160.404(b)(3): the specific form must be among the
// violations, in the same subpart, and be the most specific one.
func checkGeneral(v Violation, all []Violation) error {
	if v.GeneralOf == "" {
		return nil
	}
	i := slices.IndexFunc(all, func(o Violation) bool {
		return o.Provision != "" && sameProvision(o.Provision) == sameProvision(v.GeneralOf)
	})
	switch {
	case badText(v.GeneralOf, maxProvision):
		return errors.New("general_of is not a citation: name the specific provision, as 164.308(a)(1)(ii)(A)")
	case sameProvision(v.GeneralOf) == sameProvision(v.Provision):
		return errors.New("general_of names the provision itself: name the more specific one")
	case i < 0:
		return fmt.Errorf("general_of %s is not among the violations: add it or remove general_of", v.GeneralOf)
	case all[i].GeneralOf != "":
		return fmt.Errorf("general_of %s is itself general of another: name the most specific one", v.GeneralOf)
	case subpart(v.Provision) == "" || subpart(v.Provision) != subpart(v.GeneralOf):
		return fmt.Errorf("general_of %s is in another subpart, where both are penalized: remove general_of", v.GeneralOf)
	}
	return nil
}

// sameProvision is the form in which two citations are compared: the bare
// section, without title, sign and spaces.
func sameProvision(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '§' {
			return -1
		}
		return r
	}, text)
	return strings.TrimSuffix(strings.TrimPrefix(text, "45CFR"), ".")
}

// subpart names the subpart of a section by its part and hundreds: 164.308 is
// in 164.3, the Security Rule's subpart C. Empty where the citation is not one
// of parts 160, 162 and 164.
func subpart(provision string) string {
	text := sameProvision(provision)
	part, section, _ := strings.Cut(text, ".")
	if (part != "160" && part != "162" && part != "164") || section == "" || section[0] < '1' || section[0] > '9' {
		return ""
	}
	digits := strings.IndexFunc(section, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(section)
	}
	if digits < 3 {
		return ""
	}
	return part + "." + section[:digits-2]
}

// badText tells whether a text is too long or would not print as one line.
func badText(text string, limit int) bool {
	return len(text) > limit || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0
}
