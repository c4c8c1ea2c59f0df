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
	window  interval.Span // of the piece being judged
	whole   interval.Span // of the query
	zone    *time.Location
	cat     *evidence.Adoption // of the piece being judged

	scratch []segment
	items   []item
	lives   map[*evidence.Subject][]life
	best    *evaluator // the other reading, for disputes
}

func newEvaluator(b *evidence.Book, q Query) (*evaluator, error) {
	if q.Months < 1 || q.Months > 120 {
		return nil, fmt.Errorf("a window of %d months: ask for 1 to 120", q.Months)
	}
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
	e := newPiece(b, q, q.Reading)
	if q.Reading == Proven {
		e.best = newPiece(b, q, Best)
	}
	return e, nil
}

func newPiece(b *evidence.Book, q Query, r Reading) *evaluator {
	zone := q.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &evaluator{book: b, query: q, reading: r, whole: q.Window(), window: q.Window(), zone: zone, lives: map[*evidence.Subject][]life{}}
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

// started is when the practice was in the profile that is asked about.
func (e *evaluator) started(p *framework.Practice) interval.Set {
	always := interval.Set{{From: interval.Ever, To: interval.Forever}}
	switch {
	case len(e.query.Practices) > 0 && e.query.Profile == "":
		return always
	case e.query.Profile != "":
		if p.In(e.query.Profile) || len(e.query.Practices) > 0 {
			return always
		}
		return nil
	}
	var set []interval.Span
	for _, d := range dated(e, e.book.Profiles, framework.ProfileSmall) {
		if p.In(d.value) {
			set = append(set, d.span)
		}
	}
	return interval.Of(set...)
}

type datedSpan[T any] struct {
	span  interval.Span
	value T
}

// dated spreads values that hold from a point on over all time. The first one
// stated also holds for all time before; with none, it is otherwise.
func dated[T any](e *evaluator, list []evidence.Dated[T], otherwise T) []datedSpan[T] {
	ordered := slices.Clone(list)
	slices.SortStableFunc(ordered, func(a, b evidence.Dated[T]) int {
		if a.Before(false, b.Point, false) {
			return -1
		}
		return 1
	})
	var res []datedSpan[T]
	next := interval.Forever
	for i := len(ordered) - 1; i >= 0; i-- {
		v := e.visible(ordered[i].Point, ordered[i].At)
		if v.From >= v.To || v.From >= next {
			continue
		}
		res = append(res, datedSpan[T]{interval.Span{From: v.From, To: next}, ordered[i].Value})
		next = v.From
	}
	if len(res) == 0 {
		return []datedSpan[T]{{interval.Span{From: interval.Ever, To: interval.Forever}, otherwise}}
	}
	slices.Reverse(res)
	res[0].span.From = interval.Ever
	return res
}

// bound is when the practice binds the client's legal kind.
func (e *evaluator) bound(p *framework.Practice) interval.Set {
	var set []interval.Span
	for _, d := range dated(e, e.book.LegalKinds, framework.CoveredEntity) {
		if p.BindsKind(d.value) {
			set = append(set, d.span)
		}
	}
	return interval.Of(set...)
}

// piece is a part of the window that one catalog judges.
type piece struct {
	span     interval.Span
	adoption *evidence.Adoption
	practice *framework.Practice
}

// pieces divides the window by the catalogs adopted, by recorded time in both
// readings. The first catalog that has the practice judges all time before.
func (e *evaluator) pieces(id string) []piece {
	var res []piece
	for i := range e.book.Adoptions {
		a := &e.book.Adoptions[i]
		p, ok := a.Catalog.Practice(id)
		if !ok {
			continue
		}
		if n := len(res); n > 0 {
			res[n-1].span.To = a.Recorded
		}
		span := interval.Span{From: a.Recorded, To: interval.Forever}
		if len(res) == 0 {
			span.From = interval.Ever
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
