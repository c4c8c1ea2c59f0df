package cli

import (
	"context"
	"errors"
	"runtime"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/agent"
	"breakwater/internal/agent/posture"
	"breakwater/internal/device"
	"breakwater/internal/intake"
	"breakwater/internal/store"
)

// begin starts what runs beside the answering, until the context ends.
func (s *server) begin(accounts *account.Accounts, fresh bool) {
	s.job("sign and ask outsiders", s.voucher.Run)
	s.job("adopt the newer catalog", func(ctx context.Context) error {
		_, err := s.door.Upgrade(ctx)
		return err
	})
	s.job("follow the logs", s.follow)
	s.every("log unchanged reports", time.Minute, func(ctx context.Context) error { return s.door.FlushAll(ctx, false) })
	s.every("issue the MSP's statements", time.Hour, s.door.IssueStatements)
	s.every("drop what expired", time.Hour, func(ctx context.Context) error { return s.expire(ctx, accounts) })
	s.every("sweep files", 24*time.Hour, s.sweep)
	if runtime.GOOS == "linux" {
		s.job("report this machine", func(ctx context.Context) error { return s.machine(ctx, fresh) })
	}
}

// job runs f beside the answering. What ends it is logged: pages go on from
// what is proven.
func (s *server) job(what string, f func(context.Context) error) {
	s.work.Go(func() {
		if err := f(s.app.ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.app.log.Error(what, "error", err)
		}
	})
}

// every runs f now and then again after each interval.
func (s *server) every(what string, interval time.Duration, f func(context.Context) error) {
	s.job(what, func(ctx context.Context) error {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				s.app.log.Error(what, "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
}

// follow keeps what the list of clients shows up to date, whoever appends.
func (s *server) follow(ctx context.Context) error {
	return s.store.Watch(ctx, time.Second, func([]store.Head) error {
		if _, err := s.door.Listed(ctx); err != nil && ctx.Err() == nil {
			s.app.log.Error("follow the logs", "error", err)
		}
		return nil
	})
}

func (s *server) expire(ctx context.Context, accounts *account.Accounts) error {
	_, err := s.store.DeleteExpired(ctx)
	if accounts != nil {
		_, sweepErr := accounts.Sweep(ctx)
		err = errors.Join(err, sweepErr)
	}
	return err
}

// sweep removes files that no entry cites and that are a day old: a crash left
// them between storing and logging.
func (s *server) sweep(ctx context.Context) error {
	_, err := s.files.Sweep(ctx, time.Now().Add(-24*time.Hour), s.store.KeepsFile)
	return err
}

// agentName is the folder of this machine's own agent in the data folder.
const agentName = "agent"

// reportEvery is how often this machine reports its own posture.
const reportEvery = time.Hour

// machine reports the posture of the machine that serves into the MSP's own
// log. On the first start it is enrolled as the MSP's first device; later it
// reports only if it was.
func (s *server) machine(ctx context.Context, fresh bool) error {
	a := &agent.Agent{Dir: s.app.path(agentName), To: atDoor{s.door}, Root: posture.Here(), Now: s.app.now}
	if fresh {
		if err := s.enroll(ctx, a); err != nil {
			return err
		}
	}
	if _, err := a.Server(); err != nil {
		return nil // never enrolled, or enrolled elsewhere: nothing to report here
	}
	return a.Run(ctx, reportEvery, func(sent agent.Sent) {
		if sent.Offline != nil && ctx.Err() == nil {
			s.app.log.Warn("report this machine", "error", sent.Offline)
		}
	})
}

// enroll makes a secret for this one use.
func (s *server) enroll(ctx context.Context, a *agent.Agent) error {
	caller, msp := intake.System, s.door.MSP()
	secret, id, err := s.door.MakeSecret(ctx, caller, msp, "", s.door.Now()+int64(time.Hour/time.Millisecond))
	if err != nil {
		return err
	}
	if _, err := a.Enroll(ctx, secret, "", "", ""); err != nil {
		return err
	}
	_, err = s.door.RevokeSecret(ctx, caller, msp, id)
	return err
}

// atDoor hands in at the door of this process.
type atDoor struct{ door *intake.Door }

func (t atDoor) Enroll(ctx context.Context, e device.Enrollment) (device.Place, error) {
	return t.door.Enroll(ctx, e)
}

func (t atDoor) Report(ctx context.Context, r device.Report) (device.Ack, error) {
	return t.door.Report(ctx, r)
}
