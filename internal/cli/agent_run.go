package cli

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"breakwater/internal/agent"
	"breakwater/internal/agent/posture"
	"breakwater/internal/device"
	"breakwater/internal/permit"
)

// agentAt says where a machine's agent keeps its key and its queue.
type agentAt struct {
	Dir string `default:"./breakwater-agent" env:"BREAKWATER_AGENT" type:"path" placeholder:"DIR" help:"Folder of this machine's key and queue."`
	CA  string `name:"ca" env:"BREAKWATER_AGENT_CA" type:"path" placeholder:"FILE" help:"Certificate to trust beside the system's (PEM)."`
}

// agent is the agent of this machine; server "" takes the one it enrolled at.
func (c agentAt) agent(a *App, server string) (*agent.Agent, error) {
	g := &agent.Agent{Dir: c.Dir, Root: posture.Here(), Now: a.now}
	if server == "" {
		var err error
		if server, err = g.Server(); err != nil {
			return nil, problem("%v", err)
		}
	}
	to, err := agent.NewHTTP(server, c.CA)
	if err != nil {
		return nil, problem("%v", err)
	}
	g.To = to
	return g, nil
}

type agentEnrollCmd struct {
	agentAt
	Server string `required:"" env:"BREAKWATER_SERVER" placeholder:"URL" help:"Address of the Breakwater."`
	Secret string `required:"" env:"BREAKWATER_SECRET" placeholder:"SECRET" help:"Enrollment secret of the client."`
	Name   string `placeholder:"ID" help:"Identifier for this machine; its host name if not given."`
	Class  string `placeholder:"CLASS" help:"Class: laptop, desktop, server, ...; read from the machine if not given."`
}

func (agentEnrollCmd) Permission() permit.Permission { return permit.ByDevice }

func (agentEnrollCmd) Help() string {
	return example("", "breakwater agent enroll --server https://proof.example.com --secret bwe_...")
}

func (c *agentEnrollCmd) Run(a *App) error {
	g, err := c.agent(a, c.Server)
	if err != nil {
		return err
	}
	place, err := g.Enroll(a.ctx, c.Secret, c.Server, c.Name, c.Class)
	if err != nil {
		return problem("%v: check the address and the secret", err)
	}
	return a.show(place, func(w *bufio.Writer) {
		fmt.Fprintf(w, "Enrolled as %s of %s. Report with `breakwater agent run`.\n", clean(place.Device), clean(place.Client))
	})
}

type agentOnceCmd struct{ agentAt }

func (agentOnceCmd) Permission() permit.Permission { return permit.ByDevice }

func (agentOnceCmd) Help() string {
	return example("Exit code 1 says that the report waits for the next time.", "breakwater agent once")
}

// SentAnswer says what became of one round.
type SentAnswer struct {
	Acks    []device.Ack `json:"acks"`
	Waiting int          `json:"waiting"`
	Offline string       `json:"offline,omitempty"`
}

func sentAnswer(s agent.Sent) SentAnswer {
	answer := SentAnswer{Acks: s.Acks, Waiting: s.Waiting}
	if answer.Acks == nil {
		answer.Acks = []device.Ack{}
	}
	if s.Offline != nil {
		answer.Offline = oneLine(s.Offline.Error())
	}
	return answer
}

func (s SentAnswer) text(w *bufio.Writer) {
	for _, ack := range s.Acks {
		note := "unchanged"
		if ack.Logged {
			note = fmt.Sprintf("entry %d", *ack.Index)
		}
		if ack.Note != "" {
			note += "; " + ack.Note
		}
		fmt.Fprintf(w, "Report %d: %s\n", ack.Seq, clean(note))
	}
	if s.Offline != "" {
		fmt.Fprintf(w, "%s: %s\n", count(s.Waiting, "report waits", "reports wait"), clean(s.Offline))
	}
}

func (c *agentOnceCmd) Run(a *App) error {
	g, err := c.agent(a, "")
	if err != nil {
		return err
	}
	sent, err := g.Once(a.ctx)
	if err != nil {
		return problem("%v: enroll this machine again if this stays", err)
	}
	answer := sentAnswer(sent)
	if err := a.show(answer, answer.text); err != nil {
		return err
	}
	if sent.Offline != nil {
		return errNo
	}
	return nil
}

type agentRunCmd struct {
	agentAt
	Every time.Duration `default:"1h" placeholder:"1h" help:"How often to report."`
}

func (agentRunCmd) Permission() permit.Permission { return permit.ByDevice }

func (agentRunCmd) Help() string {
	return example("It reports at once and then again and again, until it is stopped.", "breakwater agent run --every 1h")
}

func (c *agentRunCmd) Run(a *App) error {
	if c.Every < time.Minute {
		return problem("--every %v is too often: give a minute or more", c.Every)
	}
	g, err := c.agent(a, "")
	if err != nil {
		return err
	}
	err = g.Run(a.ctx, c.Every, func(s agent.Sent) {
		answer := sentAnswer(s)
		if err := a.show(answer, answer.text); err != nil {
			a.log.Error("print", "error", err)
		}
	})
	if err != nil && !errors.Is(err, a.ctx.Err()) {
		return problem("%v: enroll this machine again if this stays", err)
	}
	return nil
}
