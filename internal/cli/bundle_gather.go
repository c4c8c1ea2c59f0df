package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"breakwater/internal/blob"
	"breakwater/internal/bundle"
	"breakwater/internal/framework"
	"breakwater/internal/ledger"
	"breakwater/internal/projection"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// disclose fills in what the log, its checkpoints and the outsiders give.
func (s *site) disclose(in *bundle.Input, size *uint64, documents bool) error {
	l, head, err := s.head(in.Client)
	if err != nil {
		return err
	}
	in.Origin, in.Pseudonym, in.Size = l.Origin, l.Pseudonym, head.Size
	if size != nil {
		if *size == 0 || *size > head.Size {
			return problem("the log of %s has %d entries: ask for a size from 1 to that", in.Client, head.Size)
		}
		in.Size = *size
	}
	v, err := s.voucher()
	if err != nil {
		return err
	}
	if in.Checkpoint, err = s.pointAt(v, l, in.Size); err != nil {
		return err
	}
	if in.Signer, err = v.Keys().Ed25519(l.Origin); err != nil {
		return err
	}
	in.Keys = v.Keys().Verifiers(l.Origin)
	in.Entries = s.bundleEntries(l, in.Size)
	if documents {
		in.Blob = s.document(l)
	}
	if err := s.names(in); err != nil {
		return err
	}
	if in.Instance, in.Stamps, err = v.ForBundle(s.app.ctx, l.ID); err != nil {
		return err
	}
	return nil
}

// pointAt is the signed checkpoint of a log at a size. One that is not there
// is signed now: the log held this root at this size, whatever it holds since.
func (s *site) pointAt(v *vouch.Voucher, l store.Log, size uint64) ([]byte, error) {
	points, err := s.store.Checkpoints(s.app.ctx, l.ID, size)
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	if len(points) > 0 && points[0].Size == size {
		return points[0].Note, nil
	}
	root, err := s.store.RootAt(s.app.ctx, l.ID, size)
	if err != nil {
		return nil, fmt.Errorf("read the root at %d: %w", size, err)
	}
	signer, err := v.Keys().Ed25519(l.Origin)
	if err != nil {
		return nil, err
	}
	note, err := ledger.Sign(ledger.Checkpoint{Origin: l.Origin, Size: size, Root: root}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the checkpoint at %d: %w", size, err)
	}
	kept, err := s.store.Publish(s.app.ctx, s.guard, store.Checkpoint{Log: l.ID, Size: size, Root: root, Note: note.Encode(), Made: s.door.Now()})
	if err != nil {
		return nil, err
	}
	return kept[0].Note, nil
}

func (s *site) bundleEntries(l store.Log, size uint64) bundle.Entries {
	return func() iter.Seq2[bundle.Entry, error] {
		return func(yield func(bundle.Entry, error) bool) {
			for e, err := range s.store.Entries(s.app.ctx, l.ID, 0, size) {
				entry := bundle.Entry{Index: e.Index, Recorded: e.Recorded, Kind: e.Kind, LeafHash: e.LeafHash, Salt: e.Salt, Envelope: e.Envelope, Erased: e.Erased}
				if !yield(entry, err) || err != nil {
					return
				}
			}
		}
	}
}

// document reads the file that an entry cites.
func (s *site) document(l store.Log) func(bundle.Blob) ([]byte, error) {
	return func(b bundle.Blob) ([]byte, error) {
		raw, err := hex.DecodeString(b.Place)
		if err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("entry %d cites a file by no name of ours: run `breakwater fsck`", b.Entry)
		}
		content, err := s.files.GetCited(l.ID, blob.Citation{Salt: b.Salt, Hash: b.Hash, Name: [32]byte(raw), Size: b.Size})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, bundle.ErrNotHeld
		}
		return content, err
	}
}

// names fills in who the MSP is, and the catalogs that the log adopted.
func (s *site) names(in *bundle.Input) error {
	in.MSP = provisionalName
	if msp := s.door.MSP(); msp != "" {
		err := s.door.Read(s.app.ctx, msp, func(st *projection.State) error {
			in.MSP = st.Client.Name
			return nil
		})
		if err != nil {
			return err
		}
	}
	catalogs := map[[32]byte]*framework.Catalog{}
	in.Catalogs = func(hash [32]byte) (*framework.Catalog, error) {
		if c := catalogs[hash]; c != nil {
			return c, nil
		}
		return nil, fmt.Errorf("catalog %x is missing: restore a backup", hash[:8])
	}
	return s.door.Read(s.app.ctx, in.Client, func(st *projection.State) error {
		for _, a := range st.Book.Adoptions {
			catalogs[a.Hash] = a.Catalog
		}
		return nil
	})
}
