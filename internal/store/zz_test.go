package store_test

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

func cpuNow() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestZZ(t *testing.T) {
	for _, shape := range []int{1, 50} {
		testing.Benchmark(func(b *testing.B) {
			if b.N > 1 {
				return
			}
			s, logs := benchStore(b, "sqlite")
			rows := newPlainRows(b)
			var with, without, wallA, wallB []time.Duration
			turns := 25
			if os.Getenv("TURNS") != "" { fmt.Sscan(os.Getenv("TURNS"), &turns) }
			for range turns {
				subs := benchBatch(logs[:shape], 2000)
				c, a := cpuNow(), time.Now()
				for n := range 20 {
					commitOK(b, s, subs[n*100:n*100+100]...)
				}
				with, wallA = append(with, cpuNow()-c), append(wallA, time.Since(a))
				c, a = cpuNow(), time.Now()
				for n := range 20 {
					rows.write(b, subs[n*100:n*100+100])
				}
				without, wallB = append(without, cpuNow()-c), append(wallB, time.Since(a))
			}
			for _, l := range [][]time.Duration{with, without, wallA, wallB} {
				slices.Sort(l)
			}
			m := turns / 2
			fmt.Printf("logs %d: cpu %v / %v = %.3f   wall %v / %v = %.3f\n", shape, without[m]/20, with[m]/20, float64(without[m])/float64(with[m]),
				wallB[m]/20, wallA[m]/20, float64(wallB[m])/float64(wallA[m]))
		})
	}
}
