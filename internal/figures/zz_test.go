package figures_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/intake"
	"breakwater/internal/sample"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

func TestZZ(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	master, _ := seal.CreateFile(filepath.Join(dir, "key"))
	clock := &sample.Clock{}
	var commits atomic.Int64
	st, err := store.OpenSQLite(ctx, filepath.Join(dir, "db"), store.Options{Sealer: seal.NewKeyring(master), Now: clock.Now, Fault: func(op string) store.Fault {
		if op == "commit" {
			commits.Add(1)
		}
		return store.NoFault
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	files := blob.Open(dir, st, 64<<20)
	door, err := intake.Open(ctx, intake.Config{Store: st, Blobs: files, Now: clock.Now, Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	begin := time.Now()
	if err := sample.Build(ctx, door, clock, sample.Options{Clients: 12, Months: 14, Seed: 1, Now: newest}, nil); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(begin), "commits", commits.Load())
	m, _ := filepath.Glob(dir + "/*/*/*")
	m2, _ := filepath.Glob(dir + "/*/*")
	t.Log("files", len(m), len(m2))
}
