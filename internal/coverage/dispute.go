package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// dispute is a span in which an entry that was logged later speaks against
// what proven says of one subject.
type dispute struct {
	interval.Span
	entry uint64
}

// against is what was logged late about one subject of a practice.
type against struct {
	says  []dispute // entries that say that it was not in place
	lives []dispute // entries that put the subject in scope
	taken []dispute // retractions of what proven still took into account
}

func (a *against) any() bool { return len(a.says)+len(a.lives)+len(a.taken) > 0 }

// hull is the span outside of which nothing is late.
func (a *against) hull() interval.Span {
	res := interval.Span{From: interval.Forever, To: interval.Ever}
	for _, list := range [...][]dispute{a.says, a.lives, a.taken} {
		for _, d := range list {
			res.From, res.To = min(res.From, d.From), max(res.To, d.To)
		}
	}
	return res
}

// disputes is where proven found nothing amiss with a subject and best does,
// with the entries that made the difference. The readings may also differ
// without any later entry; that is no dispute.
func (e *evaluator) disputes(p *framework.Practice, tracks []track) []dispute {
	if p.Mode == framework.Event {
		return e.eventDisputes(p, tracks)
	}
	if ofClient(p) {
		s := e.unnamed(framework.ScopeClient)
		if a := e.against(p, s, nil); a.any() {
			return e.compare(a, tracks[0].segs, e.best.tracks(p)[0].segs)
		}
		return nil
	}
	res, left := e.named(p, tracks)
	whole, leftWhole := e.wholeDisputes(p, tracks)
	return append(append(res, whole...), e.deserted(p, append(left, leftWhole...))...)
}

// named is the disputes of the subjects of a register, and where they hold in
// proven and best does not ask about them.
func (e *evaluator) named(p *framework.Practice, tracks []track) (res, left []dispute) {
	register := e.book.Registers[p.Scope]
	if register == nil {
		return nil, nil
	}
	roll, absent := e.best.roll(register), e.absent()
	i := 0
	for k, s := range register.Subjects {
		if s.ID == "" {
			continue
		}
		segs, contested, in := absent, true, false
		if i < len(tracks) && tracks[i].subject == s.ID {
			segs, contested, in = tracks[i].segs, tracks[i].contested, true
			i++
		}
		outs := e.outs(p, s)
		if !contested && len(outs) == 0 && e.harmless(p, s, &roll.of[k]) {
			continue
		}
		a := e.against(p, s, roll.of[k].lives)
		if in && len(outs)+len(a.taken) > 0 {
			left = append(left, a.left(segs, e.lifeless(p, roll.of[k].lives), outs)...)
		}
		if !a.any() {
			continue
		}
		e.best.window = a.hull()
		if b, in := e.best.track(p, s, &roll.of[k]); in {
			res = append(res, e.compare(a, segs, b.segs)...)
		}
		e.best.window = e.window
	}
	return res, left
}

// absent is a window in which a subject is not in scope.
func (e *evaluator) absent() []segment {
	return []segment{{from: e.window.From, to: e.window.To}}
}

// wholeDisputes is the disputes of what was said without naming a subject:
// evidence for all, or that none exist.
func (e *evaluator) wholeDisputes(p *framework.Practice, tracks []track) (res, left []dispute) {
	s := e.unnamed(p.Scope)
	register := e.book.Registers[p.Scope]
	had := e.best.roll(register).had
	a := e.against(p, s, nil)
	mine := named(tracks, "", nil)
	var outs []dispute
	if mine != nil && register != nil {
		for _, of := range register.Subjects {
			for i := range of.Lives {
				l := &of.Lives[i]
				outs = e.late(outs, &l.Point, e.best.visible(&l.Point, l.At))
			}
		}
	}
	if a.any() || len(outs) > 0 {
		whole := e.absent()
		if len(had.Gaps(e.window)) > 0 {
			whole = e.best.asAWhole(p, had).segs
		}
		if mine != nil {
			left = a.left(mine, spansOut(whole), outs)
		}
		res = e.compare(a, named(tracks, "", e.absent()), whole)
	}
	return append(res, e.unattested(p)...), left
}

// unattested is where someone attested that none exist and took it back.
func (e *evaluator) unattested(p *framework.Practice) []dispute {
	on := e.book.Practices[p.Number]
	if on == nil || len(e.book.Retractions) == 0 {
		return nil
	}
	var res []dispute
	var empty interval.Set
	for i := range on.Statements {
		st := &on.Statements[i]
		r, ok := e.book.Retractions[st.Index]
		if st.State != evidence.NoneExist || !ok {
			continue
		}
		if empty == nil {
			empty = e.best.sweep(p, e.best.tracks(p)).empty
		}
		v := e.attested(p, st)
		v.To = min(v.To, r.Recorded)
		for _, sp := range empty.Intersect(interval.Of(v)) {
			res = append(res, dispute{sp, r.Index})
		}
	}
	return res
}

func (e *evaluator) eventDisputes(p *framework.Practice, tracks []track) []dispute {
	on := e.book.Practices[p.Number]
	if on == nil {
		return nil
	}
	shared := e.eventAgainst(p, on)
	late := e.best.overdue(p, on)
	var res []dispute
	var best []track
	for _, name := range e.eventNames(on) {
		a := against{says: slices.Clip(shared.says), taken: slices.Clip(shared.taken)}
		if name != "" {
			a = e.spokenAgainst(a, p, name)
		}
		for _, l := range late[name] {
			for _, sp := range l.spans {
				a.says = e.late(a.says, &l.trigger.Point, sp)
			}
			a.taken = e.taken(a.taken, &l.trigger.Point, l.trigger.At)
		}
		if !a.any() {
			continue
		}
		if best == nil {
			best = e.best.eventTracks(p)
		}
		res = append(res, e.compare(a, named(tracks, name, e.absent()), named(best, name, e.absent()))...)
	}
	return res
}

// eventNames is everybody who was ever a subject of an event practice, and
// the client.
func (e *evaluator) eventNames(on *evidence.On) []string {
	names := []string{""}
	for i := range on.Triggers {
		names = append(names, on.Triggers[i].Subject)
	}
	for i := range on.Statements {
		names = append(names, on.Statements[i].Subject)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func named(tracks []track, name string, otherwise []segment) []segment {
	for i := range tracks {
		if tracks[i].subject == name {
			return tracks[i].segs
		}
	}
	return otherwise
}

// compare lists where proven did not mind and best does.
func (e *evaluator) compare(a against, proven, best []segment) []dispute {
	var res []dispute
	for i, j := 0, 0; i < len(proven) && j < len(best); {
		x, y := &proven[i], &best[j]
		sp := interval.Span{From: max(x.from, y.from), To: min(x.to, y.to)}
		if minds(y) && !minds(x) && !sp.Empty() {
			res = append(res, a.in(sp, x.status == out)...)
		}
		if sp.To == x.to {
			i++
		}
		if sp.To == y.to {
			j++
		}
	}
	return res
}

func minds(s *segment) bool { return s.status == failed || s.status == unproven }

// in is the entries that made the difference in a span: those that say so,
// and what put the subject in scope; where there are none, what was taken
// back.
func (a *against) in(sp interval.Span, wasOut bool) []dispute {
	first := clip(a.says, sp)
	if wasOut {
		first = append(first, clip(a.lives, sp)...)
	}
	var known []interval.Span
	for _, d := range first {
		known = append(known, d.Span)
	}
	for _, rest := range interval.Of(known...).Gaps(sp) {
		first = append(first, clip(a.taken, rest)...)
	}
	return first
}

func clip(list []dispute, sp interval.Span) []dispute {
	var res []dispute
	for _, d := range list {
		if c := d.Clip(sp); !c.Empty() {
			res = append(res, dispute{c, d.entry})
		}
	}
	return res
}

// contest splits stretches where something disputes them.
func contest(list []stretch, disputes []dispute) []stretch {
	if len(disputes) == 0 {
		return list
	}
	cuts := make([]int64, 0, 2*len(disputes))
	for _, d := range disputes {
		cuts = append(cuts, d.From, d.To)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	slices.SortFunc(disputes, func(a, b dispute) int { return int(a.From - b.From) })
	var res []stretch
	var active []dispute
	next := 0
	for _, s := range list {
		if s.verdict != isHeld && (s.verdict != isExempt || s.why == NotBound || s.why == NotStarted) {
			res = join(res, s)
			continue
		}
		k, _ := slices.BinarySearch(cuts, s.From+1)
		for ; !s.Empty(); k++ {
			head := s
			if k < len(cuts) {
				head.To = min(cuts[k], s.To)
			}
			for ; next < len(disputes) && disputes[next].From <= head.From; next++ {
				active = append(active, disputes[next])
			}
			active = slices.DeleteFunc(active, func(d dispute) bool { return d.To <= head.From })
			head.disputed = entries(active)
			res = join(res, head)
			s.From = head.To
		}
	}
	return res
}

func entries(list []dispute) []uint64 {
	all := make([]uint64, 0, len(list))
	for _, d := range list {
		all = append(all, d.entry)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
