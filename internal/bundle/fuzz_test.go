package bundle_test

import (
	"bytes"
	"strings"
	"testing"

	"breakwater/internal/bundle"
)

// FuzzVerify gives hostile files: nothing may panic, and what verifies without
// a key must be the bundle itself.
func FuzzVerify(f *testing.F) {
	l := smallLog(f)
	b, _ := write(f, l.input(onSmall))
	f.Add(b)
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = bundle.Verify(bytes.NewReader(b), int64(len(b)), bundle.Options{})
	})
}

// FuzzMember gives the holder of the key any content for any member: nothing
// may panic, and the manifest is right, so that every parser is reached.
func FuzzMember(f *testing.F) {
	l := smallLog(f)
	b, _ := write(f, l.input(onSmall))
	list := unzip(f, b)
	for i, m := range list {
		f.Add(i, m.content[:min(len(m.content), 4000)])
	}
	f.Fuzz(func(t *testing.T, i int, c []byte) {
		if i < 0 || i >= len(list) {
			return
		}
		l.t = t
		bad := edit(list, list[i].name, func([]byte) []byte { return c })
		if list[i].name != "manifest" {
			bad = l.sign(bad)
		}
		r, no := refused(pack(t, bad))
		carried := map[string]bool{"README.txt": true, "report.html": true, "certification.html": true}
		if !no && !bytes.Equal(c, list[i].content) && !carried[list[i].name] && len(r.Differences) == 0 {
			t.Errorf("%s was replaced and the bundle verifies", list[i].name)
		}
	})
}

// FuzzSplice replaces a part of one member.
func FuzzSplice(f *testing.F) {
	l := smallLog(f)
	b, _ := write(f, l.input(onSmall))
	list := unzip(f, b)
	f.Add(3, 100, 5, []byte("0"))
	f.Fuzz(func(t *testing.T, i, at, n int, c []byte) {
		if i < 0 || i >= len(list) || list[i].name == "manifest" {
			return
		}
		l.t = t
		bad := edit(list, list[i].name, func(old []byte) []byte {
			at := max(0, min(at, len(old)))
			end := max(at, min(at+max(0, min(n, 1000)), len(old)))
			return append(append(append([]byte{}, old[:at]...), c...), old[end:]...)
		})
		refused(pack(t, l.sign(bad)))
	})
}
