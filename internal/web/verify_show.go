package web

import (
	"errors"
	"fmt"
	"strings"

	"breakwater/internal/store"
	"breakwater/internal/vouch"
)

// Verify says who vouches, and how anybody checks it without this program.
type Verify struct {
	Client    string // name, "" for the installation
	Places    []Link
	Vouch     string
	Outsiders []Outsider
	Log       string // origin
	Address   string // where its checkpoints and tiles are served
	Key       string // Ed25519
	Quantum   string // ML-DSA, "" for a log without
	Note      string // newest checkpoint, as signed
	Points    []PointRow
	Unsigned  string
	Command   string
	Upload    bool
	Result    *Checked
}

// PointRow is one signed checkpoint.
type PointRow struct {
	Size, Made, Root string
}

var verifyPage = newEvidencePage[Verify]("verify.html")

const mostPoints = 10

func (d *desk) verify(v *Visit) error { return d.showVerify(v, nil) }

func (d *desk) showVerify(v *Visit, result *Checked) error {
	w := d.vouching(v.Context(), "")
	p := Verify{Vouch: w.Line, Outsiders: w.Outsiders, Upload: true, Result: result}
	l, err := d.door().Store().LogByID(v.Context(), store.InstanceLog)
	if err != nil {
		return fmt.Errorf("read the instance log: %w", err)
	}
	if err := p.fill(d, v, l); err != nil {
		return err
	}
	return render(v, verifyPage, v.Frame(inVerify, inVerify), p)
}

func (d *desk) clientVerify(v *Visit) error {
	w := d.vouching(v.Context(), v.Client)
	p := Verify{Client: v.ClientName, Places: v.places("Log"), Vouch: w.Line, Outsiders: w.Outsiders}
	l, err := d.door().Store().LogByName(v.Context(), v.Client)
	if err != nil {
		return fmt.Errorf("find the log of %s: %w", v.Client, err)
	}
	if err := p.fill(d, v, l); err != nil {
		return err
	}
	return render(v, verifyPage, v.Frame("Verify, "+v.ClientName, inClients, v.clientCrumbs()...), p)
}

func (p *Verify) fill(d *desk, v *Visit, l store.Log) error {
	p.Log, p.Address = l.Origin, strings.TrimSuffix(d.reached(v), "/")+vouch.Path(l)
	p.Command = "breakwater-verify bundle.zip"
	if d.cfg.Voucher == nil {
		p.Unsigned = "Nothing is signed here: this installation runs without a signing key."
		return nil
	}
	for _, k := range d.cfg.Voucher.Keys().Verifiers(l.Origin) {
		if p.Key == "" {
			p.Key = k.String()
			p.Command += " --key '" + p.Key + "'"
		} else {
			p.Quantum = k.String()
		}
	}
	last, err := d.door().Store().LastCheckpoint(v.Context(), l.ID)
	if errors.Is(err, store.ErrNotFound) {
		p.Unsigned = "Nothing is signed yet. The first checkpoint follows within a minute of the first entry."
		return nil
	}
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	p.Note = string(last.Note)
	list, err := d.door().Store().Checkpoints(v.Context(), l.ID, last.Size-min(last.Size, 5000))
	if err != nil {
		return fmt.Errorf("read checkpoints: %w", err)
	}
	for n := len(list) - 1; n >= 0 && len(p.Points) < mostPoints; n-- {
		p.Points = append(p.Points, PointRow{Comma(int64(list[n].Size)), stamp(list[n].Made, v.Zone), list[n].Root.String()})
	}
	return nil
}
