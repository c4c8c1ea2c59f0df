package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/store"
)

const (
	benchLogs = 50
	benchPad  = 250 // makes an envelope of about 400 bytes
)

func benchStore(b *testing.B, engine string) (*store.Store, []store.Log) {
	b.Helper()
	e := newEnv(b, engine)
	s := e.open(b, e.options())
	var logs []store.Log
	for n := range benchLogs {
		logs = append(logs, newLog(b, s, fmt.Sprint("client-", n)))
	}
	return s, logs
}

var benchKeys atomic.Int64

// benchBatch is n events, two by two over the logs.
func benchBatch(logs []store.Log, n int) []store.Submission {
	subs := make([]store.Submission, n)
	for m := range subs {
		k := benchKeys.Add(1)
		l := logs[int(k/2)%len(logs)]
		subs[m] = store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, fmt.Sprint("key-", k), benchPad)}}
	}
	return subs
}

// BenchmarkAppend100 is Commit with batches of 100.
func BenchmarkAppend100(b *testing.B) {
	for _, engine := range []string{"memory", "sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			s, logs := benchStore(b, engine)
			subs := benchBatch(logs, 100*b.N)
			b.ResetTimer()
			for n := range b.N {
				commitOK(b, s, subs[n*100:n*100+100]...)
			}
			perSecond(b, 100*b.N)
		})
	}
}

// BenchmarkRatio compares Commit with the same rows written without sealing and
// tree by one prepared statement of database/sql, turn by turn in one process,
// and reports the speed of the first as a share of the second.
func BenchmarkRatio(b *testing.B) {
	for _, n := range []int{1, benchLogs} {
		b.Run(fmt.Sprint("logs=", n), func(b *testing.B) { benchRatio(b, n) })
	}
}

func benchRatio(b *testing.B, spread int) {
	const turn = 5 // batches
	s, logs := benchStore(b, "sqlite")
	logs = logs[:spread]
	rows := newPlainRows(b)
	var with, without []time.Duration
	for b.Loop() {
		subs := benchBatch(logs, 100*turn)
		start := time.Now()
		for n := range turn {
			commitOK(b, s, subs[n*100:n*100+100]...)
		}
		with = append(with, time.Since(start))
		start = time.Now()
		for n := range turn {
			rows.write(b, subs[n*100:n*100+100])
		}
		without = append(without, time.Since(start))
	}
	slices.Sort(with)
	slices.Sort(without)
	median := len(with) / 2
	b.ReportMetric(float64(without[median])/float64(with[median]), "ratio")
	b.ReportMetric(100*turn/with[median].Seconds(), "events/s")
}

// plainRows writes rows of the entry table and nothing else.
type plainRows struct {
	db     *sql.DB
	insert *sql.Stmt
	next   [benchLogs + 1]int64
}

func newPlainRows(b *testing.B) *plainRows {
	e := newEnv(b, "sqlite")
	s := e.open(b, e.options())
	for n := range benchLogs {
		newLog(b, s, fmt.Sprint("client-", n))
	}
	s.Close()
	r := &plainRows{}
	r.db = must(sql.Open("sqlite", e.target+"?_txlock=immediate&_pragma=synchronous(FULL)&_pragma=secure_delete(ON)&_pragma=cache_size(-16000)"))
	b.Cleanup(func() { r.db.Close() })
	r.db.SetMaxOpenConns(1)
	r.insert = must(r.db.Prepare("INSERT INTO entry (log, idx, recorded, kind, leaf_hash, key_mac, body) VALUES (?, ?, ?, ?, ?, ?, ?)"))
	return r
}

func (r *plainRows) write(b *testing.B, batch []store.Submission) {
	tx := must(r.db.Begin())
	in := tx.Stmt(r.insert)
	for _, sub := range batch {
		leaf, mac := make([]byte, 32), make([]byte, 16)
		rand.Read(mac)
		idx := r.next[sub.Log]
		r.next[sub.Log]++
		body := append(make([]byte, 110), sub.Items[0].Envelope...)
		if _, err := in.Exec(sub.Log, idx, 1, 1, leaf, mac, body); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

func perSecond(b *testing.B, events int) {
	b.Helper()
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkWaiting is writers that each wait for their event to be durable.
func BenchmarkWaiting(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, writers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", engine, writers), func(b *testing.B) {
				s, logs := benchStore(b, engine)
				c := store.NewCommitter(s)
				defer c.Close()
				subs := benchBatch(logs, b.N)
				b.ResetTimer()
				var wg sync.WaitGroup
				var next atomic.Int64
				for range writers {
					wg.Go(func() {
						for n := next.Add(1) - 1; n < int64(b.N); n = next.Add(1) - 1 {
							if _, err := c.Append(context.Background(), subs[n]); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				perSecond(b, b.N)
			})
		}
	}
}

func BenchmarkEntries(b *testing.B) {
	for _, engine := range []string{"memory", "sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			s, logs := benchStore(b, engine)
			for range 100 {
				commitOK(b, s, benchBatch(logs[:1], 200)...)
			}
			events := 0
			for b.Loop() {
				for _, err := range s.Entries(context.Background(), logs[0].ID, 0, 1<<40) {
					if err != nil {
						b.Fatal(err)
					}
					events++
				}
			}
			perSecond(b, events)
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	s, logs := benchStore(b, "sqlite")
	for range 100 {
		commitOK(b, s, benchBatch(logs[:1], 200)...)
	}
	events := 0
	for b.Loop() {
		if f := check(b, s, store.CheckOptions{}); len(f) > 0 {
			b.Fatal(f[0])
		}
		events += 20_000
	}
	perSecond(b, events)
}

// BenchmarkOpen500 opens a database of 500 logs and reads all names and heads.
func BenchmarkOpen500(b *testing.B) {
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "x.db")
	s := must(store.OpenSQLite(ctx, path, store.Options{Sealer: testRing(1)}))
	for n := range 500 {
		newLog(b, s, fmt.Sprint("client-", n))
	}
	s.Close()
	runtime.GC()
	for b.Loop() {
		s := must(store.OpenSQLite(ctx, path, store.Options{Sealer: testRing(1)}))
		if n := len(must(s.Logs(ctx))) + len(must(s.Heads(ctx))); n != 1000 {
			b.Fatal(n)
		}
		s.Close()
	}
}
