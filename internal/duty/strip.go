package duty

import (
	"fmt"
	"strconv"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/evidence"
	"breakwater/internal/interval"
)

// State is what a practice, a subject or a client is over a span of a strip.
type State = coverage.StripState

// The states of a strip.
const (
	Outside     = coverage.StripOutside
	InPlace     = coverage.StripInPlace
	Alternative = coverage.StripAlternative
	Unproven    = coverage.StripUnproven
	Failed      = coverage.StripFailed
)

// Run is a span of one state.
type Run = coverage.StripRun

// Strip is the drawing of a window, one unit of x a civil day: paths for a
// viewBox "0 0 Days 18", and the sentence that says the same. A day shows the
// worst of its states, so that a minute of failure is one day.
type Strip struct {
	Days                  int
	In, Alt, Un, Fa, Base string
	Label                 string
}

// cells is one state for each civil day of a window.
type cells struct {
	states []State
	first  int // civil number of the first day
}

func (c cells) date(i int) time.Time { return civilDate(c.first + i) }

// paint lays runs on the days of a window.
func paint(w interval.Span, zone *time.Location, runs []Run) cells {
	c := cells{first: civil(w.From, zone)}
	if w.Empty() {
		return c
	}
	c.states = make([]State, civil(w.To-1, zone)-c.first+1)
	for _, r := range runs {
		s := r.Clip(w)
		if s.Empty() || r.State == Outside {
			continue
		}
		a, b := civil(s.From, zone)-c.first, civil(s.To-1, zone)-c.first
		for i := a; i <= b; i++ {
			c.states[i] = max(c.states[i], r.State)
		}
	}
	return c
}

// piece is a row of days [a, b) of one state.
type piece struct {
	a, b  int
	state State
}

func (c cells) pieces() []piece {
	var res []piece
	for a := 0; a < len(c.states); {
		b := a + 1
		for b < len(c.states) && c.states[b] == c.states[a] {
			b++
		}
		res = append(res, piece{a, b, c.states[a]})
		a = b
	}
	return res
}

// Draw draws runs over a window, by the civil days of a zone.
func Draw(w interval.Span, zone *time.Location, runs []Run) Strip {
	c := paint(w, zone, runs)
	list := c.pieces()
	var paths [Failed + 1][]byte
	for _, p := range list {
		to := &paths[p.state]
		*to = strconv.AppendInt(append(*to, 'M'), int64(p.a), 10)
		if p.state == Failed {
			*to = append(strconv.AppendInt(append(*to, " 1V17H"...), int64(p.b), 10), "V1z"...)
		} else {
			*to = strconv.AppendInt(append(*to, " 9H"...), int64(p.b), 10)
		}
	}
	return Strip{
		Days: len(c.states), Label: c.label(list),
		In: string(paths[InPlace]), Alt: string(paths[Alternative]), Un: string(paths[Unproven]),
		Fa: string(paths[Failed]), Base: string(paths[Outside]),
	}
}

// Month is a label under a strip, at the first day of its month.
type Month struct {
	X       string // "31.2%"
	Text    string // "Apr", and the year in January
	Quarter bool
}

// firsts are the days of a window on which a month begins.
func firsts(w interval.Span, zone *time.Location) (days int, at []int, dates []time.Time) {
	first := civil(w.From, zone)
	days = civil(w.To-1, zone) - first + 1
	y, m, _ := civilDate(first).Date()
	for i := 1; ; i++ {
		d := time.Date(y, m+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
		n := int(d.Unix()/(24*60*60)) - first
		if n >= days {
			return days, at, dates
		}
		at, dates = append(at, n), append(dates, d)
	}
}

// Ticks is the path of the month ticks of a window, the same for every strip
// of a page.
func Ticks(w interval.Span, zone *time.Location) string {
	var b []byte
	_, at, _ := firsts(w, zone)
	for _, n := range at {
		b = append(strconv.AppendInt(append(b, 'M'), int64(n), 10), " 0V18"...)
	}
	return string(b)
}

// lastLabel is the place, in thousandths of the width, from which on a label
// would run over the edge.
const lastLabel = 970

// Axis is the labels under the strips of a window; with few, quarters only.
func Axis(w interval.Span, zone *time.Location, few bool) []Month {
	var res []Month
	days, at, dates := firsts(w, zone)
	for i, n := range at {
		m := Month{X: fmt.Sprintf("%.1f%%", float64(n)*100/float64(days)), Text: dates[i].Format("Jan"), Quarter: dates[i].Month()%3 == 1}
		if n*1000/days > lastLabel || few && !m.Quarter {
			continue
		}
		if dates[i].Month() == time.January {
			m.Text = dates[i].Format("2006")
			if few {
				m.Text = dates[i].Format("Jan 2006")
			}
		}
		res = append(res, m)
	}
	return res
}

// Began is when a log's own time begins: silence before it says nothing.
func Began(b *evidence.Book) int64 { return b.Started.Recorded }

// PracticeRuns is the states of one practice over the window of its answer.
// Silence before the log began is outside.
func PracticeRuns(p coverage.Practice, began int64) []Run { return p.Strip(began) }
