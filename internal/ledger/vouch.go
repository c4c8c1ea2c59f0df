package ledger

import (
	"cmp"
	"math"
	"slices"
)

// ClockTolerance is how far a recorded time may lie after an outside time that
// covers its entry: 5 minutes, in milliseconds.
const ClockTolerance int64 = 5 * 60 * 1000

// SizeAt says that somebody outside saw the log at this size at this time: a
// witness's cosignature or an authority's stamp, of this log's checkpoint or of
// an instance checkpoint that includes it.
type SizeAt struct {
	Size uint64
	At   int64 // milliseconds UTC
}

// Vouched is what outside times say about recorded times. They bound them and
// never replace them.
type Vouched struct {
	// Entries is how many entries, from index 0, some stamp covers. Of the rest
	// nobody outside says anything.
	Entries uint64
	// Within is the largest At - recorded over those entries, each with the
	// first stamp that covers it, in milliseconds, never negative: how much
	// later than it says an entry may have been written.
	Within int64
	// Late are the entries that claim to be recorded after an outside time that
	// already covers them: a clock that is wrong or a log that is forged.
	Late []LateEntry
}

// LateEntry is an entry whose recorded time is more than ClockTolerance after
// the stamp that covers it.
type LateEntry struct {
	Index    uint64
	Recorded int64 // milliseconds UTC
	Stamp    SizeAt
}

// Minutes is Within in whole minutes, rounded up.
func (v Vouched) Minutes() int64 {
	minutes := v.Within / 60_000
	if v.Within%60_000 > 0 {
		minutes++
	}
	return minutes
}

// VouchedWithin compares the recorded times of the entries, by index, with the
// outside times, in any order. A stamp of size n covers the entries below n and
// says nothing of the others; sizes beyond the entries given cover them all.
func VouchedWithin(recorded []int64, stamps []SizeAt) Vouched {
	stamps = slices.Clone(stamps)
	slices.SortFunc(stamps, func(a, b SizeAt) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(b.Size, a.Size))
	})
	var v Vouched
	for _, s := range stamps { // in order of time: the first that covers an entry is the closest
		for v.Entries < min(s.Size, uint64(len(recorded))) {
			at := recorded[v.Entries]
			v.Within = max(v.Within, later(s.At, at))
			if later(at, s.At) > ClockTolerance {
				v.Late = append(v.Late, LateEntry{Index: v.Entries, Recorded: at, Stamp: s})
			}
			v.Entries++
		}
	}
	return v
}

// later is a-b, held at the ends of the range: a forged leaf can claim any
// instant.
func later(a, b int64) int64 {
	d := a - b
	switch {
	case a >= 0 && b < 0 && d < 0:
		return math.MaxInt64
	case a < 0 && b >= 0 && d >= 0:
		return math.MinInt64
	}
	return d
}
