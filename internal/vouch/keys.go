package vouch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// Where the signing key is kept: an operational value, sealed like every other
// under a key that the master key wraps, and so in every backup.
const (
	keyArea = "signing"
	keyName = "checkpoint key"
)

// Keys is the one signing key of an installation, in both algorithms. It signs
// each log under the log's origin.
type Keys struct {
	instance string // origin of the instance log
	ed, pq   *ledger.Signer

	mu    sync.Mutex
	named map[string]*ledger.Signer // ed, by origin
}

// LoadKeys reads the signing key, or draws and stores one. Where something was
// signed already a missing key is an error: with a new one the old checkpoints
// would look forged.
func LoadKeys(ctx context.Context, s *store.Store, g *store.Guard) (*Keys, error) {
	instance, err := s.LogByID(ctx, store.InstanceLog)
	if err != nil {
		return nil, fmt.Errorf("load signing key: %w", err)
	}
	for {
		have, err := s.GetSetting(ctx, store.InstanceLog, keyArea, keyName)
		if err == nil {
			k, err := parseKeys(instance.Origin, have.Value)
			if err != nil {
				return nil, fmt.Errorf("load signing key: %w", err)
			}
			return k, k.fits(ctx, s)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("load signing key: %w", err)
		}
		err = drawKeys(ctx, s, g, instance.Origin)
		if err != nil && !errors.Is(err, store.ErrConflict) { // another process was first
			return nil, fmt.Errorf("draw signing key: %w", err)
		}
	}
}

func parseKeys(instance string, value []byte) (*Keys, error) {
	ed, pq, ok := strings.Cut(strings.TrimSuffix(string(value), "\n"), "\n")
	if !ok {
		return nil, errors.New("its stored form is damaged: restore the database from a backup")
	}
	k := &Keys{instance: instance, named: map[string]*ledger.Signer{}}
	var err error
	if k.ed, err = ledger.ParseSigner(ed); err != nil {
		return nil, err
	}
	if k.pq, err = ledger.ParseSigner(pq); err != nil {
		return nil, err
	}
	if k.ed.Verifier().Type() != ledger.Ed25519 || k.pq.Verifier().Type() != ledger.MLDSA44 || !sameLog(k.ed.Name(), instance) || !sameLog(k.pq.Name(), instance) {
		return nil, errors.New("it is the key of another database: restore this one from a backup")
	}
	// It is stored under the origin it was drawn for, and signs under the present
	// epoch's.
	if k.ed, err = k.ed.WithName(instance); err != nil {
		return nil, err
	}
	k.pq, err = k.pq.WithName(instance)
	return k, err
}

// sameLog reports whether two origins are epochs of one log, the second not the
// earlier one.
func sameLog(stored, present string) bool {
	base, epoch, err := ledger.SplitOrigin(stored)
	now, later, err2 := ledger.SplitOrigin(present)
	return err == nil && err2 == nil && base == now && epoch <= later
}

func drawKeys(ctx context.Context, s *store.Store, g *store.Guard, instance string) error {
	signed, err := g.Read()
	if err != nil {
		return err
	}
	_, err = s.LastCheckpoint(ctx, store.InstanceLog)
	if err == nil || len(signed) > 0 {
		return errors.New("the key that signed this database's checkpoints is missing: restore the database from a backup that holds it, or name the guard file that belongs to this one")
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	value := ""
	for _, kind := range []ledger.KeyType{ledger.Ed25519, ledger.MLDSA44} {
		key, err := ledger.GenerateKey(instance, kind, rand.Reader)
		if err != nil {
			return err
		}
		value += key.Secret() + "\n"
	}
	_, err = s.PutSetting(ctx, store.Setting{Log: store.InstanceLog, Area: keyArea, Name: keyName, Value: []byte(value)})
	return err
}

// fits checks that the key made the last instance checkpoint.
func (k *Keys) fits(ctx context.Context, s *store.Store) error {
	last, err := s.LastCheckpoint(ctx, store.InstanceLog)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		_, _, err = ledger.Open(last.Note, k.Verifiers(k.instance)...)
	}
	if err != nil {
		return fmt.Errorf("compare the signing key with what it signed: %w", err)
	}
	return nil
}

// signers are the keys that sign a log.
func (k *Keys) signers(origin string) ([]*ledger.Signer, error) {
	if origin == k.instance {
		return []*ledger.Signer{k.ed, k.pq}, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.named[origin]; s != nil {
		return []*ledger.Signer{s}, nil
	}
	s, err := k.ed.WithName(origin)
	if err != nil {
		return nil, fmt.Errorf("key of log %s: %w", origin, err)
	}
	k.named[origin] = s
	return []*ledger.Signer{s}, nil
}

// Verifiers are the public keys of a log, Ed25519 first: to be given to whoever
// verifies, by another way than the bundle.
func (k *Keys) Verifiers(origin string) []*ledger.Verifier {
	signers, err := k.signers(origin)
	if err != nil {
		return nil
	}
	var list []*ledger.Verifier
	for _, s := range signers {
		list = append(list, s.Verifier())
	}
	return list
}

// Ed25519 is the key that signs texts other than checkpoints for a log, such as
// the manifest of a bundle.
func (k *Keys) Ed25519(origin string) (*ledger.Signer, error) {
	signers, err := k.signers(origin)
	if err != nil {
		return nil, err
	}
	return signers[0], nil
}
