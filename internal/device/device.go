// Package device knows the inventory: what devices there are, whether they
// hold ePHI, who has them, what they reported of themselves and when, and by
// which key. It refuses to know people, clients, scanners, SQL and HTTP.
//
// Words: a report is all facts a device's agent could read at one instant,
// signed over one line. A seen line is a report whose facts had not changed.
// Custody is who has a device. A device locked away is unused, not retired.
package device

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"breakwater/internal/event"
	"breakwater/internal/evidence"
)

// Listing is the body of device.added and device.changed; on a change a field
// that is absent stays.
type Listing struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Class     string `json:"class,omitempty"`
	Platform  string `json:"platform,omitempty"`
	Serial    string `json:"serial,omitempty"`
	Model     string `json:"model,omitempty"`
	HoldsEPHI *bool  `json:"holds_ephi,omitempty"`
	BackedUp  *bool  `json:"backed_up,omitempty"`
	Owner     string `json:"owner,omitempty"`
	Site      string `json:"site,omitempty"`
	Note      string `json:"note,omitempty"`
}

// Retired is the body of device.retired and device.returned.
type Retired struct {
	ID  string `json:"id"`
	Why string `json:"why,omitempty"`
}

// Unused is the body of device.unused: locked away or on leave for a time.
type Unused struct {
	ID   string `json:"id"`
	From int64  `json:"from"`
	To   int64  `json:"to"`
	By   string `json:"by"`
	Why  string `json:"why,omitempty"`
}

// Custody is the body of device.custody: who has the device from At on.
type Custody struct {
	ID     string `json:"id"`
	Person string `json:"person,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Enrolled is the body of device.enrolled. Key is an Ed25519 or ECDSA public
// key, base64 of its PKIX encoding; Protection says where the private half
// lives: "tpm2" or "file". Secret is the enrollment secret's identifier.
type Enrolled struct {
	ID         string `json:"id"`
	Key        string `json:"key"`
	Protection string `json:"protection"`
	Secret     string `json:"secret,omitempty"`
	Hostname   string `json:"hostname,omitempty"`
	Serial     string `json:"serial,omitempty"`
	MachineID  string `json:"machine_id,omitempty"`
	Clone      string `json:"clone_of,omitempty"` // another device with the same hardware
}

// KeyRevoked is the body of device.key_revoked.
type KeyRevoked struct {
	ID  string `json:"id"`
	By  string `json:"by"`
	Why string `json:"why,omitempty"`
}

// SecretMade is the body of enrollment.secret_made. The secret itself is
// never logged.
type SecretMade struct {
	ID   string `json:"id"`
	Site string `json:"site,omitempty"`
	By   string `json:"by"`
	To   int64  `json:"to,omitempty"`
}

// SecretRevoked is the body of enrollment.secret_revoked.
type SecretRevoked struct {
	ID string `json:"id"`
	By string `json:"by"`
}

// Reported is the body of device.reported: every fact of one report. Line is
// what the device signed, kept verbatim: "device seq at factshash". Claimed is
// the device's own time where it was too far ahead to be believed. Missed
// counts sequence numbers that never arrived before this one.
type Reported struct {
	Device   string            `json:"device"`
	Seq      uint64            `json:"seq"`
	Source   string            `json:"source"`
	Platform string            `json:"platform"`
	Facts    map[string]any    `json:"facts"`
	Unknown  map[string]string `json:"unknown,omitempty"`
	Baseline map[string]any    `json:"baseline,omitempty"`
	Hash     string            `json:"hash"`
	Line     string            `json:"line,omitempty"`
	Sig      string            `json:"sig,omitempty"`
	Claimed  int64             `json:"claimed,omitempty"`
	Missed   uint64            `json:"missed,omitempty"`
	Submit   string            `json:"submitted,omitempty"`
}

// Line is one unchanged report within device.seen.
type Line struct {
	Device string `json:"device"`
	Seq    uint64 `json:"seq"`
	At     int64  `json:"at"`
	Hash   string `json:"hash"`
	Sig    string `json:"sig,omitempty"`
}

// Seen is the body of device.seen: the latest unchanged report of each device
// since the last one.
type Seen struct {
	Source  string `json:"source"`
	Reports []Line `json:"reports"`
}

// Lost is the body of source.lost: a collector that no longer speaks.
type Lost struct {
	Source string `json:"source"`
	Why    string `json:"why"`
}

// SignedLine is what a device signs for a report.
func SignedLine(device string, seq uint64, at int64, hash string) string {
	return fmt.Sprintf("breakwater-report/1 %s %d %d %s", device, seq, at, hash)
}

// FactsHash is the hash of the facts and of what could not be read, in their
// canonical encoding, in hex.
func FactsHash(facts map[string]any, unknown map[string]string) (string, error) {
	raw, err := json.Marshal(struct {
		Facts   map[string]any    `json:"facts"`
		Unknown map[string]string `json:"unknown,omitempty"`
	}{facts, unknown})
	if err == nil && event.Canonical(raw) != nil { // it nearly always is already
		raw, err = event.Canonicalize(raw)
	}
	if err != nil {
		return "", fmt.Errorf("facts: %w", err)
	}
	h := sha256.Sum256(raw)
	return hex.EncodeToString(h[:]), nil
}

// Device is one device as it stands now.
type Device struct {
	Listing
	In       bool
	Since    int64
	Entry    uint64
	Custody  *Custody
	Key      *Enrolled // nil without an enrolled key
	KeyEntry uint64
	Unused   []Unused

	Seq      uint64         // last acknowledged
	Last     evidence.Point // last report or seen line; Index its entry
	Full     evidence.Point // last full report
	Hash     string
	Platform string
	Facts    map[string]any
	Unknown  map[string]string
	Baseline map[string]any
	Judged   []evidence.Judgment
	Missed   uint64

	merged map[string]any // what the rules are asked about; made when first needed
}

// State is what the device entries of one log say up to now.
type State struct {
	Devices map[string]*Device
	Secrets map[string]*Secret
	Lost    []Lost
	LastLog int64 // recorded time of the last device.seen
}

// Secret is an enrollment secret as the log knows it.
type Secret struct {
	SecretMade
	Revoked bool
}

// New is the state of an empty log.
func New() State {
	return State{Devices: map[string]*Device{}, Secrets: map[string]*Secret{}}
}
