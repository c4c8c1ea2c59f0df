package figures_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"breakwater/internal/account"
	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/framework"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/store"
	"breakwater/internal/web"
)

// portfolio is a fixture with a row for each of many clients. The first whole
// ones have their whole history; the logs of the others hold their first
// entries alone, and their rows are the kept summaries of the whole ones, so
// that a year of 500 clients does not have to be written to draw its page.
func portfolio(tb testing.TB, whole, clients int, s spec) *fixture {
	tb.Helper()
	s.clients = whole
	f := made(tb, s)
	sums, err := f.door.Summaries(context.Background())
	f.must(err)
	sums = sums[1:] // without the MSP's own
	for n := whole; n < clients; n++ {
		f.add(n)
	}
	list, err := f.store.Logs(context.Background())
	f.must(err)
	for _, l := range list {
		n := 0
		if _, err := fmt.Sscanf(l.Name, "client-%d", &n); err != nil || n < whole {
			continue
		}
		f.row(l, n, sums[n%whole])
	}
	f.close()
	f.open()
	return f
}

// row keeps a summary, and the card beside it, as the door does.
func (f *fixture) row(l store.Log, n int, s duty.Summary) {
	f.tb.Helper()
	ctx := context.Background()
	head, err := f.store.Head(ctx, l.ID)
	f.must(err)
	s.ID, s.Name, s.Size = l.Name, clientName(n), head.Size
	var b bytes.Buffer
	f.must(gob.NewEncoder(&b).Encode(&s))
	fold := fmt.Sprintf("fold %d, coverage %s", projection.Version, coverage.Version)
	f.must(f.store.PutSnapshot(ctx, store.Snapshot{Log: l.ID, Name: "summary", Fold: fold, Size: head.Size, Root: head.Root, Data: b.Bytes()}))
	raw, err := json.Marshal(map[string]any{"name": s.Name, "catalog": framework.Embedded().Version, "size": head.Size, "fold": fold})
	f.must(err)
	f.must(f.store.PutSnapshot(ctx, store.Snapshot{Log: l.ID, Name: "card", Fold: "card 2", Size: head.Size, Root: head.Root, Data: raw}))
}

// pages is the program's pages as an administrator sees them.
func (f *fixture) pages() *web.Server {
	f.tb.Helper()
	acc, err := account.Open(account.Config{
		Store: f.store.Accounts(), Sealer: f.store.Accounts(), Grants: web.GrantsOf(f.door), Happened: web.Happened(f.door), Now: f.now,
	})
	f.must(err)
	dana := account.Principal{
		Member: "dana", Name: "Dana", Grants: []permit.Grant{{Member: "dana", Role: permit.Administrator}}, Until: 1 << 60, Stage: account.StageFull,
	}
	return web.New(web.Config{
		Door: f.door, Accounts: acc, Now: f.now, Sample: true, Guest: func(context.Context) account.Principal { return dana },
	})
}

// page asks for one page and returns it.
func page(tb testing.TB, s *web.Server, path string) string {
	tb.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != 200 {
		tb.Fatalf("%s: status %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// compressed is the size of a page on its way to a browser.
func compressed(tb testing.TB, body string) int {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(body)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Len()
}

// What is listed needs no state of any client, and every row is there.
func TestPortfolioIsListedWithoutStates(t *testing.T) {
	f := portfolio(t, 1, 30, spec{devices: 10, days: 40})
	list, err := f.door.Listed(context.Background())
	f.must(err)
	if len(list) != 31 {
		t.Fatalf("%d clients are listed, want 31", len(list))
	}
	for _, l := range list {
		if l.Making || l.Summary == nil || l.Name == "" || l.Summary.Name != l.Name {
			t.Errorf("%s (%q): its kept summary was not used", l.ID, l.Name)
		}
	}
	if done, of := f.door.Behind(); of != 0 {
		t.Errorf("%d of %d summaries are being made, want none", done, of)
	}
}

// The page grows by its rows and no faster.
func TestPortfolioGrowsWithItsRows(t *testing.T) {
	size := map[int]int{}
	for _, n := range []int{5, 50, 500} {
		if n == 500 && testing.Short() {
			continue
		}
		f := portfolio(t, 1, n, spec{devices: 10, days: 40})
		body := page(t, f.pages(), "/clients")
		if got := strings.Count(body, `href="/clients/client-`); got < n {
			t.Errorf("the page of %d clients links %d", n, got)
		}
		size[n] = len(body)
		t.Logf("%d clients: %d bytes, %d compressed", n, len(body), compressed(t, body))
		f.close()
	}
	row := (size[50] - size[5]) / 45
	if row > 1200 {
		t.Errorf("a row takes %d bytes, want at most 1200: 500 clients fit into 600 KB", row)
	}
	if size[500] > 0 {
		if last := (size[500] - size[50]) / 450; last > row*11/10 {
			t.Errorf("beyond 50 clients a row takes %d bytes, before %d", last, row)
		}
	}
}
