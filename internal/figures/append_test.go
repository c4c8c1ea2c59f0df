package figures_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/projection"
)

// statement is one small event, as a person's form or a connector hands it in.
func statement(n int, at int64) intake.New {
	p, _ := framework.Embedded().Practice("ir-plan")
	return intake.New{Kind: event.Kind(p.Number), At: at, Body: document.Statement{
		Practice: p.ID, State: document.Holds, Note: fmt.Sprintf("The plan of site %d was gone through with everyone who was in, and nothing had to change.", n),
	}}
}

const batch = 100

// submit hands in one batch, checked against the state.
func (f *fixture) submit(client string) {
	_, err := f.door.Submit(context.Background(), intake.Submission{
		Client: client, Caller: by, Check: func(*projection.State) error { return nil },
		Events: func() ([]intake.New, error) {
			all := make([]intake.New, batch)
			for i := range all {
				all[i] = statement(i, f.clock.Load())
			}
			return all, nil
		},
	})
	f.must(err)
}

// plainRows writes the same rows without tree, sealing, rule and fold: the
// entry table of a database of its own, by one prepared statement.
type plainRows struct {
	f      *fixture
	db     *sql.DB
	insert *sql.Stmt
	next   int64
	body   []byte
}

func newPlainRows(tb testing.TB) *plainRows {
	r := &plainRows{f: empty(tb, spec{days: 1})}
	r.f.add(0)
	r.f.close()
	var err error
	r.db, err = sql.Open("sqlite", "file:"+filepath.Join(r.f.dir, "breakwater.db")+
		"?_txlock=immediate&_pragma=synchronous(FULL)&_pragma=secure_delete(ON)&_pragma=cache_size(-16000)")
	r.f.must(err)
	tb.Cleanup(func() { r.db.Close() })
	r.db.SetMaxOpenConns(1)
	r.insert, err = r.db.Prepare("INSERT INTO entry (log, idx, recorded, kind, leaf_hash, key_mac, body) VALUES (2, ?, ?, ?, ?, ?, ?)")
	r.f.must(err)
	r.next = 1000
	raw, err := event.Marshal(statement(10, newest).Body)
	r.f.must(err)
	env, err := event.Envelope{Actor: by.Actor, At: newest, Body: raw, Key: "0123456789abcdef0123456789abcdef/10", Kind: event.FirstStatement, Log: clientID(0), Source: by.Source}.Encode()
	r.f.must(err)
	r.body = append(make([]byte, 110), env...) // sealed with its salt and hash it is so much longer
	return r
}

func (r *plainRows) write() {
	tx, err := r.db.Begin()
	r.f.must(err)
	in := tx.Stmt(r.insert)
	for range batch {
		leaf, mac := make([]byte, 32), make([]byte, 16)
		rand.Read(mac)
		r.next++
		_, err := in.Exec(r.next, newest, 10001, leaf, mac, r.body)
		r.f.must(err)
	}
	r.f.must(tx.Commit())
}

// appendRatio is how fast batches of a hundred go through the door, checked,
// sealed, committed and folded, as a share of the speed of the same rows
// without all that; and the first in events per second. Turn by turn, medians.
func appendRatio(tb testing.TB, turns int) (ratio, perSecond float64) {
	f := empty(tb, spec{days: 1})
	f.add(0)
	rows := newPlainRows(tb)
	const each = 20
	var with, without []time.Duration
	for range turns {
		start := time.Now()
		for range each {
			f.submit(clientID(0))
		}
		f.must(f.door.Read(context.Background(), clientID(0), nothing))
		with = append(with, time.Since(start))
		start = time.Now()
		for range each {
			rows.write()
		}
		without = append(without, time.Since(start))
	}
	slices.Sort(with)
	slices.Sort(without)
	m := turns / 2
	return float64(without[m]) / float64(with[m]), batch * each / with[m].Seconds()
}

// waiting is events per second with writers that each wait for their event to
// be durable, folded at the end.
func waiting(tb testing.TB, writers, clients, events int) float64 {
	f := empty(tb, spec{days: 1})
	for n := range clients {
		f.add(n)
	}
	start := time.Now()
	var n atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n.Add(1) <= int64(events) {
				_, err := f.door.Submit(context.Background(), intake.Submission{Client: clientID(w % clients), Caller: by, Events: func() ([]intake.New, error) {
					return []intake.New{statement(w, f.clock.Load())}, nil
				}})
				if err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for n := range clients {
		f.must(f.door.Read(context.Background(), clientID(n), nothing))
	}
	return float64(events) / time.Since(start).Seconds()
}

func BenchmarkAppendRatio(b *testing.B) {
	for b.Loop() {
		ratio, speed := appendRatio(b, 9)
		b.ReportMetric(ratio, "ratio")
		b.ReportMetric(speed, "events/s")
	}
}

func BenchmarkWaiting64(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(waiting(b, 64, 8, 20_000), "events/s")
	}
}

// An append costs the same however long the log is: what it allocates for a
// batch, fold and snapshots with it, does not grow from one length to ten and
// a hundred times that.
func TestAppendDoesNotGrowWithTheLog(t *testing.T) {
	const one = 2 // batches
	scales := []int{1, 10, 100}
	if testing.Short() {
		scales = scales[:2]
	}
	f := empty(t, spec{days: 1})
	f.add(0)
	have := 0
	cost := map[int]float64{}
	for _, x := range scales {
		for ; have < one*x; have++ {
			f.submit(clientID(0))
		}
		cost[x] = testing.AllocsPerRun(5, func() { f.submit(clientID(0)) })
		have += 6
		t.Logf("after %d events a batch of %d costs %.0f allocations", have*batch, batch, cost[x])
	}
	for _, x := range scales[1:] {
		if cost[x] > 1.3*cost[1] {
			t.Errorf("at %dx a batch costs %.0f allocations, at 1x %.0f", x, cost[x], cost[1])
		}
	}
}
