package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"breakwater/internal/duty"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
)

// Clients is the portfolio: every client one may see, in one row each.
type Clients struct {
	Lede     string
	Filters  []Pick
	Filter   string // the one that is on, to keep it when searching
	Find     string
	Sorts    []Choice
	Sorted   string // in words, for the table's caption
	Heads    []SortHead
	Axis     Axis
	Rows     []ClientRow
	Own      []ClientRow // the MSP's own log, last
	NoneFits string
	Empty    *Empty
	Add      string // where a client is added, "" for who may not
	First    []Link // clients that have no row yet
	Behind   string // what could not be read, or is being made again
	Vouch    string
}

// Pick is a filter: a link with its count.
type Pick struct {
	Title, Href string
	Count       int
	Current     bool
}

// SortHead is a column's head that sorts.
type SortHead struct {
	Title, Href string
	Sorted      bool
}

// ClientRow is one client in the portfolio.
type ClientRow struct {
	Href, Name, About string
	Strip             Strip
	Standing          Standing
	Known             *Known
	Big               string // "Day 19 of 30"
	Cure              *Cure
	Next, When        string
	Clock, Beside     string
	Loud              *LoudRow
}

// Cure is a cure period drawn 150 wide: Gone and Left are paths.
type Cure struct{ Gone, Left string }

// LoudRow says what failed and the one thing to do.
type LoudRow struct{ Title, Text, Href string }

var clientsPage = newEvidencePage[Clients]("clients.html")

func (d *desk) clients(v *Visit) error {
	now := v.Now()
	rows, behind, err := d.sums.rows(v.Context(), now, v.sees())
	if err != nil {
		return err
	}
	d.notePortfolio(v, rows)
	return d.showClients(v, rows, behind, now)
}

func (d *desk) showClients(v *Visit, rows []duty.Row, b behind, now int64) error {
	p := Clients{
		Lede: duty.Lede(rows, now, v.Zone), Filter: string(filterOf(v)), Find: v.Field("find"), Axis: axisOf(yearBefore(now), v.Zone, true),
		Vouch: d.vouching(v.Context(), "").Line, Behind: b.say(),
	}
	if v.May(permit.AddClient) {
		p.Add = "/start/clients"
	}
	for _, c := range b.first {
		p.First = append(p.First, Link{Title: c.Name, Href: "/clients/" + c.ID})
	}
	p.sorts(v)
	p.fill(v, rows, now)
	return render(v, clientsPage, v.Frame(inClients, inClients), p)
}

// sees tells which clients who asks may see.
func (v *Visit) sees() func(id string) bool {
	list, all := v.Who.Clients(permit.ViewClient, v.Now())
	return func(id string) bool { return all || slices.Contains(list, id) }
}

func unreadWords(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf("%s could not be read and may be missing here: %s. Run breakwater fsck.", Count(len(ids), "client"), And(ids))
}

func filterOf(v *Visit) duty.Filter {
	for _, f := range duty.Filters {
		if string(f.Filter) == v.Field("show") {
			return f.Filter
		}
	}
	return duty.All
}

// yearBefore is the twelve months before an instant.
func yearBefore(t int64) interval.Span {
	return interval.Span{From: interval.MonthsBefore(t, 12), To: t}
}

// axisOf is the months of a window; with few, its quarters.
func axisOf(w interval.Span, zone *time.Location, few bool) Axis {
	a := Axis{Ticks: duty.Ticks(w, zone)}
	for _, m := range duty.Axis(w, zone, few) {
		a.Labels = append(a.Labels, Month(m))
	}
	return a
}

// orders are the ways to sort the portfolio.
var orders = []struct {
	value, title string
	head         string
}{{"", "cure period, then deadline", "Next"}, {"clock", "12 months on", "12 months on"}, {"name", "name", "Client"}}

func (p *Clients) sorts(v *Visit) {
	chosen := v.Field("sort")
	if !slices.ContainsFunc(orders, func(o struct{ value, title, head string }) bool { return o.value == chosen }) {
		chosen = ""
	}
	p.Heads = make([]SortHead, len(orders))
	for n, o := range orders {
		p.Sorts = append(p.Sorts, Choice{o.value, o.title, o.value == chosen})
		p.Heads[n] = SortHead{o.head, v.with("sort", o.value), o.value == chosen}
		if o.value == chosen {
			p.Sorted = o.title
		}
	}
}

// with is the page's own address with some of its parameters changed; an empty
// value takes one away.
func (v *Visit) with(pairs ...string) string {
	q := url.Values{}
	if v.Method == "GET" {
		q = v.URL.Query()
	}
	for n := 0; n+1 < len(pairs); n += 2 {
		if q.Del(pairs[n]); pairs[n+1] != "" {
			q.Set(pairs[n], pairs[n+1])
		}
	}
	path := strings.TrimSuffix(strings.TrimSuffix(v.URL.Path, "/record"), "/relief")
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// fill makes the rows that are shown of all that there are.
func (p *Clients) fill(v *Visit, rows []duty.Row, now int64) {
	rows, own := apart(rows)
	chosen := filterOf(v)
	for _, f := range duty.Filters {
		value := string(f.Filter)
		if f.Filter == duty.All {
			value = ""
		}
		p.Filters = append(p.Filters, Pick{f.Name, v.with("show", value), len(f.Filter.Rows(rows, now)), f.Filter == chosen})
	}
	shown := found(chosen.Rows(rows, now), p.Find)
	order(shown, v.Field("sort"))
	p.Rows = make([]ClientRow, len(shown))
	loud := false
	for n := range shown {
		p.Rows[n] = clientRow(&shown[n], !loud)
		loud = loud || p.Rows[n].Loud != nil
	}
	for n := range own {
		p.Own = append(p.Own, clientRow(&own[n], false))
	}
	if len(rows) == 0 {
		p.Empty = &Empty{
			What:   "Every client will be one row here: its last twelve months, what is in place today, and what comes next.",
			Detail: "The twelve months begin on the day the client is added.",
		}
		if p.Add != "" {
			p.Empty.Step, p.Empty.Href, p.Empty.Takes = "Add the first client", p.Add, "about 2 minutes"
		}
	} else if len(shown) == 0 {
		p.NoneFits = "No client fits this filter and these words."
	}
}

// apart takes the MSP's own row out of the clients'.
func apart(rows []duty.Row) (clients, own []duty.Row) {
	for _, r := range rows {
		if r.MSP {
			own = append(own, r)
		} else {
			clients = append(clients, r)
		}
	}
	return clients, own
}

func found(rows []duty.Row, words string) []duty.Row {
	words = strings.ToLower(words)
	if words == "" {
		return rows
	}
	return slices.DeleteFunc(rows, func(r duty.Row) bool {
		return !strings.Contains(strings.ToLower(r.Name+" "+r.About+" "+r.ID), words)
	})
}

func order(rows []duty.Row, by string) {
	duty.Sort(rows)
	switch by {
	case "name":
		slices.SortStableFunc(rows, func(a, b duty.Row) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	case "clock":
		slices.SortStableFunc(rows, func(a, b duty.Row) int { return cmp.Compare(a.Clock.On, b.Clock.On) })
	}
}

// classes are the marks of states.
var classes = map[duty.State]string{duty.InPlace: "in", duty.Alternative: "alt", duty.Unproven: "un", duty.Failed: "fa", duty.Outside: "none"}

// clientRow is a row of the portfolio; the first failure is the loud one.
func clientRow(r *duty.Row, mayBeLoud bool) ClientRow {
	c := ClientRow{
		Href: "/clients/" + r.ID, Name: r.Name, About: r.About, Strip: Strip(r.Strip),
		Standing: Standing{classes[r.State], r.Word, r.Beside},
		Next:     r.Next.Title, When: r.Next.When, Clock: r.Clock.Word, Beside: r.Clock.Beside,
	}
	if t := r.Tally; t.Measured+t.Recorded+t.Attested > 0 {
		c.Known = &Known{t.Measured, t.Recorded, t.Attested}
	}
	if r.Loud == nil {
		return c
	}
	c.Big, c.When, c.Cure = r.Loud.Period, r.Loud.Ends, cureOf(r.Loud.Day)
	if mayBeLoud {
		c.Loud = &LoudRow{r.Loud.Title, r.Loud.Text, c.Href + "/practices/" + r.Loud.Practice}
	}
	return c
}

// cureOf draws how much of a cure period is gone.
func cureOf(day int) *Cure {
	x := 150 * min(max(day, 0), duty.CureDays) / duty.CureDays
	c := &Cure{}
	if x > 0 {
		c.Gone = fmt.Sprintf("M0 6H%d", x)
	}
	if x < 150 {
		c.Left = fmt.Sprintf("M%d 6H150", x)
	}
	return c
}
