package projection

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"

	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/evidence"
	"breakwater/internal/member"
	"breakwater/internal/record"
)

// image is a state as plain data. It is a snapshot's content: it may always be
// thrown away, and one of another Version is.
type image struct {
	Size     uint64
	Recorded int64
	Book     evidence.Image
	Client   client.State
	Member   member.State
	Device   device.State
	Document document.State
	Record   record.State
}

func init() {
	gob.Register(map[string]any{})
	gob.Register([]any{})
	gob.Register(json.Number(""))
}

// Snapshot encodes the state, so that loading it saves a replay.
func (s *State) Snapshot() ([]byte, error) {
	if s.Again() {
		return nil, fmt.Errorf("snapshot: the state asks for another fold")
	}
	var b bytes.Buffer
	im := image{s.Size, s.Recorded, s.Book.Image(), s.Client, s.Member, s.Device, s.Document, s.Record}
	if err := gob.NewEncoder(&b).Encode(&im); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return b.Bytes(), nil
}

// FromSnapshot decodes what Snapshot encoded.
func FromSnapshot(raw []byte, catalogs record.Catalogs) (*State, error) {
	im := image{Client: client.New(), Member: member.New(), Device: device.New(), Document: document.New(), Record: record.New()}
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&im); err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	book, plan, rules, err := im.Book.Restore(catalogs)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return &State{
		Size: im.Size, Recorded: im.Recorded, Book: book, Client: im.Client, Member: im.Member, Device: im.Device, Document: im.Document, Record: im.Record,
		plan: plan, rules: rules, catalogs: catalogs,
	}, nil
}
