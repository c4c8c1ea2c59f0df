package vouch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/witness"
)

// tries spaces out what fails.
type tries struct {
	next int64         // not before, ms UTC
	wait time.Duration // after the next failure
}

const firstWait = time.Minute

// mayTry reports whether an outsider's time has come.
func (v *Voucher) mayTry(who string) bool {
	t := v.tries[who]
	return t == nil || v.nowMS() >= t.next
}

// settle remembers how a try ended: after a failure the next one waits a minute,
// then twice as long each time, at most an interval.
func (v *Voucher) settle(who string, err error) {
	if err == nil {
		delete(v.tries, who)
		return
	}
	t := v.tries[who]
	if t == nil {
		t = &tries{wait: firstWait}
		v.tries[who] = t
	}
	t.next = v.nowMS() + t.wait.Milliseconds()
	t.wait = min(2*t.wait, v.interval)
	v.report(err)
}

// Round signs what moved, extends the instance log if an interval has passed,
// and asks the outsiders that have not vouched for it yet. Run calls it all the
// time; a command may call it once. store.ErrHeld when another process signs.
//
// What an outsider does wrong is told to Config.Report and tried again later,
// but for a witness that saw another history, which is ErrHalted.
func (v *Voucher) Round(ctx context.Context) error {
	if err := v.signRound(ctx); err != nil {
		return err
	}
	return v.ask(ctx)
}

func (v *Voucher) signRound(ctx context.Context) error {
	v.signing.Lock()
	defer v.signing.Unlock()
	if err := v.Halted(); err != nil {
		return err
	}
	if err := v.hold(ctx); err != nil {
		return err
	}
	if err := v.signMoved(ctx); err != nil {
		return err
	}
	return v.extendInstance(ctx)
}

// due reports whether a round may append to the instance log.
func (v *Voucher) due(instance store.Head) bool {
	return instance.Size == 0 || v.nowMS()-instance.Recorded >= v.interval.Milliseconds()
}

// extendInstance appends a leaf for each log whose checkpoint moved, at most once
// an interval, and signs the instance log. If the power goes after the append,
// the next round signs what was appended.
func (v *Voucher) extendInstance(ctx context.Context) error {
	head, err := v.store.Head(ctx, store.InstanceLog)
	if err != nil {
		return err
	}
	if v.due(head) {
		if head, err = v.appendLeaves(ctx, head); err != nil {
			return err
		}
	}
	last, err := v.last(ctx, store.InstanceLog)
	if err != nil || head.Size == 0 || head.Size == last.Size {
		return err
	}
	if err := v.hold(ctx); err != nil {
		return err
	}
	_, err = v.publish(ctx, []store.Head{head})
	return err
}

func (v *Voucher) appendLeaves(ctx context.Context, head store.Head) (store.Head, error) {
	logs, err := liveLogs(ctx, v.store)
	if err != nil {
		return head, err
	}
	var leaves []ledger.InstanceLeaf
	sizes := map[store.LogID]uint64{}
	for _, l := range logs {
		last, err := v.last(ctx, l.ID)
		if err != nil {
			return head, err
		}
		if last.Size == 0 || v.leafed[l.ID] == last.Size {
			continue
		}
		leaves = append(leaves, ledger.InstanceLeaf{Pseudonym: l.Pseudonym, Size: last.Size, Root: last.Root})
		sizes[l.ID] = last.Size
	}
	if len(leaves) == 0 {
		return head, nil
	}
	if head, err = v.store.AppendInstance(ctx, leaves); err != nil {
		return head, v.doubt(err)
	}
	for log, size := range sizes {
		v.leafed[log] = size
	}
	return head, nil
}

// ask shows the last instance checkpoint to the outsiders that have not vouched
// for it and whose time has come, and stores what they say.
func (v *Voucher) ask(ctx context.Context) error {
	if len(v.witnesses)+len(v.authorities) == 0 {
		return nil
	}
	v.asking.Lock()
	defer v.asking.Unlock()
	c, err := v.store.LastCheckpoint(ctx, store.InstanceLog)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	note, err := ledger.ParseNote(c.Note)
	if err != nil {
		return fmt.Errorf("instance checkpoint: %w", err)
	}
	ws, as, err := v.missing(ctx, c, note)
	if err != nil {
		return err
	}
	var stamped []witness.Stamped
	var wg sync.WaitGroup
	wg.Go(func() { stamped = v.client.StampAll(ctx, as, []byte(note.Text)) })
	cosigned := v.client.CosignAll(ctx, ws, note, func(w witness.Witness) uint64 { return v.seen[w.Name] }, v.prover(c))
	wg.Wait()
	return errors.Join(v.keepCosigned(ctx, c, cosigned), v.keepStamped(ctx, c, stamped))
}

// missing lists who is to be asked now.
func (v *Voucher) missing(ctx context.Context, c store.Checkpoint, note ledger.Note) ([]witness.Witness, []witness.Authority, error) {
	said, err := v.outside(ctx, c, note)
	if err != nil {
		return nil, nil, err
	}
	var ws []witness.Witness
	for _, w := range v.witnesses {
		if !said.by[w.Name] && v.mayTry("witness "+w.Name) {
			ws = append(ws, w)
		}
	}
	var as []witness.Authority
	for _, a := range v.authorities {
		if !said.stamped[a.Name] && v.mayTry("authority "+a.Name) {
			as = append(as, a)
		}
	}
	return ws, as, nil
}

func (v *Voucher) keepCosigned(ctx context.Context, c store.Checkpoint, answers []witness.Cosigned) error {
	var errs []error
	for _, got := range answers {
		v.settle("witness "+got.Witness.Name, got.Err)
		if got.Err != nil {
			errs = append(errs, v.judge(ctx, got))
			continue
		}
		v.seen[got.Witness.Name] = c.Size
		errs = append(errs, v.keep(ctx, c, got))
	}
	return errors.Join(errs...)
}

// judge tells a doubt about the log from an outsider's trouble.
func (v *Voucher) judge(ctx context.Context, got witness.Cosigned) error {
	if errors.Is(got.Err, witness.ErrForked) {
		return v.halt(got.Err)
	}
	ahead, ok := errors.AsType[*witness.AheadError](got.Err)
	if !ok {
		return nil
	}
	head, err := v.store.Head(ctx, store.InstanceLog)
	if err != nil {
		return err
	}
	if head.Size >= ahead.Size {
		return nil // another process showed it a later one
	}
	return v.halt(fmt.Errorf("%w, and this database holds %d: an old copy was put back? Find the newest database, or restore with --new-epoch", got.Err, head.Size))
}

// keep stores a witness's lines, one for each of its keys, together: if the power
// goes, either all are there or it is asked again.
func (v *Voucher) keep(ctx context.Context, c store.Checkpoint, got witness.Cosigned) error {
	var lines []byte
	for i, sig := range got.Signatures {
		if off := got.Statements[i].At - v.nowMS(); i == 0 && max(off, -off) > ledger.ClockTolerance {
			v.report(fmt.Errorf("the clocks of witness %s and this machine are %d s apart: set the one that is wrong", got.Witness.Name, max(off, -off)/1000))
		}
		lines = append(lines, sig.Line()...)
	}
	return v.store.PutCosignature(ctx, c.Log, c.Size, store.Cosignature{Witness: got.Witness.Name, Line: lines})
}

func (v *Voucher) keepStamped(ctx context.Context, c store.Checkpoint, answers []witness.Stamped) error {
	var errs []error
	for _, got := range answers {
		v.settle("authority "+got.Authority.Name, got.Err)
		if got.Err == nil {
			errs = append(errs, v.store.PutTimestamp(ctx, c.Log, c.Size, store.Timestamp{Authority: got.Authority.Name, Token: got.Token}))
		}
	}
	return errors.Join(errs...)
}

// prover proves that an instance checkpoint extends an older size. The proof is
// checked before it goes out, so that a witness that refuses it has seen another
// history and not our mistake.
func (v *Voucher) prover(c store.Checkpoint) witness.Prover {
	return func(ctx context.Context, old uint64) ([]ledger.Hash, error) {
		var proof []ledger.Hash
		err := v.store.Tree(ctx, c.Log, func(_ store.Head, r ledger.HashReader) error {
			root, err := ledger.RootAt(old, r)
			if err != nil {
				return err
			}
			if proof, err = ledger.ProveConsistency(old, c.Size, r); err != nil {
				return err
			}
			return ledger.VerifyConsistency(proof, old, c.Size, root, c.Root)
		})
		return proof, err
	}
}
