package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Limits of what the report lists of one practice; the rest is in the files.
const (
	maxSpanRows  = 60
	maxCauseRows = 6
	maxNumbers   = 400 // numbers of one heap
)

// practices fills the index and the sections.
func (dr *drawing) practices(v *reportView) {
	var themes []string
	groups := map[string]*groupView{}
	best := map[string]coverage.Practice{}
	for _, p := range dr.f.coverage.Best.Practices {
		best[p.ID] = p
	}
	sections := map[string][]int{}
	all := dr.f.coverage.Proven.Practices
	for i, a := range all {
		p := newest(dr.d.catalogs, a.ID)
		if groups[p.Theme] == nil {
			themes = append(themes, p.Theme)
			groups[p.Theme] = &groupView{Theme: p.Theme}
		}
		sections[p.Theme] = append(sections[p.Theme], i)
	}
	part := 0
	for _, theme := range themes {
		for _, i := range sections[theme] {
			part++
			p := newest(dr.d.catalogs, all[i].ID)
			groups[theme].Rows = append(groups[theme].Rows, dr.indexRow(part, i, p, all[i]))
			v.Sections = append(v.Sections, dr.section(part, i, p, all[i], best[all[i].ID]))
		}
		v.Groups = append(v.Groups, *groups[theme])
	}
}

func (dr *drawing) vouched(id string) bool { return !slices.Contains(dr.f.notVouched, id) }

func (dr *drawing) indexRow(part, i int, p *framework.Practice, a coverage.Practice) indexRow {
	r := indexRow{Part: part, Title: p.Title}
	if !dr.vouched(a.ID) {
		r.Remark = "not vouched for"
	}
	for k, col := range dr.g.periods {
		c := cell{Count: grouped(int64(dr.g.counts[i][k]))}
		c.Class, c.Word = cellState(a, col.spans)
		if dr.g.counts[i][k] > 0 {
			c.Link = fmt.Sprintf("#p%d-%d", part, k)
		}
		r.Cells = append(r.Cells, c)
	}
	return r
}

// cellState is the worst of a period.
func cellState(a coverage.Practice, spans interval.Set) (class, word string) {
	held, unproven, failed := sets(a)
	meets := func(s interval.Set) bool { return len(s.Intersect(spans)) > 0 }
	switch {
	case meets(failed):
		return "f", "failed"
	case meets(unproven):
		return "u", "unproven"
	case meets(alternatives(a)):
		return "a", "by alternative"
	case meets(held):
		return "", ""
	}
	return "o", "not in scope"
}

func (dr *drawing) section(part, i int, p *framework.Practice, a, best coverage.Practice) sectionView {
	s := sectionView{
		Part: part, ID: p.ID, Title: p.Title, Statement: p.Statement, NotVouch: !dr.vouched(a.ID),
		Claim: dr.claim(p, a, dr.g.proof[i]),
	}
	s.Word, s.Class = endWord(a)
	s.Strip = newStrip(a, dr.window, dr.zone, s.Claim)
	if !sameSpans(a, best) {
		held, unproven, failed := sets(best)
		s.BestSay = "With every entry up to this size, also those logged late: " + dr.bestSay(held, unproven, failed) + "."
		b := newStrip(best, dr.window, dr.zone, s.BestSay)
		s.Best = &b
	}
	s.Spans, s.More = dr.spanRows(a)
	s.Laws = p.Links["hipaa"]
	s.Basis, s.BasisSay = basis(p)
	feeds := feeding(dr.d.catalogs, a.ID, Evidence)
	if rows := dr.g.before[i]; len(rows) > 0 {
		s.Months = append(s.Months, monthView{ID: fmt.Sprintf("p%d-before", part), Title: "Before these months", Rows: rows})
	}
	for k, col := range dr.g.periods {
		if dr.g.counts[i][k] > 0 {
			s.Months = append(s.Months, monthView{ID: fmt.Sprintf("p%d-%d", part, k), Title: col.Title, Rows: dr.g.rows[i][k], Heaps: dr.g.heapsOf(k, feeds)})
		}
	}
	return s
}

func (dr *drawing) bestSay(held, unproven, failed interval.Set) string {
	var parts []string
	for _, x := range []struct {
		word string
		set  interval.Set
	}{{"in place", held}, {"unproven", unproven}, {"failed", failed}} {
		if len(x.set) > 0 {
			parts = append(parts, x.word+" "+dr.calendar.spans(x.set))
		}
	}
	return strings.Join(parts, "; ")
}

// sameSpans reports whether two readings show the same.
func sameSpans(a, b coverage.Practice) bool {
	h, u, f := sets(a)
	h2, u2, f2 := sets(b)
	return slices.Equal(h, h2) && slices.Equal(u, u2) && slices.Equal(f, f2)
}

// endWord is the state at the last instant of the window.
func endWord(a coverage.Practice) (word, class string) {
	end := a.Status
	if n := len(a.Gaps); !a.AtOn && n > 0 && (len(a.Exempt) == 0 || a.Gaps[n-1].To > a.Exempt[len(a.Exempt)-1].To) {
		end = a.Gaps[n-1].Kind
	}
	switch {
	case a.AtOn && len(a.Covered) > 0 && a.Covered[len(a.Covered)-1].Alternative:
		return "By alternative", "is-alt"
	case a.AtOn:
		return "In place", ""
	case end == coverage.Failed:
		return "Failed", "is-fa"
	case end == coverage.Unproven || end == coverage.StatusNever:
		return "Unproven", "is-un"
	}
	if w := exemptWords[lastWhy(a)]; w != "" {
		return w, "is-none"
	}
	return "Not in scope", "is-none"
}

// spanRows lists covered, unproven, failed and exempt spans in order of time.
func (dr *drawing) spanRows(a coverage.Practice) (list []spanRow, more int) {
	type at struct {
		from int64
		row  spanRow
	}
	var all []at
	for _, c := range a.Covered {
		r := dr.spanRow(c.From, c.To)
		r.Word, r.Class, r.Grade, r.Disputed = "In place", "", c.Grade, dr.links(c.DisputedBy)
		if c.Alternative {
			r.Word, r.Class = "By alternative", "is-alt"
		}
		all = append(all, at{int64(c.From), r})
	}
	for _, g := range a.Gaps {
		all = append(all, at{int64(g.From), dr.gapRow(g)})
	}
	for _, e := range a.Exempt {
		r := dr.spanRow(e.From, e.To)
		r.Word, r.Class = exemptWords[e.Why], "is-none"
		all = append(all, at{int64(e.From), r})
	}
	slices.SortStableFunc(all, func(a, b at) int { return int(min(1, max(-1, a.from-b.from))) })
	for _, x := range all[:min(len(all), maxSpanRows)] {
		list = append(list, x.row)
	}
	return list, len(all) - len(list)
}

func (dr *drawing) spanRow(from, to coverage.Time) spanRow {
	return spanRow{From: dr.short(int64(from)), To: dr.short(int64(to) - 1)}
}

func (dr *drawing) gapRow(g coverage.Gap) spanRow {
	r := dr.spanRow(g.From, g.To)
	r.Word, r.Class = "Unproven", "is-un"
	if g.Kind == coverage.Failed {
		r.Word, r.Class = "Failed", "is-fa"
	} else if g.Limit != nil {
		r.Said = limits[*g.Limit]
	}
	r.More = g.More + max(0, len(g.Causes)-maxCauseRows)
	for _, c := range g.Causes[:min(len(g.Causes), maxCauseRows)] {
		row := causeRow{Reason: sentence(c.Reason), Entries: dr.links(c.Entries)}
		switch {
		case c.Accepted != nil:
			row.Remark = fmt.Sprintf("The risk was accepted (entry %s).", grouped(int64(*c.Accepted)))
		case c.Declined != nil:
			row.Remark = fmt.Sprintf("The client declined this (entry %s).", grouped(int64(*c.Declined)))
		}
		r.Causes = append(r.Causes, row)
	}
	return r
}

func sentence(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if s != "" && first == strings.ToLower(first) && !strings.HasSuffix(first, ":") {
		s = strings.ToUpper(s[:1]) + s[1:] // a word, and not the name of a subject
	}
	return strings.TrimSuffix(s, ".") + "."
}

// links point at entries that the report lists; others are numbers alone.
func (dr *drawing) links(entries []uint64) []entryLink {
	var list []entryLink
	for _, e := range entries {
		l := entryLink{Number: grouped(int64(e))}
		if dr.g.anchors[e] {
			l.Link = fmt.Sprintf("#e%d", e)
		}
		list = append(list, l)
	}
	return list
}

// numbers lists the machine-made entries, each month and kind once.
func (dr *drawing) numbers() []numbersView {
	var list []numbersView
	for k, col := range dr.g.periods {
		for _, kind := range slices.Sorted(maps.Keys(dr.g.heaps[k])) {
			n := dr.g.heaps[k][kind]
			var b strings.Builder
			for i, e := range n[:min(len(n), maxNumbers)] {
				if i > 0 {
					b.WriteByte(' ')
				}
				fmt.Fprintf(&b, "%d", e)
			}
			if more := len(n) - maxNumbers; more > 0 {
				fmt.Fprintf(&b, " … and %s more up to %d", grouped(int64(more)), n[len(n)-1])
			}
			list = append(list, numbersView{ID: fmt.Sprintf("n%d-%d", k, kind), Kind: kind.String(), Month: col.Title, Numbers: b.String()})
		}
	}
	return list
}
