package intake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

// target is an entry that another one is about: its index within its epoch,
// its kind, and whether it is erased.
type target struct {
	index  uint64
	kind   event.Kind
	erased bool
}

func (d *Door) target(ctx context.Context, client string, index uint64) (target, error) {
	r, err := d.find(ctx, client)
	if err != nil {
		return target{}, err
	}
	at, err := r.current(index)
	if err != nil {
		return target{}, err
	}
	for e, err := range d.store.Entries(ctx, r.log.ID, at, at+1) {
		if err != nil {
			return target{}, fmt.Errorf("read entry: %w", err)
		}
		return target{at, event.Kind(e.Kind), e.Erased}, nil
	}
	return target{}, invalid{fmt.Errorf("entry %d of %s is %w: list entries with `breakwater log`", index, client, ErrNotFound)}
}

// fixed are the kinds that nobody may take back or destroy: proofs and scope
// rest on them.
func fixed(k event.Kind) bool {
	switch k {
	case event.CatalogAdopted, event.EntryErased, event.EntryRetracted, event.EpochBegun, event.ClientAdded, event.BlobDisposed:
		return true
	}
	return false
}

// Retract takes an entry back that was recorded by mistake.
func (d *Door) Retract(ctx context.Context, by Caller, client string, index uint64, why string) (Receipt, error) {
	of, err := d.target(ctx, client, index)
	if err != nil {
		return Receipt{}, err
	}
	return d.Submit(ctx, Submission{
		Client: client, Caller: by, Key: fmt.Sprintf("retract:%d", index),
		Check: func(s *projection.State) error {
			switch {
			case fixed(of.kind):
				return fmt.Errorf("entry %d is %s, which cannot be taken back: record what is right instead", index, of.kind)
			case strings.TrimSpace(why) == "":
				return errors.New("say why the entry was a mistake")
			}
			return nil
		},
		Events: func() ([]New, error) {
			return []New{{
				Kind: event.EntryRetracted, At: d.Now(), Body: record.Retracted{Index: of.index, Kind: uint16(of.kind), By: by.Actor, Why: why},
				Submitted: record.Retracted{Index: index},
			}}, nil
		},
	})
}

// CloseFailure closes a failing entry without a pass of its own source.
func (d *Door) CloseFailure(ctx context.Context, by Caller, client string, index uint64, why string) (Receipt, error) {
	of, err := d.target(ctx, client, index)
	if err != nil {
		return Receipt{}, err
	}
	return d.Submit(ctx, Submission{
		Client: client, Caller: by, Key: fmt.Sprintf("close:%d", index),
		Check: func(s *projection.State) error {
			if strings.TrimSpace(why) == "" {
				return errors.New("say why the failure is closed")
			}
			return nil
		},
		Events: func() ([]New, error) {
			return []New{{
				Kind: event.FailureClosed, At: d.Now(), Body: record.Closed{Index: of.index, Kind: uint16(of.kind), By: by.Actor, Why: why},
				Submitted: record.Closed{Index: index},
			}}, nil
		},
	})
}

// Erasure is a proposal to destroy an entry's content, which a second person
// has to approve.
type Erasure struct {
	Client string `json:"client"`
	Index  uint64 `json:"index"`
	Kind   uint16 `json:"kind"`
	By     string `json:"by"`
	Why    string `json:"why"`
	At     int64  `json:"at"`
}

func erasureName(client string, index uint64) string { return fmt.Sprintf("%s %d", client, index) }

// ProposeErasure asks that an entry's content be destroyed.
func (d *Door) ProposeErasure(ctx context.Context, by Caller, client string, index uint64, why string) error {
	of, err := d.target(ctx, client, index)
	switch {
	case err != nil:
		return err
	case of.erased:
		return invalid{fmt.Errorf("entry %d was erased before: nothing is left to erase", index)}
	case fixed(of.kind):
		return invalid{fmt.Errorf("entry %d is %s, which cannot be erased: the log's proofs rest on it", index, of.kind)}
	case strings.TrimSpace(why) == "":
		return invalid{errors.New("say why the content must be destroyed")}
	}
	if err := d.notHeld(ctx, client); err != nil {
		return err
	}
	return d.putSetting(ctx, areaErase, erasureName(client, index), Erasure{client, index, uint16(of.kind), by.Actor, why, d.Now()})
}

func (d *Door) notHeld(ctx context.Context, client string) error {
	return d.Read(ctx, client, func(s *projection.State) error { return held(s) })
}

func held(s *projection.State) error {
	if n := len(s.Record.Holds); n > 0 {
		return invalid{fmt.Errorf("a legal hold is in place (%d): nothing is erased or disposed of until it is released", n)}
	}
	return nil
}

// ApproveErasure destroys the content that another person asked to destroy.
// The entry's leaf, kind and recorded time stay.
func (d *Door) ApproveErasure(ctx context.Context, by Caller, client string, index uint64) (Receipt, error) {
	var p Erasure
	ok, err := d.setting(ctx, areaErase, erasureName(client, index), &p)
	if err != nil {
		return Receipt{}, err
	}
	if !ok {
		return Receipt{}, invalid{fmt.Errorf("nobody proposed to erase entry %d of %s: propose it first with `breakwater entry erase`", index, client)}
	}
	if p.By == by.Actor {
		return Receipt{}, invalid{fmt.Errorf("an erasure needs two people: someone other than %s has to approve it", by.Actor)}
	}
	of, err := d.target(ctx, client, index)
	if err != nil {
		return Receipt{}, err
	}
	var files [][32]byte
	rec, err := d.Submit(ctx, Submission{
		Client: client, Caller: by, Key: fmt.Sprintf("erase:%d", index), Erase: &of.index,
		Check: func(s *projection.State) error {
			files = ownFiles(s, index)
			return held(s)
		},
		Dispose: func() [][32]byte { return files },
		Events: func() ([]New, error) {
			return []New{{Kind: event.EntryErased, At: d.Now(), Body: record.Erased{
				Index: of.index, Kind: p.Kind, By: p.By, ApprovedBy: by.Actor, Why: p.Why,
			}, Submitted: record.Erased{Index: index}}}, nil
		},
	})
	if err != nil {
		return rec, err
	}
	if err := d.deleteFiles(ctx, client, files); err != nil {
		return rec, err
	}
	return rec, d.store.DeleteSetting(ctx, store.InstanceLog, areaErase, erasureName(client, index), store.AnyRevision)
}

// ownFiles are the files that an entry cites and no other entry does: they go
// with it.
func ownFiles(s *projection.State, index uint64) [][32]byte {
	cited := map[string]int{}
	own := ""
	for _, list := range s.Document.Statements {
		for _, e := range list {
			if e.File == nil {
				continue
			}
			cited[e.File.Place]++
			if e.Index == index {
				own = e.File.Place
			}
		}
	}
	name, err := record.ParseHash(own)
	if err != nil || cited[own] != 1 {
		return nil
	}
	return [][32]byte{name}
}

// deleteFiles deletes files whose disposal is in the log. If the power goes
// before, the sweep deletes them.
func (d *Door) deleteFiles(ctx context.Context, client string, files [][32]byte) error {
	r, err := d.find(ctx, client)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := d.blobs.Delete(r.log.ID, name); err != nil {
			return fmt.Errorf("erased, but its file could not be deleted: %w", err)
		}
	}
	return nil
}

// Erasures lists the erasures that wait for a second person.
func (d *Door) Erasures(ctx context.Context) ([]Erasure, error) {
	list, err := d.store.Settings(ctx, store.InstanceLog, areaErase)
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	res := make([]Erasure, 0, len(list))
	for _, st := range list {
		var e Erasure
		if ok, err := d.setting(ctx, areaErase, st.Name, &e); err != nil {
			return nil, err
		} else if ok {
			res = append(res, e)
		}
	}
	return res, nil
}

// PlaceHold stops disposal, erasure and destruction of keys for a client.
// The reason is never written.
func (d *Door) PlaceHold(ctx context.Context, by Caller, client string, h record.Hold) (Receipt, error) {
	if h.ID == "" {
		h.ID = randomKey()[:8]
	}
	if h.On == "" {
		h.On = "client"
	}
	h.By = by.Actor
	return d.Submit(ctx, Submission{
		Client: client, Caller: by, Key: "hold:" + h.ID,
		Check: func(s *projection.State) error {
			if _, dup := s.Record.Holds[h.ID]; dup {
				return fmt.Errorf("hold %s is in place already: choose another name", h.ID)
			}
			return nil
		},
		Events: func() ([]New, error) { return []New{{Kind: event.HoldPlaced, At: d.Now(), Body: h}}, nil },
	})
}

// ReleaseHold ends a hold.
func (d *Door) ReleaseHold(ctx context.Context, by Caller, client, id string) (Receipt, error) {
	return d.Submit(ctx, Submission{
		Client: client, Caller: by,
		Check: func(s *projection.State) error {
			if _, ok := s.Record.Holds[id]; !ok {
				return fmt.Errorf("hold %q is %w: nothing to release", id, ErrNotFound)
			}
			return nil
		},
		Events: func() ([]New, error) {
			return []New{{Kind: event.HoldReleased, At: d.Now(), Body: record.Released{ID: id, By: by.Actor}}}, nil
		},
	})
}

// Adopt makes a catalog judge in one log from now on.
func (d *Door) Adopt(ctx context.Context, by Caller, client string, c *framework.Catalog, overlay string) (Receipt, error) {
	if err := d.keepCatalog(ctx, c); err != nil {
		return Receipt{}, err
	}
	hash := c.Hash()
	body := record.Adopted{SHA256: hex.EncodeToString(hash[:]), Version: c.Version, By: by.Actor, Overlay: overlay}
	return d.Submit(ctx, Submission{
		Client: client, Caller: by,
		Check: func(s *projection.State) error {
			have := s.Catalog()
			if have.Hash() == hash {
				return errors.New("this catalog judges already: nothing to adopt")
			}
			if overlay == "" && strings.Contains(have.Source, "; overlay ") {
				return fmt.Errorf("an overlay judges this log (%s): adopt it again on the new catalog, so that nothing is loosened", have.Source)
			}
			if c.Version < have.Version {
				return fmt.Errorf("catalog version %d is older than version %d, which judges now: a log never goes back", c.Version, have.Version)
			}
			return nil
		},
		Events: func() ([]New, error) { return []New{{Kind: event.CatalogAdopted, At: d.Now(), Body: body}}, nil },
	})
}

// Upgrade adopts the program's own catalog in every log that an older one
// judges, and says in how many. Logs that are up to date are not loaded; the
// others are, so a server does it behind.
func (d *Door) Upgrade(ctx context.Context) (int, error) {
	rooms, sizes, err := d.rooms(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for i, r := range rooms {
		older, err := d.judgedByOlder(ctx, r, sizes[i])
		if err != nil {
			return n, err
		}
		if !older {
			continue
		}
		_, err = d.Adopt(ctx, System, r.log.Name, d.catalog, "")
		if errors.Is(err, ErrInvalid) {
			d.log.WarnContext(ctx, "the catalog of a log stays", "log", r.log.Origin, "why", err)
			continue
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// judgedByOlder reports whether a log has adopted no catalog as new as the
// program's. A version is never gone back on, so a card that lags says enough
// when it is new enough.
func (d *Door) judgedByOlder(ctx context.Context, r *room, size uint64) (bool, error) {
	c, exact, err := d.cardOf(ctx, r, size)
	if err != nil || exact || c.Catalog >= d.catalog.Version {
		return c.Catalog < d.catalog.Version, err
	}
	older := false
	err = d.Read(ctx, r.log.Name, func(s *projection.State) error {
		older = s.Catalog().Version < d.catalog.Version
		return nil
	})
	return older, err
}
