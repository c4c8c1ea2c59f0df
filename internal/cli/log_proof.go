package cli

import (
	"bufio"
	"fmt"
	"os"

	"breakwater/internal/ledger"
	"breakwater/internal/permit"
	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

type logProofCmd struct {
	chosen
	Out string `placeholder:"FILE" type:"path" help:"New file for the proof; it is printed if not given."`
}

func (logProofCmd) Permission() permit.Permission { return permit.ViewLog }

func (logProofCmd) Help() string {
	return example("The proof is a .tlog-proof file (c2sp.org/tlog-proof): with the leaf and the log's public key anybody can check it without this program.",
		"breakwater log proof 12 --client lakeside --out 12.tlog-proof")
}

// Proof answers log proof.
type Proof struct {
	Log      string   `json:"log"`
	Index    uint64   `json:"index"`
	LeafHash string   `json:"leaf_hash"`
	Size     uint64   `json:"size"`
	Root     string   `json:"root"`
	Keys     []string `json:"keys"`
	Proof    string   `json:"proof"`
}

func (c *logProofCmd) Run(a *App) error {
	return a.withClient(c.Client, func(s *site) error {
		l, e, err := s.entry(c.Client, c.Index)
		if err != nil {
			return err
		}
		v, err := s.voucher()
		if err != nil {
			return err
		}
		raw, err := v.ProofFor(a.ctx, l.ID, c.Index)
		if err != nil {
			return err
		}
		proof, err := ledger.ParseProof(raw)
		if err != nil {
			return err
		}
		point, err := proof.Includes(e.LeafHash)
		if err != nil {
			return err
		}
		answer := Proof{c.Client, c.Index, e.LeafHash.Hex(), point.Size, point.Root.Hex(), keysOf(v, l), string(raw)}
		if c.Out != "" {
			if err := writeNew(c.Out, raw); err != nil {
				return err
			}
		}
		return a.show(answer, func(w *bufio.Writer) { c.text(w, answer) })
	})
}

func (c *logProofCmd) text(w *bufio.Writer, p Proof) {
	if c.Out == "" {
		w.WriteString(p.Proof)
		return
	}
	fmt.Fprintf(w, "Entry %d is in the log at size %d, root %s.\nLeaf hash %s. The proof is in %s; keys:\n", p.Index, p.Size, p.Root, p.LeafHash, c.Out)
	for _, k := range p.Keys {
		fmt.Fprintln(w, "  "+k)
	}
}

func keysOf(v *vouch.Voucher, l store.Log) []string {
	var list []string
	for _, k := range v.Keys().Verifiers(l.Origin) {
		list = append(list, k.String())
	}
	return list
}

// writeNew writes a file that must not exist.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return problem("%s is there already: choose another name", name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
