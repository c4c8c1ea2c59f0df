package ledger

import (
	"errors"
	"fmt"
	"slices"
)

// Check verifies a checkpoint under the policy: signed by a listed log whose
// name is the checkpoint's origin, and cosigned by the quorum. Where the policy
// lists no log, the log keys given stand in; otherwise they are ignored.
//
// The valid cosignatures of listed witnesses are returned also with ErrQuorum,
// so that a reader can say who did vouch. A listed key's line that does not
// verify is ErrSignature and fails the whole note.
func (p Policy) Check(n Note, logs ...*Verifier) (Checkpoint, []Cosignature, error) {
	c, err := n.Checkpoint()
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("check policy: %w", err)
	}
	if _, err := n.Verify(named(p.logKeys(logs), c.Origin)...); err != nil {
		return Checkpoint{}, nil, fmt.Errorf("check policy: log %s: %w", c.Origin, err)
	}
	seen, cosigs, err := p.cosignatures(n)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("check policy: %w", err)
	}
	if !p.witnessed(p.Quorum, seen) {
		return c, cosigs, fmt.Errorf("check policy: quorum %s: %w", p.Quorum, ErrQuorum)
	}
	return c, cosigs, nil
}

func (p Policy) logKeys(given []*Verifier) []*Verifier {
	if len(p.Logs) == 0 {
		return given
	}
	keys := make([]*Verifier, len(p.Logs))
	for i, l := range p.Logs {
		keys[i] = l.Key
	}
	return keys
}

// cosignatures verifies the lines of listed witnesses and tells which names of
// the policy have witnessed. A line without a time counts for nothing.
func (p Policy) cosignatures(n Note) (map[string]bool, []Cosignature, error) {
	seen := map[string]bool{}
	var cosigs []Cosignature
	for _, sig := range n.Signatures {
		i := slices.IndexFunc(p.Witnesses, func(w PolicyWitness) bool { return sig.Is(w.Key) })
		if i < 0 {
			continue
		}
		c, err := VerifyCosignature(n, sig, p.Witnesses[i].Key)
		if errors.Is(err, errNoTime) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		seen[p.Witnesses[i].Name] = true
		cosigs = append(cosigs, c)
	}
	return seen, cosigs, nil
}

// witnessed evaluates a name. Groups name only what is defined above them, so
// this ends.
func (p Policy) witnessed(name string, seen map[string]bool) bool {
	if name == noQuorum || seen[name] {
		return true
	}
	i := slices.IndexFunc(p.Groups, func(g PolicyGroup) bool { return g.Name == name })
	if i < 0 {
		return false
	}
	count := 0
	for _, m := range p.Groups[i].Members {
		if p.witnessed(m, seen) {
			count++
		}
	}
	return count >= p.Groups[i].Threshold
}
