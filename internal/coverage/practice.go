package coverage

import (
	"math"
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

func (s stretch) same(o stretch) bool {
	return s.verdict == o.verdict && s.grade == o.grade && s.alt == o.alt && s.why == o.why &&
		s.limit == o.limit && slices.Equal(s.disputed, o.disputed)
}

func join(list []stretch, s stretch) []stretch {
	if s.Empty() {
		return list
	}
	if n := len(list); n > 0 && list[n-1].To == s.From && list[n-1].same(s) {
		list[n-1].To = s.To
		return list
	}
	return append(list, s)
}

// judged is one piece of the window with its tracks, for causes.
type judged struct {
	span     interval.Span
	practice *framework.Practice
	tracks   []track
}

// practice answers for one practice, piece by piece.
func (e *evaluator) practice(id string) Practice {
	res := Practice{
		ID: id, Covered: []Covered{}, Exempt: []Exempt{}, Gaps: []Gap{},
		WindowSecs: Seconds(e.whole.Length()),
	}
	var all []stretch
	var parts []judged
	var days tally
	var wide []interval.Span
	for _, pc := range e.pieces(id) {
		e.turn(pc)
		tracks := e.tracksOf(pc.practice)
		list, last := e.sweep(pc.practice, tracks, &days, &wide)
		if e.best != nil {
			e.best.turn(pc)
			list = contest(list, e.disputes(pc.practice, tracks))
		}
		for _, s := range list {
			all = join(all, s)
		}
		parts = append(parts, judged{pc.span, pc.practice, tracks})
		res.Subjects = last
	}
	res.SubjectDays = days.days()
	res.Wide = interval.Of(wide...)
	e.write(&res, all, parts)
	return res
}

func (e *evaluator) turn(pc piece) {
	e.window, e.cat = pc.span, pc.adoption
}

func (e *evaluator) tracksOf(p *framework.Practice) []track {
	if p.Mode == framework.Event {
		return e.eventTracks(p)
	}
	return e.tracks(p)
}

// write turns stretches into the three lists of the answer.
func (e *evaluator) write(res *Practice, all []stretch, parts []judged) {
	failedAny := false
	for _, s := range all {
		from, to := Time(s.From), Time(s.To)
		switch s.verdict {
		case isHeld:
			res.Covered = append(res.Covered, Covered{from, to, s.grade.String(), s.alt, s.disputed})
			res.CoveredSecs += Seconds(s.Length())
			if s.alt {
				res.AltSecs += Seconds(s.Length())
			}
		case isExempt:
			res.Exempt = append(res.Exempt, Exempt{from, to, s.why})
		default:
			g := Gap{From: from, To: to, Kind: Unproven, Causes: []Cause{}}
			if s.verdict == isFailed {
				g.Kind, failedAny = Failed, true
			} else {
				g.Limit = new(s.limit)
			}
			if !e.query.Brief {
				e.causes(&g, s, parts)
			}
			res.Gaps = append(res.Gaps, g)
		}
	}
	if n := len(all); n > 0 {
		res.AtOn = all[n-1].verdict == isHeld
	}
	res.Status = res.statusOf(failedAny)
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
	case len(p.Covered) == 0 && !failedAny:
		return StatusNever
	}
	return StatusGap
}

// tally sums milliseconds over subjects.
type tally struct{ held, unproven, failed int64 }

func (t tally) days() SubjectDays {
	d := func(ms int64) float64 { return math.Round(float64(ms)/float64(interval.Day)*1e6) / 1e6 }
	return SubjectDays{InScope: d(t.held + t.unproven + t.failed), Held: d(t.held), Unproven: d(t.unproven), Failed: d(t.failed)}
}

// class packs what the sweep counts of a segment.
func (s segment) class() uint8 { return uint8(s.status) | uint8(s.grade)<<3 | b2u(s.alt)<<5 }

func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// change is a step of one subject from one class to another; old == new marks
// a boundary of the practice itself.
type change struct {
	at       int64
	old, now uint8
}

// counts is how many subjects are of each class.
type counts [64]int32

func (c *counts) of(s status) int {
	n := int32(0)
	for i := int(s); i < len(c); i += 8 {
		n += c[i]
	}
	return int(n)
}

// weakest is the weakest grade among held subjects, and whether any of them
// is held by an alternative.
func (c *counts) weakest() (evidence.Grade, bool) {
	g, alt := evidence.Measured, false
	for i := int(held); i < len(c); i += 8 {
		if c[i] > 0 {
			g = min(g, evidence.Grade(i>>3&3))
			alt = alt || i>>5 == 1
		}
	}
	return g, alt
}

// sweep walks all subjects through the window at once.
func (e *evaluator) sweep(p *framework.Practice, tracks []track, days *tally, wide *[]interval.Span) ([]stretch, Subjects) {
	var c counts
	changes := make([]change, 0, 2*len(tracks)+8)
	for _, t := range tracks {
		c[t.segs[0].class()]++
		for i := 1; i < len(t.segs); i++ {
			changes = append(changes, change{t.segs[i].from, t.segs[i-1].class(), t.segs[i].class()})
		}
	}
	bound, started, none := e.bound(p), e.started(p), e.noneExist(p)
	for _, set := range []interval.Set{bound, started, none} {
		for _, sp := range set {
			changes = append(changes, change{at: sp.From}, change{at: sp.To})
		}
	}
	slices.SortFunc(changes, func(a, b change) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	var res []stretch
	var sub Subjects
	at := e.window.From
	for i := 0; at < e.window.To; {
		for i < len(changes) && changes[i].at <= at {
			c[changes[i].old]--
			c[changes[i].now]++
			i++
		}
		to := e.window.To
		if i < len(changes) {
			to = min(to, changes[i].at)
		}
		s := stretch{Span: interval.Span{From: at, To: to}}
		switch {
		case !bound.Contains(at):
			s.verdict, s.why, sub = isExempt, NotBound, Subjects{}
		default:
			sub = c.judge(p, &s, none.Contains(at))
			if s.verdict != isHeld && !started.Contains(at) {
				s.verdict, s.why, s.limit = isExempt, NotStarted, ""
				break
			}
			days.held += int64(sub.Held) * s.Length()
			days.failed += int64(c.of(failed)) * s.Length()
			days.unproven += int64(c.of(unproven)) * s.Length()
		}
		if s.verdict == isHeld || s.verdict == isExempt || sub.InScope > 0 && sub.Share >= WideShare {
			*wide = append(*wide, s.Span)
		}
		res = join(res, s)
		at = to
	}
	return res, sub
}

// judge sets the practice's verdict from the counts of its subjects.
func (c *counts) judge(p *framework.Practice, s *stretch, none bool) Subjects {
	nFailed, nUnproven, nHeld := c.of(failed), c.of(unproven), c.of(held)
	sub := Subjects{InScope: nFailed + nUnproven + nHeld, Held: nHeld}
	if sub.InScope > 0 {
		sub.Share = math.Round(float64(nHeld)/float64(sub.InScope)*1e6) / 1e6
	}
	switch {
	case nFailed > 0:
		s.verdict = isFailed
	case nUnproven > 0:
		s.verdict, s.limit = isUnproven, p.Freshness.Limit
	case nHeld > 0:
		s.verdict = isHeld
		s.grade, s.alt = c.weakest()
	case c.of(exempt) > 0:
		s.verdict, s.why = isExempt, Onboarding
	case c.of(na) > 0 || none:
		s.verdict, s.why = isExempt, NotApplicable
	default:
		s.verdict, s.limit = isUnproven, p.Freshness.Limit
	}
	return sub
}

// noneExist is where someone attests that the scope is empty: until the
// attestation expires, at most 365 days, or the first subject comes.
func (e *evaluator) noneExist(p *framework.Practice) interval.Set {
	on := e.book.Practices[p.Number]
	if on == nil || p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP {
		return nil
	}
	var spans []interval.Span
	for _, s := range on.Statements {
		if s.State != evidence.NoneExist {
			continue
		}
		v := e.visible(s.Point, max(s.At, s.From))
		end := s.At + 365*interval.Day
		if s.To > 0 {
			end = min(end, s.To)
		}
		v.To = min(v.To, end, e.peopled(p, v.From))
		spans = append(spans, v)
	}
	return interval.Of(spans...)
}

// peopled is the first instant from t on at which the practice has a subject.
func (e *evaluator) peopled(p *framework.Practice, t int64) int64 {
	first := interval.Forever
	r := e.book.Registers[p.Scope]
	if r == nil {
		return first
	}
	for _, s := range r.Subjects {
		for _, l := range e.livesOf(s) {
			if l.span.To > t && applies(p, l.attrs) {
				first = min(first, max(l.span.From, t))
			}
		}
	}
	return first
}
