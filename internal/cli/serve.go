package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/blob"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

type serveCmd struct {
	Addr          string         `default:"127.0.0.1:8480" env:"BREAKWATER_ADDR" placeholder:"HOST:PORT" help:"Address to listen on. Beyond this machine only with TLS, here or at a trusted proxy."`
	Address       string         `env:"BREAKWATER_ADDRESS" placeholder:"URL" help:"What people type to get here, such as https://proof.example.com; links begin with it."`
	Cert          string         `env:"BREAKWATER_CERT" type:"path" placeholder:"FILE" help:"TLS certificate chain (PEM); read again when it is renewed."`
	CertKey       string         `env:"BREAKWATER_CERT_KEY" type:"path" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	ACME          string         `name:"acme" env:"BREAKWATER_ACME" placeholder:"HOST" help:"Get a certificate for this host name by ACME; you agree to the authority's terms."`
	TrustedProxy  []netip.Prefix `env:"BREAKWATER_TRUSTED_PROXY" placeholder:"CIDR" help:"Proxies in front that speak TLS to browsers; their X-Forwarded-For is believed."`
	SampleAddress string         `env:"BREAKWATER_SAMPLE_ADDRESS" placeholder:"URL" help:"Where a sample runs beside this one, if one does."`
	Outsiders     outsiders      `embed:""`

	certificate *certificate // of Cert and CertKey
}

func (serveCmd) Permission() permit.Permission { return permit.Operate }

func (serveCmd) Help() string {
	return example("On an empty folder it makes the master key, the MSP's own log and a first device of it: this machine. It prints a link to set up with.",
		"breakwater serve", "breakwater serve --addr :443 --acme proof.example.com",
		"breakwater serve --addr 0.0.0.0:8480 --trusted-proxy 10.0.0.2/32 --address https://proof.example.com")
}

// Wiring is what pages and the API stand on.
type Wiring struct {
	Door           *intake.Door
	Store          *store.Store
	Files          *blob.Files
	Accounts       *account.Accounts
	Voucher        *vouch.Voucher
	Log            *slog.Logger
	Now            func() time.Time
	Secure         bool // browsers reach the pages over TLS
	TrustedProxies []netip.Prefix
	Address        string
	SampleAddress  string
	Sample         bool // what is shown is simulated
	Place          Place
	// Kept is how many bytes the data folder holds and when the last backup was
	// made, ms UTC; 0 where nothing is known.
	Kept func(context.Context) (bytes, backedUp int64)
}

// Place says where things are kept.
type Place struct {
	Data, Engine, Key, Guard, Version string
}

// Pages is what answers browsers and programs.
type Pages struct {
	Handler http.Handler
	// FirstLink is the path of a one-time link that sets the MSP up, "" where
	// that was done.
	FirstLink func(context.Context) (string, error)
}

// server is `serve` while it runs.
type server struct {
	*site
	cmd     *serveCmd
	voucher *vouch.Voucher
	pages   http.Handler
	work    sync.WaitGroup
	size    size
}

func (c *serveCmd) Run(a *App) error {
	if err := c.check(); err != nil {
		return err
	}
	if err := c.prepare(a); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return problem("cannot listen on %s: %v: stop what listens there, or choose another address with --addr", c.Addr, unwrapped(err))
	}
	defer listener.Close()
	if _, port, _ := net.SplitHostPort(c.Addr); port == "0" { // any that is free: say which
		c.Addr = listener.Addr().String()
	}
	s, err := a.openOrMake()
	if err != nil {
		return err
	}
	defer s.close()
	srv, err := c.start(s)
	if err != nil {
		return err
	}
	return srv.run(listener)
}

// start brings everything up that must be there before the first answer.
func (c *serveCmd) start(s *site) (*server, error) {
	a := s.app
	if err := s.store.CheckGuard(a.ctx, s.guard); err != nil {
		return nil, err
	}
	fresh := s.door.MSP() == ""
	if err := s.provide(a.ctx); err != nil {
		return nil, err
	}
	config, err := c.Outsiders.config(a)
	if err != nil {
		return nil, err
	}
	srv := &server{site: s, cmd: c}
	if srv.voucher, err = vouch.Open(a.ctx, s.store, s.guard, config); err != nil {
		return nil, err
	}
	if err := srv.open(fresh); err != nil {
		return nil, err
	}
	return srv, nil
}

// open makes the pages and says where they are.
func (s *server) open(fresh bool) error {
	a := s.app
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	tiles := vouch.Handler(s.store)
	mux.Handle("GET /instance/", tiles)
	mux.Handle("GET /log/", tiles)
	s.pages = mux
	accounts, err := s.accounts()
	if err != nil {
		return err
	}
	link := ""
	if a.pages != nil {
		p, err := a.pages(a.ctx, s.wiring(accounts))
		if err != nil {
			return err
		}
		mux.Handle("/", p.Handler)
		if link, err = p.FirstLink(a.ctx); err != nil {
			return err
		}
	}
	s.greet(link)
	s.begin(accounts, fresh)
	return nil
}

// kept is how much is kept here, and when it was backed up last.
func (s *server) kept(ctx context.Context) (bytes, backedUp int64) {
	backedUp, err := s.lastBackup(ctx)
	if err != nil {
		s.app.log.Warn("look for the last backup", "error", err)
	}
	return s.size.of(s.app.Data), backedUp
}

func (s *server) wiring(accounts *account.Accounts) Wiring {
	a := s.app
	return Wiring{
		Door: s.door, Store: s.store, Files: s.files, Accounts: accounts, Voucher: s.voucher, Log: a.log, Now: a.now,
		Secure: s.cmd.secure(), TrustedProxies: s.cmd.TrustedProxy, Address: s.cmd.Address, SampleAddress: s.cmd.SampleAddress, Sample: a.sample,
		Place: Place{Data: a.place(), Engine: engineName(s.store.Engine()), Key: a.keySource(), Guard: a.guardPath(), Version: Version()}, Kept: s.kept,
	}
}

// engineName is a database by the name that people know.
func engineName(engine string) string {
	switch engine {
	case "sqlite":
		return "SQLite"
	case "postgres":
		return "PostgreSQL"
	}
	return engine
}

// greet says where the pages are, and how to begin.
func (s *server) greet(link string) {
	at := s.cmd.base()
	fmt.Fprintf(s.app.out, "Breakwater is at %s\n", at)
	if s.app.sample {
		fmt.Fprintf(s.app.out, "It shows a sample MSP, all of it simulated, from %s. Nobody signs in.\n", s.app.place())
	}
	if link != "" {
		fmt.Fprintf(s.app.out, "\nSet it up with this link, which works once, within 24 hours, until serve is started again:\n\n  %s%s\n\n", at, link)
	}
	if s.made && s.app.keySource() == "file" {
		fmt.Fprintf(s.app.out, "The master key is in %s. Keep a copy in another place: without it nothing can be read.\n", s.app.masterPath())
	}
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintln(w, `{"ok":true}`)
}

// run answers until the context ends, then finishes what is under way.
func (s *server) run(listener net.Listener) error {
	h := &http.Server{
		Handler: s.pages, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 6 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.app.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.serve(h, listener, s.app) }()
	var err error
	select {
	case err = <-ended:
	case <-s.app.ctx.Done():
		patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err = h.Shutdown(patience)
	}
	s.work.Wait()
	if flushErr := s.door.FlushAll(context.WithoutCancel(s.app.ctx), true); flushErr != nil {
		s.app.log.Error("log the reports that waited", "error", flushErr)
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func unwrapped(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
