package duty

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// How far a summary looks. It is good for lasts days; deadlines are listed
// for ahead days.
const (
	lasts = 35
	ahead = 120

	maxFailures = 4
	maxDues     = 8
	maxReason   = 160 // bytes of a reason
	maxMonths   = 60  // how far back the twelve-month clock is followed
)

// Tally counts practices by how they stand. InPlace has those by alternative
// among them; Measured, Recorded and Attested say how those in place are
// known.
type Tally struct {
	InPlace, Alternative, Unproven, Failed, NeverShown int
	NotApplying, NotBinding                            int
	Measured, Recorded, Attested                       int
}

// Judged is how many practices are asked of the client at all.
func (t Tally) Judged() int { return t.InPlace + t.Unproven + t.Failed + t.NeverShown }

func (t *Tally) add(s Standing, g evidence.Grade, n int) {
	switch s {
	case NotBinding:
		t.NotBinding += n
	case NotApplying:
		t.NotApplying += n
	case NeverShown:
		t.NeverShown += n
	case IsUnproven:
		t.Unproven += n
	case IsFailed:
		t.Failed += n
	case IsAlternative, IsInPlace:
		t.InPlace += n
		if s == IsAlternative {
			t.Alternative += n
		}
		switch g {
		case evidence.Measured:
			t.Measured += n
		case evidence.Recorded:
			t.Recorded += n
		case evidence.Attested:
			t.Attested += n
		}
	}
}

// Turn is a practice changing its standing at an instant to come, if no entry
// is added before.
type Turn struct {
	At        int64
	Was, Is   Standing
	WasG, IsG evidence.Grade
}

// Mark is where a strip changes to a state.
type Mark struct {
	At    int64
	State State
}

// Failure is a practice that is failed, with what is shown beside it.
type Failure struct {
	Practice, Title string
	Since           int64
	Failing         int // subjects that fail, of InScope; both 0 where they are not counted
	InScope         int
	Noun            string
	Reason          string
	Entries         []uint64
	Cure
}

// Due is something that has to be shown again by an instant, or was to be.
type Due struct {
	Practice, Title string
	At              int64
	Limit           framework.Limit
	Ends            bool // a term ends, rather than evidence growing old
}

// Clock is the twelve-month clock of the elected program: since when all its
// practices are in place, and when they stop being so if nothing is added.
type Clock struct {
	Since   int64    // 0 while stopped
	Stopped Standing // what stops it: IsFailed, IsUnproven or NeverShown
	Stops   int64
}

// Summary is one client in a row of the portfolio, good from At until Until
// or until its log grows. It is small, plain data: it is kept in snapshots.
type Summary struct {
	ID, Name, Line, Zone   string
	MSP, Sample            bool
	Sites, Devices, People int
	Enrolled               int // devices that have reported
	Size                   uint64
	Started, At, Until     int64
	Tally                  Tally
	Turns                  []Turn
	Strip                  []Mark
	Clock, Wide            Clock
	Failures               []Failure
	Dues                   []Due // by At
}

// Fresh reports whether the summary still says what the state of a log with
// size entries says at now.
func (s *Summary) Fresh(size uint64, now int64) bool {
	return s.Size == size && s.At <= now && now < s.Until
}

// Summarize makes the summary of a client at now, projected forward.
func Summarize(state *projection.State, now int64) (Summary, error) {
	s := describe(state)
	s.At, s.Until = now, now+lasts*interval.Day
	r, err := coverage.Evaluate(state.Book, coverage.Query{
		On: now + ahead*interval.Day, Months: monthsBack(state, now), Reading: coverage.Proven, Zone: state.Client.Location(), Brief: true,
	})
	if err != nil {
		return Summary{}, fmt.Errorf("summarize %s: %w", s.ID, err)
	}
	m := summing{state: state, now: now, s: &s, catalog: newest(state.Book), zone: state.Client.Location()}
	_, program := coverage.Elected(state.Book, m.catalog, now)
	for i := range r.Practices {
		p := &r.Practices[i]
		m.practice(p)
		if slices.ContainsFunc(program, func(x *framework.Practice) bool { return x.ID == p.ID }) {
			m.program = append(m.program, p)
		}
	}
	m.finish()
	s.Strip = m.marks(r)
	if err := m.subjects(); err != nil {
		return Summary{}, fmt.Errorf("summarize %s: %w", s.ID, err)
	}
	return s, nil
}

func newest(b *evidence.Book) *framework.Catalog { return b.Adoptions[len(b.Adoptions)-1].Catalog }

func describe(state *projection.State) Summary {
	c := &state.Client
	s := Summary{
		ID: c.ID, Name: c.Name, Line: c.Line, Zone: c.Zone, MSP: c.MSP, Sample: c.Sample,
		Sites: c.Count(framework.ScopeSite), People: c.Count(framework.ScopePerson), Devices: state.Device.Count(),
		Size: state.Size, Started: Began(state.Book),
	}
	for _, d := range state.Device.Devices {
		if d.In && d.Last.At > 0 {
			s.Enrolled++
		}
	}
	return s
}

// monthsBack is how long a window that ends ahead must be to reach back to
// where the log began, and at least over the strip of a year.
func monthsBack(state *projection.State, now int64) int {
	days := (now + ahead*interval.Day - Began(state.Book)) / interval.Day
	return int(min(maxMonths, max(18, days/28+1)))
}

// summing is a summary being made.
type summing struct {
	state   *projection.State
	now     int64
	s       *Summary
	catalog *framework.Catalog
	zone    *time.Location
	program []*coverage.Practice
}

func (m *summing) practice(a *coverage.Practice) {
	p, ok := m.catalog.Practice(a.ID)
	if !ok {
		return
	}
	l := lineOf(a)
	i := at(l, m.now)
	if i < 0 {
		return
	}
	s := l[i]
	m.s.Tally.add(s.standing, s.grade, 1)
	m.turns(l, i)
	switch s.standing {
	case IsFailed:
		from := since(l, i)
		m.s.Failures = append(m.s.Failures, Failure{Practice: p.ID, Title: p.Title, Since: from, Cure: cureOf(m.state, p.ID, coverage.Failed, from, m.zone)})
	case IsUnproven:
		m.s.Dues = append(m.s.Dues, Due{Practice: p.ID, Title: p.Title, At: since(l, i), Limit: p.Freshness.Limit, Ends: p.Mode == framework.InForce})
	}
	if d, ok := m.due(l, i, p); ok {
		m.s.Dues = append(m.s.Dues, d)
	}
}

// turns lists what will change while the summary lasts. Where something gets
// better by itself the summary ends, for the clock would have to be judged
// again.
func (m *summing) turns(l []stretch, i int) {
	for ; i+1 < len(l) && l[i+1].From < m.s.Until; i++ {
		a, b := l[i], l[i+1]
		if a.open() && !b.open() {
			m.s.Until = min(m.s.Until, b.From)
		}
		m.s.Turns = append(m.s.Turns, Turn{At: b.From, Was: a.standing, Is: b.standing, WasG: a.grade, IsG: b.grade})
	}
}

// due is by when the practice has to be shown again. What a machine reports
// by itself is never due.
func (m *summing) due(l []stretch, i int, p *framework.Practice) (Due, bool) {
	if !l[i].held() {
		return Due{}, false
	}
	n := nextOpen(l, i)
	if n < 0 {
		return Due{}, false
	}
	d := Due{Practice: p.ID, Title: p.Title, At: l[n].From, Limit: p.Freshness.Limit, Ends: p.Mode == framework.InForce}
	if !reports(m.state.Book, p) {
		return d, true
	}
	said, ok := saidUntil(m.state.Book, p, m.now)
	d.At = said
	return d, ok
}

// finish orders what was collected, and sets the clocks.
func (m *summing) finish() {
	s := m.s
	slices.SortFunc(s.Turns, func(a, b Turn) int { return compare(a.At, b.At) })
	s.Turns = slices.DeleteFunc(s.Turns, func(t Turn) bool { return t.At >= s.Until })
	slices.SortStableFunc(s.Failures, func(a, b Failure) int { return compare(a.Ends, b.Ends) })
	slices.SortStableFunc(s.Dues, func(a, b Due) int { return compare(a.At, b.At) })
	s.Failures = s.Failures[:min(len(s.Failures), maxFailures)]
	s.Dues = s.Dues[:min(len(s.Dues), maxDues)]
	s.Clock, s.Wide = m.clock(false), m.clock(true)
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// subjects asks how many subjects the failed practices fail for, and why.
func (m *summing) subjects() error {
	if len(m.s.Failures) == 0 {
		return nil
	}
	ids := make([]string, len(m.s.Failures))
	for i, f := range m.s.Failures {
		ids[i] = f.Practice
	}
	r, err := coverage.Evaluate(m.state.Book, coverage.Query{
		On: m.now, Months: 1, Reading: coverage.Proven, Zone: m.zone, Practices: ids,
	})
	if err != nil {
		return err
	}
	for i := range m.s.Failures {
		f, a := &m.s.Failures[i], r.Practices[i]
		p, _ := m.catalog.Practice(f.Practice)
		if n, ok := counted(p); ok {
			f.Failing, f.InScope, f.Noun = failing(a), a.Subjects.InScope, n.of(a.Subjects.InScope)
		}
		f.because(a)
	}
	return nil
}

// failing is how many subjects fail at the end of an answer; where its last
// gap does not list them all it is how many do not hold.
func failing(a coverage.Practice) int {
	if len(a.Gaps) == 0 {
		return 0
	}
	g := a.Gaps[len(a.Gaps)-1]
	if g.More > 0 {
		return a.Subjects.InScope - a.Subjects.Held
	}
	seen := map[string]bool{}
	for _, c := range g.Causes {
		if c.To == g.To {
			seen[c.Subject] = true
		}
	}
	return len(seen)
}

// because takes the reason and the entries of the gap that is open.
func (f *Failure) because(a coverage.Practice) {
	if len(a.Gaps) == 0 {
		return
	}
	for _, c := range a.Gaps[len(a.Gaps)-1].Causes {
		if int64(c.To) < int64(a.Gaps[len(a.Gaps)-1].To) {
			continue
		}
		if f.Reason == "" {
			f.Reason = c.Reason
			if len(f.Reason) > maxReason {
				f.Reason = strings.ToValidUTF8(f.Reason[:maxReason], "") + "…"
			}
		}
		for _, e := range c.Entries {
			if len(f.Entries) < 3 && !slices.Contains(f.Entries, e) {
				f.Entries = append(f.Entries, e)
			}
		}
	}
}

// marks is the client's strip, by civil days up to today and exact from there
// on, so that it can be cut at any instant while the summary lasts.
func (m *summing) marks(r coverage.Report) []Mark {
	runs := r.Strip()
	from := interval.MonthsBefore(m.now, 12) - interval.Day
	today := civilDate(civil(m.now, m.zone))
	midnight := interval.DayEnd(today.Year(), today.Month(), today.Day()-1, m.zone)
	var res []Mark
	put := func(at int64, s State) {
		if n := len(res); n == 0 || res[n-1].State != s {
			res = append(res, Mark{at, s})
		}
	}
	past := interval.Span{From: from, To: midnight}
	c := paint(past, m.zone, runs)
	for _, p := range c.pieces() {
		d := c.date(p.a)
		put(max(from, interval.DayEnd(d.Year(), d.Month(), d.Day()-1, m.zone)), p.state)
	}
	at := midnight
	for _, run := range runs {
		sp := run.Clip(interval.Span{From: midnight, To: m.s.Until})
		if sp.Empty() {
			continue
		}
		if sp.From > at {
			put(at, Outside)
		}
		put(sp.From, run.State)
		at = sp.To
	}
	if at < m.s.Until {
		put(at, Outside)
	}
	return res
}
