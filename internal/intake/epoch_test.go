package intake_test

import (
	"errors"
	"testing"

	"breakwater/internal/coverage"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/ledger"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

// TestCoverageFoldsAllEpochs: after entries were lost a new log goes on, and
// what is left of the old one still counts.
func TestCoverageFoldsAllEpochs(t *testing.T) {
	d := newDesk(t)
	c := d.add("Lakeside Dental")
	kept := d.say(c, "ir-plan", document.Holds, "2026-06-01")
	logs, err := d.Store().Logs(d.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var old store.Log
	for _, l := range logs {
		if l.Name == c {
			old = l
		}
	}
	origin, err := ledger.NextEpoch(old.Origin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store().CreateLog(d.ctx, store.Log{Name: c, Epoch: 2, Origin: origin}); err != nil {
		t.Fatal(err)
	}
	d.set("2026-06-05T00:00:00Z")
	if _, err := d.Clients(d.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Submit(d.ctx, intake.Submission{Client: c, Caller: dana, Events: func() ([]intake.New, error) {
		return []intake.New{{Kind: event.EpochBegun, At: d.Now(), Body: record.Epoch{Origin: old.Origin, Size: 9, Root: "r", By: "dana", Why: "disk lost"}}}, nil
	}}); err != nil {
		t.Fatal(err)
	}
	if p := d.ask(c, "ir-plan", "2026-06-10", coverage.Proven); !p.AtOn {
		t.Errorf("the old epoch's evidence does not count: %+v", p)
	}
	fresh := d.say(c, "risk-analysis", document.Holds, "2026-06-05")
	if want := kept.Index + 2; fresh.Index != want {
		t.Errorf("got index %d, want %d: numbers go on through the epochs", fresh.Index, want)
	}
	if p := d.ask(c, "risk-analysis", "2026-06-10", coverage.Proven); !p.AtOn {
		t.Errorf("the new epoch's evidence does not count: %+v", p)
	}
	if _, err := d.Retract(d.ctx, dana, c, fresh.Index, "mistake"); err != nil {
		t.Fatal(err)
	}
	if p := d.ask(c, "risk-analysis", "2026-06-10", coverage.Best); p.AtOn {
		t.Error("the retraction in the new epoch took something else back")
	}
	if p := d.ask(c, "ir-plan", "2026-06-10", coverage.Best); !p.AtOn {
		t.Error("the retraction in the new epoch took the old epoch's entry back")
	}
	if _, err := d.Retract(d.ctx, dana, c, kept.Index, "mistake"); !errors.Is(err, intake.ErrInvalid) {
		t.Errorf("an entry of a closed log: got %v, want it refused", err)
	}
	lines, size, err := d.Lines(d.ctx, c, 0, 100)
	if err != nil || int(size) != len(lines) || lines[kept.Index].Kind == lines[fresh.Index].Kind {
		t.Errorf("got %d lines of %d, %v", len(lines), size, err)
	}
}
