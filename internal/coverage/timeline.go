package coverage

import (
	"slices"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// item is one piece of evidence that decides: a run or a statement.
type item struct {
	first, last *evidence.Point
	text        *string
	until       int64 // end of cover at the latest
	source      uint16
	verdict     framework.Verdict
	grade       evidence.Grade
}

// visible is the span in which a reading takes an entry into account. A
// retraction drops it from best altogether and from proven when recorded.
func (e *evaluator) visible(p *evidence.Point, from int64) interval.Span {
	v := interval.Span{From: from, To: interval.Forever}
	if e.reading == Proven {
		v.From = max(from, p.Recorded)
	}
	if len(e.book.Retractions) > 0 {
		if r, ok := e.book.Retractions[p.Index]; ok {
			if e.reading == Best {
				return interval.Span{}
			}
			v.To = r.Recorded
		}
	}
	return v
}

// dropped is the instant from which a reading no longer counts an entry.
func (e *evaluator) dropped(p *evidence.Point) int64 {
	r, ok := e.book.Retractions[p.Index]
	switch {
	case !ok:
		return interval.Forever
	case e.reading == Best:
		return interval.Ever
	}
	return r.Recorded
}

// runs lists what a series says under a rule, latest first and without the
// unknown. Unless all is asked for it ends where nothing older can decide in
// the window, or begin a failure that does. Of one instant a failure comes
// first.
func (e *evaluator) runs(series *evidence.Series, slot int, source uint16, all bool) []item {
	items := e.items[:0]
	settled := false
	runs := series.Runs
	if !all {
		runs = runs[:begun(runs, e.window.To)]
	}
	for i := len(runs) - 1; i >= 0; i-- {
		r := &runs[i]
		verdict := r.Verdicts.At(slot)
		if verdict == framework.Unknown {
			continue
		}
		items = append(items, item{
			first: &r.First, last: &r.Last, text: &r.Reason, until: interval.Forever,
			source: source, verdict: verdict, grade: r.Grade,
		})
		bubble(items)
		e.contested = e.contested || verdict == framework.Fails && r.First.Recorded > r.First.At
		v := e.visible(&r.First, r.First.At)
		settled = settled || v.From <= e.window.From && v.To == interval.Forever
		if settled && !all && verdict != framework.Fails && (i == 0 || runs[i-1].First.At < r.First.At) {
			break
		}
	}
	e.items = items
	return items
}

// begun is how many runs began before t.
func begun(runs []evidence.Run, t int64) int {
	n := len(runs)
	if n == 0 || runs[n-1].First.At < t {
		return n
	}
	n, _ = slices.BinarySearchFunc(runs, t, func(r evidence.Run, t int64) int {
		if r.First.At < t {
			return -1
		}
		return 1
	})
	return n
}

// bubble puts the last item in its place among those of the same instant: a
// failure comes first, then what was logged later.
func bubble(items []item) {
	for k := len(items) - 1; k > 0 && items[k-1].first.At == items[k].first.At; k-- {
		a, b := &items[k], &items[k-1]
		if fa, fb := a.verdict == framework.Fails, b.verdict == framework.Fails; fb && !fa || fa == fb && a.first.Index < b.first.Index {
			return
		}
		*a, *b = *b, *a
	}
}

// steady is timeline for the ordinary series that says nothing but that all
// is well; ok is false for any other.
func (e *evaluator) steady(series *evidence.Series, slot int, source uint16, maxAge int64) (res []segment, ok bool) {
	if len(e.book.Retractions) > 0 {
		return nil, false
	}
	w, late := e.window, e.reading == Proven
	runs := series.Runs[:begun(series.Runs, w.To)]
	rev := e.rev[:0]
	next := w.To // everything from here on is in rev
	for i := len(runs) - 1; i >= 0 && next > w.From; i-- {
		r := &runs[i]
		switch r.Verdicts.At(slot) {
		case framework.Unknown:
			continue
		case framework.Holds:
		default:
			return nil, false
		}
		if i > 0 && runs[i-1].First.At == r.First.At {
			return nil, false // each rule orders these for itself
		}
		from := r.First.At
		if late {
			from = max(from, r.First.Recorded)
		}
		if from >= next {
			continue
		}
		from = max(from, w.From)
		end := max(r.Last.At+maxAge, from)
		if end < next {
			rev = append(rev, segment{from: end, to: next, status: unproven, why: whyStale, by: &r.Last, since: r.Last.At, source: source})
			next = end
		}
		if n := len(rev); n > 0 && rev[n-1].status == held && rev[n-1].grade == r.Grade {
			rev[n-1].from = from
		} else if from < next {
			rev = append(rev, plain(from, next, held, r.Grade))
		}
		next = from
	}
	if next > w.From {
		rev = append(rev, segment{from: w.From, to: next, status: unproven, why: whyNever})
	}
	e.rev = rev
	slices.Reverse(rev)
	return e.segs.done(append(e.segs.open(len(rev)), rev...)), true
}

// timeline is the status of one source over the window. Of the items, latest
// first, the first visible one decides.
func (e *evaluator) timeline(items []item, maxAge int64) []segment {
	w := e.window
	next := w.To
	rev := e.rev[:0]
	for i := range items {
		it := &items[i]
		v := e.visible(it.first, it.first.At)
		if v.To < interval.Forever {
			return e.timelineRetracted(items, maxAge)
		}
		if v.From < next {
			rev = e.decide(rev, items[i:], interval.Span{From: max(v.From, w.From), To: next}, maxAge)
			if next = max(v.From, w.From); next == w.From {
				break
			}
		}
	}
	if next > w.From {
		rev = append(rev, segment{from: w.From, to: next, status: unproven, why: whyNever})
	}
	e.rev = rev
	res := e.segs.open(len(rev))
	for i := len(rev) - 1; i >= 0; i-- {
		res = add(res, rev[i])
	}
	return e.segs.done(res)
}

// timelineRetracted is timeline where something was retracted: every item
// decides what no later one has decided.
func (e *evaluator) timelineRetracted(items []item, maxAge int64) []segment {
	open := interval.Set{e.window}
	rev := e.rev[:0]
	for i := range items {
		v := e.visible(items[i].first, items[i].first.At)
		if v.Empty() {
			continue
		}
		mine := open.Intersect(interval.Set{v})
		for _, sp := range mine {
			rev = e.decide(rev, items[i:], sp, maxAge)
		}
		open = open.Subtract(mine)
	}
	for _, sp := range open {
		rev = append(rev, segment{from: sp.From, to: sp.To, status: unproven, why: whyNever})
	}
	e.rev = rev
	slices.SortFunc(rev, func(a, b segment) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	res := e.segs.open(len(rev))
	for _, s := range rev {
		res = add(res, s)
	}
	return e.segs.done(res)
}

// decide appends, latest first, what the first of the items says about a span
// in which it is the one that decides.
func (e *evaluator) decide(rev []segment, items []item, span interval.Span, maxAge int64) []segment {
	it := &items[0]
	if it.verdict == framework.Fails {
		return e.failing(rev, items, span)
	}
	stale := segment{status: unproven, why: whyStale, by: it.last, since: it.last.At, source: it.source}
	end := interval.Forever
	if maxAge < interval.Forever {
		end = it.last.At + maxAge
	}
	if it.until < end {
		end, stale.why, stale.since = it.until, whyEnded, it.until
	}
	end = max(min(end, span.To), span.From)
	if end < span.To {
		stale.from, stale.to = end, span.To
		rev = append(rev, stale)
	}
	if span.From < end {
		s := plain(span.From, end, held, it.grade)
		if it.verdict == framework.NotApplicable {
			s.status, s.grade = na, evidence.NoGrade
		}
		rev = append(rev, s)
	}
	return rev
}

// failing appends, latest first, a failure and where it was closed; from there
// on nothing is proven until new evidence.
func (e *evaluator) failing(rev []segment, items []item, span interval.Span) []segment {
	it, first := &items[0], e.began(items)
	s := segment{
		status: failed, why: whyFails, by: first, since: first.At, text: it.text, source: it.source,
	}
	end := span.To
	for _, shut := range slices.Backward(e.closed(it.last.Index)) {
		if shut = shut.Clip(span); shut.Empty() {
			continue
		}
		c := &e.book.Closures[it.last.Index][0]
		s.from, s.to = shut.To, end
		rev = append(rev, s, segment{
			from: shut.From, to: shut.To, status: unproven, why: whyClosed, by: &c.Point, since: c.At, source: it.source,
		})
		end = shut.From
	}
	s.from, s.to = span.From, end
	return append(rev, s)
}

// began is the first entry of the failure that the first of the items is part
// of: the oldest that said the same without a break and was known no later.
func (e *evaluator) began(items []item) *evidence.Point {
	it := &items[0]
	first, from := it.first, e.visible(it.first, it.first.At).From
	for k := 1; k < len(items); k++ {
		o := &items[k]
		if o.verdict != framework.Fails || *o.text != *it.text || len(e.closed(o.last.Index)) > 0 {
			break
		}
		if v := e.visible(o.first, o.first.At); v.To == interval.Forever && v.From <= from {
			first = o.first
		}
	}
	return first
}

// closed is when a failing entry is closed.
func (e *evaluator) closed(index uint64) interval.Set {
	if len(e.book.Closures) == 0 {
		return nil
	}
	var spans []interval.Span
	for _, c := range e.book.Closures[index] {
		spans = append(spans, e.visible(&c.Point, c.At))
	}
	return interval.Of(spans...)
}
