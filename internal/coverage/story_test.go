package coverage_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// story is a small log about one practice, told by days since the start.
type story struct {
	t    *testing.T
	log  []entry
	last int64
}

// tell begins a story: the catalog of the practices is adopted on day 0.
func tell(t *testing.T, practices ...framework.Practice) *story {
	t.Helper()
	for i := range practices {
		p := &practices[i]
		p.Number = uint16(10001 + i)
		if p.ID == "" {
			p.ID = "it"
		}
		if p.Scope == "" {
			p.Scope = framework.ScopeClient
		}
		if p.Mode == "" {
			p.Mode = framework.Periodic
		}
		if p.Freshness.MaxAgeDays == 0 {
			p.Freshness.MaxAgeDays = 7
		}
	}
	c := catalog(t, practices...)
	s := &story{t: t}
	return s.late(0, 0, adopted{c, slotted(c, 0)})
}

func day(d float64) int64 { return start + int64(d*float64(interval.Day)) }

// on adds an entry that was logged when it happened.
func (s *story) on(d float64, body any) *story { return s.late(d, d, body) }

// late adds an entry that was logged on another day.
func (s *story) late(at, recorded float64, body any) *story {
	s.t.Helper()
	p := evidence.Point{At: day(at), Recorded: day(recorded), Index: uint64(len(s.log))}
	if p.Recorded < s.last {
		s.t.Fatalf("entry %d is logged before the one before it", p.Index)
	}
	s.last = p.Recorded
	s.log = append(s.log, entry{p, body})
	return s
}

func says(state evidence.State) stated {
	return stated{10001, evidence.Statement{State: state, Grade: evidence.Attested}}
}

func about(subject string, state evidence.State) stated {
	v := says(state)
	v.Subject = subject
	return v
}

func measures(subject, source string, v framework.Verdict) observed {
	o := observed{scope: framework.ScopeDevice, subject: subject, measure: "m", source: source, grade: evidence.Measured}
	if o.verdicts = o.verdicts.With(0, v); v == framework.Fails {
		o.reason = "it is off"
	}
	return o
}

func device(id string) lived { return lived{framework.ScopeDevice, id, true, nil} }

// strip asks for days 0 to n and writes the first practice as spans in days:
// "=" held, "a" by alternative, "!" disputed, "." unproven, "x" failed, "-"
// exempt.
func (s *story) strip(r coverage.Reading, n float64) string {
	s.t.Helper()
	p := s.ask(r, n)
	type part struct {
		from, to coverage.Time
		mark     string
	}
	var parts []part
	for _, c := range p.Covered {
		mark := "="
		if c.Alternative {
			mark = "a"
		}
		if len(c.DisputedBy) > 0 {
			mark = "!"
		}
		parts = append(parts, part{c.From, c.To, mark})
	}
	for _, x := range p.Exempt {
		parts = append(parts, part{x.From, x.To, "-"})
	}
	for _, g := range p.Gaps {
		mark := "."
		if g.Kind == coverage.Failed {
			mark = "x"
		}
		parts = append(parts, part{g.From, g.To, mark})
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	var text []string
	for _, p := range parts {
		text = append(text, fmt.Sprintf("%g%s%g", inDays(p.from), p.mark, inDays(p.to)))
	}
	return strings.Join(text, " ")
}

func inDays(t coverage.Time) float64 { return float64(int64(t)-start) / float64(interval.Day) }

func (s *story) ask(r coverage.Reading, n float64) coverage.Practice {
	s.t.Helper()
	rep, err := coverage.EvaluateWindow(fold(s.log), coverage.Query{Reading: r}, interval.Span{From: start, To: day(n)})
	if err != nil {
		s.t.Fatal(err)
	}
	return rep.Practices[0]
}

func (s *story) want(r coverage.Reading, n float64, want string) {
	s.t.Helper()
	if got := s.strip(r, n); got != want {
		s.t.Errorf("%s: got  %s\n\twant %s", r, got, want)
	}
}

func (s *story) both(n float64, want string) {
	s.t.Helper()
	s.want(coverage.Proven, n, want)
	s.want(coverage.Best, n, want)
}

// heldAt asks about one practice at one instant.
func heldAt(t testing.TB, b *evidence.Book, practice string, at int64, r coverage.Reading) coverage.Moment {
	t.Helper()
	rep, err := coverage.EvaluateWindow(b, coverage.Query{Reading: r, Practices: []string{practice}, Brief: true}, interval.Span{From: at, To: at + 1})
	if err != nil {
		t.Fatal(err)
	}
	m, _ := rep.Practices[0].At(at)
	return m
}
