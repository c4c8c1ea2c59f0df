package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"breakwater/internal/permit"
)

// Attempt is what someone gives to sign in. Address is the network address it
// came from; Agent, the browser's own words.
type Attempt struct {
	Mail, Password, Address, Agent string
}

// refusalStep is the grid on which refusals leave: what a wrong password, an
// unknown account and a waiting time cost differently is not to be seen.
const refusalStep = 250 * time.Millisecond

// SignIn checks a mail address and a password and opens a session, at the stage
// that the answer's Stage says. It returns ErrRefused or ErrBusy.
func (a *Accounts) SignIn(ctx context.Context, t Attempt) (Opened, error) {
	start := time.Now()
	o, err := a.signIn(ctx, t)
	return o, holdBack(ctx, start, err)
}

// Opened is a session just opened or handed on. Secret is for the browser alone.
type Opened struct {
	Secret  string
	Session Session
	Stage   Stage
}

// holdBack waits, after a refusal, for the next step of the grid.
func holdBack(ctx context.Context, start time.Time, err error) error {
	if !errors.Is(err, ErrRefused) {
		return err
	}
	timer := time.NewTimer(refusalStep - time.Since(start)%refusalStep)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return err
}

func (a *Accounts) signIn(ctx context.Context, t Attempt) (Opened, error) {
	mail := foldMail(t.Mail)
	acc, err := a.byMail(ctx, mail)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Opened{}, err
	}
	if err := a.count(ctx, &acc, mail, t.Address); err != nil {
		return Opened{}, err
	}
	if err := a.checkPassword(ctx, &acc, t.Password, t.Address); err != nil {
		return Opened{}, err
	}
	grants, err := a.inForce(ctx, acc.Member)
	if err != nil {
		return Opened{}, err
	}
	if len(grants) == 0 || acc.Disabled {
		return Opened{}, a.refuse(ctx, acc.Member, t.Address, "no role in force")
	}
	return a.enter(ctx, acc, grants, t.Address, t.Agent)
}

// enter opens a session after a right password.
func (a *Accounts) enter(ctx context.Context, acc Account, grants []permit.Grant, address, agent string) (Opened, error) {
	secret, s, err := a.begin(ctx, &acc, address, agent)
	if err != nil {
		return Opened{}, err
	}
	stage := s.stage(&acc, permit.NeedsSecondFactor(grants, a.now()))
	if stage == StageFull {
		if err := a.arrived(ctx, s, address); err != nil {
			return Opened{}, err
		}
	}
	return Opened{secret, s, stage}, nil
}

// checkPassword returns ErrRefused for a wrong one. On success it takes the try
// back, and hashes the password again if the parameters have changed. Failures
// before it stay counted until the second factor was given too.
func (a *Accounts) checkPassword(ctx context.Context, acc *Account, password, address string) error {
	encoded := ""
	if c := acc.find(Password, false); c != nil {
		encoded = string(c.Data)
	}
	ok, stale, err := a.hasher.verify(ctx, encoded, password)
	if err != nil {
		return err
	}
	if !ok {
		return a.refuse(ctx, acc.Member, address, "password")
	}
	fresh := ""
	if stale {
		if fresh, err = a.hasher.make(ctx, password); err != nil {
			return err
		}
	}
	a.giveBack(acc.Member, address)
	*acc, err = a.change(ctx, acc.Member, func(now *Account) error {
		if c := now.find(Password, false); c != nil && fresh != "" && string(c.Data) == encoded {
			c.Data = []byte(fresh)
		}
		now.giveBack(address)
		return nil
	})
	return err
}

// refuse logs a refusal and returns ErrRefused, or what kept it from the log.
func (a *Accounts) refuse(ctx context.Context, member, address, why string) error {
	var err error
	if member == "" {
		err = a.tellStrangers(ctx, 1, address)
	} else {
		err = a.tell(ctx, Happening{What: Refused, Member: member, Address: address, Detail: why})
	}
	if err != nil {
		return err
	}
	return ErrRefused
}

var errWaiting = errors.New("too many tries, waiting")

// count counts one try, of the address and of the account, before it is judged.
// It returns ErrRefused while either has to wait. An account that does not
// exist waits like one that does.
func (a *Accounts) count(ctx context.Context, acc *Account, mail, address string) error {
	if !a.tryAddress(address) {
		return ErrRefused
	}
	switch {
	case acc.Member == "":
		sum := sha256.Sum256([]byte(mail))
		return refusedUnless(a.tryKey("unknown " + hex.EncodeToString(sum[:16])))
	case acc.knows(address):
		return refusedUnless(a.tryKey("lane " + lane(acc.Member, address)))
	}
	changed, err := a.change(ctx, acc.Member, func(now *Account) error {
		m := meter{failures: now.Failures, last: now.Failed}
		if !m.try(a.now(), freePerAccount, maxAccountWait) {
			return errWaiting
		}
		now.Failures, now.Failed = m.failures, m.last
		return nil
	})
	switch {
	case errors.Is(err, errWaiting), errors.Is(err, errLost):
		return ErrRefused
	case err != nil:
		return err
	}
	*acc = changed
	return nil
}

func refusedUnless(ok bool) error {
	if ok {
		return nil
	}
	return ErrRefused
}

func (a *Account) knows(address string) bool {
	return slices.Contains(a.Known, lane(a.Member, address))
}

// arrived forgets failures, remembers the address and logs the sign-in.
func (a *Accounts) arrived(ctx context.Context, s Session, address string) error {
	at := lane(s.Member, address)
	_, err := a.change(ctx, s.Member, func(acc *Account) error {
		acc.Failures, acc.Failed, acc.SignedIn = 0, 0, a.now()
		acc.Known = append(slices.DeleteFunc(acc.Known, func(k string) bool { return k == at }), at)
		acc.Known = acc.Known[max(0, len(acc.Known)-maxKnown):]
		return nil
	})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	a.forgetKey("lane " + at)
	return a.tell(ctx, Happening{What: SignedIn, Member: s.Member, Address: address, How: s.how(), Detail: s.Handle})
}

// Reauthenticate takes the password of someone who is signed in once more and
// hands the session on under a new secret, fresh for a quarter of an hour.
func (a *Accounts) Reauthenticate(ctx context.Context, secret, password, address string) (Opened, error) {
	start := time.Now()
	o, err := a.reauthenticate(ctx, secret, password, address)
	return o, holdBack(ctx, start, err)
}

func (a *Accounts) reauthenticate(ctx context.Context, secret, password, address string) (Opened, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return Opened{}, err
	}
	if err := a.count(ctx, &v.acc, v.acc.Mail, address); err != nil {
		return Opened{}, err
	}
	if err := a.checkPassword(ctx, &v.acc, password, address); err != nil {
		return Opened{}, err
	}
	v.session.Proved = a.now()
	return a.handOn(ctx, v)
}

func (a *Accounts) handOn(ctx context.Context, v visit) (Opened, error) {
	secret, s, err := a.rotate(ctx, v.session)
	if err != nil {
		return Opened{}, err
	}
	return Opened{secret, s, s.stage(&v.acc, permit.NeedsSecondFactor(v.grants, a.now()))}, nil
}

// foldMail is the form in which a mail address is compared and kept.
func foldMail(mail string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimSpace(mail)))
}

// checkMail refuses what cannot be a mail address.
func checkMail(mail string) error {
	local, host, ok := strings.Cut(mail, "@")
	if !ok || local == "" || host == "" || len(mail) > 254 || strings.ContainsAny(mail, " \t\r\n<>\"") || strings.Contains(host, "@") {
		return errors.New("that is not a mail address: give one like name@example.com")
	}
	return nil
}
