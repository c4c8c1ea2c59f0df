package coverage

import (
	"time"

	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Unbroken is a stretch without a gap that lasts until now. Where Held is
// false there is a gap now and the rest is zero.
type Unbroken struct {
	Held     bool   `json:"held"`
	Since    Time   `json:"since"`
	Complete Time   `json:"complete"` // first instant at which twelve months are complete if nothing breaks
	Date     string `json:"date"`     // its civil day in the client's zone
}

// PracticeClock is the 12-month clock of a practice: strict, and at 95 % of
// subjects at every instant (basis: ours). Where Asked is false the practice
// asks nothing of the client now and never did without a gap since.
type PracticeClock struct {
	Practice string   `json:"practice"`
	Asked    bool     `json:"asked"`
	Strict   Unbroken `json:"strict"`
	Wide     Unbroken `json:"wide"`
}

// Clock says since when a practice is held without a gap in proven. Spans
// that are exempt break nothing, and do not count at the beginning.
func Clock(b *evidence.Book, practice string, now int64, zone *time.Location) (PracticeClock, error) {
	all, err := clocks(b, []string{practice}, now, zone)
	if err != nil {
		return PracticeClock{}, err
	}
	return all[0], nil
}

func clocks(b *evidence.Book, ids []string, now int64, zone *time.Location) ([]PracticeClock, error) {
	q := Query{On: now, Months: maxMonths, Reading: Proven, Practices: ids, Zone: zone, Brief: true}
	r, err := Evaluate(b, q)
	if err != nil {
		return nil, err
	}
	res := make([]PracticeClock, 0, len(ids))
	for i := range r.Practices {
		p := &r.Practices[i]
		c := PracticeClock{Practice: p.ID}
		begin := int64(r.Window.From)
		if n := len(p.Gaps); n > 0 {
			begin = int64(p.Gaps[n-1].To)
		}
		c.Strict, c.Asked = p.unbroken(begin, now, zone)
		begin = now
		if n := len(p.Wide); n > 0 && p.Wide[n-1].To == now {
			begin = p.Wide[n-1].From
		}
		c.Wide, _ = p.unbroken(begin, now, zone)
		res = append(res, c)
	}
	return res, nil
}

// unbroken is the stretch from begin to now, less what is exempt at its
// beginning; asked is false where all of it is.
func (p *Practice) unbroken(begin, now int64, zone *time.Location) (u Unbroken, asked bool) {
	if begin >= now {
		return Unbroken{}, true
	}
	for _, x := range p.Exempt {
		if int64(x.From) <= begin && begin < int64(x.To) {
			begin = int64(x.To)
		}
	}
	if begin >= now {
		return Unbroken{}, false
	}
	complete := YearAfter(begin)
	return Unbroken{Held: true, Since: Time(begin), Complete: Time(complete), Date: interval.Civil(complete, zone)}, true
}

// YearAfter is the first instant whose twelve months before begin at t or
// later.
func YearAfter(t int64) int64 {
	return time.UnixMilli(t).UTC().AddDate(1, 0, 0).UnixMilli()
}

// Program is the 12-month clock of an elected program: the worst of its core
// practices. Slowest and SlowestWide name the practice that decides.
type Program struct {
	Framework   string          `json:"framework"`
	Practices   []PracticeClock `json:"practices"`
	Strict      Unbroken        `json:"strict"`
	Wide        Unbroken        `json:"wide"`
	Slowest     string          `json:"slowest,omitempty"`
	SlowestWide string          `json:"slowest_wide,omitempty"`
}

// Elected is the framework elected at an instant, "" for none, and the core
// practices of the client's profile that have a link to it.
func Elected(b *evidence.Book, c *framework.Catalog, at int64) (string, []*framework.Practice) {
	e := newReading(b, Query{}, Proven, interval.Span{From: at, To: at + 1})
	program := ""
	for _, d := range dated(e, b.Programs, "", func(evidence.Point) bool { return false }) {
		if d.span.Contains(at) && electedBy(e, b, at) {
			program = d.value
		}
	}
	if program == "" {
		return "", nil
	}
	profile := framework.ProfileSmall
	for _, d := range e.profiles {
		if d.span.Contains(at) {
			profile = d.value
		}
	}
	return program, c.Elected(program, profile)
}

// electedBy reports whether any election has taken effect: unlike a legal
// kind, an election says nothing of the time before it.
func electedBy(e *evaluator, b *evidence.Book, at int64) bool {
	for i := range b.Programs {
		if p := &b.Programs[i].Point; e.visible(p, p.At).Contains(at) {
			return true
		}
	}
	return false
}

// ProgramClock is the clock of the program elected now.
func ProgramClock(b *evidence.Book, c *framework.Catalog, now int64, zone *time.Location) (Program, error) {
	name, list := Elected(b, c, now)
	res := Program{Framework: name, Practices: []PracticeClock{}}
	if len(list) == 0 {
		return res, nil
	}
	ids := make([]string, 0, len(list))
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	all, err := clocks(b, ids, now, zone)
	if err != nil {
		return Program{}, err
	}
	res.Practices = all
	for i := range all {
		if !all[i].Asked {
			continue
		}
		if res.Slowest == "" || all[i].Strict.worse(res.Strict) {
			res.Strict, res.Slowest = all[i].Strict, all[i].Practice
		}
		if res.SlowestWide == "" || all[i].Wide.worse(res.Wide) {
			res.Wide, res.SlowestWide = all[i].Wide, all[i].Practice
		}
	}
	return res, nil
}

func (u Unbroken) worse(o Unbroken) bool {
	if u.Held != o.Held {
		return !u.Held
	}
	return u.Since > o.Since
}
