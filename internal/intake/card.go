package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"breakwater/internal/client"
	"breakwater/internal/event"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

// card is the little that is asked of every client at once: it spares loading
// all states for a list of names, or to see which catalogs are old. It is a
// fold of its own that no other version changes.
type card struct {
	Name    string `json:"name"`
	Catalog int    `json:"catalog"` // version of the one that judges
	Size    uint64 `json:"size"`    // entries folded
	Fold    string `json:"fold"`    // version under which the summary was kept
	// Issued is what the MSP's own log last stated here of each practice.
	Issued map[string]record.Issued `json:"issued,omitempty"`
}

const (
	cardSnapshot = "card"
	cardVersion  = "card 2"
	// cardReads is how many entries are read for a card at most while someone
	// waits. Beyond, what the first ones say is shown until the state is loaded.
	cardReads = 4000
	cardFirst = 16
)

// cardOf is a client's card, and whether it is up to date.
func (d *Door) cardOf(ctx context.Context, r *room, size uint64) (card, bool, error) {
	c := r.card.Load()
	if c == nil {
		if c = d.keptCard(ctx, r); c == nil {
			c = &card{}
		}
	}
	if c.Size == size {
		return *c, true, nil
	}
	if s := r.known(); s != nil && s.Size == size {
		return *s, true, nil
	}
	next := *c
	if next.Size > size {
		next = card{}
	}
	next.Issued = maps.Clone(next.Issued)
	exact := size-next.Size <= cardReads
	if !exact {
		if next.Size > 0 {
			return next, false, nil
		}
		size = cardFirst
	}
	for e, err := range d.entries(ctx, r, next.Size, size) {
		if err != nil {
			return next, false, err
		}
		if !e.Erased {
			if e.Kind == event.EntryErased && next.Size > 0 {
				return d.readCard(ctx, r) // it may be what the card says
			}
			if err := next.apply(e.Entry); err != nil {
				return next, false, err
			}
		}
	}
	if next.Size = size; exact {
		r.card.Store(&next)
	}
	return next, exact, nil
}

// apply folds one entry.
func (c *card) apply(e event.Entry) error {
	switch e.Kind {
	case event.ClientAdded:
		v, err := event.Body[client.Added](e.Envelope)
		c.Name = v.Name
		return err
	case event.ClientDescribed:
		v, err := event.Body[client.Described](e.Envelope)
		if v.Name != "" {
			c.Name = v.Name
		}
		return err
	case event.CatalogAdopted:
		v, err := event.Body[record.Adopted](e.Envelope)
		c.Catalog = v.Version
		return err
	case event.MSPStated:
		v, err := event.Body[record.Stated](e.Envelope)
		if c.Issued == nil {
			c.Issued = map[string]record.Issued{}
		}
		c.Issued[v.Practice] = record.IssuedBy(v, e)
		return err
	}
	return nil
}

// readCard is the card of the state, loaded for it.
func (d *Door) readCard(ctx context.Context, r *room) (card, bool, error) {
	c := card{}
	err := d.Read(ctx, r.log.Name, func(*projection.State) error {
		c = *r.cardNow()
		return nil
	})
	return c, err == nil, err
}

// known is the card of a state in memory that nobody is changing, or nil.
func (r *room) known() *card {
	if !r.mu.TryRLock() {
		return nil
	}
	defer r.mu.RUnlock()
	return r.cardNow()
}

// cardNow makes the card of the state in memory; r.mu is held.
func (r *room) cardNow() *card {
	if r.state == nil {
		return nil
	}
	c := &card{Name: r.state.Client.Name, Catalog: r.state.Catalog().Version, Size: r.state.Size, Fold: foldVersion, Issued: maps.Clone(r.state.Record.Issued)}
	r.card.Store(c)
	return c
}

func (d *Door) keptCard(ctx context.Context, r *room) *card {
	n, err := d.store.GetSnapshot(ctx, r.log.ID, cardSnapshot, cardVersion)
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			d.log.WarnContext(ctx, "read card", "log", r.log.Origin, "error", err)
		}
		return nil
	}
	c := &card{}
	if json.Unmarshal(n.Data, c) != nil || c.Size != n.Size {
		return nil
	}
	return c
}

// keepCard keeps the card beside the summary, when it says something else than
// the one that is kept or that one is far behind.
func (d *Door) keepCard(ctx context.Context, r *room) error {
	c := r.card.Load()
	if c == nil {
		return nil
	}
	have := r.keptCard.Load()
	if have != nil && have.Name == c.Name && have.Catalog == c.Catalog && have.Fold == foldVersion && c.Size < have.Size+cardReads/4 {
		return nil
	}
	kept := *c
	kept.Fold = foldVersion
	raw, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode card: %w", err)
	}
	r.keptCard.Store(&kept)
	return d.keepDerived(ctx, r, cardSnapshot, cardVersion, kept.Size, raw)
}

// info is a client in the list of clients.
func (d *Door) info(ctx context.Context, r *room, size uint64) (ClientInfo, error) {
	c, _, err := d.cardOf(ctx, r, size)
	if err != nil {
		return ClientInfo{}, fmt.Errorf("read %s: %w", r.log.Name, err)
	}
	return ClientInfo{ID: r.log.Name, Name: c.Name, MSP: r.log.MSP, LogSize: size, Sample: r.log.Sample, Origin: r.log.Origin}, nil
}
