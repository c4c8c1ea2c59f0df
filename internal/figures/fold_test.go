package figures_test

import (
	"context"
	"testing"
	"time"

	"breakwater/internal/projection"
)

func TestProbe(t *testing.T) {
	for _, s := range []spec{{1, 200, 365, true}} {
		start := time.Now()
		f := made(t, s)
		t.Logf("%+v: %d entries, %d MB in %v", s, f.wrote, f.bytes.Load()>>20, time.Since(start))
		start = time.Now()
		f.must(f.door.Read(context.Background(), clientID(0), func(s *projection.State) error { return nil }))
		t.Logf("replay %v", time.Since(start))
		f.close()
		f.open()
		start = time.Now()
		f.must(f.door.Read(context.Background(), clientID(0), func(s *projection.State) error { return nil }))
		t.Logf("load snapshot %v", time.Since(start))
	}
}
