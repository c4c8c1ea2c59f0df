package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// against collects what was logged late about a subject of a practice that is
// not an event practice. Lives are the subject's in best. The answer is valid
// until the next call.
func (e *evaluator) against(p *framework.Practice, s *evidence.Subject, lives []life) against {
	a := against{says: e.kept.says[:0], lives: e.kept.lives[:0], taken: e.kept.taken[:0]}
	for i := range p.Feeds {
		f := &p.Feeds[i]
		if !f.Required {
			continue
		}
		slot := e.slots[i]
		for _, series := range s.Series {
			if series.Measure != f.Measure || !e.suspect(series, slot) {
				continue
			}
			a.says = e.streaks(a.says, e.best.runs(series, slot, 0, true))
			for k := range series.Runs {
				a.taken = e.taken(a.taken, &series.Runs[k].First, series.Runs[k].First.At)
			}
		}
	}
	for _, l := range lives {
		if l.by.Recorded > l.span.From && applies(p, l.attrs) {
			a.lives = e.late(a.lives, l.by, l.span)
		}
	}
	if len(e.book.Retractions) > 0 {
		for i := range s.Lives {
			a.taken = e.taken(a.taken, &s.Lives[i].Point, s.Lives[i].At)
		}
		for i := range s.Unused {
			a.taken = e.taken(a.taken, &s.Unused[i].Point, s.Unused[i].From)
		}
	}
	e.kept = e.spokenAgainst(a, p, s.ID)
	return e.kept
}

// harmless reports whether nothing was logged late about a subject in scope
// but that it is new, while in best its absence of evidence is excused and
// nothing failed yet. No failure about it was logged late.
func (e *evaluator) harmless(p *framework.Practice, s *evidence.Subject, of *membership) bool {
	if len(e.book.Retractions) > 0 || e.spoken(p) != nil {
		return false
	}
	end := interval.Ever
	for _, l := range of.lives {
		if l.by.Recorded > max(l.span.From, e.window.From) && l.span.From < e.window.To {
			end = max(end, l.by.Recorded)
		}
	}
	if end == interval.Ever {
		return true
	}
	if p.Mode == framework.InForce || end > of.joined+int64(p.OnboardDays)*interval.Day {
		return false
	}
	for i := range p.Feeds {
		f := &p.Feeds[i]
		slot := e.slots[i]
		for _, series := range s.Series {
			if series.Measure != f.Measure || !f.Required {
				continue
			}
			for k := range series.Runs {
				if r := &series.Runs[k]; r.First.At >= end {
					break
				} else if r.Verdicts.At(slot) == framework.Fails {
					return false
				}
			}
		}
	}
	return true
}

// suspect reports whether a series has a failure that was logged late, or
// anything that was taken back.
func (e *evaluator) suspect(series *evidence.Series, slot int) bool {
	back := len(e.book.Retractions) > 0
	for i := range series.Runs {
		r := &series.Runs[i]
		if r.Verdicts.At(slot) == framework.Fails && r.First.Recorded > r.First.At && r.First.Recorded > e.window.From {
			return true
		}
		if back {
			if _, ok := e.book.Retractions[r.First.Index]; ok || len(e.book.Closures[r.First.Index]) > 0 {
				return true
			}
		}
	}
	return false
}

// spokenAgainst adds what persons said late, or took back.
func (e *evaluator) spokenAgainst(a against, p *framework.Practice, subject string) against {
	on := e.book.Practices[p.Number]
	if on == nil {
		return a
	}
	for _, msp := range [...]bool{false, true} {
		a.says = e.streaks(a.says, e.best.statements(p, subject, msp))
	}
	if len(e.book.Retractions) == 0 {
		return a
	}
	for _, s := range e.spoken(p)[subject] {
		a.taken = e.taken(a.taken, &s.Point, max(s.At, s.From))
	}
	for i := range on.Reliefs {
		if r := &on.Reliefs[i]; r.Subject == "" || r.Subject == subject {
			a.taken = e.taken(a.taken, &r.Point, max(r.At, r.From))
		}
	}
	return a
}

// eventAgainst is what was logged late about all subjects of an event
// practice: its heartbeat.
func (e *evaluator) eventAgainst(p *framework.Practice, on *evidence.On) against {
	a := e.spokenAgainst(against{}, p, "")
	for i := range on.Nils {
		n := &on.Nils[i]
		a.taken = e.taken(a.taken, &n.Point, n.At)
		for k := range on.Triggers {
			if t := &on.Triggers[k]; n.From <= t.At && t.At < n.To {
				a.says = e.late(a.says, &t.Point, e.visible(&n.Point, n.At))
			}
		}
	}
	e.signs(p, on, func(pt *evidence.Point, _ evidence.Grade, _ int64) { a.taken = e.taken(a.taken, pt, pt.At) })
	return a
}

// late adds an entry where it speaks of a time before it was logged.
func (e *evaluator) late(list []dispute, p *evidence.Point, sp interval.Span) []dispute {
	sp.To = min(sp.To, p.Recorded)
	if sp = sp.Clip(e.window); sp.Empty() || e.best.visible(p, p.At).Empty() {
		return list
	}
	return append(list, dispute{sp, p.Index})
}

// taken adds the retraction of an entry where proven still counted the entry,
// and the retractions of what closed it.
func (e *evaluator) taken(list []dispute, p *evidence.Point, from int64) []dispute {
	if len(e.book.Retractions) == 0 {
		return list
	}
	if r, ok := e.book.Retractions[p.Index]; ok {
		if v := e.visible(p, from).Clip(e.window); !v.Empty() {
			list = append(list, dispute{v, r.Index})
		}
	}
	for i := range e.book.Closures[p.Index] {
		c := &e.book.Closures[p.Index][i]
		if r, ok := e.book.Retractions[c.Index]; ok {
			if v := e.visible(&c.Point, c.At).Clip(e.window); !v.Empty() {
				list = append(list, dispute{v, r.Index})
			}
		}
	}
	return list
}

// streaks adds failures, each from its first entry until the source says
// something else or the failure is closed, where they were logged late. Items
// are those of one source in best, latest first.
func (e *evaluator) streaks(list []dispute, items []item) []dispute {
	items = slices.DeleteFunc(items, func(it item) bool { return e.best.visible(it.first, it.first.At).Empty() })
	start := -1
	for k := len(items) - 1; k >= 0; k-- {
		if items[k].verdict != framework.Fails {
			continue
		}
		if start < 0 {
			start = k
		}
		sp := interval.Span{From: items[start].first.At, To: interval.Forever}
		if k > 0 {
			sp.To = items[k-1].first.At
		}
		shut := e.best.closed(items[k].last.Index)
		if len(shut) > 0 {
			sp.To = min(sp.To, shut[0].From)
		}
		if len(shut) > 0 || k == 0 || items[k-1].verdict != framework.Fails {
			list = e.late(list, items[start].first, sp)
			start = -1
		}
	}
	return list
}
