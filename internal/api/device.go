package api

import (
	"context"
	"net/http"

	"breakwater/internal/device"
	"breakwater/internal/permit"
)

type secretOut struct {
	Body struct {
		ID     string `json:"id"`
		Secret string `json:"secret" doc:"shown once"`
	}
}

// devices registers the operations of devices and about them.
func (a *API) devices() {
	handle(a, http.MethodGet, "/api/clients/{client}/devices", "The inventory", permit.ViewClient, a.listDevices)
	handle(a, http.MethodPost, "/api/clients/{client}/secrets", "Make an enrollment secret", permit.ManageSecrets, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		Body   struct {
			Site string `json:"site,omitempty"`
			To   string `json:"to,omitempty" doc:"when it ends"`
		}
	},
	) (*secretOut, error) {
		to, err := instant(in.Body.To)
		if err != nil {
			return nil, err
		}
		_, by := who(ctx)
		out := &secretOut{}
		out.Body.Secret, out.Body.ID, err = a.door.MakeSecret(ctx, by, in.Client, in.Body.Site, to)
		return out, err
	})
	handle(a, http.MethodDelete, "/api/clients/{client}/secrets/{id}", "Revoke an enrollment secret", permit.ManageSecrets, func(ctx context.Context, in *struct {
		Client string `path:"client"`
		ID     string `path:"id"`
	},
	) (*receiptOut, error) {
		_, by := who(ctx)
		return receipt(a.door.RevokeSecret(ctx, by, in.Client, in.ID))
	})
	handle(a, http.MethodPost, "/api/agent/enroll", "Enroll a device on the strength of an enrollment secret", permit.ByDevice, func(ctx context.Context, in *struct{ Body device.Enrollment }) (*struct{ Body device.Place }, error) {
		p, err := a.door.Enroll(ctx, in.Body)
		return &struct{ Body device.Place }{p}, err
	})
	handle(a, http.MethodPost, "/api/agent/report", "Hand in a device's report, signed by its key", permit.ByDevice, func(ctx context.Context, in *struct{ Body device.Report }) (*struct{ Body device.Ack }, error) {
		ack, err := a.door.Report(ctx, in.Body)
		return &struct{ Body device.Ack }{ack}, err
	})
}
