package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/ledger"
	"breakwater/internal/record"
)

// disclosure is what a scope makes of a prefix: which entries are shown, and
// what follows for the rest. It is filled by one pass over all entries.
type disclosure struct {
	leaves   []byte // records of log/leaves.bin
	marks    []mark
	root     ledger.Hash
	last     int64 // recorded time of the newest entry, ms UTC
	shown    uint64
	erased   uint64
	withheld map[event.Kind]uint64
	unproven bool // the kind of a withheld entry is not in its leaf any more
	hashes   [][32]byte
	catalogs []*framework.Catalog
	blobs    []Blob // cited by entries that are shown
	disposed map[[32]byte]bool
}

// mark says what becomes of an entry in the bundle.
type mark uint8

const (
	shown mark = iota
	withheld
	erased
)

func (d *disclosure) shows(index uint64) bool {
	return index < uint64(len(d.marks)) && d.marks[index] == shown
}

// disclose decides over every entry of the prefix.
func (in *Input) disclose() (*disclosure, error) {
	d := &disclosure{withheld: map[event.Kind]uint64{}, disposed: map[[32]byte]bool{}}
	gone, err := in.survey(d)
	if err != nil {
		return nil, err
	}
	pick, err := in.Scope.picker(d.catalogs)
	if err != nil {
		return nil, err
	}
	var tree ledger.Frontier
	n := uint64(0)
	for e, err := range in.Entries() {
		if err != nil {
			return nil, err
		}
		if e.Index != n || n >= in.Size {
			return nil, fmt.Errorf("entry %d stands where entry %d of %d belongs", e.Index, n, in.Size)
		}
		n++
		if err := d.take(e, gone[e.Index], pick, &tree); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Index, err)
		}
	}
	if n != in.Size {
		return nil, fmt.Errorf("the log gave %d entries of %d", n, in.Size)
	}
	d.root = tree.Root()
	return d, nil
}

// survey finds the catalogs and the erasures of the prefix, which may stand
// anywhere in it.
func (in *Input) survey(d *disclosure) (gone map[uint64]bool, err error) {
	gone = map[uint64]bool{}
	for e, err := range in.Entries() {
		if err != nil {
			return nil, err
		}
		if e.Erased {
			continue
		}
		switch event.Kind(e.Kind) {
		case event.CatalogAdopted, event.EntryErased, event.BlobDisposed:
			env, err := event.Decode(e.Envelope)
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", e.Index, err)
			}
			if err := in.note(d, gone, env); err != nil {
				return nil, fmt.Errorf("entry %d: %w", e.Index, err)
			}
		}
	}
	return gone, nil
}

func (in *Input) note(d *disclosure, gone map[uint64]bool, env event.Envelope) error {
	switch env.Kind {
	case event.EntryErased:
		v, err := event.Body[record.Erased](env)
		if err != nil {
			return err
		}
		gone[v.Index] = true
	case event.BlobDisposed:
		v, err := event.Body[record.Disposed](env)
		if err != nil {
			return err
		}
		if h, ok := hex32(v.Hash); ok {
			d.disposed[h] = true
		}
	case event.CatalogAdopted:
		v, err := event.Body[record.Adopted](env)
		if err != nil {
			return err
		}
		hash, err := record.ParseHash(v.SHA256)
		if err != nil {
			return err
		}
		c, err := in.Catalogs(hash)
		if err != nil {
			return err
		}
		if !slices.Contains(d.hashes, hash) {
			d.hashes, d.catalogs = append(d.hashes, hash), append(d.catalogs, c)
		}
	}
	return nil
}

// take adds one entry to the tree and decides over it.
func (d *disclosure) take(e Entry, gone bool, pick picker, tree *ledger.Frontier) error {
	d.last = e.Recorded
	kind := event.Kind(e.Kind)
	if e.Erased {
		d.leaves = appendBare(d.leaves, e)
		tree.Append(e.LeafHash)
		if gone {
			d.erased++
			d.marks = append(d.marks, erased)
			return nil
		}
		// Erased by an entry after the prefix: nothing in it proves that, nor
		// of what kind it was.
		d.marks = append(d.marks, withheld)
		d.withheld[kind]++
		d.unproven = true
		return nil
	}
	commitment, err := ledger.Commit(e.Salt[:], e.Envelope)
	if err != nil {
		return err
	}
	leaf := ledger.Leaf{Kind: e.Kind, Recorded: e.Recorded, Commitment: commitment}
	raw := leaf.Bytes()
	d.leaves = append(d.leaves, raw[:]...)
	tree.Append(leaf.Hash())
	env, err := event.Decode(e.Envelope)
	if err != nil {
		return err
	}
	if !pick(env) {
		d.marks = append(d.marks, withheld)
		d.withheld[kind]++
		return nil
	}
	d.shown++
	d.marks = append(d.marks, shown)
	d.blobs = append(d.blobs, citations(e.Index, env)...)
	return nil
}

// picker says whether an entry is disclosed.
type picker func(event.Envelope) bool

func (s Scope) picker(catalogs []*framework.Catalog) (picker, error) {
	if len(s.Subjects) > maxSubjects {
		return nil, fmt.Errorf("a scope of %d subjects: name at most %d", len(s.Subjects), maxSubjects)
	}
	if s.Dates != (interval.Span{}) && s.Dates.Empty() {
		return nil, fmt.Errorf("the scope's dates end (%s) before they begin (%s): correct them", interval.Format(s.Dates.To), interval.Format(s.Dates.From))
	}
	kinds := kindSet{}
	for _, id := range s.Practices {
		set := feeding(catalogs, id, Feeds)
		if len(set) == 0 {
			return nil, fmt.Errorf("no practice is called %q: list them with `breakwater practices`", id)
		}
		maps.Copy(kinds, set)
	}
	base := kindSet{}
	base.add(always...)
	return func(e event.Envelope) bool {
		if base[e.Kind] {
			return true
		}
		if len(s.Practices) > 0 && !kinds[e.Kind] {
			return false
		}
		if s.Dates != (interval.Span{}) && !s.Dates.Contains(e.At) {
			return false
		}
		return len(s.Subjects) == 0 || speaksOf(e, s.Subjects)
	}, nil
}

// speaksOf reports whether any text in the body is one of the subjects.
func speaksOf(e event.Envelope, subjects []string) bool {
	maybe := false
	for _, s := range subjects {
		quoted, _ := event.Marshal(s)
		maybe = maybe || bytes.Contains(e.Body, quoted)
	}
	if !maybe {
		return false
	}
	var v any
	return json.Unmarshal(e.Body, &v) == nil && mentions(v, subjects)
}

func mentions(v any, subjects []string) bool {
	switch v := v.(type) {
	case string:
		return slices.Contains(subjects, v)
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return mentions(x, subjects) })
	case map[string]any:
		for _, x := range v {
			if mentions(x, subjects) {
				return true
			}
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// counts lists withheld kinds by number.
func counts(m map[event.Kind]uint64) []KindCount {
	res := []KindCount{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		res = append(res, KindCount{k.String(), m[k]})
	}
	return res
}
