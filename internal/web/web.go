// Package web is what people see: pages, their words and their forms. It knows
// which permission each route needs and turns errors into sentences. It
// refuses to know the rules of any subject, SQL and proofs: what it shows it
// asks of the door (package intake), and what it records goes in there.
//
// Words:
//
//   - route: a method and a path with the permission it needs. There is one
//     table of them; what is not in it cannot be reached.
//   - visit: one request, with who asks, about which client, and its number.
//   - frame: what stands around every page: navigation, crumbs, what was just
//     done, the date of the law.
//   - page: one template with one struct.
//
// To write a page: add a file noun_verb.go with its routes (listed in table,
// route.go), its page struct, its template (newPage) and its handlers. When a
// handler runs, who asks is known, the permission is checked, refusal and
// opening are entries, the form is read, and Visit has the client with its name
// and zone. A handler is func(*Visit) error and ends in render or in Visit.Go;
// what a person can mend is shown by Visit.again, everything else is returned
// and answered by the table in problem.go. The template sees the Frame's fields,
// and the page's own struct under .Page; parts that pages share stand in
// templates/*parts.html. Forms carry {{.Key}}, so that sending one twice says it
// once. Times are shown with the words of words.go in the zone of the visit.
// Nothing is styled but by classes of static/site.css; nothing needs script.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"breakwater/internal/account"
	"breakwater/internal/blob"
	"breakwater/internal/intake"
	"breakwater/internal/vouch"
)

// Config says what the pages stand on. Every field but Door and Accounts may
// be left zero.
type Config struct {
	Door     *intake.Door
	Accounts *account.Accounts
	// Vouching says in one line who outside vouches for a client's log, or for
	// all logs where client is empty; nil where nobody was asked to.
	Vouching func(ctx context.Context, client string) (Vouching, error)
	Log      *slog.Logger
	Now      func() time.Time
	// Secure says that browsers reach the pages over TLS, here or at a proxy:
	// the session cookie then leaves for nothing else.
	Secure bool
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Address is what a person types to get here, "https://proof.example.com";
	// links and commands that are shown begin with it. Empty: what the browser
	// asked for.
	Address string
	// Blobs is where documents are kept; nil where none can be opened.
	Blobs *blob.Files
	// Policy and Authorities, a tlog-policy and certificates in PEM, go into bundles.
	Policy, Authorities []byte
	// Voucher signs checkpoints and makes proofs; nil where nothing is signed.
	Voucher *vouch.Voucher
	// Place is shown under Settings.
	Place Place
	// Kept says how many bytes are kept and when the last backup was made, ms UTC,
	// each 0 where unknown; nil where nobody counts.
	Kept func(context.Context) (bytes, backedUp int64)
	// Sample marks an instance whose history is simulated.
	Sample bool
	// Guest, of a sample only, is who looks around without signing in.
	Guest func(context.Context) account.Principal
	// SampleAddress is where a sample MSP runs beside this instance, if one does.
	SampleAddress string
}

// Place says where things are kept, for the page of settings.
type Place struct {
	Data    string // folder, or the database without its password
	Engine  string // "SQLite", "PostgreSQL"
	Key     string // where the master key comes from: "file", "environment", "command"
	Guard   string // file outside the database that remembers what was signed
	Version string
}

// Vouching is what outsiders say of the logs.
type Vouching struct {
	Line      string // one sentence
	Outsiders []Outsider
}

// Outsider is one witness or time stamp authority.
type Outsider struct {
	Name, Sort, Last string
	OK               bool
}

// nobody is said where no outsider was asked.
var nobody = Vouching{Line: "Nobody outside vouches yet."}

// Server answers browsers.
type Server struct {
	cfg    Config
	routes []Route
	mux    http.Handler
	noted  noted
	desk   *desk // of the evidence pages
}

// New makes the handler of all pages. It panics when a route does not declare
// what it needs: such a program must not start.
func New(c Config) *Server {
	if c.Door == nil || c.Accounts == nil {
		panic(errors.New("web: a door and accounts are needed"))
	}
	if c.Guest != nil && !c.Sample {
		panic(errors.New("web: a guest may look at a sample only"))
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: c}
	s.routes = s.table()
	s.mux = s.around(s.register(s.routes))
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) door() *intake.Door { return s.cfg.Door }

func (s *Server) now() int64 { return s.cfg.Now().UnixMilli() }

func (s *Server) vouching(ctx context.Context, client string) Vouching {
	if s.cfg.Vouching == nil {
		return nobody
	}
	v, err := s.cfg.Vouching(ctx, client)
	if err != nil {
		s.cfg.Log.ErrorContext(ctx, "ask who vouches", "error", err)
		return Vouching{Line: "Who vouches could not be read just now."}
	}
	return v
}
