package coverage

import (
	"cmp"
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// part is one segment of one subject inside a gap.
type part struct {
	interval.Span
	gap   int
	of    *judged
	track *track
	seg   *segment // nil where nobody is in scope
	why   string   // nobody is

	// The entries by which someone answers for it; nil for none.
	accepted, declined *uint64
}

// causes lists each subject's part in each gap, earliest first.
func (e *evaluator) causes(gaps []Gap, pieces []judged) {
	all := e.parts(gaps, pieces)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].gap == all[0].gap {
			n++
		}
		g := &gaps[all[0].gap]
		if len(pieces) == 1 {
			g.More = max(0, n-MaxCauses)
			for i := range all[:min(n, MaxCauses)] {
				g.Causes = append(g.Causes, e.cause(&all[i]))
			}
		} else {
			e.joinCauses(g, all[:n])
		}
		all = all[n:]
	}
}

// joinCauses is causes where several catalogs judged: what one subject lacks
// for one reason is one cause.
func (e *evaluator) joinCauses(g *Gap, parts []part) {
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.track.subject, b.track.subject), cmp.Compare(a.From, b.From))
	})
	var all []Cause
	for i := range parts {
		c := e.cause(&parts[i])
		if n := len(all); n > 0 && all[n-1].continues(&c) {
			all[n-1].To = c.To
			continue
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Subject, b.Subject))
	})
	g.More = max(0, len(all)-MaxCauses)
	g.Causes = append(g.Causes, all[:min(len(all), MaxCauses)]...)
}

func (c *Cause) continues(o *Cause) bool {
	return c.Subject == o.Subject && c.To == o.From && c.Reason == o.Reason && slices.Equal(c.Entries, o.Entries) &&
		sameEntry(c.Accepted, o.Accepted) && sameEntry(c.Declined, o.Declined)
}

func sameEntry(a, b *uint64) bool { return a == b || a != nil && b != nil && *a == *b }

// parts finds what belongs to the gaps, in the order of gaps, then of time,
// then of subjects.
func (e *evaluator) parts(gaps []Gap, pieces []judged) []part {
	all := e.found[:0]
	for i := range pieces {
		of := &pieces[i]
		for k := range of.tracks {
			t := &of.tracks[k]
			for s := range t.segs {
				if sg := &t.segs[s]; minds(sg) {
					all = e.marked(all, gaps, part{Span: sg.span(), of: of, track: t, seg: sg})
				}
			}
		}
		for _, sp := range of.empty {
			for _, p := range e.empties(of, sp) {
				all = e.marked(all, gaps, p)
			}
		}
	}
	e.found = all
	return e.ordered(all)
}

// partKey is what parts are sorted by.
type partKey struct{ gap, from, place int64 }

// ordered sorts parts by gap and time; among equals they stay as they are.
func (e *evaluator) ordered(all []part) []part {
	keys := e.keys[:0]
	for i := range all {
		keys = append(keys, partKey{int64(all[i].gap), all[i].From, int64(i)})
	}
	e.keys = keys
	slices.SortFunc(keys, func(a, b partKey) int {
		switch {
		case a.gap != b.gap:
			return int(a.gap - b.gap)
		case a.from != b.from:
			return int(a.from - b.from)
		}
		return int(a.place - b.place)
	})
	res := make([]part, len(all))
	for i, k := range keys {
		res[i] = all[k.place]
	}
	return res
}

// inGaps adds a part to each gap of its kind that it lies in.
func inGaps(all []part, gaps []Gap, p part) []part {
	kind := Unproven
	if p.seg != nil && p.seg.status == failed {
		kind = Failed
	}
	i, _ := slices.BinarySearchFunc(gaps, p.From, func(g Gap, t int64) int {
		if int64(g.To) <= t {
			return -1
		}
		return 1
	})
	whole := p.Span
	for ; i < len(gaps) && int64(gaps[i].From) < whole.To; i++ {
		if gaps[i].Kind == kind {
			p.gap, p.Span = i, whole.Clip(interval.Span{From: int64(gaps[i].From), To: int64(gaps[i].To)})
			all = append(all, p)
		}
	}
	return all
}

func (e *evaluator) cause(p *part) Cause {
	pr := p.of.practice
	res := Cause{
		Subject: p.track.subject, From: Time(p.From), To: Time(p.To), Known: Time(p.From),
		Entries: []uint64{}, Accepted: p.accepted, Declined: p.declined,
	}
	if p.seg == nil {
		res.Reason = p.why
	} else {
		res.Reason, res.Known = e.reason(pr, p.track, p.seg), known(pr, p.seg, p.of.span)
		if p.seg.by != nil {
			res.Entries = append(res.Entries, p.seg.by.Index)
		}
	}
	if p.seg == nil || p.seg.status == unproven {
		if x, ok := e.erased(p.of); ok {
			res.Reason += "; evidence erased on " + e.day(x.Recorded)
			res.Entries = append(res.Entries, x.Index)
		}
	}
	return res
}

// marked adds a part to the gaps that it lies in, cut where someone begins or
// ceases to answer for it: it was accepted as a risk, for at most twelve
// months, or declined.
func (e *evaluator) marked(all []part, gaps []Gap, p part) []part {
	on := e.book.Practices[p.of.practice.Number]
	if on == nil || len(on.Reliefs) == 0 {
		return inGaps(all, gaps, p)
	}
	cuts := []int64{p.From, p.To}
	for i := range on.Reliefs {
		if v := e.answers(&on.Reliefs[i], p.track.subject).Clip(p.Span); !v.Empty() {
			cuts = append(cuts, v.From, v.To)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i := 1; i < len(cuts); i++ {
		p.From = cuts[i-1]
		p.accepted, p.declined = e.marks(on, p.track.subject, p.From)
		for i+1 < len(cuts) && p.sameMarks(e.marks(on, p.track.subject, cuts[i])) {
			i++
		}
		p.To = cuts[i]
		all = inGaps(all, gaps, p)
	}
	return all
}

func (p *part) sameMarks(accepted, declined *uint64) bool {
	return sameEntry(p.accepted, accepted) && sameEntry(p.declined, declined)
}

// marks is the newest entries by which someone answers for a subject at t.
func (e *evaluator) marks(on *evidence.On, subject string, t int64) (accepted, declined *uint64) {
	for i := range on.Reliefs {
		r := &on.Reliefs[i]
		switch v := e.answers(r, subject); {
		case !v.Contains(t):
		case r.Kind == evidence.AcceptedRisk:
			accepted = newest(accepted, r.Index)
		default:
			declined = newest(declined, r.Index)
		}
	}
	return accepted, declined
}

// answers is when a relief is someone's word for a subject's gap; an
// alternative is none.
func (e *evaluator) answers(r *evidence.Relief, subject string) interval.Span {
	if r.Kind == evidence.Alternative || r.Subject != "" && r.Subject != subject {
		return interval.Span{}
	}
	v := e.relief(r)
	if r.Kind == evidence.AcceptedRisk {
		v.To = min(v.To, YearAfter(max(r.At, r.From)))
	}
	return v
}

func newest(entry *uint64, index uint64) *uint64 {
	if entry == nil || *entry < index {
		return &index
	}
	return entry
}

// known is when the MSP first knew of a segment: by the entry that shows a
// failure, else when the silence passed its limit, and never before the
// segment began. One that began before the window is dated by its evidence.
func known(p *framework.Practice, s *segment, window interval.Span) Time {
	at := s.from
	if s.by == nil {
		return Time(at)
	}
	began := s.since
	switch s.why {
	case whyFails:
		began = s.by.Recorded
	case whyOverdue:
		began = max(s.by.Recorded, s.since+int64(p.Event.DeadlineDays)*interval.Day)
	case whyStale, whySilent:
		began += int64(p.Freshness.MaxAgeDays) * interval.Day
	}
	if s.from > window.From || s.status == failed && began > at {
		return Time(max(at, began))
	}
	return Time(min(at, began))
}

// erased is the last erasure of an entry of a kind that feeds the practice.
func (e *evaluator) erased(of *judged) (evidence.Erasure, bool) {
	for i := len(e.book.Erasures) - 1; i >= 0; i-- {
		x := e.book.Erasures[i]
		if x.Kind == of.practice.Number || slices.Contains(of.adoption.Catalog.FeedKinds(of.practice), x.KindName) {
			return x, true
		}
	}
	return evidence.Erasure{}, false
}
