package bundle

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"breakwater/internal/framework"
	"breakwater/internal/ledger"
)

// Options are what the reader brings. The zero value is good: the key then
// comes from the bundle, which shows integrity and not origin.
type Options struct {
	Key         string // vkey of the log, or of any log of the same installation
	Policy      []byte // tlog-policy: whose signature and cosignatures are believed
	Authorities []byte // PEM certificates of time-stamping authorities
	// Done, if given, is told when a part is done: PartProofs, then
	// PartCoverage.
	Done func(part string)
	// Fetch reads a file of the instance log (c2sp.org/tlog-tiles): "checkpoint"
	// or "tile/entries/...". With it the completeness of checkpoints is checked.
	Fetch func(path string) ([]byte, error)
}

// The parts of a verification: tree, commitments and signatures, documents
// and outside times; then what the entries come to.
const (
	PartProofs   = "proofs"
	PartCoverage = "coverage"
)

func (v *verification) done(part string) {
	if v.opt.Done != nil {
		v.opt.Done(part)
	}
}

// ErrNoBundle is returned for a file that is not a bundle at all.
var ErrNoBundle = errors.New("not a bundle: name the .zip file as it was received")

// verification is the state of one Verify.
type verification struct {
	*Result
	opt      Options
	zip      map[string]*zip.File
	sums     map[string][32]byte // of the manifest
	policy   *ledger.Policy      // the reader's, or the bundle's
	keys     []*ledger.Verifier  // of the log
	walk     *walk
	stamps   []ledger.SizeAt
	catalogs map[[32]byte]*framework.Catalog
}

// Verify checks a bundle of size bytes. What is wrong with it is in the
// result; the error says that nothing could be checked.
func Verify(r io.ReaderAt, size int64, o Options) (Result, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return Result{}, fmt.Errorf("%w: %w", err, ErrNoBundle)
	}
	v := &verification{
		Result: &Result{
			Cosignatures: []Cosignature{}, Timestamps: []Timestamp{}, Withheld: []KindCount{}, NotVouched: []string{},
			Differences: []string{}, Notes: []string{}, Failures: []Failure{}, Coverage: CoverageNone,
		},
		opt: o, zip: map[string]*zip.File{},
	}
	if err := v.run(z.File); err != nil {
		return Result{}, err
	}
	v.OK = len(v.Failures) == 0
	return *v.Result, nil
}

func (v *verification) run(files []*zip.File) error {
	if err := v.list(files); err != nil {
		return err
	}
	m, note, ok := v.openManifest()
	if !ok {
		return nil
	}
	v.compare(m)
	if !v.readAbout() || !v.readKeys() {
		return nil
	}
	v.checkManifest(m, note)
	c, ok := v.readCheckpoint()
	if !ok {
		return nil
	}
	v.readPolicy()
	w, err := v.newWalk()
	if v.failErr(memberInstanceLeafs, err) {
		return nil
	}
	v.walk = w
	if !v.readEntries(c) {
		return nil
	}
	v.checkRest()
	v.checkOutside(c)
	v.done(PartProofs)
	v.checkCoverage()
	v.done(PartCoverage)
	return nil
}

// list takes stock of the zip.
func (v *verification) list(files []*zip.File) error {
	if len(files) > maxMembers {
		return fmt.Errorf("the zip has %d members and at most %d are read: %w", len(files), maxMembers, ErrNoBundle)
	}
	total := uint64(0)
	for _, f := range files {
		if v.zip[f.Name] != nil {
			v.fail(f.Name, "the member is there twice")
			continue
		}
		v.zip[f.Name] = f
		if total += f.UncompressedSize64; f.UncompressedSize64 > maxTotal || total > maxTotal {
			return fmt.Errorf("the zip unpacks to more than %d bytes: %w", int64(maxTotal), ErrNoBundle)
		}
	}
	if v.zip[memberManifest] == nil {
		return fmt.Errorf("it has no manifest: %w", ErrNoBundle)
	}
	return nil
}

// openManifest reads the manifest. Its signature is checked once the key is
// known; nothing before that is believed.
func (v *verification) openManifest() (manifest, ledger.Note, bool) {
	raw, err := v.read(memberManifest, maxManifest)
	if v.failErr(memberManifest, err) {
		return manifest{}, ledger.Note{}, false
	}
	text, sigs, ok := strings.Cut(string(raw), "\n\n")
	if !ok {
		v.fail(memberManifest, "no blank line before the signature")
		return manifest{}, ledger.Note{}, false
	}
	lines, err := ledger.ParseSignatureLines([]byte(sigs))
	if v.failErr(memberManifest, err) {
		return manifest{}, ledger.Note{}, false
	}
	if len(lines) != 1 {
		v.fail(memberManifest, fmt.Sprintf("%d signature lines instead of one", len(lines)))
		return manifest{}, ledger.Note{}, false
	}
	m, err := parseManifest(text + "\n")
	return m, ledger.Note{Text: text + "\n", Signatures: lines}, !v.failErr(memberManifest, err)
}

// compare looks for members that are missing or not listed.
func (v *verification) compare(m manifest) {
	v.sums = m.sums
	for _, name := range sortedKeys(v.zip) {
		if _, listed := m.sums[name]; !listed && name != memberManifest {
			v.fail(name, "the member is not in the manifest")
		}
	}
	for _, name := range sortedKeys(m.sums) {
		if v.zip[name] == nil {
			v.fail(name, "the member is missing")
		}
	}
	for _, name := range required {
		if _, listed := m.sums[name]; !listed && name != memberManifest {
			v.fail(name, "the manifest does not list it")
		}
	}
}

func (v *verification) readAbout() bool {
	raw, ok := v.small(memberAbout)
	if !ok {
		return false
	}
	a, err := parseAbout(raw)
	if v.failErr(memberAbout, err) {
		return false
	}
	v.about, v.Client, v.LogSize = a, a.Client, a.Size
	return true
}

// readKeys settles which key must have signed: the reader's, else the one in
// the bundle.
func (v *verification) readKeys() bool {
	raw, ok := v.small(memberKeys)
	if !ok {
		return false
	}
	keys, err := parseKeys(raw, v.about.Origin)
	if v.failErr(memberKeys, err) {
		return false
	}
	v.keys, v.Key.VKey = keys, keys[0].String()
	given, err := v.given()
	if v.failErr("key", err) {
		return true
	}
	for _, k := range given {
		v.Key.Trusted = v.Key.Trusted || k.SameKey(keys[0])
	}
	if len(given) > 0 && !v.Key.Trusted {
		v.fail(memberKeys, "the bundle is signed by another key than the one given")
	}
	return true
}

// given is the keys that the reader brought.
func (v *verification) given() ([]*ledger.Verifier, error) {
	var keys []*ledger.Verifier
	if v.opt.Key != "" {
		k, err := ledger.ParseVerifier(strings.TrimSpace(v.opt.Key))
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if v.opt.Policy != nil {
		p, err := ledger.ParsePolicy(v.opt.Policy)
		if err != nil {
			return nil, err
		}
		v.policy = &p
		if v.opt.Key == "" {
			for _, l := range p.Logs {
				keys = append(keys, l.Key)
			}
		}
	}
	return keys, nil
}

func (v *verification) checkManifest(m manifest, n ledger.Note) {
	if m.origin != v.about.Origin || m.size != v.about.Size {
		v.fail(memberManifest, "it is of another log or size than bundle.json says")
	}
	if _, err := n.Verify(v.keys[0]); err != nil {
		v.failErr(memberManifest, err)
	}
}

func (v *verification) readCheckpoint() (ledger.Checkpoint, bool) {
	raw, ok := v.small(memberCheckpoint)
	if !ok {
		return ledger.Checkpoint{}, false
	}
	c, n, err := ledger.Open(raw, v.keys...)
	if v.failErr(memberCheckpoint, err) {
		return c, false
	}
	v.Checkpoint, v.Root = n.Text, c.Root.Hex()
	if c.Origin != v.about.Origin || c.Size != v.about.Size {
		v.fail(memberCheckpoint, "it is of another log or size than bundle.json says")
		return c, false
	}
	return c, true
}

// readPolicy takes the bundle's policy where the reader has none.
func (v *verification) readPolicy() {
	if v.zip[memberPolicy] == nil {
		return
	}
	raw, ok := v.small(memberPolicy)
	if !ok {
		return
	}
	p, err := ledger.ParsePolicy(raw)
	if v.failErr(memberPolicy, err) {
		return
	}
	if string(p.Encode()) != string(raw) {
		v.fail(memberPolicy, "not as it would be written")
	}
	if v.policy == nil {
		v.policy = &p
	}
}

// checkRest hashes the members that are only carried along.
func (v *verification) checkRest() {
	for _, name := range []string{memberReadme, memberReport, memberCertification} {
		v.drain(name, maxReport)
	}
	v.checkCatalogs()
	v.checkBlobs()
}
