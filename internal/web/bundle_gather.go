package web

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"breakwater/internal/blob"
	"breakwater/internal/bundle"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// gathering is a bundle being made of what the store and the voucher have.
type gathering struct {
	*desk
	ctx context.Context
	log store.Log
	in  bundle.Input
}

// gather fills in what the log, its checkpoints and the outsiders give.
func (d *desk) gather(ctx context.Context, in bundle.Input, documents bool) (bundle.Input, error) {
	l, err := d.door().Store().LogByName(ctx, in.Client)
	if err != nil {
		return in, fmt.Errorf("find the log of %s: %w", in.Client, err)
	}
	g := &gathering{desk: d, ctx: ctx, log: l, in: in}
	g.in.Origin, g.in.Pseudonym, g.in.Policy, g.in.Authorities = l.Origin, l.Pseudonym, d.cfg.Policy, d.cfg.Authorities
	if documents && d.cfg.Blobs != nil {
		g.in.Blob = g.document
	}
	for _, step := range []func() error{g.signed, g.catalogs, g.outside} {
		if err := step(); err != nil {
			return g.in, err
		}
	}
	return g.in, nil
}

// signed takes the checkpoint that covers every entry there is now.
func (g *gathering) signed() error {
	v := g.cfg.Voucher
	if v == nil {
		return wrong("nothing is signed here, so no bundle can be made: start the program with its signing key")
	}
	c, err := v.Checkpoint(g.ctx, g.log.ID)
	if err != nil {
		return fmt.Errorf("sign the log of %s: %w", g.in.Client, err)
	}
	g.in.Size, g.in.Checkpoint, g.in.Keys = c.Size, c.Note, v.Keys().Verifiers(g.log.Origin)
	g.in.Entries = g.entries
	if g.in.Signer, err = v.Keys().Ed25519(g.log.Origin); err != nil {
		return fmt.Errorf("sign the bundle: %w", err)
	}
	return nil
}

func (g *gathering) entries() iter.Seq2[bundle.Entry, error] {
	return func(yield func(bundle.Entry, error) bool) {
		for e, err := range g.door().Store().Entries(g.ctx, g.log.ID, 0, g.in.Size) {
			x := bundle.Entry{Index: e.Index, Recorded: e.Recorded, Kind: e.Kind, LeafHash: e.LeafHash, Salt: e.Salt, Envelope: e.Envelope, Erased: e.Erased}
			if !yield(x, err) || err != nil {
				return
			}
		}
	}
}

// document reads the file that an entry cites.
func (g *gathering) document(b bundle.Blob) ([]byte, error) {
	place, err := hex.DecodeString(b.Place)
	if err != nil || len(place) != 32 {
		return nil, fmt.Errorf("entry %d cites a file by no name of ours", b.Entry)
	}
	content, err := g.cfg.Blobs.GetCited(g.log.ID, blob.Citation{Salt: b.Salt, Hash: b.Hash, Name: [32]byte(place), Size: b.Size})
	if errors.Is(err, blob.ErrNotFound) {
		return nil, bundle.ErrNotHeld
	}
	return content, err
}

// catalogs takes those that the log adopted.
func (g *gathering) catalogs() error {
	known := map[[32]byte]*framework.Catalog{}
	g.in.Catalogs = func(hash [32]byte) (*framework.Catalog, error) {
		if c := known[hash]; c != nil {
			return c, nil
		}
		return nil, fmt.Errorf("catalog %x is missing: restore a backup", hash[:8])
	}
	return g.door().Read(g.ctx, g.in.Client, func(st *projection.State) error {
		for _, a := range st.Book.Adoptions {
			known[a.Hash] = a.Catalog
		}
		return nil
	})
}

// outside takes what the instance log and the outsiders say of the log.
func (g *gathering) outside() (err error) {
	g.in.Instance, g.in.Stamps, err = g.cfg.Voucher.ForBundle(g.ctx, g.log.ID)
	return err
}
