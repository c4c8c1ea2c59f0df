package bundle_test

import (
	"testing"

	"breakwater/internal/bundle"
)

func TestWholeBundleVerifies(t *testing.T) {
	l := smallLog(t)
	b, s := write(t, l.input(onSmall))
	r := verify(t, b, bundle.Options{Key: l.signer.Verifier().String()})
	if !r.OK || r.Coverage != bundle.CoverageFull || !r.Key.Trusted {
		t.Fatalf("ok %v, coverage %s, trusted %v:\n%s", r.OK, r.Coverage, r.Key.Trusted, failures(r))
	}
	if r.LogSize != uint64(len(l.entries)) || r.Entries != s.Disclosed || r.Erased != 1 || r.Root != s.Root.Hex() {
		t.Errorf("got size %d, disclosed %d, erased %d", r.LogSize, r.Entries, r.Erased)
	}
	t.Log(r.Text(), len(b))
}
