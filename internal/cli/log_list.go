package cli

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/store"
)

// maxListed bounds what one listing prints; --from goes on from there.
const maxListed = 100_000

type logCmd struct {
	List  logListCmd  `cmd:"" default:"withargs" help:"List entries, the newest at the end."`
	Show  logShowCmd  `cmd:"" help:"Show one entry with everything that its leaf is made of."`
	Proof logProofCmd `cmd:"" help:"Write the proof that an entry is in the log."`
}

func (logCmd) Help() string {
	return example("", "breakwater log --client lakeside", "breakwater log show 12 --client lakeside", "breakwater log proof 12 --client lakeside --out 12.tlog-proof")
}

type logListCmd struct {
	Client string  `required:"" placeholder:"ID" help:"Client."`
	From   *uint64 `placeholder:"N" help:"First entry; the last --limit ones if not given."`
	Limit  int     `default:"50" placeholder:"50" help:"How many at most."`
	Kind   string  `placeholder:"KIND" help:"Only entries of this kind, such as device.reported."`
}

func (logListCmd) Permission() permit.Permission { return permit.ViewLog }

func (logListCmd) Help() string {
	return example("", "breakwater log --client lakeside", "breakwater log --client lakeside --from 0 --limit 1000 --json")
}

// Listed is one entry in a listing.
type Listed struct {
	Index    uint64 `json:"index"`
	Kind     string `json:"kind"`
	Practice string `json:"practice,omitempty"` // of a statement
	At       string `json:"at,omitempty"`
	Recorded string `json:"recorded"`
	Actor    string `json:"actor,omitempty"`
	Source   string `json:"source,omitempty"`
	Erased   bool   `json:"erased,omitempty"`

	envelope event.Envelope
}

func (c *logListCmd) Run(a *App) error {
	if c.Limit < 1 || c.Limit > maxListed {
		return problem("--limit is %d: give 1 to %d", c.Limit, maxListed)
	}
	if _, ok := event.KindNamed(c.Kind); c.Kind != "" && !ok && !strings.HasPrefix(c.Kind, "document.") {
		return problem("no kind is called %q: see the column KIND of `breakwater log`", c.Kind)
	}
	return a.withClient(c.Client, func(s *site) error {
		l, head, err := s.head(c.Client)
		if err != nil {
			return err
		}
		list, err := c.gather(s, l, head)
		if err != nil {
			return err
		}
		answer := map[string]any{"client": c.Client, "origin": l.Origin, "log_size": head.Size, "root": head.Root.String(), "entries": list}
		return a.show(answer, func(w *bufio.Writer) {
			fmt.Fprintf(w, "%s: %d entries, root %s\n\n", c.Client, head.Size, head.Root)
			var rows [][]string
			for _, e := range list {
				rows = append(rows, []string{strconv.FormatUint(e.Index, 10), e.Recorded, e.At, strings.TrimSpace(e.Kind + " " + e.Practice), e.Actor, erased(e.Erased)})
			}
			table(w, []string{"ENTRY", "RECORDED", "AT", "KIND", "ACTOR", ""}, rows)
		})
	})
}

func erased(yes bool) string {
	if yes {
		return "erased"
	}
	return ""
}

func (c *logListCmd) gather(s *site, l store.Log, head store.Head) ([]Listed, error) {
	from := head.Size - min(head.Size, uint64(c.Limit))
	if c.Kind != "" {
		from = 0
	}
	if c.From != nil {
		from = *c.From
	}
	list := []Listed{}
	for e, err := range s.store.Entries(s.app.ctx, l.ID, from, head.Size) {
		if err != nil {
			return nil, fmt.Errorf("read the log of %s: %w", c.Client, err)
		}
		row, err := listed(e)
		if err != nil {
			return nil, err
		}
		if c.Kind != "" && row.Kind != c.Kind {
			continue
		}
		if list = append(list, row); len(list) == c.Limit && (c.From != nil || c.Kind == "") {
			break
		}
	}
	return list[len(list)-min(len(list), c.Limit):], nil
}

func listed(e store.Stored) (Listed, error) {
	row := Listed{Index: e.Index, Kind: event.Kind(e.Kind).String(), Recorded: interval.Format(e.Recorded), Erased: e.Erased}
	if e.Erased {
		return row, nil
	}
	env, err := event.Decode(e.Envelope)
	if err != nil {
		return row, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	row.At, row.Actor, row.Source, row.envelope = interval.Format(env.At), env.Actor, env.Source, env
	if env.Kind.IsStatement() {
		st, err := event.Body[document.Statement](env)
		if err != nil {
			return row, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		row.Practice = st.Practice
	}
	return row, nil
}

func (s *site) head(client string) (store.Log, store.Head, error) {
	l, err := s.store.LogByName(s.app.ctx, client)
	if err != nil {
		return l, store.Head{}, fmt.Errorf("find the log of %s: %w", client, err)
	}
	head, err := s.store.Head(s.app.ctx, l.ID)
	if err != nil {
		return l, head, fmt.Errorf("read the head of %s: %w", client, err)
	}
	return l, head, nil
}

// entry reads one entry of a client.
func (s *site) entry(client string, index uint64) (store.Log, store.Stored, error) {
	l, head, err := s.head(client)
	if err != nil {
		return l, store.Stored{}, err
	}
	if index >= head.Size {
		return l, store.Stored{}, problem("the log of %s has %d entries, the first of them 0: list them with `breakwater log --client %s`", client, head.Size, client)
	}
	for e, err := range s.store.Entries(s.app.ctx, l.ID, index, index+1) {
		return l, e, err
	}
	return l, store.Stored{}, fmt.Errorf("entry %d of %s: %w", index, client, store.ErrNotFound)
}
