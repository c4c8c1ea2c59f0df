package coverage

import (
	"cmp"
	"slices"
	"strconv"
	"time"

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
	return c.Subject == o.Subject && c.To == o.From && c.Reason == o.Reason && slices.Equal(c.Entries, o.Entries)
}

// parts finds what belongs to the gaps, in the order of gaps, then of time,
// then of subjects.
func (e *evaluator) parts(gaps []Gap, pieces []judged) []part {
	all := e.found[:0]
	nobody := &track{}
	for i := range pieces {
		of := &pieces[i]
		for k := range of.tracks {
			t := &of.tracks[k]
			for s := range t.segs {
				if sg := &t.segs[s]; minds(sg) {
					all = inGaps(all, gaps, part{Span: sg.span(), of: of, track: t, seg: sg})
				}
			}
		}
		for _, sp := range of.empty {
			all = inGaps(all, gaps, part{Span: sp, of: of, track: nobody})
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
	res := Cause{Subject: p.track.subject, From: Time(p.From), To: Time(p.To), Entries: []uint64{}}
	if p.seg == nil {
		res.Reason = "no " + string(pr.Scope) + " is registered for this, and nobody says that none exist"
		res.Known = res.From
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
	if on := e.book.Practices[pr.Number]; on != nil && len(on.Reliefs) > 0 {
		e.marks(&res, on, p)
	}
	return res
}

// marks notes who answers for a gap: it was accepted as a risk, for at most
// twelve months, or declined.
func (e *evaluator) marks(c *Cause, on *evidence.On, p *part) {
	for i := range on.Reliefs {
		r := &on.Reliefs[i]
		v := e.relief(r)
		if r.Kind == evidence.AcceptedRisk {
			v.To = min(v.To, YearAfter(max(r.At, r.From)))
		}
		if r.Subject != "" && r.Subject != p.track.subject || v.Clip(p.Span).Empty() {
			continue
		}
		switch r.Kind {
		case evidence.AcceptedRisk:
			c.Accepted = newest(c.Accepted, r.Index)
		case evidence.Declined:
			c.Declined = newest(c.Declined, r.Index)
		}
	}
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

// day is the civil day of an instant in the client's zone, in words.
func (e *evaluator) day(t int64) string {
	at := time.UnixMilli(t).In(e.zone)
	key := [2]int{at.Year(), at.YearDay()}
	text, ok := e.days[key]
	if !ok {
		text = at.Format("January 2, 2006")
		e.days[key] = text
	}
	return text
}

// reason is the cause in plain words.
func (e *evaluator) reason(p *framework.Practice, t *track, s *segment) string {
	who := t.subject
	if t.name != "" {
		who = t.name
	}
	if who != "" {
		who += ": "
	}
	switch s.why {
	case whyFails:
		if *s.text == "" {
			return who + "an entry says that it was not in place"
		}
		return who + *s.text
	case whyClosed:
		return who + "the failure was closed on " + e.day(s.since) + " without new evidence"
	case whyEnded:
		return who + "ended on " + e.day(s.since)
	case whyOverdue:
		what := *s.text
		if what == "" {
			what = "the trigger"
		}
		return who + "no answer to " + what + " of " + e.day(s.since) + " within " + days(p.Event.DeadlineDays)
	case whySilent:
		if s.by != nil {
			return "nothing recorded since " + e.day(s.since) + ", and no statement that there was nothing"
		}
		return "nothing recorded, and no statement that there was nothing"
	case whyStale:
		if s.source > 0 {
			return who + "no report that shows this since " + e.day(s.since)
		}
		return who + "last shown on " + e.day(s.since) + ", older than " + days(p.Freshness.MaxAgeDays)
	}
	return who + "nothing on record yet"
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}
