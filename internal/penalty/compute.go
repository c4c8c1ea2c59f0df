package penalty

import "fmt"

// Compute works out an input. It checks it first, as Parse does, so an Input
// built in code is held to the same rules. The same input always gives the
// same result.
func Compute(in Input) (Result, error) {
	if err := check(in); err != nil {
		return Result{}, err
	}
	if in.Cap == "" {
		in.Cap = Regulation
	}
	res, err := tally(in, in.Cap)
	if err != nil {
		return Result{}, err
	}
	res.ByCap = map[CapMode]Range{}
	for _, mode := range capModes {
		other, err := tally(in, mode)
		if err != nil {
			return Result{}, err
		}
		res.ByCap[mode] = other.Total
	}
	res.finish(in)
	return res, nil
}

// tally counts, caps and adds up under one reading of the cap.
func tally(in Input, mode CapMode) (Result, error) {
	all := make([]counted, len(in.Violations))
	specific := map[string]bool{}
	limit := limitDay(in.Notice, in.Tolled)
	for i, v := range in.Violations {
		c, err := count(v, in.Assessed, limit, mode)
		if err != nil {
			return Result{}, fmt.Errorf("violation %d%s: %w", i+1, named(v.Provision), err)
		}
		all[i] = c
		if v.GeneralOf == "" && len(c.rows) > 0 && v.bar(nil) == "" {
			specific[sameProvision(v.Provision)] = true
		}
	}
	var rows []*row
	for i, v := range in.Violations {
		all[i].setBar(v.bar(specific))
		rows = append(rows, all[i].rows...)
	}
	capRows(rows)
	return total(in, all, stateMax(rows)), nil
}

// setBar marks every row as costing nothing, with the reason.
func (c *counted) setBar(why string) {
	if why == "" {
		return
	}
	c.notes = append(c.notes, why)
	for _, r := range c.rows {
		r.barred = true
	}
}

func total(in Input, all []counted, state int64) Result {
	res := Result{Violations: make([]ViolationResult, len(all)), StateMax: state, Total: Range{Imposed: new(int64)}}
	for i, v := range in.Violations {
		out := ViolationResult{Provision: v.Provision, Tier: v.Tier, Years: []Year{}, Notes: all[i].notes}
		if v.Rate != nil {
			out.Total.Imposed = new(int64)
		}
		for _, r := range all[i].rows {
			out.Years = append(out.Years, r.Year)
			out.Total.add(r.Amount)
		}
		res.Total.add(out.Total)
		res.Violations[i] = out
	}
	return res
}

// add adds another range; imposed survives only where both have it.
func (r *Range) add(other Range) {
	r.Min += other.Min
	r.Max += other.Max
	if r.Imposed == nil || other.Imposed == nil {
		r.Imposed = nil
		return
	}
	*r.Imposed += *other.Imposed
}

// finish adds what does not depend on the rows.
func (res *Result) finish(in Input) {
	res.Cap, res.assessed, res.Checked = in.Cap, in.Assessed, law().schedules.Checked
	if in.Reduction != nil {
		res.percent = in.Reduction.Percent
		res.Reduced = res.Total.less(in.Reduction.Percent)
	}
	res.note(in)
}

// less takes a percentage off, to the nearest dollar, halves up.
func (r Range) less(percent int) *Range {
	keep := func(n int64) int64 { return (n*int64(100-percent) + 50) / 100 }
	out := Range{Min: keep(r.Min), Max: keep(r.Max)}
	if r.Imposed != nil {
		imposed := keep(*r.Imposed)
		out.Imposed = &imposed
	}
	return &out
}

func (res *Result) note(in Input) {
	notice := law().remedies.Discretion
	if in.Cap != Regulation && in.Assessed < notice.Published {
		res.Notes = append(res.Notes, fmt.Sprintf("the lower caps of %s were published on %s, after the day assessed", notice.Cite, notice.Published))
	}
	if in.Cap == DiscretionAdjusted {
		res.Notes = append(res.Notes, fmt.Sprintf("discretion_adjusted is our reading: no published table adjusts the caps of %s for inflation", notice.Cite))
	}
	if len(in.Tolled) > 0 && in.Notice == 0 {
		res.Notes = append(res.Notes, "tolled has no effect without notice: give the date of the notice of proposed determination to apply the six-year limitation")
	}
	if in.Assessed > res.Checked {
		res.Notes = append(res.Notes, fmt.Sprintf("the amounts were checked on %s, before the day assessed: look for a newer table of 45 CFR 102.3", res.Checked))
	}
	if in.Assessed > res.Checked.yearsBefore(-1) {
		res.Notes = append(res.Notes, "the law was checked more than twelve months before the day assessed: check it again")
	}
}
