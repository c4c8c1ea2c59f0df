package penalty

import (
	"cmp"
	"slices"
)

// capRows fills in every row's amount. Rows of an identical provision in one
// calendar year share that year's cap (45 CFR 160.404(b)(2)); where their caps
// differ, by schedule or by tier, the rows with caps up to any level together
// stay within that level, so the whole stays within the highest.
//
// Rows are filled in order of date, first at the minimum, then raised to the
// given rate, then to the maximum. So the cut falls on the later row, the year
// comes to the same total in any order, and in each row min <= imposed <= max.
func capRows(all []*row) {
	groups := map[shared][]*row{}
	for _, r := range all {
		if r.barred {
			r.Amount = Range{Imposed: zeroIf(r.Raw.Imposed)}
			continue
		}
		groups[r.shared] = append(groups[r.shared], r)
	}
	for _, group := range groups {
		capGroup(group)
	}
}

func capGroup(group []*row) {
	slices.SortStableFunc(group, func(a, b *row) int { return cmp.Compare(a.From, b.From) })
	year := newLevels(group)
	filled := make([]int64, len(group))
	for i, r := range group {
		filled[i] += year.take(r.Cap, r.Raw.Min)
		r.Amount.Min = filled[i]
	}
	for i, r := range group {
		if r.Raw.Imposed != nil {
			filled[i] += year.take(r.Cap, *r.Raw.Imposed-filled[i])
			imposed := filled[i]
			r.Amount.Imposed = &imposed
		}
	}
	for i, r := range group {
		filled[i] += year.take(r.Cap, r.Raw.Max-filled[i])
		r.Amount.Max = filled[i]
	}
}

// levels are the distinct caps of one year, rising, with what rows of caps up
// to each have used.
type levels struct {
	caps, used []int64
}

func newLevels(group []*row) *levels {
	var caps []int64
	for _, r := range group {
		caps = append(caps, r.Cap)
	}
	slices.Sort(caps)
	caps = slices.Compact(caps)
	return &levels{caps, make([]int64, len(caps))}
}

// take grants as much of want as every level from limit upward has left.
func (l *levels) take(limit, want int64) int64 {
	first, _ := slices.BinarySearch(l.caps, limit)
	for i := first; i < len(l.caps); i++ {
		want = min(want, l.caps[i]-l.used[i])
	}
	for i := first; i < len(l.caps); i++ {
		l.used[i] += want
	}
	return want
}

func zeroIf(imposed *int64) *int64 {
	if imposed == nil {
		return nil
	}
	return new(int64)
}
