package cli

import (
	"bufio"
	"fmt"
	"strings"

	"breakwater/internal/bundle"
	"breakwater/internal/ledger"
)

// lastInstant ends a scope that has no end: the end of the last year that is
// taken, in ms UTC.
const lastInstant = 221_876_928_000_000 // 9001-01-01

// preview says what a bundle would show, and writes nothing.
func (c *bundleWriteCmd) preview(s *site, in bundle.Input) error {
	p, err := bundle.MakePreview(in)
	if err != nil {
		return bundleProblem(err)
	}
	point, _, err := ledger.Open(in.Checkpoint, in.Keys...)
	if err != nil {
		return fmt.Errorf("read the checkpoint: %w", err)
	}
	answer := bundled(c.Client, in.Size, bundle.Summary{Root: point.Root, Erased: p.Erased, Withheld: p.Withheld, NotVouched: p.NotVouched})
	answer.SHA256, answer.Shows = "", &p
	for _, k := range p.Disclosed {
		answer.Disclosed += k.Count
	}
	return s.app.show(answer, answer.text)
}

// previewText lists every gap, person and document.
func previewText(w *bufio.Writer, p bundle.Preview) {
	fmt.Fprintf(w, "\nIt shows %s:\n", count(len(p.Gaps), "gap", "gaps"))
	for _, g := range p.Gaps {
		fmt.Fprintf(w, "  %s %s %s to %s: %s\n", g.Practice, g.Kind, civil(int64(g.From)), civil(int64(g.To)), clean(strings.Join(g.Why, "; ")))
	}
	fmt.Fprintf(w, "It names %s:\n", count(len(p.Persons), "person", "people"))
	for _, n := range p.Persons {
		fmt.Fprintf(w, "  %s, in %s from entry %d on\n", clean(n.Name), count(int(n.Entries), "entry", "entries"), n.First)
	}
	fmt.Fprintf(w, "It carries %s", count(len(p.Documents), "document", "documents"))
	if p.LeftOut > 0 {
		fmt.Fprintf(w, " and leaves %d out", p.LeftOut)
	}
	fmt.Fprintln(w, ":")
	for _, d := range p.Documents {
		fmt.Fprintf(w, "  %s, %d bytes, of entry %d\n", clean(d.Name), d.Size, d.Entry)
	}
}
