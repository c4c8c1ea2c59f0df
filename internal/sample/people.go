package sample

import (
	"context"

	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
)

// staff are the sample MSP's own people.
var staff = []struct{ id, name, role string }{
	{"dana-whitlow", "Dana Whitlow", "administrator"},
	{"rowan-sable", "Rowan Sable", "administrator"},
	{"tess-marin", "Tess Marin", "technician"},
	{"lee-castellan", "Lee Castellan", "auditor"},
}

// people adds the MSP's people with their roles.
func (w *world) people(ctx context.Context) error {
	for _, p := range staff {
		_, err := w.door.Submit(ctx, intake.Submission{
			Client: MSPID, Caller: me, Key: "member:" + p.id,
			Events: func() ([]intake.New, error) {
				return []intake.New{
					{Kind: event.MemberAdded, At: w.start, Body: member.Added{ID: p.id, Name: p.name, Mail: p.id + "@sandbar-it.example", By: "sample"}},
					{Kind: event.GrantMade, At: w.start, Body: member.Granted{Member: p.id, Role: p.role, By: "sample"}},
				}, nil
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
