package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// List returns all accounts by mail address, without their credentials' data.
func (a *Accounts) List(ctx context.Context) ([]Account, error) {
	var list []Account
	err := each(ctx, a.cfg.Store, areaAccount, func(_ string, acc Account, _ int64) error {
		for n := range acc.Credentials {
			acc.Credentials[n].Data = nil
		}
		list = append(list, acc)
		return nil
	})
	slices.SortFunc(list, func(x, y Account) int { return strings.Compare(x.Mail, y.Mail) })
	return list, err
}

// ChangePassword sets a new password for who gives the old one. All other
// sessions end; this one is handed on.
func (a *Accounts) ChangePassword(ctx context.Context, secret, old, password, address string) (Opened, error) {
	start := time.Now()
	o, err := a.changePassword(ctx, secret, old, password, address)
	return o, holdBack(ctx, start, err)
}

func (a *Accounts) changePassword(ctx context.Context, secret, old, password, address string) (Opened, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return Opened{}, err
	}
	if v.stage != StageFull {
		return Opened{}, ErrAgain
	}
	if err := CheckPassword(password, v.acc.Name, v.acc.Mail); err != nil {
		return Opened{}, err
	}
	if err := a.count(ctx, &v.acc, v.acc.Mail, address); err != nil {
		return Opened{}, err
	}
	if err := a.checkPassword(ctx, &v.acc, old, address); err != nil {
		return Opened{}, err
	}
	hash, err := a.hasher.make(ctx, password)
	if err != nil {
		return Opened{}, err
	}
	v.acc, err = a.change(ctx, v.acc.Member, func(acc *Account) error {
		acc.drop(Password, false)
		acc.Credentials = append(acc.Credentials, Credential{Kind: Password, Data: []byte(hash), Made: a.now()})
		acc.Generation++
		return nil
	})
	if err != nil {
		return Opened{}, err
	}
	v.session.Generation, v.session.Proved = v.acc.Generation, a.now()
	if err := a.tell(ctx, Happening{What: PasswordSet, Member: v.acc.Member, Address: address, Detail: "changed"}); err != nil {
		return Opened{}, err
	}
	return a.handOn(ctx, v)
}

// Disable keeps a member out, with sessions and tokens, until Enable.
func (a *Accounts) Disable(ctx context.Context, member, by string) error {
	return a.setDisabled(ctx, member, by, true, AccountDisabled)
}

// Enable lets a member in again. Sessions from before stay ended.
func (a *Accounts) Enable(ctx context.Context, member, by string) error {
	return a.setDisabled(ctx, member, by, false, AccountEnabled)
}

func (a *Accounts) setDisabled(ctx context.Context, member, by string, disabled bool, what What) error {
	_, err := a.change(ctx, member, func(acc *Account) error {
		acc.Disabled = disabled
		acc.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	return a.tell(ctx, Happening{What: what, Member: member, By: by})
}

// Describe changes a member's name and mail address. The new address is claimed
// before the account names it: if the power goes between, the old one works.
func (a *Accounts) Describe(ctx context.Context, member, name, mail, by string) error {
	mail, name = foldMail(mail), strings.TrimSpace(name)
	if name == "" {
		return errors.New("change account: give a name")
	}
	if err := checkMail(mail); err != nil {
		return fmt.Errorf("change account: %w", err)
	}
	if _, err := a.Account(ctx, member); err != nil {
		return err
	}
	if err := a.claimMail(ctx, mail, member); err != nil {
		return err
	}
	old := ""
	_, err := a.change(ctx, member, func(acc *Account) error {
		old = acc.Mail
		acc.Name, acc.Mail = name, mail
		return nil
	})
	if err != nil {
		return err
	}
	if old != mail {
		_, revision, err := a.cfg.Store.GetRow(ctx, areaMail, old)
		if err != nil {
			return fmt.Errorf("read mail: %w", err)
		}
		if _, err := a.cfg.Store.RemoveRow(ctx, areaMail, old, revision); err != nil {
			return fmt.Errorf("free mail: %w", err)
		}
	}
	return a.tell(ctx, Happening{What: AccountChanged, Member: member, By: by})
}

// Secure ends everything of a member whose access fell into other hands: all
// sessions, all tokens, all links. The password stays until it is reset.
func (a *Accounts) Secure(ctx context.Context, member, by string) error {
	if err := a.SignOutEverywhere(ctx, member, by); err != nil {
		return err
	}
	for _, p := range []Purpose{Invitation, Reset} {
		if err := a.dropLinks(ctx, p, member); err != nil {
			return err
		}
	}
	return a.RevokeToken(ctx, member, "", by)
}
