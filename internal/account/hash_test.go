package account_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

// encoded has counting bytes for a salt and a sum.
const encoded = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

func TestParseHash(t *testing.T) {
	h, err := account.ParseHash(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if h.Memory != 19456 || h.Passes != 2 || h.Threads != 1 || len(h.Salt) != 16 || len(h.Sum) != 32 || h.String() != encoded {
		t.Errorf("got %+v", h)
	}
	for _, bad := range []struct{ name, text string }{
		{"empty", ""},
		{"other function", strings.Replace(encoded, "argon2id", "argon2i", 1)},
		{"other version", strings.Replace(encoded, "v=19", "v=16", 1)},
		{"leading zero", strings.Replace(encoded, "t=2", "t=02", 1)},
		{"sign", strings.Replace(encoded, "t=2", "t=+2", 1)},
		{"endless", strings.Replace(encoded, "t=2", "t=4294967295", 1)},
		{"no pass", strings.Replace(encoded, "t=2", "t=0", 1)},
		{"all memory", strings.Replace(encoded, "m=19456", "m=4294967295", 1)},
		{"threads", strings.Replace(encoded, "p=1", "p=200", 1)},
		{"order", strings.Replace(encoded, "m=19456,t=2", "t=2,m=19456", 1)},
		{"padding", strings.Replace(encoded, "Dw$", "Dw==$", 1)},
		{"loose bits", strings.Replace(encoded, "Dw$", "Dx$", 1)},
		{"short salt", strings.Replace(encoded, "AAECAwQFBgcICQoLDA0ODw$", "AAECAwQFBgcICQoL$", 1)},
		{"more", encoded + "$"},
		{"long", encoded + strings.Repeat(" ", 200)},
	} {
		if _, err := account.ParseHash(bad.text); err == nil {
			t.Errorf("%s was accepted: %s", bad.name, bad.text)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(encoded)
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Add("$argon2id$v=19$m=08,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := account.ParseHash(text)
		if err != nil {
			return
		}
		if h.String() != text {
			t.Errorf("%q reads, but is written %q", text, h)
		}
		if h.Memory > 1<<18 || h.Passes > 16 || h.Threads > 8 || len(h.Salt) != 16 || len(h.Sum) != 32 {
			t.Errorf("%q reads beyond the limits: %+v", text, h)
		}
	})
}

func TestParamsAreChecked(t *testing.T) {
	for _, p := range []account.Params{{Memory: 7, Passes: 1, Threads: 1}, {Memory: 1 << 19, Passes: 1, Threads: 1}, {Memory: 64, Threads: 1}, {Memory: 64, Passes: 1}, {Memory: 64, Passes: 99, Threads: 1}} {
		h := &house{store: newMemory()}
		c := h.config()
		c.Hash = p
		if _, err := account.Open(c); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

func TestHashIsRenewedWhenTheCostChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.join("dana", permit.ClientStaff)
		c := h.config()
		c.Hash = account.Params{Memory: 16, Passes: 2, Threads: 1}
		dearer, err := account.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		costs := func() account.Params {
			acc, err := h.Account(t.Context(), "dana")
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := account.ParseHash(string(acc.Credentials[0].Data))
			if err != nil {
				t.Fatal(err)
			}
			return parsed.Params
		}
		try := account.Attempt{Mail: mailOf("dana"), Password: "wrong, quite wrong", Address: home}
		_, err = dearer.SignIn(t.Context(), try)
		wants(t, "wrong password", err, account.ErrRefused)
		if got := costs(); got != cheap {
			t.Errorf("a wrong password renewed the hash: %+v", got)
		}
		try.Password = password
		for range 2 {
			if _, err := dearer.SignIn(t.Context(), try); err != nil {
				t.Fatal(err)
			}
			if got := costs(); got != c.Hash {
				t.Errorf("cost is %+v, want %+v", got, c.Hash)
			}
		}
		// And back: a hash of another cost than today's is still right.
		if _, err := h.signIn("dana", password, home); err != nil {
			t.Fatal(err)
		}
	})
}

// However many sign in at once, no more hash than there are cores, a bounded
// number waits, and the others are told to come back.
func TestFloodOfSignInsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		release := h.Occupy()
		const extra = 7
		var wg sync.WaitGroup
		var mu sync.Mutex
		var busy, refused int
		for n := range account.MaxWaiting + extra {
			wg.Go(func() {
				_, err := h.SignIn(t.Context(), account.Attempt{Mail: "x" + string(rune('a'+n%26)) + strings.Repeat("y", n) + "@example.com", Password: "p", Address: strings.Repeat("n", n)})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, account.ErrBusy):
					busy++
				case errors.Is(err, account.ErrRefused):
					refused++
				}
			})
		}
		synctest.Wait()
		if busy != extra || refused != 0 {
			t.Errorf("while all cores hash: %d told to come back, %d refused; want %d and 0", busy, refused, extra)
		}
		release()
		wg.Wait()
		if refused != account.MaxWaiting {
			t.Errorf("%d were looked at in the end, want %d", refused, account.MaxWaiting)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := &house{store: newMemory()}
	c := h.config()
	c.Hash = account.Params{}
	a, err := account.Open(c)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Hash(password); err != nil {
			b.Fatal(err)
		}
	}
}
