package web

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"breakwater/internal/account"
	"breakwater/internal/event"
	"breakwater/internal/intake"
	"breakwater/internal/member"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
)

// GrantsOf answers account.Config.Grants from the MSP's log, which is where
// grants are kept. Before the MSP is set up nobody has any.
func GrantsOf(d *intake.Door) func(ctx context.Context, id string) ([]permit.Grant, error) {
	return func(ctx context.Context, id string) ([]permit.Grant, error) {
		msp := d.MSP()
		if msp == "" {
			return nil, nil
		}
		var list []permit.Grant
		err := d.Read(ctx, msp, func(s *projection.State) error {
			if m := s.Member.Members[id]; m != nil && !m.Left {
				list = grants(m)
			}
			return nil
		})
		return list, err
	}
}

func grants(m *member.Member) []permit.Grant {
	list := make([]permit.Grant, len(m.Grants))
	for n, g := range m.Grants {
		list[n] = permit.Grant{Member: m.ID, Role: permit.Role(g.Role), Client: g.Client, From: g.From, Until: g.Until}
	}
	return list
}

// Happened answers account.Config.Happened: what happens to accounts is an
// entry of the MSP's log before it takes effect. What happens before the MSP
// has a log (the link of the first start is made) has no place, and is left to
// the program's own log.
func Happened(d *intake.Door) func(context.Context, account.Happening) error {
	return func(ctx context.Context, h account.Happening) error {
		msp := d.MSP()
		if msp == "" {
			return nil
		}
		kind, body := entryOf(h)
		_, err := d.Submit(ctx, intake.Submission{
			Client: msp, Caller: intake.Caller{Actor: actorOf(h), Source: "form"},
			Events: func() ([]intake.New, error) { return []intake.New{{Kind: kind, At: h.At, Body: body}}, nil },
		})
		return err
	}
}

func actorOf(h account.Happening) string {
	switch {
	case h.By != "":
		return "member:" + strings.TrimPrefix(h.By, "member:")
	case h.Member != "":
		return "member:" + h.Member
	}
	return "system"
}

// entryOf is the entry that a happening becomes. Addresses stay out of it.
func entryOf(h account.Happening) (event.Kind, any) {
	switch h.What {
	case account.SignedIn:
		return event.SignedIn, member.SignedIn{Member: h.Member, How: h.How, OK: true}
	case account.Refused:
		how := "refused: " + h.Detail
		if h.Count > 0 {
			how = fmt.Sprintf("refused: %s, %s", h.Detail, Count(h.Count, "try"))
		}
		return event.SignedIn, member.SignedIn{Member: h.Member, How: how}
	}
	what := string(h.What)
	if h.Detail != "" {
		what += ": " + h.Detail
	}
	return event.AccountSet, member.AccountSet{Member: h.Member, What: what, By: h.By}
}

// noted remembers what was put into the MSP's log lately, so that it is not
// asked for each request. The log itself drops a repetition by its key.
type noted struct {
	mu   sync.Mutex
	keys map[string]bool
	hour int64
}

const (
	hour     = int64(60 * 60 * 1000)
	maxNoted = 50_000
)

// first reports whether a key is new in this hour.
func (n *noted) first(key string, now int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.keys == nil || n.hour != now/hour || len(n.keys) >= maxNoted {
		n.keys, n.hour = map[string]bool{}, now/hour
	}
	if n.keys[key] {
		return false
	}
	n.keys[key] = true
	return true
}

func (n *noted) undo(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.keys, key)
}

// noteOpened records that a member looked at a client: once an hour for each
// member and client, so that the log says who looked, and does not drown in
// every page they turned.
func (s *Server) noteOpened(v *Visit) error {
	body := member.Opened{Member: v.Who.Member, Client: v.Client, Via: "page"}
	return s.note(v, fmt.Sprintf("opened:%s:%s", v.Who.Member, v.Client), event.ClientOpened, body)
}

// noteRefused records that a member asked for what is not theirs: once an hour
// for each member, permission and client. A client that does not exist is not
// named.
func (s *Server) noteRefused(v *Visit, p permit.Permission, client string) error {
	if client != "" {
		probe := Visit{Request: v.Request}
		if err := s.open(&probe, client); err != nil {
			client = ""
		}
	}
	body := member.Refused{Member: v.Who.Member, Permission: string(p), Client: client}
	return s.note(v, fmt.Sprintf("refused:%s:%s:%s", v.Who.Member, p, client), event.Refused, body)
}

func (s *Server) note(v *Visit, key string, kind event.Kind, body any) error {
	now := s.now()
	if !s.noted.first(key, now) {
		return nil
	}
	_, err := s.door().Submit(v.Context(), intake.Submission{
		Client: s.door().MSP(), Caller: v.Caller(), Key: fmt.Sprintf("%s:%d", key, now/hour),
		Events: func() ([]intake.New, error) {
			return []intake.New{{Kind: kind, At: now, Body: body, Submitted: body}}, nil
		},
	})
	if err != nil {
		s.noted.undo(key)
		return fmt.Errorf("note %s: %w", kind, err)
	}
	return nil
}

// nameOf is a client's name, or its identifier where it cannot be read.
func (s *Server) nameOf(v *Visit, client string) string {
	name := client
	err := s.door().Read(v.Context(), client, func(st *projection.State) error {
		name = st.Client.Name
		return nil
	})
	if err != nil {
		s.cfg.Log.ErrorContext(v.Context(), "read a client's name", "request", v.ID, "error", err)
	}
	return name
}
