package evidence

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"breakwater/internal/framework"
	"breakwater/internal/interval"
)

// Rules is every rule that ever judges a measure in one log. An observation
// is judged by all of them when it is folded, because an instant is judged by
// the catalog adopted then, whenever the observation was made. The zero value
// is ready.
type Rules struct {
	byID   map[string]*ruled
	byKind map[string][]*ruled // in the order in which they were adopted
}

type ruled struct {
	id    string
	slots []*framework.Catalog
	marks [][32]byte
}

// Adopt makes room for a catalog's rules. It returns the slot of each of its
// measures, and whether any rule is new, so that observations folded before
// have to be judged again.
func (r *Rules) Adopt(c *framework.Catalog) (slots map[string]int, grew bool, err error) {
	if r.byID == nil {
		r.byID, r.byKind = map[string]*ruled{}, map[string][]*ruled{}
	}
	slots = make(map[string]int, len(c.Measures))
	for _, m := range c.Measures {
		mark := fingerprint(c, m)
		x := r.byID[m.ID]
		if x == nil {
			x = &ruled{id: m.ID}
			r.byID[m.ID] = x
			for _, kind := range m.Kinds {
				r.byKind[kind] = append(r.byKind[kind], x)
			}
		}
		slot := slices.Index(x.marks, mark)
		if slot < 0 {
			if slot = len(x.slots); slot >= Slots {
				return nil, false, fmt.Errorf("measure %s has had %d different rules in this log: begin a new log epoch before changing it again", m.ID, Slots)
			}
			x.slots, x.marks = append(x.slots, c), append(x.marks, mark)
			grew = true
		}
		slots[m.ID] = slot
	}
	return slots, grew, nil
}

var parameterName = regexp.MustCompile(`"\$([a-z0-9_]+)"`)

// fingerprint is a hash of everything in a catalog that a measure's rules
// depend on.
func fingerprint(c *framework.Catalog, m *framework.Measure) [32]byte {
	raw, err := json.Marshal(struct {
		R any
		F string
	}{m.Rules, m.Fails})
	if err != nil {
		panic("evidence: a parsed measure does not encode: " + err.Error())
	}
	text := string(raw)
	h := sha256.New()
	h.Write(raw)
	for _, name := range parameterName.FindAllStringSubmatch(text, -1) {
		p, _ := c.Parameter(name[1])
		fmt.Fprintf(h, "|%s=%d", name[1], p.Value)
	}
	if strings.Contains(text, `"supported"`) {
		table, err := json.Marshal(c.Support)
		if err != nil {
			panic("evidence: a parsed support table does not encode: " + err.Error())
		}
		h.Write(table)
	}
	return [32]byte(h.Sum(nil))
}

// Judgment is what the rules say of one measure in one report. The same facts
// give the same judgment from From until Until.
type Judgment struct {
	Measure  string
	Verdicts Verdicts
	Reason   string

	From, Until int64 // ms UTC
}

// Judge asks every measure fed by a kind of entry about the facts of one
// report made at an instant.
func (r *Rules) Judge(kind, platform string, facts map[string]any, at int64) []Judgment {
	res := make([]Judgment, 0, len(r.byKind[kind]))
	for _, m := range r.byKind[kind] {
		res = append(res, m.judge(platform, facts, at))
	}
	return res
}

// Refresh asks again, at another instant, only the measures whose verdict or
// reason may have changed with time.
func (r *Rules) Refresh(last []Judgment, platform string, facts map[string]any, at int64) {
	for i := range last {
		if j := &last[i]; at < j.From || at >= j.Until {
			*j = r.byID[j.Measure].judge(platform, facts, at)
		}
	}
}

func (m *ruled) judge(platform string, facts map[string]any, at int64) Judgment {
	j := Judgment{Measure: m.id, From: at, Until: interval.Forever}
	for slot, c := range m.slots {
		v, why, until := c.JudgeUntil(m.id, platform, facts, at)
		j.Verdicts, j.Until = j.Verdicts.With(slot, v), min(j.Until, until)
		if j.Reason == "" && v != framework.Holds {
			j.Reason = why
		}
	}
	return j
}

// GradeNamed is the grade with a name, NoGrade for any other word.
func GradeNamed(name string) Grade {
	for _, g := range [...]Grade{Attested, Recorded, Measured} {
		if g.String() == name {
			return g
		}
	}
	return NoGrade
}

// FoldAgain says that observations folded before have to be judged again.
func (b *Book) FoldAgain() { b.plan.Again = true }

// Number is the number of the practice with an identifier in the newest
// catalog adopted.
func (b *Book) Number(practice string) (uint16, bool) {
	if len(b.Adoptions) == 0 {
		return 0, false
	}
	p, ok := b.Adoptions[len(b.Adoptions)-1].Catalog.Practice(practice)
	if !ok {
		return 0, false
	}
	return p.Number, true
}
