package coverage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// causes lists each subject's part in a gap, earliest first.
func (e *evaluator) causes(g *Gap, s stretch, parts []judged) {
	want := unproven
	if s.verdict == isFailed {
		want = failed
	}
	var all []Cause
	for _, part := range parts {
		if part.span.Clip(s.Span).Empty() {
			continue
		}
		p := part.practice
		for _, t := range part.tracks {
			for _, sg := range t.segs {
				c := interval.Span{From: sg.from, To: sg.to}.Clip(s.Span)
				if sg.status == want && !c.Empty() {
					all = append(all, e.cause(p, t, sg, c))
				}
			}
		}
		if c := part.span.Clip(s.Span); want == unproven && !peopledIn(part.tracks, c) {
			all = append(all, Cause{From: Time(c.From), To: Time(c.To), Reason: emptyReason(p), Entries: []uint64{}})
		}
	}
	slices.SortStableFunc(all, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Subject, b.Subject))
	})
	all = joinCauses(all)
	g.More = max(0, len(all)-MaxCauses)
	g.Causes = append(g.Causes, all[:min(len(all), MaxCauses)]...)
}

// joinCauses joins what one subject lacks for one reason across pieces.
func joinCauses(all []Cause) []Cause {
	res := all[:0]
	for _, c := range all {
		if n := len(res); n > 0 {
			l := &res[n-1]
			if l.Subject == c.Subject && l.To == c.From && l.Reason == c.Reason && slices.Equal(l.Entries, c.Entries) {
				l.To = c.To
				continue
			}
		}
		res = append(res, c)
	}
	return res
}

// peopledIn reports whether any track has a subject in scope in the span.
func peopledIn(tracks []track, sp interval.Span) bool {
	for _, t := range tracks {
		for _, s := range t.segs {
			if s.status != out && s.from < sp.To && sp.From < s.to {
				return true
			}
		}
	}
	return false
}

func emptyReason(p *framework.Practice) string {
	return fmt.Sprintf("no %s is registered for this, and nobody says that none exist", p.Scope)
}

func (e *evaluator) cause(p *framework.Practice, t track, s segment, c interval.Span) Cause {
	res := Cause{Subject: t.subject, From: Time(c.From), To: Time(c.To), Reason: e.reason(p, t, s), Entries: []uint64{}}
	if s.decided {
		res.Entries = append(res.Entries, s.entry)
	}
	if x, ok := e.erased(p); ok {
		res.Reason += fmt.Sprintf("; evidence of this kind was erased on %s", e.day(x.Recorded))
		res.Entries = append(res.Entries, x.Index)
	}
	if on := e.book.Practices[p.Number]; on != nil {
		for _, r := range on.Reliefs {
			v := e.visible(r.Point, r.From)
			v.To = min(v.To, r.To)
			if (r.Subject == "" || r.Subject == t.subject) && !v.Clip(c).Empty() {
				switch r.Kind {
				case evidence.AcceptedRisk:
					res.Accepted = new(r.Index)
				case evidence.Declined:
					res.Declined = new(r.Index)
				}
			}
		}
	}
	return res
}

// erased is the last erasure, before the end of a gap, of an entry of a kind
// that only this practice has.
func (e *evaluator) erased(p *framework.Practice) (evidence.Erasure, bool) {
	for i := len(e.book.Erasures) - 1; i >= 0; i-- {
		x := e.book.Erasures[i]
		if x.Kind == p.Number || len(p.Feeds) > 0 && slices.Contains(e.cat.Catalog.FeedKinds(p), x.KindName) {
			return x, true
		}
	}
	return evidence.Erasure{}, false
}

func (e *evaluator) day(t int64) string {
	return time.UnixMilli(t).In(e.zone).Format("January 2, 2006")
}

// reason is the cause in plain words.
func (e *evaluator) reason(p *framework.Practice, t track, s segment) string {
	who := t.subject
	if t.name != "" && t.name != t.subject {
		who = t.name
	}
	switch s.why {
	case whyFails:
		text := s.text
		if text == "" {
			text = "an entry says that it was not in place"
		}
		return prefixed(who, text)
	case whyClosed:
		return prefixed(who, fmt.Sprintf("the failure was closed on %s without new evidence", e.day(s.since)))
	case whyEnded:
		return prefixed(who, fmt.Sprintf("ended on %s", e.day(s.since)))
	case whyOverdue:
		return prefixed(who, fmt.Sprintf("no answer to %s of %s within %s", quoted(s.text), e.day(s.since), days(p.Event.DeadlineDays)))
	case whySilent:
		if s.decided {
			return fmt.Sprintf("nothing recorded since %s, and no statement that there was nothing", e.day(s.since))
		}
		return "nothing recorded, and no statement that there was nothing"
	case whyStale:
		if s.source != "statement" && s.source != "" {
			return prefixed(who, fmt.Sprintf("no report that shows this since %s", e.day(s.since)))
		}
		return prefixed(who, fmt.Sprintf("last shown on %s, older than %s", e.day(s.since), days(p.Freshness.MaxAgeDays)))
	}
	return prefixed(who, "nothing on record yet")
}

func prefixed(who, text string) string {
	if who == "" {
		return text
	}
	return who + ": " + text
}

func quoted(s string) string {
	if s == "" {
		return "the trigger"
	}
	return s
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
