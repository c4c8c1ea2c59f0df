package duty_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/client"
	"breakwater/internal/coverage"
	"breakwater/internal/document"
	"breakwater/internal/duty"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/record"
)

// practice is a client in its second year: one laptop silent, one not
// encrypted, training late for three people, an agreement about to end.
func practice(t testing.TB) *written {
	began := on("2025-10-01")
	l := newLog(t, began)
	l.add(began, event.ProgramElected, client.Elected{Framework: "hicp"})
	l.add(began, event.ScopeStated, client.ScopeStatement{Holds: []string{"practice management"}, Feeds: []string{}, NotFed: []string{}, SignedBy: "Dr. Lena Quill"})
	for _, p := range []string{"p-1", "p-2", "p-3", "p-4"} {
		l.add(began, event.PersonAdded, client.Listing{ID: p, Name: "Person " + p})
	}
	l.add(began, event.VendorAdded, client.Listing{ID: "oriel", Name: "Oriel Billing", PHI: new(true)})
	l.say(began, "vendor-baa-in-force", document.Holds, subject("oriel"), until(began, on("2026-12-04")))
	all := []string{"LT-0001", "LT-0009", "WS-0103"}
	for _, d := range all {
		l.device(began, d)
		l.report(began, d, 1, true)
	}
	l.seen(began+interval.Day, on("2025-11-05"), all...)
	for _, p := range []string{"p-1", "p-2", "p-3", "p-4"} {
		l.say(on("2025-11-05"), "train-annual", document.Holds, subject(p))
	}
	l.seen(on("2025-11-06"), on("2025-12-15"), all...)
	l.say(on("2025-12-15"), "risk-analysis", document.Holds)
	l.seen(on("2025-12-16"), on("2026-11-01"), all...)
	l.report(on("2026-11-02"), "LT-0009", 9001, false)
	l.seen(on("2026-11-02"), on("2026-11-04"), "LT-0001", "WS-0103")
	l.seen(on("2026-11-05"), on("2026-11-21")-interval.Day/24, "LT-0001")
	l.say(on("2026-11-20"), "train-annual", document.Holds, subject("p-4"))
	return l
}

func find(t *testing.T, list []duty.Duty, practice string) duty.Duty {
	t.Helper()
	for _, d := range list {
		if d.Practice == practice {
			return d
		}
	}
	t.Fatalf("no duty for %s in %d", practice, len(list))
	return duty.Duty{}
}

func TestDuties(t *testing.T) {
	now := on("2026-11-21")
	l := practice(t)
	list, err := duty.Duties(duty.Input{State: l.state, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	first := list[0]
	if first.Practice != "dev-disk-encryption" || first.Kind != duty.KindFailed || first.CureDay != 20 || first.Rank != 1 {
		t.Errorf("first duty = %+v", first)
	}
	if first.CureEnds != coverage.CureEnds(first.Since, chicago) || first.CureEnds != end("2026-12-01") {
		t.Errorf("cure period ends %d: want the end of the day of knowledge, November 2, and 29 days", first.CureEnds)
	}
	for _, c := range []struct{ practice, action, why string }{
		{"dev-disk-encryption", "Turn on disk encryption on LT-0009", "Full-disk encryption on every device in scope failed, day 20 of 30"},
		{"train-annual", "Assign the yearly course to three people", "Unproven since November 5, our target 365 days"},
		{"vendor-baa-in-force", "Renew the agreement with Oriel Billing", "Ends December 4, in 13 days"},
		{"risk-analysis", "Approve a risk analysis", "Due December 15, in 24 days"},
		{"bc-restore-test", "Record a restore test", "Never shown, our target 100 days"},
	} {
		d := find(t, list, c.practice)
		if diff := cmp.Diff([2]string{c.action, c.why}, [2]string{d.Action, d.Why}); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.practice, diff)
		}
		if !strings.HasPrefix(d.Why, d.Word) {
			t.Errorf("%s: %q does not begin with %q", c.practice, d.Why, d.Word)
		}
	}
	order := map[duty.Kind]int{duty.KindFailed: 1, duty.KindUnproven: 2, duty.KindBegin: 3, duty.KindDue: 4}
	seen := map[string]bool{}
	for i, d := range list {
		if i > 0 && order[d.Kind] < order[list[i-1].Kind] {
			t.Errorf("%s stands after %s", d.Kind, list[i-1].Kind)
		}
		if d.Practice != "" && seen[d.Practice] {
			t.Errorf("%s has two duties", d.Practice)
		}
		seen[d.Practice] = true
		if d.Rank != i+1 || d.Action == "" || d.Why == "" {
			t.Errorf("duty %d = %+v", i, d)
		}
	}
}

// A device that fell silent is looked for, and once for all practices.
func TestSilentDeviceIsFoundOnce(t *testing.T) {
	l := newLog(t, on("2026-10-01"))
	for _, d := range []string{"LT-0001", "WS-0103"} {
		l.device(on("2026-10-01"), d)
		l.report(on("2026-10-01"), d, 1, true)
	}
	l.seen(on("2026-10-02"), on("2026-11-04"), "LT-0001", "WS-0103")
	l.seen(on("2026-11-05"), on("2026-11-21")-1, "LT-0001")
	list, err := duty.Duties(duty.Input{State: l.state, Now: on("2026-11-21")})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range list {
		if strings.Contains(d.Action, "WS-0103") {
			n++
			if d.Action != "Find WS-0103: it has not reported since November 4" || d.Link.Subject != "WS-0103" || d.Why != "Unproven since November 11, our target 7 days" {
				t.Errorf("duty = %+v", d)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d duties name WS-0103, want 1", n)
	}
}

// A client that began today is given steps, never a list of failures.
func TestDutiesOfANewClient(t *testing.T) {
	now := on("2026-11-21")
	l := newLog(t, now-interval.Day/24)
	list, err := duty.Duties(duty.Input{State: l.state, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, d := range list[:4] {
		steps = append(steps, d.Action)
	}
	want := []string{
		"Enroll the first device, about 4 minutes", "Have the client sign the scope statement",
		"Elect the client's program of recognized security practices", "List the client's people",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, d := range list {
		if d.Kind != duty.KindBegin {
			t.Errorf("%s: %s, %s", d.Kind, d.Action, d.Why)
		}
	}
	if d := find(t, list, "vendor-baa-in-force"); d.Action != "List the vendors that touch PHI, or state that there are none" {
		t.Errorf("action = %q", d.Action)
	}
}

// What someone answers for stays a duty, marked; what names a person, an
// account or the MSP says whose it is.
func TestDutiesSayWhoAnswers(t *testing.T) {
	now := on("2026-11-21")
	l := newLog(t, on("2026-10-01"))
	l.add(on("2026-10-01"), event.PersonAdded, client.Listing{ID: "p-1", Name: "Dr. Lena Quill"})
	l.add(on("2026-10-01"), event.AccountAdded, client.Listing{ID: "frontdesk@", Uses: []string{"email"}, Person: "p-1"})
	declined := l.say(on("2026-10-02"), "bc-restore-test", document.Declined, until(on("2026-10-02"), on("2027-10-01")))
	l.say(on("2026-10-02"), "train-annual", document.Holds, subject("p-1"))
	l.say(on("2026-11-02"), "iam-mfa-email", document.Fails, subject("frontdesk@"))
	list, err := duty.Duties(duty.Input{State: l.state, Now: now, Days: 330})
	if err != nil {
		t.Fatal(err)
	}
	if d := find(t, list, "bc-restore-test"); d.Why != fmt.Sprintf("Never shown, our target 100 days, declined by the client (entry %d)", declined) {
		t.Errorf("declined: %q", d.Why)
	}
	if d := find(t, list, "iam-mfa-email"); d.Action != "Enforce a second factor on mail for frontdesk@" || d.Who != "Dr. Lena Quill" || d.Kind != duty.KindFailed {
		t.Errorf("account: %+v", d)
	}
	if d := find(t, list, "train-annual"); d.Action != "Assign the yearly course to Dr. Lena Quill" || d.Why != "Due October 2, 2027, in 315 days" {
		t.Errorf("person: %+v", d)
	}
	if d := find(t, list, "ir-incident-log"); d.Action != "Record incidents or state that there were none" {
		t.Errorf("event: %+v", d)
	}
	if d := find(t, list, "iam-offboarding"); d.Action != "State whether anything happened: leavers cut off in time" {
		t.Errorf("event: %+v", d)
	}
}

// Every practice of the catalog gives an action that is one sentence.
func TestEveryActionIsOneSentence(t *testing.T) {
	for _, p := range framework.Embedded().Practices {
		if p.Action == "" || strings.HasSuffix(p.Action, ".") || strings.ToUpper(p.Action[:1]) != p.Action[:1] {
			t.Errorf("%s: action %q", p.ID, p.Action)
		}
	}
}

func TestShownToTheClient(t *testing.T) {
	l := practice(t)
	now := on("2026-11-21")
	l.add(on("2026-11-03"), event.GapShown, record.Shown{
		Practice: "dev-disk-encryption", Since: on("2026-11-02"), Kind: "failed", To: "Dr. Lena Quill", Side: "client", Via: "page",
	})
	s, err := duty.Summarize(l.state, now)
	if err != nil {
		t.Fatal(err)
	}
	want := "has failed since November 2 for 1 of 3 devices: LT-0009: /: the volume is not encrypted (entry 416). Known to us November 2, shown to Dr. Lena Quill November 3."
	if got := s.Row(now).Loud; got == nil || got.Text != want || got.Period != "Day 20 of 30" || got.Ends != "cure period ends Dec 1" {
		t.Errorf("loud = %+v, want %q", got, want)
	}
}
