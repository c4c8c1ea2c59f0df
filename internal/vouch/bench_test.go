package vouch_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"breakwater/internal/vouch"
)

// BenchmarkSign500 signs one new entry in each of 500 logs, appends their leaves
// and signs the instance log.
func BenchmarkSign500(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchmarkSign(b, newWorld(b)) })
	b.Run("sqlite", func(b *testing.B) {
		w, _ := sqliteWorld(b)
		benchmarkSign(b, w)
	})
}

func benchmarkSign(b *testing.B, w *world) {
	var ids []int64
	for n := range 500 {
		ids = append(ids, w.newLog(fmt.Sprint("client ", n)).ID)
	}
	v := w.open()
	for b.Loop() {
		b.StopTimer()
		for _, id := range ids {
			add(b, w.db, id, 1)
		}
		w.advance(time.Hour)
		b.StartTimer()
		w.round(v)
	}
}

func BenchmarkServe(b *testing.B) {
	w := newWorld(b)
	l := w.newLog("client")
	w.add(l, 1000)
	w.round(w.open())
	h := vouch.Handler(w.db)
	for _, name := range []string{"checkpoint", "tile/0/000", "tile/0/003.p/232", "tile/entries/000"} {
		b.Run(name, func(b *testing.B) {
			req := httptest.NewRequest(http.MethodGet, vouch.Path(l)+name, nil)
			for b.Loop() {
				rec := httptest.NewRecorder()
				if h.ServeHTTP(rec, req); rec.Code != http.StatusOK {
					b.Fatal(rec.Code)
				}
			}
		})
	}
}
