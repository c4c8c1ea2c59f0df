package web

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"

	"breakwater/internal/bundle"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// bundleProduce writes the bundle, says in the log that it was produced, and
// only then hands it out. If the power goes between, the log says of a bundle
// that nobody got; asked for again, it is the same bytes and the same entry.
func (d *desk) bundleProduce(v *Visit) error {
	in, err := d.ordered(v)
	if err != nil {
		return v.again(err, d.bundle)
	}
	if err := d.consent(v, &in); err != nil {
		return v.again(err, d.bundle)
	}
	f, err := os.CreateTemp("", "breakwater-bundle-*")
	if err != nil {
		return fmt.Errorf("make a file for the bundle: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum, err := bundle.Write(f, in)
	if err != nil {
		return err
	}
	if err := d.produced(v, in, sum); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	head := v.Writer.Header()
	head.Set("Content-Type", "application/zip")
	head.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.zip"`, v.Client, interval.Civil(in.On-1, v.Zone)))
	head.Set("Content-Length", strconv.FormatInt(sum.Bytes, 10))
	v.Writer.WriteHeader(http.StatusOK)
	_, err = io.Copy(v.Writer, f)
	return err
}

// consent finds the entry by which the client agreed.
func (d *desk) consent(v *Visit, in *bundle.Input) error {
	if in.Recipient == "" {
		return nil
	}
	return d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		c, ok := bundle.FindConsent(st.Record.Consents, in.Recipient, in.Purpose, in.On, in.Scope.Practices, v.Now())
		if !ok {
			return wrong("the client has not consented to this: their officer consents on this page, or record what they signed on paper")
		}
		in.Consent = &c.Index
		return nil
	})
}

// produced says in the log that the bundle was made: once for the same bytes.
func (d *desk) produced(v *Visit, in bundle.Input, sum bundle.Summary) error {
	hash := hex.EncodeToString(sum.SHA256[:])
	body := record.Produced{
		SHA256: hash, Size: in.Size, On: in.On, Recipient: in.Recipient, Purpose: in.Purpose, Practices: in.Scope.Practices,
		Consent: in.Consent, By: v.Caller().Actor,
	}
	_, err := d.door().Submit(v.Context(), intake.Submission{
		Client: v.Client, Caller: v.Caller(), Key: "bundle:" + hash,
		Events: func() ([]intake.New, error) {
			return []intake.New{{Kind: event.BundleProduced, At: v.Now(), Body: body, Submitted: record.Produced{SHA256: hash}}}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("note the bundle: %w", err)
	}
	return nil
}

// bundleConsent is the consent of the client's officer who is signed in.
func (d *desk) bundleConsent(v *Visit) error {
	return d.consentSend(v, v.Who.Name, "officer")
}

// bundleConsentPaper is a consent that the client signed on paper.
func (d *desk) bundleConsentPaper(v *Visit) error {
	role := v.Field("role")
	if v.Field("by") == "" || role != "officer" && role != "counsel" {
		return v.again(wrong("say who signed for the client, and as what"), d.bundle)
	}
	return d.consentSend(v, v.Field("by"), role)
}

func (d *desk) consentSend(v *Visit, by, role string) error {
	on, err := dayEnd(v.Field("day"), v.Zone)
	if err != nil {
		return v.again(err, d.bundle)
	}
	c := record.Consented{
		Recipient: v.Field("recipient"), Purpose: v.Field("purpose"), On: on, Practices: slices.Sorted(slices.Values(v.Form["practice"])), By: by, Role: role,
	}
	if c.Recipient == "" || c.Purpose == "" {
		return v.again(wrong("a consent names a recipient and a purpose: give both"), d.bundle)
	}
	if t := v.Field("until"); t != "" {
		if c.Until, err = dayEnd(t, v.Zone); err != nil {
			return v.again(err, d.bundle)
		}
	}
	rec, err := d.door().Submit(v.Context(), intake.Submission{
		Client: v.Client, Caller: v.Caller(), Key: v.Key(),
		Events: func() ([]intake.New, error) {
			return []intake.New{{Kind: event.BundleConsented, At: v.Now(), Body: c}}, nil
		},
	})
	if err != nil {
		return v.again(err, d.bundle)
	}
	return v.Go(v.base()+"/bundle", fmt.Sprintf("Consent recorded as entry %s.", Comma(int64(rec.Index))))
}
