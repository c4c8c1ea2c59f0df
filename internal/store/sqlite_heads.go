package store

import (
	"context"
	"slices"
)

// headRows are the heads that the writing connection read or wrote last. They
// are good as long as data_version, read inside a write transaction, says that
// no other connection of any process has committed since. Whatever goes wrong
// drops them all.
type headRows struct {
	version int64
	known   map[LogID]row
}

// maxHeads bounds what is kept.
const maxHeads = 10_000

// begin is called when a write transaction has begun, so that nobody else
// changes anything until it ends.
func (h *headRows) begin(ctx context.Context, c *sqliteConn) error {
	version := int64(0)
	r, err := c.rows(ctx, "PRAGMA data_version")
	if err != nil {
		return err
	}
	if len(r) == 1 {
		version = r[0].int(0)
	}
	if version != h.version || version == 0 || len(h.known) > maxHeads {
		h.drop()
	}
	h.version = version
	return nil
}

func (h *headRows) get(log LogID) row { return h.known[log] }

func (h *headRows) drop() { h.known = map[LogID]row{} }

// follow does to the known row what an update of one row did.
func (h *headRows) follow(set []assign, where []cond) {
	log, ok := where[0].val.(LogID)
	old := h.known[log]
	if !ok || where[0].col != colLog || old == nil {
		h.drop()
		return
	}
	r := slices.Clone(old)
	for _, a := range set {
		v := a.val
		if b, ok := v.([]byte); ok {
			v = slices.Clone(b)
		}
		r[tableHead.column(a.col)] = v
	}
	h.known[log] = r
}
