package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// dispute is a span in which entries recorded later would have changed what
// proven says of one subject.
type dispute struct {
	interval.Span
	entries []uint64
}

// disputes compares proven with best, subject by subject, where they can
// differ for the worse.
func (e *evaluator) disputes(p *framework.Practice, tracks []track) []dispute {
	if p.Mode == framework.Event {
		return e.eventDisputes(p, tracks)
	}
	if p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP {
		c := e.client()
		if !e.contestable(p, c) {
			return nil
		}
		return e.compare(p, c, tracks[0].segs, e.best.tracks(p)[0].segs)
	}
	register := e.book.Registers[p.Scope]
	if register == nil {
		return nil
	}
	var res []dispute
	i := 0
	for _, s := range register.Subjects {
		var segs []segment
		if i < len(tracks) && tracks[i].source == s {
			segs = tracks[i].segs
			i++
		}
		if !e.contestable(p, s) {
			continue
		}
		b, in := e.best.track(p, s)
		if !in {
			continue
		}
		if segs == nil {
			segs = []segment{{from: e.window.From, to: e.window.To, status: out}}
		}
		res = append(res, e.compare(p, s, segs, b.segs)...)
	}
	return res
}

func (e *evaluator) eventDisputes(p *framework.Practice, tracks []track) []dispute {
	var res []dispute
	none := []segment{{from: e.window.From, to: e.window.To, status: out}}
	for _, b := range e.best.eventTracks(p) {
		segs := none
		for _, t := range tracks {
			if t.subject == b.subject {
				segs = t.segs
			}
		}
		if b.subject == "" {
			res = append(res, e.compare(p, e.client(), segs, b.segs)...)
			continue
		}
		res = append(res, e.compare(p, &evidence.Subject{ID: b.subject}, segs, b.segs)...)
	}
	return res
}

// contestable reports whether anything said about the subject could make
// best say less than proven: a failure, a retraction, an end, or a place in
// the register that was recorded late.
func (e *evaluator) contestable(p *framework.Practice, s *evidence.Subject) bool {
	for _, l := range s.Lives {
		if l.Recorded > l.At && l.Recorded > e.window.From && l.At < e.window.To {
			return true
		}
	}
	if len(s.Unused) > 0 {
		return true
	}
	if on := e.book.Practices[p.Number]; on != nil {
		for _, st := range on.Statements {
			if st.Subject == s.ID && (st.State == evidence.Fails || e.retracted(st.Index)) {
				return true
			}
		}
		if slices.ContainsFunc(on.Reliefs, func(r evidence.Relief) bool { return e.retracted(r.Index) }) {
			return true
		}
	}
	for _, f := range p.Feeds {
		slot := e.cat.Slots[f.Measure]
		for _, series := range s.Series {
			if series.Measure == f.Measure && f.Required && slices.ContainsFunc(series.Runs, func(r evidence.Run) bool {
				return r.Verdicts.At(slot) == framework.Fails || e.retracted(r.First.Index)
			}) {
				return true
			}
		}
	}
	return false
}

func (e *evaluator) retracted(index uint64) bool {
	if len(e.book.Retractions) == 0 {
		return false
	}
	_, ok := e.book.Retractions[index]
	return ok
}

// compare lists where proven did not mind and best does.
func (e *evaluator) compare(p *framework.Practice, s *evidence.Subject, proven, best []segment) []dispute {
	var res []dispute
	for i, j := 0, 0; i < len(proven) && j < len(best); {
		x, y := proven[i], best[j]
		if x.status != failed && x.status != unproven && (y.status == failed || y.status == unproven) {
			sp := interval.Span{From: max(x.from, y.from), To: min(x.to, y.to)}
			if entries := e.because(p, s, x, y, sp); len(entries) > 0 && !sp.Empty() {
				res = append(res, dispute{sp, entries})
			}
		}
		if x.to <= y.to {
			i++
		}
		if y.to <= x.to {
			j++
		}
	}
	return res
}

// because is the entries that make best say less over a span.
func (e *evaluator) because(p *framework.Practice, s *evidence.Subject, proven, best segment, sp interval.Span) []uint64 {
	if best.status == failed {
		if best.decided {
			return []uint64{best.entry}
		}
		return nil
	}
	var res []uint64
	if proven.status == out || proven.status == exempt {
		for _, l := range e.best.livesOf(s) {
			if l.span.Contains(sp.From) && l.entry > 0 {
				return []uint64{l.entry}
			}
		}
	}
	late := func(index uint64) {
		if r, ok := e.book.Retractions[index]; ok && r.Recorded > sp.From {
			res = append(res, r.Index)
		}
	}
	if on := e.book.Practices[p.Number]; on != nil {
		for _, st := range on.Statements {
			if st.Subject == s.ID {
				late(st.Index)
			}
		}
		for _, r := range on.Reliefs {
			late(r.Index)
		}
		for _, pt := range on.Signs() {
			late(pt.Index)
		}
	}
	for _, f := range p.Feeds {
		for _, series := range s.Series {
			if series.Measure == f.Measure {
				for _, r := range series.Runs {
					late(r.First.Index)
				}
			}
		}
	}
	slices.Sort(res)
	return slices.Compact(res)
}

// contest splits held stretches where something disputes them.
func contest(list []stretch, disputes []dispute) []stretch {
	if len(disputes) == 0 {
		return list
	}
	var cuts []int64
	for _, d := range disputes {
		cuts = append(cuts, d.From, d.To)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var res []stretch
	for _, s := range list {
		if s.verdict != isHeld {
			res = join(res, s)
			continue
		}
		for _, at := range append(slices.Clone(cuts), s.To) {
			if at <= s.From {
				continue
			}
			head := s
			head.To = min(at, s.To)
			head.disputed = disputing(disputes, head.Span)
			res = join(res, head)
			if s.From = head.To; s.Empty() {
				break
			}
		}
	}
	return res
}

func disputing(disputes []dispute, sp interval.Span) []uint64 {
	var all []uint64
	for _, d := range disputes {
		if d.From <= sp.From && sp.To <= d.To {
			all = append(all, d.entries...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
