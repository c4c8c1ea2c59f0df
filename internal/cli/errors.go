package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/alecthomas/kong"

	"breakwater/internal/blob"
	"breakwater/internal/intake"
	"breakwater/internal/seal"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// plain is an error whose text is the whole sentence for the person, with what
// to do next.
type plain struct {
	text string
	why  error
}

func (e plain) Error() string { return e.text }
func (e plain) Unwrap() error { return e.why }

func problem(format string, args ...any) error { return plain{text: fmt.Sprintf(format, args...)} }

// next says what to do about errors that lower floors tell apart. Where told
// is set, the floor below says it itself whenever anything stands behind the
// error's own text.
var next = []struct {
	err  error
	told bool
	next string
}{
	{store.ErrWrongKey, false, "give the key that the database was made with (--key-file, --key-env or --key-command)"},
	{store.ErrNoKey, false, "give the master key (--key-file, --key-env or --key-command)"},
	{store.ErrBusy, true, "wait until the other process is done, then try again"},
	{store.ErrFull, true, "free some space, then try again"},
	{store.ErrReadOnly, true, "give this user the right to write the folder"},
	{store.ErrRolledBack, true, "see what was restored or removed; to go on after a loss, use `breakwater restore --new-epoch --why`"},
	{store.ErrClock, true, "set this machine's clock, then try again"},
	{store.ErrUnknown, false, "run the same command again"},
	{store.ErrStopped, true, "run `breakwater fsck`"},
	{store.ErrHeld, false, "try again in a few seconds"},
	{vouch.ErrNoAnswer, false, "try again in a few seconds"},
	{seal.ErrOpen, false, "it was damaged or altered: restore a backup into another folder"},
	{blob.ErrAltered, false, "run `breakwater fsck`, and put the file back from a backup"},
	{fs.ErrNotExist, false, "check the name"},
	{fs.ErrPermission, false, "give this user the right to read and write it"},
	{fs.ErrExist, false, "choose another name"},
	{context.Canceled, false, "start it again when you are ready"},
}

// advised is an error of a floor below whose own text ends in what to do next,
// unless it is one of those in the table.
func advised(err error) error {
	for _, n := range next {
		if err == nil || errors.Is(err, n.err) {
			return err
		}
	}
	text := oneLine(err.Error())
	if strings.Contains(text, "I/O error") {
		text += ": see whether the disk is full or damaged, then try again"
	}
	return plain{text, err}
}

// sentence is the one line that a person is told.
func sentence(err error) string {
	text := oneLine(err.Error())
	var p plain
	if errors.As(err, &p) || errors.Is(err, intake.ErrInvalid) {
		return text
	}
	for _, n := range next {
		if !errors.Is(err, n.err) {
			continue
		}
		if n.told && !strings.HasSuffix(text, n.err.Error()) {
			return text
		}
		return text + ": " + n.next
	}
	return text + ": run `breakwater fsck`, and report this line if it comes again"
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// usage is what a person is told about a command line that is wrong.
func usage(name string, err error) error {
	command := name
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil {
		if n := p.Context.Selected(); n != nil {
			command = n.FullPath()
		} else if n := lastNode(p.Context); n != nil {
			command = n.FullPath()
		}
	}
	return problem("%s: see `%s --help`", oneLine(err.Error()), command)
}

// lastNode is the deepest command that was understood.
func lastNode(c *kong.Context) *kong.Node {
	var last *kong.Node
	for _, p := range c.Path {
		if n := p.Node(); n != nil {
			last = n
		}
	}
	return last
}
