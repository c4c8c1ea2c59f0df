package evidence

import (
	"encoding/json"
	"fmt"
	"slices"

	"breakwater/internal/framework"
)

// Image is a book as plain data, for a snapshot. Catalogs are named by their
// hashes.
type Image struct {
	Book      Book // without registers, adoptions and plan
	Registers []RegisterImage
	Adoptions []AdoptionImage
	Raw       []SeriesName
	Single    []uint64
}

// RegisterImage is one register as plain data.
type RegisterImage struct {
	Scope    framework.Scope
	Subjects []*Subject
}

// AdoptionImage is an adoption without its catalog.
type AdoptionImage struct {
	Point
	Hash [32]byte
}

// SeriesName names one series of a book.
type SeriesName struct {
	Scope                    framework.Scope
	Subject, Measure, Source string
}

// Image is the book as plain data. It shares memory with the book.
func (b *Book) Image() Image {
	im := Image{Book: *b}
	im.Book.Registers, im.Book.Adoptions, im.Book.plan = nil, nil, nil
	for scope, r := range b.Registers {
		im.Registers = append(im.Registers, RegisterImage{scope, r.Subjects})
	}
	for _, a := range b.Adoptions {
		im.Adoptions = append(im.Adoptions, AdoptionImage{a.Point, a.Hash})
	}
	for k := range b.plan.raw {
		im.Raw = append(im.Raw, SeriesName{k.scope, k.subject, k.measure, k.source})
	}
	for i := range b.plan.single {
		im.Single = append(im.Single, i)
	}
	slices.Sort(im.Single)
	return im
}

// Restore makes the book of an image again, with the plan and the rules that
// later entries are folded under.
func (im *Image) Restore(catalogs func(hash [32]byte) (*framework.Catalog, error)) (*Book, *Plan, *Rules, error) {
	plan, rules := NewPlan(), &Rules{}
	for _, k := range im.Raw {
		plan.raw[seriesKey{k.Scope, k.Subject, k.Measure, k.Source}] = true
	}
	for _, i := range im.Single {
		plan.single[i] = true
	}
	b := NewBook(plan)
	empty := *b
	*b = im.Book
	b.Registers, b.plan = empty.Registers, plan
	if b.Practices == nil {
		b.Practices = empty.Practices
	}
	if b.Retractions == nil {
		b.Retractions = empty.Retractions
	}
	if b.Closures == nil {
		b.Closures = empty.Closures
	}
	for _, x := range im.Registers {
		r := b.Register(x.Scope)
		r.Subjects = x.Subjects
		for _, s := range x.Subjects {
			r.byID[s.ID] = s
			for _, series := range s.Series {
				series.raw = plan.raw[seriesKey{x.Scope, s.ID, series.Measure, series.Source}]
			}
		}
	}
	for _, x := range im.Adoptions {
		c, err := catalogs(x.Hash)
		if err != nil {
			return nil, nil, nil, err
		}
		slots, _, err := rules.Adopt(c)
		if err != nil {
			return nil, nil, nil, err
		}
		b.Adoptions = append(b.Adoptions, Adoption{Point: x.Point, Catalog: c, Hash: x.Hash, Slots: slots})
	}
	return b, plan, rules, nil
}

// GobEncode keeps the difference between unknown and false, which gob drops.
func (a Attrs) GobEncode() ([]byte, error) { return json.Marshal(plainAttrs(a)) }

// GobDecode reads what GobEncode wrote.
func (a *Attrs) GobDecode(raw []byte) error {
	if err := json.Unmarshal(raw, (*plainAttrs)(a)); err != nil {
		return fmt.Errorf("read attributes: %w", err)
	}
	return nil
}

// plainAttrs is Attrs without its methods.
type plainAttrs Attrs
