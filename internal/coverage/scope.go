package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// life is a span in which a subject is in its register and in use, with fixed
// attributes.
type life struct {
	span  interval.Span
	attrs *evidence.Attrs
	by    *evidence.Point
}

// membership is one subject's lives over all time, and when the first began.
type membership struct {
	lives  []life
	joined int64
	taken  bool // an entry about it was taken back: joined is not exact
}

// roll is a register in one reading.
type roll struct {
	of  []membership // by place in the register
	had interval.Set // when the register has had an entry
}

func (e *evaluator) roll(r *evidence.Register) *roll {
	if res := e.rolls[r]; res != nil {
		return res
	}
	res := &roll{}
	if r != nil {
		res.of = make([]membership, len(r.Subjects))
		had := make([]interval.Span, 0, len(r.Subjects))
		kept := make([]life, 0, len(r.Subjects)+8)
		for i, s := range r.Subjects {
			at := len(kept)
			kept = e.livesOf(kept, s)
			m := membership{lives: kept[at:len(kept):len(kept)], joined: interval.Forever}
			for k := range s.Lives {
				v := e.visible(&s.Lives[k].Point, s.Lives[k].At)
				had = append(had, v)
				m.taken = m.taken || v.To < interval.Forever
				if s.Lives[k].In {
					m.joined = min(m.joined, v.From)
				}
			}
			res.of[i] = m
		}
		res.had = interval.Of(had...)
	}
	e.rolls[r] = res
	return res
}

// livesOf appends when a subject is in its register and in use.
func (e *evaluator) livesOf(list []life, s *evidence.Subject) []life {
	begin := len(list)
	point := func(i int) *evidence.Point { return &s.Lives[i].Point }
	e.ruling(len(s.Lives), point, func(i int, sp interval.Span) {
		if l := &s.Lives[i]; l.In {
			list = append(list, life{sp, l.Attrs, &l.Point})
		}
	})
	if len(list)-begin > 1 {
		slices.SortFunc(list[begin:], func(a, b life) int {
			if a.span.From < b.span.From {
				return -1
			}
			return 1
		})
	}
	if len(s.Unused) == 0 {
		return list
	}
	var away []interval.Span
	for i := range s.Unused {
		away = append(away, e.away(&s.Unused[i]))
	}
	set := interval.Of(away...)
	whole := slices.Clone(list[begin:])
	list = list[:begin]
	for _, l := range whole {
		for _, sp := range (interval.Set{l.span}).Subtract(set) {
			list = append(list, life{sp, l.attrs, l.by})
		}
	}
	return list
}

// away is the span of a declared absence.
func (e *evaluator) away(a *evidence.Absence) interval.Span {
	v := e.visible(&a.Point, a.From)
	if a.To > 0 {
		v.To = min(v.To, a.To)
	}
	return v
}

// settled is when a subject is no longer new: some entry that put it in its
// register is older than so many days.
func (e *evaluator) settled(s *evidence.Subject, days int) interval.Set {
	var spans []interval.Span
	for i := range s.Lives {
		if l := &s.Lives[i]; l.In {
			v := e.visible(&l.Point, l.At)
			v.From += int64(days) * interval.Day
			spans = append(spans, v)
		}
	}
	return interval.Of(spans...)
}

// ruling divides time by which of n entries, given in order, is the last that
// is visible. The spans come in no order.
func (e *evaluator) ruling(n int, point func(int) *evidence.Point, yield func(i int, sp interval.Span)) {
	if len(e.book.Retractions) == 0 {
		next := interval.Forever
		for i := n - 1; i >= 0; i-- {
			if p := point(i); e.visible(p, p.At).From < next {
				from := e.visible(p, p.At).From
				yield(i, interval.Span{From: from, To: next})
				next = from
			}
		}
		return
	}
	open := interval.Set{{From: interval.Ever, To: interval.Forever}}
	for i := n - 1; i >= 0; i-- {
		p := point(i)
		mine := open.Intersect(interval.Of(e.visible(p, p.At)))
		for _, sp := range mine {
			yield(i, sp)
		}
		open = open.Subtract(mine)
	}
}

// applies reports whether a practice asks about a subject with attributes a.
// What is unknown is in scope.
func applies(p *framework.Practice, a *evidence.Attrs) bool {
	r := p.Applies
	if r == nil || a == nil {
		return true
	}
	switch {
	case len(r.Class) > 0 && a.Class != "" && !slices.Contains(r.Class, a.Class),
		r.EPHI && a.HoldsEPHI != nil && !*a.HoldsEPHI,
		r.Backup && a.BackedUp != nil && !*a.BackedUp,
		len(r.Vendor) > 0 && a.PHI != nil && !*a.PHI:
		return false
	}
	return meets(r.Account, a.Uses) && meets(r.Domain, a.Uses) && meets(r.Role, a.Roles)
}

// meets reports whether have and want share a word; nothing wanted, or
// nothing known, meets.
func meets(want, have []string) bool {
	if len(want) == 0 || len(have) == 0 {
		return true
	}
	return slices.ContainsFunc(want, func(w string) bool { return slices.Contains(have, w) })
}

// mixed reports whether a practice asks for different measures on different
// platforms and the lives of a subject are of more than one.
func mixed(p *framework.Practice, scope []life) bool {
	if len(scope) < 2 || !slices.ContainsFunc(p.Feeds, func(f framework.Feed) bool { return len(f.Platforms) > 0 }) {
		return false
	}
	return slices.ContainsFunc(scope, func(l life) bool { return l.platform() != scope[0].platform() })
}

func (l life) platform() string {
	if l.attrs == nil {
		return ""
	}
	return l.attrs.Platform
}
