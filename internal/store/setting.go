package store

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Setting is one operational value: an account, a session, a token, an
// enrollment secret, a cursor, a message to be sent. Name and value are sealed.
type Setting struct {
	Log      LogID  // whose it is; InstanceLog for what belongs to no client
	Area     string // what sort it is, in clear
	Name     string
	Value    []byte
	Revision int64 // counts the writes, from 1
	Expires  int64 // ms UTC; 0 = never. Past it, it is not found
}

// AnyRevision lets PutSetting and DeleteSetting act on whatever is there.
const AnyRevision = -1

func (s *Store) settingMAC(ctx context.Context, log LogID, area, name string) (*logKeys, []byte, error) {
	if len(area) == 0 || len(area) > maxNameLen || len(name) > 4*maxNameLen {
		return nil, nil, fmt.Errorf("area of %d and name of %d bytes: give up to %d and %d", len(area), len(name), maxNameLen, 4*maxNameLen)
	}
	k, err := s.keysOf(ctx, log)
	if err != nil {
		return nil, nil, err
	}
	mac, err := s.nameOf(k, "setting", area, name)
	return k, mac[:], err
}

// settingAD binds the clear columns to what is sealed.
func settingAD(log LogID, area string, mac []byte, revision, expires int64) []byte {
	ad := appendBytes([]byte("breakwater setting\x00"), []byte(area))
	for _, n := range []int64{log, revision, expires} {
		ad = binary.BigEndian.AppendUint64(ad, uint64(n))
	}
	return append(ad, mac...)
}

// PutSetting writes a value and returns its new revision. Revision is the one
// that was read, 0 for a value that must not exist yet, or AnyRevision;
// otherwise the answer is ErrConflict.
func (s *Store) PutSetting(ctx context.Context, st Setting) (int64, error) {
	k, mac, err := s.settingMAC(ctx, st.Log, st.Area, st.Name)
	if err != nil {
		return 0, fmt.Errorf("store setting: %w", err)
	}
	var next int64
	err = s.writeRetry(ctx, func(t tx) error {
		next, err = s.putSetting(t, k, mac, &st)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store setting in %s: %w", st.Area, err)
	}
	return next, nil
}

func (s *Store) putSetting(t tx, k *logKeys, mac []byte, st *Setting) (int64, error) {
	have, err := t.lock(tableSetting, st.Log, st.Area, mac)
	if err != nil {
		return 0, err
	}
	revision := int64(0)
	if have != nil && !expired(have, s.nowMS()) {
		revision = have.int(3)
	}
	if st.Revision != AnyRevision && st.Revision != revision {
		return 0, ErrConflict
	}
	if have != nil {
		revision = have.int(3)
	}
	next := revision + 1
	plain := append(appendBytes(nil, []byte(st.Name)), st.Value...)
	sealed, err := s.sealData(k, st.Log, nil, plain, settingAD(st.Log, st.Area, mac, next, st.Expires))
	if err != nil {
		return 0, err
	}
	var expires any
	if st.Expires != 0 {
		expires = st.Expires
	}
	if have == nil {
		return next, t.insert(tableSetting, row{st.Log, st.Area, mac, next, expires, sealed})
	}
	set := []assign{{"revision", next}, {"expires", expires}, {"sealed", sealed}}
	n, err := t.update(tableSetting, set, eq(colLog, st.Log), eq("area", st.Area), eq("name_mac", mac), eq("revision", revision))
	if err == nil && n != 1 {
		err = ErrConflict
	}
	return next, err
}

func expired(r row, now int64) bool { return r[4] != nil && r.int(4) <= now }

func (s *Store) openSetting(ctx context.Context, r row) (Setting, error) {
	st := Setting{Log: r.int(0), Area: r.text(1), Revision: r.int(3), Expires: r.int(4)}
	ad := settingAD(st.Log, st.Area, r.bytes(2), st.Revision, st.Expires)
	plain, err := s.openData(ctx, st.Log, nil, r.bytes(5), ad)
	if err != nil {
		return Setting{}, err
	}
	if len(plain) < 4 || int(binary.BigEndian.Uint32(plain)) > len(plain)-4 {
		return Setting{}, fmt.Errorf("its sealed value is cut off")
	}
	n := int(binary.BigEndian.Uint32(plain))
	st.Name, st.Value = string(plain[4:4+n]), plain[4+n:]
	return st, nil
}

// GetSetting returns a value, or ErrNotFound.
func (s *Store) GetSetting(ctx context.Context, log LogID, area, name string) (Setting, error) {
	_, mac, err := s.settingMAC(ctx, log, area, name)
	if err != nil {
		return Setting{}, fmt.Errorf("read setting: %w", err)
	}
	var have row
	err = s.read(ctx, func(t tx) error {
		have, err = t.get(tableSetting, log, area, mac)
		return err
	})
	if err == nil && (have == nil || expired(have, s.nowMS())) {
		err = ErrNotFound
	}
	var st Setting
	if err == nil {
		st, err = s.openSetting(ctx, have)
	}
	if err != nil {
		return Setting{}, fmt.Errorf("read setting in %s: %w", area, err)
	}
	return st, nil
}

// Settings lists the values of one area of one log that have not expired, in no
// particular order.
func (s *Store) Settings(ctx context.Context, log LogID, area string) ([]Setting, error) {
	var rows []row
	err := s.read(ctx, func(t tx) error {
		rows = rows[:0]
		return t.scan(query{t: tableSetting, where: []cond{eq(colLog, log), eq("area", area)}}, func(r row) error {
			rows = append(rows, r)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list settings in %s: %w", area, err)
	}
	list := make([]Setting, 0, len(rows))
	for _, r := range rows {
		if expired(r, s.nowMS()) {
			continue
		}
		st, err := s.openSetting(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("list settings in %s: %w", area, err)
		}
		list = append(list, st)
	}
	return list, nil
}

// DeleteSetting removes a value of a revision, or of AnyRevision. What is not
// there is ErrNotFound, another revision ErrConflict.
func (s *Store) DeleteSetting(ctx context.Context, log LogID, area, name string, revision int64) error {
	_, mac, err := s.settingMAC(ctx, log, area, name)
	if err != nil {
		return fmt.Errorf("delete setting: %w", err)
	}
	err = s.writeRetry(ctx, func(t tx) error {
		have, err := t.lock(tableSetting, log, area, mac)
		if err != nil {
			return err
		}
		if have == nil {
			return ErrNotFound
		}
		if revision != AnyRevision && revision != have.int(3) {
			return ErrConflict
		}
		_, err = t.remove(tableSetting, eq(colLog, log), eq("area", area), eq("name_mac", mac))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete setting in %s: %w", area, err)
	}
	return nil
}

// DeleteExpired removes settings whose time has passed and returns how many.
func (s *Store) DeleteExpired(ctx context.Context) (int64, error) {
	var n int64
	err := s.writeRetry(ctx, func(t tx) (err error) {
		n, err = t.remove(tableSetting, cond{"expires", "<=", s.nowMS()})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete expired settings: %w", err)
	}
	return n, nil
}
