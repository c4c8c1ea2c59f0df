package framework_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"breakwater/internal/framework"
)

// small is a catalog of one practice, for breaking.
const small = `{"version":3,"checked":"2026-11-21","source":"a test","practices":[
{"id":"dev-lock","number":10001,"title":"T","statement":"S","theme":"Devices","action":"Do it","evidence_kinds":["device_posture"],"scope":"device","mode":"state",
"freshness":{"max_age_days":7,"basis":"product","limit":"target","why":"W"},"feeds":[{"measure":"lock","required":true}],"links":{"hipaa":["164.312(a)(2)(iii)"]},
"binds":["covered_entity"],"relief":"alternative","set":"core","profile":"small","onboarding_days":1,"weight":5}],
"measures":[{"id":"lock","title":"Lock","kinds":["device.reported"],"rules":{"any":{"field":"lock.seconds","at_most":"$idle"}},"passes":{"any":"in time"},"fails":"late"}],
"parameters":[{"id":"idle","value":900,"unit":"seconds","basis":"product","why":"W","stricter":"lower"}],"support":[]}`

func TestParse(t *testing.T) {
	c, err := framework.Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := c.Judge("lock", "linux", map[string]any{"lock": map[string]any{"seconds": 900}}, noon); v != framework.Holds {
		t.Errorf("got %v", v)
	}
	if p, ok := c.Parameter("idle"); !ok || p.Value != 900 {
		t.Errorf("parameter: %+v", p)
	}
}

func TestParseRefuses(t *testing.T) {
	practice := small[strings.Index(small, `{"id":"dev-lock"`) : strings.Index(small, `"measures"`)-3]
	for _, bad := range []struct{ name, from, to, says string }{
		{"unknown field", `"theme"`, `"color":"red","theme"`, "color"},
		{"case of a key", `"theme":"Devices"`, `"Theme":"Devices"`, "misspelled"},
		{"missing weight", `,"weight":5`, ``, "missing"},
		{"something behind", `"support":[]}`, `"support":[]} {}`, "behind"},
		{"id twice", practice, practice + "," + strings.Replace(practice, "10001", "10002", 1), "twice"},
		{"number twice", practice, practice + "," + strings.Replace(practice, "dev-lock", "dev-lock2", 1), "twice"},
		{"number out of range", `10001`, `999`, "range"},
		{"mode", `"mode":"state"`, `"mode":"sometimes"`, "mode"},
		{"scope", `"scope":"device"`, `"scope":"planet"`, "scope"},
		{"relief", `"relief":"alternative"`, `"relief":"none"`, "relief"},
		{"profile", `"profile":"small"`, `"profile":"all"`, "profile"},
		{"binds", `"covered_entity"`, `"hybrid"`, "binds"},
		{"event without rule", `"mode":"state"`, `"mode":"event"`, "event"},
		{"state too short", `"max_age_days":7`, `"max_age_days":2`, "at least 3"},
		{"limit", `"limit":"target"`, `"limit":"mood"`, "limit"},
		{"feed", `"measure":"lock"`, `"measure":"key"`, "names no measure"},
		{"link", `164.312(a)(2)(iii)`, `164.999`, "164.999"},
		{"framework", `"hipaa"`, `"hitrust"`, "hitrust"},
		{"parameter", `"$idle"`, `"$idel"`, "idel"},
		{"unread parameter", `"$idle"`, `900`, "no rule reads it"},
		{"two comparisons", `"at_most":"$idle"`, `"at_most":"$idle","is":true`, "exactly one comparison"},
		{"no comparison", `,"at_most":"$idle"`, ``, "exactly one comparison"},
		{"two groups", `"field":"lock.seconds"`, `"not":{"field":"x","is":true},"field":"lock.seconds"`, "exactly one of"},
		{"absent not applicable", `"at_most":"$idle"`, `"at_most":"$idle","absent":"not_applicable"`, "not_applicable"},
		{"passes", `"passes":{"any":"in time"}`, `"passes":{"linux":"in time"}`, "passes"},
		{"kind", `device.reported`, `Device Reported`, "kind"},
		{"date", `"checked":"2026-11-21"`, `"checked":"today"`, "date"},
		{"stricter", `"stricter":"lower"`, `"stricter":"sideways"`, "stricter"},
		{"depth", `{"field":"lock.seconds","at_most":"$idle"}`, strings.Repeat(`{"not":`, 20) + `{"field":"lock.seconds","at_most":"$idle"}` + strings.Repeat(`}`, 20), "deeper"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			if !strings.Contains(small, bad.from) {
				t.Fatalf("%s is not in the catalog", bad.from)
			}
			_, err := framework.Parse([]byte(strings.Replace(small, bad.from, bad.to, 1)))
			if err == nil || !strings.Contains(err.Error(), bad.says) {
				t.Errorf("got %v, want an error that says %q", err, bad.says)
			}
		})
	}
}

func TestParseRefusesTooMuch(t *testing.T) {
	if _, err := framework.Parse(make([]byte, 5<<20)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"version":1,"checked":"2026-11-21","source":"s","practices":null,"measures":null,"parameters":null,"support":null}`))
	f.Add([]byte(`{"practices":[null],"measures":[{"rules":{"any":null}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := framework.Parse(b)
		if err != nil {
			return
		}
		again, err := framework.Parse(c.Encode())
		if err != nil || again.Hash() != c.Hash() {
			t.Fatalf("parsing what was encoded: %v", err)
		}
		for _, m := range c.Measures {
			c.Judge(m.ID, "linux", map[string]any{"lock": map[string]any{"seconds": 1}}, noon)
		}
	})
}

func TestOverlay(t *testing.T) {
	base := framework.Embedded()
	before := base.Hash()
	o, err := framework.ParseOverlay([]byte(`{"name":"Harbor MSP","why":"our standard",
		"practices":{"dev-disk-encryption":{"max_age_days":4,"limit":"client_policy"},"gov-leadership-review":{"profile":"core"},
			"dev-patching":{"onboarding_days":3},"ir-ba-reporting":{"deadline_days":10,"limit":"agreement"},"ir-breach-notices":{"deadline_days":45}},
		"parameters":{"idle_seconds":600,"password_length":14}}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := base.Apply(o)
	if err != nil {
		t.Fatal(err)
	}
	if base.Hash() != before || c.Hash() == before {
		t.Error("the base must stay and the copy must differ")
	}
	if !strings.Contains(c.Source, "overlay Harbor MSP") {
		t.Errorf("source %q", c.Source)
	}
	disk, _ := c.Practice("dev-disk-encryption")
	if disk.Freshness.MaxAgeDays != 4 || disk.Freshness.Limit != framework.LimitClientPolicy {
		t.Errorf("disk encryption: %+v", disk.Freshness)
	}
	review, _ := c.Practice("gov-leadership-review")
	if review.Profile != framework.ProfileCore {
		t.Errorf("leadership review: %s", review.Profile)
	}
	ba, _ := c.Practice("ir-ba-reporting")
	if ba.Event.DeadlineDays != 10 || ba.Event.DeadlineLimit != framework.LimitAgreement || ba.Freshness.Limit != framework.LimitTarget {
		t.Errorf("reporting: %+v", ba.Event)
	}
	notices, _ := c.Practice("ir-breach-notices")
	if notices.Event.DeadlineLimit != framework.LimitTarget {
		t.Errorf("a shortened deadline is not the rule's: %+v", notices.Event)
	}
	if v, _ := c.Judge("screen_lock", "windows", map[string]any{"screen_lock": map[string]any{"inactivity_seconds": 900}}, noon); v != framework.Fails {
		t.Errorf("900 s under a limit of 600 s: %v", v)
	}
	if _, err := framework.Parse(c.Encode()); err != nil {
		t.Errorf("a tightened catalog must parse: %v", err)
	}
}

func TestOverlayNeverLoosens(t *testing.T) {
	for _, bad := range []struct{ body, says string }{
		{`"practices":{"dev-disk-encryption":{"max_age_days":8}}`, "practices.dev-disk-encryption.max_age_days: 8 is looser"},
		{`"practices":{"dev-disk-encryption":{"max_age_days":2}}`, "at least 3"},
		{`"practices":{"` + fedPeriodic() + `":{"max_age_days":2}}`, "at least 3"},
		{`"practices":{"dev-disk-encryption":{"max_age_days":-1}}`, "below zero"},
		{`"practices":{"dev-disk-encryption":{"onboarding_days":1}}`, "onboarding_days: 1 is looser"},
		{`"practices":{"dev-disk-encryption":{"deadline_days":1}}`, "no deadline"},
		{`"practices":{"dev-disk-encryption":{"profile":"core"}}`, "profile"},
		{`"practices":{"dev-disk-encryption":{"profile":"none"}}`, "profile"},
		{`"practices":{"dev-disk-encryption":{"limit":"rule"}}`, "limit"},
		{`"practices":{"ir-ba-reporting":{"deadline_days":61}}`, "deadline_days: 61 is looser"},
		{`"practices":{"no-such":{"max_age_days":1}}`, "no such practice"},
		{`"parameters":{"idle_seconds":901}`, "parameters.idle_seconds: 901 is looser"},
		{`"parameters":{"password_length":11}`, "give at least 12"},
		{`"parameters":{"idle_secs":1}`, "no such parameter"},
		{`"parameters":{"idle_seconds":-1}`, "range"},
	} {
		o, err := framework.ParseOverlay([]byte(`{"name":"x","why":"y",` + bad.body + `}`))
		if err != nil {
			t.Fatalf("%s: %v", bad.body, err)
		}
		if _, err := framework.Embedded().Apply(o); err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%s: got %v, want %q", bad.body, err, bad.says)
		}
	}
	for _, bad := range []string{`{}`, `{"name":"x"}`, `{"name":"x","why":"y","measures":[]}`, `{"name":"x","why":"y"} x`} {
		if _, err := framework.ParseOverlay([]byte(bad)); err == nil {
			t.Errorf("%s: want an error", bad)
		}
	}
}

// TestDataFilesStateTheirSource reads every data file: each says where it
// comes from and the day it was checked.
func TestDataFilesStateTheirSource(t *testing.T) {
	files, err := os.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 8 {
		t.Errorf("data has %d files", len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile("data/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), "2026-11-21") {
			t.Errorf("%s does not state the day it was checked", f.Name())
		}
		if strings.HasSuffix(f.Name(), ".json") && !json.Valid(b) {
			t.Errorf("%s is not JSON", f.Name())
		}
	}
}

// fedPeriodic is a periodic practice that a measure decides.
func fedPeriodic() string {
	for _, p := range framework.Embedded().Practices {
		for _, f := range p.Feeds {
			if p.Mode == framework.Periodic && f.Required {
				return p.ID
			}
		}
	}
	panic("no periodic practice is fed by a measure")
}

func TestAnUnknownPlatformIsAskedForEveryFeed(t *testing.T) {
	f := framework.Feed{Measure: "m", Platforms: []string{"windows"}}
	for platform, want := range map[string]bool{"windows": true, "linux": false, "": true} {
		if got := f.For(platform); got != want {
			t.Errorf("For(%q) = %v, want %v", platform, got, want)
		}
	}
}
