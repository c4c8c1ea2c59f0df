package posture

import (
	"encoding/binary"
	"errors"
	"strings"
)

// The GVDB format holds dconf databases and compiled GSettings schemas: a header, then hash tables
// whose items name their parent, so that a key is the joined names up to the root
// (gvdb-format.h of GLib). All offsets are from the start of the file.
const (
	maxGVDB      = 16 << 20
	maxGVDBItems = 200_000
	maxKey       = 4096
	gvdbHeader   = 24
	gvdbItemSize = 24
)

var errGVDB = errors.New("parse settings database")

// gvdb is one table: values by full key, and tables within.
type gvdb struct {
	values map[string]setting
	tables map[string]gvdbRange
	data   []byte
	order  binary.ByteOrder
}

type gvdbRange struct{ start, end uint32 }

// setting is a serialized variant: its type and its bytes.
type setting struct {
	kind string
	data []byte
	// order is the byte order of the database.
	order binary.ByteOrder
}

func (s setting) boolean() (value, ok bool) {
	if s.kind != "b" || len(s.data) != 1 {
		return false, false
	}
	return s.data[0] == 1, s.data[0] <= 1
}

func (s setting) number() (int64, bool) {
	if s.kind != "u" && s.kind != "i" || len(s.data) != 4 {
		return 0, false
	}
	if s.kind == "i" {
		return int64(int32(s.order.Uint32(s.data))), true
	}
	return int64(s.order.Uint32(s.data)), true
}

// first is the first member of a tuple of fixed-size members; schemas keep a default that way.
func (s setting) first() setting {
	size := map[byte]int{'b': 1, 'u': 4, 'i': 4}
	if len(s.kind) < 3 || s.kind[0] != '(' || size[s.kind[1]] == 0 || len(s.data) < size[s.kind[1]] {
		return setting{}
	}
	return setting{kind: s.kind[1:2], data: s.data[:size[s.kind[1]]], order: s.order}
}

func parseGVDB(data []byte) (*gvdb, error) {
	if len(data) < gvdbHeader || len(data) > maxGVDB {
		return nil, errGVDB
	}
	var order binary.ByteOrder
	switch string(data[:8]) {
	case "GVariant":
		order = binary.LittleEndian
	case "raVGtnai":
		order = binary.BigEndian
	default:
		return nil, errGVDB
	}
	if order.Uint32(data[8:]) != 0 {
		return nil, errGVDB
	}
	return readGVDB(data, order, gvdbRange{order.Uint32(data[16:]), order.Uint32(data[20:])})
}

// cut is the bytes of a range.
func (r gvdbRange) cut(data []byte) ([]byte, bool) {
	if r.start > r.end || uint64(r.end) > uint64(len(data)) {
		return nil, false
	}
	return data[r.start:r.end], true
}

type gvdbItem struct {
	parent uint32
	name   string
	kind   byte
	value  gvdbRange
}

func readGVDB(data []byte, order binary.ByteOrder, at gvdbRange) (*gvdb, error) {
	items, err := gvdbItems(data, order, at)
	if err != nil {
		return nil, err
	}
	db := &gvdb{values: map[string]setting{}, tables: map[string]gvdbRange{}, data: data, order: order}
	for i, item := range items {
		key, err := gvdbKey(items, uint32(i))
		if err != nil {
			return nil, err
		}
		switch item.kind {
		case 'v':
			raw, ok := item.value.cut(data)
			if !ok {
				return nil, errGVDB
			}
			db.values[key] = parseVariant(raw, order)
		case 'H':
			db.tables[key] = item.value
		}
	}
	return db, nil
}

// gvdbItems reads the items behind the Bloom filter and the buckets of a hash table.
func gvdbItems(data []byte, order binary.ByteOrder, at gvdbRange) ([]gvdbItem, error) {
	table, ok := at.cut(data)
	if !ok || len(table) < 8 {
		return nil, errGVDB
	}
	skip := 8 + 4*uint64(order.Uint32(table)&(1<<27-1)) + 4*uint64(order.Uint32(table[4:]))
	if skip > uint64(len(table)) {
		return nil, errGVDB
	}
	raw := table[skip:]
	if len(raw)%gvdbItemSize != 0 || len(raw)/gvdbItemSize > maxGVDBItems {
		return nil, errGVDB
	}
	var items []gvdbItem
	for ; len(raw) > 0; raw = raw[gvdbItemSize:] {
		start := order.Uint32(raw[8:])
		name, ok := gvdbRange{start, start + uint32(order.Uint16(raw[12:]))}.cut(data)
		if !ok {
			return nil, errGVDB
		}
		items = append(items, gvdbItem{
			parent: order.Uint32(raw[4:]), name: string(name), kind: raw[14],
			value: gvdbRange{order.Uint32(raw[16:]), order.Uint32(raw[20:])},
		})
	}
	return items, nil
}

const gvdbNoParent = 0xffffffff

// gvdbKey joins the names from the root down.
func gvdbKey(items []gvdbItem, i uint32) (string, error) {
	var parts []string
	size := 0
	for depth := 0; i != gvdbNoParent; depth++ {
		if uint64(i) >= uint64(len(items)) || depth > maxDepth || size > maxKey {
			return "", errGVDB
		}
		parts = append(parts, items[i].name)
		size += len(items[i].name)
		i = items[i].parent
	}
	var b strings.Builder
	for j := len(parts) - 1; j >= 0; j-- {
		b.WriteString(parts[j])
	}
	return b.String(), nil
}

// table opens a table within.
func (db *gvdb) table(key string) (*gvdb, bool) {
	at, ok := db.tables[key]
	if !ok {
		return nil, false
	}
	inner, err := readGVDB(db.data, db.order, at)
	return inner, err == nil
}

// parseVariant cuts "bytes NUL type", the form of a serialized variant.
func parseVariant(raw []byte, order binary.ByteOrder) setting {
	for i := len(raw) - 1; i >= 0; i-- {
		if raw[i] == 0 {
			return setting{kind: string(raw[i+1:]), data: raw[:i], order: order}
		}
	}
	return setting{}
}
