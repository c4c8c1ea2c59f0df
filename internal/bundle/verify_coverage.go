package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
)

// checkCatalogs reads the catalogs that the log adopted.
func (v *verification) checkCatalogs() {
	v.catalogs = map[[32]byte]*framework.Catalog{}
	for _, name := range sortedKeys(v.sums) {
		text, ok := strings.CutPrefix(name, folderCatalogs)
		if !ok || v.zip[name] == nil {
			continue
		}
		h, _ := hex32(strings.TrimSuffix(text, ".json"))
		raw, ok := v.small(name)
		if !ok {
			continue
		}
		c, err := framework.Parse(raw)
		switch {
		case v.failErr(name, err):
		case !bytes.Equal(c.Encode(), raw):
			v.fail(name, "not as it would be written")
		case c.Hash() != h:
			v.fail(name, "it does not have the hash that it is named by")
		case !v.walk.adopted[h]:
			v.fail(name, "no disclosed entry adopts it")
		default:
			v.catalogs[h] = c
		}
	}
	for h := range v.walk.adopted {
		if _, listed := v.sums[fmt.Sprintf("%s%x.json", folderCatalogs, h)]; !listed {
			v.fail(fmt.Sprintf("%s%x.json", folderCatalogs, h), "a catalog that the log adopted is missing")
		}
	}
}

func (v *verification) catalog(h [32]byte) (*framework.Catalog, error) {
	c := v.catalogs[h]
	if c == nil {
		return nil, fmt.Errorf("catalog %x is not in the bundle", h)
	}
	return c, nil
}

// entries yields the disclosed entries again, for the fold. They were checked
// before.
func (v *verification) entries() iter.Seq2[projection.Stored, error] {
	return func(yield func(projection.Stored, error) bool) {
		s, err := v.open(memberEntries, maxTotal, 1<<20)
		if err != nil {
			yield(projection.Stored{}, err)
			return
		}
		defer s.rc.Close()
		s.in.h = nil // the sum was compared before
		var l line
		scratch := make([]byte, 0, 64)
		for n, recorded := range v.walk.recorded {
			b, err := s.ReadSlice('\n')
			if err == nil {
				err = l.parse(b[:max(0, len(b)-1)], uint64(n), scratch)
			}
			e := projection.Stored{Entry: event.Entry{Index: uint64(n), Recorded: recorded}, Erased: l.mark != shown}
			if err == nil && !e.Erased {
				e.Envelope, err = v.decode(uint64(n), l.envelope)
			}
			if err != nil {
				yield(projection.Stored{}, entryError{uint64(n), err})
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// entryError is what is wrong with one entry.
type entryError struct {
	index uint64
	err   error
}

func (e entryError) Error() string { return e.err.Error() }

// checkCoverage folds the disclosed entries and compares the answer.
func (v *verification) checkCoverage() {
	raw, ok := v.small(memberCoverage)
	if !ok || len(v.Failures) > 0 {
		return // the entries are not to be believed
	}
	f, err := v.fold()
	var bad entryError
	if errors.As(err, &bad) {
		v.fail(where(memberEntries, bad.index), bad.err.Error())
		return
	}
	if v.failErr(memberCoverage, err) {
		return
	}
	v.NotVouched = f.notVouched
	if !slices.Equal(v.NotVouched, v.about.NotVouched) {
		v.fail(memberAbout, "it does not list the practices that withheld entries feed")
	}
	switch total := len(f.coverage.Proven.Practices); {
	case len(v.NotVouched) == 0 && total > 0:
		v.Coverage = CoverageFull
	case len(v.NotVouched) < total:
		v.Coverage = CoveragePartial
	}
	v.compareCoverage(raw, f)
	if name := f.state.Client.Name; name != v.about.Name {
		v.fail(memberAbout, "it names the client otherwise than the entries do")
	}
}

// fold recomputes coverage. What the entries of a stranger make the fold do
// is not known beforehand, so that a fault of ours in it is a failure of this
// bundle and does not end the program.
func (v *verification) fold() (f *folded, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("the entries cannot be folded: %v", p)
		}
	}()
	return fold(v.entries, v.catalog, v.about.question(), func(ids []string) []string {
		var list []*framework.Catalog
		for _, h := range v.catalogs {
			list = append(list, h)
		}
		return notVouched(ids, list, v.walk.withheld, v.walk.bare)
	})
}

func (v *verification) compareCoverage(raw []byte, f *folded) {
	if bytes.Equal(raw, f.file) {
		return
	}
	var theirs struct {
		Evaluator string `json:"evaluator"`
	}
	if err := json.Unmarshal(raw, &theirs); err != nil {
		v.fail(memberCoverage, "it is not JSON")
		return
	}
	if theirs.Evaluator == coverage.Version {
		v.fail(memberCoverage, "the disclosed entries give another answer: "+firstDifference(raw, f.file))
		return
	}
	v.note(fmt.Sprintf("Coverage was computed by evaluator %s; this is evaluator %s. Differences are listed and are no failure.", theirs.Evaluator, coverage.Version))
	v.Differences = differences(raw, f.file)
}

func firstDifference(a, b []byte) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return fmt.Sprintf("first difference in line %d", 1+bytes.Count(a[:n], []byte("\n")))
}

// differences compares two coverage files practice by practice.
func differences(theirs, ours []byte) []string {
	a, b := answers(theirs), answers(ours)
	res := []string{}
	for _, k := range sortedKeys(b) {
		switch {
		case a[k] == "":
			res = append(res, k+": not in the bundle")
		case a[k] != b[k]:
			res = append(res, k+": answered differently")
		}
	}
	for _, k := range sortedKeys(a) {
		if b[k] == "" {
			res = append(res, k+": not answered by this version")
		}
	}
	return res[:min(len(res), maxFailures)]
}

// answers is each practice of each reading, as compact JSON.
func answers(raw []byte) map[string]string {
	type report struct {
		Practices []json.RawMessage `json:"practices"`
	}
	var file struct{ Proven, Best report }
	res := map[string]string{}
	if json.Unmarshal(raw, &file) != nil {
		return res
	}
	for reading, r := range map[string]report{"proven": file.Proven, "best": file.Best} {
		for _, p := range r.Practices {
			var id struct {
				ID string `json:"id"`
			}
			var text bytes.Buffer
			if json.Unmarshal(p, &id) == nil && json.Compact(&text, p) == nil {
				res[id.ID+", "+reading] = text.String()
			}
		}
	}
	return res
}
