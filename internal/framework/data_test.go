package framework_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"breakwater/internal/framework"

	"github.com/google/go-cmp/cmp"
)

// repo finds the folder of go.mod.
func repo(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = up
	}
}

func TestEmbeddedCounts(t *testing.T) {
	c := framework.Embedded()
	got := map[string]int{"practices": len(c.Practices)}
	for _, p := range c.Practices {
		got["mode "+string(p.Mode)]++
		got["scope "+string(p.Scope)]++
		got["relief "+string(p.Relief)]++
		got["profile "+string(p.Profile)]++
		got["set "+p.Set]++
	}
	want := map[string]int{
		"practices":  115,
		"mode state": 36, "mode periodic": 53, "mode in_force": 5, "mode event": 21,
		"scope client": 57, "scope device": 20, "scope site": 11, "scope account": 7,
		"scope domain": 7, "scope person": 6, "scope vendor": 3, "scope msp": 4,
		"relief alternative": 21, "relief accepted_risk": 94,
		"profile small": 29, "profile core": 62, "profile extended": 24,
		"set core": 89, "set extended": 26,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("embedded catalog (-want +got):\n%s", diff)
	}
}

// TestAgreesWithTheFacts compares the embedded practices with the facts that
// they carry over, where those are at hand.
func TestAgreesWithTheFacts(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repo(t), "..", "shared", "facts", "practices.json"))
	if err != nil {
		t.Skip("the shared facts are not beside this repository")
	}
	var facts struct {
		Practices []struct {
			ID, Mode, Scope, Relief, Profile, Set string
			Weight                                int
			OnboardingDays                        int `json:"onboarding_days"`
			Binds                                 []framework.LegalKind
			Links                                 map[string][]string
			Applies                               *framework.Applies
			Freshness                             struct {
				MaxAgeDays int `json:"max_age_days"`
				Basis      string
				Limit      string
			}
			Event *struct {
				DeadlineDays int `json:"deadline_days"`
			}
		}
	}
	if err := json.Unmarshal(b, &facts); err != nil {
		t.Fatal(err)
	}
	c := framework.Embedded()
	if len(facts.Practices) != len(c.Practices) {
		t.Errorf("practices: facts have %d, the catalog has %d", len(facts.Practices), len(c.Practices))
	}
	for _, f := range facts.Practices {
		p, ok := c.Practice(f.ID)
		if !ok {
			t.Errorf("%s: missing", f.ID)
			continue
		}
		got := []any{string(p.Mode), string(p.Scope), string(p.Relief), string(p.Profile), p.Set, p.Weight, p.OnboardDays, p.Freshness.MaxAgeDays, string(p.Freshness.Basis), string(p.Freshness.Limit), p.Binds, p.Links, p.Applies}
		want := []any{f.Mode, f.Scope, f.Relief, f.Profile, f.Set, f.Weight, f.OnboardingDays, f.Freshness.MaxAgeDays, f.Freshness.Basis, f.Freshness.Limit, f.Binds, f.Links, f.Applies}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-facts +catalog):\n%s", f.ID, diff)
		}
		if f.Event != nil && f.Event.DeadlineDays != p.Event.DeadlineDays {
			t.Errorf("%s: deadline %d, facts say %d", f.ID, p.Event.DeadlineDays, f.Event.DeadlineDays)
		}
	}
}

// TestNumbersNeverMove pins the register: a practice keeps its number.
func TestNumbersNeverMove(t *testing.T) {
	c := framework.Embedded()
	for _, pin := range []struct {
		number uint16
		id     string
	}{
		{10001, "gov-security-official"},
		{10015, "risk-analysis"},
		{10029, "dev-disk-encryption"},
		{10055, "iam-msp-remote-tools"},
		{10115, "priv-cloud-sharing"},
	} {
		p, ok := c.ByNumber(pin.number)
		if !ok || p.ID != pin.id {
			t.Errorf("number %d: got %v, want %s", pin.number, p, pin.id)
		}
	}
	for i, p := range c.Practices {
		if want := uint16(10001 + i); p.Number != want {
			t.Errorf("%s has number %d, want %d: append new practices at the end", p.ID, p.Number, want)
		}
	}
}

func TestRuleDeadlinesAreTheRules(t *testing.T) {
	var got []string
	for _, p := range framework.Embedded().Practices {
		if p.Event != nil && p.Event.DeadlineLimit == framework.LimitRule {
			got = append(got, p.ID)
			if p.Event.DeadlineDays != 60 {
				t.Errorf("%s: deadline %d days, the rule sets 60", p.ID, p.Event.DeadlineDays)
			}
		}
	}
	if diff := cmp.Diff([]string{"ir-ba-reporting", "ir-breach-notices"}, got); diff != "" {
		t.Errorf("deadlines that the rule sets (-want +got):\n%s", diff)
	}
}

// TestAlternativesOnlyForAddressable holds relief against the rule: an
// alternative only where every linked specification is addressable,
// 164.306(d)(3).
func TestAlternativesOnlyForAddressable(t *testing.T) {
	c := framework.Embedded()
	for _, p := range c.Practices {
		addressable := 0
		for _, it := range c.ControlsOf(p.ID, "hipaa") {
			if it.Sort != "specification" {
				continue
			}
			if it.Note == "addressable" {
				addressable++
			} else if p.Relief == framework.ReliefAlternative {
				t.Errorf("%s: %s is required, an alternative is not allowed", p.ID, it.ID)
			}
		}
		if p.Relief == framework.ReliefAlternative && addressable == 0 {
			t.Errorf("%s: an alternative without an addressable specification", p.ID)
		}
	}
}

func TestWords(t *testing.T) {
	bad := regexp.MustCompile(`(?i)safe harbor|\bcompliant\b|\bcertified\b|\bprotected\b|\bcovered\b|isation\b|\blicence\b|practi[s]ed`)
	start := regexp.MustCompile(`^[A-Z][a-z]+ `)
	c := framework.Embedded()
	for _, p := range c.Practices {
		for _, text := range []string{p.Title, p.Statement, p.Action, p.Freshness.Why} {
			if hit := bad.FindString(text); hit != "" {
				t.Errorf("%s says %q: %s", p.ID, hit, text)
			}
		}
		if !start.MatchString(p.Action) || len(p.Action) > 60 || strings.HasSuffix(p.Action, ".") {
			t.Errorf("%s: the action %q is not a short imperative", p.ID, p.Action)
		}
	}
	for _, m := range c.Measures {
		for _, text := range append([]string{m.Title, m.Fails}, values(m.Passes)...) {
			if hit := bad.FindString(text); hit != "" {
				t.Errorf("%s says %q: %s", m.ID, hit, text)
			}
		}
	}
}

func values(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func TestControls(t *testing.T) {
	count := map[string]int{}
	for _, f := range framework.Frameworks() {
		for _, it := range framework.Controls(f.ID) {
			if it.Title == "" {
				t.Errorf("%s %s has no title", f.ID, it.ID)
			}
			key := f.ID
			switch {
			case f.ID == "hipaa" && (it.Sort == "standard" || it.Sort == "specification"):
				key = "security"
			case it.Sort == "subcategory":
				key = "csf subcategories"
				if !it.OurTitle {
					t.Errorf("%s: the title must be marked as ours", it.ID)
				}
			}
			count[key]++
		}
	}
	want := map[string]int{
		"security": 69, "hipaa": 20, "csf subcategories": 106, "csf2.0": 22,
		"hicp": 55, "hph-cpg": 20, "sp800-53r5": 1193, "sp800-171r3": 97,
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	routes := map[string]framework.Route{}
	for _, f := range framework.Frameworks() {
		routes[f.ID] = f.Route
	}
	wantRoutes := map[string]framework.Route{"hipaa": "law", "csf2.0": "nist", "hicp": "405d", "sp800-53r5": "mapping", "sp800-171r3": "mapping", "hph-cpg": "mapping"}
	if diff := cmp.Diff(wantRoutes, routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestEverySecurityItemIsAssessed(t *testing.T) {
	c := framework.Embedded()
	for _, it := range framework.Controls("hipaa") {
		if len(c.PracticesFor("hipaa", it.ID)) == 0 {
			t.Errorf("%s %s: no practice", it.ID, it.Title)
		}
	}
	if got := c.PracticesFor("csf2.0", "PR.AA-02"); got != nil {
		t.Errorf("PR.AA-02 is not assessed, got %d practices", len(got))
	}
}

func TestElected(t *testing.T) {
	c := framework.Embedded()
	small, core := c.Elected("csf2.0", framework.ProfileSmall), c.Elected("csf2.0", framework.ProfileCore)
	if len(small) == 0 || len(small) >= len(core) {
		t.Errorf("small has %d practices, core %d", len(small), len(core))
	}
	for _, p := range core {
		if !p.Core() || len(p.Links["csf2.0"]) == 0 || !p.In(framework.ProfileCore) {
			t.Errorf("%s is not of the program", p.ID)
		}
	}
	if got := c.Elected("hitrust", framework.ProfileAll); got != nil {
		t.Errorf("an unknown framework elects %d practices", len(got))
	}
}

func TestCrosswalk(t *testing.T) {
	var rows int
	for _, f := range append(framework.Frameworks(), framework.Framework{ID: "csf1.1"}) {
		for _, it := range framework.Controls(f.ID) {
			for _, m := range framework.Crosswalk(f.ID, it.ID) {
				rows++
				if i := slices.IndexFunc(framework.CrosswalkSources(), func(s framework.CrosswalkSource) bool { return s.Number == m.Source }); i < 0 {
					t.Errorf("%v names no source", m)
				}
			}
		}
	}
	if rows < 3000 {
		t.Errorf("crosswalk has %d rows from known items", rows)
	}
	var official bool
	for _, m := range framework.Crosswalk("hipaa", "164.308(a)(1)(i)") {
		official = official || (m.ToFramework == "sp800-53r5" && m.To == "RA-1" && m.Authority == "official" && m.Source == 6)
	}
	if !official {
		t.Error("164.308(a)(1)(i) does not map to RA-1")
	}
}

func TestFeedKinds(t *testing.T) {
	c := framework.Embedded()
	for id, want := range map[string][]string{
		"dev-disk-encryption": {"device.reported", "device.seen"},
		"dev-patching":        {"device.reported", "device.seen", "scan.imported"},
		"iam-mfa-email":       {"account.reported"},
		"risk-analysis":       nil,
	} {
		p, _ := c.Practice(id)
		if diff := cmp.Diff(want, c.FeedKinds(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

func TestEncodeIsCanonical(t *testing.T) {
	c := framework.Embedded()
	again, err := framework.Parse(c.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.Encode(), again.Encode()) || c.Hash() != again.Hash() {
		t.Error("encoding what was parsed gives other bytes")
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, c.Encode(), "", "  "); err != nil {
		t.Fatal(err)
	}
	if spaced, err := framework.Parse(indented.Bytes()); err != nil || spaced.Hash() != c.Hash() {
		t.Errorf("whitespace must not matter: %v", err)
	}
}

func TestSupportTable(t *testing.T) {
	c := framework.Embedded()
	for _, want := range []struct{ os, version, name, ends string }{
		{"debian", "12", "Debian 12", "2028-06-30"},
		{"debian", "12.4", "Debian 12", "2028-06-30"},
		{"ubuntu", "22.04", "Ubuntu 22.04 LTS", "2027-04-01"},
		{"windows", "10.0.19045", "Windows 10 22H2", "2025-10-14"},
		{"windows-server", "10.0.26100", "Windows Server 2025", "2034-10-10"},
		{"macos", "13.7.8", "macOS 13 Ventura", "2025-09-15"},
		{"macos", "26.1", "macOS 26 Tahoe", ""},
	} {
		got, ok := c.Release(want.os, want.version)
		if !ok || got.Name != want.name || got.Ends != want.ends {
			t.Errorf("%s %s: got %+v", want.os, want.version, got)
		}
	}
	for _, none := range [][2]string{{"debian", "1"}, {"debian", "120"}, {"gentoo", "2"}, {"", ""}} {
		if got, ok := c.Release(none[0], none[1]); ok {
			t.Errorf("%v: got %+v, want none", none, got)
		}
	}
}
