package coverage

import (
	"fmt"
	"slices"
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// evaluator judges one window in one reading. It is used by one goroutine.
type evaluator struct {
	book    *evidence.Book
	query   Query
	reading Reading
	whole   interval.Span // of the query
	zone    *time.Location

	// Set for the piece of the window that one catalog judges.
	window interval.Span
	cat    *evidence.Adoption
	slots  []int // of the measures of the practice's feeds

	// Kept for the whole query.
	kinds    []datedSpan[framework.LegalKind]
	profiles []datedSpan[framework.Profile]
	rolls    map[*evidence.Register]*roll
	best     *evaluator // the other reading, for disputes; nil in best

	// Kept for one practice.
	segs      arena
	number    uint16
	bySubject map[string][]*evidence.Statement

	// Scratch.
	rev   []segment
	items []item
	scope []life
	kept  against
	found []part
	keys  []partKey

	contested bool // a late failure was seen since this was set to false
	changes   []uint64
	days      map[[2]int]string // dates in words
}

func newEvaluator(b *evidence.Book, q Query, window interval.Span) (*evaluator, error) {
	if q.Reading != Proven && q.Reading != Best {
		return nil, fmt.Errorf("no reading is called %q: use proven or best", q.Reading)
	}
	switch q.Profile {
	case "", framework.ProfileSmall, framework.ProfileCore, framework.ProfileAll:
	default:
		return nil, fmt.Errorf("no profile is called %q: use small, core or all", q.Profile)
	}
	if len(b.Adoptions) == 0 {
		return nil, fmt.Errorf("this log has adopted no catalog: run `breakwater fsck`")
	}
	e := newReading(b, q, q.Reading, window)
	if q.Reading == Proven {
		e.best = newReading(b, q, Best, window)
	}
	return e, nil
}

func newReading(b *evidence.Book, q Query, r Reading, window interval.Span) *evaluator {
	e := &evaluator{
		book: b, query: q, reading: r, whole: window, window: window, zone: q.Zone,
		rolls: map[*evidence.Register]*roll{}, days: map[[2]int]string{},
	}
	if e.zone == nil {
		e.zone = time.UTC
	}
	e.kinds = dated(e, b.LegalKinds, framework.CoveredEntity, func(evidence.Point) bool { return true })
	e.profiles = dated(e, b.Profiles, framework.ProfileSmall, e.atTheStart)
	return e
}

// turn begins a piece of the window.
func (e *evaluator) turn(pc piece) {
	e.window, e.cat, e.slots = pc.span, pc.adoption, e.slots[:0]
	for i := range pc.practice.Feeds {
		e.slots = append(e.slots, pc.adoption.Slots[pc.practice.Feeds[i].Measure])
	}
	if e.best != nil {
		e.best.segs.reset()
		e.best.turn(pc)
	}
}

// asked lists the practices to answer for: those named, else those of the
// profile at any instant of the window, in the order of the newest catalog.
func (e *evaluator) asked() ([]string, error) {
	if len(e.query.Practices) > 0 {
		for _, id := range e.query.Practices {
			if !e.knows(id) {
				return nil, ErrUnknownPractice{id}
			}
		}
		return e.query.Practices, nil
	}
	var ids []string
	newest := e.book.Adoptions[len(e.book.Adoptions)-1].Catalog
	for _, p := range newest.Practices {
		if len(e.started(p).Intersect(interval.Set{e.whole})) > 0 {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

func (e *evaluator) knows(id string) bool {
	return slices.ContainsFunc(e.book.Adoptions, func(a evidence.Adoption) bool {
		_, ok := a.Catalog.Practice(id)
		return ok
	})
}

// always is all time.
var always = interval.Set{{From: interval.Ever, To: interval.Forever}}

// started is when the practice was in the profile that is asked about. One
// that is asked about by name always is.
func (e *evaluator) started(p *framework.Practice) interval.Set {
	switch {
	case len(e.query.Practices) > 0:
		return always
	case e.query.Profile != "":
		if p.In(e.query.Profile) {
			return always
		}
		return nil
	}
	return spansWhere(e.profiles, p.In)
}

// bound is when the practice binds the client's legal kind.
func (e *evaluator) bound(p *framework.Practice) interval.Set {
	return spansWhere(e.kinds, p.BindsKind)
}

type datedSpan[T any] struct {
	span  interval.Span
	value T
}

func spansWhere[T any](list []datedSpan[T], ok func(T) bool) interval.Set {
	if len(list) == 1 && ok(list[0].value) {
		return always
	}
	var spans []interval.Span
	for _, d := range list {
		if ok(d.value) {
			spans = append(spans, d.span)
		}
	}
	return interval.Of(spans...)
}

// atTheStart reports whether an entry was logged when the log began.
func (e *evaluator) atTheStart(p evidence.Point) bool { return p.Recorded == e.book.Started.Recorded }

// dated spreads values that hold from a point on over all time. The first one
// of those that reach back also holds for all time before: the first logged in
// proven, whose past does not change, the first by date in best. With none it
// is otherwise.
func dated[T any](e *evaluator, list []evidence.Dated[T], otherwise T, reachesBack func(evidence.Point) bool) []datedSpan[T] {
	byDate := slices.Clone(list)
	slices.SortFunc(byDate, func(a, b evidence.Dated[T]) int {
		if a.Before(false, b.Point, false) {
			return -1
		}
		return 1
	})
	var res []datedSpan[T]
	open := always
	take := func(mine interval.Set, value T) {
		for _, sp := range mine {
			res = append(res, datedSpan[T]{sp, value})
		}
		open = open.Subtract(mine)
	}
	e.ruling(len(byDate), func(i int) *evidence.Point { return &byDate[i].Point }, func(i int, sp interval.Span) {
		take(interval.Set{sp}, byDate[i].Value)
	})
	if e.reading == Proven {
		slices.SortFunc(byDate, func(a, b evidence.Dated[T]) int { return int(int64(a.Index) - int64(b.Index)) })
	}
	for i := range byDate {
		if reachesBack(byDate[i].Point) {
			take(open.Intersect(interval.Of(interval.Span{From: interval.Ever, To: e.dropped(&byDate[i].Point)})), byDate[i].Value)
		}
	}
	take(open, otherwise)
	return res
}

// piece is a part of the window that one catalog judges.
type piece struct {
	span     interval.Span
	adoption *evidence.Adoption
	practice *framework.Practice
}

// pieces divides the window by the catalogs adopted, by recorded time in both
// readings. The first catalog that has the practice judges all time before,
// the last one that has it all time after.
func (e *evaluator) pieces(id string) []piece {
	res := make([]piece, 0, len(e.book.Adoptions))
	for i := range e.book.Adoptions {
		a := &e.book.Adoptions[i]
		p, ok := a.Catalog.Practice(id)
		if !ok {
			continue
		}
		span := interval.Span{From: interval.Ever, To: interval.Forever}
		if n := len(res); n > 0 {
			res[n-1].span.To, span.From = a.Recorded, a.Recorded
		}
		res = append(res, piece{span, a, p})
	}
	clipped := res[:0]
	for _, p := range res {
		if p.span = p.span.Clip(e.whole); !p.span.Empty() {
			clipped = append(clipped, p)
		}
	}
	return clipped
}
