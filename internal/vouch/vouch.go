// Package vouch signs checkpoints of the logs and gets outsiders to vouch for
// them. It knows when what is signed, by whom, in which order it becomes durable
// and leaves, and what may be said of it. It refuses to know what is in an entry,
// and rests no statement on anything but a verified signature.
//
// Words:
//
//   - checkpoint: origin, size and root of a log, signed. Logs of clients are
//     signed with Ed25519; the instance log with ML-DSA-44 too, and since its
//     leaves hold size and root of the others, so are they, at one post-quantum
//     signature an interval in place of one a checkpoint.
//   - holder: the one process that signs. It has the lease named "sign".
//   - round: sign the heads that moved, append a leaf for each to the instance
//     log at most once an interval, sign that, and show it to the outsiders.
//   - outsider: a witness or a time stamp authority.
//   - vouched: an entry is vouched for once a quorum of witnesses, or an
//     authority, stated a time for an instance checkpoint that covers it.
//
// Order of durability. A head is committed before it is signed. The guard file
// holds size and root before the note is stored, and the note is stored before
// anybody can read it. If the power goes between two of these, the next round
// signs the same head again, to the same bytes, or a later one; a signature never
// exists for a root that the database could lose.
//
// Instants are milliseconds since 1970-01-01 UTC.
package vouch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
	"breakwater/internal/witness"
)

const (
	// DefaultInterval keeps recorded times vouched for to within 60 minutes, a
	// minute being left for signing and for the outsiders.
	DefaultInterval = 59 * time.Minute
	// MinInterval spares the outsiders.
	MinInterval = time.Minute
)

var (
	// ErrHalted: a doubt about the logs ended all signing by this process.
	ErrHalted = errors.New("signing has stopped")
	// ErrNoAnswer: the process that signs did not do so in time.
	ErrNoAnswer = errors.New("the process that signs did not answer")
)

// Config says who vouches, and when. Its zero value is good: nobody outside is
// asked.
type Config struct {
	// Policy is a file of c2sp.org/tlog-policy: the witnesses, and how many of
	// them it takes. Its log lines are for verifiers and are not used here.
	Policy []byte
	// WitnessURLs gives addresses by the policy's names, before those in it.
	WitnessURLs map[string]string
	// Authorities are the time stamp authorities that are asked.
	Authorities []witness.Authority
	// Interval is the least time between two appends to the instance log;
	// DefaultInterval if 0.
	Interval time.Duration
	// HTTP makes the calls; witness.NewHTTPClient() if nil.
	HTTP *http.Client
	// Timeout bounds what is exchanged with one outsider in a round; 10 s if 0.
	Timeout time.Duration
	// Now is the clock; time.Now if nil. It must be the store's.
	Now func() time.Time
	// Report is told what went wrong and will be tried again; nobody if nil. It
	// is called from several goroutines. What it is told names no client.
	Report func(error)
}

// Voucher signs and asks. It is safe for use by several goroutines, and any
// number of processes may have one on the same database.
type Voucher struct {
	store       *store.Store
	guard       *store.Guard
	keys        *Keys
	policy      ledger.Policy
	witnesses   []witness.Witness
	authorities []witness.Authority
	interval    time.Duration
	client      *witness.Client
	now         func() time.Time
	report      func(error)
	holder      string // of the lease, unlike any other's

	// Held by whoever signs.
	signing sync.Mutex
	lease   store.Lease
	signed  map[store.LogID]store.Signed // largest known checkpoint; zero when there is none
	leafed  map[store.LogID]uint64       // size in the last leaf appended by this process

	// Held by whoever asks outsiders.
	asking sync.Mutex
	seen   map[string]uint64 // size that a witness cosigned last, where known
	tries  map[string]*tries

	// Held by whoever folds what was vouched.
	folding sync.Mutex
	fold    *fold // through the last checkpoint that no answer is awaited for
	partial partial

	halting sync.Mutex
	halted  error // set once
}

// Open makes a voucher for a database and a guard. It draws the signing key the
// first time, and never when something was signed already.
func Open(ctx context.Context, s *store.Store, g *store.Guard, c Config) (*Voucher, error) {
	v := &Voucher{
		store: s, guard: g, authorities: c.Authorities, interval: c.Interval, now: c.Now, report: c.Report,
		client: &witness.Client{HTTP: c.HTTP, Timeout: c.Timeout},
		signed: map[store.LogID]store.Signed{}, leafed: map[store.LogID]uint64{},
		seen: map[string]uint64{}, tries: map[string]*tries{},
	}
	if err := v.configure(c); err != nil {
		return nil, fmt.Errorf("configure outside witnesses: %w", err)
	}
	var err error
	if v.keys, err = LoadKeys(ctx, s, g); err != nil {
		return nil, err
	}
	v.holder = holderName()
	return v, nil
}

func (v *Voucher) configure(c Config) (err error) {
	v.policy = ledger.Policy{Quorum: "none"}
	if len(c.Policy) > 0 {
		if v.policy, err = ledger.ParsePolicy(c.Policy); err != nil {
			return err
		}
	}
	v.policy.Logs = nil
	if v.witnesses, err = witness.FromPolicy(v.policy, c.WitnessURLs); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, a := range v.authorities {
		if names[a.Name] {
			return fmt.Errorf("two time stamp authorities are named %q; name each its own", a.Name)
		}
		names[a.Name] = true
	}
	if v.interval == 0 {
		v.interval = DefaultInterval
	}
	if v.interval < MinInterval {
		return fmt.Errorf("an interval of %v: give at least %v", v.interval, MinInterval)
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.report == nil {
		v.report = func(error) {}
	}
	return nil
}

// holderName says to people who holds the lease.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	var unique [4]byte
	rand.Read(unique[:])
	return fmt.Sprintf("process %d on %s (%s)", os.Getpid(), host, hex.EncodeToString(unique[:]))
}

// Keys are the keys that checkpoints are signed with.
func (v *Voucher) Keys() *Keys { return v.keys }

// CheckGuard compares logs, all of them if none is given, with what was signed
// for them. A process that is going to write calls it first. store.ErrRolledBack
// means that the database is older, or another, than the one that was signed for.
func (v *Voucher) CheckGuard(ctx context.Context, logs ...store.Log) error {
	if err := v.store.CheckGuard(ctx, v.guard, logs...); err != nil {
		if errors.Is(err, store.ErrRolledBack) {
			return v.halt(err)
		}
		return err
	}
	return nil
}

// halt ends all signing by this process.
func (v *Voucher) halt(why error) error {
	v.halting.Lock()
	defer v.halting.Unlock()
	if v.halted == nil {
		v.halted = fmt.Errorf("%w: %w", ErrHalted, why)
	}
	return v.halted
}

// Halted says why this process signs no more, or nil.
func (v *Voucher) Halted() error {
	v.halting.Lock()
	defer v.halting.Unlock()
	return v.halted
}

func (v *Voucher) nowMS() int64 { return v.now().UnixMilli() }
