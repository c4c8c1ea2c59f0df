package store

import (
	"strconv"
	"strings"
	"sync"
)

// dialect writes the few statements there are. Both engines understand the same
// SQL but for the placeholders and the row lock.
type dialect struct {
	numbered bool   // $1 in place of ?
	lockRow  string // appended to lock a row read

	cache sync.Map // shape of a statement -> its text
}

func (d *dialect) cached(shape string, write func(*statement)) string {
	if sql, ok := d.cache.Load(shape); ok {
		return sql.(string)
	}
	s := &statement{numbered: d.numbered}
	write(s)
	sql := s.b.String()
	d.cache.Store(shape, sql)
	return sql
}

type statement struct {
	b        strings.Builder
	numbered bool
	n        int
}

func (s *statement) text(parts ...string) {
	for _, p := range parts {
		s.b.WriteString(p)
	}
}

func (s *statement) arg() {
	s.n++
	if !s.numbered {
		s.b.WriteByte('?')
		return
	}
	s.b.WriteByte('$')
	s.b.WriteString(strconv.Itoa(s.n))
}

func (s *statement) table(t *table) { s.text(`"`, t.name, `"`) }

func (s *statement) columns(t *table) {
	for n, c := range t.cols {
		if n > 0 {
			s.text(", ")
		}
		s.text(c.name)
	}
}

func (s *statement) where(conds []cond) {
	for n, c := range conds {
		if n == 0 {
			s.text(" WHERE ")
		} else {
			s.text(" AND ")
		}
		s.text(c.col)
		switch c.op {
		case "null":
			s.text(" IS NULL")
		case "set":
			s.text(" IS NOT NULL")
		default:
			s.text(" ", c.op, " ")
			s.arg()
		}
	}
}

func (s *statement) orderByKey(t *table) {
	s.text(" ORDER BY ")
	for n, c := range t.cols[:t.key] {
		if n > 0 {
			s.text(", ")
		}
		s.text(c.name)
	}
}

func (d *dialect) insert(t *table) string {
	return d.cached("insert "+t.name, func(s *statement) {
		s.text("INSERT INTO ")
		s.table(t)
		s.text(" (")
		s.columns(t)
		s.text(") VALUES (")
		for n := range t.cols {
			if n > 0 {
				s.text(", ")
			}
			s.arg()
		}
		s.text(")")
	})
}

func (d *dialect) get(t *table, lock bool) string {
	shape := "get " + t.name
	if lock {
		shape = "lock " + t.name
	}
	return d.cached(shape, func(s *statement) {
		s.text("SELECT ")
		s.columns(t)
		s.text(" FROM ")
		s.table(t)
		conds := make([]cond, t.key)
		for n := range conds {
			conds[n] = eq(t.cols[n].name, nil)
		}
		s.where(conds)
		if lock {
			s.text(d.lockRow)
		}
	})
}

func (d *dialect) query(q query) (string, []any) {
	shape := conditionShape("scan "+q.t.name, q.where) + " by " + q.order + " " + strconv.Itoa(q.limit)
	return d.cached(shape, func(s *statement) {
		s.text("SELECT ")
		s.columns(q.t)
		s.text(" FROM ")
		s.table(q.t)
		s.where(q.where)
		if q.order != "" {
			s.text(" ORDER BY ", q.order)
		} else {
			s.orderByKey(q.t)
		}
		if q.limit > 0 {
			s.text(" LIMIT ", strconv.Itoa(q.limit))
		}
	}), conditionArgs(nil, q.where)
}

func (d *dialect) update(t *table, set []assign, where []cond) (string, []any) {
	var shape strings.Builder
	shape.WriteString("update " + t.name)
	args := make([]any, 0, len(set)+len(where))
	for _, a := range set {
		shape.WriteString(" " + a.col)
		args = append(args, a.val)
	}
	return d.cached(conditionShape(shape.String(), where), func(s *statement) {
		s.text("UPDATE ")
		s.table(t)
		for n, a := range set {
			if n == 0 {
				s.text(" SET ")
			} else {
				s.text(", ")
			}
			s.text(a.col, " = ")
			s.arg()
		}
		s.where(where)
	}), conditionArgs(args, where)
}

func (d *dialect) remove(t *table, where []cond) (string, []any) {
	return d.cached(conditionShape("remove "+t.name, where), func(s *statement) {
		s.text("DELETE FROM ")
		s.table(t)
		s.where(where)
	}), conditionArgs(nil, where)
}

func conditionShape(prefix string, where []cond) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, c := range where {
		b.WriteString("|" + c.col + c.op)
	}
	return b.String()
}

func conditionArgs(args []any, where []cond) []any {
	for _, c := range where {
		if c.op != "null" && c.op != "set" {
			args = append(args, c.val)
		}
	}
	return args
}

// Statements on entries, written by hand because they carry the load.
const (
	sqlScanBodies  = `SELECT idx, recorded, kind, leaf_hash, key_mac, body FROM entry WHERE log = %1 AND idx >= %2 AND idx < %3 ORDER BY idx`
	sqlScanLeaves  = `SELECT idx, recorded, kind, leaf_hash, key_mac FROM entry WHERE log = %1 AND idx >= %2 AND idx < %3 ORDER BY idx`
	sqlAdvanceHead = `UPDATE "head" SET size = ?, root = ?, frontier = ?, recorded = ? WHERE log = ? AND size = ?`
	sqlFindKey     = `SELECT idx, recorded, kind, leaf_hash, key_mac, body FROM entry WHERE log = %1 AND key_mac = %2`
)

func (d *dialect) placeholders(sql string) string {
	mark := "?"
	if d.numbered {
		mark = "$"
	}
	return strings.ReplaceAll(sql, "%", mark)
}
