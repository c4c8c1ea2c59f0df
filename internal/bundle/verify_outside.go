package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"breakwater/internal/ledger"
)

// seen is a checkpoint that outsiders may have spoken of, and how many entries
// of this log it includes.
type seenNote struct {
	note    ledger.Note
	entries uint64
}

// checkOutside checks what others said: the instance log, cosignatures, time
// stamps, and what follows for recorded times.
func (v *verification) checkOutside(c ledger.Checkpoint) {
	raw, _ := v.read(memberCheckpoint, maxSmall)
	own, err := ledger.ParseNote(raw)
	if v.failErr(memberCheckpoint, err) {
		return
	}
	notes := map[string]seenNote{stampName("log", c.Size): {own, c.Size}}
	quorum := v.cosigned(memberCheckpoint, seenNote{own, c.Size}, true)
	if inst, ok := v.openInstance(); ok {
		notes[stampName("instance", inst.size)] = seenNote{inst.note, inst.covers(inst.size)}
		quorum = v.cosigned(memberInstance, seenNote{inst.note, inst.covers(inst.size)}, true)
		v.checkSeen(inst, notes)
		v.checkComplete(inst)
	} else {
		v.note("The bundle has no checkpoint of the instance log.")
		v.checkComplete(instanceView{limit: v.about.Size})
	}
	if v.policy != nil && quorum != nil {
		if v.opt.Policy != nil {
			v.fail(memberInstance, "under your policy: "+quorum.Error())
		} else {
			v.note("The newest checkpoint has not been cosigned by the quorum of the bundle's policy.")
		}
	}
	v.checkStamps(notes)
	v.vouch()
}

func stampName(of string, size uint64) string { return of + "-" + strconv.FormatUint(size, 10) }

// cosigned takes the cosignatures of a checkpoint by witnesses of the policy.
// The error says that they are too few.
func (v *verification) cosigned(name string, s seenNote, list bool) error {
	if v.policy == nil {
		return nil
	}
	p := *v.policy
	p.Logs = nil // the log's own key was settled before
	keys, err := named(v.keys, firstLine(s.note.Text))
	if v.failErr(name, err) {
		return nil
	}
	_, cosigs, err := p.Check(s.note, keys...)
	if err != nil && !errors.Is(err, ledger.ErrQuorum) {
		v.fail(name, err.Error())
		return nil
	}
	for _, c := range cosigs {
		v.stamps = append(v.stamps, ledger.SizeAt{Size: s.entries, At: c.At})
		if list && !slices.Contains(v.Cosignatures, Cosignature{c.Name, At(c.At)}) {
			v.Cosignatures = append(v.Cosignatures, Cosignature{c.Name, At(c.At)})
		}
	}
	return err
}

func firstLine(s string) string {
	l, _, _ := strings.Cut(s, "\n")
	return l
}

// instanceView is the newest instance checkpoint and our leaves in it.
type instanceView struct {
	note   ledger.Note
	size   uint64
	root   ledger.Hash
	origin string
	leaves []instanceLine
	limit  uint64 // entries of the bundle
}

// covers is how many entries of the bundle an instance checkpoint of a size
// includes.
func (i instanceView) covers(size uint64) uint64 {
	n := uint64(0)
	for _, l := range i.leaves {
		if l.Index < size && l.Size <= i.limit {
			n = max(n, l.Size)
		}
	}
	return n
}

// openInstance checks instance/checkpoint and each leaf: that it is in the
// instance log, and that its root is that of the same prefix here.
func (v *verification) openInstance() (instanceView, bool) {
	if v.zip[memberInstance] == nil {
		if len(v.walk.instance) > 0 {
			v.fail(memberInstance, "leaves of the instance log are there and its checkpoint is missing")
		}
		return instanceView{}, false
	}
	raw, ok := v.small(memberInstance)
	if !ok {
		return instanceView{}, false
	}
	n, c, err := v.instanceNote(raw)
	if v.failErr(memberInstance, err) {
		return instanceView{}, false
	}
	inst := instanceView{note: n, size: c.Size, root: c.Root, origin: c.Origin, leaves: v.walk.instance, limit: v.about.Size}
	later := 0
	for i, l := range v.walk.instance {
		leaf := v.leaf(l)
		if err := ledger.VerifyInclusion(l.Proof, l.Index, c.Size, leaf.Hash(), c.Root); err != nil {
			v.fail(fmt.Sprintf("%s, line %d", memberInstanceLeafs, i), err.Error())
			continue
		}
		if l.Size > v.about.Size {
			later++
		} else if v.walk.roots[l.Size] != l.Root {
			v.fail(fmt.Sprintf("%s, line %d", memberInstanceLeafs, i), fmt.Sprintf("the instance log has another root of this log at size %d than the entries give: the log was rewritten", l.Size))
		}
	}
	if later > 0 {
		v.note(fmt.Sprintf("The instance log has %d checkpoints of this log beyond this prefix; they cannot be compared here.", later))
	}
	return inst, true
}

// instanceNote parses a checkpoint of the instance log and checks that the
// log's key, under the instance's name, signed it.
func (v *verification) instanceNote(raw []byte) (ledger.Note, ledger.Checkpoint, error) {
	n, err := ledger.ParseNote(raw)
	if err != nil {
		return n, ledger.Checkpoint{}, err
	}
	c, err := n.Checkpoint()
	if err != nil {
		return n, c, err
	}
	if !ledger.ValidOrigin(c.Origin) || c.Origin == v.about.Origin {
		return n, c, errors.New("its origin is not that of an instance log")
	}
	keys, err := named(v.keys, c.Origin)
	if err != nil {
		return n, c, err
	}
	_, err = n.Verify(keys...)
	return n, c, err
}

func (v *verification) leaf(l instanceLine) ledger.InstanceLeaf {
	p, _ := hex32(v.about.Pseudonym)
	return ledger.InstanceLeaf{Pseudonym: p, Size: l.Size, Root: l.Root}
}

// checkSeen checks earlier instance checkpoints.
func (v *verification) checkSeen(inst instanceView, notes map[string]seenNote) {
	for _, name := range sortedKeys(v.sums) {
		text, ok := strings.CutPrefix(name, folderSeen)
		if !ok {
			continue
		}
		raw, ok := v.small(name)
		if !ok {
			continue
		}
		n, c, err := v.seen(raw, inst)
		if err == nil && strings.TrimSuffix(text, ".tlog-proof") != strconv.FormatUint(c.Size, 10) {
			err = errors.New("it is named by another size")
		}
		if v.failErr(name, err) {
			continue
		}
		s := seenNote{n, inst.covers(c.Size)}
		notes[stampName("instance", c.Size)] = s
		_ = v.cosigned(name, s, false) // fewer than a quorum saw it: then fewer vouch
	}
}

func (v *verification) seen(raw []byte, inst instanceView) (ledger.Note, ledger.Checkpoint, error) {
	p, err := ledger.ParseProof(raw)
	if err != nil {
		return ledger.Note{}, ledger.Checkpoint{}, err
	}
	if !bytes.Equal(p.Encode(), raw) {
		return ledger.Note{}, ledger.Checkpoint{}, errors.New("not as it would be written")
	}
	leaf, err := ledger.ParseInstanceLeaf(p.Extra)
	if err != nil {
		return ledger.Note{}, ledger.Checkpoint{}, err
	}
	i := slices.IndexFunc(inst.leaves, func(l instanceLine) bool { return l.Index == p.Index })
	if i < 0 || v.leaf(inst.leaves[i]) != leaf {
		return ledger.Note{}, ledger.Checkpoint{}, errors.New("its leaf is not among those of this log")
	}
	c, err := p.Includes(leaf.Hash())
	if err != nil {
		return p.Checkpoint, c, err
	}
	if c.Origin != inst.origin || c.Size > inst.size {
		return p.Checkpoint, c, errors.New("it is not an earlier checkpoint of the same instance log")
	}
	n, c, err := v.instanceNote(p.Checkpoint.Encode())
	return n, c, err
}

// checkStamps checks the time stamps of authorities.
func (v *verification) checkStamps(notes map[string]seenNote) {
	trust, theirs, ok := v.authorities()
	if !ok {
		return
	}
	for _, name := range sortedKeys(v.sums) {
		text, is := strings.CutPrefix(name, folderStamps)
		text, is2 := strings.CutSuffix(text, ".tsr")
		if !is || !is2 {
			continue
		}
		s, known := notes[text[:strings.LastIndexByte(text, '-')]]
		if !known {
			v.fail(name, "the checkpoint that it stamps is not in the bundle")
			continue
		}
		raw, ok := v.small(name)
		if !ok {
			continue
		}
		stamp, err := ledger.VerifyTimestamp(raw, []byte(s.note.Text), trust)
		if v.failErr(name, err) {
			continue
		}
		v.Timestamps = append(v.Timestamps, Timestamp{stamp.Authority, At(stamp.At), !theirs})
		v.stamps = append(v.stamps, ledger.SizeAt{Size: s.entries, At: stamp.At})
	}
	if theirs && len(v.Timestamps) > 0 {
		v.note("The certificates of the time-stamping authorities came with the bundle; get them from the authorities and give them to be sure whose they are.")
	}
}

// authorities is whose stamps are believed: the reader's list, else the one
// that came with the bundle.
func (v *verification) authorities() (trust ledger.StampTrust, theirs, ok bool) {
	if v.zip[memberAuthorities] != nil {
		raw, read := v.small(memberAuthorities)
		if !read {
			return trust, true, false
		}
		again, err := encodeAuthorities(raw)
		if err == nil && !bytes.Equal(again, raw) {
			err = errors.New("not as it would be written")
		}
		if err == nil {
			trust, err = ParseAuthorities(raw)
		}
		if v.failErr(memberAuthorities, err) {
			return trust, true, false
		}
	}
	if v.opt.Authorities == nil {
		return trust, true, true
	}
	trust, err := ParseAuthorities(v.opt.Authorities)
	return trust, false, !v.failErr("authorities", err)
}

// vouch bounds the recorded times by what outsiders saw.
func (v *verification) vouch() {
	if len(v.stamps) == 0 {
		return
	}
	out := ledger.VouchedWithin(v.walk.recorded, v.stamps)
	if out.Entries == 0 {
		return
	}
	minutes := out.Minutes()
	v.VouchedWithin, v.Vouched = &minutes, out.Entries
	for _, l := range out.Late {
		v.fail(where(memberLeaves, l.Index), fmt.Sprintf("it says it was recorded at %s, and was seen outside at %s already", text(l.Recorded), text(l.Stamp.At)))
	}
}

func text(t int64) string {
	b, _ := At(t).MarshalText()
	return string(b)
}
