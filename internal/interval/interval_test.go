package interval_test

import (
	"testing"
	"time"

	"breakwater/internal/interval"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const days = 40

func drawSpans(t *rapid.T, name string) []interval.Span {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) interval.Span {
		from := rapid.Int64Range(0, days-1).Draw(t, "from")
		return interval.Span{From: from, To: from + rapid.Int64Range(0, 9).Draw(t, "length")}
	}), 0, 8).Draw(t, name)
}

// bitmap is the slow model: one bool an instant.
func bitmap(spans []interval.Span) (m [days + 10]bool) {
	for _, s := range spans {
		for t := s.From; t < s.To; t++ {
			m[t] = true
		}
	}
	return m
}

func TestSetsAgreeWithABitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sa, sb := drawSpans(t, "a"), drawSpans(t, "b")
		a, b := interval.Of(sa...), interval.Of(sb...)
		w := interval.Span{From: rapid.Int64Range(0, 20).Draw(t, "wf"), To: rapid.Int64Range(20, days).Draw(t, "wt")}
		ma, mb := bitmap(sa), bitmap(sb)
		union, both, less, gaps := bitmap(a.Union(b)), bitmap(a.Intersect(b)), bitmap(a.Subtract(b)), bitmap(a.Gaps(w))
		n := int64(0)
		for i := range ma {
			at := int64(i)
			if ma[i] {
				n++
			}
			if got, want := union[i], ma[i] || mb[i]; got != want {
				t.Errorf("union at %d: got %v, want %v", i, got, want)
			}
			if got, want := both[i], ma[i] && mb[i]; got != want {
				t.Errorf("intersect at %d: got %v, want %v", i, got, want)
			}
			if got, want := less[i], ma[i] && !mb[i]; got != want {
				t.Errorf("subtract at %d: got %v, want %v", i, got, want)
			}
			if got, want := gaps[i], w.Contains(at) && !ma[i]; got != want {
				t.Errorf("gaps at %d: got %v, want %v", i, got, want)
			}
			if got, want := a.Contains(at), ma[i]; got != want {
				t.Errorf("contains %d: got %v, want %v", i, got, want)
			}
		}
		if a.Length() != n {
			t.Errorf("length: got %d, want %d", a.Length(), n)
		}
		for i := 1; i < len(a); i++ {
			if a[i].From <= a[i-1].To {
				t.Errorf("spans %v and %v touch", a[i-1], a[i])
			}
		}
	})
}

func TestOrderOfInsertionDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := drawSpans(t, "spans")
		shuffled := rapid.Permutation(spans).Draw(t, "shuffled")
		if d := cmp.Diff(interval.Of(spans...), interval.Of(shuffled...), cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	})
}

func TestMonthsBefore(t *testing.T) {
	for _, c := range []struct {
		at   string
		n    int
		want string
	}{
		{"2024-02-29", 12, "2023-02-28T00:00:00Z"},
		{"2026-11-21", 12, "2025-11-21T00:00:00Z"},
		{"2026-03-31", 1, "2026-02-28T00:00:00Z"},
		{"2026-01-15T10:20:30Z", 14, "2024-11-15T10:20:30Z"},
		{"2024-03-31T00:00:00.005Z", 1, "2024-02-29T00:00:00.005Z"},
		{"2026-05-10", 0, "2026-05-10T00:00:00Z"},
	} {
		at, err := interval.Parse(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := interval.Format(interval.MonthsBefore(at, c.n)); got != c.want {
			t.Errorf("%d months before %s: got %s, want %s", c.n, c.at, got, c.want)
		}
	}
}

func TestDayEndFollowsTheZone(t *testing.T) {
	chicago, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Skip("no zone data on this machine")
	}
	for _, c := range []struct {
		m    time.Month
		d    int
		want string
	}{
		{time.August, 14, "2026-08-15T05:00:00Z"},
		{time.March, 7, "2026-03-08T06:00:00Z"},
		{time.March, 8, "2026-03-09T05:00:00Z"}, // the day has 23 hours
	} {
		if got := interval.Format(interval.DayEnd(2026, c.m, c.d, chicago)); got != c.want {
			t.Errorf("end of %v %d: got %s, want %s", c.m, c.d, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "yesterday", "2026-13-01", "2026-02-30", "1969-12-31", "2026-08-14 10:00"} {
		if _, err := interval.Parse(s); err == nil {
			t.Errorf("Parse(%q) has no error", s)
		}
	}
}
