package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/ledger"
	"breakwater/internal/record"
)

// walk is what one pass over leaves and entries finds.
type walk struct {
	recorded []int64
	kinds    []event.Kind
	bare     bool // a withheld entry's kind is proven by nothing
	withheld map[event.Kind]uint64
	marked   map[uint64]event.Kind // entries that are marked as erased
	erasures map[uint64][]record.Erased
	adopted  map[[32]byte]bool
	disposed map[[32]byte]bool
	cited    map[[32]byte]Blob
	roots    map[uint64]ledger.Hash // of the sizes that the instance log names
	instance []instanceLine

	tree ledger.Frontier
	lost []record.Epoch
}

// newWalk reads which sizes the instance log speaks of, so that their roots
// are taken in passing.
func (v *verification) newWalk() (*walk, error) {
	w := &walk{
		withheld: map[event.Kind]uint64{}, marked: map[uint64]event.Kind{}, erasures: map[uint64][]record.Erased{},
		adopted: map[[32]byte]bool{}, disposed: map[[32]byte]bool{}, cited: map[[32]byte]Blob{}, roots: map[uint64]ledger.Hash{},
	}
	if v.zip[memberInstanceLeafs] == nil {
		return w, nil
	}
	s, err := v.open(memberInstanceLeafs, maxReport, maxInstanceLine)
	if err != nil {
		return w, err
	}
	for n := 0; ; n++ {
		b, err := s.ReadSlice('\n')
		if err == io.EOF && len(b) == 0 {
			return w, s.finish()
		}
		if err != nil {
			s.rc.Close()
			return w, fmt.Errorf("line %d: %w", n, errLine)
		}
		l, err := parseInstanceLine(b[:len(b)-1])
		if err == nil && n > 0 && (l.Index <= w.instance[n-1].Index || l.Size < w.instance[n-1].Size) {
			err = errors.New("it is not in order")
		}
		if err != nil {
			s.rc.Close()
			return w, fmt.Errorf("line %d: %w", n, err)
		}
		w.instance = append(w.instance, l)
		w.roots[l.Size] = ledger.EmptyRoot() // until the walk comes there
	}
}

// readEntries walks leaves and entries side by side.
func (v *verification) readEntries(c ledger.Checkpoint) bool {
	leaves, err := v.open(memberLeaves, maxEntries*ledger.LeafSize, 1<<16)
	if v.failErr(memberLeaves, err) {
		return false
	}
	lines, err := v.open(memberEntries, maxTotal, 1<<20)
	if v.failErr(memberEntries, err) {
		leaves.rc.Close()
		return false
	}
	whole := v.pass(leaves, lines)
	endLeaves, endLines := leaves.finish(), lines.finish()
	bad := v.failErr(memberLeaves, endLeaves)
	bad = v.failErr(memberEntries, endLines) || bad || !whole
	if bad {
		return false
	}
	w := v.walk
	if w.tree.Root() != c.Root || w.tree.Size() != c.Size {
		v.fail(memberLeaves, "the leaves give another root than the checkpoint has")
		return false
	}
	v.settle()
	return true
}

// pass reads every leaf and its line. It reports whether both were read to
// their end.
func (v *verification) pass(leaves, lines *source) bool {
	w := v.walk
	w.recorded = make([]int64, 0, min(v.about.Size, 1<<20))
	var raw [ledger.LeafSize]byte
	var l line
	var commit ledger.Committer
	scratch := make([]byte, 0, 64)
	for n := uint64(0); n < v.about.Size; n++ {
		if _, err := io.ReadFull(leaves, raw[:]); err != nil {
			v.fail(memberLeaves, fmt.Sprintf("it ends at entry %d of %d", n, v.about.Size))
			return false
		}
		leaf, err := parseRecord(raw[:])
		if err != nil {
			v.fail(where(memberLeaves, n), err.Error())
			return false
		}
		b, err := lines.ReadSlice('\n')
		if err != nil || l.parse(b[:len(b)-1], n, scratch) != nil {
			v.fail(where(memberEntries, n), errLine.Error())
			return false
		}
		w.add(leaf)
		if err := v.entry(n, leaf, &l, &commit); err != nil {
			v.fail(where(memberEntries, n), err.Error())
			if len(v.Failures) >= maxFailures {
				return false
			}
		}
	}
	if _, err := leaves.ReadByte(); err != io.EOF {
		v.fail(memberLeaves, "something follows the last leaf")
	}
	if _, err := lines.ReadByte(); err != io.EOF {
		v.fail(memberEntries, "something follows the last entry")
	}
	return true
}

func where(name string, n uint64) string { return fmt.Sprintf("%s, entry %d", name, n) }

// add grows the tree.
func (w *walk) add(leaf leafRecord) {
	w.tree.Append(leaf.hash)
	w.recorded, w.kinds = append(w.recorded, leaf.recorded), append(w.kinds, leaf.kind)
	if _, asked := w.roots[w.tree.Size()]; asked {
		w.roots[w.tree.Size()] = w.tree.Root()
	}
}

// entry checks one line against its leaf.
func (v *verification) entry(n uint64, leaf leafRecord, l *line, commit *ledger.Committer) error {
	w := v.walk
	if n > 0 && leaf.recorded < w.recorded[n-1] {
		return errors.New("its recorded time is before that of the entry before it")
	}
	switch l.mark {
	case withheld:
		w.withheld[leaf.kind]++
		w.bare = w.bare || leaf.bare
		return nil
	case erased:
		w.marked[n] = leaf.kind
		return nil
	}
	if leaf.bare {
		return errors.New("it is disclosed, and its leaf has no commitment")
	}
	v.Entries++
	sum, err := commit.Commit(l.salt[:ledger.SaltSize], l.envelope)
	if err != nil {
		return err
	}
	if sum != leaf.sum {
		return errors.New("envelope and salt do not give the commitment in the leaf")
	}
	if !kept[leaf.kind] && !bytes.Contains(l.envelope, saltKey) {
		return nil // the fold decodes it
	}
	e, err := v.decode(n, l.envelope)
	if err != nil {
		return err
	}
	return w.keep(n, e)
}

// decode decodes the envelope of entry n and compares what its leaf says.
func (v *verification) decode(n uint64, envelope []byte) (event.Envelope, error) {
	e, err := event.Decode(envelope)
	switch {
	case err != nil:
		return e, err
	case e.Kind != v.walk.kinds[n]:
		return e, fmt.Errorf("the envelope is of kind %s and the leaf of %s", e.Kind, v.walk.kinds[n])
	case e.Log != v.about.Client:
		return e, errors.New("the envelope is of another log")
	}
	return e, nil
}

// kept are the kinds that other members are checked against.
var kept = kindSet{event.EntryErased: true, event.CatalogAdopted: true, event.BlobDisposed: true, event.EpochBegun: true}

// keep takes from an envelope what other members are checked against.
func (w *walk) keep(n uint64, e event.Envelope) error {
	for _, b := range citations(n, e) {
		w.cited[b.Hash] = b
	}
	switch e.Kind {
	case event.EntryErased:
		x, err := event.Body[record.Erased](e)
		if err != nil {
			return err
		}
		w.erasures[x.Index] = append(w.erasures[x.Index], x)
	case event.CatalogAdopted:
		x, err := event.Body[record.Adopted](e)
		if err != nil {
			return err
		}
		h, err := record.ParseHash(x.SHA256)
		if err != nil {
			return err
		}
		w.adopted[h] = true
	case event.BlobDisposed:
		x, err := event.Body[record.Disposed](e)
		if err != nil {
			return err
		}
		if h, ok := hex32(x.Hash); ok {
			w.disposed[h] = true
		}
	case event.EpochBegun:
		x, err := event.Body[record.Epoch](e)
		if err != nil {
			return err
		}
		w.lost = append(w.lost, x)
	}
	return nil
}

var saltKey = []byte(`"salt":"`)

// settle compares what the whole pass found with what the bundle says.
func (v *verification) settle() {
	w := v.walk
	v.Erased, v.Withheld = uint64(len(w.marked)), counts(w.withheld)
	for n, kind := range w.marked {
		switch list := w.erasures[n]; {
		case len(list) != 1:
			v.fail(where(memberEntries, n), fmt.Sprintf("it is marked as erased and %d entries say so", len(list)))
		case event.Kind(list[0].Kind) != kind:
			v.fail(where(memberEntries, n), "its erasure names another kind than its leaf")
		}
	}
	for n := range w.erasures {
		if _, ok := w.marked[n]; !ok && n < v.about.Size {
			v.fail(where(memberEntries, n), "an entry says that it was erased, and it is not marked so")
		}
	}
	if v.Erased != v.about.Erased || !slices.Equal(v.Withheld, v.about.Withheld) {
		v.fail(memberAbout, "it counts withheld or erased entries wrongly")
	}
	for _, x := range w.lost {
		v.lost = append(v.lost, fmt.Sprintf("Entries were lost: the log %s had %d entries, root %s, before this one began (%s: %s).", x.Origin, x.Size, x.Root, x.By, x.Why))
	}
}

// checkBlobs checks the documents against the entries that cite them.
func (v *verification) checkBlobs() {
	leftOut := map[string]bool{}
	for _, h := range v.about.LeftOut {
		leftOut[h] = true
	}
	for _, name := range sortedKeys(v.sums) {
		if len(name) > len(folderBlobs) && name[:len(folderBlobs)] == folderBlobs {
			h, _ := hex32(name[len(folderBlobs):])
			b, ok := v.walk.cited[h]
			if !ok {
				v.fail(name, "no disclosed entry cites it")
				continue
			}
			v.failErr(name, v.checkBlob(name, b))
		}
	}
	for h, b := range v.walk.cited {
		text := hex.EncodeToString(h[:])
		if _, there := v.sums[folderBlobs+text]; !there && !v.walk.disposed[h] && !leftOut[text] {
			v.fail(folderBlobs+text, fmt.Sprintf("the document that entry %d cites is missing", b.Entry))
		}
	}
}

func (v *verification) checkBlob(name string, b Blob) error {
	s, err := v.open(name, maxBlob, 1<<16)
	if errors.Is(err, errMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	h := sha256.New()
	h.Write(b.Salt[:])
	if _, err := io.Copy(h, s.Reader); err != nil {
		s.rc.Close()
		return err
	}
	if [32]byte(h.Sum(nil)) != b.Hash {
		s.rc.Close()
		return fmt.Errorf("it is not the document that entry %d cites", b.Entry)
	}
	return s.finish()
}
