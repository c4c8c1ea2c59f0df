package store

import (
	"context"
	"fmt"
	"testing"
)

// PragmasOfEveryConnection opens every connection that a SQLite store has and
// reads the named pragmas on each.
func PragmasOfEveryConnection(t testing.TB, s *Store, names map[string]string) map[string]map[string]string {
	t.Helper()
	ctx := context.Background()
	e := s.eng.(*sqliteEngine)
	if _, err := e.version(ctx); err != nil {
		t.Fatal(err)
	}
	conns := map[string]*sqliteConn{"writer": e.writer, "watcher": e.watcher}
	var open []tx
	for n := range cap(e.readers) {
		x, err := e.begin(ctx, readTx)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, x)
		conns[fmt.Sprint("reader ", n)] = x.(*sqliteTx).conn
	}
	x, err := e.begin(ctx, snapshotTx)
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, x)
	conns["snapshot"] = x.(*sqliteTx).conn
	all := map[string]map[string]string{}
	for name, c := range conns {
		all[name] = map[string]string{}
		for p := range names {
			r, err := c.rows(ctx, "PRAGMA "+p)
			if err != nil {
				t.Fatal(err)
			}
			all[name][p] = fmt.Sprint(r[0][0])
		}
	}
	for _, x := range open {
		x.rollback()
	}
	return all
}

// HoldWriteLock begins a write transaction and returns how to end it.
func HoldWriteLock(t testing.TB, s *Store) func() {
	t.Helper()
	x, err := s.eng.begin(context.Background(), writeTx)
	if err != nil {
		t.Fatal(err)
	}
	return x.rollback
}

// SchemaInList is "name type null" of the columns of each table in the list.
func SchemaInList() map[string][]string {
	all := map[string][]string{}
	for _, t := range tables {
		for _, c := range t.cols {
			all[t.name] = append(all[t.name], fmt.Sprintf("%s %c %v", c.name, c.typ, c.null))
		}
	}
	return all
}

// SchemaInDatabase is the same of the database.
func SchemaInDatabase(t testing.TB, s *Store) map[string][]string {
	t.Helper()
	ctx := context.Background()
	all := map[string][]string{}
	add := func(table, col, typ string, null bool) {
		types := map[string]string{"INTEGER": "i", "BLOB": "b", "TEXT": "t", "bigint": "i", "bytea": "b", "text": "t"}
		all[table] = append(all[table], fmt.Sprintf("%s %s %v", col, types[typ], null))
	}
	switch e := s.eng.(type) {
	case *sqliteEngine:
		rows, err := e.writer.rows(ctx, `SELECT m.name, c.name, c.type, c."notnull" FROM sqlite_master m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.sql LIKE '%STRICT' ORDER BY m.name, c.cid`)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			add(r.text(0), r.text(1), r.text(2), r.int(3) == 0)
		}
	case *postgresEngine:
		c, give, err := e.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer give()
		rows, err := c.Query(ctx, `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name <> 'goose_db_version' ORDER BY table_name, ordinal_position`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var table, col, typ, null string
			if err := rows.Scan(&table, &col, &typ, &null); err != nil {
				t.Fatal(err)
			}
			add(table, col, typ, null == "YES")
		}
	}
	return all
}

// CodeError is the sentence for a result code of SQLite.
func CodeError(code int) error { return codeError(code) }

// Plan is how SQLite would run a statement.
func Plan(t testing.TB, s *Store, sql string) string {
	t.Helper()
	rows, err := s.eng.(*sqliteEngine).writer.rows(context.Background(), "EXPLAIN QUERY PLAN "+sql)
	if err != nil {
		t.Fatal(err)
	}
	plan := ""
	for _, r := range rows {
		plan += r.text(3) + "\n"
	}
	return plan
}
