package coverage

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// day is the civil day of an instant in the client's zone, in words.
func (e *evaluator) day(t int64) string {
	at := time.UnixMilli(t).In(e.zone)
	key := [2]int{at.Year(), at.YearDay()}
	text, ok := e.days[key]
	if !ok {
		text = at.Format("January 2, 2006")
		e.days[key] = text
	}
	return text
}

// reason is the cause in plain words.
func (e *evaluator) reason(p *framework.Practice, t *track, s *segment) string {
	who := t.subject
	if t.name != "" {
		who = t.name
	}
	if who != "" {
		who += ": "
	}
	switch s.why {
	case whyFails:
		if *s.text == "" {
			return who + "an entry says that it was not in place"
		}
		return who + *s.text
	case whyClosed:
		return who + "the failure was closed on " + e.day(s.since) + " without new evidence"
	case whyEnded:
		return who + "ended on " + e.day(s.since)
	case whyOverdue:
		what := *s.text
		if what == "" {
			what = "the trigger"
		}
		return who + "no answer to " + what + " of " + e.day(s.since) + " within " + days(p.Event.DeadlineDays)
	case whySilent:
		if s.by != nil {
			return "nothing recorded since " + e.day(s.since) + ", and no statement that there was nothing"
		}
		return "nothing recorded, and no statement that there was nothing"
	case whyStale:
		if s.source > 0 {
			return who + "no report that shows this since " + e.day(s.since)
		}
		return who + "last shown on " + e.day(s.since) + ", older than " + days(p.Freshness.MaxAgeDays)
	}
	return who + "nothing on record yet"
}

// mostNamed is how many subjects the reason for an empty scope names.
const mostNamed = 3

// emptyScope says why a practice asks about nobody at t though nobody says
// that none exist: who is out of use, or was taken out of the register.
func (e *evaluator) emptyScope(p *framework.Practice, t int64) string {
	var gone []string
	more := 0
	for _, s := range e.register(p) {
		switch why := e.gone(p, s, t); {
		case why == "":
		case len(gone) == mostNamed:
			more++
		default:
			gone = append(gone, why)
		}
	}
	noun := string(p.Scope)
	if len(gone) == 0 {
		return "no " + noun + " is registered for this, and nobody says that none exist"
	}
	if more > 0 {
		gone = append(gone, strconv.Itoa(more)+" more are out of use or retired")
	}
	return "no " + noun + " is in scope, and nobody says that none exist: " + strings.Join(gone, ", ")
}

// register is the subjects that a practice asks about while they are there.
func (e *evaluator) register(p *framework.Practice) []*evidence.Subject {
	if r := e.book.Registers[p.Scope]; r != nil && p.Mode != framework.Event {
		return r.Subjects
	}
	return nil
}

// empties cuts a span in which nobody is in scope where the reason changes.
func (e *evaluator) empties(of *judged, sp interval.Span) []part {
	cuts := []int64{sp.From, sp.To}
	at := func(t int64) {
		if sp.From < t && t < sp.To {
			cuts = append(cuts, t)
		}
	}
	for _, s := range e.register(of.practice) {
		for i := range s.Lives {
			v := e.visible(&s.Lives[i].Point, s.Lives[i].At)
			at(v.From)
			at(v.To)
		}
		for i := range s.Unused {
			v := e.away(&s.Unused[i])
			at(v.From)
			at(v.To)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var res []part
	nobody := &track{}
	for i := 1; i < len(cuts); i++ {
		why := e.emptyScope(of.practice, cuts[i-1])
		if n := len(res); n > 0 && res[n-1].why == why {
			res[n-1].To = cuts[i]
			continue
		}
		res = append(res, part{Span: interval.Span{From: cuts[i-1], To: cuts[i]}, of: of, track: nobody, why: why})
	}
	return res
}

// gone says of a subject that the practice would ask about why it does not at
// t, "" where it is no such subject.
func (e *evaluator) gone(p *framework.Practice, s *evidence.Subject, t int64) string {
	var last *evidence.Life
	name := s.ID
	for i := range s.Lives { // in order, so the last one decides
		if l := &s.Lives[i]; e.visible(&l.Point, l.At).Contains(t) {
			last = l
			if l.Attrs != nil && l.Attrs.Name != "" {
				name = l.Attrs.Name
			}
		}
	}
	switch {
	case last == nil || !applies(p, last.Attrs):
		return ""
	case !last.In && p.Scope == framework.ScopeDevice:
		return name + " is retired since " + e.day(last.At)
	case !last.In:
		return name + " is off the register since " + e.day(last.At)
	}
	return e.outOfUse(name, s, t)
}

// outOfUse says until when a subject is out of use at t, "" where it is not.
func (e *evaluator) outOfUse(name string, s *evidence.Subject, t int64) string {
	var last *evidence.Absence
	for i := range s.Unused {
		a := &s.Unused[i]
		if e.away(a).Contains(t) && (last == nil || a.To == 0 || last.To != 0 && (a.To > last.To || a.To == last.To && a.Index > last.Index)) {
			last = a
		}
	}
	switch {
	case last == nil:
		return ""
	case last.To == 0:
		return name + " is out of use"
	}
	return name + " is out of use until " + e.day(last.To)
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}
