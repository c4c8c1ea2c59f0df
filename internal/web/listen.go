package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// Listen says where and how to answer. Plain HTTP is for this machine alone:
// beyond loopback there are certificate files, certificates from an ACME
// authority, or a trusted proxy that ends TLS.
type Listen struct {
	Addr string // "127.0.0.1:8480"
	// CertFile and KeyFile, PEM. They are read again when they change, so that
	// a renewed certificate needs no restart.
	CertFile, KeyFile string
	// Hosts, for ACME: the names that this instance answers to. The authority
	// reaches it at port 443 of each (TLS-ALPN-01, RFC 8737).
	Hosts []string
	// Cache is the folder in which ACME keeps certificates and its account.
	Cache string
	// Mail is given to the ACME authority for its warnings; may be empty.
	Mail string
	// Directory is the address of the ACME authority; Let's Encrypt if empty.
	Directory string
	// Proxies are the addresses of proxies that are trusted to end TLS, and to
	// say whom they speak for.
	Proxies []netip.Prefix
	Log     *slog.Logger
}

// Secure reports whether browsers reach the pages over TLS.
func (l Listen) Secure() bool { return l.CertFile != "" || len(l.Hosts) > 0 || len(l.Proxies) > 0 }

// Check refuses an address that would serve plain HTTP beyond this machine, and
// settings that contradict each other.
func (l Listen) Check() error {
	host, _, err := net.SplitHostPort(l.Addr)
	if err != nil {
		return fmt.Errorf("address %q: write a host and a port, such as 127.0.0.1:8480", l.Addr)
	}
	files, acme := l.CertFile != "" || l.KeyFile != "", len(l.Hosts) > 0
	switch {
	case files && acme:
		return errors.New("certificate files and ACME at once: choose one")
	case (l.CertFile == "") != (l.KeyFile == ""):
		return errors.New("a certificate needs its key and a key its certificate: give both files")
	case acme && l.Cache == "":
		return errors.New("ACME needs a folder for its certificates: give one")
	case files, acme, len(l.Proxies) > 0, loopback(host):
		return nil
	}
	return fmt.Errorf("plain HTTP on %s would be readable on the way: give certificate files, the host names for ACME, or the address of a trusted proxy; or listen on 127.0.0.1", l.Addr)
}

// behindProxy answers to trusted proxies alone, and only what reached them over
// TLS: whoever came here past them would be read on the way.
func (l Listen) behindProxy(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		ip := peer.Addr().Unmap()
		trusted := err == nil && slices.ContainsFunc(l.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
		switch {
		case r.URL.Path == "/healthz" && ip.IsLoopback():
		case !trusted:
			http.Error(w, "This port answers to its proxy only: use the proxy's address.", http.StatusForbidden)
			return
		case !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"):
			http.Error(w, "The proxy does not say that you came over TLS: use https, and let the proxy set X-Forwarded-Proto.", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Serve answers until ctx ends, then lets what is being answered finish.
// Started is called with the address once the port is open.
func (l Listen) Serve(ctx context.Context, h http.Handler, started func(addr string)) error {
	if err := l.Check(); err != nil {
		return err
	}
	srv, err := l.server(h)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", l.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: choose another address or stop what uses it", l.Addr, err)
	}
	if started != nil {
		started(ln.Addr().String())
	}
	done := make(chan error, 1)
	go func() {
		if srv.TLSConfig != nil {
			done <- srv.ServeTLS(ln, "", "")
			return
		}
		done <- srv.Serve(ln)
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := srv.Shutdown(end); err != nil {
		srv.Close()
	}
	return nil
}

// server is the HTTP server with its limits on time and size.
func (l Listen) server(h http.Handler) (*http.Server, error) {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 6 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	if l.Log != nil {
		srv.ErrorLog = slog.NewLogLogger(l.Log.Handler(), slog.LevelWarn)
	}
	switch {
	case l.CertFile != "":
		files := &certFiles{cert: l.CertFile, key: l.KeyFile}
		if _, err := files.get(nil); err != nil {
			return nil, err
		}
		srv.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get, NextProtos: []string{"h2", "http/1.1"}}
	case len(l.Hosts) > 0:
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(l.Cache), HostPolicy: autocert.HostWhitelist(l.Hosts...), Email: l.Mail}
		if l.Directory != "" {
			m.Client = &acme.Client{DirectoryURL: l.Directory}
		}
		srv.TLSConfig = m.TLSConfig()
		srv.TLSConfig.MinVersion = tls.VersionTLS12
	case len(l.Proxies) > 0:
		srv.Handler = l.behindProxy(h)
	}
	return srv, nil
}
