package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	stepSeconds   = 30 // RFC 6238
	totpSecret    = 20 // bytes, as RFC 4226 section 4 recommends
	recoveryCodes = 10
	recoveryBytes = 10 // 80 bits: a plain hash is enough
)

var errCode = errors.New("wrong code")

// Enrollment is shown once, to the member who sets up an authenticator app.
type Enrollment struct {
	Key string // base32, for typing
	URI string // otpauth
	SVG string // the URI as a picture
}

// BeginFactor draws a TOTP key for the member of a session. It counts from the
// first right code given to ConfirmFactor; one set up before stays until then,
// and to replace it the password must have been given lately (ErrAgain).
func (a *Accounts) BeginFactor(ctx context.Context, secret string) (Enrollment, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return Enrollment{}, err
	}
	if v.stage == StageCode || v.acc.HasSecondFactor() && !v.fresh(a.now()) {
		return Enrollment{}, ErrAgain
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: a.cfg.Issuer, AccountName: v.acc.Mail, SecretSize: totpSecret, Period: stepSeconds,
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1, Rand: rand.Reader,
	})
	if err != nil {
		return Enrollment{}, fmt.Errorf("make second factor: %w", err)
	}
	sealed, err := a.cfg.Sealer.Seal([]byte(key.Secret()), factorAD(v.acc.Member))
	if err != nil {
		return Enrollment{}, fmt.Errorf("seal second factor: %w", err)
	}
	svg, err := qrSVG(key.URL())
	if err != nil {
		return Enrollment{}, err
	}
	_, err = a.change(ctx, v.acc.Member, func(acc *Account) error {
		acc.drop(TOTP, true)
		acc.Credentials = append(acc.Credentials, Credential{Kind: TOTP, Data: sealed, Made: a.now(), Pending: true})
		return nil
	})
	return Enrollment{Key: key.Secret(), URI: key.URL(), SVG: svg}, err
}

// factorAD binds a sealed key to its member, so that two rows cannot be
// exchanged.
func factorAD(member string) []byte { return []byte("breakwater/1 totp " + member) }

// ConfirmFactor takes the first code of a key from BeginFactor. From then on
// the factor is needed; all other sessions end, this one is handed on, and the
// recovery codes are returned, which nobody can show again.
func (a *Accounts) ConfirmFactor(ctx context.Context, secret, code, address string) (Opened, []string, error) {
	start := time.Now()
	o, codes, err := a.confirmFactor(ctx, secret, code, address)
	return o, codes, holdBack(ctx, start, err)
}

func (a *Accounts) confirmFactor(ctx context.Context, secret, code, address string) (Opened, []string, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return Opened{}, nil, err
	}
	if v.stage == StageCode {
		return Opened{}, nil, ErrAgain
	}
	if err := a.count(ctx, &v.acc, v.acc.Mail, address); err != nil {
		return Opened{}, nil, err
	}
	codes, hashed := newCodes(a.now())
	v.acc, err = a.change(ctx, v.acc.Member, func(acc *Account) error {
		pending := acc.find(TOTP, true)
		if err := a.useTOTP(acc, pending, code); err != nil {
			return err
		}
		confirmed := *pending
		confirmed.Pending = false
		acc.drop(TOTP, true)
		acc.drop(TOTP, false)
		acc.drop(Recovery, false)
		acc.Credentials = append(append(acc.Credentials, confirmed), hashed...)
		acc.Generation++
		acc.giveBack(address)
		return nil
	})
	if errors.Is(err, errCode) {
		return Opened{}, nil, a.refuse(ctx, v.session.Member, address, "code")
	}
	if err != nil {
		return Opened{}, nil, err
	}
	if err := a.tell(ctx, Happening{What: FactorSet, Member: v.acc.Member, Address: address, Detail: string(TOTP)}); err != nil {
		return Opened{}, nil, err
	}
	first := v.stage == StageEnroll
	v.session.Generation = v.acc.Generation
	o, err := a.strengthen(ctx, v, TOTP, address, first)
	return o, codes, err
}

// strengthen hands a session on after a second factor was given.
func (a *Accounts) strengthen(ctx context.Context, v visit, with Authenticator, address string, arriving bool) (Opened, error) {
	v.session.With = append(v.session.With, with)
	a.giveBack(v.acc.Member, address)
	o, err := a.handOn(ctx, v)
	if err != nil || !arriving {
		return o, err
	}
	return o, a.arrived(ctx, o.Session, address)
}

// GiveCode takes the second factor of a session at StageCode: a code of the
// app, or a recovery code, which is used up. It returns ErrRefused for a wrong
// one, for one of a time step that was used before, and while tries must wait.
func (a *Accounts) GiveCode(ctx context.Context, secret, code, address string) (Opened, error) {
	start := time.Now()
	o, err := a.giveCode(ctx, secret, code, address)
	return o, holdBack(ctx, start, err)
}

func (a *Accounts) giveCode(ctx context.Context, secret, code, address string) (Opened, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return Opened{}, err
	}
	if v.stage != StageCode {
		return Opened{}, ErrAgain
	}
	if err := a.count(ctx, &v.acc, v.acc.Mail, address); err != nil {
		return Opened{}, err
	}
	var used Authenticator
	v.acc, err = a.change(ctx, v.acc.Member, func(acc *Account) error {
		used, err = a.useCode(acc, code)
		return err
	})
	if errors.Is(err, errCode) {
		return Opened{}, a.refuse(ctx, v.session.Member, address, "code")
	}
	if err != nil {
		return Opened{}, err
	}
	if used == Recovery {
		left := fmt.Sprintf("%d left", v.acc.CodesLeft())
		if err := a.tell(ctx, Happening{What: CodeUsed, Member: v.acc.Member, Address: address, Detail: left}); err != nil {
			return Opened{}, err
		}
	}
	return a.strengthen(ctx, v, used, address, true)
}

// useCode marks a right code as used in the account, or returns errCode.
func (a *Accounts) useCode(acc *Account, code string) (Authenticator, error) {
	err := a.useTOTP(acc, acc.find(TOTP, false), code)
	if !errors.Is(err, errCode) {
		return TOTP, err
	}
	sum, ok := recoveryHash(code)
	if !ok {
		return "", errCode
	}
	for n, c := range acc.Credentials {
		if c.Kind == Recovery && subtle.ConstantTimeCompare(c.Data, sum) == 1 {
			acc.Credentials = append(acc.Credentials[:n], acc.Credentials[n+1:]...)
			return Recovery, nil
		}
	}
	return "", errCode
}

// useTOTP accepts the code of the current time step, of the one before or of
// the one after, and none of a step up to the last that was used (RFC 6238,
// section 5.2).
func (a *Accounts) useTOTP(acc *Account, c *Credential, code string) error {
	if c == nil {
		return errCode
	}
	key, err := a.cfg.Sealer.Open(c.Data, factorAD(acc.Member))
	if err != nil {
		return fmt.Errorf("open second factor: %w", err)
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := uint64(a.now() / 1000 / stepSeconds)
	for _, step := range []uint64{now - 1, now, now + 1} {
		want, err := hotp.GenerateCodeCustom(string(key), step, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return fmt.Errorf("check code: %w", err)
		}
		if step > c.Step && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			c.Step = step
			return nil
		}
	}
	return errCode
}

// RenewCodes replaces the recovery codes. The password must have been given
// lately (ErrAgain), and a second factor must be set up (ErrNotFound).
func (a *Accounts) RenewCodes(ctx context.Context, secret string) ([]string, error) {
	v, err := a.resume(ctx, secret)
	if err != nil {
		return nil, err
	}
	if v.stage != StageFull || !v.fresh(a.now()) {
		return nil, ErrAgain
	}
	codes, hashed := newCodes(a.now())
	_, err = a.change(ctx, v.acc.Member, func(acc *Account) error {
		if !acc.HasSecondFactor() {
			return fmt.Errorf("second factor: %w", ErrNotFound)
		}
		acc.drop(Recovery, false)
		acc.Credentials = append(acc.Credentials, hashed...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, a.tell(ctx, Happening{What: CodesMade, Member: v.acc.Member, Address: v.session.Address})
}

// RemoveFactor takes a member's second factor and recovery codes away and ends
// all sessions: for someone who lost the phone and the codes. The next sign-in
// sets up a new one where the role demands it.
func (a *Accounts) RemoveFactor(ctx context.Context, member, by string) error {
	_, err := a.change(ctx, member, func(acc *Account) error {
		acc.drop(TOTP, true)
		acc.drop(TOTP, false)
		acc.drop(Recovery, false)
		acc.Generation++
		return nil
	})
	if err != nil {
		return err
	}
	return a.tell(ctx, Happening{What: FactorRemoved, Member: member, By: by})
}

// newCodes draws recovery codes: "ABCD-EFGH-IJKL-MNOP", and what is kept.
func newCodes(now int64) (shown []string, kept []Credential) {
	for range recoveryCodes {
		var b [recoveryBytes]byte
		rand.Read(b[:])
		text := base32.StdEncoding.EncodeToString(b[:])
		shown = append(shown, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		sum := sha256.Sum256(b[:])
		kept = append(kept, Credential{Kind: Recovery, Data: sum[:], Made: now})
	}
	return shown, kept
}

// recoveryHash reads a recovery code as people type it.
func recoveryHash(code string) ([]byte, bool) {
	if len(code) > 64 {
		return nil, false
	}
	code = strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(code)))
	raw, err := base32.StdEncoding.DecodeString(code)
	if err != nil || len(raw) != recoveryBytes {
		return nil, false
	}
	sum := sha256.Sum256(raw)
	return sum[:], true
}
