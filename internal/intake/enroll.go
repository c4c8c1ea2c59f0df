package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"breakwater/internal/device"
	"breakwater/internal/event"
	"breakwater/internal/projection"
)

const secretPrefix = "bwe_"

// secretRow is what is kept of an enrollment secret: never the secret.
type secretRow struct {
	ID      string `json:"id"`
	Client  string `json:"client"`
	Site    string `json:"site,omitempty"`
	To      int64  `json:"to,omitempty"`
	Revoked bool   `json:"revoked,omitempty"`
}

// MakeSecret makes an enrollment secret for a client, and a site if given. The
// secret is shown once: only its hash is kept.
func (d *Door) MakeSecret(ctx context.Context, by Caller, client, site string, to int64) (secret, id string, err error) {
	var raw [20]byte
	rand.Read(raw[:])
	secret = secretPrefix + hex.EncodeToString(raw[:])
	id = hex.EncodeToString(raw[:3])
	_, err = d.Submit(ctx, Submission{
		Client: client, Caller: by, Key: "secret:" + id,
		Check: func(s *projection.State) error {
			if m := s.Client.Registers["site"][site]; site != "" && (m == nil || !m.In) {
				return fmt.Errorf("site %q is %w: add it first", site, ErrNotFound)
			}
			return nil
		},
		Events: func() ([]New, error) {
			return []New{{Kind: event.SecretMade, At: d.Now(), Body: device.SecretMade{ID: id, Site: site, By: by.Actor, To: to}}}, nil
		},
	})
	if err != nil {
		return "", "", err
	}
	return secret, id, d.putSetting(ctx, areaEnroll, hashed(secret), secretRow{ID: id, Client: client, Site: site, To: to})
}

func hashed(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// RevokeSecret ends an enrollment secret; devices enrolled with it stay.
func (d *Door) RevokeSecret(ctx context.Context, by Caller, client, id string) (Receipt, error) {
	return d.Submit(ctx, Submission{
		Client: client, Caller: by, Key: "secret-revoked:" + id,
		Check: func(s *projection.State) error {
			if s.Device.Secrets[id] == nil {
				return fmt.Errorf("enrollment secret %q is %w: list them with `breakwater enroll list`", id, ErrNotFound)
			}
			return nil
		},
		Events: func() ([]New, error) {
			return []New{{Kind: event.SecretRevoked, At: d.Now(), Body: device.SecretRevoked{ID: id, By: by.Actor}}}, nil
		},
	})
}

// Enroll puts a device into its client's inventory, or gives a known one a
// new key, on the strength of an enrollment secret.
func (d *Door) Enroll(ctx context.Context, e device.Enrollment) (device.Place, error) {
	row, err := d.secret(ctx, e.Secret)
	if err != nil {
		return device.Place{}, err
	}
	enrolled := device.Enrolled{
		Key: e.Key, Protection: e.Protection, Secret: row.ID, Hostname: e.Hostname, Serial: e.Serial, MachineID: e.MachineID,
	}
	if err := enrolled.VerifyLine(device.EnrollLine(e.Key, e.MachineID), e.Proof); err != nil {
		return device.Place{}, invalid{err}
	}
	listing := device.Listing{ID: e.Device, Name: e.Hostname, Class: e.Class, Platform: e.Platform, Serial: e.Serial, Model: e.Model, Site: row.Site}
	known := false
	rec, err := d.Submit(ctx, Submission{
		Client: row.Client, Caller: Caller{Actor: "device:" + e.Device, Source: "agent"}, Key: "enroll:" + hashed(e.Key),
		Check: func(s *projection.State) error {
			if x := s.Device.Secrets[row.ID]; x == nil || x.Revoked {
				return fmt.Errorf("this enrollment secret was revoked: ask for a new one")
			}
			listing.ID, known = place(s, e, listing)
			enrolled.ID = listing.ID
			enrolled.Clone = ""
			if twin := s.Device.Twin(listing.ID, e.Serial, e.MachineID); twin != nil {
				enrolled.Clone = twin.ID
			}
			return listing.Check()
		},
		Events: func() ([]New, error) {
			var list []New
			if !known {
				list = append(list, New{Kind: event.DeviceAdded, At: d.Now(), Body: listing})
			}
			return append(list, New{Kind: event.DeviceEnrolled, At: d.Now(), Body: enrolled}), nil
		},
	})
	if err != nil {
		return device.Place{}, err
	}
	d.owners.Delete(e.Key)
	err = d.putSetting(ctx, areaKey, hashed(e.Key), keyRow{Client: row.Client, Device: listing.ID})
	return device.Place{Client: row.Client, Device: listing.ID, Index: rec.Index}, err
}

// place chooses the identifier under which a device is listed: its own when
// it is known or free, else one with a number behind it.
func place(s *projection.State, e device.Enrollment, l device.Listing) (string, bool) {
	id := strings.ReplaceAll(strings.TrimSpace(l.ID), " ", "-")
	if id == "" {
		id = "device"
	}
	for n := 2; ; n++ {
		have := s.Device.Devices[id]
		switch {
		case have == nil:
			return id, false
		case have.In && have.Key == nil:
			return id, true
		case have.In && e.MachineID != "" && have.Key.MachineID == e.MachineID:
			return id, true
		}
		id = fmt.Sprintf("%s-%d", strings.ReplaceAll(strings.TrimSpace(l.ID), " ", "-"), n)
	}
}

func (d *Door) secret(ctx context.Context, secret string) (secretRow, error) {
	var row secretRow
	ok, err := d.setting(ctx, areaEnroll, hashed(secret), &row)
	switch {
	case err != nil:
		return row, err
	case !ok || !strings.HasPrefix(secret, secretPrefix):
		return row, invalid{fmt.Errorf("this enrollment secret is not known: copy it again from the client's devices page")}
	case row.To > 0 && d.Now() >= row.To:
		return row, invalid{fmt.Errorf("this enrollment secret has expired: ask for a new one")}
	}
	return row, nil
}

// keyRow says whose an enrolled key is.
type keyRow struct {
	Client string `json:"client"`
	Device string `json:"device"`
}

// Areas of operational settings.
const (
	areaEnroll  = "enroll"
	areaKey     = "device-key"
	areaCatalog = "catalog"
	areaErase   = "erasure"
)

func (d *Door) putSetting(ctx context.Context, area, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("keep %s: %w", area, err)
	}
	return d.putRaw(ctx, area, name, raw)
}

func (d *Door) setting(ctx context.Context, area, name string, v any) (bool, error) {
	raw, ok, err := d.raw(ctx, area, name)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("read %s: %w", area, err)
	}
	return true, nil
}
