package cli

import (
	"strings"

	"breakwater/internal/coverage"
)

// stripWidth is the number of cells of a strip: four a month of a year.
const stripWidth = 48

// The cells, from what outweighs to what is outweighed: a cell shows the worst
// that happened in its time.
const (
	cellFailed   = '×'
	cellUnproven = '░'
	cellOther    = '▒'
	cellHeld     = '█'
	cellExempt   = '·'
)

const stripLegend = "█ in place  ▒ met by an alternative  ░ unproven  × failed  · not asked"

// strip draws the window of a practice in one line of text.
func strip(p coverage.Practice, w coverage.Window) string {
	cells := []rune(strings.Repeat(" ", stripWidth))
	paint := func(from, to coverage.Time, cell rune) {
		length := int64(w.To - w.From)
		first := int64(from-w.From) * stripWidth / length
		last := (int64(to-w.From)*stripWidth - 1) / length
		for i := max(first, 0); i <= min(last, stripWidth-1); i++ {
			cells[i] = cell
		}
	}
	for _, e := range p.Exempt {
		paint(e.From, e.To, cellExempt)
	}
	for _, c := range p.Covered {
		if !c.Alternative {
			paint(c.From, c.To, cellHeld)
		}
	}
	for _, c := range p.Covered {
		if c.Alternative {
			paint(c.From, c.To, cellOther)
		}
	}
	for _, kind := range []string{coverage.Unproven, coverage.Failed} {
		for _, g := range p.Gaps {
			if g.Kind == kind {
				paint(g.From, g.To, map[string]rune{coverage.Unproven: cellUnproven, coverage.Failed: cellFailed}[kind])
			}
		}
	}
	return string(cells)
}
