package intake_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/projection"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

func benchDoor(b *testing.B, clients int) *intake.Door {
	b.Helper()
	ctx := context.Background()
	master, err := seal.CreateFile(filepath.Join(b.TempDir(), "key"))
	if err != nil {
		b.Fatal(err)
	}
	st, err := store.OpenSQLite(ctx, filepath.Join(b.TempDir(), "db"), store.Options{Sealer: seal.NewKeyring(master)})
	if err != nil {
		b.Fatal(err)
	}
	d, err := intake.Open(ctx, intake.Config{Store: st, Blobs: blob.Open(b.TempDir(), st, 1<<20)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close(); st.Close() })
	for n := range clients {
		if _, err := d.AddClient(ctx, dana, intake.NewClient{Added: client.Added{ID: fmt.Sprintf("c%d", n), Name: "C", Zone: "UTC"}}); err != nil {
			b.Fatal(err)
		}
	}
	return d
}

func statement(n int) intake.New {
	return intake.New{Kind: event.FirstStatement + 95, At: time.Now().UnixMilli() - 1, Body: document.Statement{
		Practice: "ir-plan", State: document.Holds, Note: fmt.Sprintf("The plan of site %d was gone through with everyone who was in, and nothing had to change.", n),
	}}
}

// BenchmarkIntake64Writers is durable appends through the door, one event
// each, with 64 writers waiting; folded before it ends.
func BenchmarkIntake64Writers(b *testing.B) {
	const writers, clients = 64, 8
	d := benchDoor(b, clients)
	ctx := context.Background()
	var n atomic.Int64
	b.ResetTimer()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n.Add(1) <= int64(b.N) {
				_, err := d.Submit(ctx, intake.Submission{Client: fmt.Sprintf("c%d", w%clients), Caller: dana, Events: func() ([]intake.New, error) {
					return []intake.New{statement(w)}, nil
				}})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	folded(b, d, clients)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func folded(b *testing.B, d *intake.Door, clients int) {
	for c := range clients {
		if err := d.Read(context.Background(), fmt.Sprintf("c%d", c), func(*projection.State) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIntakeBatch100 is durable appends through the door, a hundred
// events a submission, checked and folded.
func BenchmarkIntakeBatch100(b *testing.B) {
	d := benchDoor(b, 1)
	ctx := context.Background()
	for b.Loop() {
		_, err := d.Submit(ctx, intake.Submission{
			Client: "c0", Caller: dana, Check: func(*projection.State) error { return nil },
			Events: func() ([]intake.New, error) {
				all := make([]intake.New, 100)
				for i := range all {
					all[i] = statement(i)
				}
				return all, nil
			},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	folded(b, d, 1)
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
