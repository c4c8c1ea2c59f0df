package bundle_test

import (
	"regexp"
	"strings"
	"testing"

	"breakwater/internal/bundle"
	"breakwater/internal/event"
	"breakwater/internal/record"
)

func yearReport(t *testing.T) string {
	t.Helper()
	l := yearLog(t)
	b, _ := write(t, l.yearInput())
	return string(content(unzip(t, b), "report.html"))
}

func TestReportSaysWhatTheYearWas(t *testing.T) {
	page := yearReport(t)
	for _, want := range []string{
		"Evidence of security practices at Quillmoor Dental",
		"August 14, 2025 to August 13, 2026",
		"Systems named in the scope statement signed by Dr. Lena Quill",
		"Prepared for counsel of Quillmoor Dental; purpose: to answer a data request. Dr. Lena Quill, owner, consented",
		"HHS must consider recognized security practices (42 USC 17941); whether these are such is its decision.",
		"For “Full-disk encryption on every device in scope”,",
		"unproven (older than our target) from October 6, 2025 to October 17, 2025; failed from March 10, 2026 to March 12, 2026.",
		"by alternative",
		"Risk accepted",
		"Withheld: nothing.",
		"Law checked on November 21, 2026",
		"Not legal advice.",
		"access-review-190.pdf",
		"Sample data. No real organization or person.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if strings.Contains(strings.ToLower(page), "<script") || regexp.MustCompile(`(src|href)="https?:`).MatchString(page) {
		t.Error("the report reaches outside of itself")
	}
}

// Every link within the report leads somewhere, and no anchor is there twice.
func TestReportLinksLead(t *testing.T) {
	page := yearReport(t)
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if strings.HasPrefix(m[1], "e") && ids[m[1]] {
			continue // an entry that speaks to two practices stands in both
		}
		if ids[m[1]] {
			t.Errorf("the anchor %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1)
	for _, m := range links {
		if !ids[m[1]] {
			t.Errorf("the link to %s leads nowhere", m[1])
		}
	}
	if len(links) < 200 {
		t.Errorf("only %d links", len(links))
	}
}

// What is said of a client, and what is never said.
func TestReportClaimsNothing(t *testing.T) {
	page := yearReport(t)
	body := page[strings.Index(page, "<body>"):]
	if m := regexp.MustCompile(`(?i)\b(safe harbor|complian|certified|protected|covered)\w*`).FindString(body); m != "" {
		t.Errorf("the report says %q", m)
	}
	if strings.Contains(body, "gap") {
		t.Error("what is only older than our target is called a gap")
	}
}

func TestReportSaysThatEntriesWereLost(t *testing.T) {
	l := newLog(t)
	at := instant("2026-01-05T09:00:00Z")
	l.add(event.EpochBegun, at, record.Epoch{Origin: "breakwater-sample/0011223344556600", Size: 812, Root: "ab", By: "dana", Why: "the disk failed"})
	l.adopt(at)
	l.add(event.ClientAdded, at, map[string]any{"id": l.client, "name": "Lakeside", "zone": "UTC"})
	b, _ := write(t, l.input(onSmall))
	for _, name := range []string{"report.html", "README.txt"} {
		if page := string(content(unzip(t, b), name)); !strings.Contains(page, "Entries were lost") || !strings.Contains(page, "812 entries") {
			t.Errorf("%s does not say that entries were lost", name)
		}
	}
	if r := verify(t, b, bundle.Options{}); !r.OK || !strings.Contains(r.Text(), "812 entries") {
		t.Errorf("the verifier does not say that entries were lost: %s", failures(r))
	}
}

func TestWindowsOfOtherLengths(t *testing.T) {
	l := yearLog(t)
	for _, months := range []int{1, 3, 24, 60} {
		in := l.yearInput()
		in.Months = months
		b, _ := write(t, in)
		if r := verify(t, b, bundle.Options{}); !r.OK {
			t.Errorf("%d months: %s", months, failures(r))
		}
		page := string(content(unzip(t, b), "report.html"))
		head := page[strings.Index(page, "<thead>"):]
		if n := strings.Count(head[:strings.Index(head, "</thead>")], "<abbr"); n < 1 || n > 13 {
			t.Errorf("%d months: %d columns", months, n)
		}
	}
}
