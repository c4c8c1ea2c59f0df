package figures_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"breakwater/internal/coverage"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/sample"
)

// median is the middle one of several turns of f.
func median(turns int, f func()) time.Duration {
	list := make([]time.Duration, turns)
	for n := range list {
		start := time.Now()
		f()
		list[n] = time.Since(start)
	}
	slices.Sort(list)
	return list[turns/2]
}

func once(f func()) time.Duration { return median(1, f) }

// row prints one line of the table as it is measured.
func row(what, target, format string, values ...any) {
	fmt.Printf("| %s | %s | %s |\n", what, target, fmt.Sprintf(format, values...))
}

func ms(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.1f µs", float64(d.Nanoseconds())/1000)
}

const mb = 1 << 20

// BenchmarkFigures prints the table of docs/performance.md; `make
// bench-figures` runs it once. It asserts nothing: the machine decides.
func BenchmarkFigures(b *testing.B) {
	fmt.Println("\n| what | target | measured |\n|---|---|---|")
	for _, part := range []struct {
		name string
		do   func(*testing.B)
	}{
		{"append", figuresOfAppend},
		{"client", figuresOfAClient},
		{"portfolio", figuresOfThePortfolio},
		{"programs", figuresOfPrograms},
		{"demo", figuresOfTheDemo},
		{"six-years", figuresOfSixYears},
		{"growth", figuresOfGrowth},
	} {
		b.Run(part.name, func(b *testing.B) {
			fmt.Println() // after the name that is printed before
			part.do(b)
		})
	}
}

func figuresOfAppend(t *testing.B) {
	ratio, speed := appendRatio(t, 15)
	row("append in batches of 100, checked, sealed, committed, folded, against the same rows without tree and sealing", "at least 0.8", "%.2f (%.0f events/s)", ratio, speed)
	row("append with 64 waiting writers, 8 clients", "at least 10,000 events/s", "%.0f events/s", waiting(t, 64, 8, 40_000))
}

func figuresOfAClient(t *testing.B) {
	ctx := context.Background()
	s := spec{clients: 1, devices: 200, days: 365, signed: true}
	var f *fixture
	took := once(func() { f = made(t, s) })
	row("write a year of one client of 200 devices", "", "%s: %d entries, %d MB", ms(took), f.wrote, f.bytes.Load()/mb)
	took = once(func() { f.must(f.door.Read(ctx, clientID(0), nothing)) })
	row("fold it from its entries", "2 s", "%s", ms(took))
	f.must(f.door.Read(ctx, clientID(0), func(s *projection.State) error {
		runs := 0
		for _, r := range s.Book.Registers {
			for _, subject := range r.Subjects {
				for _, x := range subject.Series {
					runs += len(x.Runs)
				}
			}
		}
		raw, err := s.Snapshot()
		row("its state", "", "about %d MB in memory, %.1f MB as a snapshot, %d runs", s.Bytes()/mb, float64(len(raw))/mb, runs)
		for _, reading := range []coverage.Reading{coverage.Proven, coverage.Best} {
			took := median(15, func() {
				_, err := coverage.Evaluate(s.Book, coverage.Query{On: newest, Months: 12, Reading: reading, Profile: framework.ProfileAll})
				f.must(err)
			})
			row(fmt.Sprintf("coverage of the year, %d practices, %s", len(s.Catalog().Practices), reading), "5 ms", "%s", ms(took))
		}
		return err
	}))
	f.close()
	f.open()
	took = once(func() { f.must(f.door.Read(ctx, clientID(0), nothing)) })
	row("load it from its snapshot", "300 ms", "%s", ms(took))
	pages := f.pages()
	page(t, pages, "/clients/"+clientID(0))
	took = median(15, func() { page(t, pages, "/clients/"+clientID(0)) })
	row("a client's overview, 200 devices, state in memory", "30 ms", "%s, %d KB", ms(took), len(page(t, pages, "/clients/"+clientID(0)))>>10)
	f.close()
	f.open()
	pages = f.pages()
	took = once(func() { page(t, pages, "/clients/"+clientID(0)) })
	row("the same, state not in memory", "500 ms", "%s", ms(took))
}

// wholeClients is how many of the 500 have their whole history in the log;
// BREAKWATER_LONG=1 writes all, 11 GB.
func wholeClients() int {
	if os.Getenv("BREAKWATER_LONG") != "" {
		return 500
	}
	return 20
}

func figuresOfThePortfolio(t *testing.B) {
	ctx := context.Background()
	var f *fixture
	whole := wholeClients()
	took := once(func() { f = portfolio(t, whole, 500, spec{devices: 200, days: 365, signed: true}) })
	row(fmt.Sprintf("write 500 clients of 200 devices, %d of them with a year in the log, and their summaries", whole), "", "%s", ms(took))
	f.close()
	took = once(func() {
		f.open()
		_, err := f.door.Listed(ctx)
		f.must(err)
	})
	row("open 500 clients and list them, in process", "1 s", "%s", ms(took))
	pages := f.pages()
	took = once(func() { page(t, pages, "/clients") })
	row("the first portfolio page after that", "5 s", "%s", ms(took))
	took = median(15, func() { page(t, pages, "/clients") })
	body := page(t, pages, "/clients")
	row("portfolio page, 500 clients", "100 ms, 600 KB (100 KB compressed)", "%s, %d KB (%d KB compressed)", ms(took), len(body)>>10, compressed(t, body)>>10)
	for n := range min(whole, 60) {
		page(t, pages, "/clients/"+clientID(n))
	}
	row("memory of the process then, 500 summaries and states up to the limit of 512 MB", "1.5 GiB", "%d MB, of it %d MB heap", memory(os.Getpid())/mb, heap()/mb)
	f.must(f.store.DropDerived(ctx))
	f.close()
	f.open()
	_, err := f.door.Listed(ctx)
	f.must(err)
	took = once(func() { f.must(f.door.Read(ctx, clientID(whole-1), nothing)) })
	_, of := f.door.Behind()
	row("after the fold has changed: one client, while the others are made again", "2 s", "%s (%d behind)", ms(took), of)
	data := f.dir
	f.close()
	path, _ := program(t)
	s := serve(t, path, data)
	row("`serve` with 500 clients until /healthz answers", "1 s", "%s", ms(s.ready))
	s.stop()
}

func figuresOfPrograms(t *testing.B) {
	path, size := program(t)
	data := t.TempDir()
	s := serve(t, path, data)
	row("`serve` in an empty folder until /healthz answers", "1 s", "%s", ms(s.ready))
	time.Sleep(5 * time.Second)
	row("binary, memory when idle", "60 MB, 60 MB", "%d MB, %d MB", size/mb, memory(s.cmd.Process.Pid)/mb)
	s.stop()
}

func figuresOfTheDemo(t *testing.B) {
	entries, took := build(t, sample.Options{Clients: 12, Months: 14, Seed: 1, Now: newest})
	row("build the sample, 12 clients, 14 months", "20 s", "%s, %d entries", ms(took), entries)
}

func figuresOfSixYears(t *testing.B) {
	s := spec{clients: 1, devices: 200, days: 6 * 365}
	f := made(t, s)
	before := heap()
	took := once(func() { f.must(f.door.Read(context.Background(), clientID(0), nothing)) })
	sum, err := f.door.Summary(context.Background(), clientID(0))
	f.must(err)
	row("six years of one client of 200 devices", "", "folded in %s, state %d MB, row of the portfolio from %s", ms(took), (heap()-before)/mb, interval.Format(sum.Started)[:10])
}

// figuresOfGrowth show that cost grows with the work: ten and a hundred times
// as much takes ten and a hundred times as long, and no longer.
func figuresOfGrowth(t *testing.B) {
	fmt.Println("\n| scale | append one batch of 100 to a log of | open and list | portfolio page |\n|---|---|---|---|")
	log := empty(t, spec{days: 1})
	log.add(0)
	have := 0
	for _, x := range []int{1, 10, 100} {
		for ; have < 10*x; have++ {
			log.submit(clientID(0))
		}
		took := median(9, func() { log.submit(clientID(0)) })
		at := have * batch
		have += 9
		f := portfolio(t, 1, 5*x, spec{devices: 10, days: 40})
		f.close()
		start := once(func() {
			f.open()
			_, err := f.door.Listed(context.Background())
			f.must(err)
		})
		pages := f.pages()
		page(t, pages, "/clients")
		drawn := median(9, func() { page(t, pages, "/clients") })
		fmt.Printf("| %dx | %d entries: %s | %d clients: %s | %s |\n", x, at, ms(took), 5*x, ms(start), ms(drawn))
		f.close()
	}
}
