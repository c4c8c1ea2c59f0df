package device

import "encoding/json"

// Enrollment is what a device says of itself when it enrolls. Key is its
// public key, base64 of PKIX; Proof is that key's signature over EnrollLine.
type Enrollment struct {
	Secret     string `json:"secret"`
	Device     string `json:"device"` // identifier it would like; its host name
	Class      string `json:"class,omitempty"`
	Platform   string `json:"platform,omitempty"`
	Hostname   string `json:"hostname,omitempty"`
	Serial     string `json:"serial,omitempty"`
	Model      string `json:"model,omitempty"`
	MachineID  string `json:"machine_id,omitempty"`
	Key        string `json:"key"`
	Protection string `json:"protection"` // "tpm2" or "file"
	Proof      string `json:"proof"`
}

// EnrollLine is what a device signs to prove that it has the key it enrolls.
func EnrollLine(key, machine string) string { return "breakwater-enroll/1 " + key + " " + machine }

// Place answers an enrollment: under which identifier the device is listed.
type Place struct {
	Client string `json:"client"`
	Device string `json:"device"`
	Index  uint64 `json:"index"`
}

// Report is what a device read of itself at one instant. Sig is the enrolled
// key's signature over SignedLine.
type Report struct {
	Key      string            `json:"key"` // public key, names the device
	Device   string            `json:"device"`
	Seq      uint64            `json:"seq"`
	At       int64             `json:"at"` // ms UTC
	Platform string            `json:"platform"`
	Facts    map[string]any    `json:"facts"`
	Unknown  map[string]string `json:"unknown,omitempty"`
	Sig      string            `json:"sig"`
}

// Ack answers a report. A report that changed nothing is acknowledged and not
// logged at once: nothing is claimed, nothing is lost.
type Ack struct {
	Device string  `json:"device"`
	Seq    uint64  `json:"seq"`
	Logged bool    `json:"logged"`
	Index  *uint64 `json:"index,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// Plain turns facts of Go's own types into what decoding JSON gives, so that
// a report is the same before and after it was sent.
func Plain(facts map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	err = json.Unmarshal(raw, &plain)
	return plain, err
}
