package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// verdict is what the practice as a whole is over a span.
type verdict uint8

const (
	isHeld verdict = iota
	isUnproven
	isFailed
	isExempt
)

// stretch is a span in which the practice's verdict does not change.
type stretch struct {
	interval.Span
	verdict  verdict
	grade    evidence.Grade
	alt      bool
	why      string // exempt
	limit    framework.Limit
	disputed []uint64
}

func (s *stretch) same(o *stretch) bool {
	return s.verdict == o.verdict && s.grade == o.grade && s.alt == o.alt && s.why == o.why &&
		s.limit == o.limit && slices.Equal(s.disputed, o.disputed)
}

func join(list []stretch, s stretch) []stretch {
	if s.Empty() {
		return list
	}
	if n := len(list); n > 0 && list[n-1].To == s.From && list[n-1].same(&s) {
		list[n-1].To = s.To
		return list
	}
	return append(list, s)
}

// judged is one piece of the window with its tracks, for causes.
type judged struct {
	piece
	tracks []track
	empty  interval.Set // where no subject is in scope and nobody says that none exist
}

// practice answers for one practice, piece by piece.
func (e *evaluator) practice(id string) Practice {
	res := Practice{
		ID: id, Covered: []Covered{}, Exempt: []Exempt{}, Gaps: []Gap{},
		WindowSecs: Seconds(e.whole.Length()),
	}
	e.segs.reset()
	var all []stretch
	var parts []judged
	var days tally
	for _, pc := range e.pieces(id) {
		e.turn(pc)
		part := judged{piece: pc, tracks: e.tracks(pc.practice)}
		sw := e.sweep(pc.practice, part.tracks)
		part.empty = sw.empty
		if e.best != nil {
			sw.list = contest(sw.list, e.disputes(pc.practice, part.tracks))
		}
		for _, s := range sw.list {
			all = join(all, s)
		}
		for _, sp := range sw.wide {
			res.Wide = touch(res.Wide, sp)
		}
		days.add(sw.days)
		parts = append(parts, part)
		res.Subjects = sw.last
	}
	res.SubjectDays = days.days()
	e.write(&res, all, parts)
	return res
}

// touch appends a span to a set that ends at or before it.
func touch(set interval.Set, sp interval.Span) interval.Set {
	if n := len(set); n > 0 && set[n-1].To == sp.From {
		set[n-1].To = sp.To
		return set
	}
	return append(set, sp)
}

// write turns stretches into the three lists of the answer.
func (e *evaluator) write(res *Practice, all []stretch, parts []judged) {
	failedAny := false
	for _, s := range all {
		from, to := Time(s.From), Time(s.To)
		switch s.verdict {
		case isHeld:
			res.Covered = append(res.Covered, Covered{from, to, s.grade.String(), s.alt, listed(s.disputed)})
			res.CoveredSecs += Seconds(s.Length())
			if s.alt {
				res.AltSecs += Seconds(s.Length())
			}
		case isExempt:
			res.Exempt = append(res.Exempt, Exempt{from, to, s.why, listed(s.disputed)})
		default:
			g := Gap{From: from, To: to, Kind: Unproven, Causes: []Cause{}}
			if s.verdict == isFailed {
				g.Kind, failedAny = Failed, true
			} else {
				g.Limit = new(s.limit)
			}
			res.Gaps = append(res.Gaps, g)
		}
	}
	if len(res.Gaps) > 0 && !e.query.Brief {
		e.causes(res.Gaps, parts)
	}
	if n := len(all); n > 0 {
		res.AtOn = all[n-1].verdict == isHeld
	}
	res.Status = res.statusOf(failedAny)
}

// listed is a list that is written as one though it is empty.
func listed(entries []uint64) []uint64 {
	if entries == nil {
		return []uint64{}
	}
	return entries
}

func (p *Practice) statusOf(failedAny bool) string {
	switch {
	case len(p.Gaps) == 0 && len(p.Covered) > 0:
		return StatusHeld
	case len(p.Gaps) == 0 && len(p.Exempt) > 0:
		last := p.Exempt[len(p.Exempt)-1].Why
		if last == NotBound {
			return StatusNotBound
		}
		return StatusNotApplicable
	case len(p.Covered) == 0 && !failedAny && !slices.ContainsFunc(p.Exempt, func(x Exempt) bool { return x.Why == NotApplicable }):
		return StatusNever
	}
	return StatusGap
}
