package web

import (
	"context"
	"fmt"
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// Log is the entries of one client's log, newest first.
type Log struct {
	Base   string
	Places []Link
	Size   string
	Kinds  []Choice
	Day    string
	Rows   []EntryRow
	Newer  string
	Older  string
	Empty  string
	Vouch  string
}

// EntryRow is one entry in the list.
type EntryRow struct {
	Index, Href  string
	Recorded, At string
	What, Kind   string
	By           string
	Gone         string
}

var logPage = newEvidencePage[Log]("log.html")

const (
	entriesPerPage = 50
	mostScanned    = 20_000 // entries looked through for one page
)

// sorts of entries, for the filter.
var entrySorts = []struct {
	value, title string
	has          func(event.Kind) bool
}{
	{"", "all entries", func(event.Kind) bool { return true }},
	{"statements", "statements by people", event.Kind.IsStatement},
	{"devices", "devices", func(k event.Kind) bool { return k >= event.DeviceAdded && k <= event.SecretRevoked }},
	{"reports", "device reports", func(k event.Kind) bool { return k == event.DeviceReported || k == event.DeviceSeen }},
	{"client", "the client and its registers", func(k event.Kind) bool { return k >= event.ClientAdded && k <= event.SubjectUnused }},
	{"access", "people with access", func(k event.Kind) bool { return k >= event.MemberAdded && k <= event.AccountSet }},
	{"record", "corrections, holds, bundles, catalogs", func(k event.Kind) bool { return k < event.ClientAdded && k != event.MSPStated && k != event.GapShown }},
	{"shown", "gaps shown", func(k event.Kind) bool { return k == event.GapShown }},
	{"msp", "the MSP's statements", func(k event.Kind) bool { return k == event.MSPStated }},
}

func (d *desk) log(v *Visit) error {
	list, err := d.volumesOf(v.Context(), v.Client)
	if err != nil {
		return err
	}
	p := Log{Base: v.base(), Places: v.places("Log"), Size: Count(int(list.size()), "entry"), Day: v.query("day"), Vouch: d.vouching(v.Context(), v.Client).Line}
	sort := 0
	for n, s := range entrySorts {
		if s.value == v.query("kind") {
			sort = n
		}
	}
	for n, s := range entrySorts {
		p.Kinds = append(p.Kinds, Choice{s.value, s.title, n == sort})
	}
	before, err := d.before(v, list.size())
	if err != nil {
		return err
	}
	picked, older, err := d.pick(v.Context(), list, before, entrySorts[sort].has)
	if err != nil {
		return err
	}
	if p.Rows, err = d.entryRows(v, list, picked); err != nil {
		return err
	}
	if before < list.size() {
		p.Newer = v.with("before", "", "day", "")
	}
	if older > 0 {
		p.Older = v.with("before", itoa(older), "day", "")
	}
	if len(p.Rows) == 0 {
		p.Empty = "No entry of this sort up to here."
	}
	return render(v, logPage, v.Frame("Log, "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

// before is the entry above which nothing is listed: the one asked for, or the
// first after a day.
func (d *desk) before(v *Visit, size uint64) (uint64, error) {
	if n := number(v.query("before")); n > 0 {
		return min(n, size), nil
	}
	if t := v.query("day"); t != "" {
		end, err := dayEnd(t, v.Zone)
		if err != nil {
			v.Problem = explain3(err)
			return size, nil
		}
		return d.sizeAt(v.Context(), v.Client, end-1)
	}
	return size, nil
}

func explain3(err error) string {
	_, _, text := explain(err)
	return text
}

// pick finds the newest entries of a sort before an index, and from where the
// next page goes on; 0 when there is none.
func (d *desk) pick(ctx context.Context, list volumes, before uint64, has func(event.Kind) bool) (picked []uint64, older uint64, err error) {
	const chunk = 1000
	for to := before; to > 0 && before-to < mostScanned; {
		from := to - min(to, chunk)
		var found []uint64
		err := d.raw(ctx, list, from, to, func(index uint64, e store.Raw) error {
			if has(event.Kind(e.Kind)) {
				found = append(found, index)
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
		slices.Reverse(found)
		for _, i := range found {
			if len(picked) == entriesPerPage {
				return picked, picked[len(picked)-1], nil
			}
			picked = append(picked, i)
		}
		to = from
		older = from
	}
	return picked, older, nil
}

// entryRows reads and tells the entries with these indexes.
func (d *desk) entryRows(v *Visit, list volumes, picked []uint64) ([]EntryRow, error) {
	names, err := d.memberNames(v)
	if err != nil {
		return nil, err
	}
	t := teller{zone: v.Zone, names: names}
	back := map[uint64]bool{}
	err = d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		t.catalog = st.Catalog()
		for i := range st.Book.Retractions {
			back[i] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows := make([]EntryRow, 0, len(picked))
	for _, i := range picked {
		err := d.opened(v.Context(), list, i, i+1, func(e store.Stored) error {
			row, err := t.row(v, e)
			if back[i] {
				row.Gone = "taken back"
			}
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (t teller) row(v *Visit, e store.Stored) (EntryRow, error) {
	r := EntryRow{
		Index: Comma(int64(e.Index)), Href: entryLink(v.base(), e.Index).Href, Kind: kindName(t.catalog, event.Kind(e.Kind)),
		Recorded: stamp(e.Recorded, t.zone),
	}
	if e.Erased {
		r.What, r.Gone = "Erased", "content erased"
		return r, nil
	}
	env, err := event.Decode(e.Envelope)
	if err != nil {
		return r, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	r.What, r.By = t.says(env), t.who(env.Actor)
	if e.Recorded-env.At > interval.Day {
		r.At = "about " + ShortDay(env.At, t.zone)
	}
	return r, nil
}

// kindName is a kind's registered name, with the practice of a statement.
func kindName(c *framework.Catalog, k event.Kind) string {
	if p, ok := c.ByNumber(uint16(k)); ok && k.IsStatement() {
		return "document." + p.ID
	}
	return k.String()
}
