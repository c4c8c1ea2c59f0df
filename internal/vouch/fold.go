package vouch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// foldName is the snapshot of the instance log that holds what was vouched.
const foldName = "vouched"

// fold is what outsiders vouched for, log by log: the fold of the instance log's
// leaves and of the statements about its checkpoints. It may always be dropped.
type fold struct {
	Next        uint64             `json:"next"` // leaves below it are folded
	Witnesses   int                `json:"witnesses"`
	Authorities int                `json:"authorities"` // how many vouched for the checkpoint that was folded last
	Logs        map[string]*folded `json:"logs"`        // by pseudonym, hexadecimal
}

// folded is what is known of one log.
type folded struct {
	Entries     uint64 `json:"entries"`        // vouched for, from 0
	Within      int64  `json:"within"`         // ms, see ledger.Vouched
	Late        int    `json:"late,omitempty"` // how often a recorded time was after the outside time
	Witnesses   int    `json:"witnesses"`
	Authorities int    `json:"authorities"` // how many vouched for the last of Entries
}

// foldVersion changes with the code and with whom it believes.
func (v *Voucher) foldVersion() string {
	h := sha256.New()
	h.Write(v.policy.Encode())
	for _, w := range v.witnesses {
		fmt.Fprintf(h, "witness %s\n", w.Name)
	}
	for _, a := range v.authorities {
		fmt.Fprintf(h, "authority %s\n", a.Name)
		for _, c := range a.Trust.Pinned {
			h.Write(c.Raw)
		}
	}
	return "1 " + hex.EncodeToString(h.Sum(nil)[:8])
}

// catchUp folds what came since, and returns the fold. The newest checkpoint
// is folded into a copy until all outsiders have answered, since another answer
// may come. The caller holds folding.
func (v *Voucher) catchUp(ctx context.Context) (*fold, error) {
	if v.fold == nil {
		f, err := v.loadFold(ctx)
		if err != nil {
			return nil, err
		}
		v.fold = f
	}
	points, err := v.store.Checkpoints(ctx, store.InstanceLog, v.fold.Next+1)
	if err != nil || len(points) == 0 {
		return v.fold, err
	}
	logs, err := v.byPseudonym(ctx)
	if err != nil {
		return nil, err
	}
	for i, c := range points {
		f := v.fold
		newest := i == len(points)-1
		done, err := v.foldPoint(ctx, &f, c, logs, newest)
		if err != nil {
			v.fold, v.partial = nil, partial{} // half of it may be in
			return nil, fmt.Errorf("what was vouched at size %d of the instance log: %w", c.Size, err)
		}
		if newest && !done {
			return f, nil
		}
	}
	return v.fold, nil
}

func (v *Voucher) loadFold(ctx context.Context) (*fold, error) {
	f := &fold{Logs: map[string]*folded{}}
	snap, err := v.store.GetSnapshot(ctx, store.InstanceLog, foldName, v.foldVersion())
	if errors.Is(err, store.ErrNotFound) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(snap.Data, f); err != nil || f.Next != snap.Size || f.Logs == nil {
		return &fold{Logs: map[string]*folded{}}, nil
	}
	return f, nil
}

// saveFold keeps the fold for the next process. It may fail: then that one folds.
func (v *Voucher) saveFold(ctx context.Context) error {
	v.folding.Lock()
	defer v.folding.Unlock()
	before := uint64(0)
	if v.fold != nil {
		before = v.fold.Next
	}
	if _, err := v.catchUp(ctx); err != nil || v.fold.Next == before {
		return err
	}
	f := v.fold
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	root, err := v.store.RootAt(ctx, store.InstanceLog, f.Next)
	if err != nil {
		return err
	}
	return v.store.PutSnapshot(ctx, store.Snapshot{Log: store.InstanceLog, Name: foldName, Fold: v.foldVersion(), Size: f.Next, Root: root, Data: data})
}

func (v *Voucher) byPseudonym(ctx context.Context) (map[[32]byte]store.LogID, error) {
	logs, err := v.store.Logs(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[[32]byte]store.LogID, len(logs))
	for _, l := range logs {
		out[l.Pseudonym] = l.ID
	}
	return out, nil
}

// foldPoint folds the leaves that an instance checkpoint covers and no vouched
// one before it did. One that nobody vouched for is passed over: a later one
// covers its leaves. The newest goes into a copy, which f then is, unless all
// outsiders have answered; done says that nothing more will come.
func (v *Voucher) foldPoint(ctx context.Context, f **fold, c store.Checkpoint, logs map[[32]byte]store.LogID, newest bool) (done bool, err error) {
	note, err := ledger.ParseNote(c.Note)
	if err != nil {
		return false, err
	}
	says, err := v.outside(ctx, c, note)
	if err != nil || says.at == 0 {
		return false, err
	}
	done = !newest || len(says.by) == len(v.witnesses) && len(says.stamped) == len(v.authorities)
	if !done {
		answers := len(says.by) + len(says.stamped)
		if p := v.partial; p.fold != nil && p.size == c.Size && p.answers == answers {
			*f = p.fold
			return false, nil
		}
		*f = (*f).clone()
		v.partial = partial{*f, c.Size, answers}
	}
	for e, err := range v.store.InstanceLeaves(ctx, (*f).Next, c.Size) {
		if err != nil {
			return false, err
		}
		log, ok := logs[e.Leaf.Pseudonym]
		if !ok {
			continue // of a log that was lost; its bundles still cite it
		}
		if err := v.foldLeaf(ctx, *f, log, e.Leaf, says); err != nil {
			return false, err
		}
	}
	(*f).Next, (*f).Witnesses, (*f).Authorities = c.Size, len(says.by), len(says.stamped)
	return done, nil
}

// partial is a fold whose last checkpoint may still get an answer.
type partial struct {
	fold    *fold
	size    uint64
	answers int
}

func (f *fold) clone() *fold {
	c := *f
	c.Logs = make(map[string]*folded, len(f.Logs))
	for k, l := range f.Logs {
		copied := *l
		c.Logs[k] = &copied
	}
	return &c
}

// foldLeaf bounds the recorded times of the entries that a leaf is the first to
// cover. They never decrease within a log, so the first and the last of them
// decide.
func (v *Voucher) foldLeaf(ctx context.Context, f *fold, log store.LogID, leaf ledger.InstanceLeaf, says said) error {
	key := hex.EncodeToString(leaf.Pseudonym[:])
	l := f.Logs[key]
	if l == nil {
		l = &folded{}
		f.Logs[key] = l
	}
	if leaf.Size <= l.Entries {
		return nil
	}
	first, err := v.recordedAt(ctx, log, l.Entries)
	if err != nil {
		return err
	}
	last, err := v.recordedAt(ctx, log, leaf.Size-1)
	if err != nil {
		return err
	}
	bound := ledger.VouchedWithin([]int64{first, last}, []ledger.SizeAt{{Size: 2, At: says.at}})
	l.Entries, l.Within, l.Late = leaf.Size, max(l.Within, bound.Within), l.Late+len(bound.Late)
	l.Witnesses, l.Authorities = len(says.by), len(says.stamped)
	return nil
}

func (v *Voucher) recordedAt(ctx context.Context, log store.LogID, index uint64) (int64, error) {
	for e, err := range v.store.RawEntries(ctx, log, index, index+1) {
		return e.Recorded, err
	}
	return 0, fmt.Errorf("entry %d of log %d: %w: run fsck", index, log, store.ErrNotFound)
}
