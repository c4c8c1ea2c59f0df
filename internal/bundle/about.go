package bundle

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/ledger"
)

// About is bundle.json: what the bundle is of, what it was asked to show, and
// what it leaves out. A verifier recomputes Withheld, Erased and NotVouched.
type About struct {
	Format     string            `json:"format"`
	Client     string            `json:"client"`
	Name       string            `json:"name,omitempty"`
	MSP        string            `json:"msp"`
	Origin     string            `json:"origin"`
	Size       uint64            `json:"size"`
	Pseudonym  string            `json:"pseudonym"` // hexadecimal
	On         int64             `json:"on"`        // ms UTC
	Months     int               `json:"months"`
	Profile    framework.Profile `json:"profile,omitempty"`
	Practices  []string          `json:"practices,omitempty"`
	Subjects   []string          `json:"subjects,omitempty"`
	From       int64             `json:"from,omitempty"` // ms UTC
	To         int64             `json:"to,omitempty"`
	Purpose    string            `json:"purpose,omitempty"`
	Recipient  string            `json:"recipient,omitempty"`
	Consent    *uint64           `json:"consent,omitempty"` // entry
	Erased     uint64            `json:"erased"`
	Withheld   []KindCount       `json:"withheld"`
	NotVouched []string          `json:"not_vouched"`
	LeftOut    []string          `json:"documents_left_out,omitempty"` // hashes, hexadecimal
}

func (in *Input) about(d *disclosure, f *folded, leftOut []string) About {
	return About{
		Format: Format, Client: in.Client, Name: f.state.Client.Name, MSP: in.MSP, Origin: in.Origin, Size: in.Size,
		Pseudonym: hex.EncodeToString(in.Pseudonym[:]), On: in.On, Months: in.Months, Profile: in.Profile,
		Practices: in.Scope.Practices, Subjects: in.Scope.Subjects, From: in.Scope.Dates.From, To: in.Scope.Dates.To,
		Purpose: in.Purpose, Recipient: in.Recipient, Consent: in.Consent,
		Erased: d.erased, Withheld: counts(d.withheld), NotVouched: f.notVouched, LeftOut: leftOut,
	}
}

func (a About) encode() ([]byte, error) {
	b, err := event.Marshal(a)
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// parseAbout accepts exactly what encode writes.
func parseAbout(b []byte) (About, error) {
	var a About
	text, ok := bytes.CutSuffix(b, []byte("\n"))
	if !ok {
		return About{}, errors.New("no newline at the end")
	}
	if err := event.Canonical(text); err != nil {
		return About{}, err
	}
	if err := event.Unmarshal(text, &a); err != nil {
		return About{}, err
	}
	again, err := a.encode()
	if err != nil || !bytes.Equal(again, b) {
		return About{}, errors.New("not as it would be written")
	}
	return a, a.check()
}

func (a About) check() error {
	_, pseudonym := hex32(a.Pseudonym)
	switch {
	case a.Format != Format:
		return fmt.Errorf("its format is %q and this program reads %s: use a newer verifier", a.Format, Format)
	case a.Client == "":
		return errors.New("it names no client")
	case !ledger.ValidOrigin(a.Origin):
		return errors.New("its origin is none")
	case a.Size == 0 || a.Size > maxEntries:
		return fmt.Errorf("a log of %d entries: from 1 to %d are read", a.Size, maxEntries)
	case a.Months < 1 || a.Months > 120:
		return fmt.Errorf("a window of %d months", a.Months)
	case a.On < 0 || a.On > maxInstant:
		return errors.New("its instant is out of range")
	case !pseudonym:
		return errors.New("its pseudonym is none")
	case len(a.Practices) > 1<<12 || len(a.Subjects) > maxSubjects:
		return errors.New("its scope is too long")
	case slices.ContainsFunc(a.LeftOut, func(s string) bool { _, ok := hex32(s); return !ok }):
		return errors.New("a document left out has no hash")
	}
	return nil
}

// maxInstant is the year 9000, the latest that anything here speaks of.
const maxInstant = 221_845_392_000_000
