package store

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

func sortRows(t *table, rows []row, order string) {
	name, down := strings.CutSuffix(order, " DESC")
	col := t.column(name)
	slices.SortStableFunc(rows, func(a, b row) int {
		c := compareValues(a[col], b[col])
		if down {
			return -c
		}
		return c
	})
}

// fitting returns the places of the rows that fit, in the order of the key.
func (x *memTx) fitting(t *table, where []cond) []int {
	mt := &x.state[t.index]
	from, to := 0, len(mt.rows)
	var prefix row
	for len(prefix) < t.key {
		val, ok := fixed(where, t.cols[len(prefix)].name)
		if !ok {
			break
		}
		prefix = append(prefix, val)
	}
	if len(prefix) > 0 {
		p := memKey(prefix)
		from = sort.SearchStrings(mt.keys, p)
		to = from + sort.Search(len(mt.keys)-from, func(n int) bool { return !strings.HasPrefix(mt.keys[from+n], p) })
	}
	var places []int
	for n := from; n < to; n++ {
		if fits(t, mt.rows[n], where) {
			places = append(places, n)
		}
	}
	return places
}

func fixed(where []cond, col string) (any, bool) {
	for _, c := range where {
		if c.col == col && c.op == "=" {
			return c.val, true
		}
	}
	return nil, false
}

func fits(t *table, r row, where []cond) bool {
	for _, c := range where {
		v := r[t.column(c.col)]
		switch c.op {
		case "null":
			if v != nil {
				return false
			}
		case "set":
			if v == nil {
				return false
			}
		default:
			if v == nil || !holds(c.op, compareValues(v, c.val)) {
				return false
			}
		}
	}
	return true
}

func holds(op string, c int) bool {
	switch op {
	case "=":
		return c == 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	default:
		return c >= 0
	}
}

func compareValues(a, b any) int {
	if x, ok := a.(int64); ok {
		y, _ := b.(int64)
		return cmp.Compare(x, y)
	}
	return strings.Compare(memKey(row{a}), memKey(row{b}))
}

// memKey encodes values so that keys sort as the values do.
func memKey(vals []any) string {
	var b []byte
	for _, v := range vals {
		switch v := v.(type) {
		case int64:
			b = append(b, 'i')
			b = binary.BigEndian.AppendUint64(b, uint64(v)^1<<63)
		case []byte:
			b = appendTerminated(append(b, 'b'), string(v))
		case string:
			b = appendTerminated(append(b, 't'), v)
		}
	}
	return string(b)
}

func appendTerminated(b []byte, s string) []byte {
	for n := range len(s) {
		b = append(b, s[n])
		if s[n] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 0)
}
