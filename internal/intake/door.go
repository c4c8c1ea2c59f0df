// Package intake is the one door: everything that is to be known about a
// client comes in here, is resolved, checked against the client's state,
// appended to its log and folded, and is answered from here. It refuses to
// know who called: web, API and command line are the same to it.
//
// Words: a caller is on whose behalf something is said, and from where. A
// receipt says where in which log it stands. A check is a rule of a subject,
// asked with the state that the submission will be appended to.
package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/duty"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// Errors that callers tell apart; anything else is internal.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrConflict = errors.New("this key was used before with other content")
	ErrInvalid  = errors.New("not accepted")
	ErrRefused  = errors.New("refused")
)

// invalid is an error that a person can mend.
type invalid struct{ err error }

func (e invalid) Error() string        { return e.err.Error() }
func (e invalid) Is(target error) bool { return target == ErrInvalid }
func (e invalid) Unwrap() error        { return e.err }

// Config says what a door stands on. Every field but Store and Blobs may be
// left zero.
type Config struct {
	Store   *store.Store
	Blobs   *blob.Files
	Catalog *framework.Catalog // the catalog that new logs adopt; the embedded one
	Now     func() time.Time
	Log     *slog.Logger
	// StateBytes bounds the states kept in memory; 512 MB if 0.
	StateBytes int64
	// Sample marks every log that is made as simulated.
	Sample bool
}

// Door is the one door to all logs of a store. It is safe for use by several
// goroutines.
type Door struct {
	store   *store.Store
	blobs   *blob.Files
	commit  *store.Committer
	catalog *framework.Catalog
	now     func() time.Time
	log     *slog.Logger
	sample  bool

	mu       sync.Mutex
	clients  map[string]*room // by client identifier
	order    []string         // the MSP's own first, then by name
	catalogs map[[32]byte]*framework.Catalog

	states stateCache
	seen   pendingSeen
	noted  hourly   // refusals and openings that are in the log
	owners sync.Map // keyRow by enrolled key
	behind behind

	work context.Context // of what is done behind
	life context.Context // the same, ending when the door closes
	end  context.CancelFunc
}

// room is one client's place at the door.
type room struct {
	log    store.Log // the newest epoch
	before []epoch   // the epochs before it; they never change
	offset uint64    // how many entries those have

	mu       sync.RWMutex
	state    *projection.State // nil when not in memory
	lastUsed int64

	freshMu sync.Mutex
	fresh   map[uint64]event.Entry // committed by this process, not folded yet

	kept     atomic.Uint64                // size of the state's last snapshot
	summary  atomic.Pointer[duty.Summary] // as it was last made
	looked   atomic.Bool                  // for one that was kept
	older    atomic.Bool                  // the summary is of an earlier fold
	card     atomic.Pointer[card]         // newest that is known
	keptCard atomic.Pointer[card]
}

// Open opens the door.
func Open(ctx context.Context, c Config) (*Door, error) {
	d := &Door{
		store: c.Store, blobs: c.Blobs, catalog: c.Catalog, now: c.Now, log: c.Log, sample: c.Sample,
		clients: map[string]*room{}, catalogs: map[[32]byte]*framework.Catalog{},
	}
	if d.catalog == nil {
		d.catalog = framework.Embedded()
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.states.limit = c.StateBytes
	if d.states.limit == 0 {
		d.states.limit = 512 << 20
	}
	d.seen.lines = map[string]map[string]line{}
	d.catalogs[d.catalog.Hash()] = d.catalog
	d.work = context.WithoutCancel(ctx)
	d.life, d.end = context.WithCancel(d.work)
	d.commit = store.NewCommitter(d.store)
	if err := d.refresh(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close waits for what is being appended and closes the door, not the store.
func (d *Door) Close() {
	d.end()
	d.behind.close()
	d.commit.Close()
}

// Now is the door's clock.
func (d *Door) Now() int64 { return d.now().UnixMilli() }

// Store is the store behind the door.
func (d *Door) Store() *store.Store { return d.store }

// Catalog is the catalog that new logs adopt.
func (d *Door) Catalog() *framework.Catalog { return d.catalog }

// refresh reads which logs there are; another process may have made some.
func (d *Door) refresh(ctx context.Context) error {
	logs, err := d.store.Logs(ctx)
	if err != nil {
		return fmt.Errorf("list logs: %w", err)
	}
	byName := map[string][]store.Log{}
	for _, l := range logs {
		byName[l.Name] = append(byName[l.Name], l)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, logs := range byName {
		if have := d.clients[name]; have != nil && len(have.before)+1 >= len(logs) {
			continue
		}
		r, err := d.roomOf(ctx, logs)
		if err != nil {
			return err
		}
		d.clients[name] = r
	}
	d.order = orderOf(d.clients)
	return nil
}

// find returns the room of a client.
func (d *Door) find(ctx context.Context, client string) (*room, error) {
	d.mu.Lock()
	r := d.clients[client]
	d.mu.Unlock()
	if r == nil {
		if err := d.refresh(ctx); err != nil {
			return nil, err
		}
		d.mu.Lock()
		r = d.clients[client]
		d.mu.Unlock()
	}
	if r == nil {
		return nil, invalid{fmt.Errorf("client %q is %w: list clients with `breakwater client list`", client, ErrNotFound)}
	}
	return r, nil
}

// MSP is the identifier of the MSP's own log, "" before it was set up.
func (d *Door) MSP() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, r := range d.clients {
		if r.log.MSP {
			return id
		}
	}
	return ""
}

// Caller is on whose behalf something is said, and from where.
type Caller struct {
	Actor  string // "member:dana", "device:LT-0042", "system"
	Source string // "form", "cli", "api", "agent", "import", "job"
}

// System is the caller of what the program does by itself.
var System = Caller{Actor: "system", Source: "job"}

// Receipt says where a submission stands.
type Receipt struct {
	Log      string `json:"log"`
	Index    uint64 `json:"index"`
	At       int64  `json:"-"`
	Recorded int64  `json:"-"`
	Repeated bool   `json:"repeated"`
	Erased   bool   `json:"erased,omitempty"`
	Warning  string `json:"warning,omitempty"`
}

// New is one event on its way in. Body is a struct of the kind's own type.
type New struct {
	Kind event.Kind
	At   int64
	Body any
	// Undated says that nobody gave At: it is the door's clock, and another time
	// of the same submission is no conflict.
	Undated bool
	// Submitted is what was handed in where it differs from Body, for telling a
	// repetition from a conflict.
	Submitted any
	Blobs     []store.BlobRef
	By        Caller // the submission's, where its actor is ""
	Key       string // the submission's own and a number, where it is ""
}

// Submission is events that go into one client's log together or not at all.
type Submission struct {
	Client string
	Caller Caller
	Key    string // "" draws a random one
	// Check is asked with the state that the events would follow, and may fill
	// in what follows from it; nil for plain observations.
	Check  func(s *projection.State) error
	Events func() ([]New, error)
	Erase  *uint64
	// Dispose gives the files that go with the erased entry. Events and Check
	// are asked first.
	Dispose func() [][32]byte
	Jobs    []store.Job
}
