package web

import (
	"fmt"
	"io"
	"strconv"

	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

const maxOverlay = 256 << 10

// OverlayPreview is the page that shows what an overlay would change before it
// is adopted.
type OverlayPreview struct {
	Name, Why, Text string
	Changes         []OverlayChange
	Logs            int
}

// OverlayChange is one number or word that an overlay tightens.
type OverlayChange struct{ Where, What, Now, Then string }

var overlayPage = newPage[OverlayPreview]("overlay.html")

// catalog is the catalog that judges a client's log now.
func (s *Server) catalog(v *Visit, client string) (*framework.Catalog, error) {
	var c *framework.Catalog
	err := s.door().Read(v.Context(), client, func(st *projection.State) error {
		c = st.Catalog()
		return nil
	})
	return c, err
}

// overlay shows what the overlay of a form would change.
func (s *Server) overlay(v *Visit) error {
	f, _, err := v.FormFile("file")
	if err != nil {
		return v.again(wrong("choose the overlay file"), s.settings)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxOverlay+1))
	if err != nil {
		return errForm
	}
	o, err := framework.ParseOverlay(raw)
	if err != nil {
		return v.again(wrong(err.Error()), s.settings)
	}
	now, err := s.catalog(v, s.door().MSP())
	if err != nil {
		return err
	}
	then, err := now.Apply(o)
	if err != nil {
		return v.again(wrong(err.Error()), s.settings)
	}
	clients, err := s.door().Clients(v.Context())
	if err != nil {
		return err
	}
	p := OverlayPreview{Name: o.Name, Why: o.Why, Text: string(raw), Changes: Tightened(now, then), Logs: len(clients)}
	return render(v, overlayPage, v.Frame("Overlay "+o.Name, inSettings, Crumb{inSettings, "/settings"}), p)
}

// Tightened lists what one catalog asks more strictly than another of the same
// practices and parameters.
func Tightened(now, then *framework.Catalog) []OverlayChange {
	var list []OverlayChange
	add := func(where, what, a, b string) {
		if a != b {
			list = append(list, OverlayChange{where, what, a, b})
		}
	}
	days := func(n int) string { return Count(n, "day") }
	for _, p := range now.Practices {
		q, ok := then.Practice(p.ID)
		if !ok {
			continue
		}
		add(p.Title, "evidence lasts", days(p.Freshness.MaxAgeDays), days(q.Freshness.MaxAgeDays))
		add(p.Title, "limit set by", limitWord(p.Freshness.Limit), limitWord(q.Freshness.Limit))
		add(p.Title, "time for something new", days(p.OnboardDays), days(q.OnboardDays))
		add(p.Title, "in the profile", string(p.Profile), string(q.Profile))
		if p.Event != nil && q.Event != nil {
			add(p.Title, "to be answered within", days(p.Event.DeadlineDays), days(q.Event.DeadlineDays))
			add(p.Title, "deadline set by", limitWord(p.Event.DeadlineLimit), limitWord(q.Event.DeadlineLimit))
		}
	}
	for _, p := range now.Parameters {
		if q, ok := then.Parameter(p.ID); ok {
			add("Parameter "+p.ID, p.Unit, strconv.FormatInt(p.Value, 10), strconv.FormatInt(q.Value, 10))
		}
	}
	return list
}

func limitWord(l framework.Limit) string {
	switch l {
	case framework.LimitRule:
		return "the rule"
	case framework.LimitAgreement:
		return "an agreement"
	case framework.LimitClientPolicy:
		return "the client's policy"
	}
	return "our target"
}

// overlayAdopt adopts an overlay in every log. Each log's own catalog is
// tightened, so that nothing is loosened where another overlay was adopted
// before; a log that has it already is left as it is.
func (s *Server) overlayAdopt(v *Visit) error {
	o, err := framework.ParseOverlay([]byte(v.PostFormValue("overlay")))
	if err != nil {
		return v.again(wrong(err.Error()), s.settings)
	}
	clients, err := s.door().Clients(v.Context())
	if err != nil {
		return err
	}
	n := 0
	for _, c := range clients {
		did, err := s.adoptIn(v, c, o)
		if err != nil {
			return v.again(err, s.settings)
		}
		if did {
			n++
		}
	}
	return v.Go("/settings", fmt.Sprintf("%s now judges in %s. The past stays as it was judged.", o.Name, Count(n, "log")))
}

func (s *Server) adoptIn(v *Visit, c intake.ClientInfo, o *framework.Overlay) (bool, error) {
	if !v.MayFor(permit.ViewClient, c.ID) {
		return false, nil
	}
	now, err := s.catalog(v, c.ID)
	if err != nil {
		return false, err
	}
	then, err := now.Apply(o)
	if err != nil {
		return false, wrong(c.Name + ": " + err.Error())
	}
	if len(Tightened(now, then)) == 0 {
		return false, nil
	}
	_, err = s.door().Adopt(v.Context(), v.Caller(), c.ID, then, o.Name)
	return err == nil, err
}
