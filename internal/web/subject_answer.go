package web

import (
	"maps"
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// answer is what coverage says of one practice for one subject alone.
type answer struct {
	id      string
	spans   []stretch // held and open, in order
	inScope bool      // at the end of the window
	gap     int64     // ms
}

// answersOf asks about one subject of a register, as if it were the only one.
// Where it was not in scope there is no span.
func (a asked) answersOf(st *projection.State, scope framework.Scope, subject *evidence.Subject, practices []string) ([]answer, error) {
	book := *st.Book
	book.Registers = maps.Clone(book.Registers)
	// A register that always had an entry keeps what was said of the client as
	// a whole out of the answer.
	other := &evidence.Subject{ID: "\x00", Lives: []evidence.Life{{Point: evidence.Point{At: interval.Ever, Recorded: interval.Ever}}}}
	book.Registers[scope] = &evidence.Register{Subjects: []*evidence.Subject{other, subject}}
	r, err := coverage.Evaluate(&book, coverage.Query{
		On: a.On, Months: 12, Reading: a.reading(), Practices: practices, Zone: st.Client.Location(),
	})
	if err != nil {
		return nil, err
	}
	list := make([]answer, len(r.Practices))
	for n := range r.Practices {
		list[n] = answerOf(&r.Practices[n], subject.ID)
		list[n].inScope = r.Practices[n].Subjects.InScope > 0
	}
	return list, nil
}

func answerOf(p *coverage.Practice, subject string) answer {
	res := answer{id: p.ID}
	for _, c := range p.Covered {
		s := stretch{Span: interval.Span{From: int64(c.From), To: int64(c.To)}, class: "in", grade: c.Grade}
		if c.Alternative {
			s.class = "alt"
		}
		res.spans = append(res.spans, s)
	}
	for n := range p.Gaps {
		for _, c := range p.Gaps[n].Causes {
			if c.Subject != subject {
				continue
			}
			g := p.Gaps[n]
			g.Causes, g.More = []coverage.Cause{c}, 0
			s := stretch{Span: interval.Span{From: int64(c.From), To: int64(c.To)}, class: "un", gaps: []*coverage.Gap{&g}}
			if g.Kind == coverage.Failed {
				s.class = "fa"
			}
			res.gap += s.Length()
			res.spans = append(res.spans, s)
		}
	}
	slices.SortFunc(res.spans, func(x, y stretch) int { return int(min(1, max(-1, x.From-y.From))) })
	res.spans = joined(res.spans)
	return res
}

// at is how the subject stands at the end of the window; an empty class where
// it is not in scope.
func (x *answer) at(on int64) stretch {
	if n := len(x.spans); n > 0 && x.spans[n-1].To == on {
		return x.spans[n-1]
	}
	return stretch{}
}

// states are the marks of classes.
var states = map[string]duty.State{"in": duty.InPlace, "alt": duty.Alternative, "un": duty.Unproven, "fa": duty.Failed}

// strip draws the answer. Silence before the log began is outside.
func (x *answer) strip(a asked, st *projection.State) Strip {
	began := duty.Began(st.Book)
	var runs []duty.Run
	for _, s := range x.spans {
		if s.class == "un" {
			s.From = max(s.From, began)
		}
		if !s.Empty() {
			runs = append(runs, duty.Run{Span: s.Span, State: states[s.class]})
		}
	}
	return Strip(duty.Draw(a.Window(), st.Client.Location(), runs))
}

// rank orders subjects worst first.
func (x *answer) rank(on int64) int {
	switch x.at(on).class {
	case "fa":
		return 0
	case "un":
		return 1
	}
	switch {
	case x.gap > 0:
		return 2
	case x.at(on).class == "alt":
		return 3
	case x.at(on).class == "in":
		return 4
	}
	return 5
}

// spokenOf reports whether anything at all is on record for a practice.
func spokenOf(st *projection.State, row *framework.Practice) bool {
	if on := st.Book.Practices[row.Number]; on != nil && len(on.Statements)+len(on.Triggers)+len(on.Answers)+len(on.Nils)+len(on.Beats) > 0 {
		return true
	}
	r := st.Book.Registers[row.Scope]
	return r != nil && slices.ContainsFunc(r.Subjects, func(s *evidence.Subject) bool { return spoken(st, row, s) > 0 })
}

// spoken is when anybody or anything last said something of a practice about
// a subject, 0 for never.
func spoken(st *projection.State, row *framework.Practice, s *evidence.Subject) int64 {
	last := int64(0)
	for _, x := range s.Series {
		if n := len(x.Runs); n > 0 && slices.ContainsFunc(row.Feeds, func(f framework.Feed) bool { return f.Measure == x.Measure }) {
			last = max(last, x.Runs[n-1].Last.At)
		}
	}
	for _, e := range st.Document.Statements[row.ID] {
		if e.Subject == s.ID {
			last = max(last, e.At)
		}
	}
	return last
}
