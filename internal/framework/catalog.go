package framework

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// maxCatalog bounds a catalog file, in bytes.
const maxCatalog = 4 << 20

//go:embed data
var data embed.FS

// Embedded is the catalog that ships with this program. It is parsed once.
func Embedded() *Catalog { return embedded() }

var embedded = sync.OnceValue(func() *Catalog {
	c := &Catalog{}
	for _, part := range []struct {
		file string
		into any
	}{
		{"data/catalog.json", &struct {
			Version *int    `json:"version"`
			Checked *string `json:"checked"`
			Source  *string `json:"source"`
		}{&c.Version, &c.Checked, &c.Source}},
		{"data/practices.json", &struct {
			About     string       `json:"about"`
			Practices *[]*Practice `json:"practices"`
		}{"", &c.Practices}},
		{"data/measures.json", &struct {
			About    string      `json:"about"`
			Measures *[]*Measure `json:"measures"`
		}{"", &c.Measures}},
		{"data/parameters.json", &struct {
			About      string       `json:"about"`
			Parameters *[]Parameter `json:"parameters"`
		}{"", &c.Parameters}},
		{"data/support_ends.json", &struct {
			About   string        `json:"about"`
			Support *[]SupportEnd `json:"support"`
		}{"", &c.Support}},
	} {
		mustEmbedded(part.file, part.into)
	}
	if err := c.index(); err != nil {
		panic("framework: the embedded catalog: " + err.Error()) // a test parses it
	}
	return c
})

func mustEmbedded(file string, into any) {
	b, err := data.ReadFile(file)
	if err == nil {
		err = strict(b, into)
	}
	if err != nil {
		panic("framework: " + file + ": " + err.Error())
	}
}

// Parse reads a whole catalog. Whitespace and the order of keys are free,
// everything else is strict: an unknown, missing or repeated field, an id or
// number used twice, a feed without its measure, a link to a control that
// this program does not know, or a rule that cannot be judged is an error.
func Parse(b []byte) (*Catalog, error) {
	if len(b) > maxCatalog {
		return nil, fmt.Errorf("parse catalog: %d bytes, at most %d are read: check that the file is a catalog", len(b), maxCatalog)
	}
	c := &Catalog{}
	if err := strict(b, c); err != nil {
		return nil, fmt.Errorf("parse catalog: %w", err)
	}
	if err := c.index(); err != nil {
		return nil, fmt.Errorf("parse catalog: %w", err)
	}
	sorted, err := canonical(b)
	if err != nil {
		return nil, fmt.Errorf("parse catalog: %w", err)
	}
	if !bytes.Equal(sorted, c.encoded) {
		return nil, fmt.Errorf("parse catalog: a field is missing, repeated or misspelled: write the file with the command that exports the catalog")
	}
	return c, nil
}

// Encode is the catalog's one canonical encoding: JSON with sorted keys and
// no whitespace. The caller may keep it and must not change it.
func (c *Catalog) Encode() []byte { return bytes.Clone(c.encoded) }

// Hash is the SHA-256 of Encode, which the entry that adopts a catalog cites.
func (c *Catalog) Hash() [32]byte { return sha256.Sum256(c.encoded) }

// Practice returns the practice with an id.
func (c *Catalog) Practice(id string) (*Practice, bool) {
	p, ok := c.byID[id]
	return p, ok
}

// ByNumber returns the practice whose statements have kind number n.
func (c *Catalog) ByNumber(n uint16) (*Practice, bool) {
	p, ok := c.byNumber[n]
	return p, ok
}

// Measure returns the measure with an id.
func (c *Catalog) Measure(id string) (*Measure, bool) {
	m, ok := c.byMeasure[id]
	if !ok {
		return nil, false
	}
	return m.measure, true
}

// Parameter returns the parameter with an id.
func (c *Catalog) Parameter(id string) (Parameter, bool) {
	p, ok := c.parameter[id]
	if !ok {
		return Parameter{}, false
	}
	return *p, true
}

// strict decodes JSON that has no unknown field and nothing behind it.
func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something stands behind the end")
	}
	return nil
}

// canonical re-encodes JSON with sorted keys and no whitespace.
func canonical(b []byte) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return encode(v)
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
