package bundle

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/interval"
	"breakwater/internal/record"
)

// row is one entry that a person reads: a statement, or what it says of a
// practice in another way.
type row struct {
	Index  uint64
	Number string
	Day    string
	Late   string // when it was logged, where that is another day
	What   string
	Note   string
	By     string
	File   string // name of the document
	Link   string // its member
}

// heap is entries of one kind in one period that a machine made; they are
// listed by number alone.
type heap struct {
	Kind        string
	Words       string
	Count       int
	First, Last string
	ID          string // anchor of the numbers
}

// gathered is what one pass over the disclosed entries leaves for the report.
type gathered struct {
	periods []period
	ids     []string
	counts  [][]int // by practice and period
	rows    [][][]row
	heaps   []map[event.Kind][]uint64 // by period
	proof   []tally                   // by practice, before the end of the window
	before  [][]row                   // by practice, the newest that people read from before the window
	anchors map[uint64]bool
}

// machineWords name the kinds of which there are too many to read one by one.
var machineWords = map[event.Kind][2]string{
	event.DeviceReported: {"full report", "full reports"},
	event.DeviceSeen:     {"list of unchanged reports", "lists of unchanged reports"},
}

// machines are those kinds.
var machines = map[event.Kind]bool{event.DeviceReported: true, event.DeviceSeen: true}

// gather sorts the disclosed entries by practice and period.
func (in *Input) gather(d *disclosure, ids []string, c calendar, w interval.Span) (*gathered, error) {
	g := &gathered{periods: periods(w, c.zone), ids: ids, proof: make([]tally, len(ids)), before: make([][]row, len(ids)), anchors: map[uint64]bool{}}
	feeds := make([]kindSet, len(ids))
	for i, id := range ids {
		feeds[i] = feeding(d.catalogs, id, Evidence)
		g.counts = append(g.counts, make([]int, len(g.periods)))
		g.rows = append(g.rows, make([][]row, len(g.periods)))
	}
	for range g.periods {
		g.heaps = append(g.heaps, map[event.Kind][]uint64{})
	}
	files := g.files(d)
	for e, err := range in.Entries() {
		if err != nil {
			return nil, err
		}
		if !d.shows(e.Index) {
			continue
		}
		env, err := event.Decode(e.Envelope)
		if err != nil {
			return nil, err
		}
		g.take(e, env, feeds, c, w, files)
	}
	for i, rows := range g.before {
		g.before[i] = rows[max(0, len(rows)-maxBefore):]
		for _, r := range g.before[i] {
			g.anchors[r.Index] = true
		}
	}
	return g, nil
}

// maxBefore is how many entries from before the window a practice lists: they
// may still have held in it.
const maxBefore = 8

func (g *gathered) files(d *disclosure) map[uint64]Blob {
	files := map[uint64]Blob{}
	for _, b := range d.blobs {
		files[b.Entry] = b
	}
	return files
}

func (g *gathered) take(e Entry, env event.Envelope, feeds []kindSet, c calendar, w interval.Span, files map[uint64]Blob) {
	k := of(g.periods, env.At)
	heaped := false
	for i := range g.ids {
		if !feeds[i][env.Kind] || env.Kind == event.MSPStated && stated(env) != g.ids[i] {
			continue
		}
		if env.At < w.To {
			g.proof[i].add(e.Index)
		}
		if k < 0 {
			if env.At < w.From && !machines[env.Kind] {
				g.before[i] = append(g.before[i], newRow(e, env, c, files))
			}
			continue
		}
		g.counts[i][k]++
		if !machines[env.Kind] {
			g.anchors[e.Index] = true
			g.rows[i][k] = append(g.rows[i][k], newRow(e, env, c, files))
		} else if !heaped {
			g.heaps[k][env.Kind], heaped = append(g.heaps[k][env.Kind], e.Index), true
		}
	}
}

// stated is the practice that a statement of the MSP is about.
func stated(env event.Envelope) string {
	v, err := event.Body[record.Stated](env)
	if err != nil {
		return ""
	}
	return v.Practice
}

func newRow(e Entry, env event.Envelope, c calendar, files map[uint64]Blob) row {
	r := row{
		Index: e.Index, Number: grouped(int64(e.Index)), Day: c.short(env.At), What: env.Kind.String(), By: env.Actor,
	}
	if logged := c.short(e.Recorded); logged != r.Day {
		r.Late = logged
	}
	r.By = strings.TrimPrefix(r.By, "member:")
	switch {
	case env.Kind.IsStatement():
		v, err := event.Body[document.Statement](env)
		if err != nil {
			break
		}
		r.What, r.Note = stateWords[v.State], v.Note
		if v.Subject != "" {
			r.What += ": " + v.Subject
		}
		if v.By != "" {
			r.By = v.By
		}
	case env.Kind == event.MSPStated:
		if v, err := event.Body[record.Stated](env); err == nil {
			r.What, r.Note, r.By = stateWords[v.Statement], v.Note, "the MSP's statement"
		}
	}
	if r.What == "" {
		r.What = "Statement"
	}
	if b, ok := files[e.Index]; ok {
		r.File, r.Link = b.Name, folderBlobs+hexOf(b.Hash)
	}
	return r
}

// heapsOf lists the machine-made entries that feed a practice in a period.
func (g *gathered) heapsOf(k int, feeds kindSet) []heap {
	var list []heap
	for _, kind := range slices.Sorted(maps.Keys(g.heaps[k])) {
		if n := g.heaps[k][kind]; feeds[kind] {
			list = append(list, heap{
				Kind: kind.String(), Words: count(len(n), machineWords[kind][0], machineWords[kind][1]), Count: len(n), First: grouped(int64(n[0])), Last: grouped(int64(n[len(n)-1])),
				ID: "n" + strconv.Itoa(k) + "-" + strconv.Itoa(int(kind)),
			})
		}
	}
	return list
}
