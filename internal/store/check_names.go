package store

import (
	"bytes"

	"breakwater/internal/ledger"
)

// readLogs reads the list of logs and compares its clear columns with what they
// repeat.
func (c *check) readLogs() error {
	msp := ""
	return c.t.scan(query{t: tableLog}, func(r row) error {
		l, err := c.s.openLog(c.ctx, r)
		if err != nil {
			c.fail(Failure{What: "the name of the log does not open: " + err.Error(), Log: r.text(1), Index: -1})
			l = Log{ID: r.int(0), Origin: r.text(1), Epoch: int(r.int(4))}
			copy(l.Pseudonym[:], r.bytes(2))
		} else {
			c.columns(l, r)
		}
		if base, _, err := ledger.SplitOrigin(l.Origin); err == nil && r.int(5) != 0 {
			if msp != "" && msp != base {
				c.fail(Failure{What: "a second log is marked as the MSP's own", Log: r.text(1), Index: -1})
			}
			msp = base
		}
		c.logs = append(c.logs, l)
		return nil
	})
}

// columns compares a log's row with its origin and its sealed name.
func (c *check) columns(l Log, r row) {
	bad := func(what string) { c.fail(Failure{What: what, Log: r.text(1), Index: -1}) }
	_, epoch, err := ledger.SplitOrigin(r.text(1))
	if err != nil || int64(epoch) != r.int(4) {
		bad("the log's epoch is not that of its origin")
	}
	if ledger.SampleOrigin(r.text(1)) != (r.int(6) == 1) {
		bad("the log's mark as a sample is not that of its origin")
	}
	if !c.report.Opened {
		return
	}
	k, err := c.s.keysOf(c.ctx, InstanceLog)
	if err != nil {
		return // reported with the keys
	}
	if mac, err := c.s.nameOf(k, "log", l.Name); err != nil || !bytes.Equal(mac[:], r.bytes(3)) {
		bad("the log is not found under its name")
	}
}
