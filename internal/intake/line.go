package intake

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"breakwater/internal/event"
	"breakwater/internal/interval"
	"breakwater/internal/member"
	"breakwater/internal/store"
)

// maxLines is how many entries are listed at once.
const maxLines = 1000

// EntryLine is one entry as lists show it.
type EntryLine struct {
	Index    uint64 `json:"index"`
	Kind     string `json:"kind"`
	At       string `json:"at,omitempty"`
	Recorded string `json:"recorded"`
	Actor    string `json:"actor,omitempty"`
	Source   string `json:"source,omitempty"`
	Leaf     string `json:"leaf_hash"`
	Erased   bool   `json:"erased,omitempty"`
	Envelope string `json:"envelope,omitempty"`
}

// Lines lists entries [from, to) of a client's log, and its size.
func (d *Door) Lines(ctx context.Context, client string, from, to uint64) ([]EntryLine, uint64, error) {
	r, err := d.find(ctx, client)
	if err != nil {
		return nil, 0, err
	}
	size, err := d.size(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	to = min(to, size, from+maxLines)
	lines := []EntryLine{}
	for _, ep := range r.epochs() {
		first, last := max(from, ep.base), min(to, ep.base+ep.size)
		if first >= last {
			continue
		}
		for raw, err := range d.store.Entries(ctx, ep.log.ID, first-ep.base, last-ep.base) {
			if err != nil {
				return nil, 0, err
			}
			l, err := lineOf(raw, ep.base)
			if err != nil {
				return nil, 0, err
			}
			lines = append(lines, l)
		}
	}
	return lines, size, nil
}

func lineOf(raw store.Stored, base uint64) (EntryLine, error) {
	l := EntryLine{
		Index: raw.Index + base, Kind: event.Kind(raw.Kind).String(), Recorded: interval.Format(raw.Recorded), Leaf: hex.EncodeToString(raw.LeafHash[:]), Erased: raw.Erased,
	}
	if raw.Erased {
		return l, nil
	}
	e, err := event.Decode(raw.Envelope)
	if err != nil {
		return l, fmt.Errorf("entry %d: %w", l.Index, err)
	}
	l.At, l.Actor, l.Source, l.Envelope = interval.Format(e.At), e.Actor, e.Source, string(raw.Envelope)
	return l, nil
}

// NoteRefusal records in the MSP's own log that a member asked for something
// that they may not have; at most once an hour for the same thing.
func (d *Door) NoteRefusal(ctx context.Context, who, permission, client string) {
	d.note(ctx, event.Refused, member.Refused{Member: who, Permission: permission, Client: client}, who+" "+permission+" "+client)
}

// NoteOpening records in the MSP's own log that a member opened a client; at
// most once an hour for the same client and way.
func (d *Door) NoteOpening(ctx context.Context, who, client, via string) {
	d.note(ctx, event.ClientOpened, member.Opened{Member: who, Client: client, Via: via}, who+" "+client+" "+via)
}

func (d *Door) note(ctx context.Context, kind event.Kind, body any, what string) {
	msp := d.MSP()
	if msp == "" {
		return
	}
	now := d.Now()
	at := now - now%int64(time.Hour/time.Millisecond)
	key := fmt.Sprintf("%s:%s:%d", kind, hashed(what)[:24], at)
	if d.noted.before(at, key) {
		return
	}
	_, err := d.Submit(ctx, Submission{
		Client: msp, Caller: System, Key: key,
		Events: func() ([]New, error) { return []New{{Kind: kind, At: at, Body: body}}, nil },
	})
	if err != nil {
		d.log.ErrorContext(ctx, "note in the MSP's log", "kind", kind.String(), "error", err)
	}
}

// hourly remembers which keys were noted in the hour that runs.
type hourly struct {
	mu   sync.Mutex
	hour int64
	keys map[string]bool
}

func (h *hourly) before(hour int64, key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.keys == nil || h.hour != hour {
		h.hour, h.keys = hour, map[string]bool{}
	}
	was := h.keys[key]
	h.keys[key] = true
	return was
}
