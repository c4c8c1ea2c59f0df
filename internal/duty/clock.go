package duty

import (
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// clock is the twelve-month clock of the program.
func (m *summing) clock(wide bool) Clock {
	list := make([]coverage.Clock, 0, len(m.program))
	for _, p := range m.program {
		list = append(list, p.Clock(m.now, wide))
	}
	c := coverage.ProgramClock(list)
	stopped := map[string]Standing{coverage.StatusNever: NeverShown, coverage.Unproven: IsUnproven, coverage.Failed: IsFailed}
	return Clock{Since: c.Since, Stopped: stopped[c.Stopped], Stops: c.Stops}
}

// reports reports whether machines report on a practice by themselves, so
// that nobody has to be told when the next report is due.
func reports(b *evidence.Book, p *framework.Practice) bool {
	if p.Mode != framework.State || len(p.Feeds) == 0 || b.Registers[p.Scope] == nil {
		return false
	}
	return slices.ContainsFunc(b.Registers[p.Scope].Subjects, func(s *evidence.Subject) bool { return measuredBy(s, p) > 0 })
}

// measuredBy is when a subject was last measured for a practice, 0 if never.
func measuredBy(s *evidence.Subject, p *framework.Practice) int64 {
	last := int64(0)
	for _, x := range s.Series {
		if len(x.Runs) > 0 && slices.ContainsFunc(p.Feeds, func(f framework.Feed) bool { return f.Measure == x.Measure }) {
			last = max(last, x.Runs[len(x.Runs)-1].Last.At)
		}
	}
	return last
}

// saidUntil is when the first statement by a person, on a subject that no
// machine reports on, grows too old; false if there is none.
func saidUntil(b *evidence.Book, p *framework.Practice, now int64) (int64, bool) {
	on := b.Practices[p.Number]
	if on == nil {
		return 0, false
	}
	until := map[string]int64{}
	for _, s := range on.Statements {
		subject := b.Registers[p.Scope].Subject(s.Subject)
		if s.State == evidence.Holds && subject != nil && measuredBy(subject, p) == 0 {
			until[s.Subject] = max(until[s.Subject], s.At+int64(p.Freshness.MaxAgeDays)*interval.Day)
		}
	}
	first := interval.Forever
	for _, t := range until {
		if t > now {
			first = min(first, t)
		}
	}
	return first, first < interval.Forever
}
