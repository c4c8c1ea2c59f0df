package store

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// Purposes of wrapped keys. A log has data keys, numbered from 1, of which the
// highest seals what is new; and one naming key, which never changes. The
// instance log's row holds the keys of operational data.
const (
	purposeData = "data"
	purposeName = "name"
)

const metaCheck = "key_check"

// logKeys are the labels under which the Sealer has a log's keys.
type logKeys struct {
	name    string
	current uint32            // version of the data key for what is new; 0 when destroyed
	data    map[uint32]string // labels by version
}

type keyCache struct {
	mu   sync.RWMutex
	logs map[LogID]*logKeys
}

func keyLabel(log LogID, purpose string, version uint32) string {
	return "log " + strconv.FormatInt(log, 10) + " " + purpose + " " + strconv.FormatUint(uint64(version), 10)
}

// checkKey compares the key's check value with the stored one before anything
// is written. It reports whether the database is still to be made.
func (s *Store) checkKey(ctx context.Context) (fresh bool, err error) {
	made, err := s.eng.made(ctx)
	if err != nil {
		return false, fmt.Errorf("open database: %w", err)
	}
	if !made {
		return true, nil
	}
	var stored, unfinished row
	err = s.read(ctx, func(t tx) error {
		if unfinished, err = t.get(tableMeta, metaRestoring); err != nil {
			return err
		}
		stored, err = t.get(tableMeta, metaCheck)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("open database: %w", err)
	}
	if unfinished != nil {
		return false, errors.New("open database: a restore into it was not finished: delete it and restore again")
	}
	if stored == nil {
		return true, nil
	}
	if s.sealer != nil && subtle.ConstantTimeCompare(stored.bytes(1), s.sealer.CheckValue()) != 1 {
		return false, fmt.Errorf("open database: %w: this database was made under another one; find that key, nothing was changed", ErrWrongKey)
	}
	return false, nil
}

// initialize makes the check value, the keys of operational data and the
// instance log's row, once. Run again it changes nothing.
func (s *Store) initialize(t tx) error {
	have, err := t.lock(tableMeta, metaCheck)
	if err != nil {
		return err
	}
	if have != nil {
		if !bytes.Equal(have.bytes(1), s.sealer.CheckValue()) {
			return fmt.Errorf("%w: another process made the database under another one", ErrWrongKey)
		}
		return nil
	}
	if err := t.insert(tableMeta, row{metaCheck, s.sealer.CheckValue()}); err != nil {
		return err
	}
	if err := s.newKeys(t, InstanceLog); err != nil {
		return err
	}
	return s.insertLog(t, instanceLog(s.nowMS()))
}

// newKeys draws the data key and the naming key of a log and stores them.
func (s *Store) newKeys(t tx, log LogID) error {
	for _, purpose := range []string{purposeData, purposeName} {
		if err := s.newKey(t, log, purpose, 1); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) newKey(t tx, log LogID, purpose string, version uint32) error {
	wrapped, err := s.seal().NewKey(keyLabel(log, purpose, version))
	if err != nil {
		return fmt.Errorf("draw a key: %w", err)
	}
	return t.insert(tableKey, row{log, purpose, int64(version), wrapped, s.nowMS(), nil})
}

func (s *Store) seal() Sealer {
	s.sealMu.RLock()
	defer s.sealMu.RUnlock()
	return s.sealer
}

// keysOf returns a log's keys, from memory if they were loaded.
func (s *Store) keysOf(ctx context.Context, log LogID) (*logKeys, error) {
	s.keys.mu.RLock()
	k := s.keys.logs[log]
	s.keys.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	if err := s.loadKeys(ctx, log); err != nil {
		return nil, err
	}
	s.keys.mu.RLock()
	defer s.keys.mu.RUnlock()
	return s.keys.logs[log], nil
}

// keyVersion returns a log's keys with this version of the data key among
// them, reading them again when another process rotated the key.
func (s *Store) keyVersion(ctx context.Context, log LogID, version uint32) (*logKeys, error) {
	k, err := s.keysOf(ctx, log)
	if err != nil || k.data[version] != "" {
		return k, err
	}
	if err := s.loadKeys(ctx, log); err != nil {
		return nil, err
	}
	if k, err = s.keysOf(ctx, log); err != nil {
		return nil, err
	}
	if k.data[version] == "" {
		return nil, fmt.Errorf("data key %d of log %d: %w: it was destroyed or its row is missing", version, log, ErrNoKey)
	}
	return k, nil
}

func (s *Store) loadKeys(ctx context.Context, log LogID) error {
	if s.seal() == nil {
		return fmt.Errorf("load keys: %w: open the database with its master key", ErrNoKey)
	}
	return s.read(ctx, func(t tx) error {
		k, err := s.readKeys(t, log)
		if err != nil {
			return err
		}
		s.keys.mu.Lock()
		defer s.keys.mu.Unlock()
		if s.keys.logs == nil {
			s.keys.logs = map[LogID]*logKeys{}
		}
		s.keys.logs[log] = k
		return nil
	})
}

func (s *Store) readKeys(t tx, log LogID) (*logKeys, error) {
	k := &logKeys{data: map[uint32]string{}}
	q := query{t: tableKey, where: []cond{eq(colLog, log)}}
	err := t.scan(q, func(r row) error {
		purpose, version, wrapped := r.text(1), uint32(r.int(2)), r.bytes(3)
		label := keyLabel(log, purpose, version)
		if wrapped == nil { // destroyed
			s.seal().Forget(label)
			return nil
		}
		if err := s.seal().Load(label, wrapped); err != nil {
			return fmt.Errorf("load keys of log %d: %w", log, err)
		}
		if purpose == purposeName {
			k.name = label
			return nil
		}
		k.data[version] = label
		k.current = max(k.current, version)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if k.name == "" {
		return nil, fmt.Errorf("load keys of log %d: %w: its naming key's row is missing", log, ErrNoKey)
	}
	return k, nil
}

func (s *Store) forgetKeys() {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.logs = nil
}

// Sealed bytes start with the version of the data key, 4 bytes big endian.
const versionSize = 4

func (s *Store) sealData(k *logKeys, log LogID, dst, plain, ad []byte) ([]byte, error) {
	label := k.data[k.current]
	if label == "" {
		return nil, fmt.Errorf("seal for log %d: %w: its data keys were destroyed", log, ErrNoKey)
	}
	dst = binary.BigEndian.AppendUint32(dst, k.current)
	return s.seal().Seal(label, dst, plain, binary.BigEndian.AppendUint32(ad, k.current))
}

// The associated data of everything sealed is what the caller says, which names
// its place, and the key version.

// openData opens what sealData sealed with the same ad.
func (s *Store) openData(ctx context.Context, log LogID, dst, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < versionSize {
		return nil, errors.New("sealed bytes are cut off")
	}
	version := binary.BigEndian.Uint32(sealed)
	k, err := s.keyVersion(ctx, log, version)
	if err != nil {
		return nil, err
	}
	return s.seal().Open(k.data[version], dst, sealed[versionSize:], binary.BigEndian.AppendUint32(ad, version))
}

// appendBytes appends a field that cannot run into the next one.
func appendBytes(dst, field []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(field)))
	return append(dst, field...)
}

// nameOf is the HMAC of fields under a log's naming key, for one use.
func (s *Store) nameOf(k *logKeys, use string, fields ...string) ([32]byte, error) {
	n := 4 + len(use)
	for _, f := range fields {
		n += 4 + len(f)
	}
	data := appendBytes(make([]byte, 0, n), []byte(use))
	for _, f := range fields {
		data = binary.BigEndian.AppendUint32(data, uint32(len(f)))
		data = append(data, f...)
	}
	return s.seal().Name(k.name, data)
}
