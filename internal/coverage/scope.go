package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// life is a span of the window in which a subject is in its register with
// fixed attributes.
type life struct {
	span  interval.Span
	attrs *evidence.Attrs
	entry uint64
}

// livesOf is when a subject is in its register and in use, over all time.
func (e *evaluator) livesOf(s *evidence.Subject) []life {
	if l, ok := e.lives[s]; ok {
		return l
	}
	var res []life
	next := interval.Forever
	for i := len(s.Lives) - 1; i >= 0; i-- {
		v := e.visible(s.Lives[i].Point, s.Lives[i].At)
		if v.From >= v.To || v.From >= next {
			continue
		}
		if s.Lives[i].In {
			res = append(res, life{interval.Span{From: v.From, To: next}, s.Lives[i].Attrs, s.Lives[i].Index})
		}
		next = v.From
	}
	slices.Reverse(res)
	res = e.less(res, s.Unused)
	e.lives[s] = res
	return res
}

// less cuts declared absences out of lives.
func (e *evaluator) less(lives []life, unused []evidence.Absence) []life {
	if len(unused) == 0 {
		return lives
	}
	var away []interval.Span
	for _, a := range unused {
		v := e.visible(a.Point, a.From)
		away = append(away, interval.Span{From: v.From, To: min(a.To, v.To)})
	}
	set := interval.Of(away...)
	var res []life
	for _, l := range lives {
		for _, sp := range (interval.Set{l.span}).Subtract(set) {
			res = append(res, life{sp, l.attrs, l.entry})
		}
	}
	return res
}

// joined is when a subject first came into its register, Forever if never.
func (e *evaluator) joined(s *evidence.Subject) int64 {
	first := interval.Forever
	for _, l := range s.Lives {
		if v := e.visible(l.Point, l.At); l.In && v.From < v.To {
			first = min(first, v.From)
		}
	}
	return first
}

// applies reports whether a practice asks about a subject with attributes a.
// What is unknown is in scope.
func applies(p *framework.Practice, a *evidence.Attrs) bool {
	r := p.Applies
	if r == nil || a == nil {
		return true
	}
	if len(r.Class) > 0 && a.Class != "" && !slices.Contains(r.Class, a.Class) {
		return false
	}
	if r.EPHI && a.HoldsEPHI != nil && !*a.HoldsEPHI || r.Backup && a.BackedUp != nil && !*a.BackedUp {
		return false
	}
	if len(r.Vendor) > 0 && a.PHI != nil && !*a.PHI {
		return false
	}
	uses := slices.Concat(r.Account, r.Domain)
	return meets(uses, a.Uses) && meets(r.Role, a.Roles)
}

// meets reports whether have and want share a word; nothing wanted, or
// nothing known, meets.
func meets(want, have []string) bool {
	if len(want) == 0 || len(have) == 0 {
		return true
	}
	return slices.ContainsFunc(want, func(w string) bool { return slices.Contains(have, w) })
}

// registered is the instant from which the register has had an entry.
func (e *evaluator) registered(r *evidence.Register) int64 {
	first := interval.Forever
	if r != nil {
		for _, s := range r.Subjects {
			first = min(first, e.joined(s))
		}
	}
	return first
}
