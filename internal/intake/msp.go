package intake

import (
	"context"
	"encoding/hex"
	"fmt"

	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/ledger"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

// mspStatement is a statement of the MSP's own log on a practice of scope
// msp, to be issued to its clients.
type mspStatement struct {
	at   int64
	body record.Stated
}

// welcome issues the MSP's current statements to a new client.
func (d *Door) welcome(ctx context.Context, client string) error {
	list, err := d.statements(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	r, err := d.find(ctx, client)
	if err != nil {
		return err
	}
	size, err := d.size(ctx, r)
	if err != nil {
		return err
	}
	return d.issue(ctx, r, size, list)
}

// afterStatement issues what the MSP's own log now says of practices of scope
// msp to every client.
func (d *Door) afterStatement(ctx context.Context, client string) {
	if client != d.MSP() {
		return
	}
	if err := d.IssueStatements(ctx); err != nil {
		d.log.ErrorContext(ctx, "issue the MSP's statements", "error", err)
	}
}

// IssueStatements issues to every client what the MSP's own log now says of
// the practices of scope msp and was not issued to it before, so a job may
// call it at any time.
func (d *Door) IssueStatements(ctx context.Context) error {
	list, err := d.statements(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	rooms, sizes, err := d.rooms(ctx)
	if err != nil {
		return err
	}
	return d.each(rooms, func(n int, r *room) error {
		if r.log.MSP {
			return nil
		}
		return d.issue(ctx, r, sizes[n], list)
	})
}

// statements is the newest statement on each practice of scope msp.
func (d *Door) statements(ctx context.Context) ([]mspStatement, error) {
	msp := d.MSP()
	if msp == "" {
		return nil, nil
	}
	var res []mspStatement
	err := d.Read(ctx, msp, func(s *projection.State) error {
		for _, p := range s.Catalog().Practices {
			if p.Scope != framework.ScopeMSP {
				continue
			}
			on := s.Book.Practices[p.Number]
			if on == nil || len(on.Statements) == 0 {
				continue
			}
			res = append(res, stated(s, p, on.Statements[len(on.Statements)-1]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r, err := d.find(ctx, msp)
	if err != nil {
		return nil, err
	}
	for i := range res {
		ep, index := r.place(res[i].body.Index)
		res[i].body.Index = index
		leaf, err := d.leaf(ctx, ep.log.ID, index)
		if err != nil {
			return nil, err
		}
		res[i].body.Leaf = hex.EncodeToString(leaf[:])
	}
	return res, nil
}

func stated(s *projection.State, p *framework.Practice, st evidence.Statement) mspStatement {
	body := record.Stated{Practice: p.ID, Statement: document.Unknown, Index: st.Index, Grade: st.Grade.String(), Note: st.Note}
	switch st.State {
	case evidence.Holds:
		body.Statement = document.Holds
		body.Until = st.At + int64(p.Freshness.MaxAgeDays)*interval.Day
		if p.Mode == framework.InForce {
			body.Until = st.To
		}
	case evidence.Fails:
		body.Statement = document.Fails
	}
	if _, back := s.Book.Retractions[st.Index]; back {
		body.Statement, body.Until = document.Unknown, 0
	}
	return mspStatement{st.At, body}
}

func (d *Door) leaf(ctx context.Context, log store.LogID, index uint64) (ledger.Hash, error) {
	hashes, err := d.store.LeafHashes(ctx, log, index, index+1)
	if err != nil || len(hashes) != 1 {
		return ledger.Hash{}, fmt.Errorf("read leaf %d of the MSP's log: %w", index, err)
	}
	return hashes[0], nil
}

// issue issues statements to a client, each at most once a day for a practice
// unless the state changes; a job that runs later issues what was left out.
func (d *Door) issue(ctx context.Context, r *room, size uint64, list []mspStatement) error {
	c, exact, err := d.cardOf(ctx, r, size)
	if err == nil && !exact {
		c, _, err = d.readCard(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("issue the MSP's statements to %s: %w", r.log.Name, err)
	}
	now := d.Now()
	var events []New
	for _, st := range list {
		last, ok := c.Issued[st.body.Practice]
		if ok && last.Statement == st.body.Statement && (last.Index == st.body.Index || now < last.Recorded+interval.Day) {
			continue
		}
		events = append(events, New{
			Kind: event.MSPStated, At: st.at, Body: st.body, Key: fmt.Sprintf("msp.stated:%s:%d:%s", st.body.Practice, st.body.Index, st.body.Statement),
		})
	}
	if len(events) == 0 {
		return nil
	}
	_, err = d.Submit(ctx, Submission{Client: r.log.Name, Caller: System, Key: events[0].Key, Events: func() ([]New, error) { return events, nil }})
	if err != nil {
		return fmt.Errorf("issue the MSP's statements to %s: %w", r.log.Name, err)
	}
	return nil
}
