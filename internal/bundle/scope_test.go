package bundle_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"breakwater/internal/bundle"
	"breakwater/internal/coverage"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/record"

	"github.com/google/go-cmp/cmp"
)

func TestScopeByPractice(t *testing.T) {
	l := smallLog(t)
	in := l.input(onSmall)
	in.Scope.Practices = []string{"bc-restore-test"}
	b, s := write(t, in)
	r := verify(t, b, bundle.Options{})
	if !r.OK || r.Coverage != bundle.CoverageFull || len(r.NotVouched) != 0 {
		t.Fatalf("ok %v, coverage %s, not vouched %v: %s", r.OK, r.Coverage, r.NotVouched, failures(r))
	}
	want := []bundle.KindCount{
		{Kind: "person.added", Count: 1},
		{Kind: "subject.unused", Count: 1},
		{Kind: "device.added", Count: 2},
		{Kind: "device.custody", Count: 1},
		{Kind: "device.reported", Count: 62},
		{Kind: "document.10015", Count: 1},
	}
	if diff := cmp.Diff(want, r.Withheld); diff != "" {
		t.Error(diff)
	}
	text := string(content(unzip(t, b), "log/entries.jsonl"))
	if strings.Contains(text, "LT-0001") || strings.Contains(text, "risk-analysis-2026") || s.Disclosed != 7 {
		t.Errorf("withheld content is in the file; %d disclosed", s.Disclosed)
	}
	if strings.Contains(string(content(unzip(t, b), "report.html")), "LT-0001") {
		t.Error("the report names a device that was not asked for")
	}
}

func TestScopeBySubjectAndDate(t *testing.T) {
	l := smallLog(t)
	in := l.input(onSmall)
	in.Scope = bundle.Scope{Subjects: []string{"LT-0001"}, Dates: interval.Span{From: instant("2026-03-01"), To: instant("2026-04-01")}}
	b, _ := write(t, in)
	r := verify(t, b, bundle.Options{})
	if !r.OK || r.Coverage != bundle.CoveragePartial { // nothing withheld feeds the policies
		t.Fatalf("ok %v, coverage %s: %s", r.OK, r.Coverage, failures(r))
	}
	if !slices.Contains(r.NotVouched, "dev-disk-encryption") || slices.Contains(r.NotVouched, "gov-policies-approved") {
		t.Errorf("not vouched: %v", r.NotVouched)
	}
	text := string(content(unzip(t, b), "log/entries.jsonl"))
	if strings.Contains(text, "LT-0002") || !strings.Contains(text, "LT-0001") {
		t.Error("the entries are not those of the subject")
	}
	if !strings.Contains(string(content(unzip(t, b), "report.html")), "Not vouched for") {
		t.Error("the report does not say what is not vouched for")
	}
}

// A disclosure of some practices vouches for them and not for others that it
// happens to answer for.
func TestPartial(t *testing.T) {
	l := smallLog(t)
	in := l.input(onSmall)
	in.Scope = bundle.Scope{Practices: []string{"bc-restore-test", "dev-disk-encryption"}, Subjects: []string{"bc-restore-test"}}
	b, _ := write(t, in)
	r := verify(t, b, bundle.Options{})
	if !r.OK || r.Coverage != bundle.CoveragePartial || !slices.Equal(r.NotVouched, []string{"dev-disk-encryption"}) {
		t.Errorf("ok %v, coverage %s, not vouched %v: %s", r.OK, r.Coverage, r.NotVouched, failures(r))
	}
}

func TestScopeRefused(t *testing.T) {
	l := smallLog(t)
	for name, s := range map[string]bundle.Scope{
		"no practice is called": {Practices: []string{"no-such"}},
		"end":                   {Dates: interval.Span{From: 10, To: 5}},
	} {
		in := l.input(onSmall)
		in.Scope = s
		if _, err := bundle.Write(&bytes.Buffer{}, in); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v, want %q", err, name)
		}
	}
}

// What Feeds leaves out changes nothing: with every entry of other kinds
// gone, each practice is answered as before.
func TestNothingElseFeeds(t *testing.T) {
	l := yearLog(t)
	begin := instant("2026-02-01")
	for i, k := range []event.Kind{event.SiteAdded, event.VendorChanged, event.AccountAdded, event.PersonRetired, event.DomainChanged} {
		l.add(k, onYear-day+int64(i), map[string]any{"id": fmt.Sprintf("x%d", i)})
	}
	l.add(event.CustodyChanged, onYear-day+10, map[string]any{"id": "LT-0001"})
	l.add(event.DeviceRetired, onYear-day+11, map[string]any{"id": "LT-0008"})
	l.add(event.DeviceUnused, onYear-day+12, map[string]any{"id": "LT-0007", "from": begin, "to": begin + 40*day, "by": "dana"})
	l.add(event.SubjectUnused, onYear-day+13, map[string]any{"id": "p1", "kind": "person", "from": begin, "to": begin + 40*day, "by": "dana"})
	l.add(event.MSPStated, onYear-day+14, record.Stated{Practice: "risk-threat-intel", Statement: "holds", Grade: "recorded"})
	c := framework.Embedded()
	whole := l.answer(t, func(event.Kind) bool { return true }, nil)
	for _, p := range c.Practices {
		feeds := bundle.Feeds(c, p)
		part := l.answer(t, func(k event.Kind) bool { return slices.Contains(feeds, k) }, []string{p.ID})
		if whole[p.ID] != part[p.ID] {
			t.Errorf("%s is fed by a kind that Feeds does not name:\n%s\n%s", p.ID, whole[p.ID], part[p.ID])
		}
	}
}

// answer folds the entries of some kinds and asks both readings.
func (l *testLog) answer(t *testing.T, pick func(event.Kind) bool, ids []string) map[string]string {
	t.Helper()
	in := l.input(onYear)
	s, err := projection.Replay(func() iter.Seq2[projection.Stored, error] {
		return func(yield func(projection.Stored, error) bool) {
			for e := range in.Entries() {
				x := projection.Stored{Entry: event.Entry{Index: e.Index, Recorded: e.Recorded}, Erased: !pick(event.Kind(e.Kind))}
				if !x.Erased {
					x.Envelope, _ = event.Decode(e.Envelope)
				}
				if !yield(x, nil) {
					return
				}
			}
		}
	}, in.Catalogs, nil)
	if err != nil {
		t.Fatal(err)
	}
	res := map[string]string{}
	for _, r := range []coverage.Reading{coverage.Proven, coverage.Best} {
		rep, err := coverage.Evaluate(s.Book, coverage.Query{On: onYear, Months: 12, Reading: r, Practices: ids, Profile: framework.ProfileAll, Zone: s.Client.Location()})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range rep.Practices {
			raw, _ := json.Marshal(p)
			res[p.ID] += string(raw)
		}
	}
	return res
}

func TestFeedsHasEveryKindOfItsMeasures(t *testing.T) {
	c := framework.Embedded()
	for _, p := range c.Practices {
		feeds := bundle.Feeds(c, p)
		if !slices.Contains(feeds, event.Kind(p.Number)) || !slices.Contains(feeds, event.CatalogAdopted) {
			t.Errorf("%s: %v", p.ID, feeds)
		}
		if p.Scope == framework.ScopeMSP && !slices.Contains(feeds, event.MSPStated) {
			t.Errorf("%s lives in the MSP's log and its statements do not feed it", p.ID)
		}
	}
	p, _ := c.Practice("asset-movement-log")
	if !slices.Contains(bundle.Feeds(c, p), event.CustodyChanged) {
		t.Error("a change of custody does not feed the movement log")
	}
}

// A prefix from before an erasure: nothing in it proves the erasure, so what
// the entry was stays open.
func TestErasedAfterThePrefix(t *testing.T) {
	l := smallLog(t)
	size := 0
	for _, e := range l.entries {
		if event.Kind(e.Kind) == event.EntryErased {
			size = int(e.Index)
		}
	}
	b, s := write(t, l.inputAt(onSmall, size))
	r := verify(t, b, bundle.Options{})
	if !r.OK || r.Erased != 0 || r.Coverage != bundle.CoverageNone || s.Erased != 0 {
		t.Errorf("ok %v, erased %d, coverage %s: %s", r.OK, r.Erased, r.Coverage, failures(r))
	}
	if len(r.Withheld) != 1 || r.Withheld[0].Count != 1 {
		t.Errorf("withheld %v", r.Withheld)
	}
}

func TestPreviewSaysWhatIsShown(t *testing.T) {
	l := smallLog(t)
	in := l.input(onSmall)
	in.Signer, in.Checkpoint = nil, nil
	p, err := bundle.MakePreview(in)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, x := range p.Persons {
		names = append(names, x.Name)
	}
	if diff := cmp.Diff([]string{"Dr. Lena Quill", "breakwater", "dana", "quill"}, names); diff != "" {
		t.Error(diff)
	}
	if len(p.Documents) != 1 || p.Documents[0].Name != "risk-analysis-2026.pdf" || p.Erased != 1 || len(p.Withheld) != 0 {
		t.Errorf("got documents %v, erased %d, withheld %v", p.Documents, p.Erased, p.Withheld)
	}
	if !slices.ContainsFunc(p.Gaps, func(g bundle.PreviewGap) bool {
		return g.Practice == "dev-disk-encryption" && g.Kind == coverage.Failed
	}) {
		t.Errorf("the failure of a disk is not among the gaps: %v", p.Gaps)
	}
	in.Scope.Practices = []string{"bc-restore-test"}
	if p, err = bundle.MakePreview(in); err != nil || len(p.Documents) != 0 || len(p.Withheld) == 0 || len(p.NotVouched) != 0 {
		t.Errorf("scoped: documents %v, withheld %v, not vouched %v, %v", p.Documents, p.Withheld, p.NotVouched, err)
	}
}

func TestConsent(t *testing.T) {
	l := smallLog(t)
	in := l.input(onSmall)
	in.Recipient, in.Purpose = "HHS OCR", "data request"
	if _, err := bundle.Write(&bytes.Buffer{}, in); err == nil || !strings.Contains(err.Error(), "needs the consent") {
		t.Errorf("without consent: %v", err)
	}
	n := l.add(event.BundleConsented, onSmall-day, record.Consented{Recipient: "HHS OCR", Purpose: "data request", On: onSmall, Practices: []string{"bc-restore-test"}, By: "quill", Role: "officer"})
	in = l.input(onSmall)
	in.Recipient, in.Purpose, in.Consent = "HHS OCR", "data request", &n
	if _, err := bundle.Write(&bytes.Buffer{}, in); err == nil || !strings.Contains(err.Error(), "another disclosure") {
		t.Errorf("with consent to less: %v", err)
	}
	in.Scope.Practices = []string{"bc-restore-test"}
	b, _ := write(t, in)
	if r := verify(t, b, bundle.Options{}); !r.OK {
		t.Error(failures(r))
	}
	if !strings.Contains(string(content(unzip(t, b), "report.html")), "Prepared for HHS OCR") {
		t.Error("the report does not name its recipient")
	}
	all := []record.ConsentEntry{{Consented: record.Consented{Recipient: "a", Purpose: "p", On: 5, Until: 100}}}
	for _, c := range []struct {
		recipient string
		on, now   int64
		want      bool
	}{{"a", 5, 99, true}, {"a", 5, 100, false}, {"a", 6, 1, false}, {"b", 5, 1, false}} {
		if _, ok := bundle.FindConsent(all, c.recipient, "p", c.on, nil, c.now); ok != c.want {
			t.Errorf("FindConsent(%s, %d, %d) = %v", c.recipient, c.on, c.now, ok)
		}
	}
}
