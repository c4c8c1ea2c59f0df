package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http/httptest"
	"testing"

	"breakwater/internal/duty"
	"breakwater/internal/interval"
	"breakwater/internal/web"
)

// Limits of a portfolio of 500 clients.
const (
	manyClients   = 500
	maxPage       = 600_000
	maxPageZipped = 100_000
)

// portfolio is the rows of many clients: some failed, some unproven, some by
// alternative, some new, with strips that change every few weeks.
func portfolio(n int, now int64) []duty.Row {
	rows := make([]duty.Row, n)
	for i := range rows {
		s := duty.Summary{
			ID: fmt.Sprintf("client-%03d", i), Name: fmt.Sprintf("Harbor Row Family Practice %d", i), Line: "Medical", Zone: "America/Chicago",
			Sites: 1 + i%3, Devices: 10 + i%90, Enrolled: 9, Size: 20_000, Started: now - 500*interval.Day, At: now, Until: now + 30*interval.Day,
			Tally: duty.Tally{InPlace: 25, Measured: 14, Recorded: 9, Attested: 2},
			Clock: duty.Clock{Since: now - int64(100+i%300)*interval.Day, Stops: interval.Forever},
			Dues:  []duty.Due{{Practice: "risk-analysis", Title: "Risk analysis within 12 months", At: now + int64(1+i%80)*interval.Day, Limit: "target"}},
		}
		state := duty.InPlace
		for day := int64(366); day > 0; day -= 15 + int64(i%40) {
			s.Strip = append(s.Strip, duty.Mark{At: now - day*interval.Day, State: state})
			state = duty.InPlace + (state-duty.InPlace+1)%4
		}
		if i%9 == 0 {
			s.Tally.InPlace, s.Tally.Failed = 24, 1
			s.Failures = []duty.Failure{{
				Practice: "iam-mfa-email", Title: "MFA on email", Since: now - 9*interval.Day, Failing: 1, InScope: 34, Noun: "accounts",
				Reason: "legacy sign-in was turned back on", Entries: []uint64{18412}, Cure: duty.Cure{Known: now - 9*interval.Day, Ends: now + 21*interval.Day},
			}}
		}
		rows[i] = s.Row(now)
	}
	return rows
}

func showPortfolio(tb testing.TB, s *web.Server, rows []duty.Row, now int64) []byte {
	w := httptest.NewRecorder()
	if err := web.ShowClients(s, w, httptest.NewRequest("GET", "/clients", nil), rows, now); err != nil {
		tb.Fatal(err)
	}
	return w.Body.Bytes()
}

// A portfolio of 500 clients is one page: quick to make and small to send.
func TestPortfolioOfManyClients(t *testing.T) {
	x := newInstance(t)
	now := x.now.Load()
	rows := portfolio(manyClients, now)
	page := showPortfolio(t, x.Web, rows, now)
	if len(page) > maxPage {
		t.Errorf("the page has %d bytes: %d is the limit", len(page), maxPage)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(page)
	z.Close()
	if zipped.Len() > maxPageZipped {
		t.Errorf("zipped it has %d bytes: %d is the limit", zipped.Len(), maxPageZipped)
	}
	t.Logf("%d bytes, %d zipped", len(page), zipped.Len())
	if n := bytes.Count(page, []byte(`<tr class="loud">`)); n != 1 {
		t.Errorf("%d rows are loud: one is the limit", n)
	}
}
