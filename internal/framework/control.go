package framework

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Route is the way by which a framework can be a recognized security practice
// under 42 USC 17941(b)(1), or that it is the law itself or only a mapping.
type Route string

// The routes. RouteMapping frameworks are shown beside an elected program and
// are not routes of the statute (our reading).
const (
	RouteNIST    Route = "nist"    // NIST Act 2(c)(15), 15 USC 272(c)(15)
	Route405d    Route = "405d"    // Cybersecurity Act of 2015 section 405(d), 6 USC 1533(d)
	RouteOther   Route = "other"   // another program recognized by regulation under a statute
	RouteMapping Route = "mapping" // shown, not elected
	RouteLaw     Route = "law"     // 45 CFR part 164
)

// Framework is an outside set of items. Its text is never ours: ids and short
// titles only.
type Framework struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Edition string `json:"edition"`
	Route   Route  `json:"route"`
	Titles  string `json:"titles"` // whose words the titles are
	Source  string `json:"source"`
	Checked string `json:"checked"`
}

// Item is one control of a framework.
type Item struct {
	Framework string `json:"framework"`
	ID        string `json:"id"`
	Title     string `json:"title"`
	OurTitle  bool   `json:"our_title"` // the title is ours, not the framework's
	Sort      string `json:"sort"`      // standard, specification, category, subcategory, control, enhancement, ...
	Note      string `json:"note"`      // required, addressable, withdrawn, essential, enhanced, ...
}

// Mapping is one row of the crosswalk: that From and To answer one another,
// who says so, and through what.
type Mapping struct {
	FromFramework, From string
	ToFramework, To     string
	Authority           string // official, official-ids, derived, editorial
	Source              int    // number in CrosswalkSources
	Via                 string // the item of CSF 1.1 by which it was derived
}

// CrosswalkSource is where rows of the crosswalk come from.
type CrosswalkSource struct {
	Number int    `json:"number"`
	What   string `json:"what"`
}

type library struct {
	frameworks []Framework
	sources    []CrosswalkSource
	items      map[string][]Item
	byID       map[[2]string]Item
}

var shelf = sync.OnceValue(func() *library {
	l := &library{items: map[string][]Item{}, byID: map[[2]string]Item{}}
	mustEmbedded("data/frameworks.json", &struct {
		About      string             `json:"about"`
		Frameworks *[]Framework       `json:"frameworks"`
		Sources    *[]CrosswalkSource `json:"crosswalk_sources"`
	}{"", &l.frameworks, &l.sources})
	for _, row := range mustRows("data/controls.csv", 6) {
		it := Item{row[0], row[1], row[2], row[3] == "ours", row[4], row[5]}
		l.items[it.Framework] = append(l.items[it.Framework], it)
		l.byID[[2]string{it.Framework, it.ID}] = it
	}
	return l
})

var mappings = sync.OnceValue(func() map[[2]string][]Mapping {
	out := map[[2]string][]Mapping{}
	for _, row := range mustRows("data/crosswalk.csv", 7) {
		source, err := strconv.Atoi(row[5])
		if err != nil {
			panic("framework: data/crosswalk.csv: source " + row[5])
		}
		for to := range strings.FieldsSeq(row[3]) {
			m := Mapping{row[0], row[1], row[2], to, row[4], source, row[6]}
			out[[2]string{m.FromFramework, m.From}] = append(out[[2]string{m.FromFramework, m.From}], m)
			if from := [2]string{m.ToFramework, m.To}; from != [2]string{m.FromFramework, m.From} {
				out[from] = append(out[from], m)
			}
		}
	}
	return out
})

// mustRows reads an embedded table whose lines that start with # are its
// statement of source; the first row is the head.
func mustRows(file string, columns int) [][]string {
	b, err := data.ReadFile(file)
	if err != nil {
		panic("framework: " + err.Error())
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.Comment, r.FieldsPerRecord = '#', columns
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		panic(fmt.Sprintf("framework: %s: %v", file, err))
	}
	return rows[1:]
}

// Frameworks lists the frameworks this program knows.
func Frameworks() []Framework { return slices.Clone(shelf().frameworks) }

// FrameworkNamed returns the framework with an id.
func FrameworkNamed(id string) (Framework, bool) {
	for _, f := range shelf().frameworks {
		if f.ID == id {
			return f, true
		}
	}
	return Framework{}, false
}

// Controls lists the items of a framework in its own order.
func Controls(framework string) []Item { return slices.Clone(shelf().items[framework]) }

// Control returns one item of a framework.
func Control(framework, id string) (Item, bool) {
	it, ok := shelf().byID[[2]string{framework, id}]
	return it, ok
}

// Crosswalk lists the mappings from and to an item.
func Crosswalk(framework, id string) []Mapping {
	return slices.Clone(mappings()[[2]string{framework, id}])
}

// CrosswalkSources lists where the crosswalk's rows come from.
func CrosswalkSources() []CrosswalkSource { return slices.Clone(shelf().sources) }
