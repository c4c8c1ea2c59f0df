package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"breakwater/internal/ledger"
)

// maxAsks is how often one witness is asked for one checkpoint: at first with
// the size that we know of, then with the size that it names.
const maxAsks = 3

// Cosigned is what one witness answered. Err is nil iff there are signatures.
type Cosigned struct {
	Witness    Witness
	Signatures []ledger.Signature   // verified, by keys of the witness
	Statements []ledger.Cosignature // what they say, in the same order
	Err        error
}

// Cosign asks one witness to cosign a checkpoint. old is the size that it is
// known to have cosigned last, 0 if none is known. When it names another size
// (409) it is asked again with a proof from there.
//
// Errors: ErrForked, ErrAhead, ErrUnknownLog, ledger.ErrSignature, or what was
// wrong with the exchange.
func (c *Client) Cosign(ctx context.Context, w Witness, note ledger.Note, old uint64, prove Prover) Cosigned {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	out := Cosigned{Witness: w}
	cp, err := note.Checkpoint()
	if err == nil {
		out.Signatures, out.Statements, err = c.cosign(ctx, w, note, cp, min(old, cp.Size), prove)
	}
	if err != nil {
		out.Err = fmt.Errorf("witness %s: %w", w.Name, err)
	}
	return out
}

func (c *Client) cosign(ctx context.Context, w Witness, note ledger.Note, cp ledger.Checkpoint, old uint64, prove Prover) ([]ledger.Signature, []ledger.Cosignature, error) {
	for range maxAsks {
		req := ledger.WitnessRequest{Old: old, Checkpoint: note}
		if old > 0 && old < cp.Size {
			var err error
			if req.Proof, err = prove(ctx, old); err != nil {
				return nil, nil, fmt.Errorf("prove that size %d grew into %d: %w", old, cp.Size, err)
			}
		}
		a, err := c.post(ctx, w.URL+"/add-checkpoint", "text/plain; charset=utf-8", req.Encode())
		if err != nil {
			return nil, nil, err
		}
		if a.status != http.StatusConflict {
			return judge(w, note, a)
		}
		seen, err := ledger.ParseWitnessSize(a.body)
		switch {
		case old == cp.Size && (err != nil || seen == old): // it has another root of this size; some then name no size
			return nil, nil, forked(a.status)
		case err != nil:
			return nil, nil, fmt.Errorf("it answers 409 without a size: %w", err)
		case seen > cp.Size:
			return nil, nil, &AheadError{Size: seen}
		case seen == old:
			return nil, nil, fmt.Errorf("it refuses size %d and names the same", old)
		}
		old = seen
	}
	return nil, nil, errors.New("it names another size each time it is asked; another process may be asking it too")
}

// judge reads every answer but 409.
func judge(w Witness, note ledger.Note, a answer) ([]ledger.Signature, []ledger.Cosignature, error) {
	switch a.status {
	case http.StatusOK:
		return verified(w, note, a.body)
	case http.StatusUnprocessableEntity:
		return nil, nil, forked(a.status)
	case http.StatusNotFound, http.StatusForbidden:
		return nil, nil, fmt.Errorf("%w (it answers %d): send its operator the origin and the verifier key of the instance log", ErrUnknownLog, a.status)
	}
	return nil, nil, a.refusal()
}

func forked(status int) error {
	return fmt.Errorf("%w (it answers %d): sign nothing more; compare this database with its backups, and the checkpoints stored here with the one that the witness keeps", ErrForked, status)
}

// verified returns the signature lines by keys of the witness. Lines of other
// keys are dropped; one of its own that does not verify fails the whole answer.
func verified(w Witness, note ledger.Note, body []byte) ([]ledger.Signature, []ledger.Cosignature, error) {
	lines, err := ledger.ParseSignatureLines(body)
	if err != nil {
		return nil, nil, fmt.Errorf("its answer: %w", err)
	}
	var sigs []ledger.Signature
	var says []ledger.Cosignature
	for _, line := range lines {
		for _, key := range w.Keys {
			if !line.Is(key) {
				continue
			}
			said, err := ledger.VerifyCosignature(note, line, key)
			if err != nil {
				return nil, nil, err
			}
			sigs, says = append(sigs, line), append(says, said)
		}
	}
	if len(sigs) == 0 {
		return nil, nil, fmt.Errorf("its answer: %w: the policy names another key for it; ask its operator for the present one", ledger.ErrUnsigned)
	}
	return sigs, says, nil
}

// CosignAll asks all witnesses at once and waits for each, at most for the
// client's timeout. old gives the size known for a witness; prove is called
// from several goroutines. Whether enough of them answered, a policy decides.
func (c *Client) CosignAll(ctx context.Context, ws []Witness, note ledger.Note, old func(Witness) uint64, prove Prover) []Cosigned {
	out := make([]Cosigned, len(ws))
	var wg sync.WaitGroup
	for i, w := range ws {
		wg.Go(func() { out[i] = c.Cosign(ctx, w, note, old(w), prove) })
	}
	wg.Wait()
	return out
}
