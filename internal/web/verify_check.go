package web

import (
	"errors"
	"io"

	"breakwater/internal/bundle"
	"breakwater/internal/store"
)

// Checked is what the verification of an uploaded bundle found.
type Checked struct {
	Name     string
	OK       bool
	Say      string
	Facts    []Fact
	Failures []string
	Notes    []string
}

// verifySend verifies a bundle that was uploaded; nothing of it is kept.
func (d *desk) verifySend(v *Visit) error {
	f, name, err := upload(v)
	if err != nil {
		return err
	}
	if f == nil {
		return v.again(wrong("choose the bundle, a .zip file"), d.verify)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	r, err := bundle.Verify(f, size, bundle.Options{Key: d.ownKey(v)})
	if errors.Is(err, bundle.ErrNoBundle) {
		return v.again(wrong("that is not a bundle: choose the .zip file as it was received"), d.verify)
	}
	if err != nil {
		return v.again(wrong(err.Error()), d.verify)
	}
	return d.showVerify(v, checked(name, r))
}

// ownKey is the key that this installation signs with, "" for none: a bundle
// of another one is then checked against the key that it carries.
func (d *desk) ownKey(v *Visit) string {
	if d.cfg.Voucher == nil || v.Field("own") == "" {
		return ""
	}
	l, err := d.door().Store().LogByID(v.Context(), store.InstanceLog)
	if err != nil {
		return ""
	}
	for _, k := range d.cfg.Voucher.Keys().Verifiers(l.Origin) {
		return k.String()
	}
	return ""
}

func checked(name string, r bundle.Result) *Checked {
	c := &Checked{Name: name, OK: r.OK, Notes: r.Notes}
	c.Say = "Everything that the bundle shows agrees with what was signed."
	if !r.OK {
		c.Say = "Something in this bundle does not agree with what was signed. Do not rely on it."
	}
	add := func(title, say string) { c.Facts = append(c.Facts, Fact{title, text(say)}) }
	add("Client", either(r.Client, "not named"))
	add("Entries", Comma(int64(r.Entries))+" shown of "+Comma(int64(r.LogSize)))
	key := "from the bundle itself: this shows integrity, not origin"
	if r.Key.Trusted {
		key = "known beforehand"
	}
	add("Signing key", key)
	outside := "nobody outside vouches"
	if r.VouchedWithin != nil {
		outside = "recorded times to within " + Count(int(*r.VouchedWithin), "minute")
	}
	add("Vouched for", outside)
	for _, x := range r.Cosignatures {
		add("Witness", x.Name)
	}
	for _, x := range r.Timestamps {
		add("Time stamp", x.Authority)
	}
	add("Coverage", map[string]string{
		bundle.CoverageFull: "follows from the entries shown", bundle.CoveragePartial: "follows in part from the entries shown", bundle.CoverageNone: "does not follow from the entries shown",
	}[r.Coverage])
	for _, w := range r.Withheld {
		add("Withheld", Count(int(w.Count), "entry")+" of "+w.Kind)
	}
	for _, f := range r.Failures {
		c.Failures = append(c.Failures, f.What+" ("+f.Where+")")
	}
	return c
}
