package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"breakwater/internal/permit"
)

// MaxToken is the longest life of an API token.
const MaxToken = 366 * 24 * time.Hour

// Token is the secret of a program. It may do what Role may about Clients, or
// about everything the role reaches where there are none, as far as its member
// may do it too at that moment.
type Token struct {
	ID      string      `json:"-"`
	Member  string      `json:"member"`
	Name    string      `json:"name"`
	Role    permit.Role `json:"role"`
	Clients []string    `json:"clients,omitempty"`
	Made    int64       `json:"made"`
	Until   int64       `json:"until"`
	Used    int64       `json:"used,omitempty"` // to the minute
	Address string      `json:"address,omitempty"`
}

// scope is the token as grants.
func (t *Token) scope() []permit.Grant {
	clients := t.Clients
	if len(clients) == 0 {
		clients = []string{""}
	}
	list := make([]permit.Grant, len(clients))
	for n, c := range clients {
		list[n] = permit.Grant{Member: t.Member, Role: t.Role, Client: c, From: t.Made, Until: t.Until}
	}
	return list
}

// IssueToken makes a token for the principal and returns its text, which cannot
// be shown again. Name, Role, Clients and Until of t count. The principal's
// password must have been given lately (ErrAgain).
func (a *Accounts) IssueToken(ctx context.Context, p Principal, t Token) (string, Token, error) {
	now := a.now()
	if ok, why := p.Allowed(permit.IssueToken, "", now); !ok {
		return "", Token{}, fmt.Errorf("make API token: %s", why)
	}
	if !p.Fresh {
		return "", Token{}, ErrAgain
	}
	t.Member, t.Made, t.Used, t.Address = p.Member, now, 0, ""
	t.Name = cut(strings.TrimSpace(t.Name), 100)
	slices.Sort(t.Clients)
	t.Clients = slices.Compact(t.Clients)
	if err := t.check(p); err != nil {
		return "", Token{}, fmt.Errorf("make API token: %w", err)
	}
	text := TokenPrefix + newSecret()
	key, err := ParseToken(text)
	if err != nil {
		return "", Token{}, err
	}
	t.ID = handle(key)
	if err := a.tell(ctx, Happening{What: TokenMade, Member: t.Member, Detail: t.ID + " " + string(t.Role)}); err != nil {
		return "", Token{}, err
	}
	kept, err := save(ctx, a.cfg.Store, areaToken, key, t, t.Until, 0)
	if err == nil && !kept {
		err = errLost
	}
	if err != nil {
		return "", Token{}, fmt.Errorf("make API token: %w", err)
	}
	return text, t, nil
}

const maxTokenClients = 1000

func (t *Token) check(p Principal) error {
	switch {
	case t.Name == "":
		return errors.New("give it a name that says what uses it")
	case t.Until <= t.Made || t.Until-t.Made > MaxToken.Milliseconds():
		return errors.New("it ends within 366 days: give an end")
	case len(t.Clients) > maxTokenClients:
		return fmt.Errorf("it names more than %d clients: leave them out, or make several", maxTokenClients)
	}
	own, all := permit.Clients(p.Grants, permit.ViewClient, t.Made)
	for _, g := range t.scope() {
		if err := g.Check(); err != nil {
			return err
		}
		if !all && !slices.Contains(own, g.Client) {
			return errors.New("it reaches further than your own roles: name only clients of yours")
		}
	}
	return nil
}

// AuthenticateToken says who asks with an API token's text, or ErrToken.
func (a *Accounts) AuthenticateToken(ctx context.Context, text, address string) (Principal, error) {
	key, err := ParseToken(text)
	if err != nil {
		return Principal{}, err
	}
	var t Token
	revision, err := load(ctx, a.cfg.Store, areaToken, key, &t)
	if err != nil {
		return Principal{}, err
	}
	now := a.now()
	if revision == 0 || now >= t.Until {
		return Principal{}, ErrToken
	}
	acc, err := a.Account(ctx, t.Member)
	if errors.Is(err, ErrNotFound) || err == nil && acc.Disabled {
		return Principal{}, ErrToken
	}
	if err != nil {
		return Principal{}, err
	}
	grants, err := a.inForce(ctx, t.Member)
	if err != nil {
		return Principal{}, err
	}
	if now-t.Used >= seenEvery.Milliseconds() {
		t.Used, t.Address = now, cut(address, maxAddress)
		// Another request may have been faster, or the token just revoked: then
		// nothing is written, and the next request finds out.
		if _, err := save(ctx, a.cfg.Store, areaToken, key, t, t.Until, revision); err != nil {
			return Principal{}, err
		}
	}
	return Principal{
		Member: t.Member, Name: acc.Name, Grants: grants, Scope: t.scope(),
		Until: t.Until, Stage: StageFull, Handle: handle(key),
	}, nil
}

// Tokens lists a member's tokens, or everyone's where member is empty, by name.
// Those that have ended stay listed until they are swept.
func (a *Accounts) Tokens(ctx context.Context, member string) ([]Token, error) {
	var list []Token
	err := each(ctx, a.cfg.Store, areaToken, func(key string, t Token, _ int64) error {
		if member == "" || t.Member == member {
			t.ID = handle(key)
			list = append(list, t)
		}
		return nil
	})
	slices.SortFunc(list, func(x, y Token) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
	return list, err
}

// RevokeToken ends a token of a member by its ID, or all of them where id is
// empty. It returns ErrNotFound where there is none with that ID.
func (a *Accounts) RevokeToken(ctx context.Context, member, id, by string) error {
	found := 0
	for range maxTries {
		missed := 0
		err := each(ctx, a.cfg.Store, areaToken, func(key string, t Token, revision int64) error {
			if t.Member != member || id != "" && handle(key) != id {
				return nil
			}
			gone, err := a.cfg.Store.RemoveRow(ctx, areaToken, key, revision)
			if err != nil || !gone { // used meanwhile: the next round takes it
				missed++
				return err
			}
			found++
			return a.tell(ctx, Happening{What: TokenRevoked, Member: member, By: by, Detail: handle(key)})
		})
		if err != nil {
			return fmt.Errorf("revoke API token: %w", err)
		}
		if missed == 0 {
			if found == 0 && id != "" {
				return fmt.Errorf("API token: %w", ErrNotFound)
			}
			return nil
		}
	}
	return fmt.Errorf("revoke API token: %w", errLost)
}
