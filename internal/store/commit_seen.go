package store

import (
	"sync"

	"breakwater/internal/ledger"
)

// seenItem is an item that has an index: found in the log, or appended in this
// transaction.
type seenItem struct {
	idx       uint64
	recorded  int64
	submitted [32]byte
	erased    bool
	found     bool        // in the log
	leaf      ledger.Hash // of what was found
	p         *pending    // whose item n was appended
	n         int
}

// own reports whether it is item n of p itself.
func (it *seenItem) own(p *pending, n int) bool {
	if it.found {
		return p.leafHash(n, it.recorded) == it.leaf
	}
	return it.p == p && it.n == n
}

// fewSeen is how many keys are searched one by one.
const fewSeen = 8

// seenItems are the items of one log by key.
type seenItems struct {
	macs  []keyMAC
	items []seenItem
	at    map[keyMAC]int // once there are more than fewSeen
}

func (s *seenItems) get(mac keyMAC) (seenItem, bool) {
	if s.at != nil {
		at, ok := s.at[mac]
		if !ok {
			return seenItem{}, false
		}
		return s.items[at], true
	}
	for at := range s.macs {
		if s.macs[at] == mac {
			return s.items[at], true
		}
	}
	return seenItem{}, false
}

func (s *seenItems) put(mac keyMAC, it seenItem) {
	s.macs, s.items = append(s.macs, mac), append(s.items, it)
	if len(s.macs) <= fewSeen {
		return
	}
	if s.at == nil {
		s.at = make(map[keyMAC]int, 8*fewSeen)
		for at := range s.macs {
			s.at[s.macs[at]] = at
		}
	}
	s.at[mac] = len(s.macs) - 1
}

// scratch is memory that one log of a transaction uses after the other.
type scratch struct {
	rows   []entryRow
	leaves []ledger.Hash
	slab   []byte
	plain  []byte
	ad     []byte
	seen   seenItems
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxScratch keeps the memory of one large batch from staying for ever.
const maxScratch = 1 << 20

func (c *scratch) giveBack() {
	clear(c.rows[:cap(c.rows)])
	clear(c.seen.items[:cap(c.seen.items)])
	if cap(c.slab)+cap(c.plain) < maxScratch {
		scratches.Put(c)
	}
}

// lend gives a log the memory, emptied.
func (r *logRun) lend(c *scratch) {
	r.rows, r.leaves, r.slab, r.plain, r.ad = c.rows[:0], c.leaves[:0], c.slab[:0], c.plain[:0], c.ad[:0]
	r.seen = seenItems{macs: c.seen.macs[:0], items: c.seen.items[:0]}
}

// takeBack takes the memory back as it has grown. Nothing of a log's answers is
// in it.
func (r *logRun) takeBack(c *scratch) {
	c.rows, c.leaves, c.slab, c.plain, c.ad = r.rows[:0], r.leaves[:0], r.slab[:0], r.plain[:0], r.ad[:0]
	c.seen = seenItems{macs: r.seen.macs[:0], items: r.seen.items[:0]}
	r.rows, r.leaves, r.slab, r.plain, r.ad, r.seen = nil, nil, nil, nil, nil, seenItems{}
}
