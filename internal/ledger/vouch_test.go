package ledger_test

import (
	"math"
	"testing"

	"breakwater/internal/ledger"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const minute = 60_000

// naiveVouch looks for each entry's first stamp by itself.
func naiveVouch(recorded []int64, stamps []ledger.SizeAt) (v ledger.Vouched) {
	for i, at := range recorded {
		first, found := int64(0), false
		for _, s := range stamps {
			if s.Size > uint64(i) && (!found || s.At < first) {
				first, found = s.At, true
			}
		}
		if !found {
			continue
		}
		v.Entries++
		v.Within = max(v.Within, first-at)
		if at > first+5*minute {
			v.Late = append(v.Late, ledger.LateEntry{Index: uint64(i), Recorded: at})
		}
	}
	return v
}

func TestVouchedAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recorded := rapid.SliceOfN(rapid.Int64Range(0, 60*minute), 0, 30).Draw(t, "recorded")
		stamps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ledger.SizeAt {
			return ledger.SizeAt{Size: rapid.Uint64Range(0, 40).Draw(t, "size"), At: rapid.Int64Range(0, 60*minute).Draw(t, "at")}
		}), 0, 6).Draw(t, "stamps")
		got, want := ledger.VouchedWithin(recorded, stamps), naiveVouch(recorded, stamps)
		for i := range got.Late { // which of two stamps of one time is named does not matter
			if got.Late[i].Stamp.Size <= got.Late[i].Index || got.Late[i].Stamp.At+5*minute >= got.Late[i].Recorded {
				t.Fatalf("%+v is not late", got.Late[i])
			}
			got.Late[i].Stamp = ledger.SizeAt{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestVouched(t *testing.T) {
	recorded := []int64{0, 10 * minute, 20 * minute, 90 * minute}
	got := ledger.VouchedWithin(recorded, []ledger.SizeAt{{Size: 3, At: 200 * minute}, {Size: 2, At: 30*minute + 1}})
	if got.Entries != 3 || got.Within != 180*minute || got.Minutes() != 180 || got.Late != nil {
		t.Errorf("got %+v", got)
	}
	if got := ledger.VouchedWithin(recorded, nil); got.Entries != 0 || got.Minutes() != 0 {
		t.Errorf("nobody vouches, and yet %+v", got)
	}
	// Exactly five minutes ahead is tolerated, a millisecond more is not.
	edge := ledger.VouchedWithin([]int64{5 * minute, 5*minute + 1}, []ledger.SizeAt{{Size: 2, At: 0}})
	want := []ledger.LateEntry{{Index: 1, Recorded: 5*minute + 1, Stamp: ledger.SizeAt{Size: 2}}}
	if diff := cmp.Diff(want, edge.Late); diff != "" || edge.Within != 0 {
		t.Errorf("at the edge (-want +got):\n%s", diff)
	}
	// A forged leaf can claim any instant.
	forged := ledger.VouchedWithin([]int64{math.MinInt64, math.MaxInt64}, []ledger.SizeAt{{Size: 2, At: 1}})
	if forged.Within != math.MaxInt64 || len(forged.Late) != 1 || forged.Late[0].Index != 1 || forged.Minutes() <= 0 {
		t.Errorf("forged instants: %+v", forged)
	}
	if got := ledger.VouchedWithin([]int64{0}, []ledger.SizeAt{{Size: 1, At: minute + 1}}); got.Minutes() != 2 {
		t.Errorf("%d minutes, want 2: the bound is rounded up", got.Minutes())
	}
}
