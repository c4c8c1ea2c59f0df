package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakwater/internal/penalty"
	"breakwater/internal/permit"
	"breakwater/internal/record"
)

type whyIn struct {
	Client string `path:"client"`
	Index  uint64 `path:"index"`
	Body   struct {
		Why string `json:"why"`
	}
}

type holdIn struct {
	Client string `path:"client"`
	Body   struct {
		ID      string `json:"id,omitempty"`
		On      string `json:"on,omitempty" doc:"client, person, device, incident or period"`
		Subject string `json:"subject,omitempty"`
	}
}

type penaltyOut struct {
	Body penalty.Result
}

// removals registers the operations that take back, close, erase or hold.
func (a *API) removals() {
	handle(a, http.MethodPost, "/api/clients/{client}/log/{index}/retract", "Take an entry back that was a mistake", permit.RetractEntry, func(ctx context.Context, in *whyIn) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.Retract(ctx, by, in.Client, in.Index, in.Body.Why))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/log/{index}/close", "Close a failing entry without a pass", permit.RecordEvidence, func(ctx context.Context, in *whyIn) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.CloseFailure(ctx, by, in.Client, in.Index, in.Body.Why))
	})
	handle(a, http.MethodPost, "/api/clients/{client}/log/{index}/erase", "Propose that an entry's content be destroyed; a second person approves it on the page or the command line", permit.ProposeErasure, func(ctx context.Context, in *whyIn) (*struct{}, error) {
		_, by := who(ctx)
		return nil, a.door.ProposeErasure(ctx, by, in.Client, in.Index, in.Body.Why)
	})
	handle(a, http.MethodPost, "/api/clients/{client}/holds", "Place a legal hold", permit.PlaceHold, func(ctx context.Context, in *holdIn) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.PlaceHold(ctx, by, in.Client, record.Hold{ID: in.Body.ID, On: in.Body.On, Subject: in.Body.Subject}))
	})
	handle(a, http.MethodDelete, "/api/clients/{client}/holds/{id}", "Release a legal hold", permit.ReleaseHold, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		ID     string `path:"id"`
	},
	) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.ReleaseHold(ctx, by, in.Client, in.ID))
	})
	handle(a, http.MethodPost, "/api/penalty", "Compute federal civil money penalties from dates and counts", permit.ViewOwn, func(_ context.Context, in *struct{ Body json.RawMessage }) (*penaltyOut, error) {
		asked, err := penalty.Parse(bytes.NewReader(in.Body))
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		res, err := penalty.Compute(asked)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return &penaltyOut{res}, nil
	})
}
