package bundle

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/record"
)

// writer puts members into the zip and remembers their sums.
type writer struct {
	zip  *zip.Writer
	sums map[string][32]byte
}

// epoch is the date of every member: a bundle knows no clock.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *writer) create(name string, method uint16) (io.Writer, hash.Hash, error) {
	if _, dup := w.sums[name]; dup || !memberForm.MatchString(name) && name != memberManifest {
		return nil, nil, fmt.Errorf("member %q twice, or not one of a bundle", name)
	}
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: epoch})
	if err != nil {
		return nil, nil, err
	}
	h := sha256.New()
	return io.MultiWriter(f, h), h, nil
}

func (w *writer) add(name string, content []byte) error {
	out, h, err := w.create(name, zip.Deflate)
	if err != nil {
		return err
	}
	if _, err := out.Write(content); err != nil {
		return err
	}
	w.sums[name] = [32]byte(h.Sum(nil))
	return nil
}

// counter counts and hashes the file itself.
type counter struct {
	w io.Writer
	h hash.Hash
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.h.Write(p[:n])
	c.n += int64(n)
	return n, err
}

// Write writes the bundle. The same input gives the same bytes. What it
// reports belongs into the entry bundle.produced.
func Write(w io.Writer, in Input) (Summary, error) {
	d, f, err := in.prepare()
	if err != nil {
		return Summary{}, fmt.Errorf("write bundle: %w", err)
	}
	out := &counter{w: w, h: sha256.New()}
	z := &writer{zip: zip.NewWriter(out), sums: map[string][32]byte{}}
	z.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 6) })
	if err := in.members(z, d, f); err != nil {
		return Summary{}, fmt.Errorf("write bundle: %w", err)
	}
	return Summary{
		SHA256: [32]byte(out.h.Sum(nil)), Bytes: out.n, Root: d.root, Disclosed: d.shown, Erased: d.erased,
		Withheld: counts(d.withheld), NotVouched: f.notVouched,
	}, nil
}

// prepare checks the input and decides what is shown.
func (in *Input) prepare() (*disclosure, *folded, error) {
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	d, err := in.disclose()
	if err != nil {
		return nil, nil, err
	}
	if err := in.checkCheckpoint(d.root); err != nil {
		return nil, nil, err
	}
	f, err := fold(in.stored(d), record.Catalogs(in.Catalogs), in.question(), func(ids []string) []string {
		return notVouched(ids, d.catalogs, d.withheld, d.unproven)
	})
	if err != nil {
		return nil, nil, err
	}
	if err := in.checkConsent(f); err != nil {
		return nil, nil, err
	}
	return d, f, nil
}

func (in *Input) question() question {
	return question{in.Client, in.Size, in.On, in.Months, in.Scope.Practices, in.Profile}
}

func (in *Input) check() error {
	if in.Entries == nil || in.Catalogs == nil || in.Signer == nil {
		return errors.New("entries, catalogs and signer are needed")
	}
	if in.Signer.Verifier().Type() != ledger.Ed25519 {
		return errors.New("a manifest is signed with an Ed25519 key")
	}
	if err := checkKeys(in.Keys); err != nil {
		return err
	}
	if !in.Signer.Verifier().SameKey(in.Keys[0]) {
		return errors.New("the manifest's key is not the log's")
	}
	a := About{
		Format: Format, Client: in.Client, Origin: in.Origin, Size: in.Size, Pseudonym: hex.EncodeToString(in.Pseudonym[:]),
		On: in.On, Months: in.Months, Practices: in.Scope.Practices, Subjects: in.Scope.Subjects,
	}
	return a.check()
}

func (in *Input) checkCheckpoint(root ledger.Hash) error {
	keys, err := named(in.Keys, in.Origin)
	if err != nil {
		return err
	}
	c, _, err := ledger.Open(in.Checkpoint, keys...)
	if err != nil {
		return err
	}
	if c != (ledger.Checkpoint{Origin: in.Origin, Size: in.Size, Root: root}) {
		return fmt.Errorf("the checkpoint is of %s at size %d, root %s; the entries give %s at size %d, root %s: run `breakwater fsck`",
			c.Origin, c.Size, c.Root.Hex(), in.Origin, in.Size, root.Hex())
	}
	return nil
}

// members writes everything; the manifest comes last.
func (in *Input) members(z *writer, d *disclosure, f *folded) error {
	docs, leftOut, err := in.documents(d)
	if err != nil {
		return err
	}
	about := in.about(d, f, leftOut)
	aboutText, err := about.encode()
	if err != nil {
		return err
	}
	pages, err := in.pages(about, d, f, docs)
	if err != nil {
		return err
	}
	keys, err := named(in.Keys, in.Origin)
	if err != nil {
		return err
	}
	for _, m := range slices.Concat(pages, []member{
		{memberAbout, aboutText},
		{memberCoverage, f.file},
		{memberKeys, encodeKeys(keys)},
		{memberCheckpoint, in.Checkpoint},
		{memberLeaves, d.leaves},
	}) {
		if err := z.add(m.name, m.content); err != nil {
			return err
		}
	}
	for _, part := range []func() error{
		func() error { return in.writeEntries(z, d) },
		func() error { return in.writeCatalogs(z, d) },
		func() error { return in.writeOutside(z) },
		func() error { return in.writeDocuments(z, docs) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return in.finish(z)
}

type member struct {
	name    string
	content []byte
}

func (in *Input) finish(z *writer) error {
	s, err := in.Signer.WithName(in.Origin)
	if err != nil {
		return err
	}
	note, err := manifest{in.Origin, in.Size, z.sums}.sign(s)
	if err != nil {
		return err
	}
	if err := z.add(memberManifest, note); err != nil {
		return err
	}
	return z.zip.Close()
}

// writeEntries writes a line for each entry. A long log is left uncompressed:
// it is then read at the speed of the disk.
func (in *Input) writeEntries(z *writer, d *disclosure) error {
	method := zip.Deflate
	if in.Size > packedEntries {
		method = zip.Store
	}
	out, h, err := z.create(memberEntries, method)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(out, 1<<18)
	var row []byte
	for e, err := range in.Entries() {
		if err != nil {
			return err
		}
		row = appendLine(row[:0], e, d.marks[e.Index])
		if _, err := buf.Write(row); err != nil {
			return err
		}
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	z.sums[memberEntries] = [32]byte(h.Sum(nil))
	return nil
}

func (in *Input) writeCatalogs(z *writer, d *disclosure) error {
	for i, c := range d.catalogs {
		if c.Hash() != d.hashes[i] {
			return fmt.Errorf("catalog %x has another hash: run `breakwater fsck`", d.hashes[i])
		}
		if err := z.add(fmt.Sprintf("%s%x.json", folderCatalogs, d.hashes[i]), c.Encode()); err != nil {
			return err
		}
	}
	return nil
}

// writeOutside writes what others said of the log.
func (in *Input) writeOutside(z *writer) error {
	if len(in.Policy) > 0 {
		p, err := ledger.ParsePolicy(in.Policy)
		if err != nil {
			return err
		}
		if err := z.add(memberPolicy, p.Encode()); err != nil {
			return err
		}
	}
	if err := in.writeInstance(z); err != nil {
		return err
	}
	if len(in.Authorities) > 0 {
		pem, err := encodeAuthorities(in.Authorities)
		if err != nil {
			return err
		}
		if err := z.add(memberAuthorities, pem); err != nil {
			return err
		}
	}
	nth := map[string]int{}
	for _, s := range in.Stamps {
		of := fmt.Sprintf("log-%d", s.Size)
		if s.Instance {
			of = fmt.Sprintf("instance-%d", s.Size)
		}
		nth[of]++
		if err := z.add(fmt.Sprintf("%s%s-%d.tsr", folderStamps, of, nth[of]), s.DER); err != nil {
			return err
		}
	}
	return nil
}

func (in *Input) writeInstance(z *writer) error {
	if in.Instance == nil {
		return nil
	}
	if err := z.add(memberInstance, in.Instance.Checkpoint); err != nil {
		return err
	}
	lines, err := encodeInstance(in.Instance.Leaves)
	if err != nil {
		return err
	}
	if err := z.add(memberInstanceLeafs, lines); err != nil {
		return err
	}
	for _, s := range in.Instance.Seen {
		name, b, err := encodeSeen(s)
		if err != nil {
			return fmt.Errorf("instance checkpoint: %w", err)
		}
		if err := z.add(name, b); err != nil {
			return err
		}
	}
	return nil
}
