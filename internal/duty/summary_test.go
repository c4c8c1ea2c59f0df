package duty_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"breakwater/internal/client"
	"breakwater/internal/document"
	"breakwater/internal/duty"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

func summarize(t testing.TB, s *projection.State, now int64) duty.Summary {
	t.Helper()
	sum, err := duty.Summarize(s, now)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestRow(t *testing.T) {
	now := on("2026-11-21")
	s := summarize(t, practice(t).state, now)
	r := s.Row(now)
	type words struct{ About, Word, Beside, Next, When, Clock, Restarts string }
	want := words{
		"Dental, 3 devices", "1 failed", "and 1 unproven", "Yearly training for everyone", "16 days past our target",
		"stopped", "restarts when closed",
	}
	if diff := cmp.Diff(want, words{r.About, r.Word, r.Beside, r.Next.Title, r.Next.When, r.Clock.Word, r.Clock.Beside}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r.State != duty.Failed || r.Day != 20 || r.CureEnds != end("2026-12-01") || r.New {
		t.Errorf("row = %+v", r)
	}
	if r.Strip.Fa != "M346 1V17H366V1z" {
		t.Errorf("strip = %+v", r.Strip)
	}
}

func TestRowOfANewClient(t *testing.T) {
	now := on("2026-11-21")
	s := summarize(t, newLog(t, now-interval.Day/24).state, now)
	r := s.Row(now)
	if !r.New || r.Word != "Started today" || r.State != duty.Outside || r.Strip.Fa+r.Strip.Un+r.Strip.In != "M365 9H366" && r.Strip.Fa != "" {
		t.Errorf("row = %+v", r)
	}
	if r.Strip.Label != "Started today, nothing shown yet" || r.Next.Title != "Enroll the first device" || r.Next.When != "about 4 minutes" {
		t.Errorf("row = %+v", r)
	}
	if r.Clock.Word != "Nov 21, 2027" {
		t.Errorf("clock = %+v", r.Clock)
	}
	later := on("2026-11-30")
	if r := s.Row(later); r.New || r.Word != "Started Nov 21" || r.State != duty.Outside {
		t.Errorf("nine days later: %+v", r)
	}
}

// complete is a client whose elected practices are all attested from a day on.
func complete(t testing.TB, began, shown int64) *written {
	l := newLog(t, began)
	l.add(began, event.ProgramElected, client.Elected{Framework: "hicp"})
	for _, p := range framework.Embedded().Elected("hicp", framework.ProfileSmall) {
		if p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP {
			state := document.Holds
			l.say(shown, p.ID, state)
			continue
		}
		l.say(shown, p.ID, document.Nil, until(shown-interval.Day, shown+90*interval.Day))
	}
	return l
}

func TestClock(t *testing.T) {
	shown := on("2026-11-01")
	l := complete(t, on("2026-10-01"), shown)
	s := summarize(t, l.state, on("2026-11-02"))
	if s.Clock.Since != shown || s.Clock.Stops <= on("2026-11-02") {
		t.Fatalf("clock = %+v, since want %d", s.Clock, shown)
	}
	if r := s.Row(on("2026-11-02")); r.Clock.Word != "Nov 1, 2027" || r.Clock.Complete {
		t.Errorf("clock = %+v", r.Clock)
	}
	last := s.Clock.Stops
	if last < s.Until {
		if r := s.Row(last); r.Clock.Word != "stopped" || r.Clock.Beside != "restarts when shown" {
			t.Errorf("after the first lapse: %+v", r.Clock)
		}
	}
}

// A summary made on one day says on each later day what one made then says.
func TestSummaryHoldsWhileItLasts(t *testing.T) {
	now := on("2026-11-21")
	l := practice(t)
	s := summarize(t, l.state, now)
	for _, c := range [...]*written{l, complete(t, on("2026-10-01"), on("2026-11-01"))} {
		s = summarize(t, c.state, now)
		for at := now; at < s.Until; at += interval.Day / 2 {
			fresh := summarize(t, c.state, at)
			was, is := s.Row(at), fresh.Row(at)
			if diff := cmp.Diff(is.Tally, was.Tally); diff != "" {
				t.Fatalf("tally %s (-then +before)\n%s", interval.Format(at), diff)
			}
			if diff := cmp.Diff(is.Strip, was.Strip); diff != "" {
				t.Fatalf("strip %s (-then +before)\n%s", interval.Format(at), diff)
			}
		}
		if s.Fresh(c.state.Size, s.Until) || s.Fresh(c.state.Size+1, now) || !s.Fresh(c.state.Size, now) {
			t.Error("Fresh does not end with the projection or with the log")
		}
	}
}

func TestSummaryIsSmallPlainData(t *testing.T) {
	for _, l := range [...]*written{practice(t), complete(t, on("2026-10-01"), on("2026-11-01"))} {
		plain(t, summarize(t, l.state, on("2026-11-21")))
	}
}

// plain checks that a summary survives its encodings, in little room.
func plain(t *testing.T, s duty.Summary) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back duty.Summary
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		t.Fatal(err)
	}
	size := b.Len()
	var again duty.Summary
	if err := gob.NewDecoder(&b).Decode(&again); err != nil {
		t.Fatal(err)
	}
	now := on("2026-11-25")
	want := s.Row(now)
	if diff := cmp.Diff(want, back.Row(now)) + cmp.Diff(want, again.Row(now)); diff != "" {
		t.Error(diff)
	}
	if size > 4<<10 {
		t.Errorf("a summary has %d bytes", size)
	}
}

func TestNoCatalog(t *testing.T) {
	s := projection.New(func([32]byte) (*framework.Catalog, error) { return nil, fmt.Errorf("none") })
	if _, err := duty.Summarize(s, 1); err == nil {
		t.Error("a log without a catalog has a summary")
	}
	if _, err := duty.Duties(duty.Input{State: s, Now: 1}); err == nil {
		t.Error("a log without a catalog has duties")
	}
	if _, err := duty.ClientClaim(duty.Asked{State: s}); err == nil {
		t.Error("a log without a catalog has a claim")
	}
}

// busy is a client of 200 devices over a year, three of which fell silent now
// and then.
func busy(t testing.TB) (*projection.State, int64) {
	began := on("2025-11-01")
	l := newLog(t, began)
	var ids []string
	for i := range 200 {
		id := fmt.Sprintf("LT-%04d", i)
		ids = append(ids, id)
		l.device(began, id)
		l.report(began, id, 1, true)
	}
	for at := began + interval.Day; at < on("2026-11-21"); at += interval.Day {
		n := at / interval.Day
		present := ids
		if n%40 < 12 {
			present = ids[1+n/40%17:]
		}
		l.seen(at, at, present...)
	}
	for _, p := range framework.Embedded().Practices {
		if p.In(framework.ProfileSmall) && p.Scope == framework.ScopeClient {
			l.say(began, p.ID, document.Holds)
			l.say(on("2026-08-01"), p.ID, document.Holds)
		}
	}
	return l.state, on("2026-11-21")
}

func BenchmarkSummarize(b *testing.B) {
	state, now := busy(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := duty.Summarize(state, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDuties(b *testing.B) {
	state, now := busy(b)
	for b.Loop() {
		if _, err := duty.Duties(duty.Input{State: state, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	state, now := busy(b)
	s, err := duty.Summarize(state, now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Row(now + interval.Day)
	}
}
