package bundle

import (
	"errors"
	"fmt"
	"strings"

	"breakwater/internal/ledger"
)

// encodeKeys writes the member keys: a vkey a line, named by the log's origin.
func encodeKeys(keys []*ledger.Verifier) []byte {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.String() + "\n")
	}
	return []byte(b.String())
}

// parseKeys reads the keys of a log: one Ed25519 key, and at most one of
// ML-DSA-44 behind it.
func parseKeys(b []byte, origin string) ([]*ledger.Verifier, error) {
	text, ok := strings.CutSuffix(string(b), "\n")
	if !ok || len(b) > 1<<14 {
		return nil, errors.New("want a key a line")
	}
	var keys []*ledger.Verifier
	for _, line := range strings.Split(text, "\n") {
		k, err := ledger.ParseVerifier(line)
		if err != nil {
			return nil, err
		}
		if k.Name() != origin {
			return nil, fmt.Errorf("a key is named %q and the log %q", k.Name(), origin)
		}
		keys = append(keys, k)
	}
	return keys, checkKeys(keys)
}

func checkKeys(keys []*ledger.Verifier) error {
	if len(keys) == 0 || len(keys) > 2 || keys[0].Type() != ledger.Ed25519 || len(keys) == 2 && keys[1].Type() != ledger.MLDSA44 {
		return errors.New("want one Ed25519 key, and behind it at most one of ML-DSA-44")
	}
	return nil
}

// named is the same keys under the name of another log of the installation.
func named(keys []*ledger.Verifier, origin string) ([]*ledger.Verifier, error) {
	res := make([]*ledger.Verifier, len(keys))
	for i, k := range keys {
		var err error
		if res[i], err = k.WithName(origin); err != nil {
			return nil, err
		}
	}
	return res, nil
}
