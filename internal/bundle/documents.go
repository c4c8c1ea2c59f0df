package bundle

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"breakwater/internal/ledger"
)

// documents says which cited documents are in the bundle, and the hashes of
// those that are left out though they were not disposed of.
func (in *Input) documents(d *disclosure) (docs []Blob, leftOut []string, err error) {
	seen := map[[32]byte]bool{}
	for _, b := range d.blobs {
		if seen[b.Hash] {
			continue
		}
		seen[b.Hash] = true
		if in.Blob != nil {
			content, err := in.Blob(b)
			if err == nil {
				sum, err := ledger.SaltedHash(b.Salt[:], content)
				if err != nil || sum != b.Hash {
					return nil, nil, fmt.Errorf("document %x of entry %d is not what the entry cites: run `breakwater fsck`", b.Hash, b.Entry)
				}
				b.Size = int64(len(content))
				docs = append(docs, b)
				continue
			}
			if !errors.Is(err, ErrNotHeld) {
				return nil, nil, fmt.Errorf("document of entry %d: %w", b.Entry, err)
			}
		}
		if !d.disposed[b.Hash] {
			leftOut = append(leftOut, hex.EncodeToString(b.Hash[:]))
		}
	}
	slices.Sort(leftOut)
	return docs, leftOut, nil
}

func (in *Input) writeDocuments(z *writer, docs []Blob) error {
	for _, b := range docs {
		content, err := in.Blob(b)
		if err != nil {
			return fmt.Errorf("document of entry %d: %w", b.Entry, err)
		}
		if err := z.add(fmt.Sprintf("%s%x", folderBlobs, b.Hash), content); err != nil {
			return err
		}
	}
	return nil
}
