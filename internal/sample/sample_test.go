package sample_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/sample"
	"breakwater/internal/seal"
	"breakwater/internal/store"

	"github.com/google/go-cmp/cmp"
)

var end = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixMilli()

// built is the entries of each log of a sample, without what is drawn.
func built(t *testing.T, o sample.Options) map[string][]string {
	t.Helper()
	ctx := context.Background()
	master, err := seal.CreateFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	clock := &sample.Clock{}
	st, err := store.OpenMemory(ctx, store.Options{Sealer: seal.NewKeyring(master), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	door, err := intake.Open(ctx, intake.Config{Store: st, Blobs: blob.Open(t.TempDir(), st, 0), Now: clock.Now, Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	if err := sample.Build(ctx, door, clock, o, nil); err != nil {
		t.Fatal(err)
	}
	logs, err := st.Logs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, l := range logs {
		for e, err := range st.Entries(ctx, l.ID, 0, 1<<40) {
			if err != nil {
				t.Fatal(err)
			}
			env, err := event.Decode(e.Envelope)
			if err != nil {
				t.Fatal(err)
			}
			all[l.Name] = append(all[l.Name], fmt.Sprintln(e.Index, e.Recorded, env.Kind, env.At, env.Actor, env.Source))
		}
	}
	return all
}

// The same options give the same history, in the same order, however the
// offices take turns.
func TestTheSameOptionsGiveTheSameHistory(t *testing.T) {
	o := sample.Options{Clients: 3, Months: 2, Seed: 7, Now: end}
	want := built(t, o)
	if diff := cmp.Diff(want, built(t, o)); diff != "" {
		t.Errorf("two builds differ: %s", diff)
	}
	if len(want) != 4 || len(want[sample.MSPID]) < 100 {
		t.Errorf("%d logs, %d entries of the MSP, want 4 and at least 100", len(want), len(want[sample.MSPID]))
	}
	for name, list := range want {
		if len(list) < 100 {
			t.Errorf("%s has %d entries, want at least 100", name, len(list))
		}
	}
}

func TestOptionsThatCannotBeSimulatedAreRefused(t *testing.T) {
	good := sample.Options{Clients: 12, Months: 14, Seed: 1, Now: end}
	if err := good.Check(end); err != nil {
		t.Errorf("got %v, want the usual sample accepted", err)
	}
	for name, change := range map[string]func(*sample.Options){
		"no clients":      func(o *sample.Options) { o.Clients = 0 },
		"too many":        func(o *sample.Options) { o.Clients = sample.MaxClients + 1 },
		"no months":       func(o *sample.Options) { o.Months = 0 },
		"not at midnight": func(o *sample.Options) { o.Now++ },
		"in the future":   func(o *sample.Options) { o.Now += 24 * 3600 * 1000 },
	} {
		o := good
		change(&o)
		if o.Check(end) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
