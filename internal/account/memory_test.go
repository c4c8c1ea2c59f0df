package account_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"breakwater/internal/account"
	"breakwater/internal/permit"
)

// memory is a Store in a map.
type memory struct {
	mu   sync.Mutex
	rows map[string]memoryRow
}

type memoryRow struct {
	value             []byte
	expires, revision int64
}

func newMemory() *memory { return &memory{rows: map[string]memoryRow{}} }

func (m *memory) GetRow(_ context.Context, area, key string) ([]byte, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[area+"\x00"+key]
	return bytes.Clone(r.value), r.revision, nil
}

func (m *memory) PutRow(_ context.Context, area, key string, value []byte, expires, revision int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[area+"\x00"+key].revision != revision {
		return false, nil
	}
	m.rows[area+"\x00"+key] = memoryRow{bytes.Clone(value), expires, revision + 1}
	return true, nil
}

func (m *memory) RemoveRow(_ context.Context, area, key string, revision int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if revision == 0 || m.rows[area+"\x00"+key].revision != revision {
		return false, nil
	}
	delete(m.rows, area+"\x00"+key)
	return true, nil
}

func (m *memory) EachRow(_ context.Context, area string, f func(string, []byte, int64) error) error {
	m.mu.Lock()
	found := map[string]memoryRow{}
	var keys []string
	for k, r := range m.rows {
		if key, ok := strings.CutPrefix(k, area+"\x00"); ok {
			found[key] = r
			keys = append(keys, key)
		}
	}
	m.mu.Unlock()
	slices.Sort(keys)
	for _, key := range keys {
		if err := f(key, found[key].value, found[key].revision); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether a text stands anywhere in the rows.
func (m *memory) holds(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, r := range m.rows {
		if strings.Contains(k, text) || bytes.Contains(r.value, []byte(text)) {
			return true
		}
	}
	return false
}

// mirror is a Sealer that turns every bit and binds the ad, which is enough to
// see that plain secrets are not in the rows.
type mirror struct{}

func (mirror) Seal(plain, ad []byte) ([]byte, error) {
	out := append(bytes.Clone(ad), 0)
	for _, b := range plain {
		out = append(out, ^b)
	}
	return out, nil
}

func (mirror) Open(sealed, ad []byte) ([]byte, error) {
	body, ok := bytes.CutPrefix(sealed, append(bytes.Clone(ad), 0))
	if !ok {
		return nil, errors.New("sealed under another name")
	}
	out := make([]byte, len(body))
	for n, b := range body {
		out[n] = ^b
	}
	return out, nil
}

const (
	home     = "203.0.113.7"
	password = "quill lamp harbor nine"
	mine     = "lakeside"
)

// cheap is a hash that costs next to nothing.
var cheap = account.Params{Memory: 8, Passes: 1, Threads: 1}

// house is a set of accounts with the members' grants, and what happened.
type house struct {
	*account.Accounts
	t      *testing.T
	store  *memory
	grants map[string][]permit.Grant
	mu     sync.Mutex
	told   []account.Happening
	deaf   error // what the log answers
}

func (h *house) config() account.Config {
	return account.Config{
		Store: h.store, Sealer: mirror{}, Hash: cheap,
		Grants: func(_ context.Context, member string) ([]permit.Grant, error) { return h.grants[member], nil },
		Happened: func(_ context.Context, x account.Happening) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.deaf == nil {
				h.told = append(h.told, x)
			}
			return h.deaf
		},
	}
}

func newHouse(t *testing.T, adjust ...func(*account.Config)) *house {
	t.Helper()
	h := &house{t: t, store: newMemory(), grants: map[string][]permit.Grant{}}
	c := h.config()
	for _, f := range adjust {
		f(&c)
	}
	var err error
	if h.Accounts, err = account.Open(c); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) count(what account.What) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, x := range h.told {
		if x.What == what {
			n++
		}
	}
	return n
}

// grant gives a role from a day ago, without end unless it is an auditor.
func (h *house) grant(member string, role permit.Role) {
	now := time.Now()
	g := permit.Grant{Member: member, Role: role, Client: mine, From: now.Add(-24 * time.Hour).UnixMilli()}
	switch role {
	case permit.Administrator:
		g.Client = ""
	case permit.Auditor:
		g.Until = now.Add(30 * 24 * time.Hour).UnixMilli()
	}
	h.grants[member] = append(h.grants[member], g)
}

func mailOf(member string) string { return member + "@example.com" }

// join makes an account by invitation and returns what the acceptance opened.
func (h *house) join(member string, role permit.Role) account.Opened {
	h.t.Helper()
	h.grant(member, role)
	link, err := h.Invite(h.t.Context(), member, mailOf(member), "Name of "+member, "admin")
	if err != nil {
		h.t.Fatal(err)
	}
	o, err := h.Accept(h.t.Context(), account.Acceptance{Link: link, Password: password, Address: home})
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// member is someone with a second factor.
type someone struct {
	name, key string
	codes     []string
	secret    string // of the session
}

// enroll makes an account with a second factor, signed in.
func (h *house) enroll(member string, role permit.Role) someone {
	h.t.Helper()
	o := h.join(member, role)
	e, err := h.BeginFactor(h.t.Context(), o.Secret)
	if err != nil {
		h.t.Fatal(err)
	}
	s := someone{name: member, key: e.Key}
	o, s.codes, err = h.ConfirmFactor(h.t.Context(), o.Secret, s.code(h.t), home)
	if err != nil {
		h.t.Fatal(err)
	}
	s.secret = o.Secret
	return s
}

func (s someone) code(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCode(s.key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (h *house) signIn(member, pass, address string) (account.Opened, error) {
	return h.SignIn(h.t.Context(), account.Attempt{Mail: mailOf(member), Password: pass, Address: address, Agent: "test"})
}

// full signs in with both factors.
func (h *house) full(s someone, address string) account.Opened {
	h.t.Helper()
	o, err := h.signIn(s.name, password, address)
	if err != nil {
		h.t.Fatal(err)
	}
	o, err = h.GiveCode(h.t.Context(), o.Secret, s.code(h.t), address)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

func (h *house) principal(secret string) account.Principal {
	h.t.Helper()
	p, err := h.Authenticate(h.t.Context(), secret)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// wants fails unless err is the wanted one.
func wants(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
