package cli

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"strconv"

	"breakwater/internal/framework"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
)

const maxOverlayFile = 256 << 10

type catalogCmd struct {
	Show  catalogShowCmd  `cmd:"" help:"Show the catalog that judges a client now."`
	Adopt catalogAdoptCmd `cmd:"" help:"Make a tightened catalog judge a client from now on."`
}

func (catalogCmd) Help() string {
	return example("", "breakwater catalog show --client lakeside", "breakwater catalog adopt overlay.json --client lakeside")
}

type catalogShowCmd struct {
	Client string `placeholder:"ID" help:"Client; the program's own catalog if not given."`
	Full   bool   `help:"Print the whole catalog in its canonical encoding."`
}

func (catalogShowCmd) Permission() permit.Permission { return permit.Public }

func (catalogShowCmd) Help() string {
	return example("", "breakwater catalog show", "breakwater catalog show --client lakeside --full > catalog.json")
}

type catalogAnswer struct {
	Version   int    `json:"version"`
	SHA256    string `json:"sha256"`
	Checked   string `json:"checked"`
	Source    string `json:"source"`
	Practices int    `json:"practices"`
	Measures  int    `json:"measures"`
}

func catalogOf(c *framework.Catalog) catalogAnswer {
	hash := c.Hash()
	return catalogAnswer{c.Version, hex.EncodeToString(hash[:]), c.Checked, c.Source, len(c.Practices), len(c.Measures)}
}

func (c *catalogShowCmd) Run(a *App) error {
	catalog, err := a.catalog(c.Client)
	if err != nil {
		return err
	}
	if c.Full {
		_, err := fmt.Fprintf(a.out, "%s\n", catalog.Encode())
		return err
	}
	answer := catalogOf(catalog)
	return a.show(answer, func(w *bufio.Writer) {
		table(w, nil, [][]string{
			{"Version", strconv.Itoa(answer.Version)},
			{"Law checked on", answer.Checked},
			{"Source", answer.Source},
			{"Practices", strconv.Itoa(answer.Practices)},
			{"Measures", strconv.Itoa(answer.Measures)},
			{"SHA-256", answer.SHA256},
		})
	})
}

type catalogAdoptCmd struct {
	Overlay string `arg:"" help:"Overlay file (JSON), which can only tighten; - for standard input."`
	Client  string `required:"" placeholder:"ID" help:"Client."`
}

func (catalogAdoptCmd) Permission() permit.Permission { return permit.AdoptCatalog }

func (catalogAdoptCmd) Help() string {
	return example(`An overlay: {"name":"...","why":"...","practices":{"dev-patching":{"max_age_days":14,"limit":"agreement"}}}. `+
		"It judges from the moment it is adopted; the past stays as it was.",
		"breakwater catalog adopt overlay.json --client lakeside")
}

// Adoption answers catalog adopt.
type Adoption struct {
	Log      string        `json:"log"`
	Index    uint64        `json:"index"`
	Recorded string        `json:"recorded"`
	Catalog  catalogAnswer `json:"catalog"`
}

func (c *catalogAdoptCmd) Run(a *App) error {
	raw, err := a.read(c.Overlay, maxOverlayFile)
	if err != nil {
		return err
	}
	overlay, err := framework.ParseOverlay(raw)
	if err != nil {
		return problem("%v: mend the overlay", err)
	}
	tightened, err := framework.Embedded().Apply(overlay)
	if err != nil {
		return problem("%v: mend the overlay", err)
	}
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.Adopt(a.ctx, a.caller(), c.Client, tightened, overlay.Name)
		if err != nil {
			return err
		}
		answer := Adoption{rec.Log, rec.Index, interval.Format(rec.Recorded), catalogOf(tightened)}
		return a.show(answer, func(w *bufio.Writer) {
			fmt.Fprintf(w, "From %s on the catalog with overlay %q judges %s: entry %d.\n", moment(rec.Recorded), clean(overlay.Name), rec.Log, rec.Index)
		})
	})
}
