package account

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// Tries are counted before they are judged, so that many at once do not slip
// past. Within the free ones nothing happens; each further one doubles the wait
// before the next is looked at. Tries during a wait are refused and not
// counted, so nobody can make it longer by knocking.
const (
	freePerAccount = 5
	freePerAddress = 20
	maxAccountWait = 15 * time.Minute
	maxAddressWait = time.Hour
	forgotten      = 24 * time.Hour // after which failures are
	maxMeters      = 16384
	maxKnown       = 5
)

// wait is how long after a failure the next try is looked at.
func wait(failures, free int, most time.Duration) time.Duration {
	over := failures - free
	if over < 0 {
		return 0
	}
	return min(time.Second<<min(over, 20), most)
}

// meter counts failures.
type meter struct {
	key      string
	failures int
	last     int64
}

// try counts one try at an instant and reports whether it may be judged.
func (m *meter) try(now int64, free int, most time.Duration) bool {
	if now-m.last >= forgotten.Milliseconds() {
		m.failures = 0
	}
	if now-m.last < wait(m.failures, free, most).Milliseconds() {
		return false
	}
	m.failures++
	m.last = now
	return true
}

// meters keeps the latest meters in memory. They are lost with the process;
// those of accounts are in their rows.
type meters struct {
	byKey map[string]*list.Element
	order *list.List // of *meter, the latest used first
}

func newMeters() *meters { return &meters{byKey: map[string]*list.Element{}, order: list.New()} }

func (ms *meters) get(key string) *meter {
	if e := ms.byKey[key]; e != nil {
		ms.order.MoveToFront(e)
		return e.Value.(*meter)
	}
	if ms.order.Len() >= maxMeters {
		last := ms.order.Back()
		delete(ms.byKey, ms.order.Remove(last).(*meter).key)
	}
	m := &meter{key: key}
	ms.byKey[key] = ms.order.PushFront(m)
	return m
}

func (ms *meters) forget(key string) {
	if e := ms.byKey[key]; e != nil {
		ms.order.Remove(e)
		delete(ms.byKey, key)
	}
}

// tryAddress counts a try from an address.
func (a *Accounts) tryAddress(address string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.meters.get("address "+network(address)).try(a.now(), freePerAddress, maxAddressWait)
}

// giveBack takes the last try back of what is counted in memory: the address,
// and the member there. It was a success.
func (a *Accounts) giveBack(member, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range []string{"address " + network(address), "lane " + lane(member, address)} {
		if m := a.meters.get(key); m.failures > 0 {
			m.failures--
		}
	}
}

// giveBack takes the last try back where it was counted in the row.
func (a *Account) giveBack(address string) {
	if !a.knows(address) && a.Failures > 0 {
		a.Failures--
	}
}

// tryKey counts a try under a key in memory, with the limits of an account.
func (a *Accounts) tryKey(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.meters.get(key).try(a.now(), freePerAccount, maxAccountWait)
}

func (a *Accounts) forgetKey(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meters.forget(key)
}

// network is the address as it is counted: IPv6 by its /64, since one household
// has all of it. What does not parse is counted as it is.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		if port, err := netip.ParseAddrPort(address); err == nil {
			ip = port.Addr()
		} else {
			return address
		}
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// lane names the meter of a member at an address from which that member signed
// in before. Such tries are counted apart, so that strangers who fail on
// purpose cannot lock a member out of the usual place.
func lane(member, address string) string {
	sum := sha256.Sum256([]byte(member + "\x00" + network(address)))
	return hex.EncodeToString(sum[:8])
}
