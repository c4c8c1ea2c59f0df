package api

import (
	"context"
	"net/http"
	"slices"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

type clientsOut struct {
	Body struct {
		Clients []intake.ClientInfo `json:"clients"`
	}
}

type clientIn struct {
	Body struct {
		ID      string              `json:"id,omitempty" doc:"lower-case letters, digits, hyphens; made from the name if left out"`
		Name    string              `json:"name"`
		Kind    framework.LegalKind `json:"kind,omitempty" doc:"covered_entity, business_associate, hybrid, part2 or none"`
		Zone    string              `json:"zone,omitempty" doc:"IANA time zone; that of the state if left out"`
		State   string              `json:"state,omitempty" doc:"two letters"`
		Line    string              `json:"line,omitempty"`
		Program string              `json:"program,omitempty"`
		Profile framework.Profile   `json:"profile,omitempty"`
	}
}

type idOut struct {
	Body struct {
		ID string `json:"id"`
	}
}

// clients registers the operations about clients themselves.
func (a *API) clients() {
	handle(a, http.MethodGet, "/api/clients", "List clients", permit.ViewOwn, func(ctx context.Context, _ *struct{}) (*clientsOut, error) {
		p, _ := who(ctx)
		all, err := a.door.Clients(ctx)
		if err != nil {
			return nil, err
		}
		mine, every := p.Clients(permit.ViewClient, a.door.Now())
		out := &clientsOut{}
		out.Body.Clients = slices.DeleteFunc(all, func(c intake.ClientInfo) bool { return !every && !slices.Contains(mine, c.ID) })
		return out, nil
	})
	handle(a, http.MethodPost, "/api/clients", "Add a client", permit.AddClient, func(ctx context.Context, in *clientIn) (*idOut, error) {
		_, by := who(ctx)
		b := in.Body
		r, err := a.door.AddClient(ctx, by, intake.NewClient{
			Added: client.Added{ID: b.ID, Name: b.Name, Zone: b.Zone, Region: b.State, Line: b.Line}, Kind: b.Kind, Program: b.Program, Profile: b.Profile,
		})
		if err != nil {
			return nil, err
		}
		out := &idOut{}
		out.Body.ID = r.Log
		return out, nil
	})
	handle(a, http.MethodGet, "/api/clients/{client}", "One client", permit.ViewClient, a.oneClient)
	handle(a, http.MethodPost, "/api/clients/{client}/profile", "Choose the profile of practices", permit.EditClient, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		Body   client.Profiled
	},
	) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.Change(ctx, by, in.Client, 0, in.Body, ""))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/program", "Elect a program", permit.EditClient, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		Body   client.Elected
	},
	) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.Change(ctx, by, in.Client, 0, in.Body, ""))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/kind", "State the legal kind from a date on", permit.EditClient, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		Body   struct {
			Kind framework.LegalKind `json:"kind"`
			At   string              `json:"at,omitempty"`
		}
	},
	) (*receiptOut, error) {
		at, err := instant(in.Body.At)
		if err != nil {
			return nil, err
		}
		_, by := who(ctx)
		return receipt(a.door.Change(ctx, by, in.Client, at, client.KindStated{Kind: in.Body.Kind}, ""))
	})
}

type clientOut struct {
	Body struct {
		ID       string              `json:"id"`
		Name     string              `json:"name"`
		MSP      bool                `json:"msp"`
		Kind     framework.LegalKind `json:"kind"`
		Zone     string              `json:"zone"`
		State    string              `json:"state,omitempty"`
		Program  string              `json:"program,omitempty"`
		Profile  framework.Profile   `json:"profile"`
		LogSize  uint64              `json:"log_size"`
		Added    string              `json:"added"`
		Devices  int                 `json:"devices"`
		Subjects map[string]int      `json:"subjects"`
		Scope    bool                `json:"scope_statement_signed"`
	}
}

func (a *API) oneClient(ctx context.Context, in *clientPath) (*clientOut, error) {
	out := &clientOut{}
	return out, a.door.Read(ctx, in.Client, func(s *projection.State) error {
		b := &out.Body
		b.ID, b.Name, b.MSP, b.Kind, b.Zone, b.State = s.Client.ID, s.Client.Name, s.Client.MSP, s.Client.Kind, s.Client.Zone, s.Client.Region
		b.Program, b.Profile, b.LogSize, b.Added = s.Client.Program, s.Client.Profile, s.Size, interval.Format(s.Client.AddedAt.At)
		b.Devices, b.Scope, b.Subjects = s.Device.Count(), s.Client.Scope != nil, map[string]int{}
		for _, scope := range client.Scopes {
			b.Subjects[string(scope)] = s.Client.Count(scope)
		}
		return nil
	})
}

type clientPath struct {
	Client string `path:"client" doc:"identifier of the client"`
}

// receiptOut is what every recording answers.
type receiptOut struct {
	Body struct {
		Log      string `json:"log"`
		Index    uint64 `json:"index"`
		At       string `json:"at"`
		Recorded string `json:"recorded"`
		Repeated bool   `json:"repeated"`
		Warning  string `json:"warning,omitempty"`
	}
}

func receipt(r intake.Receipt, err error) (*receiptOut, error) {
	if err != nil {
		return nil, err
	}
	out := &receiptOut{}
	b := &out.Body
	b.Log, b.Index, b.Repeated, b.Warning = r.Log, r.Index, r.Repeated, r.Warning
	b.At, b.Recorded = interval.Format(r.At), interval.Format(r.Recorded)
	return out, nil
}
