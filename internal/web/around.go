package web

import (
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
)

// policy lets a page load its own sheet, script and pictures and nothing else:
// no inline style or script, no frame, no foreign host.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// around puts around the routes what every answer needs, outermost first.
func (s *Server) around(h http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	h = cross.Handler(h)
	h = s.PastProxy(h)
	h = s.survive(h)
	h = compress(h)
	h = s.headers(h)
	return numbered(h)
}

type requestKey struct{}

// numbered gives each request a number that stands on error pages and in the
// program's log.
func numbered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := randomText(6)
		w.Header().Set("X-Request-Id", id)
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, id)))
	})
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

func (s *Server) headers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		if s.cfg.Secure {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.ServeHTTP(w, r)
	})
}

// crossOrigin answers a form that another site sent.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request) {
	s.cfg.Log.WarnContext(r.Context(), "form of another site refused", "request", requestID(r.Context()), "origin", r.Header.Get("Origin"))
	v := &Visit{Request: r, Writer: w, ID: requestID(r.Context()), Status: http.StatusForbidden, server: s}
	p := Trouble{Heading: "This form came from another site", Text: "Nothing was recorded. If you meant it, open the page here and send it from there."}
	if err := render(v, troublePage, v.Frame(p.Heading, ""), p); err != nil {
		http.Error(w, p.Heading, http.StatusForbidden)
	}
}

// PastProxy turns away, where a trusted proxy ends TLS, who came here in plain
// text past it, or to it: that could be read on the way. It stands around
// everything that is not for everybody, the API too.
func (s *Server) PastProxy(h http.Handler) http.Handler {
	if len(s.cfg.TrustedProxies) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		ip := peer.Addr().Unmap()
		says := "This port answers to its proxy alone: use the proxy's address."
		switch {
		case r.TLS != nil, r.URL.Path == "/healthz" && ip.IsLoopback():
			says = ""
		case err == nil && s.trusts(ip):
			says = ""
			if !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
				says = "The proxy does not say that you came over TLS: use https, and let the proxy set X-Forwarded-Proto."
			}
		}
		if says != "" {
			http.Error(w, says, http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// survive turns a panic into an error page.
func (s *Server) survive(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			v := &Visit{Request: r, Writer: w, ID: requestID(r.Context()), server: s}
			s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request", v.ID), slog.String("stack", string(debug.Stack())))
			s.fail(v, fmt.Errorf("panic: %v", p))
		}()
		h.ServeHTTP(w, r)
	})
}

var squeezers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compress answers text in gzip where the browser takes it. No page carries
// both a secret and something that a stranger chose.
func compress(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Method == http.MethodHead {
			h.ServeHTTP(w, r)
			return
		}
		z := &squeezed{ResponseWriter: w}
		defer z.close()
		h.ServeHTTP(z, r)
	})
}

// squeezed decides at the first byte whether to compress.
type squeezed struct {
	http.ResponseWriter
	zip     *gzip.Writer
	decided bool
}

func (z *squeezed) WriteHeader(status int) {
	z.decide(status)
	z.ResponseWriter.WriteHeader(status)
}

func (z *squeezed) decide(status int) {
	if z.decided {
		return
	}
	z.decided = true
	head := z.Header()
	kind := head.Get("Content-Type")
	text := strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "image/svg") || strings.HasPrefix(kind, "application/json")
	if !text || status == http.StatusNoContent || status == http.StatusNotModified || head.Get("Content-Encoding") != "" {
		return
	}
	head.Set("Content-Encoding", "gzip")
	head.Add("Vary", "Accept-Encoding")
	head.Del("Content-Length")
	z.zip = squeezers.Get().(*gzip.Writer)
	z.zip.Reset(z.ResponseWriter)
}

func (z *squeezed) Write(b []byte) (int, error) {
	if !z.decided {
		z.WriteHeader(http.StatusOK)
	}
	if z.zip != nil {
		return z.zip.Write(b)
	}
	return z.ResponseWriter.Write(b)
}

func (z *squeezed) close() {
	if z.zip != nil {
		z.zip.Close()
		squeezers.Put(z.zip)
	}
}

// Unwrap lets http.ResponseController reach what is under it.
func (z *squeezed) Unwrap() http.ResponseWriter { return z.ResponseWriter }

// Direct makes a handler that knows nothing of proxies see where requests
// really come from.
func (s *Server) Direct(h http.Handler) http.Handler {
	if len(s.cfg.TrustedProxies) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := *r
		seen.RemoteAddr = s.address(r)
		h.ServeHTTP(w, &seen)
	})
}

// address is where a request came from: the peer, or what a trusted proxy says.
func (s *Server) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for n := len(hops) - 1; n >= 0 && s.trusts(ip); n-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[n]))
		if err != nil {
			break
		}
		ip = next.Unmap()
	}
	return ip.String()
}

func (s *Server) trusts(ip netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
