package intake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

// ClientInfo is one client in the list of clients.
type ClientInfo struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	MSP     bool   `json:"msp"`
	LogSize uint64 `json:"log_size"`
	Sample  bool   `json:"sample,omitempty"`
	Origin  string `json:"origin,omitempty"`
}

// Clients lists all clients, the MSP's own log first. It loads no state.
func (d *Door) Clients(ctx context.Context) ([]ClientInfo, error) {
	rooms, sizes, err := d.rooms(ctx)
	if err != nil {
		return nil, err
	}
	res := make([]ClientInfo, len(rooms))
	err = d.each(rooms, func(n int, r *room) (err error) {
		res[n], err = d.info(ctx, r, sizes[n])
		return err
	})
	return res, err
}

// NewClient is a client to be added.
type NewClient struct {
	client.Added
	Kind    framework.LegalKind
	Program string
	Profile framework.Profile
	At      int64 // ms UTC; now if 0
}

// fill completes what was left out.
func (n *NewClient) fill(now int64) {
	if n.ID == "" {
		n.ID = client.IDFrom(n.Name)
	}
	if n.Zone == "" {
		n.Zone = ZoneOf(n.Region)
	}
	if n.Kind == "" {
		n.Kind = framework.CoveredEntity
		if n.MSP {
			n.Kind = framework.BusinessAssociate
		}
	}
	if n.At == 0 {
		n.At = now
	}
}

// CheckNew refuses a client that cannot be added, and completes it.
func (d *Door) CheckNew(ctx context.Context, n *NewClient) error {
	n.fill(d.Now())
	if err := n.Check(); err != nil {
		return invalid{err}
	}
	if err := client.CheckKind(n.Kind); err != nil {
		return invalid{err}
	}
	if n.Program != "" {
		if _, ok := framework.FrameworkNamed(n.Program); !ok {
			return invalid{fmt.Errorf("program %q is not known: list them with `breakwater frameworks`", n.Program)}
		}
	}
	if _, err := d.find(ctx, n.ID); err == nil {
		return invalid{fmt.Errorf("client %s %w: choose another identifier with --id", n.ID, ErrExists)}
	}
	return nil
}

// AddClient makes a client's log: the catalog that judges it, then the client
// itself.
func (d *Door) AddClient(ctx context.Context, by Caller, n NewClient) (Receipt, error) {
	if err := d.CheckNew(ctx, &n); err != nil {
		return Receipt{}, err
	}
	n.Sample = d.sample
	if n.MSP && d.MSP() != "" {
		return Receipt{}, invalid{fmt.Errorf("the MSP's own log %w: there is one only", ErrExists)}
	}
	catalog, err := d.judging(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if err := d.keepCatalog(ctx, catalog); err != nil {
		return Receipt{}, err
	}
	l, err := d.store.CreateLog(ctx, store.Log{Name: n.ID, MSP: n.MSP, Sample: d.sample})
	if errors.Is(err, store.ErrExists) {
		return Receipt{}, invalid{fmt.Errorf("client %s %w: choose another identifier with --id", n.ID, ErrExists)}
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("make the log of %s: %w", n.ID, err)
	}
	d.mu.Lock()
	d.clients[n.ID] = &room{log: l}
	d.order = orderOf(d.clients)
	d.mu.Unlock()
	rec, err := d.Submit(ctx, Submission{Client: n.ID, Caller: by, Key: "client.added", Events: func() ([]New, error) {
		return firstEvents(by, n, catalog), nil
	}})
	if err != nil || n.MSP {
		return rec, err
	}
	return rec, d.welcome(ctx, n.ID)
}

// judging is the catalog that new logs adopt: the one that judges the MSP's
// own log, with its overlay, unless the program's is newer.
func (d *Door) judging(ctx context.Context) (*framework.Catalog, error) {
	catalog := d.catalog
	if d.MSP() == "" {
		return catalog, nil
	}
	err := d.Read(ctx, d.MSP(), func(s *projection.State) error {
		if have := s.Catalog(); have.Version >= catalog.Version {
			catalog = have
		}
		return nil
	})
	return catalog, err
}

func firstEvents(by Caller, n NewClient, catalog *framework.Catalog) []New {
	hash := catalog.Hash()
	list := []New{
		{Kind: event.CatalogAdopted, At: n.At, Body: record.Adopted{SHA256: hex.EncodeToString(hash[:]), Version: catalog.Version, By: by.Actor}},
		{Kind: event.ClientAdded, At: n.At, Body: n.Added},
		{Kind: event.LegalKindStated, At: n.At, Body: client.KindStated{Kind: n.Kind}},
	}
	if n.Program != "" {
		list = append(list, New{Kind: event.ProgramElected, At: n.At, Body: client.Elected{Framework: n.Program}})
	}
	if n.Profile != "" {
		list = append(list, New{Kind: event.ProfileSet, At: n.At, Body: client.Profiled{Profile: n.Profile}})
	}
	return list
}

// Change says something new of the client itself: body is one of
// client.Described, KindStated, Elected, Profiled, ScopeStatement, Baseline.
func (d *Door) Change(ctx context.Context, by Caller, id string, at int64, body any, key string) (Receipt, error) {
	undated := at == 0
	if undated {
		at = d.Now()
	}
	kind, check, err := changeOf(body)
	if err != nil {
		return Receipt{}, err
	}
	return d.Submit(ctx, Submission{Client: id, Caller: by, Key: key, Check: check, Events: func() ([]New, error) {
		return []New{{Kind: kind, At: at, Undated: undated, Body: body}}, nil
	}})
}

func changeOf(body any) (event.Kind, func(*projection.State) error, error) {
	ask := func(f func() error) func(*projection.State) error {
		return func(*projection.State) error { return f() }
	}
	switch v := body.(type) {
	case client.Described:
		return event.ClientDescribed, ask(func() error {
			if v.Zone != "" {
				if err := client.CheckZone(v.Zone); err != nil {
					return err
				}
			}
			if v.Name != "" {
				return client.CheckName("client name", v.Name)
			}
			return nil
		}), nil
	case client.KindStated:
		return event.LegalKindStated, ask(func() error { return client.CheckKind(v.Kind) }), nil
	case client.Elected:
		return event.ProgramElected, ask(func() error {
			if _, ok := framework.FrameworkNamed(v.Framework); !ok {
				return fmt.Errorf("program %q is not known: list them with `breakwater frameworks`", v.Framework)
			}
			return nil
		}), nil
	case client.Profiled:
		return event.ProfileSet, ask(func() error {
			switch v.Profile {
			case framework.ProfileSmall, framework.ProfileCore, framework.ProfileAll:
				return nil
			}
			return fmt.Errorf("profile %q is not known: use small, core or all", v.Profile)
		}), nil
	case client.ScopeStatement:
		return event.ScopeStated, ask(v.Check), nil
	case client.Baseline:
		return event.BaselineSet, nil, nil
	}
	return 0, nil, fmt.Errorf("no event says %T", body)
}

// ZoneOf is the time zone of most of a US state, "America/Chicago" where none
// is given: a start that the client's page lets anyone correct.
func ZoneOf(state string) string {
	for zone, states := range zones {
		for i := 0; i+2 <= len(states); i += 3 {
			if states[i:i+2] == state {
				return zone
			}
		}
	}
	return "America/Chicago"
}

var zones = map[string]string{
	"America/New_York":    "CT DE DC FL GA IN KY ME MD MA MI NH NJ NY NC OH PA RI SC VT VA WV",
	"America/Chicago":     "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
	"America/Denver":      "CO ID MT NM UT WY",
	"America/Phoenix":     "AZ",
	"America/Los_Angeles": "CA NV OR WA",
	"America/Anchorage":   "AK",
	"Pacific/Honolulu":    "HI",
	"America/Puerto_Rico": "PR VI",
	"Pacific/Guam":        "GU MP",
	"Pacific/Pago_Pago":   "AS",
}
