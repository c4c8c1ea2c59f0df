package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"breakwater/internal/bundle"
	"breakwater/internal/client"
	"breakwater/internal/device"
	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/ledger"
)

func BenchmarkVerifySmall(b *testing.B) {
	l := smallLog(b)
	raw, _ := write(b, l.input(onSmall))
	for b.Loop() {
		if r, err := bundle.Verify(bytes.NewReader(raw), int64(len(raw)), bundle.Options{}); err != nil || !r.OK {
			b.Fatal(err)
		}
	}
}

// longLog makes a log of n entries in the sample's mix, one by one: of twenty
// entries nine are reports of ten devices whose facts had not changed, eight
// are full reports, three are statements.
type longLog struct {
	n       int
	head    []bundle.Entry
	begin   int64
	step    int64
	bodies  [][]byte // full reports without seq
	hashes  []string
	devices []string
	catalog *framework.Catalog
}

func newLongLog(t testing.TB, n int) *longLog {
	l := &longLog{n: n, begin: instant("2017-01-02"), catalog: framework.Embedded()}
	l.step = (instant("2026-08-01") - l.begin) / int64(n)
	small := newLog(t)
	small.client = "lakeside"
	small.adopt(l.begin)
	small.add(event.ClientAdded, l.begin, client.Added{ID: "lakeside", Name: "Lakeside", Zone: "America/Chicago"})
	for i := range 10 {
		id := fmt.Sprintf("LT-%04d", i)
		l.devices = append(l.devices, id)
		small.add(event.DeviceAdded, l.begin, device.Listing{ID: id, Class: "laptop", Platform: "windows"})
		facts := posture("")
		facts["software"] = map[string]any{"count": 84, "sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(id)))}
		facts["os_version"] = map[string]any{"id": "windows", "name": "Windows 11 Pro", "version": "10.0.26100", "build": "26100"}
		facts["local_admins"] = map[string]any{"members": []any{"sandbar-admin"}}
		hash, err := device.FactsHash(facts, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := event.Marshal(device.Reported{
			Device: id, Seq: 987654321, Source: "agent", Platform: "windows", Facts: facts, Hash: hash,
			Line: device.SignedLine(id, 987654321, l.begin, hash), Sig: signature,
		})
		if err != nil {
			t.Fatal(err)
		}
		l.bodies, l.hashes = append(l.bodies, body), append(l.hashes, hash)
	}
	l.head = small.entries
	return l
}

// entry makes entry i; buf is reused.
func (l *longLog) entry(i int, buf []byte) (bundle.Entry, []byte) {
	if i < len(l.head) {
		return l.head[i], buf
	}
	at := l.begin + int64(i)*l.step
	e := event.Envelope{Actor: "agent", At: at, Key: "k" + strconv.Itoa(i), Log: "lakeside", Source: "agent"}
	switch m := i % 20; {
	case m < 8 || i < len(l.head)+10:
		e.Kind = event.DeviceReported
		e.Body = l.bodies[i%10]
	case m < 17:
		e.Kind = event.DeviceSeen
		b := []byte(`{"reports":[`)
		for d, id := range l.devices {
			if d > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, `{"at":%d,"device":%q,"hash":%q,"seq":%d,"sig":%q}`, at, id, l.hashes[d], i, signature)
		}
		e.Body = append(b, `],"source":"agent"}`...)
	default:
		e.Kind = 10074
		e.Body, _ = event.Marshal(document.Statement{Practice: "log-activity-review", State: "holds", Note: "Sign-ins from abroad were checked; none is unknown"})
	}
	buf, err := e.AppendTo(buf[:0])
	if err != nil {
		panic(err)
	}
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(i))
	return bundle.Entry{Index: uint64(i), Recorded: at, Kind: uint16(e.Kind), Salt: sha256.Sum256(seed[:]), Envelope: buf}, buf
}

func (l *longLog) input(t testing.TB) bundle.Input {
	var tree ledger.Frontier
	var buf []byte
	var commit ledger.Committer
	for i := range l.n {
		var e bundle.Entry
		e, buf = l.entry(i, buf)
		sum, err := commit.Commit(e.Salt[:], e.Envelope)
		if err != nil {
			t.Fatal(err)
		}
		tree.Append(ledger.Leaf{Kind: e.Kind, Recorded: e.Recorded, Commitment: sum}.Hash())
	}
	signer := key(origin, ledger.Ed25519, 7)
	note, err := ledger.Sign(ledger.Checkpoint{Origin: origin, Size: uint64(l.n), Root: tree.Root()}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Input{
		Client: "lakeside", MSP: "Fernhollow IT", On: instant("2026-08-01"), Months: 12, Origin: origin, Size: uint64(l.n),
		Entries: func() iter.Seq2[bundle.Entry, error] {
			return func(yield func(bundle.Entry, error) bool) {
				var buf []byte
				for i := range l.n {
					var e bundle.Entry
					if e, buf = l.entry(i, buf); !yield(e, nil) {
						return
					}
				}
			}
		},
		Catalogs:   func([32]byte) (*framework.Catalog, error) { return l.catalog, nil },
		Checkpoint: note.Encode(), Keys: []*ledger.Verifier{signer.Verifier()}, Signer: signer,
	}
}

// TestVerifySpeed measures both parts on one core: tree, commitments and
// signatures, and with coverage recomputed. BREAKWATER_LONG asks for a million
// entries; the limits are those of a million, in proportion.
func TestVerifySpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	n := 100_000
	if os.Getenv("BREAKWATER_LONG") != "" {
		n = 1_000_000
	}
	name := filepath.Join(t.TempDir(), "long.zip")
	if dir := os.Getenv("BREAKWATER_KEEP"); dir != "" {
		name = filepath.Join(dir, fmt.Sprintf("long-%d.zip", n))
	}
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.Write(f, newLongLog(t, n).input(t)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	start := cpu()
	part := map[string]float64{}
	r, err := bundle.Verify(f, info.Size(), bundle.Options{Done: func(p string) { part[p] = (cpu() - start).Seconds() }})
	if err != nil || !r.OK || r.Coverage != bundle.CoverageFull {
		t.Fatal(err, failures(r))
	}
	t.Logf("%d entries, %d MB, one core, processor time: tree, commitments, signatures %.2f s; with coverage recomputed %.2f s",
		n, info.Size()>>20, part[bundle.PartProofs], part[bundle.PartCoverage])
}
