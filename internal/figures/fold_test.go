package figures_test

import (
	"context"
	"testing"

	"breakwater/internal/projection"
)

func nothing(*projection.State) error { return nil }

// BenchmarkReplay folds a year of one client of 200 devices from its entries.
func BenchmarkReplay(b *testing.B) {
	f := made(b, spec{clients: 1, devices: 200, days: 365, signed: true})
	ctx := context.Background()
	s, err := f.door.Summary(ctx, clientID(0))
	f.must(err)
	b.ReportAllocs()
	for b.Loop() {
		f.must(f.door.ReadPrefix(ctx, clientID(0), s.Size, nothing))
	}
	b.ReportMetric(float64(f.bytes.Load())/mb, "MB")
}

// BenchmarkLoad loads the same client from its snapshot.
func BenchmarkLoad(b *testing.B) {
	f := made(b, spec{clients: 1, devices: 200, days: 365, signed: true})
	ctx := context.Background()
	f.must(f.door.Read(ctx, clientID(0), nothing))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		f.close()
		f.open()
		b.StartTimer()
		f.must(f.door.Read(ctx, clientID(0), nothing))
	}
}
