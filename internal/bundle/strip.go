package bundle

import (
	"fmt"
	"math"
	"strings"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/interval"
)

// strip is a window at day resolution, drawn as one path for each state: x is
// a day and y a pixel.
type strip struct {
	Days        int
	In, Alt, Un string
	Fa, Base    string
	Ticks       string
	Text        string // the same in words
}

func newStrip(a coverage.Practice, w interval.Span, zone *time.Location, text string) strip {
	s := strip{Days: int(math.Ceil(float64(w.Length()) / float64(interval.Day))), Text: text}
	var in, alt, un, fa, base strings.Builder
	x := func(t coverage.Time) float64 { return float64(int64(t)-w.From) / float64(interval.Day) }
	for _, c := range a.Covered {
		if c.Alternative {
			center(&alt, x(c.From), x(c.To))
		} else {
			center(&in, x(c.From), x(c.To))
		}
	}
	for _, g := range a.Gaps {
		if g.Kind == coverage.Failed {
			fmt.Fprintf(&fa, "M%d 1V17H%dV1z", int(x(g.From)), int(math.Ceil(x(g.To))))
		} else {
			center(&un, x(g.From), x(g.To))
		}
	}
	for _, e := range a.Exempt {
		center(&base, x(e.From), x(e.To))
	}
	s.In, s.Alt, s.Un, s.Fa, s.Base = in.String(), alt.String(), un.String(), fa.String(), base.String()
	s.Ticks = ticks(w, zone)
	return s
}

func center(b *strings.Builder, from, to float64) {
	fmt.Fprintf(b, "M%s 9H%s", coordinate(from), coordinate(to))
}

func coordinate(x float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", x), "0"), ".")
}

// ticks stand at the first of each month, or of each year in a long window.
func ticks(w interval.Span, zone *time.Location) string {
	var b strings.Builder
	for _, t := range starts(w, zone) {
		fmt.Fprintf(&b, "M%s 0V18", coordinate(float64(t-w.From)/float64(interval.Day)))
	}
	return b.String()
}

func starts(w interval.Span, zone *time.Location) []int64 {
	at := time.UnixMilli(w.From).In(zone)
	step := 1
	if w.Length() > 800*interval.Day {
		step = 12
	}
	var list []int64
	for m := 1; ; m += step {
		t := time.Date(at.Year(), at.Month()+time.Month(m), 1, 0, 0, 0, 0, zone).UnixMilli()
		if t >= w.To {
			return list
		}
		list = append(list, t)
	}
}

// mark on an axis: at a share of the width, a label.
type axisLabel struct {
	X    string
	Text string
	Year bool
}

func axis(w interval.Span, zone *time.Location) []axisLabel {
	var list []axisLabel
	for i, t := range starts(w, zone) {
		at := time.UnixMilli(t).In(zone)
		l := axisLabel{X: fmt.Sprintf("%.1f%%", 100*float64(t-w.From)/float64(w.Length())), Text: at.Format("Jan")}
		if i == 0 || at.Month() == time.January {
			l.Text, l.Year = at.Format("Jan 2006"), true
		}
		if 100*float64(t-w.From)/float64(w.Length()) < 95 {
			list = append(list, l)
		}
	}
	return list
}
