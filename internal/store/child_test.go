package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"breakwater/internal/event"
	"breakwater/internal/store"
)

// child is what the test binary does when a test started it as another process.
//
//	open TARGET            open the database and print what went wrong
//	append TARGET NAME     append random batches to the logs named a, b and c, and
//	                       print "log key" when one was acknowledged, until killed
func child(spec string) {
	args := strings.Fields(spec)
	s, err := tryOpen(args[1], store.Options{Sealer: testRing(1)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if args[0] == "open" {
		if _, err := s.CreateLog(context.Background(), store.Log{Name: "x"}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	appendForever(s, args[2])
}

func appendForever(s *store.Store, name string) {
	ctx := context.Background()
	logs := []store.Log{must(s.LogByName(ctx, "a")), must(s.LogByName(ctx, "b")), must(s.LogByName(ctx, "c"))}
	for n := 0; ; n++ {
		var subs []store.Submission
		for m := range 1 + rand.IntN(60) {
			l := logs[rand.IntN(3)]
			subs = append(subs, store.Submission{Log: l.ID, Items: []store.Item{item(l.Name, fmt.Sprintf("%s-%d-%d", name, n, m), rand.IntN(300))}})
		}
		if n%10 == 9 {
			idx := rand.Uint64N(500)
			for r, err := range s.RawEntries(ctx, logs[0].ID, idx, idx+1) {
				if must(r, err).Kind != uint16(event.EntryErased) {
					subs = append(subs, erasure(logs[0], fmt.Sprintf("erase-%s-%d", name, n), idx))
				}
			}
		}
		res, err := s.Commit(ctx, subs)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		var out strings.Builder
		for m, r := range res {
			if r.Err == nil {
				fmt.Fprintf(&out, "%d %s\n", subs[m].Log, subs[m].Items[0].Key)
			}
		}
		os.Stdout.WriteString(out.String())
	}
}
