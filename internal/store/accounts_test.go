package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"breakwater/internal/account"
	"breakwater/internal/permit"
	"breakwater/internal/store"
)

var (
	_ account.Store  = (*store.Accounts)(nil)
	_ account.Sealer = (*store.Accounts)(nil)
)

func wantRow(t *testing.T, a *store.Accounts, area, key, value string, revision int64) {
	t.Helper()
	got, rev, err := a.GetRow(t.Context(), area, key)
	if err != nil || string(got) != value || rev != revision {
		t.Errorf("row %s %s is %q, revision %d, %v; want %q, %d", area, key, got, rev, err, value, revision)
	}
}

// The contract that package account declares, on every engine.
func TestAccountRows(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		a := e.open(t, e.options()).Accounts()
		put := func(area, key, value string, expires, revision int64, want bool) {
			t.Helper()
			if kept, err := a.PutRow(ctx, area, key, []byte(value), expires, revision); kept != want || err != nil {
				t.Errorf("put %s over revision %d: kept %v, %v; want %v", value, revision, kept, err, want)
			}
		}
		remove := func(key string, revision int64, want bool) {
			t.Helper()
			if gone, err := a.RemoveRow(ctx, "session", key, revision); gone != want || err != nil {
				t.Errorf("remove %s at revision %d: gone %v, %v; want %v", key, revision, gone, err, want)
			}
		}
		wantRow(t, a, "session", "k", "", 0)
		put("session", "k", "never", 0, 3, false)
		put("session", "k", "one", 0, 0, true)
		put("session", "k", "again", 0, 0, false)
		put("session", "k", "two", 0, 1, true)
		put("session", "k", "late", 0, 1, false)
		wantRow(t, a, "session", "k", "two", 2)
		put("token", "k", "other area", 0, 0, true)
		put("session", "short", "soon gone", e.clock.now().Add(time.Minute).UnixMilli(), 0, true)

		seen := map[string]string{}
		err := a.EachRow(ctx, "session", func(key string, value []byte, revision int64) error {
			seen[key] = string(value)
			_, err := a.RemoveRow(ctx, "session", key+" has no row", revision) // f may write
			return err
		})
		if err != nil || len(seen) != 2 || seen["k"] != "two" || seen["short"] != "soon gone" {
			t.Errorf("rows %v, %v", seen, err)
		}
		stop := errors.New("stop")
		if err := a.EachRow(ctx, "session", func(string, []byte, int64) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("the caller's error became %v", err)
		}
		e.clock.advance(time.Hour)
		wantRow(t, a, "session", "short", "", 0)

		remove("k", 1, false)
		remove("k", 0, false)
		remove("k", -1, false)
		remove("k", 2, true)
		remove("k", 2, false)
		wantRow(t, a, "session", "k", "", 0)
		wantRow(t, a, "token", "k", "other area", 1)
	})
}

// Of many who take one row at once, one gets it: links and codes work once.
func TestAccountRowIsTakenOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		a := e.open(t, e.options()).Accounts()
		if kept, err := a.PutRow(t.Context(), "link", "k", []byte("v"), 0, 0); !kept || err != nil {
			t.Fatal(kept, err)
		}
		var mu sync.Mutex
		taken := 0
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				gone, err := a.RemoveRow(t.Context(), "link", "k", 1)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if gone {
					taken++
				}
			})
		}
		wg.Wait()
		if taken != 1 {
			t.Errorf("the row was taken %d times", taken)
		}
	})
}

func openAccounts(t *testing.T, e *env, s *store.Store) *account.Accounts {
	t.Helper()
	grants := []permit.Grant{{Member: "dana", Role: permit.Administrator}}
	a, err := account.Open(account.Config{
		Store: s.Accounts(), Sealer: s.Accounts(), Now: e.clock.now,
		Hash:   account.Params{Memory: 8, Passes: 1, Threads: 1},
		Grants: func(context.Context, string) ([]permit.Grant, error) { return grants, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The first administrator comes in, with a second factor, and comes in again
// after a restart.
func TestAccountsOverRestart(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		const mail, password = "dana@lakeside.example", "quill lamp harbor nine"
		a := openAccounts(t, e, e.open(t, e.options()))
		link, err := a.FirstStart(ctx)
		if err != nil {
			t.Fatal(err)
		}
		o, err := a.Accept(ctx, account.Acceptance{Link: link, Password: password, Member: "dana", Mail: mail, Name: "Dana Moreau"})
		if err != nil {
			t.Fatal(err)
		}
		f, err := a.BeginFactor(ctx, o.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = a.ConfirmFactor(ctx, o.Secret, must(totp.GenerateCode(f.Key, e.clock.now())), ""); err != nil {
			t.Fatal(err)
		}
		e.clock.advance(time.Minute)
		a = openAccounts(t, e, e.open(t, e.options()))
		if o, err = a.SignIn(ctx, account.Attempt{Mail: mail, Password: password}); err != nil {
			t.Fatal(err)
		}
		if o, err = a.GiveCode(ctx, o.Secret, must(totp.GenerateCode(f.Key, e.clock.now())), ""); err != nil {
			t.Fatal(err)
		}
		if p, err := a.Authenticate(ctx, o.Secret); err != nil || p.Stage != account.StageFull || p.Member != "dana" {
			t.Errorf("principal %+v, %v", p, err)
		}
		if e.name == "sqlite" {
			namesNobody(t, filepath.Dir(e.target), mail, "Moreau", password, f.Key, o.Secret)
		}
	})
}

// namesNobody reads the database's files as they lie on the disk.
func namesNobody(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if bytes.Contains(bytes.ToLower(raw), []byte(strings.ToLower(s))) {
				t.Errorf("%s holds %q in clear", f.Name(), s)
			}
		}
	}
}

// A sealed secret opens under its own name only, and after the data key and the
// master key were changed.
func TestSealedSecretsOutliveKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *env) {
		s := e.open(t, e.options())
		a := s.Accounts()
		sealed, err := a.Seal([]byte("key"), []byte("dana"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Open(sealed, []byte("lee")); err == nil {
			t.Error("it opens under another name")
		}
		if _, err := s.RotateDataKey(t.Context(), store.InstanceLog); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Open(sealed, []byte("dana")); err != nil || string(got) != "key" {
			t.Errorf("after the data key was changed: %q, %v", got, err)
		}
		old, next := testRing(1), testRing(2)
		rewrap := func(label string, wrapped []byte) ([]byte, error) { return old.RewrapFor(next, label, wrapped) }
		if err := s.RotateMaster(t.Context(), next, rewrap); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Open(sealed, []byte("dana")); err != nil || string(got) != "key" {
			t.Errorf("after the master key was changed: %q, %v", got, err)
		}
	})
}
