package web

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"breakwater/internal/client"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
)

// Limits of a pasted list of clients.
const (
	maxPasted     = 512 << 10
	maxPastedRows = 1000
)

// pasteColumns are the columns that a list with a head may have.
var pasteColumns = []string{"name", "id", "kind", "zone", "state", "line", "program", "profile"}

// PasteClients is the page that takes a list of clients: empty, tried out, or
// added.
type PasteClients struct {
	Text       string
	Columns    []string
	Tried, Did bool
	Good       int
	Rows       []PastedRow
}

// PastedRow is one line of the list with what comes of it.
type PastedRow struct {
	Line       int
	Name, ID   string
	Kind, Zone string
	Result     string
	OK         bool
}

var pasteClientsPage = newPage[PasteClients]("paste_clients.html")

func (s *Server) pasteClients(v *Visit) error {
	return s.showPasteClients(v, PasteClients{Text: v.FormValue("list")})
}

func (s *Server) showPasteClients(v *Visit, p PasteClients) error {
	p.Columns = pasteColumns
	return render(v, pasteClientsPage, v.Frame("Add clients", inClients, Crumb{"Next steps", "/start"}), p)
}

// pasteClientsSend tries a list out and, when told to, adds what is good.
func (s *Server) pasteClientsSend(v *Visit) error {
	text, err := listOf(v)
	if err != nil {
		return v.again(err, s.pasteClients)
	}
	list, err := ParseClients(text)
	if err != nil {
		return v.again(wrong(err.Error()), s.pasteClients)
	}
	p := PasteClients{Text: text, Tried: true, Did: v.Field("do") == "add"}
	seen := map[string]int{}
	for _, n := range list {
		row, err := s.pasteOne(v, n, seen, p.Did)
		if err != nil {
			return err
		}
		if row.OK {
			p.Good++
		}
		p.Rows = append(p.Rows, row)
	}
	return s.showPasteClients(v, p)
}

// listOf is the list that a form carries: the file if there is one.
func listOf(v *Visit) (string, error) {
	f, _, err := v.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return v.FormValue("list"), nil
	}
	if err != nil {
		return "", errForm
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPasted+1))
	if err != nil {
		return "", errForm
	}
	return string(b), nil
}

// pasteOne checks one line and adds it if it is good and do says so. The error
// is one that nobody at the browser can mend.
func (s *Server) pasteOne(v *Visit, n Pasted, seen map[string]int, do bool) (PastedRow, error) {
	err := s.door().CheckNew(v.Context(), &n.NewClient)
	row := PastedRow{Line: n.Line, Name: n.Name, ID: n.ID, Kind: kindWord(n.Kind), Zone: n.Zone}
	switch first := seen[n.ID]; {
	case err != nil && errors.Is(err, intake.ErrExists):
		row.Result = "Exists already, left as it is"
		return row, nil
	case err == nil && first != 0:
		row.Result = fmt.Sprintf("The same as line %d, left out", first)
		return row, nil
	case err != nil && !errors.Is(err, intake.ErrInvalid):
		return row, err
	case err != nil:
		row.Result = sentence(err.Error())
		return row, nil
	}
	seen[n.ID], row.OK, row.Result = n.Line, true, "Will be added"
	if do {
		if err := s.addClient(v, n.NewClient); err != nil {
			return row, err
		}
		row.Result = "Added"
	}
	return row, nil
}

// addClient adds one client. Where an overlay judges the MSP's own log it is
// adopted in the new log too.
func (s *Server) addClient(v *Visit, n intake.NewClient) error {
	_, err := s.door().AddClient(v.Context(), v.Caller(), n)
	return err
}

// Pasted is a client of a pasted list with its line, from 1.
type Pasted struct {
	intake.NewClient
	Line int
}

// ParseClients reads a list of clients: a name a line, or a table with commas
// or tabs whose first line names its columns, one of which is "name". Empty
// lines are skipped.
func ParseClients(text string) ([]Pasted, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	switch {
	case len(text) > maxPasted:
		return nil, fmt.Errorf("the list is over %d KB: send it in parts", maxPasted>>10)
	case !utf8.ValidString(text):
		return nil, errors.New("the list is not UTF-8 text: save it as CSV UTF-8 and send it again")
	case strings.TrimSpace(text) == "":
		return nil, errors.New("the list is empty: paste a name a line, or choose a file")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	head, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	if comma, ok := tableHead(head); ok {
		return parseTable(text, comma)
	}
	return parseNames(text)
}

// tableHead reports whether a first line names columns, and what parts them.
func tableHead(head string) (comma rune, ok bool) {
	for _, comma := range []rune{',', '\t', ';'} {
		cells := strings.Split(strings.ToLower(head), string(comma))
		for n := range cells {
			cells[n] = strings.Trim(strings.TrimSpace(cells[n]), `"`)
		}
		if slices.Contains(cells, "name") && (len(cells) > 1 || cells[0] == "name") {
			return comma, true
		}
	}
	return 0, false
}

func parseNames(text string) ([]Pasted, error) {
	var list []Pasted
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		list = append(list, Pasted{intake.NewClient{Added: client.Added{Name: line}}, n + 1})
	}
	return list, tooMany(len(list))
}

func tooMany(n int) error {
	if n > maxPastedRows {
		return fmt.Errorf("the list has %d clients, at most %d are taken at once: send it in parts", n, maxPastedRows)
	}
	return nil
}

func parseTable(text string, comma rune) ([]Pasted, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.TrimLeadingSpace, r.FieldsPerRecord = comma, true, -1
	head, err := r.Read()
	if err != nil {
		return nil, errors.New("the first line cannot be read: name the columns in it")
	}
	for n := range head {
		head[n] = strings.ToLower(strings.TrimSpace(head[n]))
		if !slices.Contains(pasteColumns, head[n]) {
			return nil, fmt.Errorf("no column is called %.40q: use %s", head[n], strings.Join(pasteColumns, ", "))
		}
		if slices.Contains(head[:n], head[n]) {
			return nil, fmt.Errorf("the column %s stands twice: leave one out", head[n])
		}
	}
	var list []Pasted
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d cannot be read: look at its quotes", max(lineOf(err), 1))
		}
		line, _ := r.FieldPos(0)
		if len(cells) > len(head) {
			return nil, fmt.Errorf("line %d has %d cells and the first line %d: put a name with a comma into quotes", line, len(cells), len(head))
		}
		list = append(list, Pasted{pastedRow(head, cells), line})
		if err := tooMany(len(list)); err != nil {
			return nil, err
		}
	}
}

func lineOf(err error) int {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return p.Line
	}
	return 0
}

func pastedRow(head, cells []string) intake.NewClient {
	var n intake.NewClient
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		switch head[i] {
		case "name":
			n.Name = cell
		case "id":
			n.ID = cell
		case "kind":
			n.Kind = framework.LegalKind(strings.ReplaceAll(strings.ToLower(cell), " ", "_"))
		case "zone":
			n.Zone = cell
		case "state":
			n.Region = strings.ToUpper(cell)
		case "line":
			n.Line = cell
		case "program":
			n.Program = cell
		case "profile":
			n.Profile = framework.Profile(strings.ToLower(cell))
		}
	}
	return n
}

// kindWord is a legal kind for people.
func kindWord(k framework.LegalKind) string {
	switch k {
	case framework.CoveredEntity:
		return "Covered entity"
	case framework.BusinessAssociate:
		return "Business associate"
	case framework.Hybrid:
		return "Hybrid entity"
	case framework.Part2:
		return "Part 2 program"
	case framework.NoKind:
		return "Not bound by HIPAA"
	}
	return string(k)
}
