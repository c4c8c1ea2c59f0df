package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

const (
	saidCookie  = "breakwater-said"
	themeCookie = "breakwater-theme"
	maxSaid     = 400
)

// cookieName is that of the session. With TLS the prefix makes the browser
// itself refuse one that another host or plain HTTP has set.
func (s *Server) cookieName() string {
	if s.cfg.Secure {
		return "__Host-breakwater"
	}
	return "breakwater"
}

// cookie is one of ours, for this host alone and out of reach of scripts.
func (s *Server) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: s.cfg.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// remember hands a session's secret to the browser. The cookie ends with the
// browser; the session itself ends by its own rules.
func (v *Visit) remember(secret string) {
	http.SetCookie(v.Writer, v.server.cookie(v.server.cookieName(), secret, 0))
	v.secret = secret
}

func (v *Visit) forget() {
	http.SetCookie(v.Writer, v.server.cookie(v.server.cookieName(), "", -1))
}

// say keeps a sentence for the next page.
func (v *Visit) say(said string) {
	if said == "" {
		return
	}
	said = strings.ToValidUTF8(said[:min(len(said), maxSaid)], "")
	http.SetCookie(v.Writer, v.server.cookie(saidCookie, base64.RawURLEncoding.EncodeToString([]byte(said)), 60))
}

// said takes the sentence that the visit before left.
func (v *Visit) said() string {
	c, err := v.Cookie(saidCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(v.Writer, v.server.cookie(saidCookie, "", -1))
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(raw) > maxSaid {
		return ""
	}
	return strings.ToValidUTF8(string(raw), "")
}

// theme is "light", "dark" or "" for what the system prefers.
func (v *Visit) theme() string {
	if c, err := v.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

// inside is a path of ours to go on to, or otherwise.
func inside(path, otherwise string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return otherwise
	}
	return u.RequestURI()
}
