package duty

import (
	"strconv"
	"strings"
)

// mostNamed is how many spans of one state a sentence names; more are counted.
const mostNamed = 4

// label is the strip in words: "In place but for failed March 9 to 11".
func (c cells) label(list []piece) string {
	n := len(c.states)
	if n == 0 {
		return "No days"
	}
	begin := ""
	if list[0].state == Outside {
		if len(list) == 1 {
			return "Nothing shown yet"
		}
		begin = "Begins " + c.day(list[0].b) + "; "
		list = list[1:]
	}
	return capital(begin + c.sentence(list))
}

func (c cells) sentence(list []piece) string {
	var by [Failed + 1][]piece
	for _, p := range list {
		by[p.state] = append(by[p.state], p)
	}
	var parts []string
	for _, x := range [...]struct {
		state State
		word  string
	}{{Failed, "failed "}, {Unproven, "unproven "}, {Outside, "out of scope "}} {
		if len(by[x.state]) > 0 {
			parts = append(parts, x.word+c.spans(by[x.state]))
		}
	}
	in, alt := len(by[InPlace]) > 0, len(by[Alternative]) > 0
	switch {
	case !in && !alt:
		return strings.Join(parts, "; ")
	case !in:
		return strings.Join(append(parts, c.elseAlternative(parts, by[Alternative])), "; ")
	case len(parts) == 0 && !alt:
		return "in place without a gap"
	case len(parts) == 0:
		return "in place; by alternative " + c.spans(by[Alternative])
	case len(parts) == 1 && len(by[Outside]) == 0 && !alt:
		return "in place but for " + parts[0]
	case alt:
		parts = append(parts, "by alternative "+c.spans(by[Alternative]))
	}
	return strings.Join(append(parts, "else in place"), "; ")
}

func (c cells) elseAlternative(parts []string, alt []piece) string {
	if len(parts) > 0 {
		return "else by alternative"
	}
	return "by alternative " + c.spans(alt)
}

// spans names rows of days: "March 9 to 11 and since November 2".
func (c cells) spans(list []piece) string {
	if len(list) > mostNamed {
		last := list[len(list)-1]
		return strconv.Itoa(len(list)) + " times from " + c.day(list[0].a) + " to " + c.day(last.b-1)
	}
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = c.span(p)
	}
	return and(words)
}

func (c cells) span(p piece) string {
	switch n := len(c.states); {
	case p.a == 0 && p.b == n:
		return "throughout"
	case p.a == 0:
		return "to " + c.day(p.b-1)
	case p.b == n:
		return "since " + c.day(p.a)
	case p.b-p.a == 1:
		return c.day(p.a)
	}
	from, to := c.date(p.a), c.date(p.b-1)
	if from.Month() != to.Month() || from.Year() != to.Year() {
		return c.day(p.a) + " to " + c.day(p.b-1)
	}
	return from.Format("January 2") + " to " + strings.TrimPrefix(c.day(p.b-1), to.Format("January "))
}

// day is "March 9"; the year stands where the window has that month twice.
func (c cells) day(i int) string {
	d, last := c.date(i), c.date(len(c.states)-1)
	if d.Month() == last.Month() && d.Year() != last.Year() {
		return d.Format("January 2, 2006")
	}
	return d.Format("January 2")
}
