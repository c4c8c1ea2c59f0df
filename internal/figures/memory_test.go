package figures_test

import (
	"context"
	"runtime"
	"testing"

	"breakwater/internal/projection"
)

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The estimate by which states are bounded in memory is near what they take.
func TestBytesOfAStateAreNearTheHeap(t *testing.T) {
	s := spec{clients: 3, devices: 60, days: 120}
	if testing.Short() {
		s = spec{clients: 2, devices: 20, days: 60}
	}
	f := made(t, s)
	before := heap()
	guess := int64(0)
	for n := range s.clients {
		f.must(f.door.Read(context.Background(), clientID(n), func(s *projection.State) error {
			guess += s.Bytes()
			return nil
		}))
	}
	f.door.Close() // snapshots that are being kept would count
	took := heap() - before
	t.Logf("states of %d clients take %d KB, the guess is %d KB", s.clients, took>>10, guess>>10)
	if guess < took*8/10 || guess > took*5/2 {
		t.Errorf("the guess is %d KB of %d KB", guess>>10, took>>10)
	}
	runtime.KeepAlive(f.door)
}

// However many clients are read, their states stay within the limit.
func TestStatesStayWithinTheirLimit(t *testing.T) {
	s := spec{clients: 12, devices: 30, days: 60, memory: 4 << 20}
	f := made(t, s)
	before := heap()
	for range 2 {
		for n := range s.clients {
			f.must(f.door.Read(context.Background(), clientID(n), nothing))
		}
	}
	if took := heap() - before; took > 2*s.memory {
		t.Errorf("%d states take %d KB, want them within %d KB", s.clients, took>>10, s.memory>>10)
	}
}
