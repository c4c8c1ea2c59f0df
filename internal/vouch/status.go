package vouch

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// Status says who outside vouches for recorded times, and how closely.
type Status struct {
	Witnesses     int   // that are configured
	Answered      int   // of them, that vouched for the newest entries that anybody vouched for
	Authorities   int   // that are configured
	Stamped       int   // of them, likewise
	Vouched       bool  // some entry is vouched for
	WithinMinutes int64 // how much later than it says a vouched entry may have been written, rounded up, at least 1: witnesses state whole seconds
	Late          int   // how often a recorded time was after an outside time that covers it
	Waiting       int64 // recorded time of an entry that should be vouched for by now, ms UTC; 0 = none
	Halted        error // why this process signs no more
}

// Status is the state of the given logs together, of all when none is given.
func (v *Voucher) Status(ctx context.Context, logs ...store.LogID) (Status, error) {
	st := Status{Witnesses: len(v.witnesses), Authorities: len(v.authorities), Halted: v.Halted()}
	if st.Witnesses+st.Authorities == 0 {
		return st, nil
	}
	heads, err := v.heads(ctx, logs)
	if err != nil {
		return st, fmt.Errorf("who vouches: %w", err)
	}
	v.folding.Lock()
	defer v.folding.Unlock()
	f, err := v.catchUp(ctx)
	if err != nil {
		return st, fmt.Errorf("who vouches: %w", err)
	}
	st.Answered, st.Stamped = f.Witnesses, f.Authorities
	for _, h := range heads {
		if err := v.addLog(ctx, &st, f, h, len(heads) == 1); err != nil {
			return st, fmt.Errorf("who vouches: %w", err)
		}
	}
	return st, nil
}

func (v *Voucher) heads(ctx context.Context, logs []store.LogID) ([]store.Head, error) {
	if len(logs) == 0 {
		return liveHeads(ctx, v.store)
	}
	heads := make([]store.Head, len(logs))
	for i, log := range logs {
		var err error
		if heads[i], err = v.store.Head(ctx, log); err != nil {
			return nil, err
		}
	}
	return heads, nil
}

// addLog adds one log's part. Alone, the log's own count of outsiders stands.
func (v *Voucher) addLog(ctx context.Context, st *Status, f *fold, h store.Head, alone bool) error {
	l, err := v.store.LogByID(ctx, h.Log)
	if err != nil {
		return err
	}
	have := f.Logs[hex.EncodeToString(l.Pseudonym[:])]
	if have == nil {
		have = &folded{}
	}
	if have.Entries > 0 {
		st.Vouched = true
		st.WithinMinutes = max(st.WithinMinutes, 1, ledger.Vouched{Within: have.Within}.Minutes())
		st.Late += have.Late
	}
	if alone {
		st.Answered, st.Stamped = have.Witnesses, have.Authorities
	}
	if h.Size <= have.Entries {
		return nil
	}
	since, err := v.recordedAt(ctx, h.Log, have.Entries)
	if err == nil && v.nowMS()-since > v.interval.Milliseconds()+ledger.ClockTolerance && (st.Waiting == 0 || since < st.Waiting) {
		st.Waiting = since
	}
	return err
}

// Line is the status in one sentence.
func (st Status) Line() string {
	if st.Halted != nil {
		return "Signing has stopped: " + strings.TrimPrefix(st.Halted.Error(), ErrHalted.Error()+": ")
	}
	if st.Witnesses+st.Authorities == 0 {
		return "Nobody outside vouches for the recorded times yet"
	}
	if !st.Vouched {
		return "Nobody outside vouches for the recorded times yet: none of " + st.configured() + " has answered"
	}
	line := fmt.Sprintf("Vouched for by %s, to within %s", st.answered(), count(int(st.WithinMinutes), "minute"))
	if st.Late > 0 {
		line += "; some recorded times are later than outside time allows, run verify"
	}
	if st.Waiting > 0 {
		line += "; not yet since " + time.UnixMilli(st.Waiting).UTC().Format("2006-01-02 15:04 UTC")
	}
	return line
}

func (st Status) answered() string {
	var parts []string
	if st.Witnesses > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s", st.Answered, count(st.Witnesses, "outside witness")))
	}
	if st.Authorities > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s", st.Stamped, count(st.Authorities, "time stamp authority")))
	}
	return strings.Join(parts, " and ")
}

func (st Status) configured() string {
	var parts []string
	if st.Witnesses > 0 {
		parts = append(parts, count(st.Witnesses, "outside witness"))
	}
	if st.Authorities > 0 {
		parts = append(parts, count(st.Authorities, "time stamp authority"))
	}
	return strings.Join(parts, " and ")
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	switch {
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
