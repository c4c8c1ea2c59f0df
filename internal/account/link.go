package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Purpose says what a one-time link is for.
type Purpose string

// The purposes.
const (
	FirstStart Purpose = "first_start" // makes the first administrator
	Invitation Purpose = "invitation"  // makes an account for a member
	Reset      Purpose = "reset"       // sets a new password
)

// Lives of links.
const (
	FirstStartLife = 24 * time.Hour
	InvitationLife = 7 * 24 * time.Hour
	ResetLife      = time.Hour
)

// Link is a secret that works once. Member, Mail and Name are those of the
// account to be; the person who follows a first-start link gives them.
type Link struct {
	Purpose Purpose `json:"purpose"`
	Member  string  `json:"member,omitempty"`
	Mail    string  `json:"mail,omitempty"`
	Name    string  `json:"name,omitempty"`
	By      string  `json:"by,omitempty"`
	Made    int64   `json:"made"`
	Until   int64   `json:"until"`

	key      string
	revision int64
}

func (p Purpose) life() time.Duration {
	switch p {
	case FirstStart:
		return FirstStartLife
	case Invitation:
		return InvitationLife
	}
	return ResetLife
}

// makeLink writes a link and returns its secret.
func (a *Accounts) makeLink(ctx context.Context, l Link) (string, error) {
	l.Made = a.now()
	l.Until = l.Made + l.Purpose.life().Milliseconds()
	secret := newSecret()
	key, err := rowKey(secret)
	if err != nil {
		return "", err
	}
	if err := a.tell(ctx, Happening{What: LinkMade, Member: l.Member, By: l.By, Detail: string(l.Purpose)}); err != nil {
		return "", err
	}
	kept, err := save(ctx, a.cfg.Store, areaLink, key, l, l.Until, 0)
	if err == nil && !kept {
		err = errLost
	}
	if err != nil {
		return "", fmt.Errorf("make link: %w", err)
	}
	return secret, nil
}

// dropLinks removes the links with a purpose and member: a new one replaces
// those before it.
func (a *Accounts) dropLinks(ctx context.Context, p Purpose, member string) error {
	err := each(ctx, a.cfg.Store, areaLink, func(key string, l Link, revision int64) error {
		if l.Purpose != p || l.Member != member {
			return nil
		}
		_, err := a.cfg.Store.RemoveRow(ctx, areaLink, key, revision)
		return err
	})
	if err != nil {
		return fmt.Errorf("replace links: %w", err)
	}
	return nil
}

// FirstStart returns the secret of a link that makes the first administrator,
// or "" where an account exists. Links from starts before are void.
func (a *Accounts) FirstStart(ctx context.Context) (string, error) {
	any, err := a.Any(ctx)
	if err != nil || any {
		return "", err
	}
	if err := a.dropLinks(ctx, FirstStart, ""); err != nil {
		return "", err
	}
	return a.makeLink(ctx, Link{Purpose: FirstStart})
}

// Any reports whether there is an account.
func (a *Accounts) Any(ctx context.Context) (bool, error) {
	list, err := a.List(ctx)
	return len(list) > 0, err
}

// Invite returns the secret of a link with which a member makes an account. An
// earlier invitation of that member is void.
func (a *Accounts) Invite(ctx context.Context, member, mail, name, by string) (string, error) {
	mail = foldMail(mail)
	if member == "" || strings.TrimSpace(name) == "" {
		return "", errors.New("invite: give the member and the name")
	}
	if err := checkMail(mail); err != nil {
		return "", fmt.Errorf("invite: %w", err)
	}
	if other, err := a.byMail(ctx, mail); err == nil && other.Member != member {
		return "", ErrExists
	} else if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	if err := a.dropLinks(ctx, Invitation, member); err != nil {
		return "", err
	}
	return a.makeLink(ctx, Link{Purpose: Invitation, Member: member, Mail: mail, Name: strings.TrimSpace(name), By: by})
}

// ResetLink returns the secret of a link that sets a new password, and the
// address to send it to. Both are empty where no account has that address;
// whoever asked is told the same in either case, and the caller mails it in the
// background so that it also takes as long. By is "" when the member asks.
func (a *Accounts) ResetLink(ctx context.Context, mail, by string) (secret, to string, err error) {
	acc, err := a.byMail(ctx, foldMail(mail))
	if errors.Is(err, ErrNotFound) || err == nil && acc.Disabled {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	if !a.tryKey("reset " + acc.Member) {
		return "", "", nil
	}
	if err := a.dropLinks(ctx, Reset, acc.Member); err != nil {
		return "", "", err
	}
	secret, err = a.makeLink(ctx, Link{Purpose: Reset, Member: acc.Member, Mail: acc.Mail, Name: acc.Name, By: by})
	return secret, acc.Mail, err
}

// ReadLink returns a link that is valid, and leaves it so, or ErrLink.
func (a *Accounts) ReadLink(ctx context.Context, secret string) (Link, error) {
	key, err := rowKey(secret)
	if err != nil {
		return Link{}, ErrLink
	}
	var l Link
	l.revision, err = load(ctx, a.cfg.Store, areaLink, key, &l)
	if err != nil {
		return Link{}, err
	}
	if l.revision == 0 || a.now() >= l.Until {
		return Link{}, ErrLink
	}
	l.key = key
	return l, nil
}

// Acceptance is what someone gives who follows a link. Member, Mail and Name
// count for a first start only; else they stand in the link.
type Acceptance struct {
	Link, Password     string
	Member, Mail, Name string
	Address, Agent     string
}

// Accept uses a link up: it makes the account or sets the password, ends all
// sessions of the member, and opens a new one. The grants of the member must be
// in force by then. It returns ErrLink, ErrPassword or ErrExists, and then the
// link still works.
func (a *Accounts) Accept(ctx context.Context, x Acceptance) (Opened, error) {
	l, err := a.ReadLink(ctx, x.Link)
	if err != nil {
		return Opened{}, err
	}
	if l.Purpose == FirstStart {
		l.Member, l.Mail, l.Name = x.Member, foldMail(x.Mail), strings.TrimSpace(x.Name)
	}
	if err := a.acceptable(ctx, l, x.Password); err != nil {
		return Opened{}, err
	}
	hash, err := a.hasher.make(ctx, x.Password)
	if err != nil {
		return Opened{}, err
	}
	gone, err := a.cfg.Store.RemoveRow(ctx, areaLink, l.key, l.revision)
	if err != nil {
		return Opened{}, fmt.Errorf("use link: %w", err)
	}
	if !gone {
		return Opened{}, ErrLink
	}
	if err := a.tell(ctx, Happening{What: LinkUsed, Member: l.Member, Address: x.Address, Detail: string(l.Purpose)}); err != nil {
		return Opened{}, err
	}
	acc, err := a.establish(ctx, l, hash)
	if err != nil {
		return Opened{}, err
	}
	grants, err := a.inForce(ctx, acc.Member)
	if err != nil {
		return Opened{}, err
	}
	if len(grants) == 0 || acc.Disabled {
		return Opened{}, a.refuse(ctx, acc.Member, x.Address, "no role in force")
	}
	return a.enter(ctx, acc, grants, x.Address, x.Agent)
}

func (a *Accounts) acceptable(ctx context.Context, l Link, password string) error {
	if l.Member == "" || l.Name == "" {
		return errors.New("accept link: give the member and the name")
	}
	if err := checkMail(l.Mail); err != nil {
		return fmt.Errorf("accept link: %w", err)
	}
	if l.Purpose == FirstStart {
		if any, err := a.Any(ctx); err != nil || any {
			return errors.Join(err, ErrLink)
		}
	}
	if err := CheckPassword(password, l.Name, l.Mail); err != nil {
		return err
	}
	return a.claimMail(ctx, l.Mail, l.Member)
}

// establish writes the account of a link with its password: a new one, or over
// the one that the member has.
func (a *Accounts) establish(ctx context.Context, l Link, hash string) (Account, error) {
	now := a.now()
	set := func(acc *Account) error {
		acc.drop(Password, false)
		acc.Credentials = append(acc.Credentials, Credential{Kind: Password, Data: []byte(hash), Made: now})
		acc.Generation++
		acc.Failures, acc.Failed = 0, 0
		if l.Purpose != Reset {
			acc.Mail, acc.Name = l.Mail, l.Name
		}
		return nil
	}
	acc, err := a.change(ctx, l.Member, set)
	if err == nil {
		return acc, a.tell(ctx, Happening{What: PasswordSet, Member: acc.Member, Detail: string(l.Purpose)})
	}
	if !errors.Is(err, ErrNotFound) || l.Purpose == Reset {
		return Account{}, err
	}
	acc = Account{Member: l.Member, Made: now}
	if err := set(&acc); err != nil {
		return Account{}, err
	}
	kept, err := save(ctx, a.cfg.Store, areaAccount, acc.Member, acc, 0, 0)
	if err == nil && !kept {
		err = errLost
	}
	if err != nil {
		return Account{}, fmt.Errorf("make account: %w", err)
	}
	acc.revision = 1
	return acc, a.tell(ctx, Happening{What: AccountMade, Member: acc.Member, By: l.By, Detail: string(l.Purpose)})
}
