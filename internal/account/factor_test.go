package account_test

import (
	"bytes"
	"encoding/base32"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pquerna/otp/totp"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

// fixed opens to one key, whatever was sealed.
type fixed struct{ key []byte }

func (f fixed) Seal(_, _ []byte) ([]byte, error) { return []byte("sealed"), nil }
func (f fixed) Open(_, _ []byte) ([]byte, error) { return bytes.Clone(f.key), nil }

// The codes of RFC 6238, appendix B (SHA-1), cut to six digits.
func TestCodesOfRFC6238(t *testing.T) {
	key := []byte(base32.StdEncoding.EncodeToString([]byte("12345678901234567890")))
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		clock := func() time.Time { return time.Unix(at, 0) }
		h := newHouse(t, func(c *account.Config) { c.Now, c.Sealer = clock, fixed{key} })
		h.grants["dana"] = []permit.Grant{{Member: "dana", Role: permit.Technician, Client: mine}}
		link, err := h.Invite(t.Context(), "dana", mailOf("dana"), "Dana", "admin")
		if err != nil {
			t.Fatal(err)
		}
		o, err := h.Accept(t.Context(), account.Acceptance{Link: link, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.BeginFactor(t.Context(), o.Secret); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.ConfirmFactor(t.Context(), o.Secret, code, home); err != nil {
			t.Errorf("at %d the code %s: %v", at, code, err)
		}
	}
}

// Every account of the MSP, and every role that reads a client, must set up a
// second factor before anything else; client staff may.
func TestSecondFactorIsRequiredByRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for _, r := range permit.Roles() {
			o := h.join(string(r), r)
			want := account.StageEnroll
			if r == permit.ClientStaff {
				want = account.StageFull
			}
			if p := h.principal(o.Secret); o.Stage != want || p.Stage != want {
				t.Errorf("%s: stage %s and %s, want %s", r, o.Stage, p.Stage, want)
			}
		}
		staff := h.enroll("lee", permit.ClientStaff)
		if o, err := h.signIn(staff.name, password, home); err != nil || o.Stage != account.StageCode {
			t.Errorf("staff with a second factor: stage %s, %v", o.Stage, err)
		}
	})
}

// A code is good in its step of 30 s, one before and one after, and never for a
// step up to the last that was used.
func TestCodeWindowAndReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		give := func(off time.Duration) error {
			o, err := h.signIn("dana", password, home)
			if err != nil {
				t.Fatal(err)
			}
			code, err := totp.GenerateCode(dana.key, time.Now().Add(off))
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.GiveCode(t.Context(), o.Secret, " "+code[:3]+" "+code[3:], home)
			return err
		}
		wants(t, "the code that set the factor up", give(0), account.ErrRefused)
		time.Sleep(5 * time.Minute)
		wants(t, "two steps before", give(-time.Minute), account.ErrRefused)
		wants(t, "two steps ahead", give(time.Minute), account.ErrRefused)
		if err := give(-30 * time.Second); err != nil {
			t.Errorf("one step before: %v", err)
		}
		wants(t, "the same again", give(-30*time.Second), account.ErrRefused)
		if err := give(30 * time.Second); err != nil {
			t.Errorf("one step ahead: %v", err)
		}
		wants(t, "the step before one that was used", give(0), account.ErrRefused)
		time.Sleep(time.Minute)
		if err := give(0); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}

// Of two who give the same code at once, one is let in.
func TestCodeGivenTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		time.Sleep(time.Minute)
		for _, code := range []string{dana.code(t), dana.codes[3]} {
			var secrets []string
			for range 4 {
				o, err := h.signIn("dana", password, home)
				if err != nil {
					t.Fatal(err)
				}
				secrets = append(secrets, o.Secret)
			}
			var mu sync.Mutex
			in := 0
			var wg sync.WaitGroup
			for _, s := range secrets {
				wg.Go(func() {
					if _, err := h.GiveCode(t.Context(), s, code, home); err == nil {
						mu.Lock()
						in++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if in != 1 {
				t.Errorf("%d were let in with one code", in)
			}
		}
	})
}

// Codes cannot be guessed: failures of the code stay counted although the
// password is right each time.
func TestCodesCannotBeGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.enroll("dana", permit.Technician)
		start := time.Now()
		before := h.count(account.Refused)
		for n := 0; time.Since(start) < 24*time.Hour; n++ {
			o, err := h.signIn("dana", password, "198.51.100.1")
			if err == nil {
				_, err = h.GiveCode(t.Context(), o.Secret, "000000", "198.51.100.1")
			}
			wants(t, "guess", err, account.ErrRefused)
			time.Sleep(time.Minute)
		}
		if got := h.count(account.Refused) - before; got > 120 {
			t.Errorf("%d codes were looked at in a day", got)
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.ClientOfficer)
		if len(dana.codes) != 10 {
			t.Fatalf("%d recovery codes, want 10", len(dana.codes))
		}
		give := func(code string) error {
			o, err := h.signIn("dana", password, home)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.GiveCode(t.Context(), o.Secret, code, home)
			return err
		}
		if err := give(dana.codes[0]); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
		wants(t, "the same again", give(dana.codes[0]), account.ErrRefused)
		if err := give(" " + strings.ToLower(strings.ReplaceAll(dana.codes[1], "-", " "))); err != nil {
			t.Errorf("as people type it: %v", err)
		}
		wants(t, "half of one", give(dana.codes[2][:9]), account.ErrRefused)
		acc, err := h.Account(t.Context(), "dana")
		if err != nil || acc.CodesLeft() != 8 || h.count(account.CodeUsed) != 2 {
			t.Errorf("%d codes left, %d uses logged, %v", acc.CodesLeft(), h.count(account.CodeUsed), err)
		}
		time.Sleep(time.Minute)
		in := h.full(dana, home)
		fresh, err := h.RenewCodes(t.Context(), in.Secret)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "a code from before", give(dana.codes[5]), account.ErrRefused)
		if err := give(fresh[5]); err != nil {
			t.Errorf("a new code: %v", err)
		}
	})
}

func TestReplacingTheFactorNeedsThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		time.Sleep(16 * time.Minute)
		_, err := h.BeginFactor(t.Context(), dana.secret)
		wants(t, "replace it", err, account.ErrAgain)
		_, err = h.RenewCodes(t.Context(), dana.secret)
		wants(t, "new codes", err, account.ErrAgain)
		_, err = h.Reauthenticate(t.Context(), dana.secret, "quite wrong indeed", home)
		wants(t, "wrong password", err, account.ErrRefused)
		for range 20 { // a right one is not counted against the member
			o, err := h.Reauthenticate(t.Context(), dana.secret, password, home)
			if err != nil {
				t.Fatal(err)
			}
			dana.secret = o.Secret
		}
		e, err := h.BeginFactor(t.Context(), dana.secret)
		if err != nil {
			t.Fatal(err)
		}
		if o := h.full(dana, home); o.Stage != account.StageFull {
			t.Error("the old factor does not work until the new one is confirmed")
		}
		next := someone{name: "dana", key: e.Key}
		_, _, err = h.ConfirmFactor(t.Context(), dana.secret, "000000", home)
		wants(t, "a wrong first code", err, account.ErrRefused)
		if _, next.codes, err = h.ConfirmFactor(t.Context(), dana.secret, next.code(t), home); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		h.full(next, home)
		o, err := h.signIn("dana", password, home)
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range []string{dana.code(t), dana.codes[0]} {
			_, err = h.GiveCode(t.Context(), o.Secret, old, home)
			wants(t, "the old factor", err, account.ErrRefused)
		}
	})
}

// Half-open, nobody sets up another factor to get around the one there is.
func TestHalfOpenSessionCannotEnroll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.enroll("dana", permit.Technician)
		o, err := h.signIn("dana", password, home)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.BeginFactor(t.Context(), o.Secret)
		wants(t, "begin", err, account.ErrAgain)
		_, _, err = h.ConfirmFactor(t.Context(), o.Secret, "000000", home)
		wants(t, "confirm", err, account.ErrAgain)
		_, err = h.RenewCodes(t.Context(), o.Secret)
		wants(t, "codes", err, account.ErrAgain)
		_, err = h.ChangePassword(t.Context(), o.Secret, password, "another lamp entirely", home)
		wants(t, "password", err, account.ErrAgain)
	})
}

func TestRemoveFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		if err := h.RemoveFactor(t.Context(), "dana", "admin"); err != nil {
			t.Fatal(err)
		}
		_, err := h.Authenticate(t.Context(), dana.secret)
		wants(t, "session from before", err, account.ErrSignedOut)
		if o, err := h.signIn("dana", password, home); err != nil || o.Stage != account.StageEnroll {
			t.Errorf("stage %s, %v; want enroll", o.Stage, err)
		}
	})
}

// A sealed key that was moved to another member's row does not open.
func TestSealedKeyIsBoundToItsMember(t *testing.T) {
	sealed, err := mirror{}.Seal([]byte("k"), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (mirror{}).Open(sealed, []byte("b")); err == nil {
		t.Fatal("the test's sealer binds nothing")
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dana := h.enroll("dana", permit.Technician)
		h.enroll("lee", permit.Technician)
		moved, _, _ := h.store.GetRow(t.Context(), "account", "dana")
		_, revision, _ := h.store.GetRow(t.Context(), "account", "lee")
		moved = bytes.ReplaceAll(moved, []byte(`"member":"dana"`), []byte(`"member":"lee"`))
		moved = bytes.ReplaceAll(moved, []byte(mailOf("dana")), []byte(mailOf("lee")))
		if kept, err := h.store.PutRow(t.Context(), "account", "lee", moved, 0, revision); !kept || err != nil {
			t.Fatal(kept, err)
		}
		time.Sleep(time.Minute)
		o, err := h.signIn("lee", password, home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = h.GiveCode(t.Context(), o.Secret, dana.code(t), home); err == nil || errors.Is(err, account.ErrRefused) {
			t.Errorf("a key moved to another row: %v", err)
		}
	})
}
