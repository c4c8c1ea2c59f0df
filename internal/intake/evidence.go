package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// MaxFile is the largest document that evidence may carry.
const MaxFile = 64 << 20

// Evidence is a statement on a practice on its way in.
type Evidence struct {
	document.Statement
	At   int64
	Key  string
	Name string    // of the file
	File io.Reader // nil for none
}

// Record records evidence on a practice.
func (d *Door) Record(ctx context.Context, by Caller, client string, e Evidence) (Receipt, error) {
	all, err := d.RecordAll(ctx, by, client, []Evidence{e})
	if err != nil {
		return Receipt{}, err
	}
	return all[0], nil
}

// RecordAll records several pieces of evidence of one client together, in
// their order. One that is refused refuses all.
func (d *Door) RecordAll(ctx context.Context, by Caller, client string, list []Evidence) ([]Receipt, error) {
	if len(list) == 0 {
		return nil, nil
	}
	r, err := d.find(ctx, client)
	if err != nil {
		return nil, err
	}
	events, practices, res := make([]New, len(list)), make([]*framework.Practice, len(list)), make([]Receipt, len(list))
	for n := range list {
		if events[n], practices[n], res[n].Warning, err = d.evidence(ctx, r, by, &list[n]); err != nil {
			return nil, err
		}
	}
	placed, err := d.submit(ctx, Submission{Client: client, Caller: by, Key: list[0].Key, Events: func() ([]New, error) { return events, nil }})
	if err != nil {
		return nil, err
	}
	for n := range res {
		warning := res[n].Warning
		res[n] = placed.Receipt
		res[n].Index, res[n].At, res[n].Warning = placed.index(n), events[n].At, warning
	}
	if slices.ContainsFunc(practices, func(p *framework.Practice) bool { return p.Scope == framework.ScopeMSP }) {
		d.afterStatement(ctx, client)
	}
	return res, nil
}

// evidence makes the event of a piece of evidence, whose document is kept.
func (d *Door) evidence(ctx context.Context, r *room, by Caller, e *Evidence) (New, *framework.Practice, string, error) {
	if e.State == "" {
		e.State = document.Holds
	}
	given := e.At // 0 where nobody gave it: the same at another time is no conflict
	if given == 0 {
		e.At = d.Now()
	}
	p, warning, err := d.checkEvidence(ctx, r.log.Name, e)
	if err != nil {
		return New{}, nil, "", err
	}
	event := New{Kind: event.Kind(p.Number), At: e.At, Key: e.Key}
	handed := e.Statement
	if e.File != nil {
		file, sum, refs, err := d.keepFile(ctx, r, by, e)
		if err != nil {
			return New{}, nil, "", err
		}
		e.Statement.File, event.Blobs = file, refs
		handed.File = &document.File{Name: file.Name, Size: file.Size, Hash: sum}
	}
	event.Body, event.Submitted = e.Statement, submitted{given, handed}
	return event, p, warning, nil
}

// submitted is what tells a repetition from a conflict: the statement as it
// was handed in, with the file's content instead of its place.
type submitted struct {
	At        int64              `json:"at"`
	Statement document.Statement `json:"statement"`
}

// checkEvidence finds the practice, asks its rules, and warns of a subject
// that is in no register yet.
func (d *Door) checkEvidence(ctx context.Context, client string, e *Evidence) (*framework.Practice, string, error) {
	var p *framework.Practice
	warning := ""
	err := d.Read(ctx, client, func(s *projection.State) error {
		var ok bool
		if p, ok = s.Catalog().Practice(e.Practice); !ok {
			return invalid{fmt.Errorf("no practice is called %q: list them with `breakwater practices`", e.Practice)}
		}
		if err := e.Check(p, e.At); err != nil {
			return invalid{err}
		}
		if e.State == document.Nil && p.Mode == framework.Event && e.To > d.Now()+maxAhead {
			return invalid{fmt.Errorf("a nil statement cannot speak of what has not happened yet: end it by now with --to")}
		}
		warning = warningOf(s.Book, p, e, s.Client.MSP)
		return nil
	})
	return p, warning, err
}

// warningOf says why evidence counts for nothing yet, "" if it does.
func warningOf(b *evidence.Book, p *framework.Practice, e *Evidence, msp bool) string {
	switch {
	case p.Scope == framework.ScopeMSP && !msp:
		return "this practice is the MSP's own: recorded in the MSP's log it reaches every client"
	case p.Mode == framework.Event || p.Scope == framework.ScopeClient || p.Scope == framework.ScopeMSP:
		return ""
	case e.Subject != "" && !registered(b, p.Scope, e.Subject):
		return fmt.Sprintf("%s %s is not in the register: this counts once it is added", p.Scope, e.Subject)
	case e.Subject == "" && e.State == document.Holds && peopled(b.Registers[p.Scope]):
		return fmt.Sprintf("the register has a %s, so evidence for all of them at once counts for nothing: name the %s", p.Scope, p.Scope)
	}
	return ""
}

func peopled(r *evidence.Register) bool {
	return r != nil && slices.ContainsFunc(r.Subjects, func(s *evidence.Subject) bool { return len(s.Lives) > 0 })
}

func registered(b *evidence.Book, scope framework.Scope, id string) bool {
	s := b.Registers[scope].Subject(id)
	return s != nil && len(s.Lives) > 0
}

// keepFile stores a document and returns its citation, the plain hash of its
// content, and its reference. Under a key that is in the log already nothing
// is stored: the log answers a repetition, and refuses a conflict.
func (d *Door) keepFile(ctx context.Context, r *room, by Caller, e *Evidence) (*document.File, string, []store.BlobRef, error) {
	content, err := readFile(e.Name, e.File)
	if err != nil {
		return nil, "", nil, err
	}
	sum := sha256.Sum256(content)
	file := &document.File{Name: fileName(e.Name), Size: int64(len(content))}
	if e.Key != "" {
		known, err := d.store.HasKey(ctx, r.log.ID, by.Source, e.Key)
		if err != nil || known {
			return file, hex.EncodeToString(sum[:]), nil, err
		}
	}
	c, err := d.blobs.Put(r.log.ID, content)
	if err != nil {
		return nil, "", nil, fmt.Errorf("keep file: %w", err)
	}
	file.Salt, file.Hash, file.Place = hex.EncodeToString(c.Salt[:]), hex.EncodeToString(c.Hash[:]), hex.EncodeToString(c.Name[:])
	return file, hex.EncodeToString(sum[:]), []store.BlobRef{{Name: c.Name, Size: int64(len(content))}}, nil
}

func readFile(name string, f io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read file: %w", err)
	case len(content) > MaxFile:
		return nil, invalid{fmt.Errorf("the file is over %d MB: split it or give a smaller one", MaxFile>>20)}
	case len(content) == 0:
		return nil, invalid{fmt.Errorf("the file %q is empty: give the document itself", name)}
	}
	return content, nil
}

// fileName keeps the last element of a name and takes out what cannot be
// shown, so that nothing in it is ever a path.
func fileName(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if name == "." || name == "/" || name == "" || name == ".." {
		return "document"
	}
	return name[:min(len(name), 120)]
}
