package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"breakwater/internal/blob"
	"breakwater/internal/client"
	"breakwater/internal/intake"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

// The names of what lies in the data folder.
const (
	databaseName = "breakwater.db"
	filesName    = "files"
	guardName    = "guard"
	masterName   = "master.key"
)

// site is what a command works on.
type site struct {
	app   *App
	ring  *seal.Keyring
	store *store.Store
	files *blob.Files
	guard *store.Guard
	door  *intake.Door
	made  bool // this command made the folder
}

func (a *App) path(name string) string { return filepath.Join(a.Data, name) }

func (a *App) guardPath() string {
	if a.Guard != "" {
		return a.Guard
	}
	return a.path(guardName)
}

// exists reports whether there is a database to open. One in PostgreSQL is
// taken to exist when the folder that belongs to it does.
func (a *App) exists() bool {
	name := a.path(databaseName)
	if a.DB != "" {
		name = a.Data
	}
	_, err := os.Stat(name)
	return err == nil
}

// open opens the site of a command that works on what is there.
func (a *App) open() (*site, error) {
	if !a.exists() {
		return nil, problem("there is no Breakwater data in %s: make it with `breakwater serve` or `breakwater client add`, or name another folder with --data", a.Data)
	}
	return a.openSite()
}

// openOrMake opens the site and makes what is missing: folder, master key,
// database, and the MSP's own log under a name that set-up replaces.
func (a *App) openOrMake() (*site, error) {
	made := !a.exists()
	if err := os.MkdirAll(a.Data, 0o700); err != nil {
		return nil, problem("cannot make the folder %s: %v: name another one with --data", a.Data, errors.Unwrap(err))
	}
	drawn := false
	if made && a.KeyEnv == "" && a.KeyCommand == "" {
		var err error
		if drawn, err = a.makeMaster(); err != nil {
			return nil, err
		}
	}
	s, err := a.openSite()
	if err != nil {
		if drawn && errors.Is(err, store.ErrWrongKey) { // the database was made elsewhere
			os.Remove(a.masterPath())
		}
		return nil, err
	}
	s.made = made
	return s, nil
}

// makeMaster draws a master key unless there is one: two commands may be
// started at once.
func (a *App) makeMaster() (drawn bool, err error) {
	_, err = seal.CreateFile(a.masterPath())
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

func (a *App) masterPath() string {
	if a.KeyFile != "" {
		return a.KeyFile
	}
	return a.path(masterName)
}

// master finds the master key. A file that another process is just writing is
// waited for.
func (a *App) master() (*seal.Master, error) {
	switch {
	case a.KeyEnv != "":
		m, err := seal.FromEnv(a.KeyEnv)
		return m, advised(err)
	case a.KeyCommand != "":
		m, err := seal.FromCommand(a.ctx, a.KeyCommand)
		return m, advised(err)
	}
	if err := regular(a.masterPath()); err != nil {
		return nil, err
	}
	m, err := seal.FromFile(a.masterPath())
	for range 20 {
		info, statErr := os.Stat(a.masterPath())
		if err == nil || statErr != nil || info.Size() > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
		m, err = seal.FromFile(a.masterPath())
	}
	return m, advised(err)
}

func (a *App) openSite() (*site, error) {
	m, err := a.master()
	if err != nil {
		return nil, err
	}
	s := &site{app: a, ring: seal.NewKeyring(m), guard: store.OpenGuard(a.guardPath())}
	if s.store, err = a.openStore(s.ring); err != nil {
		return nil, err
	}
	s.files = blob.Open(a.path(filesName), s.store, 0)
	if err := s.sampled(); err != nil {
		s.store.Close()
		return nil, err
	}
	if s.door, err = s.openDoor(); err != nil {
		s.store.Close()
		return nil, err
	}
	return s, nil
}

// sampled notes that the logs are a sample's: every log that is made beside them
// says so too.
func (s *site) sampled() error {
	logs, err := s.store.Logs(s.app.ctx)
	if err != nil {
		return fmt.Errorf("list the logs: %w", err)
	}
	s.app.sample = s.app.sample || len(logs) > 0 && logs[0].Sample
	return nil
}

func (s *site) openDoor() (*intake.Door, error) {
	d, err := intake.Open(s.app.ctx, intake.Config{Store: s.store, Blobs: s.files, Now: s.app.now, Log: s.app.log, Sample: s.app.sample})
	if err != nil {
		return nil, fmt.Errorf("open the logs: %w", err)
	}
	return d, nil
}

func (a *App) openStore(sealer store.Sealer) (*store.Store, error) {
	options := store.Options{Sealer: sealer, Now: a.now}
	if a.DB != "" {
		st, err := store.OpenPostgres(a.ctx, a.DB, options)
		if err != nil {
			return nil, advised(fmt.Errorf("%w: check --db", err))
		}
		return st, nil
	}
	st, err := store.OpenSQLite(a.ctx, a.path(databaseName), options)
	if err != nil {
		return nil, advised(err)
	}
	return st, nil
}

// openToCheck opens as much as can be opened: without the master key bodies
// stay closed, and logs that cannot be read have no door.
func (a *App) openToCheck() (*site, error) {
	s, err := a.openSite()
	if err == nil {
		return s, nil
	}
	s = &site{app: a, guard: store.OpenGuard(a.guardPath())}
	m, keyErr := a.master()
	switch {
	case keyErr == nil:
		s.ring = seal.NewKeyring(m)
		s.store, err = a.openStore(s.ring)
	case errors.Is(keyErr, seal.ErrNoMaster):
		s.store, err = a.openStore(nil)
	default:
		return nil, keyErr
	}
	if err != nil {
		return nil, err
	}
	s.files = blob.Open(a.path(filesName), s.store, 0)
	return s, nil
}

// place is the folder, or the database without its password.
func (a *App) place() string {
	if a.DB == "" {
		return a.Data
	}
	u, err := url.Parse(a.DB)
	if err != nil {
		return "PostgreSQL"
	}
	return u.Redacted()
}

// keySource says where the master key comes from.
func (a *App) keySource() string {
	switch {
	case a.KeyEnv != "":
		return "environment"
	case a.KeyCommand != "":
		return "command"
	}
	return "file"
}

func (s *site) close() {
	if s.door != nil {
		s.door.Close()
	}
	if err := s.store.Close(); err != nil {
		s.app.log.Error("close the database", "error", err)
	}
}

// with runs f on the site of what is there.
func (a *App) with(f func(*site) error) error {
	s, err := a.open()
	if err != nil {
		return err
	}
	defer s.close()
	return f(s)
}

// withClient runs f after a look at the guard: a log that is shorter than what
// was signed, or another, is neither read nor written.
func (a *App) withClient(id string, f func(*site) error) error {
	return a.with(func(s *site) error {
		if err := s.check(id); err != nil {
			return err
		}
		return f(s)
	})
}

// check compares a client's log with what was signed for it.
func (s *site) check(id string) error {
	l, err := s.store.LogByName(s.app.ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return problem("client %q is not known: list clients with `breakwater client list`", id)
	}
	if err != nil {
		return fmt.Errorf("find the log of %s: %w", id, err)
	}
	return s.store.CheckGuard(s.app.ctx, s.guard, l)
}

// caller is the person at this machine: whoever can read the data folder may
// do what an administrator may, under the name that the system knows.
func (a *App) caller() intake.Caller {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if name == "" {
		name = "unknown"
	}
	return intake.Caller{Actor: "cli:" + name, Source: "cli"}
}

// The MSP's own log is there from the first start on, so that there is always
// one to record in; set-up, or `client add --msp`, gives it the MSP's name.
const (
	provisionalID   = "msp"
	provisionalName = "Our own organization"
)

// provide makes the MSP's own log where there is none.
func (s *site) provide(ctx context.Context) error {
	if s.door.MSP() != "" {
		return nil
	}
	_, err := s.door.AddClient(ctx, s.app.caller(), intake.NewClient{
		Added: client.Added{ID: provisionalID, Name: provisionalName, MSP: true},
	})
	if errors.Is(err, intake.ErrExists) { // another process was first
		return nil
	}
	return err
}
