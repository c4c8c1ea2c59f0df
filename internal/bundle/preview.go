package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakwater/internal/coverage"
	"breakwater/internal/event"
)

// Preview is what a bundle would show, for whoever consents to it: every gap,
// person and document, and what it leaves out.
type Preview struct {
	Practices  []string          `json:"practices"`
	Gaps       []PreviewGap      `json:"gaps"`
	Persons    []PreviewPerson   `json:"persons"`
	Documents  []PreviewDocument `json:"documents"`
	LeftOut    int               `json:"documents_left_out"`
	Disclosed  []KindCount       `json:"disclosed"`
	Withheld   []KindCount       `json:"withheld"`
	Erased     uint64            `json:"erased"`
	NotVouched []string          `json:"not_vouched"`
}

// PreviewGap is a span in which a practice is shown as failed or unproven, in
// the reading "proven".
type PreviewGap struct {
	Practice string        `json:"practice"`
	From     coverage.Time `json:"from"`
	To       coverage.Time `json:"to"`
	Kind     string        `json:"kind"`
	Why      []string      `json:"why"`
}

// PreviewPerson is somebody whom disclosed entries name, as they name them.
type PreviewPerson struct {
	Name    string `json:"name"`
	Entries uint64 `json:"entries"`
	First   uint64 `json:"first"` // entry
}

// PreviewDocument is a document that the bundle would carry.
type PreviewDocument struct {
	Entry uint64 `json:"entry"`
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"`
	Size  int64  `json:"size"`
}

// MakePreview says what Write would write. It needs neither consent nor
// signer, and no checkpoint.
func MakePreview(in Input) (Preview, error) {
	d, err := in.disclose()
	if err != nil {
		return Preview{}, fmt.Errorf("preview bundle: %w", err)
	}
	f, err := fold(in.stored(d), in.Catalogs, in.question(), func(ids []string) []string {
		return notVouched(ids, d.catalogs, d.withheld, d.unproven)
	})
	if err != nil {
		return Preview{}, fmt.Errorf("preview bundle: %w", err)
	}
	docs, leftOut, err := in.documents(d)
	if err != nil {
		return Preview{}, fmt.Errorf("preview bundle: %w", err)
	}
	p := Preview{
		Practices: []string{}, Gaps: []PreviewGap{}, Documents: []PreviewDocument{}, LeftOut: len(leftOut),
		Withheld: counts(d.withheld), Erased: d.erased, NotVouched: f.notVouched,
	}
	for _, a := range f.coverage.Proven.Practices {
		p.Practices = append(p.Practices, a.ID)
		p.Gaps = append(p.Gaps, previewGaps(a)...)
	}
	for _, b := range docs {
		p.Documents = append(p.Documents, PreviewDocument{b.Entry, b.Name, b.Type, b.Size})
	}
	return p, in.previewEntries(&p, d)
}

func previewGaps(a coverage.Practice) []PreviewGap {
	var list []PreviewGap
	for _, g := range a.Gaps {
		x := PreviewGap{Practice: a.ID, From: g.From, To: g.To, Kind: g.Kind, Why: []string{}}
		for _, c := range g.Causes {
			x.Why = append(x.Why, c.Reason)
		}
		if g.More > 0 {
			x.Why = append(x.Why, fmt.Sprintf("and %d more", g.More))
		}
		list = append(list, x)
	}
	return list
}

// previewEntries counts kinds and finds persons in the disclosed entries.
func (in *Input) previewEntries(p *Preview, d *disclosure) error {
	kinds, persons := map[event.Kind]uint64{}, map[string]*PreviewPerson{}
	for e, err := range in.Entries() {
		if err != nil {
			return fmt.Errorf("preview bundle: %w", err)
		}
		if !d.shows(e.Index) {
			continue
		}
		kinds[event.Kind(e.Kind)]++
		env, err := event.Decode(e.Envelope)
		if err != nil {
			return fmt.Errorf("preview bundle: entry %d: %w", e.Index, err)
		}
		for _, name := range namesIn(env) {
			if persons[name] == nil {
				persons[name] = &PreviewPerson{Name: name, First: e.Index}
			}
			persons[name].Entries++
		}
	}
	p.Disclosed, p.Persons = counts(kinds), []PreviewPerson{}
	for _, name := range slices.Sorted(maps.Keys(persons)) {
		p.Persons = append(p.Persons, *persons[name])
	}
	return nil
}

// personFields are the fields of bodies that name people.
var personFields = map[string]bool{
	"by": true, "approved_by": true, "signed_by": true, "person": true, "owner": true, "mail": true, "member": true, "to": true,
}

// namesIn lists who an entry names: its actor, the fields that name people,
// and the person that it is about. What machines report names nobody.
func namesIn(e event.Envelope) []string {
	names := map[string]bool{}
	if who, ok := strings.CutPrefix(e.Actor, "member:"); ok {
		names[who] = true
	}
	var body map[string]any
	if !machines[e.Kind] && json.Unmarshal(e.Body, &body) == nil {
		for k, v := range body {
			if s, ok := v.(string); ok && s != "" && personFields[k] {
				names[s] = true
			}
		}
		about := strings.HasPrefix(e.Kind.String(), "person.")
		for _, k := range [...]string{"id", "name"} {
			if s, ok := body[k].(string); ok && about {
				names[s] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
