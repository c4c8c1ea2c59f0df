package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"breakwater/internal/web"
)

// What stands beside the pages is turned away past the proxy as they are, and
// sees who really asks.
func TestBesideThePagesBehindProxy(t *testing.T) {
	x := newInstance(t, func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	seen := ""
	h := x.Web.PastProxy(x.Web.Direct(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.RemoteAddr })))
	for _, c := range []struct {
		peer, proto, want string
		status            int
	}{
		{"198.51.100.4:1", "https", "", http.StatusForbidden},
		{"10.0.0.1:1", "http", "", http.StatusForbidden},
		{"10.0.0.1:1", "https", "198.51.100.4", http.StatusOK},
	} {
		seen = ""
		r := httptest.NewRequest("GET", "/api/clients", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("X-Forwarded-For", "203.0.113.99, 198.51.100.4")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || seen != c.want {
			t.Errorf("%+v: got %d, seen %q", c, w.Code, seen)
		}
	}
}

// The page of settings says what is kept and when it was backed up.
func TestSettingsSayWhatIsKept(t *testing.T) {
	backedUp := int64(0)
	x := newInstance(t, func(c *web.Config) {
		c.Kept = func(context.Context) (int64, int64) { return 5 << 20, backedUp }
	})
	b := x.as("dana")
	b.wantSays(b.get("/settings"), "5.0 MB", "none seen")
	backedUp = x.clock().UnixMilli()
	b.wantSays(b.get("/settings"), "Last backup", "November 21, 2026")
}
