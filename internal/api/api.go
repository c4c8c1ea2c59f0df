// Package api is what programs see: the same door as the pages and the
// commands, as JSON over HTTP, with a description of itself (OpenAPI). It
// refuses to know the rules of any subject, SQL and proofs.
//
// Words: an operation is a method and a path with the permission it needs; one
// that declares none cannot be registered. A token is what a program shows;
// a device shows its own key instead.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"breakwater/internal/account"
	"breakwater/internal/device"
	"breakwater/internal/intake"
	"breakwater/internal/permit"
)

// MaxBody is the largest body of a request but a document's.
const MaxBody = 1 << 20

// Config says what the API stands on.
type Config struct {
	Door *intake.Door
	// Tokens finds who shows a token.
	Tokens interface {
		AuthenticateToken(ctx context.Context, text, address string) (account.Principal, error)
	}
	Log     *slog.Logger
	Version string
}

// Route is one operation with the permission it needs, for the walk over all
// of them.
type Route struct {
	Method, Path string
	Permission   permit.Permission
}

// API is the handler of everything under /api/.
type API struct {
	http.Handler
	Routes []Route

	door *intake.Door
	cfg  Config
	huma huma.API
}

// New makes the API.
func New(c Config) *API {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Breakwater", c.Version)
	config.OpenAPIPath, config.SchemasPath, config.DocsPath = "/api/openapi", "/api/schemas", ""
	config.Info.Description = "Twelve months of proof. Every call needs a token (Authorization: Bearer bw_...) that its owner's roles and the token's own scope both allow."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", named)
	config.CreateHooks = nil // no $schema member in answers
	a := &API{door: c.Door, cfg: c, huma: humago.New(mux, config)}
	a.huma.UseMiddleware(a.guard)
	a.clients()
	a.subjects()
	a.evidence()
	a.questions()
	a.records()
	a.removals()
	a.devices()
	mux.HandleFunc("/api/", elsewhere)
	a.Handler = http.TimeoutHandler(mux, time.Minute, `{"detail":"this took too long: ask for less"}`)
	return a
}

// named tells types of the same name in different packages apart.
func named(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pkg := path.Base(t.PkgPath())
	if pkg == "." || pkg == "api" {
		pkg = ""
	}
	return pkg + huma.DefaultSchemaNamer(t, hint)
}

// elsewhere answers what no operation does, as everything else is answered.
func elsewhere(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, `{"title":"Not Found","status":404,"detail":"there is no %s of this path: see /api/openapi.json"}`+"\n", r.Method)
}

// detailed puts the first thing that is wrong into the sentence, so that a
// person who reads one line knows what to mend.
func detailed(status int, text string, errs ...error) huma.StatusError {
	e := &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: text}
	for n, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			d = &huma.ErrorDetail{Message: err.Error()}
		}
		x := d.ErrorDetail()
		e.Errors = append(e.Errors, x)
		if n == 0 {
			e.Detail = strings.TrimSuffix(text+": "+x.Message+" at "+x.Location, " at ") + ": correct it and send it again"
		}
	}
	return e
}

func init() { huma.NewError = detailed }

const permissionKey = "permission"

// handle registers an operation with the permission it needs.
func handle[I, O any](a *API, method, at, summary string, p permit.Permission, f func(ctx context.Context, in *I) (*O, error)) {
	if p == "" {
		panic("api: " + method + " " + at + " declares no permission")
	}
	op := huma.Operation{
		Method: method, Path: at, Summary: summary, OperationID: strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(at),
		Description: "Permission: " + string(p), MaxBodyBytes: MaxBody, Metadata: map[string]any{permissionKey: p},
	}
	if p != permit.Public && p != permit.ByDevice {
		op.Security = []map[string][]string{{"token": {}}}
	}
	a.Routes = append(a.Routes, Route{method, at, p})
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

type callerKey struct{}

// guard asks for the token and whether it may do what the operation does.
func (a *API) guard(ctx huma.Context, next func(huma.Context)) {
	p, _ := ctx.Operation().Metadata[permissionKey].(permit.Permission)
	if p == permit.Public || p == permit.ByDevice {
		next(ctx)
		return
	}
	text, ok := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
	if !ok {
		a.refuse(ctx, http.StatusUnauthorized, "show a token: Authorization: Bearer bw_...")
		return
	}
	who, err := a.cfg.Tokens.AuthenticateToken(ctx.Context(), text, ctx.RemoteAddr())
	if err != nil {
		a.refuse(ctx, http.StatusUnauthorized, "this token is not known, has ended, or was revoked: make a new one under your account")
		return
	}
	client := ctx.Param("client")
	if allowed, why := who.Allowed(p, client, a.door.Now()); !allowed {
		a.door.NoteRefusal(ctx.Context(), who.Member, string(p), client)
		if why.Hides() {
			a.refuse(ctx, http.StatusNotFound, fmt.Sprintf("client %q is not found: list clients with GET /api/clients", client))
			return
		}
		a.refuse(ctx, http.StatusForbidden, why.String())
		return
	}
	if client != "" {
		a.door.NoteOpening(ctx.Context(), who.Member, client, "api")
	}
	next(huma.WithValue(ctx, callerKey{}, who))
}

func (a *API) refuse(ctx huma.Context, status int, why string) {
	if err := huma.WriteErr(a.huma, ctx, status, why); err != nil {
		a.cfg.Log.Error("answer a refusal", "error", err)
	}
}

// who is on whose behalf an operation acts.
func who(ctx context.Context) (account.Principal, intake.Caller) {
	p, _ := ctx.Value(callerKey{}).(account.Principal)
	return p, intake.Caller{Actor: "member:" + p.Member, Source: "api"}
}

// problem turns an error into a status and a sentence. What nobody outside
// can mend is internal: its detail is only in the program's log.
func (a *API) problem(ctx context.Context, err error) error {
	var status huma.StatusError
	switch {
	case errors.As(err, &status):
		return err
	case errors.Is(err, intake.ErrNotFound):
		return huma.NewError(http.StatusNotFound, err.Error())
	case errors.Is(err, intake.ErrConflict), errors.Is(err, intake.ErrExists):
		return huma.NewError(http.StatusConflict, err.Error())
	case errors.Is(err, device.ErrSignature):
		return huma.NewError(http.StatusForbidden, err.Error())
	case errors.Is(err, intake.ErrInvalid):
		return huma.NewError(http.StatusUnprocessableEntity, err.Error())
	}
	a.cfg.Log.ErrorContext(ctx, "api", "error", err)
	return huma.NewError(http.StatusInternalServerError, "internal error: try again, and look into the program's log if it stays")
}

// Permissions lists what each operation needs, in the order of paths.
func (a *API) Permissions() []Route {
	return slices.SortedFunc(slices.Values(a.Routes), func(x, y Route) int {
		return strings.Compare(x.Path+" "+x.Method, y.Path+" "+y.Method)
	})
}
