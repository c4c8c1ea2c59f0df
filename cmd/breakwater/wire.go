package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/api"
	"breakwater/internal/cli"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/sample"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
	"breakwater/internal/web"
)

// accounts are kept in the store; roles and what happens to accounts stand in
// the MSP's log.
func accounts(d *intake.Door, s *store.Store, now func() time.Time) (*account.Accounts, error) {
	rows := s.Accounts()
	return account.Open(account.Config{Store: rows, Sealer: rows, Grants: web.GrantsOf(d), Happened: web.Happened(d), Now: now})
}

// pages is what browsers and programs are answered by.
func pages(_ context.Context, w cli.Wiring) (cli.Pages, error) {
	c := web.Config{
		Door: w.Door, Accounts: w.Accounts, Blobs: w.Files, Voucher: w.Voucher, Vouching: vouching(w), Log: w.Log, Now: w.Now,
		Secure: w.Secure, TrustedProxies: w.TrustedProxies, Address: w.Address, Sample: w.Sample, SampleAddress: w.SampleAddress,
		Kept: w.Kept, Place: web.Place{Data: w.Place.Data, Engine: w.Place.Engine, Key: w.Place.Key, Guard: w.Place.Guard, Version: w.Place.Version},
	}
	if w.Sample {
		c.Guest = guest(w.Now)
	}
	server := web.New(c)
	mux := http.NewServeMux()
	mux.Handle("/", server)
	programs := api.New(api.Config{Door: w.Door, Tokens: w.Accounts, Log: w.Log, Version: w.Place.Version})
	mux.Handle("/api/", server.PastProxy(server.Direct(programs)))
	first := server.FirstLink
	if w.Sample {
		first = func(context.Context) (string, error) { return "", nil } // there is nothing to set up
	}
	return cli.Pages{Handler: mux, FirstLink: first}, nil
}

// vouching says who outside vouches, for one client's log or for all.
func vouching(w cli.Wiring) func(context.Context, string) (web.Vouching, error) {
	return func(ctx context.Context, client string) (web.Vouching, error) {
		var logs []store.LogID
		if client != "" {
			l, err := w.Store.LogByName(ctx, client)
			if err != nil {
				return web.Vouching{}, err
			}
			logs = append(logs, l.ID)
		}
		st, err := w.Voucher.Status(ctx, logs...)
		if err != nil {
			return web.Vouching{}, err
		}
		list, err := outsiders(ctx, w.Voucher)
		return web.Vouching{Line: strings.TrimSuffix(st.Line(), ".") + ".", Outsiders: list}, err
	}
}

// outsiders lists who was asked to vouch, with what each of them said last.
func outsiders(ctx context.Context, v *vouch.Voucher) ([]web.Outsider, error) {
	all, err := v.Outsiders(ctx)
	if err != nil {
		return nil, err
	}
	var list []web.Outsider
	for _, o := range all {
		row := web.Outsider{Name: o.Name, Sort: "witness", Last: "no answer lately", OK: o.Current}
		if o.Authority {
			row.Sort = "time stamp authority"
		}
		if o.At != 0 {
			row.Last = time.UnixMilli(o.At).UTC().Format("2006-01-02 15:04 UTC")
		}
		list = append(list, row)
	}
	return list, nil
}

// guest looks around in a sample: everything that an auditor of the whole MSP
// may see, and nothing that changes a log.
func guest(now func() time.Time) func(context.Context) account.Principal {
	return func(context.Context) account.Principal {
		at := now().UnixMilli()
		until := at + interval.Day
		return account.Principal{
			Member: "guest", Name: "Guest", Stage: account.StageFull, Until: until,
			Grants: []permit.Grant{{Member: "guest", Role: permit.Auditor, From: at - interval.Day, Until: until}},
		}
	}
}

// simulation is a sample under its own clock.
type simulation struct {
	clock   *sample.Clock
	options sample.Options
}

func simulate(o cli.SampleOptions) (cli.Simulation, error) {
	s := &simulation{&sample.Clock{}, sample.Options(o)}
	if err := s.options.Check(time.Now().UnixMilli()); err != nil {
		return nil, err
	}
	s.clock.Set(interval.MonthsBefore(o.Now, o.Months))
	return s, nil
}

func (s *simulation) Now() time.Time { return s.clock.Now() }

func (s *simulation) Build(ctx context.Context, d *intake.Door, say func(done, total int)) error {
	return sample.Build(ctx, d, s.clock, s.options, say)
}
