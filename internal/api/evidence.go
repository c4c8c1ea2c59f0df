package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakwater/internal/document"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

type evidenceIn struct {
	Client string `path:"client"`
	Body   struct {
		Practice string `json:"practice"`
		State    string `json:"state,omitempty" doc:"holds (default), fails, unknown, nil, trigger, answer, alternative, accepted_risk, declined"`
		Subject  string `json:"subject,omitempty"`
		At       string `json:"at,omitempty"`
		From     string `json:"from,omitempty"`
		To       string `json:"to,omitempty"`
		Ref      string `json:"ref,omitempty"`
		Note     string `json:"note,omitempty"`
		By       string `json:"by,omitempty"`
		Key      string `json:"key,omitempty" doc:"the same key twice is answered once"`
		File     *struct {
			Name    string `json:"name"`
			Content string `json:"content" doc:"base64, up to 700 KB; larger documents through the page or the command"`
		} `json:"file,omitempty"`
	}
}

// reliefs need the client's own word.
func permissionOf(state string) permit.Permission {
	switch state {
	case document.Alternative, document.AcceptedRisk, document.Declined:
		return permit.AcceptRisk
	}
	return permit.RecordEvidence
}

// evidence registers the operation that records evidence on any practice.
func (a *API) evidence() {
	handle(a, http.MethodPost, "/api/clients/{client}/evidence", "Record evidence on a practice", permit.RecordEvidence, func(ctx context.Context, in *evidenceIn) (*receiptOut, error) {
		p, by := who(ctx)
		b := in.Body
		if need := permissionOf(b.State); need != permit.RecordEvidence {
			if ok, why := p.Allowed(need, in.Client, a.door.Now()); !ok {
				a.door.NoteRefusal(ctx, p.Member, string(need), in.Client)
				return nil, huma.Error403Forbidden(why.String())
			}
		}
		e := intake.Evidence{
			Statement: document.Statement{Practice: b.Practice, State: b.State, Subject: b.Subject, Ref: b.Ref, Note: b.Note, By: b.By}, Key: b.Key,
		}
		var err error
		for _, t := range []struct {
			to   *int64
			from string
		}{{&e.At, b.At}, {&e.From, b.From}, {&e.To, b.To}} {
			if *t.to, err = instant(t.from); err != nil {
				return nil, err
			}
		}
		if b.File != nil {
			content, err := base64.StdEncoding.DecodeString(b.File.Content)
			if err != nil {
				return nil, huma.Error422UnprocessableEntity("the file's content is not base64: encode it")
			}
			e.Name, e.File = b.File.Name, bytes.NewReader(content)
		}
		return receipt(a.door.Record(ctx, by, in.Client, e))
	})
}
