package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/api"
	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

// badges are tokens named after the role they carry.
type badges struct{ until int64 }

func (b badges) AuthenticateToken(_ context.Context, text, _ string) (account.Principal, error) {
	role, client, _ := strings.Cut(text, "@")
	g := permit.Grant{Member: "someone", Role: permit.Role(role), Client: client, Until: b.until}
	if !g.Role.Known() {
		return account.Principal{}, errors.New("no such token")
	}
	return account.Principal{Member: "someone", Grants: []permit.Grant{g}, Scope: []permit.Grant{g}, Until: b.until, Stage: account.StageFull}, nil
}

var by = intake.Caller{Actor: "member:dana", Source: "cli"}

func newAPI(t *testing.T) (*api.API, *intake.Door) {
	t.Helper()
	ctx := t.Context()
	master, err := seal.CreateFile(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.OpenMemory(ctx, store.Options{Sealer: seal.NewKeyring(master)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := intake.Open(ctx, intake.Config{Store: st, Blobs: blob.Open(t.TempDir(), st, 1<<20)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close(); st.Close() })
	for _, c := range []client.Added{{ID: "sandbar", Name: "Sandbar", Zone: "UTC", MSP: true}, {ID: "lakeside", Name: "Lakeside Dental", Zone: "UTC"}, {ID: "other", Name: "Other Dental", Zone: "UTC"}} {
		if _, err := d.AddClient(ctx, by, intake.NewClient{Added: c}); err != nil {
			t.Fatal(err)
		}
	}
	return api.New(api.Config{Door: d, Tokens: badges{time.Now().Add(time.Hour).UnixMilli()}}), d
}

func call(t *testing.T, h http.Handler, token, method, path string, body any) (int, string) {
	t.Helper()
	var in bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&in).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, &in)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestEvidenceGoesInAndCoverageComesOut(t *testing.T) {
	a, _ := newAPI(t)
	code, body := call(t, a, "administrator", "POST", "/api/clients/lakeside/evidence", map[string]any{"practice": "ir-plan", "at": "2026-01-10", "key": "k"})
	if code != 200 || !strings.Contains(body, `"repeated":false`) {
		t.Fatalf("got %d %s", code, body)
	}
	code, body = call(t, a, "administrator", "POST", "/api/clients/lakeside/evidence", map[string]any{"practice": "ir-plan", "at": "2026-01-10", "key": "k"})
	if code != 200 || !strings.Contains(body, `"repeated":true`) {
		t.Errorf("again: got %d %s", code, body)
	}
	if code, body = call(t, a, "administrator", "POST", "/api/clients/lakeside/evidence", map[string]any{"practice": "ir-plan", "at": "2026-01-11", "key": "k"}); code != 409 {
		t.Errorf("other content: got %d %s, want 409", code, body)
	}
	code, body = call(t, a, "administrator", "GET", "/api/clients/lakeside/coverage?on=2026-06-01&reading=best&practice=ir-plan", nil)
	if code != 200 || !strings.Contains(body, `"from":"2026-01-10T00:00:00Z"`) {
		t.Errorf("coverage: got %d %s", code, body)
	}
}

func TestEveryPracticeCanBeEvidenced(t *testing.T) {
	a, d := newAPI(t)
	for _, p := range d.Catalog().Practices {
		code, body := call(t, a, "administrator", "POST", "/api/clients/lakeside/evidence", map[string]any{"practice": p.ID, "at": "2026-01-10"})
		if code != 200 {
			t.Errorf("%s: got %d %s", p.ID, code, body)
		}
	}
}

func TestMistakesAreSentences(t *testing.T) {
	a, _ := newAPI(t)
	for _, c := range []struct {
		method, path string
		body         any
		want         int
	}{
		{"GET", "/api/clients/nobody/coverage", nil, 404},
		{"POST", "/api/clients/lakeside/evidence", map[string]any{"practice": "no-such"}, 422},
		{"POST", "/api/clients/lakeside/evidence", map[string]any{"practice": "ir-plan", "at": "tomorrow"}, 422},
		{"POST", "/api/clients/lakeside/evidence", map[string]any{"practice": "ir-plan", "more": 1}, 422},
		{"POST", "/api/clients", map[string]any{"name": "Lakeside Dental", "id": "lakeside"}, 409},
		{"GET", "/api/clients/lakeside/coverage?reading=rosy", nil, 422},
		{"GET", "/api/frameworks/none", nil, 404},
	} {
		code, body := call(t, a, "administrator", c.method, c.path, c.body)
		var problem struct{ Detail string }
		if err := json.Unmarshal([]byte(body), &problem); err != nil || code != c.want || problem.Detail == "" {
			t.Errorf("%s %s: got %d %s, want %d with a sentence", c.method, c.path, code, body, c.want)
		}
	}
}

func TestWhatNoOperationDoesIsAnsweredLikeTheRest(t *testing.T) {
	a, _ := newAPI(t)
	for _, c := range [][2]string{{"GET", "/api/no/such/path"}, {"DELETE", "/api/clients"}} {
		code, body := call(t, a, "administrator", c[0], c[1], nil)
		if code != 404 || !json.Valid([]byte(body)) || !strings.Contains(body, "openapi.json") {
			t.Errorf("%s %s: got %d %s", c[0], c[1], code, body)
		}
	}
	r := httptest.NewRequest("POST", "/api/clients/lakeside/evidence", strings.NewReader(`{"practice":`))
	r.Header.Set("Authorization", "Bearer administrator")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code < 400 || w.Code >= 500 || !strings.Contains(w.Body.String(), "send it again") {
		t.Errorf("malformed JSON: got %d %s", w.Code, w.Body)
	}
}

func TestPenaltiesAreComputed(t *testing.T) {
	a, _ := newAPI(t)
	in := map[string]any{"assessed": "2018-06-01", "violations": []any{map[string]any{
		"provision": "164.312(a)(2)(iv)", "tier": 2, "unit": "day", "from": "2012-01-01", "to": "2012-01-10", "rate": 2000,
	}}}
	code, body := call(t, a, "administrator", "POST", "/api/penalty", in)
	if code != 200 || !strings.Contains(body, `"imposed":20000`) {
		t.Errorf("got %d %s", code, body)
	}
}

func TestNothingIsAnsweredWithoutAToken(t *testing.T) {
	a, _ := newAPI(t)
	for _, r := range a.Permissions() {
		if r.Permission == permit.Public || r.Permission == permit.ByDevice {
			continue
		}
		path := fill(r.Path, "lakeside")
		for _, token := range []string{"", "made-up"} {
			if code, body := call(t, a, token, r.Method, path, map[string]any{}); code != 401 {
				t.Errorf("%s %s with token %q: got %d %s, want 401", r.Method, path, token, code, body)
			}
		}
	}
}

func fill(path, client string) string {
	return strings.NewReplacer("{client}", client, "{index}", "0", "{id}", "x", "{framework}", "csf2.0").Replace(path)
}

// TestEveryRoleReachesWhatItsTableSays walks every operation for every role,
// at its own client and at another one's.
func TestEveryRoleReachesWhatItsTableSays(t *testing.T) {
	a, _ := newAPI(t)
	if len(a.Permissions()) < 20 {
		t.Fatalf("only %d operations are registered", len(a.Permissions()))
	}
	for _, r := range a.Permissions() {
		if r.Permission == permit.Public || r.Permission == permit.ByDevice {
			continue
		}
		for _, role := range permit.Roles() {
			for _, at := range []string{"lakeside", "other"} {
				own := "lakeside"
				if role == permit.Administrator {
					own = ""
				}
				g := permit.Grant{Member: "someone", Role: role, Client: own, Until: time.Now().Add(time.Hour).UnixMilli()}
				about := ""
				if strings.Contains(r.Path, "{client}") {
					about = at
				}
				want, _ := permit.Allowed([]permit.Grant{g}, r.Permission, about, time.Now().UnixMilli())
				want = want && !r.Permission.NeedsPerson()
				code, body := call(t, a, fmt.Sprintf("%s@%s", role, own), r.Method, fill(r.Path, at), nil)
				got := code != 401 && code != 403 && !strings.Contains(body, "is not found: list clients")
				if got != want {
					t.Errorf("%s %s as %s of %q: got %d %s, want allowed %v", r.Method, fill(r.Path, at), role, own, code, body, want)
				}
			}
		}
	}
}

func TestTheAPIDescribesItself(t *testing.T) {
	a, _ := newAPI(t)
	code, body := call(t, a, "", "GET", "/api/openapi.json", nil)
	var doc struct{ Paths map[string]any }
	if err := json.Unmarshal([]byte(body), &doc); code != 200 || err != nil {
		t.Fatalf("got %d, %v", code, err)
	}
	for _, r := range a.Permissions() {
		if doc.Paths[r.Path] == nil {
			t.Errorf("%s is not described", r.Path)
		}
	}
}
