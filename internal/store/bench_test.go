package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"breakwater/internal/event"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

func ring(t testing.TB, fill byte) *seal.Keyring {
	t.Helper()
	key := make([]byte, seal.KeySize)
	key[0] = fill
	m, err := seal.NewMaster(key)
	if err != nil {
		t.Fatal(err)
	}
	return seal.NewKeyring(m)
}

var keyCount atomic.Int64

func item(t testing.TB, client, key string, pad int) store.Item {
	t.Helper()
	body := make([]byte, pad)
	for n := range body {
		body[n] = 'x'
	}
	env, err := event.Envelope{
		Actor: "system", At: 1_700_000_000_000, Body: fmt.Appendf(nil, `{"pad":"%s"}`, body),
		Key: key, Kind: event.DeviceReported, Log: client, Source: "test",
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return store.Item{Kind: uint16(event.DeviceReported), Envelope: env, Source: "test", Key: key}
}

func BenchmarkCommit100(b *testing.B) {
	ctx := context.Background()
	s, err := store.OpenSQLite(ctx, filepath.Join(b.TempDir(), "x.db"), store.Options{Sealer: ring(b, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var logs []store.LogID
	for n := range 50 {
		l, err := s.CreateLog(ctx, store.Log{Name: fmt.Sprint("client-", n)})
		if err != nil {
			b.Fatal(err)
		}
		logs = append(logs, l.ID)
	}
	b.ResetTimer()
	n := 0
	for b.Loop() {
		subs := make([]store.Submission, 100)
		for i := range subs {
			n++
			subs[i] = store.Submission{Log: logs[(n/2)%50], Items: []store.Item{item(b, "c", fmt.Sprint(n), 250)}}
		}
		res, err := s.Commit(ctx, subs)
		if err != nil {
			b.Fatal(err)
		}
		for i := range res {
			if res[i].Err != nil {
				b.Fatal(res[i].Err)
			}
		}
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "ev/s")
}
