package duty

import (
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/interval"
)

// Standing is how a practice stands at an instant, as it is counted.
type Standing uint8

// The standings. NeverShown is unproven and was never held nor failed before:
// a client that has only begun is not shown as one that has lapsed.
const (
	NotAsked Standing = iota // outside the profile, or onboarding
	NotBinding
	NotApplying
	NeverShown
	IsUnproven
	IsFailed
	IsInPlace
	IsAlternative
)

// stretch is a span in which a practice's standing does not change.
type stretch struct {
	interval.Span
	standing Standing
	grade    evidence.Grade
	gap      *coverage.Gap
}

func (s stretch) held() bool { return s.standing >= IsInPlace }

func (s stretch) open() bool {
	return s.standing == NeverShown || s.standing == IsUnproven || s.standing == IsFailed
}

// lineOf is the answer for a practice as one row of stretches in order.
func lineOf(p *coverage.Practice) []stretch {
	res := make([]stretch, 0, len(p.Covered)+len(p.Gaps)+len(p.Exempt))
	for _, c := range p.Covered {
		s := stretch{interval.Span{From: int64(c.From), To: int64(c.To)}, IsInPlace, evidence.GradeNamed(c.Grade), nil}
		if c.Alternative {
			s.standing = IsAlternative
		}
		res = append(res, s)
	}
	for i := range p.Gaps {
		g := &p.Gaps[i]
		s := stretch{Span: interval.Span{From: int64(g.From), To: int64(g.To)}, standing: IsUnproven, gap: g}
		if g.Kind == coverage.Failed {
			s.standing = IsFailed
		}
		res = append(res, s)
	}
	for _, e := range p.Exempt {
		s := stretch{Span: interval.Span{From: int64(e.From), To: int64(e.To)}}
		switch e.Why {
		case coverage.NotBound:
			s.standing = NotBinding
		case coverage.NotApplicable:
			s.standing = NotApplying
		}
		res = append(res, s)
	}
	slices.SortFunc(res, func(a, b stretch) int { return compare(a.From, b.From) })
	for i := range res {
		if res[i].held() || res[i].standing == IsFailed {
			break
		}
		if res[i].standing == IsUnproven {
			res[i].standing = NeverShown
		}
	}
	return res
}

// at is the index of the stretch that holds t, -1 if none does.
func at(line []stretch, t int64) int {
	i, _ := slices.BinarySearchFunc(line, t, func(s stretch, t int64) int {
		if s.To <= t {
			return -1
		}
		return 1
	})
	if i < len(line) && line[i].Contains(t) {
		return i
	}
	return -1
}

// since is from when on the standing at index i lasts, where neighbors differ
// in grade, limit or cause only.
func since(line []stretch, i int) int64 {
	for i > 0 && line[i-1].standing == line[i].standing {
		i--
	}
	return line[i].From
}

// nextOpen is the first stretch after index i that is open, -1 if none is.
func nextOpen(line []stretch, i int) int {
	for i++; i < len(line); i++ {
		if line[i].open() {
			return i
		}
	}
	return -1
}
