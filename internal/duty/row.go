package duty

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Row is a summary at an instant, in the words of the portfolio.
type Row struct {
	ID, Name string
	About    string // "Dental, 2 sites, 41 devices"
	MSP      bool
	Sample   bool
	New      bool // started today
	Strip    Strip
	Tally    Tally
	State    State  // of the word that stands under Today; Outside where nothing is on record
	Word     string // "1 failed"
	Beside   string // "and 1 unproven"
	Loud     *Loud  // of the failure whose cure period ends first
	Next     Next
	Clock    ClockWords
	Day      int   // of the cure period
	CureEnds int64 // of the failure whose cure period ends first; Forever without one
	Deadline int64 // earliest thing to be shown, the past where it was not; Forever without one
	NextDue  int64 // earliest thing to be shown after now; Forever without one
}

// Loud is the one failure that a row speaks of.
type Loud struct {
	Failure
	Text   string // "has failed since November 2 for 1 of 34 accounts: ..."
	Day    int
	Over   bool
	Period string // "Day 19 of 30"
	Ends   string // "cure period ends Dec 2"
}

// Next is what has to be shown next.
type Next struct {
	Title, When string
	Overdue     bool
}

// ClockWords is the twelve-month clock as it is written.
type ClockWords struct {
	Word, Beside string
	Complete     bool
	On           int64 // when twelve months are complete; Forever while stopped
}

// zones keeps the zones that were loaded; they do not change while we run.
var zones sync.Map

// Zone is the time zone with an IANA name, UTC where there is none.
func Zone(name string) *time.Location {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = time.UTC
	}
	zones.Store(name, z)
	return z
}

// Row is the summary at now, without asking the log again. It says nothing of
// an instant at which the summary is no longer Fresh.
func (s *Summary) Row(now int64) Row {
	zone := Zone(s.Zone)
	r := Row{
		ID: s.ID, Name: s.Name, About: s.about(), MSP: s.MSP, Sample: s.Sample, Tally: s.TallyAt(now),
		CureEnds: interval.Forever, Deadline: interval.Forever, NextDue: interval.Forever,
	}
	r.New = civil(s.Started, zone) == civil(now, zone) && r.Tally.InPlace+r.Tally.Failed+r.Tally.Unproven == 0
	r.Strip = s.StripAt(now, zone)
	s.today(&r, now, zone)
	if len(s.Failures) > 0 {
		s.loud(&r, now, zone)
	}
	s.next(&r, now, zone)
	r.Clock = s.clockAt(now, zone, &r)
	return r
}

func (s *Summary) about() string {
	parts := make([]string, 0, 3)
	if s.MSP {
		parts = append(parts, "our own log")
	} else if s.Line != "" {
		parts = append(parts, s.Line)
	}
	if s.Sites > 0 {
		parts = append(parts, strconv.Itoa(s.Sites)+" "+nouns[framework.ScopeSite].of(s.Sites))
	}
	if s.Devices > 0 {
		parts = append(parts, strconv.Itoa(s.Devices)+" "+deviceNoun.of(s.Devices))
	}
	return strings.Join(parts, ", ")
}

// TallyAt is the tally at now, with what has changed by itself since At.
func (s *Summary) TallyAt(now int64) Tally {
	t := s.Tally
	for _, x := range s.Turns {
		if x.At > now {
			break
		}
		t.add(x.Was, x.WasG, -1)
		t.add(x.Is, x.IsG, 1)
	}
	return t
}

// StripAt is the strip of the twelve months before now.
func (s *Summary) StripAt(now int64, zone *time.Location) Strip {
	var room [64]Run
	runs := room[:0]
	for i, m := range s.Strip {
		to := s.Until
		if i+1 < len(s.Strip) {
			to = s.Strip[i+1].At
		}
		runs = append(runs, Run{Span: interval.Span{From: m.At, To: to}, State: m.State})
	}
	w := interval.Span{From: interval.MonthsBefore(now, 12), To: now}
	d := Draw(w, zone, runs)
	if civil(s.Started, zone) == civil(now, zone) && d.In+d.Alt+d.Fa == "" {
		d.Label = "Started today, nothing shown yet"
	}
	return d
}

// today is the word under Today and what stands beside it.
func (s *Summary) today(r *Row, now int64, zone *time.Location) {
	t := r.Tally
	inPlace := strconv.Itoa(t.InPlace) + " of " + strconv.Itoa(t.Judged()) + " in place"
	switch {
	case t.Failed > 0:
		r.State, r.Word, r.Beside = Failed, strconv.Itoa(t.Failed)+" failed", inPlace
		if t.Unproven > 0 {
			r.Beside = "and " + strconv.Itoa(t.Unproven) + " unproven"
		}
	case t.Unproven > 0:
		r.State, r.Word, r.Beside = Unproven, strconv.Itoa(t.Unproven)+" unproven", inPlace
	case r.New:
		r.Word, r.Beside = "Started today", "nothing shown yet"
	case t.InPlace == 0:
		r.Word, r.Beside = "Started "+short(s.Started, zone), "nothing shown yet"
	case t.NeverShown > 0:
		r.Word, r.Beside = inPlace, strconv.Itoa(t.NeverShown)+" never shown"
	default:
		r.State, r.Word, r.Beside = InPlace, "All in place", strconv.Itoa(t.InPlace)+" "+practiceNoun.of(t.InPlace)
		if t.Alternative > 0 {
			r.State, r.Beside = Alternative, strconv.Itoa(t.Alternative)+" by alternative"
		} else if t.NotBinding > 0 {
			r.Beside = strconv.Itoa(t.NotBinding) + " not its duty"
		}
	}
}

func (s *Summary) loud(r *Row, now int64, zone *time.Location) {
	f := s.Failures[0]
	l := &Loud{Failure: f, Day: f.Day(now, zone), Over: f.Over(now), Period: capital(f.Word(now, zone))}
	l.Ends = "cure period ends " + short(f.Ends-1, zone)
	if l.Over {
		l.Ends = "cure period ended " + short(f.Ends-1, zone)
	}
	l.Text = f.text(newCalendar(now, zone))
	r.Loud, r.Day, r.CureEnds = l, l.Day, f.Ends
}

// text is what happened, who knew, and to whom it was shown.
func (f Failure) text(c calendar) string {
	say := "has failed since " + c.day(f.Since)
	if f.InScope > 0 {
		say += fmt.Sprintf(" for %d of %d %s", f.Failing, f.InScope, f.Noun)
	}
	if f.Reason != "" {
		say += ": " + f.Reason
	}
	if words := entryWords(f.Entries); words != "" {
		say += " (" + words + ")"
	}
	say += ". Known to us " + c.day(f.Known)
	if f.ShownAt == 0 {
		return say + ", not yet shown to the client."
	}
	return say + ", shown to " + f.ShownTo + " " + c.day(f.ShownAt) + "."
}

func entryWords(entries []uint64) string {
	if len(entries) == 0 {
		return ""
	}
	words := make([]string, len(entries))
	for i, e := range entries {
		words[i] = figure(e)
	}
	if len(words) == 1 {
		return "entry " + words[0]
	}
	return "entries " + and(words)
}

// next is what has to be shown next: first what was to be shown and was not.
func (s *Summary) next(r *Row, now int64, zone *time.Location) {
	for _, d := range s.Dues {
		if d.At > now {
			r.NextDue = min(r.NextDue, d.At)
		} else if d.Limit == framework.LimitRule {
			r.CureEnds = min(r.CureEnds, coverage.CureEnds(d.At, zone))
		}
	}
	switch {
	case len(s.Dues) > 0:
		d := s.Dues[0]
		r.Deadline, r.Next = d.At, Next{Title: d.Title, Overdue: d.At <= now, When: d.when(now, zone)}
	case s.Enrolled == 0 && !s.MSP:
		r.Next = Next{Title: firstDevice, When: firstDeviceTakes}
	case r.Tally.NeverShown > 0:
		r.Next = Next{Title: "Record the first evidence", When: "for " + strconv.Itoa(r.Tally.NeverShown) + " " + practiceNoun.of(r.Tally.NeverShown)}
	default:
		r.Next = Next{Title: "Nothing", When: "before " + shortYear(s.At+ahead*interval.Day, zone)}
	}
}

// limits names the limit that silence passes.
var limits = map[framework.Limit]string{
	framework.LimitRule:         "the rule's limit",
	framework.LimitAgreement:    "the agreement's limit",
	framework.LimitClientPolicy: "the client's own limit",
	framework.LimitTarget:       "our target",
}

func (d Due) when(now int64, zone *time.Location) string {
	days := civil(now, zone) - civil(d.At, zone)
	switch {
	case d.At > now && d.Ends:
		return "ends " + short(d.At, zone) + ", " + inDays(now, d.At, zone)
	case d.At > now:
		return "due " + short(d.At, zone) + ", " + inDays(now, d.At, zone)
	case d.Ends:
		return "not in force since " + short(d.At, zone)
	case days == 0:
		return "past " + limits[d.Limit] + " since today"
	}
	return strconv.Itoa(days) + " " + dayNoun.of(days) + " past " + limits[d.Limit]
}

// clockAt is the twelve-month clock at now.
func (s *Summary) clockAt(now int64, zone *time.Location, r *Row) ClockWords {
	c := s.Clock
	stopped := c.Stopped
	if stopped == NotAsked && now >= c.Stops {
		stopped = IsUnproven
		if r.Tally.Failed > 0 {
			stopped = IsFailed
		}
	}
	switch stopped {
	case IsFailed:
		return ClockWords{Word: "stopped", Beside: "restarts when closed", On: interval.Forever}
	case IsUnproven:
		return ClockWords{Word: "stopped", Beside: "restarts when shown", On: interval.Forever}
	}
	if stopped == NeverShown || c.Since == 0 {
		on := coverage.YearAfter(now)
		return ClockWords{Word: shortYear(on, zone), Beside: "at the earliest", On: on}
	}
	on := coverage.YearAfter(c.Since)
	if on <= now {
		return ClockWords{Word: "since " + shortYear(on, zone), Complete: true, On: on}
	}
	return ClockWords{Word: shortYear(on, zone), On: on}
}

// DueWithin reports whether something is due in the days after now.
func (r *Row) DueWithin(now int64, days int) bool {
	return r.NextDue > now && r.NextDue <= now+int64(days)*interval.Day
}

// Sort orders rows for the portfolio: cure periods by their end, then by the
// next deadline, then by name. The MSP's own row is last.
func Sort(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int {
		switch {
		case a.MSP != b.MSP:
			return int(flag(a.MSP)) - int(flag(b.MSP))
		case a.CureEnds != b.CureEnds:
			return compare(a.CureEnds, b.CureEnds)
		case a.Deadline != b.Deadline:
			return compare(a.Deadline, b.Deadline)
		}
		return strings.Compare(a.Name, b.Name)
	})
}

func flag(b bool) int8 {
	if b {
		return 1
	}
	return 0
}
