package evidence

import (
	"slices"
	"strings"

	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// A run is extended only by an observation at most maxStep after its last
// one that was recorded at most maxLag after it held. With maximum ages of at
// least framework.MinimumAge a run is then exact in both readings.
const (
	maxStep = 36 * interval.Day / 24
	maxLag  = interval.Day
)

// Series is the runs of one measure from one source about one subject, in
// the order of Point.Before.
type Series struct {
	Measure string
	Source  string
	Runs    []Run
	raw     bool
}

// Subject is one member of a register, with what is known of it.
type Subject struct {
	ID     string
	Lives  []Life
	Unused []Absence
	Series []*Series

	last int // place of the series found last: reports come in one order
}

// Register is the subjects of one scope, in the order of their identifiers.
type Register struct {
	Subjects []*Subject
	byID     map[string]*Subject
}

// Subject returns the subject with an identifier, nil if there is none.
func (r *Register) Subject(id string) *Subject {
	if r == nil {
		return nil
	}
	return r.byID[id]
}

func (r *Register) add(id string) *Subject {
	if s := r.byID[id]; s != nil {
		return s
	}
	if r.byID == nil {
		r.byID = map[string]*Subject{}
	}
	s := &Subject{ID: id}
	r.byID[id] = s
	at, _ := slices.BinarySearchFunc(r.Subjects, id, func(s *Subject, id string) int { return strings.Compare(s.ID, id) })
	r.Subjects = slices.Insert(r.Subjects, at, s)
	return s
}

// On is all that was said of one practice outside of measures.
type On struct {
	Statements []Statement
	Triggers   []Trigger
	Answers    []Answer
	Nils       []Nil
	Beats      []Beat
	Reliefs    []Relief
}

// Book is the evidence of one client up to Size entries. It is filled by the
// fold, one entry after another, and read by coverage.
type Book struct {
	Size        uint64
	Started     Point // first entry of the log
	Registers   map[framework.Scope]*Register
	Practices   map[uint16]*On // by practice number
	LegalKinds  []Dated[framework.LegalKind]
	Profiles    []Dated[framework.Profile]
	Programs    []Dated[string]
	Adoptions   []Adoption
	Retractions map[uint64]Point     // by the entry taken back
	Closures    map[uint64][]Closure // by the failing entry, in order of index
	Erasures    []Erasure

	plan *Plan
}

// Plan is what a fold must know beforehand: which series are to be kept
// observation by observation because an entry arrived out of order, and which
// entries must stand alone because they were retracted or closed. A fold that
// meets a new case adds to the plan and has to be done again from the first
// entry.
type Plan struct {
	raw    map[seriesKey]bool
	single map[uint64]bool
	Again  bool // the plan grew: fold again
}

type seriesKey struct {
	scope                    framework.Scope
	subject, measure, source string
}

// NewPlan is the plan of a first fold.
func NewPlan() *Plan {
	return &Plan{raw: map[seriesKey]bool{}, single: map[uint64]bool{}}
}

// NewBook is an empty book folded under a plan.
func NewBook(plan *Plan) *Book {
	plan.Again = false
	return &Book{
		Registers:   map[framework.Scope]*Register{},
		Practices:   map[uint16]*On{},
		Retractions: map[uint64]Point{},
		Closures:    map[uint64][]Closure{},
		plan:        plan,
	}
}

// Register returns the register of a scope, making it if need be.
func (b *Book) Register(scope framework.Scope) *Register {
	r := b.Registers[scope]
	if r == nil {
		r = &Register{byID: map[string]*Subject{}}
		b.Registers[scope] = r
	}
	return r
}

// On returns what was said of the practice with a number, making room for it.
func (b *Book) On(number uint16) *On {
	on := b.Practices[number]
	if on == nil {
		on = &On{}
		b.Practices[number] = on
	}
	return on
}

// State adds a statement on a practice.
func (b *Book) State(number uint16, s Statement) {
	on := b.On(number)
	at := len(on.Statements)
	for at > 0 && s.Before(s.State == Fails, on.Statements[at-1].Point, on.Statements[at-1].State == Fails) {
		at--
	}
	on.Statements = slices.Insert(on.Statements, at, s)
}

// Live adds a change of a subject's place in its register.
func (b *Book) Live(scope framework.Scope, subject string, l Life) {
	s := b.Register(scope).add(subject)
	at := len(s.Lives)
	for at > 0 && l.Before(false, s.Lives[at-1].Point, false) {
		at--
	}
	s.Lives = slices.Insert(s.Lives, at, l)
}

// Absent adds a declared span out of use.
func (b *Book) Absent(scope framework.Scope, subject string, a Absence) {
	s := b.Register(scope).add(subject)
	s.Unused = append(s.Unused, a)
}

// Retract takes back the entry target; of several retractions the first one
// logged counts. An entry that may be part of a run must stand alone; the
// caller says so.
func (b *Book) Retract(target uint64, p Point, inRun bool) {
	if r, done := b.Retractions[target]; !done || p.Index < r.Index {
		b.Retractions[target] = p
	}
	b.alone(target, inRun)
}

// Close closes the failing entry target.
func (b *Book) Close(target uint64, c Closure, inRun bool) {
	list := b.Closures[target]
	at := len(list)
	for at > 0 && c.Index < list[at-1].Index {
		at--
	}
	b.Closures[target] = slices.Insert(list, at, c)
	b.alone(target, inRun)
}

func (b *Book) alone(target uint64, inRun bool) {
	if inRun && !b.plan.single[target] {
		b.plan.single[target] = true
		b.plan.Again = true
	}
}

// Observe adds one judged report of a source about a subject.
func (b *Book) Observe(scope framework.Scope, subject, measure, source string, o Observation) {
	s := b.Register(scope).add(subject)
	b.ObserveOn(scope, s, measure, source, o)
}

// ObserveOn is Observe for a subject that the caller already holds.
func (b *Book) ObserveOn(scope framework.Scope, s *Subject, measure, source string, o Observation) {
	series := s.series(measure, source)
	if series == nil {
		series = &Series{Measure: measure, Source: source}
		series.raw = len(b.plan.raw) > 0 && b.plan.raw[seriesKey{scope, s.ID, measure, source}]
		s.Series = append(s.Series, series)
	}
	n := len(series.Runs)
	switch {
	case n > 0 && !o.follows(&series.Runs[n-1]):
		b.insert(scope, s.ID, series, o)
	case n > 0 && !series.raw && b.extends(series.Runs, &o):
		series.Runs[n-1].Last = o.Point
	default:
		if n > 0 && series.Runs[n-1].blocks(o) {
			b.apart(scope, s.ID, series)
		}
		series.Runs = append(series.Runs, o.run())
	}
}

// apart asks for another fold in which every observation of a series is a run
// of its own.
func (b *Book) apart(scope framework.Scope, subject string, series *Series) {
	if !series.raw {
		b.plan.raw[seriesKey{scope, subject, series.Measure, series.Source}] = true
		b.plan.Again = true
	}
}

func (s *Subject) series(measure, source string) *Series {
	n := len(s.Series)
	for i := range n {
		at := (s.last + 1 + i) % n
		if x := s.Series[at]; x.Measure == measure && x.Source == source {
			s.last = at
			return x
		}
	}
	return nil
}

func (o Observation) run() Run {
	return Run{First: o.Point, Last: o.Point, Verdicts: o.Verdicts, Reason: o.Reason, Grade: o.Grade}
}

// extends reports whether an observation that follows all runs may become a
// member of the last one. Observations of one instant stay apart, because each
// rule orders them by its own verdict.
func (b *Book) extends(runs []Run, o *Observation) bool {
	n := len(runs) - 1
	r := &runs[n]
	return r.like(o) && o.At-r.Last.At <= maxStep && o.Recorded-o.At <= maxLag && r.First.Recorded-r.First.At <= maxLag &&
		o.Recorded >= r.Last.Recorded && (n == 0 || runs[n-1].Last.At < r.First.At) && !b.stands(r.Last.Index) && !b.stands(o.Index)
}

// stands reports whether an entry has to be a run of its own.
func (b *Book) stands(index uint64) bool { return len(b.plan.single) > 0 && b.plan.single[index] }

func (r *Run) like(o *Observation) bool {
	return r.Verdicts == o.Verdicts && r.Reason == o.Reason && r.Grade == o.Grade
}

// insert places an observation that arrived out of order. One that a run
// says already, and that was logged after it, would never decide anything and
// is left out. Where a run of several members is in the way the series has to
// be folded again, one observation a run.
func (b *Book) insert(scope framework.Scope, subject string, series *Series, o Observation) {
	at := len(series.Runs)
	for at > 0 && o.before(series.Runs[at-1]) {
		at--
	}
	if at > 0 && b.within(series.Runs[at-1], o) {
		return
	}
	if at > 0 && series.Runs[at-1].blocks(o) || at < len(series.Runs) && series.Runs[at].blocks(o) {
		b.apart(scope, subject, series)
	}
	series.Runs = slices.Insert(series.Runs, at, o.run())
}

// within reports whether a run of several members says what an observation
// says, before and after it.
func (b *Book) within(r Run, o Observation) bool {
	return r.First != r.Last && r.like(&o) && r.First.At < o.At && o.At < r.Last.At &&
		o.Recorded >= r.Last.Recorded && o.Index > r.Last.Index && !b.stands(o.Index)
}

// blocks reports whether an observation would fall among a run's members.
func (r Run) blocks(o Observation) bool {
	return r.First != r.Last && r.First.At <= o.At && o.At <= r.Last.At
}

func (o Observation) before(r Run) bool {
	return o.Before(o.fails(), r.First, r.Verdicts.fails())
}

// follows reports whether an observation comes after every member of a run.
func (o *Observation) follows(r *Run) bool {
	return r.Last.At < o.At || r.Last.Before(r.Verdicts.fails(), o.Point, o.fails())
}

func (o Observation) fails() bool { return o.Verdicts.fails() }

// fails reports whether any slot says so; among observations of one instant
// and source it decides the order.
func (v Verdicts) fails() bool {
	const low = 0x5555555555555555
	return uint64(v)>>1&^uint64(v)&low != 0
}
