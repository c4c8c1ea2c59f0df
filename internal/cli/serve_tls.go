package cli

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/crypto/acme/autocert"
)

// check refuses plain HTTP beyond this machine, and half a certificate.
func (c *serveCmd) check() error {
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		return problem("--addr %s is not host:port: give something like 127.0.0.1:8480", c.Addr)
	case (c.Cert == "") != (c.CertKey == ""):
		return problem("a certificate needs its private key and the other way round: give both --cert and --cert-key")
	case c.Cert != "" && c.ACME != "":
		return problem("there are two sources of a certificate: give --cert with --cert-key, or --acme")
	case !c.secure() && !loopback(host):
		return problem("plain HTTP on %s could be read on the way: give --cert and --cert-key, --acme, or --trusted-proxy", c.Addr)
	}
	return nil
}

// prepare reads the certificate before anything is made or opened.
func (c *serveCmd) prepare(a *App) (err error) {
	if c.Cert != "" {
		c.certificate, err = newCertificate(c.Cert, c.CertKey, a.log)
	}
	return err
}

// loopback reports whether a host is this machine alone.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// secure says that browsers reach the pages over TLS.
func (c *serveCmd) secure() bool { return c.tls() || len(c.TrustedProxy) > 0 }

func (c *serveCmd) tls() bool { return c.Cert != "" || c.ACME != "" }

// base is the address that links begin with, without a slash at its end.
func (c *serveCmd) base() string {
	switch {
	case c.Address != "":
		return strings.TrimRight(c.Address, "/")
	case c.ACME != "":
		return "https://" + c.ACME
	case c.tls():
		return "https://" + reachable(c.Addr, "443")
	}
	return "http://" + reachable(c.Addr, "80")
}

// reachable is an address as one types it: a machine that listens everywhere is
// called by its name, and the usual port is left out.
func reachable(addr, usual string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			host = "localhost"
		}
	}
	if port != usual {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// serve answers on a listener, over TLS where there is a certificate.
func (c *serveCmd) serve(h *http.Server, l net.Listener, a *App) error {
	switch {
	case c.ACME != "":
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(c.ACME), Cache: autocert.DirCache(a.path("acme"))}
		h.TLSConfig = m.TLSConfig()
		return h.ServeTLS(l, "", "")
	case c.certificate != nil:
		h.TLSConfig = &tls.Config{GetCertificate: c.certificate.get}
		return h.ServeTLS(l, "", "")
	}
	return h.Serve(l)
}
