package web

import (
	"fmt"
	"slices"

	"breakwater/internal/coverage"
	"breakwater/internal/duty"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// shown is a failure that a page shows.
type shown struct {
	practice string
	since    int64
}

// failures are the gaps of an answer that are failed at its end.
func failures(r coverage.Report, a asked) []shown {
	var list []shown
	for n := range r.Practices {
		s := stretches(&r.Practices[n])
		if len(s) > 0 && s[len(s)-1].class == "fa" {
			list = append(list, shown{r.Practices[n].ID, s[len(s)-1].From})
		}
	}
	return list
}

// side says for whom a gap is shown to who asks: "client" for an officer of
// the client, "msp" for the MSP's own people, "" for others and for the guest
// of a sample.
func (v *Visit) side(client string) string {
	if v.Guest || !v.SignedIn {
		return ""
	}
	switch v.Who.Role(permit.ViewGaps, client, v.Now()) {
	case permit.Administrator, permit.Technician:
		return "msp"
	case permit.ClientOfficer:
		return "client"
	}
	return ""
}

// noteShown records the first time that each failure is shown to a side (45
// CFR 160.410(c) asks when it was known). The key makes it once. A page is
// answered although it could not be recorded: the next visit records it.
func (d *desk) noteShown(v *Visit, client string, list []shown) {
	if err := d.tryShown(v, client, list); err != nil {
		d.cfg.Log.ErrorContext(v.Context(), "note that a gap was shown", "request", v.ID, "error", err)
	}
}

func (d *desk) tryShown(v *Visit, client string, list []shown) error {
	side := v.side(client)
	list = slices.DeleteFunc(list, func(s shown) bool { _, done := d.shown.Load(s.key(client, side)); return done })
	if side == "" || len(list) == 0 {
		return nil
	}
	var fresh []shown
	err := d.door().Read(v.Context(), client, func(st *projection.State) error {
		for _, s := range list {
			if !wasShown(st, s, side) {
				fresh = append(fresh, s)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range fresh {
		if err := d.showOnce(v, client, s, side); err != nil {
			return err
		}
	}
	for _, s := range list {
		d.shown.Store(s.key(client, side), true)
	}
	return nil
}

// key names the first showing of a failure to a side.
func (s shown) key(client, side string) string {
	return fmt.Sprintf("%s:%s:%s:%d", client, side, s.practice, s.since)
}

// notePortfolio is noteShown for the failures that the portfolio speaks of.
func (d *desk) notePortfolio(v *Visit, rows []duty.Row) {
	for _, r := range rows {
		if r.Loud != nil {
			d.noteShown(v, r.ID, []shown{{r.Loud.Practice, r.Loud.Since}})
		}
	}
}

func wasShown(st *projection.State, s shown, side string) bool {
	for _, x := range st.Record.Shown {
		if x.Practice == s.practice && x.Side == side && x.Kind == coverage.Failed && x.Since >= s.since {
			return true
		}
	}
	return false
}

func (d *desk) showOnce(v *Visit, client string, s shown, side string) error {
	body := record.Shown{Practice: s.practice, Since: s.since, Kind: coverage.Failed, Side: side}
	submitted := body
	body.To, body.Via = v.Who.Name, "page"
	_, err := d.door().Submit(v.Context(), intake.Submission{
		Client: client, Caller: v.Caller(), Key: fmt.Sprintf("shown:%s:%s:%d", side, s.practice, s.since),
		Events: func() ([]intake.New, error) {
			return []intake.New{{Kind: event.GapShown, At: v.Now(), Body: body, Submitted: submitted}}, nil
		},
	})
	return err
}
