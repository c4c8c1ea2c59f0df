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
	Book     evidence.Image // without its series
	Series   packed
	Rest     []byte // JSON: gob drops a pointer to false or zero
}

// rest is the states of the subjects.
type rest struct {
	Client   client.State
	Member   member.State
	Device   device.State
	Document document.State
	Record   record.State
}

// Snapshot encodes the state, so that loading it saves a replay.
func (s *State) Snapshot() ([]byte, error) {
	if s.Again() {
		return nil, fmt.Errorf("snapshot: the state asks for another fold")
	}
	others, err := json.Marshal(rest{s.Client, s.Member, s.Device, s.Document, s.Record})
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	var b bytes.Buffer
	book := s.Book.Image()
	series := pack(&book)
	im := image{s.Size, s.Recorded, book, series, others}
	if err := gob.NewEncoder(&b).Encode(&im); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return b.Bytes(), nil
}

// FromSnapshot decodes what Snapshot encoded.
func FromSnapshot(raw []byte, catalogs record.Catalogs) (*State, error) {
	var im image
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&im); err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	if err := im.Series.unpack(&im.Book); err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	others := rest{client.New(), member.New(), device.New(), document.New(), record.New()}
	d := json.NewDecoder(bytes.NewReader(im.Rest))
	d.UseNumber()
	if err := d.Decode(&others); err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	book, plan, rules, err := im.Book.Restore(catalogs)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return &State{
		Size: im.Size, Recorded: im.Recorded, Book: book, Client: others.Client, Member: others.Member, Device: others.Device, Document: others.Document, Record: others.Record,
		plan: plan, rules: rules, catalogs: catalogs,
	}, nil
}
