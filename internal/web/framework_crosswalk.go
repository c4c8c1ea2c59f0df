package web

import (
	"slices"
	"strings"

	"breakwater/internal/framework"
)

// MapsTo is the items of one other framework that published tables put beside
// an item, and by what authority.
type MapsTo struct{ Title, Items, Authority string }

// authorities says in words who put two items beside one another.
var authorities = map[string]string{
	"official": "published mapping", "official-ids": "published mapping", "derived": "joined from published mappings", "editorial": "our reading",
}

// mapsTo lists what the crosswalk says of an item, one line for each other
// framework and authority.
func mapsTo(from, id string) []MapsTo {
	var list []MapsTo
	add := func(title, item, authority string) {
		at := slices.IndexFunc(list, func(m MapsTo) bool { return m.Title == title && m.Authority == authority })
		if at < 0 {
			list = append(list, MapsTo{title, item, authority})
			return
		}
		if !slices.Contains(strings.Split(list[at].Items, ", "), item) {
			list[at].Items += ", " + item
		}
	}
	for _, m := range framework.Crosswalk(from, id) {
		other, item := m.ToFramework, m.To
		if other == from && item == id {
			other, item = m.FromFramework, m.From
		}
		if f, ok := framework.FrameworkNamed(other); ok {
			add(shortFramework(f), item, authorities[m.Authority])
		}
	}
	return list
}

// crosswalkSources names the tables behind the mappings.
func crosswalkSources() []string {
	var list []string
	for _, s := range framework.CrosswalkSources() {
		list = append(list, s.What)
	}
	return list
}
