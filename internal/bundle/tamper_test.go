package bundle_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"breakwater/internal/bundle"
	"breakwater/internal/ledger"

	"github.com/google/go-cmp/cmp"
)

type file struct {
	name    string
	content []byte
}

func (f file) equal(g file) bool { return f.name == g.name && bytes.Equal(f.content, g.content) }

// unzip is the members of a bundle, in their order.
func unzip(t testing.TB, b []byte) []file {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var list []file
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, file{f.Name, content})
	}
	return list
}

func rezip(t testing.TB, list []file, method uint16, at time.Time) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range list {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: method, Modified: at})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pack(t testing.TB, list []file) []byte {
	return rezip(t, list, zip.Deflate, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC))
}

// sign makes the manifest anew, as one who has the log's key could.
func (l *testLog) sign(list []file) []file {
	l.t.Helper()
	list = slices.DeleteFunc(slices.Clone(list), func(f file) bool { return f.name == "manifest" })
	sums := map[string][32]byte{}
	for _, f := range list {
		sums[f.name] = sha256.Sum256(f.content)
	}
	text := fmt.Sprintf("Breakwater bundle 1 of %s %d\n", origin, len(l.entries))
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		text += fmt.Sprintf("%x  %s\n", sums[name], name)
	}
	n, err := ledger.SignText(text, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	return append(list, file{"manifest", n.Encode()})
}

func edit(list []file, name string, change func([]byte) []byte) []file {
	res := slices.Clone(list)
	for i, f := range res {
		if f.name == name {
			res[i].content = change(bytes.Clone(f.content))
		}
	}
	return res
}

func content(list []file, name string) []byte {
	for _, f := range list {
		if f.name == name {
			return f.content
		}
	}
	return nil
}

// refused reports whether a bundle does not verify, for whatever reason.
func refused(b []byte) (bundle.Result, bool) {
	r, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), bundle.Options{})
	return r, err != nil || !r.OK
}

func TestZipMayBePackedOtherwise(t *testing.T) {
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	want := verify(t, b, bundle.Options{})
	list := unzip(t, b)
	back := slices.Clone(list)
	slices.Reverse(back)
	for name, other := range map[string][]byte{
		"order":       pack(t, back),
		"compression": rezip(t, list, zip.Store, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)),
		"dates":       rezip(t, list, zip.Deflate, time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)),
	} {
		got := verify(t, other, bundle.Options{})
		if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" || !got.OK {
			t.Errorf("another %s of the zip gives another result:\n%s", name, diff)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSameInputSameBytes(t *testing.T) {
	a, s := write(t, smallLog(t).input(onSmall))
	b, _ := write(t, smallLog(t).input(onSmall))
	if !bytes.Equal(a, b) {
		t.Error("the same log gave two different files")
	}
	if s.SHA256 != sha256.Sum256(a) || s.Bytes != int64(len(a)) {
		t.Errorf("the summary says %x, %d bytes", s.SHA256, s.Bytes)
	}
}

// Whoever has no key can change nothing: every member is flipped at many
// places, removed, doubled; one is added.
func TestEveryMemberIsSigned(t *testing.T) {
	if testing.Short() {
		t.Skip("every member in turn takes seconds: left to the long run of the tests")
	}
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	list := unzip(t, b)
	for i, f := range list {
		for _, at := range []int{0, len(f.content) / 3, len(f.content) / 2, len(f.content) - 1} {
			bad := edit(list, f.name, func(c []byte) []byte { c[at] ^= 1; return c })
			if _, no := refused(pack(t, bad)); !no {
				t.Errorf("%s: byte %d was changed and nobody noticed", f.name, at)
			}
		}
		if _, no := refused(pack(t, edit(list, f.name, func(c []byte) []byte { return c[:len(c)-1] }))); !no {
			t.Errorf("%s was cut and nobody noticed", f.name)
		}
		if _, no := refused(pack(t, edit(list, f.name, func(c []byte) []byte { return append(c, '\n') }))); !no {
			t.Errorf("%s was made longer and nobody noticed", f.name)
		}
		if _, no := refused(pack(t, slices.Delete(slices.Clone(list), i, i+1))); !no {
			t.Errorf("%s was removed and nobody noticed", f.name)
		}
		if r, no := refused(pack(t, append(slices.Clone(list), f))); !no || !strings.Contains(failures(r), "twice") {
			t.Errorf("%s was there twice and nobody noticed: %s", f.name, failures(r))
		}
	}
	for _, name := range []string{"extra.txt", "log/", "blobs/" + strings.Repeat("0", 64), "../x", "log\\leaves.bin"} {
		if r, no := refused(pack(t, append(slices.Clone(list), file{name, nil}))); !no || !strings.Contains(failures(r), "not in the manifest") {
			t.Errorf("%q was added and nobody noticed: %s", name, failures(r))
		}
	}
}

// Every byte of the file itself: what is changed is either noticed, or it is
// of the zip alone and the result is the same.
func TestEveryByteOfTheFile(t *testing.T) {
	l := newLog(t)
	at := instant("2026-01-05T09:00:00Z")
	l.adopt(at)
	l.add(20, at, map[string]any{"id": l.client, "name": "Lakeside", "zone": "UTC"})
	b, _ := write(t, l.input(onSmall))
	want := asJSON(t, verify(t, b, bundle.Options{}))
	step := 211
	if testing.Short() {
		step = 1999
	}
	for i := 0; i < len(b); i += step {
		bad := bytes.Clone(b)
		bad[i] ^= 0x10
		if r, no := refused(bad); !no && asJSON(t, r) != want {
			t.Errorf("byte %d was changed and the result is another", i)
		}
	}
}

// lines edits the lines of a text member.
func lines(change func([]string) []string) func([]byte) []byte {
	return func(c []byte) []byte {
		list := strings.Split(strings.TrimSuffix(string(c), "\n"), "\n")
		return []byte(strings.Join(change(list), "\n") + "\n")
	}
}

func replace(from, to string) func([]byte) []byte {
	return func(c []byte) []byte { return bytes.Replace(c, []byte(from), []byte(to), 1) }
}

// What the holder of the key may not do either: the manifest is signed anew
// after each change.
func TestWhatTheKeyCannotDo(t *testing.T) {
	if testing.Short() {
		t.Skip("every member in turn takes seconds: left to the long run of the tests")
	}
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	list := unzip(t, b)
	var blob, catalog, seen string
	for _, f := range list {
		switch {
		case strings.HasPrefix(f.name, "blobs/"):
			blob = f.name
		case strings.HasPrefix(f.name, "catalogs/"):
			catalog = f.name
		case strings.HasPrefix(f.name, "instance/seen/"):
			seen = f.name
		}
	}
	cut := func(name string) []file {
		return slices.DeleteFunc(slices.Clone(list), func(f file) bool { return f.name == name })
	}
	for _, c := range []struct {
		name string
		list []file
		want string
	}{
		{"an envelope changed", edit(list, "log/entries.jsonl", replace("41 minutes", "14 minutes")), "do not give the commitment"},
		{"a salt changed", edit(list, "log/entries.jsonl", replace(`"salt":"`, `"salt":"A`)), "not a line as it is written"},
		{"an entry marked as withheld", edit(list, "log/entries.jsonl", lines(func(s []string) []string { s[8] = `{"index":8,"withheld":true}`; return s })), "counts withheld"},
		{"an entry marked as erased", edit(list, "log/entries.jsonl", lines(func(s []string) []string { s[8] = `{"index":8,"erased":true}`; return s })), "0 entries say so"},
		{"the erased one marked as withheld", edit(list, "log/entries.jsonl", replace(`"erased":true`, `"withheld":true`)), "not marked so"},
		{"two entries swapped", edit(list, "log/entries.jsonl", lines(func(s []string) []string { s[3], s[4] = s[4], s[3]; return s })), "not a line"},
		{"an entry left out", edit(list, "log/entries.jsonl", lines(func(s []string) []string { return slices.Delete(s, 5, 6) })), "not a line"},
		{"an entry doubled", edit(list, "log/entries.jsonl", lines(func(s []string) []string { return append(s, s[len(s)-1]) })), "follows the last entry"},
		{"white space in a line", edit(list, "log/entries.jsonl", replace(`{"index":0,`, `{"index": 0,`)), "not a line"},
		{"two leaves swapped", edit(list, "log/leaves.bin", func(c []byte) []byte {
			return slices.Concat(c[:43], c[86:129], c[43:86], c[129:])
		}), "commitment"},
		{"a leaf's kind changed", edit(list, "log/leaves.bin", func(c []byte) []byte { c[2] ^= 1; return c }), "another root"},
		{"a leaf's version changed", edit(list, "log/leaves.bin", func(c []byte) []byte { c[0] = 2; return c }), "version 2"},
		{"a disclosed leaf without commitment", edit(list, "log/leaves.bin", func(c []byte) []byte { c[0] = 0; return c }), "no commitment"},
		{"a recorded time changed", edit(list, "log/leaves.bin", func(c []byte) []byte { c[43*20+10] ^= 1; return c }), "another root"},
		{"recorded times that go back", edit(list, "log/leaves.bin", func(c []byte) []byte { c[43*20+5] = 0; return c }), "before that of the entry before"},
		{"a leaf too many", edit(list, "log/leaves.bin", func(c []byte) []byte { return append(c, c[:43]...) }), "follows the last leaf"},
		{"a leaf too few", edit(list, "log/leaves.bin", func(c []byte) []byte { return c[:len(c)-43] }), "ends at entry"},
		{"the document changed", edit(list, blob, func(c []byte) []byte { c[0] ^= 1; return c }), "not the document that entry"},
		{"the document missing", cut(blob), "is missing"},
		{"a document nobody cites", append(slices.Clone(list), file{"blobs/" + strings.Repeat("0", 64), nil}), "no disclosed entry cites it"},
		{"the catalog missing", cut(catalog), "catalog that the log adopted is missing"},
		{"the catalog changed", edit(list, catalog, replace("Restore tested", "Restore trusted")), "does not have the hash"},
		{"the catalog spelled otherwise", edit(list, catalog, func(c []byte) []byte { return append(c, '\n') }), "not as it would be written"},
		{"a better coverage", edit(list, "coverage.json", replace(`"kind": "failed"`, `"kind": "unproven"`)), "give another answer"},
		{"coverage as other text", edit(list, "coverage.json", replace("\n ", "\n  ")), "give another answer"},
		{"coverage that is no JSON", edit(list, "coverage.json", func(c []byte) []byte { return c[:50] }), "not JSON"},
		{"another size", edit(list, "bundle.json", replace(`"size":76`, `"size":75`)), "another log or size"},
		{"another client", edit(list, "bundle.json", replace(`"client":"lakeside"`, `"client":"lakeview"`)), "of another log"},
		{"another name", edit(list, "bundle.json", replace("Lakeside Dental", "Lakeview Dental")), "names the client otherwise"},
		{"something not vouched for that is", edit(list, "bundle.json", replace(`"not_vouched":[]`, `"not_vouched":["risk-analysis"]`)), "does not list the practices"},
		{"an unknown field", edit(list, "bundle.json", replace(`"withheld"`, `"with":1,"withheld"`)), "unknown field"},
		{"another format", edit(list, "bundle.json", replace("breakwater-bundle/1", "breakwater-bundle/2")), "newer verifier"},
		{"another pseudonym", edit(list, "bundle.json", replace(`"pseudonym":"`+fmt.Sprintf("%x", l.pseudonym[:1]), `"pseudonym":"00`)), "proof does not lead"},
		{"a policy with a comment", edit(list, "policy", func(c []byte) []byte { return append([]byte("# ours\n"), c...) }), "not as it would be written"},
		{"a checkpoint by another key", edit(list, "log/checkpoint", func([]byte) []byte {
			n, _ := ledger.Sign(ledger.Checkpoint{Origin: origin, Size: 76, Root: ledger.EmptyRoot()}, key(origin, ledger.Ed25519, 8))
			return n.Encode()
		}), "no signature by a known key"},
		{"a checkpoint of another root", edit(list, "log/checkpoint", func([]byte) []byte {
			n, _ := ledger.Sign(ledger.Checkpoint{Origin: origin, Size: 76, Root: sha256.Sum256(nil)}, l.signer)
			return n.Encode()
		}), "another root than the checkpoint"},
		{"an instance leaf left out", edit(list, "instance/leaves.jsonl", lines(func(s []string) []string { return s[1:] })), "not among those of this log"},
		{"an instance leaf spelled otherwise", edit(list, "instance/leaves.jsonl", replace(`{"index":`, `{ "index":`)), "not a line"},
		{"instance leaves out of order", edit(list, "instance/leaves.jsonl", lines(func(s []string) []string { slices.Reverse(s); return s })), "not in order"},
		{"the instance checkpoint missing", cut("instance/checkpoint"), "its checkpoint is missing"},
		{"an earlier checkpoint under another name", rename(list, seen, "instance/seen/999.tlog-proof"), "named by another size"},
		{"a stamp of nothing", append(slices.Clone(list), file{"timestamps/log-9-1.tsr", []byte("x")}), "is not in the bundle"},
		{"a stamp that is none", append(slices.Clone(list), file{"timestamps/log-76-1.tsr", []byte("x")}), "not DER"},
	} {
		if slices.EqualFunc(c.list, list, file.equal) {
			t.Errorf("%s: the change changes nothing", c.name)
			continue
		}
		r, no := refused(pack(t, l.sign(c.list)))
		if !no || !strings.Contains(failures(r), c.want) {
			t.Errorf("%s: got ok %v and %q, want %q", c.name, !no, failures(r), c.want)
		}
	}
}

func rename(list []file, from, to string) []file {
	res := slices.Clone(list)
	for i := range res {
		if res[i].name == from {
			res[i].name = to
		}
	}
	return res
}

func TestManifestIsOneSignedList(t *testing.T) {
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	list := unzip(t, b)
	other := key("someone", ledger.Ed25519, 3)
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
		want   string
	}{
		{"a second signature", func(c []byte) []byte {
			n, err := ledger.ParseNote(c)
			if err != nil {
				t.Fatal(err)
			}
			sig, _ := other.Sign([]byte(n.Text))
			return n.With(ledger.Signature{Name: other.Name(), KeyID: other.KeyHash(), Bytes: sig}).Encode()
		}, "2 signature lines"},
		{"another's signature", func(c []byte) []byte {
			n, _ := ledger.ParseNote(c)
			n, _ = ledger.SignText(n.Text, other)
			return n.Encode()
		}, "no signature by a known key"},
		{"no signature", func(c []byte) []byte { return c[:bytes.Index(c, []byte("\n\n"))+2] }, "signature"},
		{"unsorted", lines(func(s []string) []string { s[1], s[2] = s[2], s[1]; return s }), "not sorted"},
		{"a line doubled", lines(func(s []string) []string { return slices.Insert(s, 1, s[1]) }), "listed twice"},
		{"a name that no member has", lines(func(s []string) []string { s[1] = s[1][:66] + "evil.exe"; return s }), "the name of a member"},
		{"another head", replace("Breakwater bundle 1", "Breakwater bundle 9"), "first line"},
	} {
		r, no := refused(pack(t, edit(list, "manifest", c.change)))
		if !no || !strings.Contains(failures(r), c.want) {
			t.Errorf("%s: got ok %v and %q, want %q", c.name, !no, failures(r), c.want)
		}
	}
}

func TestKeysOfTheReader(t *testing.T) {
	l := smallLog(t)
	b, _ := write(t, l.input(onSmall))
	stranger := key(origin, ledger.Ed25519, 8)
	if r := verify(t, b, bundle.Options{}); !r.OK || r.Key.Trusted || !strings.Contains(r.Text(), "integrity, not origin") {
		t.Errorf("without a key: ok %v, trusted %v", r.OK, r.Key.Trusted)
	}
	if r := verify(t, b, bundle.Options{Key: stranger.Verifier().String()}); r.OK || r.Key.Trusted || !strings.Contains(failures(r), "another key") {
		t.Errorf("with a stranger's key: ok %v, trusted %v", r.OK, r.Key.Trusted)
	}
	if r := verify(t, b, bundle.Options{Key: "nonsense"}); r.OK || !strings.Contains(failures(r), "NAME+HASH+KEY") {
		t.Errorf("with nonsense for a key: ok %v, %s", r.OK, failures(r))
	}
	inst, err := l.signer.Verifier().WithName(instanceOf)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, b, bundle.Options{Key: inst.String()}); !r.OK || !r.Key.Trusted {
		t.Errorf("with the key under the instance's name: ok %v, trusted %v", r.OK, r.Key.Trusted)
	}
	for _, c := range []struct {
		name, policy string
		ok, trusted  bool
		want         string
	}{
		{"its own", string(l.policy()), true, true, ""},
		{"a stranger's log", "log " + stranger.Verifier().String() + "\nquorum none\n", false, false, "another key"},
		{"a witness that did not see it", fmt.Sprintf("log %s\nwitness w %s\nquorum w\n", inst, key("other.example", ledger.CosignEd25519, 4).Verifier()), false, true, "too few witnesses"},
		{"malformed", "quorum\n", false, false, "parse policy"},
	} {
		r := verify(t, b, bundle.Options{Policy: []byte(c.policy)})
		if r.OK != c.ok || r.Key.Trusted != c.trusted || !strings.Contains(failures(r), c.want) {
			t.Errorf("policy %s: ok %v, trusted %v, %q", c.name, r.OK, r.Key.Trusted, failures(r))
		}
	}
}

func TestNotABundle(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "an empty zip": rezip(t, nil, zip.Store, time.Time{}),
	} {
		if _, err := bundle.Verify(bytes.NewReader(b), int64(len(b)), bundle.Options{}); !errors.Is(err, bundle.ErrNoBundle) {
			t.Errorf("%s: got error %v, want ErrNoBundle", name, err)
		}
	}
}
