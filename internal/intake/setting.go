package intake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"breakwater/internal/framework"
	"breakwater/internal/store"
)

// putRaw keeps an operational value that belongs to no log.
func (d *Door) putRaw(ctx context.Context, area, name string, value []byte) error {
	_, err := d.store.PutSetting(ctx, store.Setting{
		Log: store.InstanceLog, Area: area, Name: name, Value: value, Revision: store.AnyRevision,
	})
	if err != nil {
		return fmt.Errorf("keep %s: %w", area, err)
	}
	return nil
}

func (d *Door) raw(ctx context.Context, area, name string) ([]byte, bool, error) {
	st, err := d.store.GetSetting(ctx, store.InstanceLog, area, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", area, err)
	}
	return st.Value, true, nil
}

// keepCatalog keeps a catalog's encoding under its hash, before any log
// adopts it.
func (d *Door) keepCatalog(ctx context.Context, c *framework.Catalog) error {
	hash := c.Hash()
	name := hex.EncodeToString(hash[:])
	if _, ok, err := d.raw(ctx, areaCatalog, name); err != nil || ok {
		return err
	}
	return d.putRaw(ctx, areaCatalog, name, c.Encode())
}

func (d *Door) catalogBytes(ctx context.Context, hash [32]byte) ([]byte, error) {
	raw, ok, err := d.raw(ctx, areaCatalog, hex.EncodeToString(hash[:]))
	if err == nil && !ok {
		err = fmt.Errorf("catalog %x is missing: restore a backup", hash[:8])
	}
	return raw, err
}
