package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"breakwater/internal/duty"
	"breakwater/internal/interval"
)

// Today is what to do today over all clients that one may see.
type Today struct {
	Lede    string
	Filters []Pick
	Clients []Choice
	Show    string
	Rows    []Todo
	Begin   []Link // what is not listed: later dates, further first steps
	Rest    string
	RestAt  string
	Empty   string
	Unread  string
}

var todayPage = newEvidencePage[Today]("today.html")

// soonDays is how far ahead a due date is listed among everything else.
const soonDays = 14

// mostToday is how many things the page lists before it is asked for all.
const mostToday = 60

// task is a duty with its client.
type task struct {
	duty.Duty
	client, name string
}

func (d *desk) today(v *Visit) error {
	now := v.Now()
	all, unread, err := d.sums.todo(v.Context(), now, v.sees())
	if err != nil {
		return err
	}
	p := Today{Show: v.query("show"), Unread: unreadWords(unread), Clients: []Choice{{"", "all clients", v.query("client") == ""}}}
	var list []task
	for _, c := range all {
		p.Clients = append(p.Clients, Choice{c.id, c.name, c.id == v.query("client")})
		for _, t := range c.duties {
			list = append(list, task{t, c.id, c.name})
		}
	}
	rankTasks(list)
	p.Lede = todayLede(list, now, v.Zone)
	p.fill(v, list)
	return render(v, todayPage, v.Frame(inToday, inToday), p)
}

var dutyRank = map[duty.Kind]int{duty.KindFailed: 0, duty.KindUnproven: 1, duty.KindBegin: 2, duty.KindDue: 3}

// rankTasks orders the duties of several clients: cure periods by their end,
// then what is due and what lapsed by how long it has been open, then each
// client's own order.
func rankTasks(list []task) {
	slices.SortStableFunc(list, func(a, b task) int {
		if c := cmp.Compare(dutyRank[a.Kind], dutyRank[b.Kind]); c != 0 {
			return c
		}
		switch a.Kind {
		case duty.KindFailed:
			return cmp.Or(cmp.Compare(a.CureEnds, b.CureEnds), strings.Compare(a.name, b.name))
		case duty.KindDue:
			return cmp.Or(cmp.Compare(a.Due, b.Due), strings.Compare(a.name, b.name))
		}
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), strings.Compare(a.name, b.name))
	})
}

func todayLede(list []task, now int64, zone *time.Location) string {
	count := map[duty.Kind]int{}
	for _, t := range list {
		count[t.Kind]++
	}
	say := time.UnixMilli(now).In(zone).Format("Monday, January 2, 2006") + ". "
	var parts []string
	for _, x := range []struct {
		kind duty.Kind
		word string
	}{{duty.KindFailed, "failed"}, {duty.KindUnproven, "unproven"}, {duty.KindBegin, "not begun"}, {duty.KindDue, "due in the next 60 days"}} {
		if n := count[x.kind]; n > 0 {
			parts = append(parts, Comma(int64(n))+" "+x.word)
		}
	}
	if len(parts) == 0 {
		return say + "Nothing is failed, unproven or due in the next 60 days."
	}
	return say + And(parts) + ", over all clients; each with the one action that closes it."
}

// todayFilters pick duties by their sort.
var todayFilters = []struct {
	value, title string
	kind         duty.Kind
}{{"", "All", ""}, {"failed", "Failed", duty.KindFailed}, {"unproven", "Unproven", duty.KindUnproven}, {"begin", "Not begun", duty.KindBegin}, {"due", "Due in 60 days", duty.KindDue}}

func (p *Today) fill(v *Visit, list []task) {
	if c := v.query("client"); c != "" {
		list = slices.DeleteFunc(list, func(t task) bool { return t.client != c })
	}
	chosen := duty.Kind("")
	for _, f := range todayFilters {
		count := 0
		for _, t := range list {
			if f.kind == "" || t.Kind == f.kind {
				count++
			}
		}
		current := f.value == p.Show
		if current {
			chosen = f.kind
		}
		p.Filters = append(p.Filters, Pick{f.title, v.with("show", f.value, "all", ""), count, current})
	}
	list = slices.DeleteFunc(list, func(t task) bool { return chosen != "" && t.Kind != chosen })
	more := map[string]int{}
	if chosen == "" && v.query("all") == "" && v.query("client") == "" {
		list, more = firstSteps(list)
		all := len(list)
		list = slices.DeleteFunc(list, func(t task) bool { return t.Kind == duty.KindDue && t.Due > v.Now()+soonDays*interval.Day })
		if n := all - len(list); n > 0 {
			p.Begin = append(p.Begin, Link{Title: Comma(int64(n)) + " fall due later than in " + Count(soonDays, "day"), Href: v.with("show", "due")})
		}
	}
	if n := len(list) - mostToday; n > 5 && v.query("all") == "" {
		p.Rest, p.RestAt, list = "Show the other "+Comma(int64(n)), v.with("all", "1"), list[:mostToday]
	}
	for n := range list {
		t := v.todoOf(list[n].client, &list[n].Duty)
		t.Client, t.ClientHref = list[n].name, "/clients/"+list[n].client
		if k := more[list[n].client]; k > 0 && list[n].Kind == duty.KindBegin && last(list, n) {
			p.Begin = append(p.Begin, Link{Title: Count(k, "more step") + " to begin with " + t.Client, Href: v.with("client", list[n].client, "show", "begin")})
		}
		t.First = n == 0 && list[n].Kind == duty.KindFailed
		p.Rows = append(p.Rows, t)
	}
	if len(list) == 0 {
		p.Empty = "Nothing to do here today."
	}
}

// firstShown is how many first steps of one client are listed among
// everything else.
const firstShown = 3

// firstSteps keeps the first few things that a client has to begin with, and
// counts the others by client.
func firstSteps(list []task) (kept []task, more map[string]int) {
	seen := map[string]int{}
	more = map[string]int{}
	for _, t := range list {
		if t.Kind == duty.KindBegin {
			if seen[t.client]++; seen[t.client] > firstShown {
				more[t.client]++
				continue
			}
		}
		kept = append(kept, t)
	}
	return kept, more
}

// last reports whether no later row of a list is of the same client and kind.
func last(list []task, n int) bool {
	return !slices.ContainsFunc(list[n+1:], func(t task) bool { return t.client == list[n].client && t.Kind == list[n].Kind })
}
