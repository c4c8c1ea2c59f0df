package cli

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"breakwater/internal/bundle"
	"breakwater/internal/event"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

type bundleCmd struct {
	Write   bundleWriteCmd   `cmd:"" default:"withargs" help:"Write a bundle: what anybody needs to check the log without us."`
	Consent bundleConsentCmd `cmd:"" help:"Record a consent that the client gave on paper."`
}

func (bundleCmd) Help() string {
	return example("", "breakwater bundle --client lakeside --on 2026-03-01 --out lakeside.zip")
}

type bundleWriteCmd struct {
	Client      string   `required:"" placeholder:"ID" help:"Client."`
	On          instant  `required:"" placeholder:"TIME" help:"End of the window that its coverage is about."`
	Months      int      `default:"12" placeholder:"12" help:"Length of the window in months."`
	Out         string   `type:"path" placeholder:"FILE" help:"New file to write."`
	Preview     bool     `help:"Write nothing: say what would be disclosed and what withheld."`
	AsOfSize    *uint64  `placeholder:"N" help:"Only the first N entries of the log."`
	Practice    []string `sep:"none" placeholder:"ID" help:"Disclose only what feeds this practice; may be repeated."`
	Subject     []string `sep:"none" placeholder:"ID" help:"Disclose only what names this subject; may be repeated."`
	From        instant  `placeholder:"TIME" help:"Disclose only what is dated from here on."`
	To          instant  `placeholder:"TIME" help:"Disclose only what is dated before this."`
	Profile     string   `enum:",small,core,all" default:"" placeholder:"PROFILE" help:"Practices of this profile instead of the client's."`
	Purpose     string   `placeholder:"TEXT" help:"What it is for."`
	Recipient   string   `placeholder:"NAME" help:"Who gets it; the client's consent must be an entry before. Without one it is the client's own record."`
	Policy      string   `env:"BREAKWATER_POLICY" type:"path" placeholder:"FILE" help:"Witnesses that vouch (c2sp.org/tlog-policy), as serve has them."`
	StampRoots  string   `env:"BREAKWATER_STAMP_ROOTS" type:"path" placeholder:"FILE" help:"Certificates of the time stamp authorities (PEM), as serve has them."`
	NoDocuments bool     `help:"Leave the documents out; their hashes stay."`
}

func (bundleWriteCmd) Permission() permit.Permission { return permit.ProduceBundle }

func (bundleWriteCmd) Help() string {
	return example("The same prefix, options and outside statements give the same bytes. That a bundle was produced is an entry.",
		"breakwater bundle --client lakeside --on 2026-03-01 --out lakeside.zip",
		"breakwater bundle --client lakeside --on 2026-03-01 --practice risk-analysis --preview",
		`breakwater bundle --client lakeside --on 2026-03-01 --out ocr.zip --recipient "OCR" --purpose "data request 26-114"`)
}

// Bundled answers bundle.
type Bundled struct {
	File       string             `json:"file,omitempty"`
	SHA256     string             `json:"sha256,omitempty"`
	Bytes      int64              `json:"bytes,omitempty"`
	Client     string             `json:"client"`
	LogSize    uint64             `json:"log_size"`
	Root       string             `json:"root"`
	Disclosed  uint64             `json:"disclosed"`
	Erased     uint64             `json:"erased"`
	Withheld   []bundle.KindCount `json:"withheld"`
	NotVouched []string           `json:"not_vouched"`
	Index      *uint64            `json:"index,omitempty"`
	Shows      *bundle.Preview    `json:"shows,omitempty"` // of a preview
}

func (c *bundleWriteCmd) Run(a *App) error {
	switch {
	case c.Out == "" && !c.Preview:
		return problem("no file is named: give --out, or --preview to see what would be in it")
	case c.Months < 1 || c.Months > maxMonths:
		return problem("a window of %d months: ask for 1 to %d", c.Months, maxMonths)
	}
	if !c.Preview {
		if err := free(c.Out); err != nil {
			return err
		}
	}
	return a.withClient(c.Client, func(s *site) error {
		in, err := c.input(s)
		if err != nil {
			return err
		}
		if c.Preview {
			return c.preview(s, in)
		}
		return c.produce(s, in)
	})
}

// bundleProblem is what cannot be written: what was asked for, not the log.
func bundleProblem(err error) error { return problem("%v: change what is asked for", err) }

func bundled(client string, size uint64, sum bundle.Summary) Bundled {
	b := Bundled{
		SHA256: hex.EncodeToString(sum.SHA256[:]), Bytes: sum.Bytes, Client: client, LogSize: size, Root: sum.Root.Hex(),
		Disclosed: sum.Disclosed, Erased: sum.Erased, Withheld: sum.Withheld, NotVouched: sum.NotVouched,
	}
	if b.Withheld == nil {
		b.Withheld = []bundle.KindCount{}
	}
	if b.NotVouched == nil {
		b.NotVouched = []string{}
	}
	return b
}

// produce writes the file and then says in the log that it was produced. If
// the power goes between, there is a file of which the log knows nothing;
// producing it again gives the same bytes and the entry.
func (c *bundleWriteCmd) produce(s *site, in bundle.Input) error {
	a := s.app
	bar := a.progress(-1, "Writing the bundle")
	defer bar.done()
	tmp, err := os.CreateTemp(filepath.Dir(c.Out), ".bundle-*")
	if err != nil {
		return problem("cannot write beside %s: %v: choose another folder", c.Out, errors.Unwrap(err))
	}
	defer os.Remove(tmp.Name())
	sum, err := bundle.Write(tmp, in)
	if err != nil {
		tmp.Close()
		return bundleProblem(err)
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", c.Out, err)
	}
	rec, err := c.entry(s, in, sum)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), c.Out); err != nil {
		return fmt.Errorf("write %s: %w", c.Out, err)
	}
	answer := bundled(c.Client, in.Size, sum)
	answer.File, answer.Index = c.Out, &rec.Index
	return a.show(answer, answer.text)
}

// entry says that the bundle was produced: once for the same bytes.
func (c *bundleWriteCmd) entry(s *site, in bundle.Input, sum bundle.Summary) (intake.Receipt, error) {
	hash := hex.EncodeToString(sum.SHA256[:])
	body := record.Produced{
		SHA256: hash, Size: in.Size, On: in.On, Recipient: c.Recipient, Purpose: c.Purpose, Practices: c.Practice,
		Consent: in.Consent, By: s.app.caller().Actor,
	}
	return s.door.Submit(s.app.ctx, intake.Submission{
		Client: c.Client, Caller: s.app.caller(), Key: "bundle:" + hash,
		Events: func() ([]intake.New, error) {
			return []intake.New{{Kind: event.BundleProduced, At: s.door.Now(), Body: body, Submitted: record.Produced{SHA256: hash}}}, nil
		},
	})
}

// input gathers everything that a bundle is made of.
func (c *bundleWriteCmd) input(s *site) (bundle.Input, error) {
	in := bundle.Input{
		Client: c.Client, On: c.On.ms, Months: c.Months, Profile: framework.Profile(c.Profile), Purpose: c.Purpose, Recipient: c.Recipient,
		Scope: bundle.Scope{Practices: slices.Clone(c.Practice), Subjects: c.Subject},
	}
	if c.From.set || c.To.set {
		in.Scope.Dates = interval.Span{From: c.From.or(0), To: c.To.or(lastInstant)}
	}
	if err := c.options(s.app, &in); err != nil {
		return in, err
	}
	if err := s.disclose(&in, c.AsOfSize, !c.NoDocuments); err != nil {
		return in, err
	}
	return in, c.consent(s, &in)
}

func (c *bundleWriteCmd) options(a *App, in *bundle.Input) (err error) {
	if in.Policy, err = a.optional(c.Policy); err != nil {
		return err
	}
	in.Authorities, err = a.optional(c.StampRoots)
	return err
}

// consent finds the entry by which the client agreed to this disclosure.
func (c *bundleWriteCmd) consent(s *site, in *bundle.Input) error {
	return s.door.Read(s.app.ctx, c.Client, func(st *projection.State) error {
		for _, p := range c.Practice {
			if _, ok := st.Catalog().Practice(p); !ok {
				return problem("no practice is called %q: list them with `breakwater practices`", p)
			}
		}
		if c.Recipient == "" || c.Preview { // who consents sees the preview first
			return nil
		}
		found, ok := bundle.FindConsent(st.Record.Consents, c.Recipient, c.Purpose, c.On.ms, c.Practice, s.door.Now())
		if !ok {
			return problem("the client has not agreed to give this to %s: their officer agrees on the pages, or record what they signed with `breakwater bundle consent`", c.Recipient)
		}
		in.Consent = &found.Index
		return nil
	})
}

func (b Bundled) text(w *bufio.Writer) {
	if b.File != "" {
		fmt.Fprintf(w, "%s: %d bytes, SHA-256 %s\n", b.File, b.Bytes, b.SHA256)
	}
	fmt.Fprintf(w, "%s at size %d: %d entries disclosed, %d erased before.\n", b.Client, b.LogSize, b.Disclosed, b.Erased)
	for _, k := range b.Withheld {
		fmt.Fprintf(w, "  withheld: %d of kind %s\n", k.Count, k.Kind)
	}
	for _, p := range b.NotVouched {
		fmt.Fprintf(w, "  not vouched for: %s\n", p)
	}
	if b.Shows != nil {
		previewText(w, *b.Shows)
	}
	if b.Index != nil {
		fmt.Fprintf(w, "That it was produced is entry %d. Check it with `breakwater verify %s`.\n", *b.Index, b.File)
	}
}
