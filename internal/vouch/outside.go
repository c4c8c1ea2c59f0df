package vouch

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/witness"
)

// said is what outsiders stated about one instance checkpoint, every signature
// verified again.
type said struct {
	by      map[string]bool // names of witnesses
	stamped map[string]bool // names of authorities
	at      int64           // when enough of them had: ms UTC; 0 when they have not
	lines   []ledger.Signature
}

// outside reads and verifies what is stored beside an instance checkpoint. What
// does not verify, and what is by nobody who is configured now, counts for
// nothing.
func (v *Voucher) outside(ctx context.Context, c store.Checkpoint, note ledger.Note) (said, error) {
	out := said{by: map[string]bool{}, stamped: map[string]bool{}}
	cosigs, err := v.store.Cosignatures(ctx, c.Log, c.Size)
	if err != nil {
		return out, err
	}
	tokens, err := v.store.Timestamps(ctx, c.Log, c.Size)
	if err != nil {
		return out, err
	}
	v.readCosignatures(&out, note, cosigs)
	for _, ts := range tokens {
		i := slices.IndexFunc(v.authorities, func(a witness.Authority) bool { return a.Name == ts.Authority })
		if i < 0 {
			continue
		}
		if stamp, err := ledger.VerifyTimestamp(ts.Token, []byte(note.Text), v.authorities[i].Trust); err == nil {
			out.stamped[ts.Authority] = true
			out.first(stamp.At)
		}
	}
	return out, nil
}

func (s *said) first(at int64) {
	if s.at == 0 || at < s.at {
		s.at = at
	}
}

// statement is a verified line and its time.
type statement struct {
	line ledger.Signature
	at   int64
}

func (v *Voucher) readCosignatures(out *said, note ledger.Note, cosigs []store.Cosignature) {
	var list []statement
	for _, c := range cosigs {
		lines, err := ledger.ParseSignatureLines(c.Line)
		if err != nil {
			continue
		}
		for _, line := range lines {
			if name, at, ok := v.readLine(note, line); ok {
				list = append(list, statement{line, at})
				out.by[name] = true
			}
		}
	}
	slices.SortFunc(list, func(a, b statement) int { return cmp.Compare(a.at, b.at) })
	for _, s := range list {
		out.lines = append(out.lines, s.line)
	}
	if at, ok := v.quorumAt(note, list); ok {
		out.first(at)
	}
}

// readLine verifies a line by a configured witness.
func (v *Voucher) readLine(note ledger.Note, line ledger.Signature) (name string, at int64, ok bool) {
	for _, w := range v.witnesses {
		for _, key := range w.Keys {
			if !line.Is(key) {
				continue
			}
			if s, err := ledger.VerifyCosignature(note, line, key); err == nil {
				return w.Name, s.At, true
			}
		}
	}
	return "", 0, false
}

// quorumAt is the time at which the policy's quorum was complete. At least one
// witness is needed, whatever the policy says.
func (v *Voucher) quorumAt(note ledger.Note, list []statement) (int64, bool) {
	own := v.keys.ed.Verifier()
	shown := note
	for _, s := range list {
		shown = shown.With(s.line)
		if _, _, err := v.policy.Check(shown, own); !errors.Is(err, ledger.ErrQuorum) {
			return s.at, err == nil
		}
	}
	return 0, false
}
