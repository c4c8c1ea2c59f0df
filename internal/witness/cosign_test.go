package witness_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/witness"
)

func TestWitnessFollowsALog(t *testing.T) {
	log := newToyLog(t, origin, 1000, "leaf ")
	fake, w := newFake(t, "w1.example", 10, log)
	var c witness.Client
	for _, step := range []struct {
		size, old uint64
		calls     int
	}{
		{600, 0, 1},    // it has never seen the log
		{1000, 600, 1}, // grown
		{1000, 1000, 1},
		{1000, 0, 2},   // we forgot what it saw: it says so, and is asked again
		{1000, 700, 2}, // or are mistaken
	} {
		before := fake.calls
		got := c.Cosign(t.Context(), w, log.note(t, step.size), step.old, log.prove(step.size))
		if got.Err != nil {
			t.Fatalf("size %d from %d: %v", step.size, step.old, got.Err)
		}
		if len(got.Signatures) != 2 || len(got.Statements) != 2 || got.Statements[0].At != nowSeconds*1000 {
			t.Errorf("size %d from %d: %+v", step.size, step.old, got)
		}
		if fake.calls-before != step.calls {
			t.Errorf("size %d from %d: %d calls, want %d", step.size, step.old, fake.calls-before, step.calls)
		}
		for _, s := range got.Statements {
			if !w.Signed(s) {
				t.Errorf("statement %+v is not by %s", s, w.Name)
			}
		}
	}
}

func TestWitnessThatSawMoreOrElse(t *testing.T) {
	log, fork := newToyLog(t, origin, 1000, "leaf "), newToyLog(t, origin, 1000, "fork ")
	_, w := newFake(t, "w1.example", 10, log)
	var c witness.Client
	if got := c.Cosign(t.Context(), w, log.note(t, 600), 0, log.prove(600)); got.Err != nil {
		t.Fatal(got.Err)
	}
	got := c.Cosign(t.Context(), w, log.note(t, 599), 0, log.prove(599))
	ahead, ok := errors.AsType[*witness.AheadError](got.Err)
	if !errors.Is(got.Err, witness.ErrAhead) || !ok || ahead.Size != 600 {
		t.Errorf("an older checkpoint: %v, want ErrAhead with 600", got.Err)
	}
	for _, size := range []uint64{600, 601, 1000} {
		got := c.Cosign(t.Context(), w, fork.note(t, size), 600, fork.prove(size))
		if !errors.Is(got.Err, witness.ErrForked) || got.Signatures != nil {
			t.Errorf("another history at size %d: %v, want ErrForked", size, got.Err)
		}
	}
	other := newToyLog(t, "breakwater/ffffffffffffffff", 10, "leaf ")
	if got := c.Cosign(t.Context(), w, other.note(t, 10), 0, other.prove(10)); !errors.Is(got.Err, witness.ErrUnknownLog) {
		t.Errorf("another log: %v, want ErrUnknownLog", got.Err)
	}
	broken := func(context.Context, uint64) ([]ledger.Hash, error) { return nil, errors.New("disk is gone") }
	if got := c.Cosign(t.Context(), w, log.note(t, 700), 600, broken); got.Err == nil || !strings.Contains(got.Err.Error(), "disk is gone") {
		t.Errorf("without a proof: %v", got.Err)
	}
}

// TestHostileWitness shows every answer that is no cosignature to be an error
// that names the witness, fits on a line and carries no control characters.
func TestHostileWitness(t *testing.T) {
	log := newToyLog(t, origin, 100, "leaf ")
	note, key := log.note(t, 100), newKey(t, "w1.example", ledger.CosignEd25519, 10)
	line := func(k *ledger.Signer, n ledger.Note) string {
		sig, err := k.At(nowSeconds).Sign([]byte(n.Text))
		if err != nil {
			t.Fatal(err)
		}
		return ledger.Signature{Name: k.Name(), KeyID: k.KeyHash(), Bytes: sig}.Line()
	}
	say := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	good := line(key, note)
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"nothing":             {say(200, ""), "signature lines"},
		"garbage":             {say(200, "thanks\n"), "signature line 1"},
		"no newline":          {say(200, strings.TrimSuffix(good, "\n")), "newline"},
		"of another size":     {say(200, line(key, log.note(t, 99))), "does not verify"},
		"by an unknown key":   {say(200, line(newKey(t, "w2.example", ledger.CosignEd25519, 11), note)), "another key"},
		"twice":               {say(200, good+good), "second line"},
		"the log's signature": {say(200, note.Signatures[0].Line()), "another key"},
		"too long":            {say(200, strings.Repeat("x", 1<<20)), "over 65536 bytes"},
		"created":             {say(201, good), "201"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "redirect"},
		"409 without size": {say(409, "stale"), "without a size"},
		"409 for ever":     {say(409, "7\n"), "names the same"},
		"409 above":        {say(409, "101\n"), "larger log"},
		"409 out of range": {say(409, "18446744073709551616\n"), "without a size"},
		"server error":     {say(500, "\x1b[31mred\nsecond line"), `500: "\x1b[31mred"`},
		"long headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 64<<10))
		}, "header"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, good)
		}, "broke off"},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0})
		}, "signature lines"},
		"never": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "in time"},
	} {
		t.Run(name, func(t *testing.T) {
			drained := func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // so that its end is noticed
				test.handler(w, r)
			}
			w := serveAs(t, http.HandlerFunc(drained), "w1", key)
			c := witness.Client{Timeout: 300 * time.Millisecond}
			got := c.Cosign(t.Context(), w, note, 0, log.prove(100))
			if got.Err == nil || got.Signatures != nil {
				t.Fatalf("got %+v, want an error", got)
			}
			text := got.Err.Error()
			if !strings.HasPrefix(text, "witness w1: ") || !strings.Contains(text, test.want) || strings.ContainsAny(text, "\n\x1b") {
				t.Errorf("error %q, want it to hold %q", text, test.want)
			}
		})
	}
}

// A line by a stranger beside good ones is dropped.
func TestStrangersLineIsDropped(t *testing.T) {
	log := newToyLog(t, origin, 5, "leaf ")
	fake, w := newFake(t, "w1.example", 10, log)
	w.Keys = w.Keys[:1]
	got := new(witness.Client).Cosign(t.Context(), w, log.note(t, 5), 0, log.prove(5))
	if got.Err != nil || len(got.Signatures) != 1 || !got.Signatures[0].Is(fake.signers[0].Verifier()) {
		t.Errorf("%+v", got)
	}
}

func TestQuorumWithoutTheSlowOne(t *testing.T) {
	log := newToyLog(t, origin, 50, "leaf ")
	text, list := "", []witness.Witness{}
	for i := range 3 {
		name := fmt.Sprintf("w%d.example", i)
		fake, w := newFake(t, name, byte(10+i), log)
		if i == 1 {
			w = serveAs(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), name, fake.signers...)
		}
		text += fmt.Sprintf("witness w%d %s\n", i, w.Keys[0])
		list = append(list, w)
	}
	c := witness.Client{Timeout: 400 * time.Millisecond}
	note, start := log.note(t, 50), time.Now()
	answers := c.CosignAll(t.Context(), list, note, func(witness.Witness) uint64 { return 0 }, log.prove(50))
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	for i, a := range answers {
		if (a.Err != nil) != (i == 1) || a.Witness.Name != list[i].Name {
			t.Errorf("witness %d: %v", i, a.Err)
		}
		note = note.With(a.Signatures...)
	}
	for quorum, want := range map[int]error{2: nil, 3: ledger.ErrQuorum} {
		p, err := ledger.ParsePolicy(fmt.Appendf(nil, "%sgroup all %d w0 w1 w2\nquorum all\n", text, quorum))
		if err != nil {
			t.Fatal(err)
		}
		_, cosigs, err := p.Check(note, log.key.Verifier())
		if !errors.Is(err, want) || len(cosigs) != 2 {
			t.Errorf("%d of 3: %d cosignatures, %v; want 2, %v", quorum, len(cosigs), err, want)
		}
	}
}

func TestFromPolicy(t *testing.T) {
	key := func(name string, kind ledger.KeyType) string {
		return newKey(t, name, kind, name[0]).Verifier().String()
	}
	policy := "witness a " + key("a.example", ledger.CosignEd25519) + " https://a.example/w/\n" +
		"witness a-pq " + key("a.example", ledger.MLDSA44) + " https://a.example/w\n" +
		"witness b " + key("b.example", ledger.CosignEd25519) + "\n" +
		"witness c " + key("c.example", ledger.CosignEd25519) + "\nquorum none\n"
	p, err := ledger.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	got, err := witness.FromPolicy(p, map[string]string{"c": "http://127.0.0.1:8099"})
	if err != nil || len(got) != 2 || got[0].Name != "a" || len(got[0].Keys) != 2 || got[1].Name != "c" || got[1].URL != "http://127.0.0.1:8099" {
		t.Errorf("%+v, %v", got, err)
	}
	for name, addr := range map[string]string{
		"d": "https://d.example", "b": "http://b.example/", "a": "ftp://a.example", "c": "https://user:pw@c.example", "a-pq": "://",
	} {
		if _, err := witness.FromPolicy(p, map[string]string{name: addr}); err == nil {
			t.Errorf("witness %s at %s was taken", name, addr)
		}
	}
	for _, addr := range []string{"http://localhost:1", "http://[::1]:1/x", "http://127.1.2.3"} {
		if _, err := witness.FromPolicy(p, map[string]string{"b": addr}); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
