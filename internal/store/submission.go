package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"breakwater/internal/event"
	"breakwater/internal/ledger"
)

// Limits of one submission.
const (
	MaxItems   = 10_000
	maxNameLen = event.MaxName
)

// Item is an envelope to be appended. Kind, Source and Key repeat what the
// envelope says; Check compares them.
type Item struct {
	Kind     uint16
	Envelope []byte // canonical encoding
	Source   string
	Key      string // idempotency key, unique for ever with (log, source)
	// Submitted is the hash of what was handed in, before anything was resolved.
	// The same key with another hash is ErrConflict. Zero stands for SHA-256 of
	// the envelope.
	Submitted [32]byte
	// Blobs are the files that the envelope cites.
	Blobs []BlobRef
}

// BlobRef names a file as package blob stores it.
type BlobRef struct {
	Name [32]byte
	Size int64 // bytes of its content
}

// Submission is appended whole or not at all, but for items that are in the log
// already: those are answered with their index.
type Submission struct {
	Log LogID
	// Expect is the size of the log at which the rule behind the submission was
	// checked; nil for plain observations.
	Expect *uint64
	Items  []Item
	// Erase is the index of an entry whose body, and with it every snapshot of
	// the log, is deleted in the same transaction.
	Erase *uint64
	// Dispose marks files as disposed of in the same transaction. Their bytes
	// are deleted afterward, by the caller or by a sweep.
	Dispose [][32]byte
	// Jobs are enqueued in the same transaction.
	Jobs []Job
}

// Result answers one submission. Either Err is set or the rest is.
type Result struct {
	First    uint64   // index of the first item
	Count    int      // how many items have an index, all of them
	Indexes  []uint64 // index of each item; nil when they run from First
	Recorded int64    // of the first item, ms UTC
	Repeated bool     // every item was in the log before; nothing was appended
	Erased   bool     // the entry at First was erased since
	Size     uint64   // of the log after the transaction that answered
	Root     ledger.Hash
	Err      error
}

// Index is the index of item n.
func (r *Result) Index(n int) uint64 {
	if r.Indexes != nil {
		return r.Indexes[n]
	}
	return r.First + uint64(n)
}

// pending is a submission with everything computed that does not depend on
// where in the log it lands.
type pending struct {
	sub   *Submission
	items []pendingItem
	keys  *logKeys
	log   Log
	jobs  []row
	res   Result
	done  bool // res holds the answer and nothing is to be appended
}

type pendingItem struct {
	mac        keyMAC
	salt       [ledger.SaltSize]byte
	submitted  [32]byte
	commitment ledger.Hash
}

// prepare does the work of a submission that needs no transaction.
func (s *Store) prepare(ctx context.Context, sub *Submission) *pending {
	p := &pending{sub: sub}
	if err := s.prepareItems(ctx, p); err != nil {
		p.res.Err, p.done = fmt.Errorf("append to log %d: %w", sub.Log, err), true
	}
	return p
}

func (s *Store) prepareItems(ctx context.Context, p *pending) error {
	sub := p.sub
	if sub.Log == InstanceLog {
		return errors.New("the instance log takes checkpoints only")
	}
	if n := len(sub.Items); n == 0 || n > MaxItems {
		return fmt.Errorf("a submission of %d items: give 1 to %d", n, MaxItems)
	}
	var err error
	if p.keys, err = s.keysOf(ctx, sub.Log); err != nil {
		return err
	}
	// Read here, so that no transaction waits for a second connection.
	if p.log, err = s.LogByID(ctx, sub.Log); err != nil {
		return err
	}
	p.items = make([]pendingItem, len(sub.Items))
	var c ledger.Committer
	for n := range sub.Items {
		if err := s.prepareItem(p, n, &c); err != nil {
			return err
		}
	}
	if err := p.distinct(); err != nil {
		return err
	}
	for n := range sub.Jobs {
		r, err := s.jobRow(ctx, &sub.Jobs[n])
		if err != nil {
			return err
		}
		p.jobs = append(p.jobs, r)
	}
	return nil
}

func (s *Store) prepareItem(p *pending, n int, c *ledger.Committer) error {
	in, out := &p.sub.Items[n], &p.items[n]
	if len(in.Envelope) == 0 || len(in.Envelope) > event.MaxEnvelope {
		return fmt.Errorf("an envelope of %d bytes: give 1 to %d", len(in.Envelope), event.MaxEnvelope)
	}
	if in.Source == "" || in.Key == "" || len(in.Source) > maxNameLen || len(in.Key) > maxNameLen {
		return fmt.Errorf("source and key of %d and %d bytes: give 1 to %d each", len(in.Source), len(in.Key), maxNameLen)
	}
	mac, err := s.itemMAC(p.keys, in.Source, in.Key)
	if err != nil {
		return err
	}
	out.mac = mac
	out.submitted = in.Submitted
	if out.submitted == ([32]byte{}) {
		out.submitted = sha256.Sum256(in.Envelope)
	}
	rand.Read(out.salt[:])
	out.commitment, err = c.Commit(out.salt[:], in.Envelope)
	return err
}

func (s *Store) itemMAC(k *logKeys, source, key string) (keyMAC, error) {
	full, err := s.nameOf(k, "item", source, key)
	if err != nil {
		return keyMAC{}, err
	}
	return keyMAC(full[:len(keyMAC{})]), nil
}

// leafHash is the leaf hash that item n has when recorded at that instant.
func (p *pending) leafHash(n int, recorded int64) ledger.Hash {
	return ledger.Leaf{Kind: p.sub.Items[n].Kind, Recorded: recorded, Commitment: p.items[n].commitment}.Hash()
}

func (p *pending) fail(err error) {
	p.res.Err, p.done = fmt.Errorf("append to log %d: %w", p.sub.Log, err), true
}

// distinct refuses two items with one key and different content.
func (p *pending) distinct() error {
	if len(p.items) < 2 {
		return nil
	}
	seen := make(map[keyMAC]int, len(p.items))
	for n := range p.items {
		first, ok := seen[p.items[n].mac]
		if ok && p.items[first].submitted != p.items[n].submitted {
			return fmt.Errorf("items %d and %d have one key and different content: %w", first, n, ErrConflict)
		}
		seen[p.items[n].mac] = n
	}
	return nil
}
