package web

import (
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"strconv"

	"breakwater/internal/blob"
	"breakwater/internal/document"
	"breakwater/internal/projection"
)

// document hands out the document that an entry cites, always as a file to be
// kept: nothing that somebody uploaded is ever shown as a page of ours.
func (d *desk) document(v *Visit) error {
	index, err := strconv.ParseUint(v.PathValue("entry"), 10, 63)
	if err != nil {
		return errNotThere
	}
	file, err := d.citedBy(v, index)
	if err != nil {
		return err
	}
	content, err := d.contentOf(v, index, file)
	if err != nil {
		return err
	}
	head := v.Writer.Header()
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	head.Set("Content-Length", strconv.Itoa(len(content)))
	_, err = v.Writer.Write(content)
	return err
}

// citedBy is the document that an entry of the visit's client cites. One of an
// entry that was erased is not found.
func (d *desk) citedBy(v *Visit, index uint64) (document.File, error) {
	var file *document.File
	err := d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		for _, list := range st.Document.Statements {
			for n := range list {
				if list[n].Index == index && list[n].File != nil {
					file = list[n].File
				}
			}
		}
		return nil
	})
	if err != nil {
		return document.File{}, err
	}
	if file == nil || d.cfg.Blobs == nil {
		return document.File{}, errNotThere
	}
	return *file, nil
}

func (d *desk) contentOf(v *Visit, index uint64, file document.File) ([]byte, error) {
	list, err := d.volumesOf(v.Context(), v.Client)
	if err != nil {
		return nil, err
	}
	l, _, ok := list.place(index)
	if !ok {
		return nil, errNotThere
	}
	c := blob.Citation{Size: file.Size}
	for _, x := range []struct {
		to   *[32]byte
		text string
	}{{&c.Salt, file.Salt}, {&c.Hash, file.Hash}, {&c.Name, file.Place}} {
		raw, err := hex.DecodeString(x.text)
		if err != nil || len(raw) != len(x.to) {
			return nil, fmt.Errorf("citation of a document: %q is not 32 bytes", x.text)
		}
		copy(x.to[:], raw)
	}
	content, err := d.cfg.Blobs.GetCited(l.ID, c)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, errNotThere
	}
	if err != nil {
		return nil, fmt.Errorf("open document: %w", err)
	}
	return content, nil
}
