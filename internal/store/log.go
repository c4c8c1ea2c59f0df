package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"breakwater/internal/ledger"
)

// Log is one log. Its origin is public and names nobody; the client's
// identifier is stored sealed.
type Log struct {
	ID        LogID
	Origin    string
	Name      string   // identifier of the client
	Pseudonym [32]byte // in the instance log
	MSP       bool     // the MSP's own log
	Sample    bool     // simulated
	Created   int64    // ms UTC
	Epoch     int      // 1, and one more after each loss of entries
}

type logCache struct {
	mu   sync.RWMutex
	byID map[LogID]Log
}

func instanceLog(now int64) Log {
	var l Log
	l.Created, l.Epoch = now, 1
	rand.Read(l.Pseudonym[:])
	return l
}

// CreateLog makes an empty log with its keys. Name, MSP, Sample, and if it
// follows a lost epoch Epoch and Origin, come from the caller; the rest is drawn
// here unless given. The same name and epoch twice is ErrExists.
func (s *Store) CreateLog(ctx context.Context, l Log) (Log, error) {
	if l.Name == "" || len(l.Name) > 256 {
		return Log{}, fmt.Errorf("create log: its name has %d bytes: give 1 to 256", len(l.Name))
	}
	if err := drawLog(&l, s.nowMS()); err != nil {
		return Log{}, fmt.Errorf("create log: %w", err)
	}
	err := s.writeRetry(ctx, func(t tx) error {
		have, err := s.logNamed(ctx, t, l.Name, l.Epoch)
		if err != nil {
			return err
		}
		if have.ID != 0 && have.Origin == l.Origin && have.Pseudonym == l.Pseudonym {
			l = have // an earlier try was kept after all
			return nil
		}
		if have.ID != 0 {
			return fmt.Errorf("client %s: %w", l.Name, ErrExists)
		}
		if l.ID, err = nextLogID(t); err != nil {
			return err
		}
		if err := s.newKeys(t, l.ID); err != nil {
			return err
		}
		return s.insertLog(t, l)
	})
	if err != nil {
		return Log{}, fmt.Errorf("create log: %w", err)
	}
	if err := s.loadKeys(ctx, l.ID); err != nil {
		return Log{}, fmt.Errorf("create log: %w", err)
	}
	return l, nil
}

func drawLog(l *Log, now int64) error {
	if l.Epoch == 0 {
		l.Epoch = 1
	}
	if l.Created == 0 {
		l.Created = now
	}
	if l.Pseudonym == ([32]byte{}) {
		rand.Read(l.Pseudonym[:])
	}
	if l.Origin != "" {
		if !ledger.ValidOrigin(l.Origin) {
			return fmt.Errorf("%q is not an origin", l.Origin)
		}
		return nil
	}
	var err error
	l.Origin, err = ledger.NewOrigin(l.Sample, rand.Reader)
	return err
}

func nextLogID(t tx) (LogID, error) {
	last := LogID(0)
	q := query{t: tableLog, order: "id DESC", limit: 1}
	err := t.scan(q, func(r row) error {
		last = r.int(0)
		return nil
	})
	return last + 1, err
}

func (s *Store) insertLog(t tx, l Log) error {
	if l.Origin == "" {
		var err error
		if l.Origin, err = ledger.NewOrigin(l.Sample, rand.Reader); err != nil {
			return err
		}
	}
	k, err := s.operational(t)
	if err != nil {
		return err
	}
	mac, err := s.nameOf(k, "log", l.Name)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(sealedLog{l.Name})
	if err != nil {
		return err
	}
	sealed, err := s.sealData(k, InstanceLog, nil, plain, logAD(l.ID, l.Origin))
	if err != nil {
		return err
	}
	err = t.insert(tableLog, row{l.ID, l.Origin, l.Pseudonym[:], mac[:], int64(l.Epoch), flag(l.MSP), flag(l.Sample), l.Created, sealed})
	if err != nil {
		return err
	}
	var empty ledger.Frontier
	root := empty.Root()
	return t.insert(tableHead, row{l.ID, int64(0), root[:], empty.Marshal(), int64(0), int64(1), int64(0)})
}

// operational returns the keys of operational data inside a transaction that
// may just have made them.
func (s *Store) operational(t tx) (*logKeys, error) {
	s.keys.mu.RLock()
	k := s.keys.logs[InstanceLog]
	s.keys.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	return s.readKeys(t, InstanceLog)
}

type sealedLog struct {
	Name string `json:"name"`
}

func flag(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

func logAD(id LogID, origin string) []byte {
	return fmt.Appendf(nil, "breakwater log\x00%d\x00%s", id, origin)
}

func (s *Store) logNamed(ctx context.Context, t tx, name string, epoch int) (Log, error) {
	k, err := s.operational(t)
	if err != nil {
		return Log{}, err
	}
	mac, err := s.nameOf(k, "log", name)
	if err != nil {
		return Log{}, err
	}
	var found Log
	where := []cond{eq("name_mac", mac[:])}
	if epoch > 0 {
		where = append(where, eq("epoch", int64(epoch)))
	}
	err = t.scan(query{t: tableLog, where: where}, func(r row) error {
		l, err := s.openLog(ctx, r)
		if err == nil && l.Epoch > found.Epoch {
			found = l
		}
		return err
	})
	return found, err
}

// openLog reads a row of the log table. Without a key the name stays empty.
func (s *Store) openLog(ctx context.Context, r row) (Log, error) {
	l := Log{
		ID: r.int(0), Origin: r.text(1), Epoch: int(r.int(4)),
		MSP: r.int(5) == 1, Sample: r.int(6) == 1, Created: r.int(7),
	}
	copy(l.Pseudonym[:], r.bytes(2))
	if s.seal() == nil || l.ID == InstanceLog {
		return l, nil
	}
	s.logs.mu.RLock()
	have, ok := s.logs.byID[l.ID]
	s.logs.mu.RUnlock()
	if ok && have.Origin == l.Origin {
		return have, nil
	}
	plain, err := s.openData(ctx, InstanceLog, nil, r.bytes(8), logAD(l.ID, l.Origin))
	if err != nil {
		return Log{}, fmt.Errorf("open the name of log %s: %w", l.Origin, err)
	}
	var in sealedLog
	if err := json.Unmarshal(plain, &in); err != nil {
		return Log{}, fmt.Errorf("open the name of log %s: %w", l.Origin, err)
	}
	l.Name = in.Name
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	if s.logs.byID == nil {
		s.logs.byID = map[LogID]Log{}
	}
	s.logs.byID[l.ID] = l
	return l, nil
}

// Logs lists all logs but the instance log: the MSP's own first, then in the
// order they were made. Every epoch of a client is a log.
func (s *Store) Logs(ctx context.Context) ([]Log, error) {
	var logs []Log
	err := s.read(ctx, func(t tx) error {
		logs = logs[:0]
		return t.scan(query{t: tableLog, where: []cond{{"id", ">", InstanceLog}}}, func(r row) error {
			l, err := s.openLog(ctx, r)
			logs = append(logs, l)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list logs: %w", err)
	}
	slices.SortStableFunc(logs, func(a, b Log) int { return int(flag(b.MSP) - flag(a.MSP)) })
	return logs, nil
}

// LogByName returns a client's log, of the highest epoch, or ErrNotFound.
func (s *Store) LogByName(ctx context.Context, name string) (Log, error) {
	var l Log
	err := s.read(ctx, func(t tx) (err error) {
		l, err = s.logNamed(ctx, t, name, 0)
		return err
	})
	if err == nil && l.ID == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Log{}, fmt.Errorf("log of client %s: %w", name, err)
	}
	return l, nil
}

// LogByID returns one log, the instance log among them, or ErrNotFound.
func (s *Store) LogByID(ctx context.Context, id LogID) (Log, error) {
	s.logs.mu.RLock()
	l, ok := s.logs.byID[id]
	s.logs.mu.RUnlock()
	if ok {
		return l, nil
	}
	err := s.read(ctx, func(t tx) error {
		r, err := t.get(tableLog, id)
		if err != nil {
			return err
		}
		if r == nil {
			return ErrNotFound
		}
		l, err = s.openLog(ctx, r)
		return err
	})
	if err != nil {
		return Log{}, fmt.Errorf("log %d: %w", id, err)
	}
	return l, nil
}

// Head returns the head of one log: one read by primary key.
func (s *Store) Head(ctx context.Context, log LogID) (Head, error) {
	var h Head
	err := s.read(ctx, func(t tx) error {
		r, err := t.get(tableHead, log)
		if err != nil {
			return err
		}
		if r == nil {
			return ErrNotFound
		}
		h, err = headOf(r)
		return err
	})
	if err != nil {
		return Head{}, fmt.Errorf("head of log %d: %w", log, err)
	}
	return h, nil
}

// Heads returns the heads of all logs but the instance log, by LogID.
func (s *Store) Heads(ctx context.Context) ([]Head, error) {
	var heads []Head
	err := s.read(ctx, func(t tx) error {
		heads = heads[:0]
		return t.scan(query{t: tableHead, where: []cond{{colLog, ">", InstanceLog}}}, func(r row) error {
			h, err := headOf(r)
			heads = append(heads, h)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return heads, nil
}

func headOf(r row) (Head, error) {
	h := Head{Log: r.int(0), Size: uint64(r.int(1)), Recorded: r.int(4)}
	if len(r.bytes(2)) != ledger.HashSize || r.int(1) < 0 {
		return Head{}, errors.New("its row is damaged: run fsck")
	}
	h.Root = ledger.Hash(r.bytes(2))
	return h, nil
}
