package bundle

import (
	"fmt"
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/record"
)

// checkConsent refuses a bundle for somebody else without the client's word.
func (in *Input) checkConsent(f *folded) error {
	if in.Recipient == "" {
		return nil
	}
	if in.Consent == nil {
		return fmt.Errorf("a bundle for %q needs the consent of the client's officer or counsel as an entry: record it first", in.Recipient)
	}
	for _, c := range f.state.Record.Consents {
		if c.Index == *in.Consent {
			return in.consents(c)
		}
	}
	return nil // given after the prefix; whoever calls has checked it against the whole log
}

func (in *Input) consents(c record.ConsentEntry) error {
	if !Consents(c.Consented, in.Recipient, in.Purpose, in.On, in.Scope.Practices) {
		return fmt.Errorf("entry %d consents to another disclosure: record a consent for this one", c.Index)
	}
	return nil
}

// Consents reports whether a consent is for this recipient, purpose, instant
// and these practices; without practices in the consent it is for all.
func Consents(c record.Consented, recipient, purpose string, on int64, practices []string) bool {
	if c.Recipient != recipient || c.Purpose != purpose || c.On != on {
		return false
	}
	if len(c.Practices) == 0 {
		return true
	}
	return len(practices) > 0 && !slices.ContainsFunc(practices, func(p string) bool { return !slices.Contains(c.Practices, p) })
}

// FindConsent is the newest consent to a disclosure that still holds at an
// instant, ms UTC.
func FindConsent(all []record.ConsentEntry, recipient, purpose string, on int64, practices []string, now int64) (record.ConsentEntry, bool) {
	for _, c := range slices.Backward(all) {
		if Consents(c.Consented, recipient, purpose, on, practices) && (c.Until == 0 || now < c.Until) {
			return c, true
		}
	}
	return record.ConsentEntry{}, false
}

// ConsentKind is the kind of the entry that a recipient needs.
const ConsentKind = event.BundleConsented
