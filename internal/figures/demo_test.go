package figures_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/intake"
	"breakwater/internal/sample"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

// build builds a sample as `breakwater demo --build-only` does.
func build(tb testing.TB, o sample.Options) (entries uint64, took time.Duration) {
	tb.Helper()
	ctx := context.Background()
	dir := tb.TempDir()
	master, err := seal.CreateFile(filepath.Join(dir, "key"))
	if err != nil {
		tb.Fatal(err)
	}
	clock := &sample.Clock{}
	st, err := store.OpenSQLite(ctx, filepath.Join(dir, "db"), store.Options{Sealer: seal.NewKeyring(master), Now: clock.Now})
	if err != nil {
		tb.Fatal(err)
	}
	defer st.Close()
	door, err := intake.Open(ctx, intake.Config{Store: st, Blobs: blob.Open(dir, st, 64<<20), Now: clock.Now, Sample: true})
	if err != nil {
		tb.Fatal(err)
	}
	defer door.Close()
	begin := time.Now()
	if err := sample.Build(ctx, door, clock, o, nil); err != nil {
		tb.Fatal(err)
	}
	took = time.Since(begin)
	heads, err := st.Heads(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	for _, h := range heads {
		entries += h.Size
	}
	return entries, took
}

func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		build(b, sample.Options{Clients: 12, Months: 14, Seed: 1, Now: newest})
	}
}
