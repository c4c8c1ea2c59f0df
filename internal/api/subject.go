package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// instant reads an optional time; 0 stands for now.
func instant(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	at, err := interval.Parse(s)
	if err != nil {
		return 0, huma.Error422UnprocessableEntity(err.Error())
	}
	return at, nil
}

type subjectIn struct {
	Client string `path:"client"`
	Body   struct {
		Kind   framework.Scope `json:"kind" enum:"device,site,account,domain,person,vendor"`
		ID     string          `json:"id"`
		Class  string          `json:"class,omitempty"`
		At     string          `json:"at,omitempty"`
		Key    string          `json:"key,omitempty" doc:"the same key twice is answered once"`
		Device *device.Listing `json:"device,omitempty"`
		Other  *client.Listing `json:"other,omitempty"`
		Why    string          `json:"why,omitempty"`
		Unused *struct {
			From string `json:"from"`
			To   string `json:"to"`
			By   string `json:"by"`
		} `json:"unused,omitempty"`
	}
}

func (in *subjectIn) subject() (intake.Subject, error) {
	at, err := instant(in.Body.At)
	s := intake.Subject{Kind: in.Body.Kind, ID: in.Body.ID, Class: in.Body.Class, At: at}
	if in.Body.Device != nil {
		s.Device = *in.Body.Device
	}
	if in.Body.Other != nil {
		s.Other = *in.Body.Other
	}
	return s, err
}

type subjectsOut struct {
	Body struct {
		Devices  []device.Listing                     `json:"devices"`
		Subjects map[framework.Scope][]client.Listing `json:"subjects"`
	}
}

// subjects registers the operations about registers.
func (a *API) subjects() {
	handle(a, http.MethodGet, "/api/clients/{client}/subjects", "List the registers", permit.ViewClient, func(ctx context.Context, in *clientPath) (*subjectsOut, error) {
		out := &subjectsOut{}
		out.Body.Devices, out.Body.Subjects = []device.Listing{}, map[framework.Scope][]client.Listing{}
		return out, a.door.Read(ctx, in.Client, func(s *projection.State) error {
			for _, d := range s.Device.Inventory(false) {
				out.Body.Devices = append(out.Body.Devices, d.Listing)
			}
			for _, scope := range client.Scopes {
				list := []client.Listing{}
				for _, m := range s.Client.Members(scope, false) {
					list = append(list, m.Listing)
				}
				out.Body.Subjects[scope] = list
			}
			return nil
		})
	})
	handle(a, http.MethodPost, "/api/clients/{client}/subjects", "Put a subject into its register", permit.EditSubjects, func(ctx context.Context, in *subjectIn) (*receiptOut, error) {
		s, err := in.subject()
		if err != nil {
			return nil, err
		}
		_, by := who(ctx)
		return receipt(a.door.AddSubject(ctx, by, in.Client, s, in.Body.Key))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/subjects/change", "Change what the register says", permit.EditSubjects, func(ctx context.Context, in *subjectIn) (*receiptOut, error) {
		s, err := in.subject()
		if err != nil {
			return nil, err
		}
		_, by := who(ctx)
		return receipt(a.door.ChangeSubject(ctx, by, in.Client, s, in.Body.Key))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/subjects/retire", "Take a subject out of its register", permit.EditSubjects, func(ctx context.Context, in *subjectIn) (*receiptOut, error) {
		s, err := in.subject()
		if err != nil {
			return nil, err
		}
		_, by := who(ctx)
		return receipt(a.door.RetireSubject(ctx, by, in.Client, s.Kind, s.ID, in.Body.Why, s.At, in.Body.Key))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/subjects/unused", "Declare a subject out of use for a time", permit.EditSubjects, func(ctx context.Context, in *subjectIn) (*receiptOut, error) {
		if in.Body.Unused == nil {
			return nil, huma.Error422UnprocessableEntity("say from when until when, and by whom: give unused")
		}
		from, err := instant(in.Body.Unused.From)
		if err != nil {
			return nil, err
		}
		to, err := instant(in.Body.Unused.To)
		if err != nil {
			return nil, err
		}
		_, by := who(ctx)
		return receipt(a.door.Unused(ctx, by, in.Client, in.Body.Kind, in.Body.ID, from, to, in.Body.Unused.By, in.Body.Why, in.Body.Key))
	})
}
