package web

import (
	"breakwater/internal/client"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

func (s *Server) settingsRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/settings", Permission: permit.ViewSettings, Handle: s.settings},
		{Method: "POST", Path: "/settings/msp", Permission: permit.ManageSettings, Handle: s.settingsMSP},
		{Method: "POST", Path: "/settings/overlay", Permission: permit.AdoptCatalog, Handle: s.overlay, File: true},
		{Method: "POST", Path: "/settings/overlay/adopt", Permission: permit.AdoptCatalog, Handle: s.overlayAdopt, Slow: true},
		{Method: "GET", Path: "/clients/{client}/holds", Permission: permit.ViewClient, Handle: s.holds},
		{Method: "POST", Path: "/clients/{client}/holds", Permission: permit.PlaceHold, Handle: s.holdPlace},
		{Method: "POST", Path: "/clients/{client}/holds/{hold}/release", Permission: permit.ReleaseHold, Handle: s.holdRelease},
		{Method: "POST", Path: "/clients/{client}/erasures/{index}/approve", Permission: permit.ApproveErasure, Handle: s.erasureApprove},
	}
}

// Settings is the page of what holds for the whole instance.
type Settings struct {
	MSP, Client string // name and identifier of the MSP's own log
	Zones       []Choice
	May         bool
	MayAdopt    bool
	Vouch       string
	Outsiders   []Outsider
	Place       Place
	Size        string
	BackedUp    string
	Catalog     CatalogFacts
	Holds       []HoldRow
	Erasures    []ErasureRow
}

// CatalogFacts say which catalog judges.
type CatalogFacts struct {
	Version          int
	Source, Checked  string
	Practices        int
	Others           int // logs that another catalog judges
	Hash             string
	OwnVersion       int
	Behind, Overlaid bool
}

// HoldRow is one legal hold.
type HoldRow struct {
	ID, On, Since, By string
	Client, ClientID  string
	Release           string
}

// ErasureRow is one erasure that waits for a second person.
type ErasureRow struct {
	Index            uint64
	Client, ClientID string
	Kind, By, Why    string
	At               string
	Approve          string // where to send the form; "" if not theirs
	Own              bool   // proposed by who asks
}

var settingsPage = newPage[Settings]("settings.html")

func (s *Server) settings(v *Visit) error {
	vouch := s.vouching(v.Context(), "")
	p := Settings{
		MSP: v.msp, Client: s.door().MSP(), Zones: zoneChoices(v.Zone.String()), May: v.May(permit.ManageSettings), MayAdopt: v.May(permit.AdoptCatalog),
		Vouch: vouch.Line, Outsiders: vouch.Outsiders, Place: s.cfg.Place,
	}
	if s.cfg.Kept != nil {
		bytes, at := s.cfg.Kept(v.Context())
		p.Size = bytesWord(bytes)
		if at != 0 {
			p.BackedUp = Moment(at, v.Zone)
		}
	}
	var err error
	if p.Catalog, err = s.catalogFacts(v); err != nil {
		return err
	}
	names, err := s.memberNames(v)
	if err != nil {
		return err
	}
	err = s.eachClient(v, permit.ViewClient, func(c intake.ClientInfo, st *projection.State) error {
		p.Holds = append(p.Holds, holdRows(v, c.ID, st, names)...)
		return nil
	})
	if err != nil {
		return err
	}
	if p.Erasures, err = s.erasures(v, "", names); err != nil {
		return err
	}
	return render(v, settingsPage, v.Frame("Settings", inSettings), p)
}

func (s *Server) settingsMSP(v *Visit) error {
	body := client.Described{Name: v.Field("name"), Zone: v.Field("zone")}
	if body.Name == "" {
		return v.again(wrong("give the name of your company"), s.settings)
	}
	if _, err := s.door().Change(v.Context(), v.Caller(), s.door().MSP(), v.Now(), body, ""); err != nil {
		return v.again(err, s.settings)
	}
	return v.Go("/settings", "Name and time zone are as you said. What was recorded before keeps the old ones.")
}

func (s *Server) catalogFacts(v *Visit) (CatalogFacts, error) {
	cat, err := s.catalog(v, s.door().MSP())
	if err != nil {
		return CatalogFacts{}, err
	}
	hash := cat.Hash()
	f := CatalogFacts{
		Version: cat.Version, Source: cat.Source, Checked: civilWord(cat.Checked), Practices: len(cat.Practices), Hash: hexOf(hash[:6]),
		OwnVersion: s.door().Catalog().Version, Behind: cat.Version < s.door().Catalog().Version,
		Overlaid: cat.Version == s.door().Catalog().Version && hash != s.door().Catalog().Hash(),
	}
	err = s.eachClient(v, permit.ViewClient, func(_ intake.ClientInfo, st *projection.State) error {
		if st.Catalog().Hash() != hash {
			f.Others++
		}
		return nil
	})
	return f, err
}
