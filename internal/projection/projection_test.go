package projection_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"testing"

	"breakwater/internal/client"
	"breakwater/internal/coverage"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
	"breakwater/internal/record"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func catalogs([32]byte) (*framework.Catalog, error) { return framework.Embedded(), nil }

const day0 = int64(1_767_225_600_000) // 2026-01-01

// history is entries of one log, made one after another.
type history struct{ list []projection.Stored }

func (h *history) add(t interface{ Fatal(...any) }, kind event.Kind, at, lag int64, body any) {
	raw, err := event.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(len(h.list))
	recorded := at + lag
	if n > 0 {
		recorded = max(recorded, h.list[n-1].Recorded)
	}
	h.list = append(h.list, projection.Stored{Entry: event.Entry{Index: n, Recorded: recorded, Envelope: event.Envelope{
		Actor: "a", At: at, Body: raw, Key: fmt.Sprint(n), Kind: kind, Log: "c", Source: "test",
	}}})
}

func newHistory(t interface{ Fatal(...any) }) *history {
	h := &history{}
	hash := framework.Embedded().Hash()
	h.add(t, event.CatalogAdopted, day0, 0, record.Adopted{SHA256: hex.EncodeToString(hash[:]), Version: 1, By: "a"})
	h.add(t, event.ClientAdded, day0, 0, client.Added{ID: "c", Name: "C", Zone: "UTC"})
	h.add(t, event.DeviceAdded, day0, 0, device.Listing{ID: "LT-1", Class: "laptop", Platform: "windows"})
	return h
}

func (h *history) entries(from, to int) func() iter.Seq2[projection.Stored, error] {
	return func() iter.Seq2[projection.Stored, error] {
		return func(yield func(projection.Stored, error) bool) {
			for _, e := range h.list[from:to] {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

func (h *history) replay(t interface{ Fatal(...any) }) *projection.State {
	s, err := projection.Replay(h.entries(0, len(h.list)), catalogs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func report(t interface{ Fatal(...any) }, h *history, at, lag int64, seq uint64, protection int) {
	facts := map[string]any{"disk_encryption": map[string]any{"volumes": []any{map[string]any{"mount": "C:", "conversion_status": 1, "protection_status": protection}}}}
	hash, err := device.FactsHash(facts, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.add(t, event.DeviceReported, at, lag, device.Reported{Device: "LT-1", Seq: seq, Source: "agent", Platform: "windows", Facts: facts, Hash: hash})
}

// draw makes a history with late, out-of-order, retracted and erased entries.
func draw(t *rapid.T) *history {
	h := newHistory(t)
	for n := range rapid.IntRange(1, 12).Draw(t, "entries") {
		at := day0 + rapid.Int64Range(0, 20).Draw(t, "day")*interval.Day/2
		lag := rapid.SampledFrom([]int64{0, 1000, 2 * interval.Day}).Draw(t, "lag")
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0, 1, 2:
			report(t, h, at, lag, uint64(n+1), rapid.IntRange(0, 2).Draw(t, "protection"))
		case 3:
			p, _ := framework.Embedded().Practice("dev-disk-encryption")
			h.add(t, event.Kind(p.Number), at, lag, document.Statement{Practice: p.ID, State: rapid.SampledFrom([]string{document.Holds, document.Fails}).Draw(t, "state"), Subject: "LT-1"})
		case 4:
			i := rapid.IntRange(2, len(h.list)-1).Draw(t, "retracted")
			h.add(t, event.EntryRetracted, at, lag, record.Retracted{Index: uint64(i), Kind: uint16(h.list[i].Kind), By: "a", Why: "mistake"})
		case 5:
			i := rapid.IntRange(3, max(3, len(h.list)-1)).Draw(t, "erased")
			if i < len(h.list) && h.list[i].Kind == event.DeviceReported && !h.list[i].Erased {
				h.add(t, event.EntryErased, at, lag, record.Erased{Index: uint64(i), Kind: uint16(h.list[i].Kind), By: "a", ApprovedBy: "b", Why: "w"})
				h.list[i].Erased = true
			}
		}
	}
	return h
}

func answers(t interface{ Fatal(...any) }, s *projection.State) []coverage.Report {
	var all []coverage.Report
	for _, r := range []coverage.Reading{coverage.Proven, coverage.Best} {
		a, err := coverage.Evaluate(s.Book, coverage.Query{On: day0 + 40*interval.Day, Months: 2, Reading: r, Practices: []string{"dev-disk-encryption"}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// TestReplayLaws: folding a, then b, is folding both; and a state from a
// snapshot goes on as the state itself would.
func TestReplayLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := draw(t)
		want := answers(t, h.replay(t))
		cut := rapid.IntRange(3, len(h.list)).Draw(t, "cut")
		s, err := projection.Replay(h.entries(0, cut), catalogs, nil)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		thawed, err := projection.FromSnapshot(raw, catalogs)
		if err != nil {
			t.Fatal(err)
		}
		for name, half := range map[string]*projection.State{"fold on": s, "fold on from a snapshot": thawed} {
			for _, e := range h.list[cut:] {
				if e.Erased {
					err = half.Skip(e.Index, e.Recorded)
				} else {
					err = half.Apply(e.Entry)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if half.Again() {
				if half, err = projection.Replay(h.entries(0, len(h.list)), catalogs, half); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(want, answers(t, half)); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
	})
}

func TestEntriesOutOfOrderAreRefused(t *testing.T) {
	h := newHistory(t)
	s := projection.New(catalogs)
	if err := s.Apply(h.list[1].Entry); err == nil {
		t.Error("entry 1 was folded before entry 0")
	}
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	h := newHistory(t)
	raw, err := h.replay(t).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(raw); n += 7 {
		if _, err := projection.FromSnapshot(raw[:n], catalogs); err == nil {
			t.Fatalf("a snapshot cut to %d of %d bytes was read", n, len(raw))
		}
	}
}

// TestASnapshotKeepsTheDifferenceBetweenFalseAndUnknown: a device that is
// known not to hold ePHI must not come back as one of which nothing is known.
func TestASnapshotKeepsTheDifferenceBetweenFalseAndUnknown(t *testing.T) {
	h := newHistory(t)
	no := false
	h.add(t, event.DeviceAdded, day0, 0, device.Listing{ID: "LT-2", Class: "laptop", HoldsEPHI: &no, BackedUp: &no})
	h.add(t, event.VendorAdded, day0, 0, client.Listing{ID: "v", PHI: &no})
	h.add(t, event.DeviceReported, day0, 0, device.Reported{Device: "LT-1", Seq: 1, Source: "agent", Platform: "windows", Hash: "h", Facts: map[string]any{
		"auto_login": map[string]any{"enabled": false}, "screen_lock": map[string]any{"inactivity_seconds": 0},
	}})
	s := h.replay(t)
	raw, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	thawed, err := projection.FromSnapshot(raw, catalogs)
	if err != nil {
		t.Fatal(err)
	}
	plain := func(s *projection.State) string {
		raw, err := json.Marshal([]any{
			s.Client, s.Member, s.Device, s.Document, s.Record,
			s.Book.Register(framework.ScopeDevice).Subject("LT-2").Lives, s.Book.Register(framework.ScopeVendor).Subject("v").Lives,
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if d := cmp.Diff(plain(s), plain(thawed)); d != "" {
		t.Error(d)
	}
}
