package vouch

import (
	"context"
	"errors"
	"fmt"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// StoredKeys are the public keys of every log, from the key that is stored. It
// draws none: without one the error is store.ErrNotFound, and nothing can have
// been signed.
func StoredKeys(ctx context.Context, s *store.Store) (func(origin string) []*ledger.Verifier, error) {
	instance, err := s.LogByID(ctx, store.InstanceLog)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	have, err := s.GetSetting(ctx, store.InstanceLog, keyArea, keyName)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	k, err := parseKeys(instance.Origin, have.Value)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	return k.epochs, nil
}

// epochs are the public keys of a log of any epoch: the instance log's earlier
// ones were signed in both algorithms too.
func (k *Keys) epochs(origin string) []*ledger.Verifier {
	if origin == k.instance || !sameLog(origin, k.instance) {
		return k.Verifiers(origin)
	}
	var list []*ledger.Verifier
	for _, key := range []*ledger.Signer{k.ed, k.pq} {
		s, err := key.WithName(origin)
		if err != nil {
			return nil
		}
		list = append(list, s.Verifier())
	}
	return list
}

// CheckCosigned makes what verifies the stored lines of witnesses: those of the
// policy's keys wholly, those of others in their form alone.
func CheckCosigned(p ledger.Policy) func(c ledger.Checkpoint, lines []byte) error {
	return func(c ledger.Checkpoint, raw []byte) error {
		lines, err := ledger.ParseSignatureLines(raw)
		if err != nil {
			return err
		}
		note := ledger.Note{Text: c.Body()}
		for _, line := range lines {
			for _, w := range p.Witnesses {
				if !line.Is(w.Key) {
					continue
				}
				if _, err := ledger.VerifyCosignature(note, line, w.Key); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// CheckStamped verifies that a stored token is over the checkpoint and signed
// with the certificate it carries. Whether that is an authority's is asked of
// those who have its roots.
func CheckStamped(c ledger.Checkpoint, token []byte) error {
	_, err := ledger.VerifyTimestamp(token, []byte(c.Body()), ledger.StampTrust{})
	if errors.Is(err, ledger.ErrAuthority) {
		return nil
	}
	return err
}
