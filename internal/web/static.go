package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"

	"breakwater/internal/permit"
)

//go:embed static
var static embed.FS

// What is served under /static has the hash of its content in its name, so
// that a browser may keep it for a year and never shows an old one.
var (
	hashed     = map[string][]byte{}
	sheetPath  = fixed("site.css")
	scriptPath = fixed("site.js")
	iconPath   = fixed("icon.svg")
)

// fixed gives an embedded file its lasting path.
func fixed(name string) string {
	b, err := static.ReadFile("static/" + name)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b)
	ext := path.Ext(name)
	file := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	hashed[file] = b
	return "/static/" + file
}

// plainRoutes are those that show no page.
func (s *Server) plainRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/healthz", Permission: permit.Public, Bare: true, Handle: s.health},
		{Method: "GET", Path: "/static/{file}", Permission: permit.Public, Bare: true, Handle: s.file},
		{Method: "GET", Path: "/favicon.ico", Permission: permit.Public, Bare: true, Handle: s.icon},
		{Method: "POST", Path: "/theme", Permission: permit.Public, Bare: true, Handle: s.setTheme},
	}
}

// health answers 200 while the store can be read and written.
func (s *Server) health(v *Visit) error {
	v.Writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.door().Store().Stopped(); err != nil {
		v.Writer.WriteHeader(http.StatusServiceUnavailable)
		_, err := v.Writer.Write([]byte("writing has stopped: run breakwater fsck\n"))
		return err
	}
	_, err := v.Writer.Write([]byte("ok\n"))
	return err
}

func (s *Server) file(v *Visit) error {
	name := v.PathValue("file")
	b, ok := hashed[name]
	if !ok {
		return errNotThere
	}
	v.Writer.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	v.Writer.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := v.Writer.Write(b)
	return err
}

func (s *Server) icon(v *Visit) error {
	http.Redirect(v.Writer, v.Request, iconPath, http.StatusFound)
	return nil
}

// setTheme keeps in the browser how pages are to look.
func (s *Server) setTheme(v *Visit) error {
	theme, seconds := v.Field("theme"), 400*24*3600
	if theme != "light" && theme != "dark" {
		theme, seconds = "", -1
	}
	http.SetCookie(v.Writer, s.cookie(themeCookie, theme, seconds))
	http.Redirect(v.Writer, v.Request, inside(v.Field("back"), "/"), http.StatusSeeOther)
	return nil
}
