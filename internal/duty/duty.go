// Package duty knows what a client's evidence asks of people: what is failed,
// unproven or due, ranked, each with the one action that closes it; the row of
// a client in the portfolio; its strip; and the one sentence that may be read
// aloud. It joins coverage with what the subjects say, purely. It refuses to
// know the network, the clock and storage: every instant is given.
//
// Words: a duty is one thing to do. A summary is a client projected forward,
// small enough to keep; a row is a summary at an instant. A strip is a year
// drawn by days. A claim is what entries show of a practice, followed by what
// the law says of it. A standing is how a practice stands at an instant.
package duty

import (
	"fmt"
	"slices"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// Kind is the sort of a duty.
type Kind string

// The kinds, in the order in which they rank.
const (
	KindFailed   Kind = "failed"
	KindUnproven Kind = "unproven" // shown before, not lately
	KindBegin    Kind = "begin"    // never shown
	KindDue      Kind = "due"
)

// Duty is one thing to do for a client.
type Duty struct {
	Rank     int      `json:"rank"` // from 1
	Kind     Kind     `json:"kind"`
	Practice string   `json:"practice,omitempty"` // "" where it is no practice
	Title    string   `json:"title"`              // of the practice
	Action   string   `json:"action"`             // one imperative sentence without its period
	Word     string   `json:"word"`               // "MFA on email failed", "Unproven": how Why begins
	Why      string   `json:"why"`                // state, since when, which limit
	Reason   string   `json:"reason,omitempty"`   // of the first cause, in plain words
	Since    int64    `json:"since,omitempty"`    // when it became failed or unproven
	Due      int64    `json:"due,omitempty"`      // by when; the past where it was not met
	CureDay  int      `json:"cure_day,omitempty"`
	CureEnds int64    `json:"cure_ends,omitempty"` // 0 without a cure period
	Who      string   `json:"who,omitempty"`       // who has the subject, where that is known
	Subjects []string `json:"subjects,omitempty"`
	Entries  []uint64 `json:"entries,omitempty"`
	Also     []string `json:"also,omitempty"` // practices that the same action closes
	Link     Link     `json:"link"`
	weight   int
}

// Link is where the duty is done.
type Link struct {
	Practice string `json:"practice,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Scope    string `json:"scope,omitempty"` // register of the subject
	Do       string `json:"do,omitempty"`    // enroll, scope, elect: steps that are no practice
}

// maxAhead bounds, in days, how far ahead dues are listed.
const maxAhead = 800

// Input is a client at an instant. Days is how far ahead dues are listed, 60
// where it is 0.
type Input struct {
	State *projection.State
	Now   int64 // ms UTC
	Days  int
}

// Duties lists what there is to do for a client, most pressing first, at most
// one for each practice.
func Duties(in Input) ([]Duty, error) {
	if in.Days = min(in.Days, maxAhead); in.Days <= 0 {
		in.Days = 60
	}
	zone := in.State.Client.Location()
	q := coverage.Query{On: in.Now, Months: monthsBack(in.State, in.Now), Reading: coverage.Proven, Zone: zone}
	today, err := coverage.Evaluate(in.State.Book, q)
	if err != nil {
		return nil, fmt.Errorf("duties of %s: %w", in.State.Client.ID, err)
	}
	q.On, q.Months = in.Now+int64(in.Days)*interval.Day, in.Days/28+2
	later, err := coverage.Evaluate(in.State.Book, q)
	if err != nil {
		return nil, fmt.Errorf("duties of %s: %w", in.State.Client.ID, err)
	}
	w := work{Input: in, zone: zone, cal: newCalendar(in.Now, zone), catalog: newest(in.State.Book)}
	for i := range today.Practices {
		w.practice(&today.Practices[i], find(later, today.Practices[i].ID))
	}
	w.list = append(w.list, w.begin()...)
	return rank(merge(w.list)), nil
}

func find(r coverage.Report, id string) *coverage.Practice {
	i := slices.IndexFunc(r.Practices, func(p coverage.Practice) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Practices[i]
}

// work is a list of duties being made.
type work struct {
	Input
	zone    *time.Location
	cal     calendar
	catalog *framework.Catalog
	list    []Duty
}

func (w *work) practice(a, later *coverage.Practice) {
	p, ok := w.catalog.Practice(a.ID)
	if !ok {
		return
	}
	l := lineOf(a)
	if len(l) == 0 {
		return
	}
	i := len(l) - 1
	d := Duty{Practice: p.ID, Title: p.Title, Link: Link{Practice: p.ID}, weight: p.Weight}
	switch {
	case l[i].open():
		w.open(&d, p, a, l, i)
	case l[i].held() && later != nil:
		if !w.due(&d, p, later) {
			return
		}
	default:
		return
	}
	w.list = append(w.list, d)
}

// open is the duty of a practice that is failed or unproven now.
func (w *work) open(d *Duty, p *framework.Practice, a *coverage.Practice, l []stretch, i int) {
	d.Since = since(l, i)
	d.Due = d.Since
	w.concerns(d, p, l[i].gap, w.Now)
	limit := limitWords(p)
	switch l[i].standing {
	case IsFailed:
		d.Kind = KindFailed
		c := w.cure(d, coverage.Failed)
		d.Word = p.Title + " failed"
		d.Why = d.Word + ", " + c.Word(w.Now, w.zone)
	case NeverShown:
		d.Kind, d.Word, d.Due = KindBegin, "Never shown", 0
		d.Why = d.Word + ", " + limit
	default:
		d.Kind, d.Word = KindUnproven, "Unproven"
		d.Why = d.Word + " since " + w.cal.day(d.Since) + ", " + limit
		if g := l[i].gap; g.Limit != nil && *g.Limit == framework.LimitRule {
			d.Why += ", " + w.cure(d, coverage.Unproven).Word(w.Now, w.zone)
		}
	}
	d.Why += w.answered(l[i].gap)
	w.action(d, p, l[i].gap, a.Subjects.InScope)
}

// cure sets the cure period of a duty.
func (w *work) cure(d *Duty, kind string) Cure {
	c := cureOf(w.State, d.Practice, kind, d.Since, w.zone)
	d.CureDay, d.CureEnds = c.Day(w.Now, w.zone), c.Ends
	return c
}

// answered says that someone answers for the whole of a gap as it is now; it
// stays a gap.
func (w *work) answered(g *coverage.Gap) string {
	say := ""
	for _, c := range g.Causes {
		switch {
		case c.To != g.To:
		case c.Declined != nil:
			say = fmt.Sprintf(", declined by the client (entry %s)", figure(*c.Declined))
		case c.Accepted != nil:
			say = fmt.Sprintf(", accepted as a risk (entry %s)", figure(*c.Accepted))
		default:
			return ""
		}
	}
	return say
}

// limitWords is "our target 365 days".
func limitWords(p *framework.Practice) string {
	if p.Mode == framework.InForce {
		return "asked until it is in force"
	}
	return fmt.Sprintf("%s %s", limits[p.Freshness.Limit], days(p.Freshness.MaxAgeDays))
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// due is the duty of a practice that is in place now and will not be.
func (w *work) due(d *Duty, p *framework.Practice, later *coverage.Practice) bool {
	l := lineOf(later)
	i := at(l, w.Now)
	if i < 0 {
		return false
	}
	n := nextOpen(l, i)
	if n < 0 {
		return false
	}
	gap, when := l[n].gap, l[n].From
	if reports(w.State.Book, p) {
		said, ok := saidUntil(w.State.Book, p, w.Now)
		if !ok || said >= w.Now+int64(w.Days)*interval.Day {
			return false
		}
		when = said
	}
	d.Kind, d.Due, d.Word = KindDue, when, "Due"
	if p.Mode == framework.InForce {
		d.Word = "Ends"
	}
	d.Why = d.Word + " " + w.cal.day(when) + ", " + inDays(w.Now, when, w.zone)
	w.concerns(d, p, gap, when)
	w.action(d, p, gap, later.Subjects.InScope)
	return true
}

// ourselves is who has a duty of the MSP's own log.
const ourselves = "us"

// concerns takes from a gap whom it is about at an instant, and why.
func (w *work) concerns(d *Duty, p *framework.Practice, g *coverage.Gap, t int64) {
	for _, c := range g.Causes {
		if int64(c.From) > t || int64(c.To) < t {
			continue
		}
		if d.Reason == "" {
			d.Reason = c.Reason
		}
		if c.Subject != "" && !slices.Contains(d.Subjects, c.Subject) {
			d.Subjects = append(d.Subjects, c.Subject)
		}
		for _, e := range c.Entries {
			if len(d.Entries) < 3 && !slices.Contains(d.Entries, e) {
				d.Entries = append(d.Entries, e)
			}
		}
	}
	if p.Scope == framework.ScopeMSP {
		d.Who = ourselves
	}
	if len(d.Subjects) == 1 {
		d.Link.Subject, d.Link.Scope = d.Subjects[0], string(p.Scope)
		d.Who = w.holder(p.Scope, d.Subjects[0])
	}
}

// merge joins duties that one action closes: a device that fell silent is
// looked for once.
func merge(list []Duty) []Duty {
	var res []Duty
	byAction := map[string]int{}
	slices.SortStableFunc(list, before)
	for _, d := range list {
		key := string(d.Kind) + d.Action
		if i, ok := byAction[key]; ok {
			res[i].Also = append(res[i].Also, d.Title)
			continue
		}
		byAction[key] = len(res)
		res = append(res, d)
	}
	return res
}

var kinds = [...]Kind{KindFailed, KindUnproven, KindBegin, KindDue}

// before orders duties: cure periods by their end, then what lapsed by weight,
// then what was never shown, then what is due by its date.
func before(a, b Duty) int {
	switch {
	case a.Kind != b.Kind:
		return slices.Index(kinds[:], a.Kind) - slices.Index(kinds[:], b.Kind)
	case a.CureEnds != b.CureEnds:
		return compare(a.curedBy(), b.curedBy())
	case a.Kind == KindDue:
		return compare(a.Due, b.Due)
	}
	if a.weight != b.weight {
		return b.weight - a.weight
	}
	return compare(a.Since, b.Since)
}

func (d *Duty) curedBy() int64 {
	if d.CureEnds == 0 {
		return interval.Forever
	}
	return d.CureEnds
}

func rank(list []Duty) []Duty {
	for i := range list {
		list[i].Rank = i + 1
	}
	return list
}
